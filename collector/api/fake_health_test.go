package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"muster/collector/health"
	"muster/collector/health/rule"
	"muster/collector/notify"
	"muster/collector/notify/notifytest"
	"muster/collector/store"
	"muster/internal/inventory"
)

// testRules are three rules: a plain one, one whose evidence tells of a
// person, and one about many devices; and a broken file of the office.
func testRules(t testing.TB, changes ...rule.Made) *rule.Set {
	t.Helper()
	text := func(id, family, more string) []byte {
		return fmt.Appendf(nil, `id: %s
title: Title of %s
family: %s
basis: judgement
source: Made up.
meaning: What %s means.
checks: [Look at it., Look again., Ask somebody.]
disproof: It is not so.
escalate: When it is so.
likelihood: 12 of 20.
%s`, id, id, family, id, more)
	}
	own := fstest.MapFS{
		"S01.yaml": {Data: text("S01", "space", `subject: volume
backlog: true
levels: [{severity: warn, when: disk.used_percent >= 90, clear: disk.used_percent < 80, hold: 1m}, {severity: critical, when: disk.used_percent >= limit.full}]
limits: {full: {default: 98, models: {"OptiPlex*": 99}}}
evidence: [{label: In use, value: disk.used_percent, unit: percent}, {chart: disk.used_percent, over: 30d}]
cases: [{name: never said, every: 1h, rows: {volume: ["mount=C:"]}, expect: ["2h unseen"]}]
`)},
		"P01.yaml": {Data: text("P01", "system", `subject: device
levels: [{severity: warn, when: logon.last_user_name != "nobody"}]
evidence: [{label: Last user, value: logon.last_user_name}, {label: Up, value: system.uptime, unit: second}]
`)},
		"F01.yaml": {Data: text("F01", "fleet", `subject: cause
levels: [{severity: warn, when: cause.members >= 5}]
`)},
	}
	set, err := rule.Reload(own, fstest.MapFS{"X9.yaml": {Data: []byte("id: X9\ncolour: red\n")}}, "/etc/muster/rules", changes, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Rules) != 3 || len(set.Problems) == 0 {
		t.Fatalf("%d rules, problems %v", len(set.Rules), set.Problems)
	}
	return set
}

// judgedBefore is what the tests find: a full disk of pc-1, a person in the
// evidence of pc-2, and one cause of pc-1 and pc-3, which are of two agencies.
func judgedBefore(now time.Time) *store.Judged {
	at := func(hours int) time.Time { return now.Add(-time.Duration(hours) * time.Hour) }
	finding := func(id inventory.DeviceID, name, rule, family, severity, key string, f func(*store.Finding)) store.JudgedFinding {
		x := store.Finding{Device: id, Name: name, Rule: rule, Family: family, Title: "Title of " + rule, State: store.Firing, Severity: severity, Worst: severity,
			Times: 1, Since: at(3), FiredAt: at(2), WorseAt: at(2), JudgedAt: now}
		if f != nil {
			f(&x)
		}
		return store.JudgedFinding{Finding: x, Key: key}
	}
	incident := func(kind store.IncidentKind, key, rule, family, severity string, rank float64, devices ...store.IncidentDevice) store.Incident {
		return store.Incident{Kind: kind, Key: key, Title: "Title of " + rule, Rule: rule, Family: family, Severity: severity, Status: store.New,
			OpenedAt: at(2), UpdatedAt: at(1), Rank: rank, Devices: devices, Count: len(devices),
			Terms: []store.Term{{Name: "risk", Points: rank, Why: "pc-1: " + rule + " " + severity}}}
	}
	one := store.IncidentDevice{ID: pc1, Name: "pc-1", Kind: "pc", User: "jdoe", Agency: "parks", Site: "hartford"}
	two := store.IncidentDevice{ID: pc2, Name: "pc-2", Kind: "pc", Agency: "parks", Site: "hartford"}
	three := store.IncidentDevice{ID: pc3, Name: "pc-3", Kind: "pc", Agency: "roads", Site: "dover"}
	cause := incident(store.CauseIncident, "cause:model:Book 14", "F01", "fleet", "warn", 9, one, three)
	cause.Cause = &store.Cause{What: "model", Value: "Book 14", Members: 2, Size: 40, Lift: 5}
	cause.Terms = append(cause.Terms, store.Term{Name: "risk", Points: 3, Why: "pc-3: F01 warn"}, store.Term{Name: "shared", Points: -1, Why: "one cause of 2 devices"})
	old := incident(store.DeviceIncident, "device:"+pc2+":space", "S01", "space", "warn", 1, two)
	old.Backlog = true
	upkeep := incident(store.DeviceIncident, "device:"+pc2+":hygiene", "P01", "system", "warn", 2, two)
	upkeep.Hygiene = true
	return &store.Judged{
		Incidents: []store.Incident{
			incident(store.DeviceIncident, "device:"+pc1+":space", "S01", "space", "critical", 4, one),
			cause, old, upkeep,
			incident(store.DeviceIncident, "device:"+pc3+":system", "P01", "system", "warn", 3, three),
		},
		Findings: []store.JudgedFinding{
			finding(pc1, "pc-1", "S01", "space", "critical", "device:"+pc1+":space", func(f *store.Finding) {
				f.Component, f.Label = "C:", "C:"
				f.Evidence = []store.Evidence{{Label: "In use", Value: "99 %"}, {Label: "Not of the rule", Value: "jdoe was here", Personal: true}, {Measurement: "disk", Field: "used_percent", Hours: 720}}
			}),
			finding(pc1, "pc-1", "S01", "space", "warn", "cause:model:Book 14", func(f *store.Finding) { f.Component, f.Label = "D:", "D:" }),
			finding(pc2, "pc-2", "S01", "space", "warn", "device:"+pc2+":space", func(f *store.Finding) { f.Component, f.Backlog = "C:", true }),
			finding(pc2, "pc-2", "P01", "system", "warn", "device:"+pc2+":hygiene", func(f *store.Finding) {
				f.Hygiene = true
				f.Evidence = []store.Evidence{{Label: "Last user", Value: "jdoe", Personal: true}, {Label: "Up", Value: "3 days"}}
			}),
			finding(pc3, "pc-3", "P01", "system", "warn", "device:"+pc3+":system", nil),
			finding(pc3, "pc-3", "S01", "space", "warn", "cause:model:Book 14", nil),
			finding("", "", "F01", "fleet", "info", "", nil),
		},
		Steps: []store.KeyedStep{{Key: "device:" + pc1 + ":space", Step: store.Step{At: at(2), Do: "opened", Text: "Title of S01"}}},
	}
}

// fakeHealth keeps to the contract of store.Health as far as the operations
// lean on it.
type fakeHealth struct {
	inventory *fakeInventory
	// It is asked by several requests at once in the fuzz tests.
	mu          sync.Mutex
	findings    []store.Finding
	incidents   []store.Incident
	maintenance []store.Maintenance
	marks       []store.RuleMark
	told        []store.News
	asked       store.IncidentQuery
	broken      error
}

var _ store.Health = (*fakeHealth)(nil)

func newFakeHealth(inv *fakeInventory, now time.Time) *fakeHealth {
	h := &fakeHealth{inventory: inv, marks: []store.RuleMark{{Rule: "S01", Useful: 5, Useless: 1, Wrong: 2, Open: 3}, {Rule: "P01", Off: "it failed three times", OffAt: now, Useless: 20}}}
	j := judgedBefore(now)
	keys := map[string]int64{}
	for i, x := range j.Incidents {
		x.Number = int64(i + 1)
		keys[x.Key] = x.Number
		for _, s := range j.Steps {
			if s.Key == x.Key {
				x.Steps = append(x.Steps, s.Step)
			}
		}
		h.incidents = append(h.incidents, x)
	}
	for i, f := range j.Findings {
		f.ID, f.Incident = int64(i+1), keys[f.Key]
		h.findings = append(h.findings, f.Finding)
	}
	return h
}

func orderOf(severity string) int {
	return slices.Index([]string{"info", "warn", "critical"}, severity)
}

func (x *fakeHealth) Findings(_ context.Context, q store.FindingQuery) ([]store.Finding, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	states := q.States
	if len(states) == 0 {
		states = []store.FindingState{store.Firing}
	}
	var out []store.Finding
	for _, f := range x.findings {
		switch {
		case !q.Scope.All && (f.Device == "" || !x.inventory.sees(q.Scope, f.Device)),
			len(q.Devices) > 0 && !slices.Contains(q.Devices, f.Device),
			!slices.Contains(states, f.State),
			len(q.Rules) > 0 && !slices.Contains(q.Rules, f.Rule),
			len(q.Severities) > 0 && !slices.Contains(q.Severities, f.Severity),
			q.Incident != 0 && f.Incident != q.Incident,
			q.Backlog != nil && f.Backlog != *q.Backlog,
			!q.From.IsZero() && f.FiredAt.Before(q.From),
			!q.To.IsZero() && !f.FiredAt.Before(q.To):
			continue
		}
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b store.Finding) int { return orderOf(b.Severity) - orderOf(a.Severity) })
	if q.Limit > 0 && len(out) > q.Limit {
		out = out[:q.Limit]
	}
	return out, x.broken
}

func (x *fakeHealth) Finding(_ context.Context, s store.Scope, id int64) (store.Finding, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, f := range x.findings {
		if f.ID == id && (s.All || f.Device != "" && x.inventory.sees(s, f.Device)) {
			return f, nil
		}
	}
	return store.Finding{}, fmt.Errorf("finding %d: %w", id, store.ErrNotFound)
}

// within is an incident as a scope sees it.
func (x *fakeHealth) within(s store.Scope, i store.Incident) (store.Incident, bool) {
	all := i.Devices
	i.Devices = nil
	for _, d := range all {
		if x.inventory.sees(s, d.ID) {
			i.Devices = append(i.Devices, d)
		}
	}
	return i, len(i.Devices) > 0
}

func (x *fakeHealth) Incidents(_ context.Context, q store.IncidentQuery) ([]store.Incident, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.asked = q
	var out []store.Incident
	for _, i := range x.incidents {
		i, seen := x.within(q.Scope, i)
		about := slices.ContainsFunc(i.Devices, func(d store.IncidentDevice) bool { return slices.Contains(q.Devices, d.ID) })
		switch {
		case !seen, len(q.Devices) > 0 && !about,
			len(q.Statuses) == 0 && i.Status == store.Closed,
			len(q.Statuses) > 0 && !slices.Contains(q.Statuses, i.Status),
			len(q.Severities) > 0 && !slices.Contains(q.Severities, i.Severity),
			len(q.Families) > 0 && !slices.Contains(q.Families, i.Family),
			len(q.Rules) > 0 && !slices.Contains(q.Rules, i.Rule),
			q.Assignee != nil && i.Assignee != *q.Assignee,
			q.Backlog != nil && i.Backlog != *q.Backlog,
			q.Hygiene != nil && i.Hygiene != *q.Hygiene,
			!q.From.IsZero() && i.OpenedAt.Before(q.From),
			!q.To.IsZero() && !i.OpenedAt.Before(q.To):
			continue
		}
		i.Steps = nil
		out = append(out, i)
	}
	slices.SortStableFunc(out, func(a, b store.Incident) int { return cmp.Compare(b.Rank, a.Rank) })
	if q.Limit > 0 && len(out) > q.Limit {
		out = out[:q.Limit]
	}
	return out, x.broken
}

func (x *fakeHealth) Incident(_ context.Context, s store.Scope, number int64) (store.Incident, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.one(s, number)
}

func (x *fakeHealth) one(s store.Scope, number int64) (store.Incident, error) {
	for _, i := range x.incidents {
		if i.Number != number {
			continue
		}
		i, seen := x.within(s, i)
		if !seen {
			break
		}
		for _, f := range x.findings {
			if f.Incident == number && x.inventory.sees(s, f.Device) {
				i.Findings = append(i.Findings, f)
			}
		}
		i.Steps = slices.Clone(i.Steps)
		return i, nil
	}
	return store.Incident{}, fmt.Errorf("incident %d: %w", number, store.ErrNotFound)
}

func (x *fakeHealth) Record(context.Context, *store.Judged) error { return nil }

func (x *fakeHealth) Work(_ context.Context, s store.Scope, number int64, step store.Step, tell *store.News) (store.Incident, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, err := x.one(s, number); err != nil {
		return store.Incident{}, err
	}
	i := &x.incidents[number-1]
	no := func(why string) (store.Incident, error) {
		return store.Incident{}, fmt.Errorf("incident %d: %s: %w", number, why, store.ErrConflict)
	}
	closed := i.Status == store.Closed
	if closed && step.Do != store.DoNote && step.Do != store.DoReopen {
		return no("it is resolved: reopen it first")
	}
	switch step.Do {
	case store.DoClaim:
		if i.Assignee != "" && i.Assignee != step.By && i.Status != store.Escalated {
			return no(i.Assignee + " has claimed it")
		}
		if i.Assignee == step.By {
			return x.one(s, number)
		}
		i.Status, i.Assignee, i.ClaimedAt = store.Claimed, step.By, step.At
	case store.DoRelease:
		if i.Assignee == "" {
			return no("nobody has claimed it")
		}
		i.Status, i.Assignee = store.New, ""
	case store.DoCheck:
		i.Checked = append(i.Checked, step.Item)
	case store.DoUncheck:
		i.Checked = slices.DeleteFunc(i.Checked, func(n int) bool { return n == step.Item })
	case store.DoSnooze:
		i.Status, i.SnoozedTo = store.Snoozed, step.Until
	case store.DoWake:
		if i.Status != store.Snoozed {
			return no("it is not snoozed")
		}
		i.Status, i.SnoozedTo = store.New, time.Time{}
	case store.DoEscalate:
		i.Status, i.Escalated = store.Escalated, step.To
	case store.DoResolve:
		i.Status, i.Useful, i.Replaced, i.ResolvedAt = store.Closed, step.Useful, step.Replaced, step.At
	case store.DoReopen:
		if !closed {
			return no("it is open")
		}
		i.Status, i.Useful = store.New, ""
	}
	if tell != nil {
		x.told = append(x.told, *tell)
	}
	i.Steps = append(i.Steps, step)
	return x.one(s, number)
}

func (x *fakeHealth) Maintenances(context.Context) ([]store.Maintenance, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.maintenance), x.broken
}

func (x *fakeHealth) PutMaintenance(_ context.Context, m store.Maintenance) (store.Maintenance, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	m.ID = int64(len(x.maintenance) + 1)
	x.maintenance = append(x.maintenance, m)
	return m, nil
}

func (x *fakeHealth) DeleteMaintenance(_ context.Context, id int64) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := len(x.maintenance)
	if x.maintenance = slices.DeleteFunc(x.maintenance, func(m store.Maintenance) bool { return m.ID == id }); len(x.maintenance) == n {
		return fmt.Errorf("maintenance %d: %w", id, store.ErrNotFound)
	}
	return nil
}

func (x *fakeHealth) RuleMarks(context.Context) ([]store.RuleMark, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.marks), x.broken
}

func (x *fakeHealth) ResetRule(_ context.Context, rule string, at time.Time) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := range x.marks {
		if x.marks[i].Rule == rule {
			x.marks[i] = store.RuleMark{Rule: rule, Since: at, Open: x.marks[i].Open}
		}
	}
	return nil
}

func (x *fakeHealth) SwitchOff(context.Context, string, string, time.Time) error { return nil }

// fakeJudge explains without having judged, and keeps one change.
type fakeJudge struct {
	t    testing.TB
	mu   sync.Mutex
	set  *rule.Set
	made *rule.Made
}

func (x *fakeJudge) Rules() *rule.Set {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.set
}

func (x *fakeJudge) Change(_ context.Context, id string, from func(rule.Change) rule.Change, by, reason string, at time.Time) error {
	r, _ := x.Rules().Find(id)
	c, plain := rule.Change{Rule: r.ID}, r.Document
	if r.Made != nil {
		c, plain = r.Made.Change, *r.Plain
	}
	c = from(c)
	if _, ps := c.Over(plain); len(ps) > 0 {
		return ps
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.made = &rule.Made{Change: c.Less(plain), By: by, Reason: reason, At: at}
	x.set = testRules(x.t, *x.made)
	return nil
}

func (x *fakeJudge) Restore(_ context.Context, id string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.made == nil || !strings.EqualFold(x.made.Rule, id) {
		return store.ErrNotFound
	}
	x.made, x.set = nil, testRules(x.t)
	return nil
}

func (x *fakeJudge) Try(c rule.Change) (*rule.Set, error) {
	r, _ := x.Rules().Find(c.Rule)
	if _, ps := c.Over(r.Document); len(ps) > 0 {
		return nil, ps
	}
	return testRules(x.t, rule.Made{Change: c}), nil
}

func (x *fakeJudge) Stats() health.Stats { return health.Stats{Devices: 4, Observations: 9} }

func (x *fakeJudge) Explain(_ context.Context, id inventory.DeviceID, ruleID, component string) ([]health.Explanation, error) {
	r, ok := x.set.Find(ruleID)
	if !ok {
		return nil, health.ErrUnknownRule
	}
	if component == "Z:" {
		return nil, nil
	}
	e := health.Explanation{Device: id, Name: "pc", Rule: r.ID, Title: r.Title, Component: component, State: "firing"}
	for _, slot := range r.Inputs {
		in := &x.set.Inputs[slot]
		e.Inputs = append(e.Inputs, health.InputNow{Name: in.String(), Value: map[bool]string{true: "jdoe", false: "99 %"}[in.Personal()]})
	}
	for _, s := range r.Shown {
		e.Evidence = append(e.Evidence, store.Evidence{Label: s.Label, Value: map[bool]string{true: "jdoe", false: "99 %"}[s.Personal], Personal: s.Personal})
	}
	return []health.Explanation{e}, nil
}

// fakeChannels keeps channels and routes.
type fakeChannels struct {
	mu       sync.Mutex
	records  []notify.ChannelRecord
	secrets  map[string]map[string]Secret
	routes   []notify.Route
	reloaded int
	woken    int
	tested   error
}

func (x *fakeChannels) Channels(context.Context) ([]notify.ChannelRecord, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.records), nil
}

func (x *fakeChannels) PutChannel(_ context.Context, r notify.ChannelRecord, secrets map[string]Secret) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if strings.Contains(string(r.Settings), "nowhere") {
		return NewProblem(invalid, "host %q: the name of a mail server is expected", "nowhere")
	}
	if x.secrets == nil {
		x.secrets = map[string]map[string]Secret{}
	}
	if x.secrets[r.ID] == nil {
		x.secrets[r.ID] = map[string]Secret{}
	}
	for name, secret := range secrets {
		if x.secrets[r.ID][name] = secret; secret == "" {
			delete(x.secrets[r.ID], name)
		}
	}
	r.Secrets = nil
	for name := range x.secrets[r.ID] {
		r.Secrets = append(r.Secrets, name)
	}
	slices.Sort(r.Secrets)
	x.records = slices.DeleteFunc(x.records, func(k notify.ChannelRecord) bool { return k.ID == r.ID })
	x.records = append(x.records, r)
	return nil
}

func (x *fakeChannels) DeleteChannel(_ context.Context, name string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.records = slices.DeleteFunc(x.records, func(k notify.ChannelRecord) bool { return k.Name == name })
	return nil
}

func (x *fakeChannels) Routes(context.Context) ([]notify.Route, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.routes), nil
}

func (x *fakeChannels) PutRoute(_ context.Context, r notify.Route, now time.Time) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	r.Created = now
	for i := range x.routes {
		if x.routes[i].Name == r.Name {
			x.routes[i] = r
			return nil
		}
	}
	x.routes = append(x.routes, r)
	return nil
}

func (x *fakeChannels) OrderRoutes(_ context.Context, names []string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	slices.SortStableFunc(x.routes, func(a, b notify.Route) int {
		return slices.Index(names, a.Name) - slices.Index(names, b.Name)
	})
	return nil
}

func (x *fakeChannels) DeleteRoute(_ context.Context, name string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.routes = slices.DeleteFunc(x.routes, func(r notify.Route) bool { return r.Name == name })
	return nil
}

func (x *fakeChannels) Test(context.Context, string) error { return x.tested }

func (x *fakeChannels) Wake() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.woken++
}

func (x *fakeChannels) Reload() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.reloaded++
}

// offices are how people of the tests are told: a channel, a route and two
// messages, one of which was put aside.
func newNotices(t testing.TB, x *fakeChannels, letters *notifytest.Memory, now time.Time) Notices {
	t.Helper()
	x.records = []notify.ChannelRecord{{ID: "one", Name: "desk", Kind: "mail", Settings: []byte(`{"host":"mail.example.org"}`), Secrets: []string{}, ChangedBy: "ann", CreatedAt: now, ChangedAt: now}}
	x.routes = []notify.Route{{Name: "all", Channel: "desk", Created: now}}
	twoLetters(t, letters, now)
	return Notices{Kinds: []ChannelKind{{"mail", []string{"password"}}, {"webhook", []string{"url", "key", "authorization"}}, {"syslog", nil}},
		Channels: x, Routes: x, Letters: letters, Notifier: x}
}

// twoLetters settles two messages of the channel desk and puts one aside.
func twoLetters(t testing.TB, letters notify.Store, now time.Time) {
	t.Helper()
	for _, id := range []string{"n-1", "n-2"} {
		l := &notify.Letter{ID: id, Channel: "desk", Kind: notify.Notices, Subject: "Subject of " + id, Formed: now, Since: now, State: notify.Unsent, Message: notify.Message{ID: id}}
		if err := letters.Settle(t.Context(), "desk", notify.Settlement{Letter: l}); err != nil {
			t.Fatal(err)
		}
	}
	if err := letters.Mark(t.Context(), "n-1", notify.Mark{State: notify.Failed, At: now, Said: "550 no such mailbox"}); err != nil {
		t.Fatal(err)
	}
}
