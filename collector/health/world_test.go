package health

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"muster/collector/health/rule"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// world is a judge with a clock of its own.
type world struct {
	t    testing.TB
	j    *Judge
	l    *ledger
	now  time.Time
	set  *rule.Set
	last map[inventory.DeviceID]Info

	stores Inventory // nil: none
	series Series    // nil: none
	queue  int
}

var wednesday = time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)

func newWorld(t testing.TB, rules ...string) *world {
	w := &world{t: t, l: newLedger(), now: wednesday, last: map[inventory.DeviceID]Info{}, set: setOf(t, rules...)}
	w.start()
	return w
}

// setOf reads rules, as files of an office's folder are.
func setOf(t testing.TB, rules ...string) *rule.Set {
	t.Helper()
	files := fstest.MapFS{}
	for _, r := range rules {
		id, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(r), "id: "), "\n")
		files[id+".yaml"] = &fstest.MapFile{Data: []byte(r)}
	}
	set, err := rule.Load(files, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// reading is what a device answers to a question about one of its sections.
func reading[T inventory.Sectioner](t testing.TB, section string, status report.Status, at time.Time, rows ...T) store.SectionReading {
	t.Helper()
	sec, ok := inventory.Lookup(section)
	if !ok {
		t.Fatalf("there is no section %s", section)
	}
	table, err := inventory.Encode(rows)
	if err == nil {
		table, _, err = sec.Conform(table)
	}
	if err != nil {
		t.Fatal(err)
	}
	return store.SectionReading{Section: sec, Status: status, At: at, Table: table}
}

// start begins a judge, or another one after the first was killed.
func (w *world) start() {
	w.t.Helper()
	j, err := New(Options{Rules: w.set, Keeper: w.l, Now: func() time.Time { return w.now }, Zone: time.UTC, Inventory: w.stores, Series: w.series, Queue: w.queue})
	if err != nil {
		w.t.Fatal(err)
	}
	w.j = j
	for _, i := range w.last {
		j.Meet(i)
	}
	if err := j.Load(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) meet(i Info) inventory.DeviceID {
	if i.FirstSeen.IsZero() {
		i.FirstSeen = w.now.AddDate(0, -2, 0)
	}
	if i.Kind == "" {
		i.Kind = "pc"
	}
	if i.OS == "" {
		i.OS = "windows"
	}
	if i.Name == "" {
		i.Name = string(i.ID)
	}
	w.last[i.ID] = i
	w.j.Meet(i)
	return i.ID
}

// say lets a device report numbers ("disk.free path=C:" to its value) at the
// present.
func (w *world) say(id inventory.DeviceID, numbers map[string]float64, events ...store.EventReading) {
	w.t.Helper()
	w.sayAt(id, w.now, numbers, events...)
}

func (w *world) sayAt(id inventory.DeviceID, at time.Time, numbers map[string]float64, events ...store.EventReading) {
	w.t.Helper()
	o := Observation{Device: id, At: at, ReceivedAt: w.now, Events: events}
	n := Numbers{At: at}
	for _, name := range sortedKeys(numbers) {
		words := strings.Fields(name)
		m, f, _ := strings.Cut(words[0], ".")
		s := report.Series{Measurement: m, Field: f}
		for _, l := range words[1:] {
			k, v, _ := strings.Cut(l, "=")
			s.Labels = append(s.Labels, report.Label{Key: k, Value: v})
		}
		n.Layout = append(n.Layout, s)
		n.Values = append(n.Values, numbers[name])
	}
	if len(numbers) > 0 {
		n.Hash = n.Layout.Hash()
		o.Samples = []Numbers{n}
	}
	for i := range o.Events {
		if o.Events[i].At.IsZero() {
			o.Events[i].At = at
		}
	}
	if err := w.j.Observe(w.t.Context(), o); err != nil {
		w.t.Fatal(err)
	}
}

// read lets a device tell of a section at the present.
func (w *world) read(id inventory.DeviceID, s store.SectionReading) {
	w.t.Helper()
	if err := w.j.Observe(w.t.Context(), Observation{Device: id, At: w.now, ReceivedAt: w.now, Sections: []store.SectionReading{s}}); err != nil {
		w.t.Fatal(err)
	}
}

// close lets a person close what is open.
func (w *world) close() {
	w.l.mu.Lock()
	defer w.l.mu.Unlock()
	for n, i := range w.l.incidents {
		if i.Status != store.Closed {
			i.Status, i.ResolvedAt, i.Useful = store.Closed, w.now, "wrong"
			w.l.incidents[n] = i
		}
	}
}

// remind does what the judge has to do beside the judging, as often as it
// takes.
func (w *world) remind() (failed error) {
	w.t.Helper()
	for range 20 {
		if err := w.j.Remind(w.t.Context(), 20); err != nil {
			failed = err
		}
	}
	return failed
}

// pass lets time pass in steps of a minute, each device saying the same.
func (w *world) pass(d time.Duration, say func()) {
	w.t.Helper()
	for end := w.now.Add(d); w.now.Before(end); {
		w.now = w.now.Add(time.Minute)
		if say != nil {
			say()
		}
		w.tick()
	}
}

func (w *world) tick() {
	w.t.Helper()
	if err := w.j.Tick(w.t.Context(), w.now); err != nil {
		w.t.Fatal(err)
	}
}

// open lists the open incidents, as the store has them.
func (w *world) open() []store.Incident {
	list, _ := w.l.Incidents(w.t.Context(), store.IncidentQuery{})
	slices.SortFunc(list, func(a, b store.Incident) int { return int(a.Number - b.Number) })
	return list
}

// told lists the news, as kind, severity and title.
func (w *world) told() []string {
	var out []string
	for _, n := range w.l.news {
		out = append(out, fmt.Sprintf("%s %s %s", n.Kind, n.Incident.Severity, n.Incident.Title))
	}
	return out
}

func (w *world) wantTold(want ...string) {
	w.t.Helper()
	if got := w.told(); !slices.Equal(got, want) {
		w.t.Errorf("told:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// finding is the one of a rule on a device that is not resolved.
func (w *world) finding(id inventory.DeviceID, r string) (store.Finding, bool) {
	list, _ := w.l.Findings(w.t.Context(), store.FindingQuery{States: []store.FindingState{store.Pending, store.Firing}})
	for _, f := range list {
		if f.Device == id && f.Rule == r {
			return f, true
		}
	}
	return store.Finding{}, false
}

const text = `
basis: vendor
source: none
meaning: It means something.
checks: [a, b, c]
disproof: none
escalate: never
`

// full is a rule with a hold, a lower clear level and two levels.
const full = `id: X1
title: Full
family: space
subject: volume
backlog: true
levels:
  - {severity: warn, when: disk.used_percent >= 90, hold: 10m, clear: disk.used_percent < 80, clear_for: 5m}
  - {severity: critical, when: disk.used_percent >= 98, hold: 2m, clear: disk.used_percent < 90}
evidence: [{label: In use, value: disk.used_percent, unit: percent}]
` + text

const killed = `id: X2
title: Killed
family: memory
subject: device
levels:
  - {severity: warn, when: 'oom_kill.count("24h") >= 1'}
  - {severity: critical, when: 'oom_kill.count("24h") >= 3'}
` + text
