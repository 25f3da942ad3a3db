package profile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"muster/collector/snmp/session"
)

// System is the system group (RFC 3418 §2) and the engine (RFC 3411 §5), as
// the device tells them.
type System struct {
	ObjectID    string // dotted, without a leading dot
	Description string
	Name        string
	Contact     string
	Location    string
	Services    *int64
	Engine      string // hexadecimal
	Clocks      Clocks
}

// Clocks are the times since a start that a device tells. One that did not
// answer is nil.
type Clocks struct {
	System *uint32 // sysUpTime, hundredths of a second since the agent's start
	Host   *uint32 // hrSystemUptime, likewise, since the machine's
	Engine *int64  // snmpEngineTime, seconds
	Boots  *int64  // snmpEngineBoots
}

// Objects of the system group, of the engine and of the host.
const (
	oidSysDescr    = "1.3.6.1.2.1.1.1.0"
	oidSysObjectID = "1.3.6.1.2.1.1.2.0"
	oidSysUpTime   = "1.3.6.1.2.1.1.3.0"
	oidSysContact  = "1.3.6.1.2.1.1.4.0"
	oidSysName     = "1.3.6.1.2.1.1.5.0"
	oidSysLocation = "1.3.6.1.2.1.1.6.0"
	oidSysServices = "1.3.6.1.2.1.1.7.0"
	oidEngineID    = "1.3.6.1.6.3.10.2.1.1.0"
	oidEngineBoots = "1.3.6.1.6.3.10.2.1.2.0"
	oidEngineTime  = "1.3.6.1.6.3.10.2.1.3.0"
	oidHostUptime  = "1.3.6.1.2.1.25.1.1.0"
)

// readSystem asks for the system group, the engine and the clocks. A device
// that answers nothing of it is an error.
func readSystem(ctx context.Context, a session.Asker) (System, error) {
	var s System
	got, err := a.Get(ctx,
		oidSysDescr,
		oidSysObjectID,
		oidSysUpTime,
		oidSysContact,
		oidSysName,
		oidSysLocation,
		oidSysServices,
		oidEngineID,
		oidEngineBoots,
		oidEngineTime,
		oidHostUptime,
	)
	if err != nil && len(got) == 0 {
		return s, err
	}
	at := byName(got)
	s.ObjectID = at[oidSysObjectID].S
	s.Description = cleanText(at[oidSysDescr].B)
	s.Name = textOf(at[oidSysName])
	s.Contact = textOf(at[oidSysContact])
	s.Location = textOf(at[oidSysLocation])
	if v := at[oidSysServices]; v.Kind == session.Integer {
		s.Services = new(v.N)
	}
	s.Engine = hexOf(at[oidEngineID])
	s.Clocks = clocksOf(at)
	return s, nil
}

func clocksOf(at map[string]session.Value) Clocks {
	var c Clocks
	ticks := func(v session.Value) *uint32 {
		if n, ok := integerOf(v); ok && v.Kind != session.OctetString && n >= 0 && n < 1<<32 {
			return new(uint32(n))
		}
		return nil
	}
	whole := func(v session.Value) *int64 {
		if n, ok := integerOf(v); ok && v.Kind != session.OctetString {
			return &n
		}
		return nil
	}
	c.System, c.Host = ticks(at[oidSysUpTime]), ticks(at[oidHostUptime])
	c.Engine, c.Boots = whole(at[oidEngineTime]), whole(at[oidEngineBoots])
	return c
}

func byName(list []session.Variable) map[string]session.Value {
	m := make(map[string]session.Value, len(list))
	for _, v := range list {
		m[v.OID] = v.Value
	}
	return m
}

func hexOf(v session.Value) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for _, c := range v.B[:min(len(v.B), 64)] {
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

// matcher is a MatchDocument, compiled.
type matcher struct {
	MatchDocument
	description, not, sysName, probe *regexp.Regexp
}

func (c *compiler) matcher(key string, d MatchDocument) matcher {
	return matcher{
		MatchDocument: d,
		description:   c.regexp(key+".description", d.Description),
		not:           c.regexp(key+".not_description", d.NotDescr),
		sysName:       c.regexp(key+".sys_name", d.SysName),
		probe:         c.regexp(key+".probe_text", d.ProbeText),
	}
}

// under says whether an object is oid or below it.
func under(object, oid string) bool {
	return strings.HasPrefix(object, oid) && (len(object) == len(oid) || object[len(oid)] == '.')
}

// fits says whether a device may be meant, as far as the system group tells,
// and how long the part of sysObjectID is that says so.
func (m *matcher) fits(s *System) (arcs int, ok bool) {
	if len(m.ObjectID) > 0 {
		for _, oid := range m.ObjectID {
			if under(s.ObjectID, oid) {
				arcs = max(arcs, strings.Count(oid, ".")+1)
			}
		}
		if arcs == 0 {
			return 0, false
		}
	}
	if slices.ContainsFunc(m.NotObjectID, func(oid string) bool { return under(s.ObjectID, oid) }) {
		return 0, false
	}
	if m.description != nil && !m.description.MatchString(s.Description) || m.not != nil && m.not.MatchString(s.Description) {
		return 0, false
	}
	if m.sysName != nil && !m.sysName.MatchString(s.Name) {
		return 0, false
	}
	return arcs, true
}

// candidate is a profile that fits by the system group.
type candidate struct {
	p    *Profile
	m    *matcher
	rank [4]int // priority, arcs, asks for an object, asks for a text
}

// candidates lists what may fit, the most specific first: by priority, then by
// how much of sysObjectID it names, then what also asks for an object that the
// device must have, then what also asks for a text.
func (s *Set) candidates(sys *System) []candidate {
	var out []candidate
	for _, p := range s.profiles {
		if p.Base || p.Disabled {
			continue
		}
		for i := range p.matches {
			m := &p.matches[i]
			arcs, ok := m.fits(sys)
			if !ok {
				continue
			}
			out = append(out, candidate{p, m, [4]int{p.Priority, arcs, count(m.Probe != "" || m.Below != ""), count(m.description != nil, m.sysName != nil)}})
		}
	}
	slices.SortStableFunc(out, func(a, b candidate) int { return -slices.Compare(a.rank[:], b.rank[:]) })
	return out
}

// choose finds the profile of a device. Objects are asked for only as far as it
// takes to tell. One that was asked for and not answered is no sign that the
// device lacks it: with a weaker profile it would be another device until it is
// identified again.
func (s *Set) choose(ctx context.Context, sys *System, r *reader) (*Profile, error) {
	list := s.candidates(sys)
	r.surely(ctx, probes(list))
	for _, c := range list {
		why := c.m.lacks(ctx, r)
		if r.unheard != nil {
			return nil, fmt.Errorf("find out whether profile %s fits: %w", c.p.Name, r.unheard)
		}
		if why == "" {
			return c.p, nil
		}
	}
	return nil, nil
}

// probes are the objects that candidates ask for.
func probes(list []candidate) []string {
	var out []string
	for _, c := range list {
		if c.m.Probe != "" {
			out = append(out, c.m.Probe)
		}
	}
	return out
}

// lacks says which object that the device must have it has not; nothing when it
// fits.
func (m *matcher) lacks(ctx context.Context, r *reader) string {
	if m.Probe != "" {
		switch v := r.object(ctx, m.Probe); {
		case errors.Is(v.err, session.ErrTimeout) || v.err != nil && r.down != nil:
			r.unheard = v.err
			fallthrough
		case v.err != nil:
			return m.Probe + " could not be read: " + reason(v.err)
		case v.Kind == session.Missing:
			return "the device has no " + m.Probe
		case m.probe != nil && !m.probe.MatchString(textOf(v.Value)):
			return m.Probe + " is " + quoted(textOf(v.Value)) + ", in which " + quoted(m.ProbeText) + " is not found"
		}
	}
	if m.Below != "" && !r.has(ctx, m.Below) {
		return "the device has nothing below " + m.Below
	}
	return ""
}

// Candidates lists the profiles that the system group alone lets through, the
// most specific first, for people who ask why one was chosen.
func (s *Set) Candidates(sys System) []string {
	var out []string
	for _, c := range s.candidates(&sys) {
		if !slices.Contains(out, c.p.Name) {
			out = append(out, c.p.Name)
		}
	}
	return out
}

// vendorOf is the maker that an enterprise number belongs to (IANA, Private
// Enterprise Numbers), of those that offices have.
func vendorOf(objectID string) string {
	rest, ok := strings.CutPrefix(objectID, "1.3.6.1.4.1.")
	if !ok {
		return ""
	}
	number, _, _ := strings.Cut(rest, ".")
	list := enterprises()
	i, ok := slices.BinarySearchFunc(list, number, func(e enterprise, n string) int {
		return cmp.Or(cmp.Compare(len(e.number), len(n)), cmp.Compare(e.number, n))
	})
	if !ok {
		return ""
	}
	return list[i].name
}
