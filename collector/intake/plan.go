package intake

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"muster/collector/edid"
	"muster/collector/lifecycle"
	"muster/collector/store"
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/report"
)

// How far a report's time may lie from the collector's before it is bent.
const (
	maxPast   = 8 * 24 * time.Hour // what the series stores take out of order
	maxFuture = 10 * time.Minute
	// trusted is how far a device's wall clock may be off and still be taken
	// as it is; beyond, the time since boot decides.
	trusted = 10 * time.Minute
	// keptHeads is how many epochs of a device are remembered: the present
	// one, and some whose reports may still be under way.
	keptHeads = 4
	// farFuture bounds the times that devices tell, Unix ms: the year 2109.
	farFuture = 1 << 42
	// farBack is how long before its report a part of it may be: what a system
	// log remembers, and no time that no date can be written of.
	farBack = 20 * 366 * 24 * time.Hour
	// mostAtOnce bounds how often one event may have happened, so that sums
	// stay numbers.
	mostAtOnce = 1 << 40
	// mostGapsNoted bounds the events that one report makes; its gaps are all
	// kept.
	mostGapsNoted = 16
)

// device is what intake remembers of a device between reports.
type device struct {
	store.DeviceState
	root   inventory.Hash // over Sections
	agreed inventory.Hash // a root that was compared hash by hash, and found to differ only in what we do not keep
}

func (d *device) head(epoch uint64) (store.Head, bool) {
	for _, h := range d.Heads {
		if h.Epoch == epoch {
			return h, true
		}
	}
	return store.Head{}, false
}

func (d *device) setHead(h store.Head) {
	d.Heads = slices.DeleteFunc(d.Heads, func(o store.Head) bool { return o.Epoch == h.Epoch })
	d.Heads = slices.Insert(d.Heads, 0, h)
	if len(d.Heads) > keptHeads {
		d.Heads = d.Heads[:keptHeads]
	}
}

func (d *device) reroot() {
	m := make(map[string]inventory.Hash, len(d.Sections))
	for n, s := range d.Sections {
		m[n] = s.Hash
	}
	d.root = inventory.Root(m)
}

// clone is a deep enough copy to plan on: a plan whose commit fails must leave
// no trace.
func (d *device) clone() *device {
	c := *d
	c.Heads = slices.Clone(d.Heads)
	return &c
}

// order is what the sequence rule says of one report.
type order uint8

const (
	take     order = iota
	repeat         // already durable
	conflict       // already durable with another body
	missing        // something before it has not come yet and can still come
)

// sequence decides about the report numbered seq of an epoch whose durable
// head is h. It answers how many numbers before it are lost for ever: the
// sender holds nothing below oldest.
func sequence(h store.Head, known bool, seq, oldest uint64, body inventory.Hash) (o order, lost *report.Gap) {
	if !known {
		h = store.Head{}
	}
	switch {
	case known && seq == h.Seq && body != h.Body && !body.IsZero() && !h.Body.IsZero():
		return conflict, nil
	case known && seq <= h.Seq:
		return repeat, nil
	case seq == h.Seq+1:
		return take, nil
	case !known && oldest >= seq:
		// Whether earlier ones were lost, or taken under another epoch, only
		// the sender knows, and tells in its own gaps.
		return take, nil
	case oldest >= seq:
		return take, &report.Gap{From: h.Seq + 1, To: seq - 1}
	}
	return missing, nil
}

// clock turns a sender's times into ours.
type clock struct {
	now    time.Time
	offset time.Duration // sender's wall clock minus ours
	mono   int64
	boot   [8]byte
	knows  bool // the sender said when it sent
}

func clockOf(e *report.Envelope, now time.Time) clock {
	c := clock{now: now, mono: e.Mono, boot: e.Boot}
	if e.Sent != 0 {
		c.knows = true
		c.offset = time.UnixMilli(e.Sent).Sub(now)
	} else if n := len(e.Reports); n > 0 {
		c.offset = time.UnixMilli(e.Reports[n-1].Time).Sub(now)
	}
	return c
}

// shift is what must be added to the times of a report to make them ours, and
// whether they had to be bent at all.
func (c clock) shift(r *report.Report) (time.Duration, bool) {
	// A clock may be wrong by years, but not so far that a difference of times
	// cannot be told: what is beyond is no clock.
	r.Time = min(max(r.Time, 0), farFuture)
	wall := time.UnixMilli(r.Time)
	if c.knows && c.offset.Abs() > trusted && r.Boot == c.boot && r.Mono > 0 && c.mono >= r.Mono && c.mono-r.Mono <= maxPast.Milliseconds() {
		// The wall clock is wrong, but the time since boot is not.
		truth := c.now.Add(-time.Duration(c.mono-r.Mono) * time.Millisecond)
		return truth.Sub(wall).Round(time.Second), true
	}
	if early := c.now.Add(-maxPast); wall.Before(early) {
		return early.Sub(wall), true
	}
	if wall.After(c.now.Add(maxFuture)) {
		return c.now.Sub(wall), true
	}
	return 0, false
}

// reading is a section of a report, conformed before it meets the committer.
type reading struct {
	section *inventory.Section
	table   inventory.Table
	reason  string
	status  report.Status
}

// conform brings the sections of a report into the catalogue's form. Sections
// of a newer agent that the catalogue does not know are left out. What a
// display says of itself is read here, and until when a system is mended looked
// up, so that rows are kept as people see them. It runs outside the committer,
// because it is the heavy part of an inventory.
func conform(r *report.Report) ([]*reading, error) {
	out := make([]*reading, len(r.Sections))
	for i := range r.Sections {
		s := &r.Sections[i]
		sec, ok := inventory.Lookup(s.Name)
		if !ok {
			continue
		}
		t, faults, err := sec.Conform(s.Table())
		if err != nil {
			return nil, fmt.Errorf("%w: %w", report.ErrMalformed, err)
		}
		switch sec.Name {
		case "monitor":
			edid.Complete(&t)
		case "os":
			lifecycle.Complete(&t)
		}
		rd := &reading{section: sec, table: t, status: s.Status, reason: s.Reason}
		if len(faults) > 0 {
			// What was dropped may still be there, so nothing may close.
			if rd.status == report.OK {
				rd.status = report.Partial
			}
			if rd.reason != "" {
				rd.reason += "; "
			}
			rd.reason += faults.String()
		}
		if len(rd.reason) > 500 {
			rd.reason = rd.reason[:500]
		}
		out[i] = rd
	}
	return out, nil
}

// entry makes of a report what the store keeps of it.
func entry(id inventory.DeviceID, r *report.Report, rs []*reading, shift time.Duration) store.Entry {
	at := func(before int64) time.Time { return r.When(min(max(before, 0), farBack.Milliseconds())).Add(shift) }
	e := store.Entry{Device: id, At: at(0), Layouts: r.Layouts, Gaps: r.Gaps}
	for i, rd := range rs {
		if rd == nil {
			continue
		}
		s := &r.Sections[i]
		e.Sections = append(e.Sections, store.SectionReading{
			Section: rd.section, Status: rd.status, Reason: rd.reason, Sources: s.Sources,
			At: at(s.At), Took: time.Duration(s.Took) * time.Millisecond, Hash: s.Hash, Table: rd.table,
		})
	}
	for _, ev := range r.Events {
		e.Events = append(e.Events, store.EventReading{Kind: cut(ev.Kind, 64), At: at(ev.At), Count: min(max(ev.Count, 1), mostAtOnce), Attributes: attributes(ev)})
	}
	return e
}

// noticed are the events that a report's form brings, rather than its device:
// sections that cannot be read any more or can be again, and reports that will
// never come.
func (d *device) noticed(e store.Entry) []store.EventReading {
	var out []store.EventReading
	note := func(kind string, at time.Time, attributes map[string]string) {
		out = append(out, store.EventReading{Kind: kind, At: at, Count: 1, Attributes: attributes})
	}
	read := func(s report.Status) bool { return s == report.OK || s == report.Partial }
	for _, s := range e.Sections {
		before, known := d.Sections[s.Section.Name]
		switch name := s.Section.Name; {
		case !known || read(before.Status) == read(s.Status):
		case read(s.Status):
			note(event.SectionRecovered, s.At, map[string]string{"section": name})
		default:
			note(event.SectionFailed, s.At, map[string]string{"section": name, "status": s.Status.String(), "reason": cut(s.Reason, 1024)})
		}
	}
	for _, g := range e.Gaps[:min(len(e.Gaps), mostGapsNoted)] {
		note(event.Gap, e.At, map[string]string{"first": strconv.FormatUint(g.From, 10), "last": strconv.FormatUint(g.To, 10)})
	}
	return out
}

// attributes keeps what the catalogue lists for a kind, each cut to a bound.
// Kinds of a newer agent keep all, so that nothing is lost while the
// collector waits for its own update.
func attributes(ev report.Event) map[string]string {
	k, known := event.Lookup(ev.Kind)
	out := make(map[string]string, len(ev.Attributes))
	for name, v := range ev.Attributes {
		if known && !slices.ContainsFunc(k.Attributes, func(a event.Attribute) bool { return a.Name == name }) {
			continue
		}
		if len(out) == 32 {
			break
		}
		out[cut(name, 64)] = cut(v, 1024)
	}
	return out
}

func cut(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return s
}

// wants says what to ask for after a report: nothing when the roots agree,
// the hashes when they do not, the differing sections once the hashes came.
func (d *device) wants(r *report.Report) []string {
	if r.Root.IsZero() || r.Root == d.root || r.Root == d.agreed {
		return nil
	}
	if r.Hashes == nil {
		return []string{report.WantHashes}
	}
	var want []string
	for name, h := range r.Hashes {
		if _, ok := inventory.Lookup(name); ok && d.Sections[name].Hash != h {
			want = append(want, name)
		}
	}
	slices.Sort(want)
	if len(want) == 0 {
		// What differs is only what one of us does not have: sections the
		// device no longer reads, or that this catalogue does not know.
		d.agreed = r.Root
	}
	return want
}
