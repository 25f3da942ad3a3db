package simulate

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/metric"
	"muster/internal/report"
)

var monday = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// ledger is what a collector would know of the devices of a play.
type ledger struct {
	reports, late int
	bytes         int
	samples       map[string]map[string][]point // by device, by series
	events        map[string][]report.Event     // by device
	sections      map[string]map[string]inventory.Table
	times         map[string][]time.Time // of reports
	layouts       map[report.LayoutHash]report.Layout
}

type point struct {
	at time.Time
	v  float64
}

// watch plays a scenario and writes all down that is sent.
func watch(t *testing.T, text string, agents int, from time.Time, length, step time.Duration) *ledger {
	t.Helper()
	s, err := ParseScenario("test.yaml", []byte(text), Scenario{Seed: 7, Rhythm: "office", Speed: 1})
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPlay(Options{Agents: agents, Programs: 12, Interval: step, Refresh: 4 * time.Hour, Scenario: s}, from)
	if err != nil {
		t.Fatal(err)
	}
	l := &ledger{samples: map[string]map[string][]point{}, events: map[string][]report.Event{}, sections: map[string]map[string]inventory.Table{}, times: map[string][]time.Time{},
		layouts: map[report.LayoutHash]report.Layout{}}
	roles := p.Roles()
	for now := from.Add(step); !now.After(from.Add(length)); now = now.Add(step) {
		sent, err := p.Step(now)
		if err != nil {
			t.Fatal(err)
		}
		for len(sent) > 0 {
			x := sent[0]
			sent = sent[1:]
			last := l.take(t, roles[x.Role].Name, x, now)
			more, ok, err := p.Heard(x.Role, report.Answer{Acked: last}, now)
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				sent = append(sent, more)
			}
		}
	}
	return l
}

func (l *ledger) take(t *testing.T, name string, x Sent, now time.Time) (last uint64) {
	t.Helper()
	e, err := report.Decode(x.Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Reports) != x.Reports {
		t.Fatalf("%d reports, said to be %d", len(e.Reports), x.Reports)
	}
	l.bytes += len(x.Body)
	if l.samples[name] == nil {
		l.samples[name], l.sections[name] = map[string][]point{}, map[string]inventory.Table{}
	}
	for _, r := range e.Reports {
		last = r.Seq
		l.reports++
		if now.Sub(r.When(0)) > time.Minute {
			l.late++
		}
		l.times[name] = append(l.times[name], r.When(0))
		l.events[name] = append(l.events[name], r.Events...)
		for _, s := range r.Sections {
			l.sections[name][s.Name] = s.Table()
		}
		for _, y := range r.Layouts {
			l.layouts[y.Hash()] = y
		}
		for _, s := range r.Samples {
			y := l.layouts[s.Layout]
			if len(y) != len(s.Values) {
				t.Fatalf("%s: %d values for %d names", name, len(s.Values), len(y))
			}
			for i, v := range s.Values {
				key := y[i].Measurement + "." + y[i].Field
				for _, lb := range y[i].Labels {
					if lb.Key == "name" || lb.Key == "serial_no" || lb.Key == "path" || lb.Key == "ifName" {
						key += " " + lb.Value
					}
				}
				l.samples[name][key] = append(l.samples[name][key], point{r.When(s.At), v})
			}
		}
	}
	return last
}

// count is how many events of a kind a device told.
func (l *ledger) count(name, kind string) int {
	n := 0
	for _, e := range l.events[name] {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// last is the newest value of a series whose name begins so.
func (l *ledger) last(t *testing.T, name, prefix string) float64 {
	t.Helper()
	for key, ps := range l.samples[name] {
		if strings.HasPrefix(key, prefix) {
			return ps[len(ps)-1].v
		}
	}
	t.Fatalf("%s has no %s", name, prefix)
	return 0
}

func hostOf(n int, seed uint64) string { return newMachine(n, seed, 12, "office", monday).host }

const office = `
rhythm: office
sites:
  - {name: hartford, agents: 50%, switches: 2, ups: 1, printers: 1}
  - {name: stamford, switches: 1}
`

func TestDevicesSpeakTheCatalogues(t *testing.T) {
	s, err := ParseScenario("x", []byte(office), Scenario{Seed: 7, Speed: 1})
	if err != nil {
		t.Fatal(err)
	}
	c, err := newCast(&s, 50, 120, monday)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, b := range c.bodies {
		if fp := fmt.Sprint(b.evidence().Fingerprint()); seen[fp] {
			t.Errorf("%s has the hardware of another", b.name())
		} else {
			seen[fp] = true
		}
		now := monday.Add(10 * time.Hour)
		b.live(now)
		names := map[string]bool{}
		for _, n := range append(b.numbers(now), b.numbers(now.Add(7*time.Hour))...) {
			for i, x := range n.layout {
				m, f, ok := metric.Lookup(x.Measurement, x.Field)
				if !ok {
					t.Errorf("%s: %s_%s is not in the catalogue", b.name(), x.Measurement, x.Field)
				}
				for _, l := range x.Labels {
					if !slices.ContainsFunc(m.Labels, func(o metric.Label) bool { return o.Name == l.Key }) {
						t.Errorf("%s_%s has no label %s", x.Measurement, x.Field, l.Key)
					}
				}
				if b.kind() == "pc" && !f.Default {
					t.Errorf("%s_%s is only sent on request", x.Measurement, x.Field)
				}
				if f.Type == metric.Int && n.values[i] != math.Trunc(n.values[i]) {
					t.Errorf("%s_%s is whole, not %v", x.Measurement, x.Field, n.values[i])
				}
				key := fmt.Sprint(x)
				names[key] = true
			}
		}
		if b.kind() == "pc" && len(names) > 60 {
			t.Errorf("%s (%s) has %d series", b.name(), b.(*machine).model.name, len(names))
		}
		for _, name := range b.sections() {
			sec, ok := inventory.Lookup(name)
			if !ok {
				t.Fatalf("section %s is not in the catalogue", name)
			}
			tab, err := b.read(name, now)
			if err != nil {
				t.Fatal(err)
			}
			if _, faults, err := sec.Conform(tab); err != nil || len(faults) > 0 {
				t.Errorf("section %s of %s: %v, %v", name, b.name(), faults, err)
			}
		}
	}
}

// A fleet of weeks: what it tells of is in the catalogue, its counters only
// fall with a restart, and it is an office.
func TestAWeekInTheOffice(t *testing.T) {
	l := watch(t, office, 40, monday, 7*24*time.Hour, 20*time.Minute)
	for name, list := range l.events {
		for _, e := range list {
			k, ok := event.Lookup(e.Kind)
			if !ok {
				t.Errorf("%s: event %s is not in the catalogue", name, e.Kind)
			}
			for a := range e.Attributes {
				if _, ok := k.Attribute(a); !ok {
					t.Errorf("event %s has no attribute %s", e.Kind, a)
				}
			}
		}
	}
	night, day := 0, 0
	for name, list := range l.times {
		if !slices.IsSortedFunc(list, time.Time.Compare) {
			t.Errorf("%s does not report in the order of time", name)
		}
		for _, at := range list {
			switch h := at.Hour(); {
			case h >= 2 && h < 5:
				night++
			case h >= 10 && h < 13:
				day++
			}
		}
	}
	if day < 3*night {
		t.Errorf("%d reports in the late morning, %d at night", day, night)
	}
	if l.late == 0 || l.late > l.reports/5 {
		t.Errorf("%d of %d reports come late: laptops work at home now and then", l.late, l.reports)
	}
	if per := l.bytes / l.reports; per > 1500 {
		t.Errorf("%d bytes a report", per)
	}
	falls := 0
	for name, series := range l.samples {
		for key, ps := range series {
			if !strings.HasPrefix(key, "diskio.reads") {
				continue
			}
			for i := 1; i < len(ps); i++ {
				if ps[i].v < ps[i-1].v {
					falls++
				}
			}
			if falls > l.count(name, event.Boot) {
				t.Errorf("%s: a counter fell without a start", name)
			}
			falls = 0
		}
	}
}

func TestTheSameSeedIsTheSameFleet(t *testing.T) {
	steps := "steps: [{at: 1d, agents: 10%, do: blue_screens}]"
	a := watch(t, office+steps, 20, monday, 2*24*time.Hour, 30*time.Minute)
	b := watch(t, office+steps, 20, monday, 2*24*time.Hour, 30*time.Minute)
	if a.reports != b.reports || fmt.Sprint(a.samples) != fmt.Sprint(b.samples) || fmt.Sprint(a.events) != fmt.Sprint(b.events) {
		t.Error("two plays of one seed differ")
	}
	x, y := newMachine(3, 7, 120, "always", monday), newMachine(3, 7, 120, "always", monday)
	if p, q := x.software(), y.software(); len(p) != len(q) || p[0] != q[0] {
		t.Error("the same seed makes another machine")
	}
}

func TestShare(t *testing.T) {
	for _, c := range []struct {
		s    Share
		want int
	}{{Share{Percent: 5}, 10}, {Share{Percent: 100}, 200}, {Share{Count: 7}, 7}, {Share{Count: 999}, 200}, {Share{}, 0}} {
		n := 0
		for i := range 200 {
			if c.s.holds(i, 200) {
				n++
			}
		}
		if n != c.want {
			t.Errorf("%+v holds %d of 200, want %d", c.s, n, c.want)
		}
	}
}

func TestScenarioFaultsAreTold(t *testing.T) {
	base := Scenario{Rhythm: "always", Speed: 1}
	for text, want := range map[string]string{
		"rhythm: nights":                       "office.yaml:1:9: rhythm",
		"speed: 0":                             "speed",
		"steps: [{do: dance, agents: 1}]":      "there is no such deed",
		"steps: [{do: dying_disc, agents: 1}]": `did you mean "dying_disk"`,
		"\nsteps:\n  - {do: reboot, agents: 1}\n  - {do: offline, agents: 1, at: 1m}": "office.yaml:4:",
		"steps: [{do: offline, at: 1m, agents: 1}]":                                   "needs for",
		"steps: [{do: install, at: 1m, agents: 1}]":                                   "needs name",
		"steps: [{do: reboot, agents: 1, for: 1h}]":                                   "no use for it",
		"steps: [{do: reboot}]":                                                       "needs agents",
		"steps: [{do: reboot, agents: 1, machine: 3}]":                                "needs agents",
		"steps: [{do: reboot, at: soon, agents: 1}]":                                  "a time such as",
		"steps: [{do: reboot, agents: many}]":                                         "a share such as",
		"steps: [{do: reboot, agents: 120%}]":                                         "at most 100%",
		"steps: [{do: reboot, agents: 1, model: Desk}]":                               "there is no such model",
		"steps: [{do: outage, for: 1h}]":                                              "needs site",
		"steps: [{do: outage, for: 1h, site: york}]":                                  "no site has that name",
		"steps: [{do: switch_errors, switch: sw}]":                                    "no site has such a switch",
		"sites: [{name: a}, {name: b}]":                                               "only one site",
		"sites: [{name: a}, {name: a, agents: 1}]":                                    "another site",
		"sites: [{name: a b}]":                                                        "one word",
		"sites: [{name: a, switches: -1}]":                                            "0 to 100",
		"stepps: []":                                                                  "stepps",
		"steps: 7":                                                                    "office.yaml:1",
		"steps: [":                                                                    "office.yaml",
	} {
		if _, err := ParseScenario("office.yaml", []byte(text), base); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "office.yaml") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	s, err := ParseScenario("x", []byte("seed: 9\nrhythm: office\nspeed: 60\nsteps:\n  - {at: 2h, agents: 5%, do: install, name: Sample Reader}\n  - {at: 1d, agents: 3, do: offline, for: 90m}\n"), base)
	if err != nil || len(s.Steps) != 2 || time.Duration(s.Steps[1].At) != 24*time.Hour || s.Steps[0].Agents.Percent != 5 || s.Steps[1].line != 6 {
		t.Errorf("%+v, %v", s, err)
	}
}

// What only shows once the fleet is there is told with its line too.
func TestStepsThatCannotHappen(t *testing.T) {
	desk := slices.IndexFunc(make([]int, 30), func(int) bool { return false })
	for n := range 30 {
		if newMachine(n, 7, 12, "office", monday).model.battery == 0 {
			desk = n
		}
	}
	for text, want := range map[string]string{
		fmt.Sprintf("\nsteps: [{do: fail_battery, for: 20d, machine: %d}]", desk): "office.yaml:2: step 1 (fail_battery): machine",
		"steps: [{do: reboot, machine: 30}]":                                      "they go from 0 to 29",
		"steps: [{do: ups_on_battery, for: 1h}]":                                  "there is nothing",
		"sites: [{name: a, agents: 20}, {name: b, agents: 20}]":                   "more machines than the 30",
		"sites: [{name: a, agents: 20}]":                                          "10 machines are at no site",
	} {
		s, err := ParseScenario("office.yaml", []byte(text), Scenario{Seed: 7, Rhythm: "office", Speed: 1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := NewPlay(Options{Agents: 30, Interval: time.Minute, Scenario: s}, monday); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestDocumentationListsAllDeeds(t *testing.T) {
	b, err := os.ReadFile("../../docs/simulate.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range deeds() {
		row := fmt.Sprintf("| `%s` | %s", d.name, d.doc)
		if !strings.Contains(string(b), row) {
			t.Errorf("docs/simulate.md lacks a row that begins %s", row)
		}
	}
}

func FuzzScenario(f *testing.F) {
	f.Add([]byte("steps: [{do: reboot, at: 1m, agents: 3%}]"))
	f.Add([]byte(office + "steps: [{do: outage, site: hartford, for: 1h}]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := ParseScenario("x", b, Scenario{Rhythm: "always", Speed: 1}); err == nil {
			NewPlay(Options{Agents: 10, Interval: time.Minute, Scenario: s}, monday)
		}
	})
}
