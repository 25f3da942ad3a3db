package health

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"muster/collector/store"
	"muster/internal/event"
	"muster/internal/report"
)

// altered is a change of a device: what trouble may have come with.
type altered struct {
	at   time.Time
	what string // software, driver, firmware, os, update, policy
	to   string // name and version after it
}

// titled is a program or a driver at a version, as two hashes: all that is
// needed to see that one changed, and that many have the same.
type titled struct{ name, version uint32 }

// Bounds of the change log.
const (
	keepChanges = 30 * 24 * time.Hour
	mostChanges = 200
)

func shortHash(s string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(s))
	return h.Sum32()
}

// changed notes what a reading shows to have changed.
func (d *device) changed(r store.SectionReading, at time.Time) {
	if r.Status != report.OK {
		return
	}
	switch r.Section.Name {
	case "software":
		d.titles(r, at, "software", []string{"name"})
	case "driver":
		d.titles(r, at, "driver", []string{"original_name", "name"})
	case "system":
		d.fact(r, at, "firmware", []string{"vendor", "model"}, "firmware_version")
	case "os":
		d.fact(r, at, "os", []string{"name"}, "version")
	case "change_log":
		for _, row := range r.Table.Rows {
			if o := textAt(r, row, "outcome"); o != "" && o != "ok" {
				continue
			}
			when, ok := numberOf(row[r.Section.Index("at")])
			if !ok {
				continue
			}
			what := textAt(r, row, "kind")
			if what == "feature_update" || what == "kernel" {
				what = "os"
			}
			d.note(altered{time.UnixMilli(int64(when)), what, named(textAt(r, row, "name"), textAt(r, row, "version_after"))}, at)
		}
	}
}

func named(name, version string) string { return strings.TrimSpace(name + " " + version) }

// titles compares a list of programs with the one before.
func (d *device) titles(r store.SectionReading, at time.Time, what string, columns []string) {
	now := make([]titled, 0, len(r.Table.Rows))
	rows := map[titled][]any{}
	nameOf := func(row []any) string {
		for _, c := range columns {
			if v := textAt(r, row, c); v != "" {
				return v
			}
		}
		return ""
	}
	for _, row := range r.Table.Rows {
		t := titled{shortHash(nameOf(row)), shortHash(textAt(r, row, "version"))}
		now = append(now, t)
		rows[t] = row
	}
	slices.SortFunc(now, func(a, b titled) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.version, b.version)) })
	now = slices.Clip(slices.Compact(now))
	if d.versions == nil {
		d.versions = map[string][]titled{}
	}
	before, met := d.versions[what]
	d.versions[what] = now
	if !met {
		return
	}
	for _, t := range now {
		if _, same := slices.BinarySearchFunc(before, t, func(a, b titled) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.version, b.version)) }); !same {
			d.note(altered{at, what, named(nameOf(rows[t]), textAt(r, rows[t], "version"))}, at)
		}
	}
}

// fact compares one version with the one before.
func (d *device) fact(r store.SectionReading, at time.Time, what string, columns []string, version string) {
	if len(r.Table.Rows) == 0 {
		return
	}
	row := r.Table.Rows[0]
	v := textAt(r, row, version)
	if v == "" {
		return
	}
	if d.facts == nil {
		d.facts = map[string]string{}
	}
	var words []string
	for _, c := range columns {
		words = append(words, textAt(r, row, c))
	}
	to := named(strings.Join(words, " "), v)
	if before := d.facts[what]; before != "" && before != to {
		d.note(altered{at, what, to}, at)
	}
	d.facts[what] = to
}

// tellOfChange are the kinds of events that tell of a change.
func tellOfChange() []string {
	return []string{event.UpdateInstalled, event.DriverChanged, event.FirmwareChanged, event.OSChanged, event.SoftwareChanged, event.PolicyChanged}
}

// told notes a change that an event tells of.
func (d *device) told(e store.EventReading, now time.Time) {
	a := e.Attributes
	switch e.Kind {
	case event.UpdateInstalled:
		d.note(altered{e.At, "update", a["update"]}, now)
	case event.DriverChanged:
		d.note(altered{e.At, "driver", named(a["driver"], a["after"])}, now)
	case event.FirmwareChanged:
		d.note(altered{e.At, "firmware", named(a["component"], a["after"])}, now)
	case event.OSChanged:
		d.note(altered{e.At, "os", named(a["part"], a["after"])}, now)
	case event.SoftwareChanged:
		d.note(altered{e.At, "software", named(a["program"], a["after"])}, now)
	case event.PolicyChanged:
		d.note(altered{e.At, "policy", a["scope"]}, now)
	}
}

func (d *device) note(c altered, now time.Time) {
	if c.to == "" || now.Sub(c.at) > keepChanges {
		return
	}
	if slices.ContainsFunc(d.changes, func(o altered) bool {
		return o.what == c.what && o.to == c.to && o.at.Sub(c.at).Abs() < 24*time.Hour
	}) {
		return
	}
	d.changes = append(d.changes, c)
	slices.SortStableFunc(d.changes, func(a, b altered) int { return a.at.Compare(b.at) })
	i := 0
	for i < len(d.changes) && now.Sub(d.changes[i].at) > keepChanges {
		i++
	}
	i = max(i, len(d.changes)-mostChanges)
	d.changes = slices.Delete(d.changes, 0, i)
}
