package sqlstore

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
)

const (
	benchSites    = 400
	benchAgencies = 20
	benchRules    = 60
)

// benchFindings makes the n-th device's findings of one round: one that fires,
// of an incident for two of three, and for one in ten that is shared.
func benchFindings(n int, hour int) (store.JudgedFinding, *store.Incident) {
	rule := fmt.Sprintf("R%02d", n%benchRules)
	severity := []string{"info", "warn", "warn", "critical"}[n%4]
	begin := at(60*hour + n%600)
	f := store.JudgedFinding{Finding: store.Finding{Device: deviceID(n), Rule: rule, Family: fmt.Sprint("family", n%8), Title: "The drive says that it is going to fail", Component: "sda", Label: "Disk 0 (Model X)",
		State: store.Firing, Severity: severity, Worst: severity, Backlog: n%3 == 0, Hygiene: n%5 == 0, Times: 1, Since: begin, FiredAt: begin, JudgedAt: begin,
		Evidence: []store.Evidence{{Label: "Reallocated sectors", Value: "104"}, {Label: "Reallocated sectors over 30 days", Measurement: "smart_attribute", Field: "raw_value", Labels: map[string]string{"id": "5"}, Hours: 720}}}}
	if n%3 == 2 {
		return f, nil
	}
	i := store.Incident{Kind: store.DeviceIncident, Key: fmt.Sprintf("device:%s:%s", deviceID(n), f.Family), Title: f.Title, Rule: rule, Family: f.Family, Severity: severity, Backlog: f.Backlog, Hygiene: f.Hygiene,
		Status: store.New, OpenedAt: begin, UpdatedAt: begin, Rank: float64(n*7919%10_007) / 100, Count: 1, Devices: []store.IncidentDevice{{ID: f.Device}},
		Terms: []store.Term{{Name: "risk", Points: 4, Why: "pc-1: " + rule + " warn"}, {Name: "impact", Points: 2, Why: "about 20 minutes of work a day"}}}
	if n%10 == 0 {
		i.Kind, i.Key, i.Count = store.CauseIncident, fmt.Sprint("cause:", n/1000), 100
		i.Cause = &store.Cause{What: "model", Value: "X", Members: 100, Size: 900, Lift: 12}
	}
	f.Key = i.Key
	return f, &i
}

// benchHealth is a fleet with a finding on each device and as many that ended.
func benchHealth(b *testing.B, devices int) *Inventory {
	b.Helper()
	path := os.Getenv("MUSTER_BENCH_HEALTH_FILE")
	if path == "" {
		path = filepath.Join(b.TempDir(), "inventory.db")
	}
	x := openAt(b, path)
	if c, err := x.Counts(b.Context()); err != nil || c.Findings > 0 {
		return x
	}
	fill(b, x, devices, 0)
	ctx := b.Context()
	for s := range benchSites {
		agency := fmt.Sprintf("Agency %02d", s%benchAgencies)
		if s < benchAgencies {
			if _, err := x.PutAgency(ctx, store.Agency{Name: agency}); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := x.PutSite(ctx, store.Site{Agency: agency, Name: fmt.Sprintf("Site %03d", s)}); err != nil {
			b.Fatal(err)
		}
	}
	if err := x.d.write(ctx, func(t *tx) error {
		return t.do("UPDATE device_rows SET site = 1 + device_no % ?", benchSites)
	}); err != nil {
		b.Fatal(err)
	}
	for _, ended := range []bool{true, false} {
		for from := 1; from <= devices; from += 500 {
			var j store.Judged
			for n := from; n < min(from+500, devices+1); n++ {
				f, i := benchFindings(n, 0)
				if ended {
					f.State, f.ResolvedAt = store.Resolved, f.FiredAt.Add(time.Hour)
				}
				j.Findings = append(j.Findings, f)
				if i == nil {
					continue
				}
				if ended {
					i.Status, i.ClearedAt, i.ResolvedAt = store.Closed, f.ResolvedAt, f.ResolvedAt
				}
				j.Incidents = append(j.Incidents, *i)
				j.Steps = append(j.Steps, store.KeyedStep{Key: i.Key, Step: store.Step{At: i.OpenedAt, Do: "opened", Text: i.Title}})
			}
			if err := x.Record(ctx, &j); err != nil {
				b.Fatal(err)
			}
		}
	}
	return x
}

// BenchmarkHealth measures lists of findings and incidents, and records, at
// one firing finding per device; MUSTER_BENCH_DEVICES=100000 is the large one.
func BenchmarkHealth(b *testing.B) {
	devices := fleetSize()
	x := benchHealth(b, devices)
	ctx := b.Context()
	c, err := x.Counts(ctx)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d devices, %d findings, %d incidents open, %d MB", c.Devices, c.Findings, c.Incidents, c.Bytes>>20)
	all, site, agency := store.Scope{All: true}, store.Scope{Sites: []int64{7}}, store.Scope{Agencies: []int64{3}}
	half := store.Scope{}
	for a := range int64(benchAgencies / 2) {
		half.Agencies = append(half.Agencies, a+1)
	}
	yes, no, ines, nobody := true, false, "ines", ""
	var numbers []int64
	timed := func(name string, ask func() (int, error)) {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			found := 0
			for b.Loop() {
				start := time.Now()
				n, err := ask()
				if err != nil {
					b.Fatal(err)
				}
				took, found = append(took, time.Since(start)), n
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95_ms")
			b.ReportMetric(float64(found), "found")
		})
	}
	for _, q := range []struct {
		name string
		q    store.FindingQuery
	}{
		{"worst", store.FindingQuery{Scope: all, Limit: 100}},
		{"critical", store.FindingQuery{Scope: all, Severities: []string{"critical"}, Limit: 100}},
		{"info", store.FindingQuery{Scope: all, Severities: []string{"info"}, Limit: 100}},
		{"rule", store.FindingQuery{Scope: all, Rules: []string{"R07"}, Limit: 100}},
		{"device", store.FindingQuery{Scope: all, Devices: []inventory.DeviceID{deviceID(devices / 2)}, States: []store.FindingState{store.Pending, store.Firing, store.Resolved}}},
		{"site", store.FindingQuery{Scope: site, Limit: 100}},
		{"agency", store.FindingQuery{Scope: agency, Limit: 100}},
		{"half", store.FindingQuery{Scope: half, Limit: 100}},
		{"resolved", store.FindingQuery{Scope: all, States: []store.FindingState{store.Resolved}, Limit: 100}},
		{"day", store.FindingQuery{Scope: all, From: at(100), To: at(110), Limit: 100}},
		{"open", store.FindingQuery{Scope: all, States: []store.FindingState{store.Pending, store.Firing}}},
	} {
		timed("findings/"+q.name, func() (int, error) {
			l, err := x.Findings(ctx, q.q)
			return len(l), err
		})
	}
	for _, q := range []struct {
		name string
		q    store.IncidentQuery
	}{
		{"board", store.IncidentQuery{Scope: all, Hygiene: &no, Limit: 100}},
		{"hygiene", store.IncidentQuery{Scope: all, Hygiene: &yes, Limit: 100}},
		{"critical", store.IncidentQuery{Scope: all, Severities: []string{"critical"}, Limit: 100}},
		{"mine", store.IncidentQuery{Scope: all, Assignee: &ines, Limit: 100}},
		{"nobodys", store.IncidentQuery{Scope: all, Assignee: &nobody, Limit: 100}},
		{"rule", store.IncidentQuery{Scope: all, Rules: []string{"R07"}, Limit: 100}},
		{"device", store.IncidentQuery{Scope: all, Devices: []inventory.DeviceID{deviceID(devices / 2)}}},
		{"site", store.IncidentQuery{Scope: site, Limit: 100}},
		{"agency", store.IncidentQuery{Scope: agency, Limit: 100}},
		{"half", store.IncidentQuery{Scope: half, Limit: 100}},
		{"resolved", store.IncidentQuery{Scope: all, Statuses: []store.IncidentStatus{store.Closed}, Limit: 100}},
		{"ever", store.IncidentQuery{Scope: all, Statuses: []store.IncidentStatus{store.New, store.Closed}, Limit: 100}},
		{"open", store.IncidentQuery{Scope: all}},
	} {
		timed("incidents/"+q.name, func() (int, error) {
			l, err := x.Incidents(ctx, q.q)
			if len(l) > 0 {
				numbers = append(numbers[:0], l[0].Number)
			}
			return len(l), err
		})
	}
	timed("incident", func() (int, error) {
		i, err := x.Incident(ctx, all, numbers[0])
		return len(i.Findings), err
	})
	timed("marks", func() (int, error) {
		l, err := x.RuleMarks(ctx)
		return len(l), err
	})
	timed("counts", func() (int, error) {
		c, err := x.Counts(ctx)
		return int(c.Findings), err
	})
	hour := 1
	// New findings of a round, then the same with other evidence, then worse,
	// then over.
	var j store.Judged
	record := func(change func(f *store.JudgedFinding)) func() (int, error) {
		return func() (int, error) {
			for k := range j.Findings {
				change(&j.Findings[k])
			}
			return len(j.Findings), x.Record(ctx, &j)
		}
	}
	begin := func(size, incidents int) func() (int, error) {
		return func() (int, error) {
			hour++
			j = store.Judged{}
			for k := range size {
				f, i := benchFindings(1+(hour*size+k)*31%devices, hour)
				f.Component = fmt.Sprint("disk ", hour, k)
				if j.Findings = append(j.Findings, f); i != nil && len(j.Incidents) < incidents {
					j.Incidents = append(j.Incidents, *i)
					j.Steps = append(j.Steps, store.KeyedStep{Key: i.Key, Step: store.Step{At: at(60 * hour), Do: "worse"}})
				}
			}
			return size, x.Record(ctx, &j)
		}
	}
	timed("record/1_new", begin(1, 1))
	timed("record/500_new_300_incidents", begin(500, 300))
	timed("record/500_new", begin(500, 0))
	timed("record/500_said_again", record(func(f *store.JudgedFinding) { f.Times++ }))
	timed("record/500_worse", record(func(f *store.JudgedFinding) {
		f.Severity = map[string]string{"info": "warn", "warn": "critical", "critical": "info"}[f.Severity]
	}))
	timed("record/500_over_and_back", record(func(f *store.JudgedFinding) {
		f.State = map[store.FindingState]store.FindingState{store.Firing: store.Resolved, store.Resolved: store.Firing}[f.State]
	}))
	timed("work", func() (int, error) {
		hour++
		_, err := x.Work(ctx, all, numbers[0], store.Step{At: at(60 * hour), By: "ines", Do: store.DoCheck, Item: 1 + hour%3, Text: "as expected"}, nil)
		return 1, err
	})
}
