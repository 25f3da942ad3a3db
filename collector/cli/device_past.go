package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/internal/event"
	"muster/internal/inventory"
)

// usualLimit is how much of a journal the API gives unless told otherwise.
const usualLimit = 1000

// sinceHelp and untilHelp document the flags of ranges.
const (
	sinceHelp = "from this `time` on: 2026-11-20, \"2026-11-20 14:00\", \"2h ago\", 7d, yesterday"
	untilHelp = "until this `time`; a day counts to its end"
)

func (s *session) deviceHistory() *cobra.Command {
	var in api.HistoryInput
	var sections []string
	var since, until string
	c := s.command(verb{
		use:   "history [REF]",
		short: "List what changed on a device, or on all that a filter chooses",
		long: `List what changed on a device, newest first: rows of sections that were added,
removed or changed. Without REF it is the changes of all devices, or of those
that --filter chooses.`,
		example: `
			muster device history pc-104
			muster device history pc-104 --section software --since 7d
			muster device history --filter site:health/hartford --since yesterday`,
		run: func(ctx context.Context, args []string) (err error) {
			if in.Sections, err = sectionNames(sections); err != nil {
				return err
			}
			if in.From, err = s.since(since); err != nil {
				return err
			}
			if in.To, err = s.until(until); err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			var h api.History
			if len(args) == 1 {
				if in.Filter != "" {
					return usage("--filter chooses devices: leave out %s, or the filter", quoteWord(args[0]))
				}
				h, err = c.DeviceHistory(ctx, api.DeviceHistoryInput{Ref: args[0], Sections: in.Sections, From: in.From, To: in.To, Limit: in.Limit})
			} else {
				h, err = c.HistoryList(ctx, in)
			}
			if err != nil {
				return err
			}
			return s.showHistory(h, len(args) == 0, in.Limit)
		},
	})
	c.Flags().StringSliceVar(&sections, "section", nil, "only changes in these sections (`names` separated by commas)")
	c.Flags().StringVar(&since, "since", "", sinceHelp)
	c.Flags().StringVar(&until, "until", "", untilHelp)
	c.Flags().StringVar(&in.Filter, "filter", "", "without REF: devices that this `filter` chooses")
	c.Flags().IntVar(&in.Limit, "limit", 0, "show the newest `n` changes (default 1000)")
	return c
}

func (s *session) showHistory(h api.History, many bool, limit int) error {
	name := "-name"
	if many {
		name = "name"
	}
	g := newGrid("at", name, "section", "verb", "row", "what")
	if s.output == "csv" { // the API's columns
		g = newGrid("at", "device", "name", "section", "verb", "key", "before", "after")
	}
	for _, c := range h.Changes {
		if s.output == "csv" {
			g.add(c.At, c.Device, c.Name, c.Section, c.Verb, c.Key, c.Before, c.After)
			continue
		}
		sec, _ := inventory.Lookup(c.Section)
		g.add(c.At, c.Name, c.Section, c.Verb, s.keyWords(sec, c.Key), s.changeWords(sec, c.Verb, c.Before, c.After))
	}
	if err := s.show(g, h, "nothing changed in that time"); err != nil {
		return err
	}
	s.limitNote(len(h.Changes), limit, "changes")
	s.hiddenNote(h.Hidden)
	return nil
}

// limitNote tells that a journal may go on.
func (s *session) limitNote(n, limit int, what string) {
	if limit == 0 {
		limit = usualLimit
	}
	if n >= limit {
		s.note("only the newest %d %s are shown; --limit or --since asks for others", n, what)
	}
}

// keyWords is a row's key, its values alone where that says enough.
func (s *session) keyWords(sec *inventory.Section, key map[string]any) string {
	var words []string
	for _, c := range orderedColumns(sec, key) {
		if text := s.look().human(key[c.Name], unitOf(c)); text != "" {
			words = append(words, text)
		}
	}
	return strings.Join(words, " ")
}

// changeWords is what became of a row: version 1.2 → 1.3.
func (s *session) changeWords(sec *inventory.Section, verb string, before, after map[string]any) string {
	l := s.look()
	if n, ok := after["rows"]; ok && verb == "first_read" {
		return "read for the first time, rows: " + l.human(n, "")
	}
	both := map[string]any{}
	maps.Copy(both, before)
	maps.Copy(both, after)
	var words []string
	for _, c := range orderedColumns(sec, both) {
		old, now := l.human(before[c.Name], unitOf(c)), l.human(after[c.Name], unitOf(c))
		name := column{name: c.Name, unit: c.Unit}.label()
		switch {
		case verb == "changed":
			words = append(words, fmt.Sprintf("%s %s → %s", name, orNone(old), orNone(now)))
		case now != "":
			words = append(words, name+" "+now)
		case old != "":
			words = append(words, name+" "+old)
		}
	}
	return strings.Join(words, ", ")
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

// orderedColumns puts the columns of a row into the catalogue's order; those
// that it does not know come last, by name.
func orderedColumns(sec *inventory.Section, row map[string]any) []inventory.Column {
	var out []inventory.Column
	seen := map[string]bool{}
	if sec != nil {
		for _, c := range sec.Columns {
			if _, ok := row[c.Name]; ok {
				out, seen[c.Name] = append(out, c), true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(row)) {
		if !seen[name] {
			out = append(out, inventory.Column{Name: name})
		}
	}
	return out
}

func (s *session) deviceEvents() *cobra.Command {
	var in api.EventsInput
	var kinds []string
	var since, until string
	c := s.command(verb{
		use:   "events [REF]",
		short: "List what happened on a device: disk errors, crashes, link flaps",
		long: `List what happened on a device, newest first. Without REF it is the events of
all devices, or of those that --filter chooses. muster schema lists the kinds.`,
		example: `
			muster device events pc-104 --since 7d
			muster device events --kind disk_error --since yesterday`,
		run: func(ctx context.Context, args []string) (err error) {
			if in.Kinds, err = eventKinds(kinds); err != nil {
				return err
			}
			if in.From, err = s.since(since); err != nil {
				return err
			}
			if in.To, err = s.until(until); err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			var list api.EventList
			if len(args) == 1 {
				if in.Filter != "" {
					return usage("--filter chooses devices: leave out %s, or the filter", quoteWord(args[0]))
				}
				list, err = c.DeviceEvents(ctx, api.DeviceEventsInput{Ref: args[0], Kinds: in.Kinds, From: in.From, To: in.To, Limit: in.Limit})
			} else {
				list, err = c.EventList(ctx, in)
			}
			if err != nil {
				return err
			}
			return s.showEvents(list, len(args) == 0, in.Limit)
		},
	})
	c.Flags().StringSliceVar(&kinds, "kind", nil, "only events of these kinds (`names` separated by commas)")
	c.Flags().StringVar(&since, "since", "", sinceHelp)
	c.Flags().StringVar(&until, "until", "", untilHelp)
	c.Flags().StringVar(&in.Filter, "filter", "", "without REF: devices that this `filter` chooses")
	c.Flags().IntVar(&in.Limit, "limit", 0, "show the newest `n` events (default 1000)")
	return c
}

func eventKinds(names []string) ([]string, error) {
	var known []string
	for _, k := range event.Catalogue() {
		known = append(known, k.Name)
	}
	for _, n := range names {
		if slices.Contains(known, n) {
			continue
		}
		if meant := near(n, known); meant != "" {
			return nil, usage("--kind: there is no kind of event %s; did you mean %s?", quoteWord(n), meant)
		}
		return nil, usage("--kind: there is no kind of event %s; muster schema lists them", quoteWord(n))
	}
	return names, nil
}

func (s *session) showEvents(list api.EventList, many bool, limit int) error {
	name := "-name"
	if many {
		name = "name"
	}
	g := newGrid("at", "-received_at", "-device", name, "kind", "count", "attributes")
	for _, e := range list.Events {
		attributes := map[string]any{}
		for k, v := range e.Attributes {
			if v != nil {
				attributes[k] = *v
			}
		}
		g.add(e.At, e.ReceivedAt, e.Device, e.Name, e.Kind, e.Count, attributes)
	}
	if err := s.show(g, list, "nothing happened in that time"); err != nil {
		return err
	}
	s.limitNote(len(list.Events), limit, "events")
	s.hiddenNote(list.Hidden)
	return nil
}

func (s *session) deviceDiff() *cobra.Command {
	var in api.DeviceDiffInput
	var sections []string
	c := s.command(verb{
		use:   "diff A[@TIME] B[@TIME]",
		short: "Compare two devices, or one at two times",
		long: `Compare two devices, or one at two times. @TIME alone is the first device at
that time. Lines that begin with - are only on the left, with + only on the
right, with ~ on both but with other values.`,
		example: `
			muster device diff pc-104 pc-105
			muster device diff pc-104@yesterday pc-104
			muster device diff 'pc-104@2026-11-20 14:00' @now --section software`,
		run: func(ctx context.Context, args []string) (err error) {
			if in.Sections, err = sectionNames(sections); err != nil {
				return err
			}
			in.A, in.B = s.refAt(args[0]), s.refAt(args[1])
			c, err := s.client()
			if err != nil {
				return err
			}
			d, err := c.DeviceDiff(ctx, in)
			if err != nil {
				return err
			}
			return s.showDiff(d)
		},
	})
	c.Flags().StringSliceVar(&sections, "section", nil, "compare only these sections (`names` separated by commas)")
	c.Flags().BoolVar(&in.Latest, "latest", false, "also compare what changes all the time, such as free space")
	return c
}

func (s *session) showDiff(d api.DeviceDiff) error {
	switch s.output {
	case "json":
		return s.json(d)
	case "csv":
		return s.csv(diffGrid(d))
	}
	side := func(x api.DiffSide) string {
		name := x.Name
		if name == "" {
			name = string(x.Device)
		}
		if !x.At.IsZero() {
			name += " at " + s.look().time(x.At)
		}
		return name
	}
	s.say("- %s", side(d.A))
	s.say("+ %s", side(d.B))
	if len(d.Sections) == 0 {
		s.say("no difference")
	}
	unread := map[string][]string{} // by the side that has read them
	for _, name := range sortedSections(d.Sections) {
		x := d.Sections[name]
		sec, _ := inventory.Lookup(name)
		if x.Only != "" {
			unread[x.Only] = append(unread[x.Only], name)
			continue
		}
		s.say("")
		s.say("%s", name)
		for _, row := range x.OnlyA {
			s.say("  - %s", s.rowWords(sec, row))
		}
		for _, row := range x.OnlyB {
			s.say("  + %s", s.rowWords(sec, row))
		}
		for _, delta := range x.Changed {
			key := s.keyWords(sec, delta.Key)
			if key != "" {
				key += ": "
			}
			s.say("  ~ %s%s", key, s.changeWords(sec, "changed", delta.A, delta.B))
		}
	}
	for _, other := range []struct{ has, lacks string }{{"a", side(d.B)}, {"b", side(d.A)}} {
		if names := unread[other.has]; len(names) > 0 {
			s.say("")
			s.say("never read from %s, so nothing can be compared: %s", other.lacks, strings.Join(names, ", "))
		}
	}
	s.hiddenNote(d.Hidden)
	return nil
}

// rowWords is a row in one line: its key, then what else is known.
func (s *session) rowWords(sec *inventory.Section, row map[string]any) string {
	key, rest := map[string]any{}, map[string]any{}
	for _, c := range orderedColumns(sec, row) {
		if c.Key {
			key[c.Name] = row[c.Name]
		} else {
			rest[c.Name] = row[c.Name]
		}
	}
	text := s.keyWords(sec, key)
	if more := s.changeWords(sec, "", nil, rest); more != "" {
		text = strings.TrimPrefix(text+" · "+more, " · ")
	}
	return text
}

func sortedSections(m map[string]api.SectionDiff) []string {
	var out []string
	for _, sec := range inventory.Schema() {
		if _, ok := m[sec.Name]; ok {
			out = append(out, sec.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// diffGrid is a difference as one table: a row per row that differs.
func diffGrid(d api.DeviceDiff) *grid {
	g := newGrid("section", "verb", "key", "a", "b")
	for _, name := range sortedSections(d.Sections) {
		x := d.Sections[name]
		if x.Only != "" {
			g.add(name, "only_read_on_"+x.Only, nil, nil, nil)
		}
		for _, row := range x.OnlyA {
			g.add(name, "only_a", nil, map[string]any(row), nil)
		}
		for _, row := range x.OnlyB {
			g.add(name, "only_b", nil, nil, map[string]any(row))
		}
		for _, delta := range x.Changed {
			g.add(name, "changed", delta.Key, delta.A, delta.B)
		}
	}
	return g
}
