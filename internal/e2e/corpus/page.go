package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"muster/collector/snmp/profile/score"
	"muster/internal/inventory"
)

// page is what is shown: a line a device, what was missed, totals.
type page struct {
	misses  int
	took    time.Duration
	results []*score.Result
	stored  []*stored
}

func (p *page) add(r *score.Result, s *stored) {
	p.results, p.stored = append(p.results, r), append(p.stored, s)
}

// subjects are those of which anything was expected, in the order of a report.
// Entities are counted, not compared, so they are left out.
func (p *page) subjects() []string {
	return slices.DeleteFunc(score.Subjects(), func(s string) bool { return s == "entities" })
}

func (p *page) total(subjects ...string) score.Share {
	var out score.Share
	for _, r := range p.results {
		for _, s := range subjects {
			out.Found += r.Shares[s].Found
			out.Expected += r.Shares[s].Expected
		}
	}
	return out
}

// equal are the versions, models and serial numbers that are the expected text
// to the letter.
func (p *page) equal() score.Share {
	var out score.Share
	for _, r := range p.results {
		out.Found += r.Equal.Found
		out.Expected += r.Equal.Expected
	}
	return out
}

// write writes all for people.
func (p *page) write(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%-28s %-24s", "recording", "profile")
	for _, s := range p.subjects() {
		fmt.Fprintf(&b, " %10s", s)
	}
	b.WriteByte('\n')
	for i, r := range p.results {
		fmt.Fprintf(&b, "%-28s %-24s", r.ID, r.Profile)
		for _, s := range p.subjects() {
			fmt.Fprintf(&b, " %10s", r.Shares[s])
		}
		b.WriteByte('\n')
		p.remarks(&b, r, p.stored[i])
	}
	fmt.Fprintf(&b, "%-53s", fmt.Sprintf("total of %d", len(p.results)))
	for _, s := range p.subjects() {
		fmt.Fprintf(&b, " %10s", p.total(s))
	}
	fmt.Fprintf(&b, "\n\nPolled and read back in %s.\n", p.took.Round(time.Second))
	_, err := w.Write(b.Bytes())
	return err
}

// remarks tell of a device why it is as it is.
func (p *page) remarks(b *bytes.Buffer, r *score.Result, s *stored) {
	say := func(format string, args ...any) { fmt.Fprintf(b, "    "+format+"\n", args...) }
	switch t := s.target; {
	case s.text == nil && t.State == "alias":
		say("NO DEVICE: taken for another address of %s: %s", t.Name, t.Reason)
	case s.text == nil:
		say("NO DEVICE: the target is %s: %s", t.State, t.Reason)
	case t.State != "live":
		say("the target is %s: %s", t.State, t.Reason)
	}
	if r.Unknown != "" {
		say("no line in score's products for %q: vendor and system are not counted", r.Unknown)
	}
	for _, name := range sortedNames(s.show.Status) {
		if st := s.show.Status[name]; st.Status != "ok" && st.Status != "" {
			say("section %s is %s: %s", name, st.Status, st.Reason)
		}
	}
	for i, m := range r.Missed {
		if i >= p.misses {
			say("… and %d more misses", len(r.Missed)-i)
			break
		}
		say("missed %s", m)
	}
	for _, text := range r.Unequal {
		say("not equal: %s", text)
	}
	if text := beyond(r); text != "" {
		say("beyond: %s", text)
	}
}

// beyond is what was found that nothing is expected of: rows more than
// expected, and sections of which the expected values know nothing.
func beyond(r *score.Result) string {
	subject := map[string]string{"port": "ports", "sensor": "sensors", "processor": "processors", "memory_pool": "memory", "storage": "storage", "neighbor": "neighbors",
		"vlan": "vlans", "fdb": "fdb", "arp": "arp", "entity": "entities"}
	var out []string
	for _, sec := range inventory.Schema() {
		n := len(r.Found.Tables[sec.Name].Rows)
		if sec.Single {
			continue
		}
		if sec.Name == "printer_supply" || sec.Name == "printer_tray" {
			if r.Shares["supplies"].Expected > 0 {
				continue // one subject, two sections
			}
		} else if s := subject[sec.Name]; s != "" {
			n -= r.Shares[s].Found
		}
		if n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, sec.Name))
		}
	}
	return strings.Join(out, ", ")
}

func sortedNames[V any](m map[string]V) []string {
	var out []string
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// figure is a line that a machine can read; see docs/performance.
type figure struct {
	Figure string  `json:"figure"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Goal   float64 `json:"goal"`
}

// shares are the figures: of each the subjects that make it, and its goal.
func shares() []struct {
	name     string
	subjects []string
	goal     float64
} {
	one := func(s string) []string { return []string{s} }
	return []struct {
		name     string
		subjects []string
		goal     float64
	}{
		{"identity", score.Identity(), 0.97},
		{"ports", one("ports"), 1},
		{"sensors", one("sensors"), 0.95},
		{"neighbors", one("neighbors"), 0.95},
		{"fdb", one("fdb"), 0.95},
		{"arp", one("arp"), 0.95},
		{"supplies", one("supplies"), 0.95},
		{"processors", one("processors"), 0.95},
		{"memory", one("memory"), 0.95},
		{"storage", one("storage"), 0.95},
		{"vlans", one("vlans"), 0.95},
		{"wireless", one("wireless"), 0.95},
	}
}

// figures ends the output. A subject of which nothing is expected has none.
func (p *page) figures(w io.Writer) error {
	put := func(f figure) error {
		f.Value = math.Round(f.Value*1e4) / 1e4
		b, err := json.Marshal(f)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(w, string(b))
		return err
	}
	for _, s := range shares() {
		t := p.total(s.subjects...)
		if t.Expected == 0 {
			continue
		}
		if err := put(figure{"corpus_" + s.name, float64(t.Found) / float64(t.Expected), "share", s.goal}); err != nil {
			return err
		}
		if e := p.equal(); s.name == "identity" && e.Expected > 0 {
			if err := put(figure{"corpus_identity_equal", float64(e.Found) / float64(e.Expected), "share", s.goal}); err != nil {
				return err
			}
		}
	}
	return nil
}

// document is the page for docs/performance.
func (p *page) document() []byte {
	var b bytes.Buffer
	b.WriteString(`# Recordings of real devices

What Muster reads of recordings of real devices, polled over UDP by a whole
collector and read back from its stores, against what is expected of each. Made by
` + "`make corpus DIR=…`" + `, which also says what was missed, device by device; how it
compares stands in ` + "`collector/snmp/profile/score`" + `.

A version or a model holds when it is the expected text, or all its words stand
side by side in that: *16.6.7* for *CAT9K_IOSXE 16.6.7*. The maker and the
system are those that the expected product line has. What is equal to the letter is
counted apart: Muster leaves the maker's name out of models and names of images out
of versions, and says the chassis where a module is expected. A port holds when name,
description, alias, speed, status and hardware address do; a sensor when one of its
class has the value, within 1 % or 0.1; one that stands in ` + "`poe_port`" + ` is found there,
and currents of lasers are amperes here and milliamperes there. What a device tells
twice, as the same temperature in two tables, Muster keeps once, so some of what is
expected is missed on purpose.

Whoever writes profiles may look at the recordings that this page was made with, so
its shares say what is missed, not how well devices fare that nobody looked at.

| subject | found | expected | share | goal |
|---|---:|---:|---:|---:|
`)
	for _, s := range shares() {
		if t := p.total(s.subjects...); t.Expected > 0 {
			fmt.Fprintf(&b, "| %s | %d | %d | %.1f %% | %.0f %% |\n", s.name, t.Found, t.Expected, 100*float64(t.Found)/float64(t.Expected), 100*s.goal)
		}
	}
	b.WriteString("\nOf identity:\n\n| subject | found | expected | share |\n|---|---:|---:|---:|\n")
	for _, s := range score.Identity() {
		if t := p.total(s); t.Expected > 0 {
			fmt.Fprintf(&b, "| %s | %d | %d | %.1f %% |\n", s, t.Found, t.Expected, 100*float64(t.Found)/float64(t.Expected))
		}
	}
	if t := p.equal(); t.Expected > 0 {
		fmt.Fprintf(&b, "| version, hardware and serial, equal to the letter | %d | %d | %.1f %% |\n", t.Found, t.Expected, 100*float64(t.Found)/float64(t.Expected))
	}
	fmt.Fprintf(&b, "\n%d recordings, polled and read back in %s.\n\n| recording | profile |", len(p.results), p.took.Round(time.Second))
	list := slices.DeleteFunc(p.subjects(), func(s string) bool { return slices.Contains(score.Identity(), s) })
	for _, s := range append([]string{"identity"}, list...) {
		fmt.Fprintf(&b, " %s |", s)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---:|", len(list)+1) + "\n")
	for _, r := range p.results {
		var id score.Share
		for _, s := range score.Identity() {
			id.Found, id.Expected = id.Found+r.Shares[s].Found, id.Expected+r.Shares[s].Expected
		}
		fmt.Fprintf(&b, "| %s | %s | %s |", r.ID, r.Profile, id)
		for _, s := range list {
			fmt.Fprintf(&b, " %s |", r.Shares[s])
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}
