//go:build linux

package e2e

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/agent/simulate"
	"muster/collector/health/rule"
	"muster/collector/health/rules"
	"muster/collector/store"
	"muster/collector/store/sqlstore"
	"muster/internal/enroll"
)

// The acceptance of the health engine: to an office of sixty PCs at three
// sites the troubles of a script happen, among all that is no trouble, and
// what people are given to work on is exactly what the script says: which
// incidents, on what, led by which rule, how bad, when, what was told of them,
// and in which order they stand at the end. Nothing else is opened or told.

// fleetOf is the office; the seed makes thirteen laptops of one model and
// eleven machines on each switch of Hartford.
const fleetOf = `
seed: 29
rhythm: office
sites:
  - {name: hartford, agents: 30, switches: 2, ups: 1, printers: 1}
  - {name: stamford, agents: 20, switches: 1}
  - {name: norwich}
steps:
`

// fastTroubles all happen within a week.
const fastTroubles = fleetOf + `
  - {at: 1d2h,     machine: 12, do: dying_disk, for: 3d}
  - {at: 0s,       machine: 22, do: throttle, for: 4d}
  - {at: 0s,       machine: 36, do: fail_battery, for: 4d}
  - {at: 0s,       machine: 48, do: fill_disk, for: 4d}
  - {at: 0s,       machine: 0, do: leak_memory, for: 6d}
  - {at: 0s,       do: toner_low, for: 4d}
  - {at: 1d9h30m,  do: switch_errors, switch: sw-hartford-2, for: 1d}
  - {at: 1d10h,    agents: 100%, model: Book 14 G2, do: bad_driver, for: 4d}
  - {at: 2d9h,     machine: 41, do: flap_link, for: 8h}
  - {at: 3d9h,     do: ups_on_battery, site: hartford, for: 50m}
  - {at: 4d10h,    do: outage, site: stamford, for: 2h}
`

// slowTroubles come about over five weeks, as they do.
const slowTroubles = fleetOf + `
  - {at: 7d,       machine: 36, do: fail_battery, for: 25d}
  - {at: 8d,       machine: 12, do: dying_disk, for: 16d}
  - {at: 9d,       machine: 48, do: fill_disk, for: 24d}
  - {at: 10d9h,    machine: 41, do: flap_link, for: 8h}
  - {at: 14d,      machine: 22, do: throttle, for: 10d}
  - {at: 15d9h30m, do: switch_errors, switch: sw-hartford-2, for: 2d}
  - {at: 21d10h,   agents: 100%, model: Book 14 G2, do: bad_driver, for: 7d}
  - {at: 23d9h,    do: ups_on_battery, site: hartford, for: 50m}
  - {at: 24d,      do: toner_low, for: 6d}
  - {at: 27d,      machine: 20, do: leak_memory, for: 8d}
  - {at: 29d10h,   do: outage, site: stamford, for: 2h}
`

// expected is an incident that a script says there must be.
type expected struct {
	name     string // for the order at the end
	kind     store.IncidentKind
	on       string // the device's name; of a cause what is shared; of a site its name
	rule     string // that leads at the end
	severity string // at the end, or when it cleared
	opened   string // "3d09h50m" since the start, and how much later it may be
	within   time.Duration
	cleared  string // empty: it is open at the end
	by       time.Duration
	told     string // what was told, in order
	// joins says that incidents of single devices may open before the cause
	// shows, and go into it. alone of them may be told before: of the thirteen
	// laptops some have to get into trouble before luck is ruled out (F01), and
	// one is never off and a day ahead of them.
	joins bool
	alone int
	size  int // devices at the end of it, at least

	title string // of the one that was met
}

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

func TestTroublesOfAWeek(t *testing.T) {
	playTroubles(t, fastTroubles, 7, course{}, weekExpected(), weekOrder)
}

// It comes to the same when the collector is killed every seven hours and goes
// on with what is in its stores, and when the fleet goes from one of two
// collectors to the other and back: nothing is lost, opened twice or told twice.
func TestTroublesOfAWeekUnderKillsAndMoves(t *testing.T) {
	playTroubles(t, fastTroubles, 7, course{judges: 2, kill: 7 * time.Hour, move: 11 * time.Hour}, weekExpected(), weekOrder)
}

const weekOrder = "driver, disk, full, battery, throttle, leak, toner"

func weekExpected() []expected {
	return []expected{
		{name: "disk", kind: store.DeviceIncident, on: "health-00012", rule: "D02", severity: "critical", opened: "1d07h30m", within: day, told: "opened warn, worse critical"},
		{name: "switch", kind: store.CauseIncident, on: "switch sw-hartford-2", rule: "N01", severity: "critical", opened: "1d09h50m", within: 30 * time.Minute,
			cleared: "2d09h40m", by: hour + 30*time.Minute, told: "opened critical, cleared critical", joins: true},
		{name: "throttle", kind: store.DeviceIncident, on: "it-00022", rule: "C04", severity: "warn", opened: "2d08h00m", within: 2 * hour, told: "opened warn"},
		// One incident for both ends of the cable; the port is calm last.
		{name: "flapping", kind: store.DeviceIncident, on: "sw-stamford-1", rule: "G04", severity: "warn", opened: "2d09h30m", within: 30 * time.Minute,
			cleared: "3d16h30m", by: day, told: "opened warn, cleared warn"},
		{name: "battery", kind: store.DeviceIncident, on: "clerk-00036", rule: "B01", severity: "critical", opened: "1d12h00m", within: 2 * day, told: "opened warn, worse critical"},
		{name: "driver", kind: store.CauseIncident, on: "driver dispnw.inf 31.0.16", rule: "C02", severity: "critical", opened: "2d12h00m", within: 12 * hour,
			told: "opened critical", joins: true, alone: 1, size: 13},
		{name: "ups", kind: store.DeviceIncident, on: "ups-hartford-1", rule: "G11", severity: "warn", opened: "3d09h00m", within: 20 * time.Minute,
			cleared: "3d09h50m", by: 30 * time.Minute, told: "opened warn, cleared warn"},
		{name: "full", kind: store.DeviceIncident, on: "court-00048", rule: "S01", severity: "critical", opened: "2d12h00m", within: day, told: "opened warn, worse critical"},
		{name: "toner", kind: store.DeviceIncident, on: "prt-hartford-1", rule: "G13", severity: "warn", opened: "3d12h00m", within: day, told: "opened warn"},
		{name: "leak", kind: store.DeviceIncident, on: "it-00000", rule: "M03", severity: "warn", opened: "2d06h00m", within: 2 * day, told: "opened warn"},
		{name: "outage", kind: store.SiteIncident, on: "stamford", rule: "F03", severity: "critical", opened: "4d09h50m", within: 20 * time.Minute,
			cleared: "4d12h00m", by: 30 * time.Minute, told: "opened critical, cleared critical", joins: true},
	}
}

func TestTroublesOfFiveWeeks(t *testing.T) {
	playTroubles(t, slowTroubles, 35, course{}, []expected{
		{name: "disk", kind: store.DeviceIncident, on: "health-00012", rule: "D02", severity: "critical", opened: "10d07h30m", within: hour, told: "opened warn, worse critical"},
		// One incident for both ends of the cable; the port is calm last.
		{name: "flapping", kind: store.DeviceIncident, on: "sw-stamford-1", rule: "G04", severity: "warn", opened: "10d09h30m", within: 30 * time.Minute,
			cleared: "11d16h30m", by: 3 * day, told: "opened warn, cleared warn"},
		{name: "switch", kind: store.CauseIncident, on: "switch sw-hartford-2", rule: "N01", severity: "critical", opened: "15d09h50m", within: 30 * time.Minute,
			cleared: "17d09h40m", by: hour + 30*time.Minute, told: "opened critical, cleared critical", joins: true},
		// A week after the last day with ten minutes of it.
		{name: "throttle", kind: store.DeviceIncident, on: "it-00022", rule: "C04", severity: "warn", opened: "16d08h00m", within: 2 * hour,
			cleared: "30d00h00m", by: 2 * day, told: "opened warn, cleared warn"},
		// It is found while the laptop is at home, out of reach, and told when it
		// comes back.
		{name: "battery", kind: store.DeviceIncident, on: "clerk-00036", rule: "B01", severity: "critical", opened: "17d00h00m", within: 2 * day, told: "opened warn, worse critical"},
		{name: "driver", kind: store.CauseIncident, on: "driver dispnw.inf 31.0.16", rule: "C02", severity: "critical", opened: "22d12h00m", within: 12 * hour,
			told: "opened critical", joins: true, alone: 1, size: 13},
		{name: "ups", kind: store.DeviceIncident, on: "ups-hartford-1", rule: "G11", severity: "warn", opened: "23d09h00m", within: 20 * time.Minute,
			cleared: "23d09h50m", by: 30 * time.Minute, told: "opened warn, cleared warn"},
		// The forecast needs some of the fall, and a day to be sure of it.
		{name: "full", kind: store.DeviceIncident, on: "court-00048", rule: "S02", severity: "critical", opened: "22d00h00m", within: 4 * day, told: "opened warn, worse critical"},
		{name: "leak", kind: store.DeviceIncident, on: "health-00020", rule: "M03", severity: "warn", opened: "31d00h00m", within: 36 * hour, told: "opened warn"},
		{name: "toner", kind: store.DeviceIncident, on: "prt-hartford-1", rule: "G13", severity: "warn", opened: "29d12h00m", within: day, told: "opened warn"},
		{name: "outage", kind: store.SiteIncident, on: "stamford", rule: "F03", severity: "critical", opened: "29d09h50m", within: 20 * time.Minute,
			cleared: "29d12h00m", by: 30 * time.Minute, told: "opened critical, cleared critical", joins: true},
	}, "driver, disk, full, battery, leak, toner")
}

// course is what befalls the collectors meanwhile.
type course struct {
	judges     int              // how many there are; 0: one
	kill, move time.Duration    // how often the judge is killed, or the fleet moves to another; 0: never
	postgres   *sqlstore.Server // has the inventory; nil: a file
	influx     string           // address of who has the series; empty: a folder
}

// playTroubles plays a script for some days and holds what came of it against
// what was expected; order is that of the open incidents at the end.
func playTroubles(t *testing.T, script string, days int, c course, want []expected, order string) {
	t.Helper()
	w := playFleet(t, script, 60, days, c)
	if w.s.Stats.Late == 0 {
		t.Error("no laptop delivered late: nobody worked at home")
	}
	w.judge(want)
	w.order(want, order)
}

// playFleet plays a script for some days.
func playFleet(t *testing.T, script string, agents, days int, c course) *witness {
	t.Helper()
	if raced && !full() {
		t.Skip("weeks take four times as long under the race detector: make test plays them without, make faults with it")
	}
	sc, err := simulate.ParseScenario("troubles.yaml", []byte(script), simulate.Scenario{Speed: 1})
	if err != nil {
		t.Fatal(err)
	}
	const interval = 10 * time.Minute
	w := &witness{t: t, start: time.Date(2026, 10, 26, 0, 0, 0, 0, time.UTC)}
	s, err := NewStage(t.Context(), StageOptions{Dir: t.TempDir(), Start: w.start, Agency: "State", Recorded: w.record, Judges: c.judges, Influx: c.influx, Postgres: c.postgres,
		Fleet: simulate.Options{Agents: agents, Programs: 15, Interval: interval, Refresh: 4 * time.Hour, Scenario: sc}})
	if err != nil {
		t.Fatal(err)
	}
	w.s = s
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	begin := time.Now()
	for now := w.start.Add(interval); !now.After(w.start.AddDate(0, 0, days)); now = now.Add(interval) {
		if err := s.Step(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		if now.Equal(w.start.Add(3*day + 3*hour)) {
			w.asleep(agents)
		}
		if c.kill > 0 && now.Sub(w.start)%c.kill == 0 {
			for n := range s.Judges {
				if err := s.NewJudge(t.Context(), n); err != nil {
					t.Fatal(err)
				}
			}
		}
		if c.move > 0 && now.Sub(w.start)%c.move == 0 {
			s.Move()
		}
	}
	t.Logf("%d days in %s: %+v, %+v", days, time.Since(begin).Round(time.Second), s.Stats, s.Judges[0].Stats())
	return w
}

// witness writes down what is told, and compares.
type witness struct {
	t     *testing.T
	s     *Stage
	start time.Time
	news  []store.News
	steps map[string][]store.Step // by key
}

func (w *witness) record(j *store.Judged) {
	for _, n := range j.News {
		for _, x := range j.Incidents {
			if x.Key == n.Key && n.Incident.Number == 0 {
				n.Incident.Number = x.Number
			}
		}
		w.news = append(w.news, n)
	}
	for _, x := range j.Steps {
		if w.steps == nil {
			w.steps = map[string][]store.Step{}
		}
		w.steps[x.Key] = append(w.steps[x.Key], x.Step)
	}
}

// asleep holds the small hours of a working day against what they should be:
// machines that were shut down, closed or carried home are asleep, not missed.
func (w *witness) asleep(agents int) {
	w.t.Helper()
	page, err := w.s.Inventory.Devices(w.t.Context(), store.DeviceQuery{Scope: store.Scope{All: true}, Now: w.s.Now()})
	if err != nil {
		w.t.Fatal(err)
	}
	count := map[store.Presence]int{}
	for _, d := range page.Devices {
		count[d.Presence]++
		if d.Presence == store.Missing && d.LastSeen.After(w.start) {
			w.t.Errorf("%s is missed at night", d.Name)
		}
	}
	if 4*count[store.Asleep] < 3*agents || count[store.Online] < 8 {
		w.t.Errorf("at three in the morning: %v", count)
	}
}

// subject is what an incident is on, as the table says it.
func subject(x store.Incident) string {
	switch {
	case x.Kind == store.SiteIncident:
		return x.Site
	case x.Cause != nil:
		return x.Cause.What + " " + x.Cause.Value
	case len(x.Devices) > 0:
		return x.Devices[0].Name
	}
	return ""
}

func (w *witness) all(q store.IncidentQuery) []store.Incident {
	w.t.Helper()
	q.Scope = store.Scope{All: true}
	list, err := w.s.Inventory.Incidents(w.t.Context(), q)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func (w *witness) judge(want []expected) {
	w.t.Helper()
	var rest []store.Incident
	for _, x := range w.all(store.IncidentQuery{Statuses: []store.IncidentStatus{store.New, store.Closed}}) {
		i := slices.IndexFunc(want, func(e expected) bool {
			return e.title == "" && e.kind == x.Kind && e.on == subject(x) && e.rule == x.Rule
		})
		if i < 0 {
			rest = append(rest, x)
			continue
		}
		want[i].title = x.Title
		w.hold(&want[i], x)
	}
	surplus := map[string]int{}
	for _, x := range rest {
		told := w.told(x.Number)
		i := w.joined(want, x)
		switch what := fmt.Sprintf("%s %s on %s", x.Kind, x.Rule, subject(x)); {
		case i < 0:
			if surplus[what]++; surplus[what] == 1 {
				w.t.Errorf("nobody expected #%d, %s: %s, %s; opened %s, cleared %s, told %q", x.Number, what, x.Severity, x.Title, w.since(x.OpenedAt), w.since(x.ClearedAt), told)
			}
		case told != "":
			want[i].alone--
			w.t.Logf("%s: #%d on %s was told before: %s", want[i].name, x.Number, subject(x), told)
		}
	}
	for what, n := range surplus {
		if n > 1 {
			w.t.Errorf("%s: %d times", what, n)
		}
	}
	for _, e := range want {
		if e.title == "" {
			w.t.Errorf("%s: no %s incident of %s on %s", e.name, e.kind, e.rule, e.on)
		}
		if e.alone < 0 {
			w.t.Errorf("%s: %d more of its devices were told one by one than had to be", e.name, -e.alone)
		}
	}
}

// hold compares one incident with its row.
func (w *witness) hold(e *expected, x store.Incident) {
	w.t.Helper()
	told := w.told(x.Number)
	if x.Severity != e.severity {
		w.t.Errorf("%s: severity %s, want %s", e.name, x.Severity, e.severity)
	}
	w.between(e.name+" opened", x.OpenedAt, e.opened, e.within)
	switch {
	case e.cleared != "":
		w.between(e.name+" cleared", x.ClearedAt, e.cleared, e.by)
	case x.Status == store.Closed:
		w.t.Errorf("%s: cleared %s, and should be open", e.name, w.since(x.ClearedAt))
	}
	if told != e.told {
		w.t.Errorf("%s: told %q, want %q", e.name, told, e.told)
	}
	if x.Count < e.size {
		w.t.Errorf("%s: %d devices, want %d", e.name, x.Count, e.size)
	}
	if x.Backlog || x.Hygiene {
		w.t.Errorf("%s: backlog %v, hygiene %v", e.name, x.Backlog, x.Hygiene)
	}
}

// joined finds the cause that a device's incident went into.
func (w *witness) joined(want []expected, x store.Incident) int {
	if x.Kind != store.DeviceIncident || x.Status != store.Closed {
		return -1
	}
	for _, st := range w.steps[x.Key] {
		if st.Do != "cleared" || !st.At.Equal(x.ClearedAt) {
			continue
		}
		for i, e := range want {
			if e.joins && e.title != "" && st.Text == "one cause with others: "+e.title {
				return i
			}
		}
	}
	return -1
}

// told is what was told of an incident.
func (w *witness) told(number int64) string {
	var out []string
	for _, n := range w.news {
		if n.Incident.Number == number {
			out = append(out, n.Kind+" "+n.Incident.Severity)
		}
	}
	return strings.Join(out, ", ")
}

func (w *witness) since(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	d := at.Sub(w.start)
	return fmt.Sprintf("%dd%02dh%02dm", d/day, d%day/hour, d%hour/time.Minute)
}

// between says so when something did not happen in its time.
func (w *witness) between(what string, at time.Time, from string, within time.Duration) {
	w.t.Helper()
	var d, h, m int
	if _, err := fmt.Sscanf(from, "%dd%dh%dm", &d, &h, &m); err != nil {
		w.t.Fatalf("%s: %q: %v", what, from, err)
	}
	begin := w.start.Add(time.Duration(d)*day + time.Duration(h)*hour + time.Duration(m)*time.Minute)
	if at.Before(begin) || at.After(begin.Add(within)) {
		w.t.Errorf("%s %s, want %s and up to %s later", what, w.since(at), from, within)
	}
}

// order compares how the open incidents stand in the list.
func (w *witness) order(want []expected, order string) {
	w.t.Helper()
	var got []string
	for _, x := range w.all(store.IncidentQuery{}) {
		name := fmt.Sprintf("%s on %s", x.Rule, subject(x))
		for _, e := range want {
			if e.kind == x.Kind && e.on == subject(x) && e.rule == x.Rule {
				name = e.name
			}
		}
		got = append(got, name)
	}
	if s := strings.Join(got, ", "); s != order {
		w.t.Errorf("open at the end, by rank:\n  %s\nwant:\n  %s", s, order)
	}
}

// A simulated fleet with sites and gear on a real collector, over its network:
// everything is what it is and stands where it stands.
func TestSimulatedSitesArrive(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	o.must("agency", "add", "state")
	o.must("site", "add", "state/hartford")
	o.must("site", "add", "state/stamford")
	sc, err := simulate.ParseScenario("office.yaml", []byte("sites: [{name: hartford, agents: 4, switches: 1, ups: 1, printers: 1}, {name: stamford}]"), simulate.Scenario{Seed: 7, Rhythm: "always", Speed: 1})
	if err != nil {
		t.Fatal(err)
	}
	f, err := simulate.New(simulate.Options{Agents: 6, Programs: 10, Interval: time.Second, Duration: 8 * time.Second, Dir: folder(t), Scenario: sc,
		Invitations: map[string]enroll.Invitation{"hartford": o.invite(7, "--site", "state/hartford"), "stamford": o.invite(2, "--site", "state/stamford")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := f.Stats(); s.Enrolled != 9 || s.Accepted < 9 {
		t.Errorf("%+v", s)
	}
	var list struct {
		Devices []struct{ Name, Kind, Agency, Site string }
	}
	decode(t, o.must("device", "list", "-o", "json"), &list)
	got := map[string]int{}
	for _, d := range list.Devices {
		got[d.Agency+"/"+d.Site+" "+d.Kind]++
	}
	want := map[string]int{"state/hartford pc": 4, "state/hartford switch": 1, "state/hartford ups": 1, "state/hartford printer": 1, "state/stamford pc": 2}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	o.stop(t)
}

// The page about the simulator names rules that are there.
func TestSimulatorsPageNamesRules(t *testing.T) {
	set, err := rule.Load(rules.Files(), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("../../docs/simulate.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		if !strings.HasPrefix(line, "| `") || strings.Count(line, "|") != 6 {
			continue
		}
		for _, id := range regexp.MustCompile(`\b[A-Z]\d\d\b`).FindAllString(strings.Split(line, "|")[4], -1) {
			n++
			if _, ok := set.Find(id); !ok {
				t.Errorf("there is no rule %s: %s", id, line)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d rules are named", n)
	}
}

// A fleet to which nothing happens but what happens to every fleet (crashes
// that do not come again, updates, scars of long ago, docks pulled, people who
// go home) gives nobody anything to do. Over four weeks of 1,200 PCs two
// incidents are a hundredth of what an office is promised at most, one for 100
// PCs and a week.
func TestNothingIsFoundOnAHealthyFleet(t *testing.T) {
	agents, days, seeds, most := 60, 4, []int{101}, 0
	if full() {
		agents, days, seeds, most = 400, 28, []int{102, 103, 104}, 2
	}
	var found []string
	for _, seed := range seeds {
		script := fmt.Sprintf("seed: %d\nrhythm: office\nsites:\n  - {name: hartford, agents: 60%%, switches: 3, ups: 1, printers: 2}\n  - {name: stamford, switches: 2}\n", seed)
		w := playFleet(t, script, agents, days, course{})
		for _, x := range w.all(store.IncidentQuery{Statuses: []store.IncidentStatus{store.New, store.Closed}}) {
			found = append(found, fmt.Sprintf("seed %d, #%d: %s %s on %s, %s, opened %s, told %q, backlog %v, hygiene %v", seed, x.Number, x.Rule, x.Severity, subject(x), x.Title, w.since(x.OpenedAt), w.told(x.Number), x.Backlog, x.Hygiene))
		}
		if n := w.s.Judges[0].Stats().Observations; n < int64(agents*days*20) {
			t.Errorf("only %d observations", n)
		}
	}
	for _, f := range found {
		t.Log(f)
	}
	if len(found) > most {
		t.Errorf("%d incidents, want %d at most", len(found), most)
	}
}
