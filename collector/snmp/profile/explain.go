package profile

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/snmp/session"
)

// Trial is an entry of match of a profile, and what became of it for a device.
type Trial struct {
	Profile string
	Entry   int    // of match, from 0
	Asks    string // what it says, in words
	Lacks   string // what speaks against it; nothing: it fits
	Chosen  bool
}

// Explain says which profiles the system group of a device lets through, the
// most specific first, which of them fit, and which is chosen. Of the profiles
// in asked all entries are told, also those that the system group rules out.
func (s *Set) Explain(ctx context.Context, a session.Asker, asked ...string) ([]Trial, error) {
	sys, err := readSystem(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("read system group: %w", err)
	}
	r := newReader(a)
	list := s.candidates(&sys)
	r.prefetch(ctx, probes(list))
	var out []Trial
	chosen := false
	for _, c := range list {
		t := Trial{Profile: c.p.Name, Entry: entryOf(c.p, c.m), Asks: c.m.words(c.p.Priority), Lacks: c.m.lacks(ctx, r)}
		t.Chosen = t.Lacks == "" && !chosen
		chosen = chosen || t.Chosen
		out = append(out, t)
	}
	for _, name := range asked {
		p, ok := s.Find(name)
		if !ok {
			continue
		}
		if p.Base || p.Disabled || len(p.matches) == 0 {
			out = append(out, Trial{Profile: name, Lacks: "it fits no device by itself: " + map[bool]string{true: "it is disabled", false: "it is a base, or has no match"}[p.Disabled]})
			continue
		}
		for i := range p.matches {
			if !slices.ContainsFunc(out, func(t Trial) bool { return t.Profile == name && t.Entry == i }) {
				out = append(out, Trial{Profile: name, Entry: i, Asks: p.matches[i].words(p.Priority), Lacks: p.matches[i].against(&sys)})
			}
		}
	}
	return out, nil
}

func entryOf(p *Profile, m *matcher) int {
	return slices.IndexFunc(p.matches, func(x matcher) bool { return x.same(m) })
}

// same says that two are one entry.
func (m *matcher) same(o *matcher) bool {
	return m.Description == o.Description && m.NotDescr == o.NotDescr && m.SysName == o.SysName && m.Probe == o.Probe && m.ProbeText == o.ProbeText &&
		m.Below == o.Below && slices.Equal(m.ObjectID, o.ObjectID) && slices.Equal(m.NotObjectID, o.NotObjectID)
}

// words say what an entry asks of a device.
func (m *matcher) words(priority int) string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if priority != 0 {
		say("priority %d", priority)
	}
	if len(m.ObjectID) > 0 {
		say("sysObjectID below %s", strings.Join(m.ObjectID, " or "))
	}
	if len(m.NotObjectID) > 0 {
		say("and not below %s", strings.Join(m.NotObjectID, " or "))
	}
	for _, x := range []struct{ text, in string }{{m.Description, "in sysDescr"}, {m.SysName, "in sysName"}} {
		if x.text != "" {
			say("%s %s", quoted(x.text), x.in)
		}
	}
	if m.NotDescr != "" {
		say("no %s in sysDescr", quoted(m.NotDescr))
	}
	if m.Probe != "" && m.ProbeText != "" {
		say("%s in %s", quoted(m.ProbeText), m.Probe)
	} else if m.Probe != "" {
		say("it has %s", m.Probe)
	}
	if m.Below != "" {
		say("it has something below %s", m.Below)
	}
	if len(out) == 0 {
		return "any device"
	}
	return strings.Join(out, ", ")
}

// against says what of the system group rules an entry out.
func (m *matcher) against(s *System) string {
	switch {
	case len(m.ObjectID) > 0 && !slices.ContainsFunc(m.ObjectID, func(oid string) bool { return under(s.ObjectID, oid) }):
		return fmt.Sprintf("sysObjectID is %s, not below %s", s.ObjectID, strings.Join(m.ObjectID, " or "))
	case slices.ContainsFunc(m.NotObjectID, func(oid string) bool { return under(s.ObjectID, oid) }):
		return fmt.Sprintf("sysObjectID is %s, which it excludes", s.ObjectID)
	case m.description != nil && !m.description.MatchString(s.Description):
		return fmt.Sprintf("%s is not found in sysDescr %s", quoted(m.Description), quoted(s.Description))
	case m.not != nil && m.not.MatchString(s.Description):
		return fmt.Sprintf("%s is found in sysDescr %s", quoted(m.NotDescr), quoted(s.Description))
	case m.sysName != nil && !m.sysName.MatchString(s.Name):
		return fmt.Sprintf("%s is not found in sysName %s", quoted(m.SysName), quoted(s.Name))
	}
	return ""
}

// quoted is a text of a device or a profile, short enough for a line.
func quoted(s string) string {
	const most = 120
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}

// Part is a table, a scalar or a builtin of a profile, as it stands after all
// that it extends.
type Part struct {
	Name    string // as in without; mostly the section's
	Section string
	Entry   string // of a table; none: single objects
	Every   time.Duration
}

// Parts lists the tables and single objects of a profile.
func (p *Profile) Parts() []Part {
	var out []Part
	for _, t := range p.tables {
		out = append(out, Part{t.Name, t.section.Name, t.Entry, t.every})
	}
	return out
}

// Readers lists its builtins, of all that it extends.
func (p *Profile) Readers() []string { return slices.Clone(p.readers) }

// Matches says in words what it asks of a device, an entry each.
func (p *Profile) Matches() []string {
	var out []string
	for i := range p.matches {
		out = append(out, p.matches[i].words(p.Priority))
	}
	return out
}

// Text is the file it was read of.
func (p *Profile) Text() string { return string(p.draft.data) }
