package storetest

import (
	"fmt"
	"math"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
)

// HealthStore is a store.Health under test, with the inventory whose devices
// it is about.
type HealthStore struct {
	Inventory store.Inventory
	Health    store.Health
	// Told lists what waits to be told, in its order.
	Told func(t *testing.T) []Told
}

// Told is news as it waits to be told.
type Told struct {
	Incident int64
	Kind     string // as in store.News
	At       time.Time
	By, Note string
	Title    string
	Meaning  string
	Devices  []inventory.DeviceID
	Sites    []string // when there are several
}

// RunHealth tests what store.Health promises. open makes an empty store that
// ends with the test.
func RunHealth(t *testing.T, open func(t *testing.T) HealthStore) {
	tests := []struct {
		name string
		run  func(*clinic)
	}{
		{"findings come back as they were", testFindingWhole},
		{"incidents come back as they were", testIncidentWhole},
		{"numbers that are none", testNotNumbers},
		{"the same recorded once more", testRecordTwice},
		{"the same, once it has ended", testRecordEnded},
		{"one open finding of a component", testOneOpen},
		{"one open incident of a key", testOneKey},
		{"one ended and another began", testEndAndBegin},
		{"a judge writes what a judge decides", testJudgesPart},
		{"resolved by a person meanwhile", testResolvedMeanwhile},
		{"what is not there is passed over", testPassedOver},
		{"nothing of what was given up", testGivenUp},
		{"findings listed", testFindings},
		{"incidents listed", testIncidents},
		{"lists of what ended", testEndedLists},
		{"devices of an incident", testIncidentDevices},
		{"devices counted by how they are", testAiling},
		{"scopes", testHealthScope},
		{"merged devices", testHealthMerged},
		{"retired devices", testHealthRetired},
		{"claimed by two", testClaim},
		{"notes and checks", testNotes},
		{"snoozed and awake", testSnooze},
		{"escalated and told", testEscalate},
		{"resolved and reopened", testEnd},
		{"ended by Muster, judged by a person", testWordAfter},
		{"steps that make no sense", testSenseless},
		{"outcomes by rule", testOutcomes},
		{"rules switched off", testSwitchedOff},
		{"maintenance", testMaintenance},
		{"retention and counts", testHealthRetain},
		{"judges and people at once", testHealthConcurrent},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			x.run(&clinic{fleet: &fleet{T: t, s: s.Inventory, seq: map[inventory.DeviceID]uint64{}}, h: s.Health, told: func() []Told { return s.Told(t) }})
		})
	}
}

// clinic is a fleet with its health.
type clinic struct {
	*fleet
	h    store.Health
	told func() []Told
}

// keyOf is the key of a device's incident.
func keyOf(n int, family string) string { return fmt.Sprintf("device:%s:%s", id(n), family) }

// firing makes a finding that fires on the n-th device since an hour, of the
// device's incident.
func firing(n int, rule, severity string, hour float64) store.JudgedFinding {
	return store.JudgedFinding{Key: keyOf(n, "disk"), Finding: store.Finding{Device: id(n), Rule: rule, Family: "disk", Title: "Title of " + rule,
		State: store.Firing, Severity: severity, Worst: severity, Times: 1, Since: hours(hour - 1), FiredAt: hours(hour), JudgedAt: hours(hour)}}
}

// opened makes an incident of the n-th device.
func opened(n int, rule, severity string, hour float64) store.Incident {
	return store.Incident{Kind: store.DeviceIncident, Key: keyOf(n, "disk"), Title: "Title of " + rule, Rule: rule, Family: "disk", Severity: severity,
		Status: store.New, OpenedAt: hours(hour), UpdatedAt: hours(hour), Count: 1, Devices: []store.IncidentDevice{{ID: id(n)}}}
}

// closed is an incident as a judge ends it.
func closed(i store.Incident, hour float64) store.Incident {
	i.Status, i.ClearedAt, i.ResolvedAt, i.UpdatedAt = store.Closed, hours(hour), hours(hour), hours(hour)
	return i
}

// resolved is a finding as a judge ends it.
func resolved(f store.JudgedFinding, hour float64) store.JudgedFinding {
	f.State, f.ResolvedAt, f.JudgedAt, f.Reason = store.Resolved, hours(hour), hours(hour), "cleared"
	return f
}

func (c *clinic) record(j store.Judged) store.Judged {
	c.Helper()
	c.ok(c.h.Record(c.Context(), &j))
	return j
}

// sick records a firing finding with its incident and answers both.
func (c *clinic) sick(n int, rule, severity string, hour float64) (store.JudgedFinding, store.Incident) {
	c.Helper()
	j := c.record(store.Judged{Findings: []store.JudgedFinding{firing(n, rule, severity, hour)}, Incidents: []store.Incident{opened(n, rule, severity, hour)},
		Steps: []store.KeyedStep{{Key: keyOf(n, "disk"), Step: store.Step{At: hours(hour), Do: "opened", Text: "Title of " + rule}}}})
	return j.Findings[0], j.Incidents[0]
}

func (c *clinic) incident(number int64) store.Incident {
	c.Helper()
	i, err := c.h.Incident(c.Context(), all(), number)
	c.ok(err)
	return i
}

func (c *clinic) finding(id int64) store.Finding {
	c.Helper()
	f, err := c.h.Finding(c.Context(), all(), id)
	c.ok(err)
	return f
}

// findings lists IDs.
func (c *clinic) findings(q store.FindingQuery) []int64 {
	c.Helper()
	if !q.Scope.All && q.Scope.Agencies == nil && q.Scope.Sites == nil {
		q.Scope = all()
	}
	l, err := c.h.Findings(c.Context(), q)
	c.ok(err)
	out := []int64{}
	for _, f := range l {
		out = append(out, f.ID)
	}
	return out
}

// incidents lists numbers.
func (c *clinic) incidents(q store.IncidentQuery) []int64 {
	c.Helper()
	if !q.Scope.All && q.Scope.Agencies == nil && q.Scope.Sites == nil {
		q.Scope = all()
	}
	l, err := c.h.Incidents(c.Context(), q)
	c.ok(err)
	out := []int64{}
	for _, i := range l {
		out = append(out, i.Number)
	}
	return out
}

// every lists the findings of any state.
func every() store.FindingQuery {
	return store.FindingQuery{States: []store.FindingState{store.Pending, store.Firing, store.Resolved}}
}

// ever lists the incidents of any status.
func ever() store.IncidentQuery {
	return store.IncidentQuery{Statuses: []store.IncidentStatus{store.New, store.Claimed, store.Snoozed, store.Escalated, store.Closed}}
}

// acts shows the steps of an incident as "do text".
func acts(i store.Incident) []string {
	out := []string{}
	for _, s := range i.Steps {
		out = append(out, fmt.Sprintf("%s:%s", s.Do, s.Text))
	}
	return out
}

func testFindingWhole(c *clinic) {
	_, _, north, _, _ := c.places()
	c.add(1)
	c.ok(c.s.SetSite(c.Context(), id(1), north.ID, true))
	_, i := c.sick(1, "D01", "warn", 1)
	f := store.Finding{Device: id(1), Rule: "D05", Family: "disk", Title: "Drive \"may\" fail", Component: "serial:Ä'1", Label: "Disk 0\n", State: store.Firing, Severity: "warn",
		Worst: "critical", Backlog: true, Flapping: true, Hygiene: true, Times: 3, Since: hours(1), FiredAt: hours(2), WorseAt: hours(3), JudgedAt: hours(4), Reason: "why", Points: 7.25,
		Evidence: []store.Evidence{{Label: "Wear", Value: "104 %"}, {Label: "Chart", Measurement: "smart_attribute", Field: "raw", Labels: map[string]string{"id": "5"}, Hours: 24}}}
	j := c.record(store.Judged{Findings: []store.JudgedFinding{{Finding: f, Key: i.Key}}})
	got := j.Findings[0]
	if got.ID == 0 || got.Incident != i.Number {
		c.Fatalf("recorded as %d of incident %d", got.ID, got.Incident)
	}
	f.ID, f.Incident, f.Name, f.Agency, f.Site = got.ID, i.Number, "pc-1", "Parks", "North"
	c.want("finding", c.finding(f.ID), f)
	l, err := c.h.Findings(c.Context(), store.FindingQuery{Scope: all(), Rules: []string{"D05"}})
	c.ok(err)
	c.want("in the list", l, []store.Finding{f})
	for _, backlog := range []bool{false, true} {
		f.Backlog = backlog
		c.record(store.Judged{Findings: []store.JudgedFinding{{Finding: f}}})
		c.want("listed as it is now", c.findings(store.FindingQuery{Rules: []string{"D05"}, Backlog: &backlog}), []int64{f.ID})
	}
	// Everything of it may change but what it is about.
	f.Title, f.Label, f.Family, f.Severity, f.Worst, f.State = "T", "L", "F", "info", "info", store.Resolved
	f.Backlog, f.Flapping, f.Hygiene, f.Times, f.Points, f.Reason, f.Evidence = false, false, false, 4, 0, "gone", nil
	f.Since, f.FiredAt, f.WorseAt, f.ResolvedAt, f.JudgedAt = hours(5), hours(6), hours(7), hours(8), hours(9)
	c.record(store.Judged{Findings: []store.JudgedFinding{{Finding: f}}})
	c.want("changed", c.finding(f.ID), f)
	// One may be about no device.
	about := firing(1, "M01", "info", 1)
	about.Device, about.Key = "", ""
	none := c.record(store.Judged{Findings: []store.JudgedFinding{about}}).Findings[0]
	c.want("about no device", c.finding(none.ID), none.Finding)
	_, err = c.h.Finding(c.Context(), all(), 9999)
	c.is(err, store.ErrNotFound)
}

func testIncidentWhole(c *clinic) {
	_, _, north, south, _ := c.places()
	c.add(1)
	c.add(2)
	c.ok(c.s.SetSite(c.Context(), id(1), north.ID, true))
	c.ok(c.s.SetSite(c.Context(), id(2), south.ID, true))
	c.report(id(1), t0(), reading(t0(), inventory.System{Model: "ProDesk"}), reading(t0(), inventory.Logon{CurrentUser: "ines"}))
	c.ok(c.s.SetPresence(c.Context(), map[inventory.DeviceID]store.Presence{id(1): store.Online}))
	i := store.Incident{Kind: store.CauseIncident, Key: "cause:D01:model:ä'", Title: "Title", Rule: "D01", Family: "disk", Severity: "critical", Backlog: true, Hygiene: true, Flapping: true,
		Agency: "Parks", Cause: &store.Cause{What: "model", Value: "ProDesk", Members: 7, Size: 9, Lift: 3.5, Ratio: 2, Chance: 0.01}, Status: store.New,
		OpenedAt: hours(1), UpdatedAt: hours(2), ToldAt: hours(2), Told: "warn", Rank: 7.25, Terms: []store.Term{{Name: "risk", Points: 4, Why: "D01"}, {Name: "impact", Points: 3.25}},
		Devices: []store.IncidentDevice{{ID: id(2)}, {ID: id(1)}}, Count: 7}
	f := firing(1, "D01", "critical", 1)
	f.Key = i.Key
	j := c.record(store.Judged{Incidents: []store.Incident{i}, Findings: []store.JudgedFinding{f}, Steps: []store.KeyedStep{
		{Key: i.Key, Step: store.Step{At: hours(2), Do: "joined", Text: "later"}}, {Key: i.Key, Step: store.Step{At: hours(1), Do: "opened", Text: "first"}}}})
	i.Number = j.Incidents[0].Number
	if i.Number == 0 {
		c.Fatal("it has no number")
	}
	user := c.device(id(1)).User
	i.Devices = []store.IncidentDevice{{ID: id(2), Name: "pc-2", Agency: "Parks", Site: "South"},
		{ID: id(1), Name: "pc-1", Kind: c.device(id(1)).Kind, Model: "ProDesk", User: user, Agency: "Parks", Site: "North", Presence: store.Online}}
	l, err := c.h.Incidents(c.Context(), store.IncidentQuery{Scope: all()})
	c.ok(err)
	c.want("in the list", plain(l), plain([]store.Incident{i}))
	i.Findings = []store.Finding{c.finding(j.Findings[0].ID)}
	i.Steps = []store.Step{{At: hours(1), Do: "opened", Text: "first"}, {At: hours(2), Do: "joined", Text: "later"}}
	c.want("incident", plain([]store.Incident{c.incident(i.Number)}), plain([]store.Incident{i}))
	c.want("of all a place", c.incident(i.Number).Site, "")
	// Names of places are those of now.
	at := opened(1, "D02", "warn", 3)
	at.Agency, at.Site, at.SiteID = "Parks", "North", north.ID
	number := c.record(store.Judged{Incidents: []store.Incident{at}}).Incidents[0].Number
	north.Name = "Harbour"
	_, err = c.s.PutSite(c.Context(), north)
	c.ok(err)
	got := c.incident(number)
	c.want("renamed", []any{got.Agency, got.Site, got.SiteID}, []any{"Parks", "Harbour", north.ID})
	_, err = c.h.Incident(c.Context(), all(), 9999)
	c.is(err, store.ErrNotFound)
}

// plain shows incidents with what they point at.
func plain(l []store.Incident) string {
	out := ""
	for _, i := range l {
		cause := i.Cause
		i.Cause = nil
		out += fmt.Sprintf("%+v %+v\n", i, cause)
	}
	return out
}

func testNotNumbers(c *clinic) {
	c.add(1)
	i := opened(1, "D01", "warn", 1)
	i.Rank, i.Terms, i.Cause = math.NaN(), []store.Term{{Points: math.Inf(1)}}, &store.Cause{Lift: math.Inf(1), Ratio: math.NaN()}
	f := firing(1, "D01", "warn", 1)
	f.Points = math.NaN()
	j := c.record(store.Judged{Incidents: []store.Incident{i}, Findings: []store.JudgedFinding{f}})
	got := c.incident(j.Incidents[0].Number)
	c.want("kept as 0", []any{got.Rank, got.Terms, *got.Cause, got.Findings[0].Points}, []any{0.0, []store.Term{{}}, store.Cause{}, 0.0})
	if !math.IsInf(i.Terms[0].Points, 1) {
		c.Error("what was given was changed")
	}
}
