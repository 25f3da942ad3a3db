package cli

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/internal/inventory"
)

// glance is how many rows of a section the overview shows.
const glance = 8

func (s *session) deviceShow() *cobra.Command {
	var at string
	var sections []string
	var all bool
	c := s.command(verb{
		use:   "show REF",
		short: "Show everything about a device, now or at some time",
		long: `Show everything about a device, now or at some time: who it is, then each
section with when and how it was read. Long sections are shown in part, and say
so; --section NAME or --all shows them whole.

REF is an ID, the start of one (8 characters), a name, a serial number or an
asset tag. With -o json every section stands under "sections" by its name.`,
		example: `
			muster device show pc-104
			muster device show pc-104 --section software
			muster device show pc-104 --at yesterday
			muster device show pc-104 -o json`,
		run: func(ctx context.Context, args []string) error {
			names, err := sectionNames(sections)
			if err != nil {
				return err
			}
			when, err := s.at(at)
			if err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			d, err := c.DeviceShow(ctx, api.DeviceShowInput{Ref: args[0], At: when, Sections: names})
			if err != nil {
				return err
			}
			return s.showDevice(&d, names, all)
		},
	})
	c.Flags().StringVar(&at, "at", "", "show it as it was at this `time`: 2026-11-20, \"2026-11-20 14:00\", \"2h ago\", yesterday (a day means its start)")
	c.Flags().StringSliceVar(&sections, "section", nil, "`names` of sections to show, whole (default all, long ones in part)")
	c.Flags().BoolVar(&all, "all", false, "show long sections whole")
	return c
}

// sectionNames checks names of sections against the catalogue, because a
// misspelt one would look like a section that was never read.
func sectionNames(names []string) ([]string, error) {
	var known, out []string
	for _, sec := range inventory.Schema() {
		known = append(known, sec.Name)
	}
	for _, n := range names {
		n = strings.ToLower(strings.TrimSpace(n))
		if !slices.Contains(known, n) {
			if meant := near(n, known); meant != "" {
				return nil, usage("--section: there is no section %s; did you mean %s?", quoteWord(n), meant)
			}
			return nil, usage("--section: there is no section %s; muster schema lists them", quoteWord(n))
		}
		out = append(out, n)
	}
	return out, nil
}

func (s *session) showDevice(d *api.DeviceShow, names []string, all bool) error {
	if s.output == "json" {
		return s.json(d)
	}
	if s.output == "csv" {
		if len(names) != 1 {
			return usage("CSV holds one table: name a section with --section NAME, or use -o json")
		}
		sec, _ := inventory.Lookup(names[0])
		return s.csv(sectionGrid(sec, rowsOf(d.Sections[names[0]]), false))
	}
	if len(names) == 0 {
		s.deviceHead(d)
	}
	first := len(names) > 0
	for _, sec := range inventory.Schema() {
		status, read := d.Status[sec.Name]
		rows := rowsOf(d.Sections[sec.Name])
		if !read && len(rows) == 0 {
			if slices.Contains(names, sec.Name) {
				s.say("%s: never read from this device", sec.Name)
			}
			continue
		}
		if !first {
			s.say("")
		}
		first = false
		s.section(sec, status, rows, len(names) > 0 || all)
	}
	s.otherSections(d)
	s.hiddenNote(d.Hidden)
	return nil
}

// otherSections tells of sections that a newer collector has and this program
// does not know.
func (s *session) otherSections(d *api.DeviceShow) {
	var names []string
	for name := range d.Sections {
		if _, ok := inventory.Lookup(name); !ok {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		slices.Sort(names)
		s.note("this program does not know the sections %s: -o json shows them, a newer muster too", strings.Join(names, ", "))
	}
}

// deviceHead is who the device is.
func (s *session) deviceHead(d *api.DeviceShow) {
	x, l := &d.Device, s.look()
	title := x.Name
	if title == "" {
		title = string(x.ID)
	}
	parts := []string{title, x.Kind, string(x.Presence)}
	if !x.LastSeen.IsZero() {
		parts = append(parts, "seen "+l.age(x.LastSeen))
	}
	if !d.At.IsZero() {
		parts = append(parts, "as it was "+l.time(d.At))
	}
	s.say("%s", strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), " · "))
	hardware := strings.TrimSpace(x.Vendor + " " + x.Model)
	s.block("  ",
		pair{"id", string(x.ID), ""},
		pair{"site", placeOf(x), ""},
		pair{"labels", x.Labels, ""},
		pair{"system", x.OS, ""},
		pair{"hardware", hardware, ""},
		pair{"serial", x.Serial, ""},
		pair{"memory", known(x.MemoryBytes), "byte"},
		pair{"used by", x.User, ""},
		pair{"address", x.Address, ""},
		pair{"agent", x.AgentVersion, ""},
		pair{"clock", clockWords(x.ClockOffset), ""},
		pair{"first seen", x.FirstSeen, ""},
		pair{"retired", x.RetiredAt, ""},
		pair{"merged into", string(x.MergedInto), ""},
		pair{"copy of", forkWords(x.ForkedFrom), ""},
		pair{"asset tag", x.People.AssetTag, ""},
		pair{"owner", x.People.Owner, ""},
		pair{"department", x.People.Department, ""},
		pair{"purchased", x.People.Purchased, ""},
		pair{"warranty until", x.People.Warranty, ""},
		pair{"note", x.People.Note, ""},
		pair{"gaps", gapWords(d.Gaps), ""},
	)
}

// clockWords tells of a clock that is off by what people notice.
func clockWords(offset float64) string {
	if math.Abs(offset) < 2 || math.Abs(offset) > 1e9 {
		if math.Abs(offset) > 1e9 {
			return "off by decades"
		}
		return ""
	}
	d := time.Duration(math.Abs(offset) * float64(time.Second))
	if offset > 0 {
		return length(d) + " ahead of the collector"
	}
	return length(d) + " behind the collector"
}

func forkWords(id inventory.DeviceID) string {
	if id == "" {
		return ""
	}
	return string(id) + " (the same key came from another machine: a cloned image?)"
}

func gapWords(gaps []api.Gap) string {
	if len(gaps) == 0 {
		return ""
	}
	var n uint64
	for _, g := range gaps {
		n += g.To - g.From + 1
	}
	if n == 1 {
		return "1 report never came"
	}
	return fmt.Sprintf("%d reports never came", n)
}

// rowsOf reads a section of an answer: an object, or an array of objects.
func rowsOf(v any) []map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return []map[string]any{v}
	case []any:
		var out []map[string]any
		for _, x := range v {
			if row, ok := x.(map[string]any); ok {
				out = append(out, row)
			}
		}
		return out
	}
	return nil
}
