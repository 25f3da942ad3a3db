package sqlstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"muster/collector/query"
	"muster/collector/store"
	"muster/internal/inventory"
)

// The test's own binary is the worker that answers people's SQL.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "sql-worker" {
		os.Exit(query.Worker(os.Stdin, os.Stdout))
	}
	code := m.Run()
	atEnd()
	os.Exit(code)
}

// atEnd is done when all tests have run.
var atEnd = func() {}

// TestHealthViews asks as people do, through all walls of package query.
func TestHealthViews(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "inventory.db")
	x := openAt(t, path)
	for n := range 3 {
		addDevice(t, x, n+1)
	}
	take(t, x, entry(1, 1, section(at(1), []inventory.Logon{{CurrentUser: "ines"}})))
	if _, err := x.PutAgency(ctx, store.Agency{Name: "Parks"}); err != nil {
		t.Fatal(err)
	}
	site, err := x.PutSite(ctx, store.Site{Agency: "Parks", Name: "North"})
	if err != nil {
		t.Fatal(err)
	}
	j := round(1)
	i := &j.Incidents[0]
	i.Site, i.Agency, i.SiteID, i.Rank, i.Cause = "then", "then", site.ID, 7.5, &store.Cause{What: "model", Value: "X"}
	j.Findings[0].State, j.Findings[0].ResolvedAt, j.Findings[0].Reason = store.Resolved, at(5), "cleared"
	j.Findings[0].Evidence = []store.Evidence{{Label: "Wear", Value: "104 %"}}
	if err := x.Record(ctx, j); err != nil {
		t.Fatal(err)
	}
	number := i.Number
	for _, s := range []store.Step{{At: at(6), By: "ines", Do: store.DoClaim}, {At: at(7), By: "ines", Do: store.DoNote, Text: "it hums"},
		{At: at(8), By: "ines", Do: store.DoEscalate, To: "vendor"}, {At: at(9), By: "bo", Do: store.DoResolve, Useful: "yes", Replaced: "disk"}} {
		if _, err := x.Work(ctx, store.Scope{All: true}, number, s, nil); err != nil {
			t.Fatal(err)
		}
	}
	// A record behind another, which is behind a third.
	for _, m := range [][2]int{{2, 1}, {1, 3}} {
		if _, err := x.Merge(ctx, deviceID(m[0]), deviceID(m[1]), "", "", at(10)); err != nil {
			t.Fatal(err)
		}
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := &query.Runner{Exe: exe, Args: []string{"sql-worker"}, DB: path}
	ask := func(q string) (query.Result, error) { return r.Run(ctx, query.Request{SQL: q, Personal: true}) }
	for q, want := range map[string]string{
		`SELECT rule, component, state, severity, host_name, since, fired_at, resolved_at, reason, evidence, incident FROM finding ORDER BY component`: fmt.Sprintf(
			`[[R1 0 resolved warn pc-3 2026-01-01T00:01:00.000Z 2026-01-01T00:01:00.000Z 2026-01-01T00:05:00.000Z cleared [{"label":"Wear","value":"104 %%"}] %[1]d] `+
				`[R1 1 firing warn pc-3 2026-01-01T00:01:00.000Z 2026-01-01T00:01:00.000Z <nil> <nil> <nil> %[1]d] [R1 2 firing warn pc-3 2026-01-01T00:01:00.000Z 2026-01-01T00:01:00.000Z <nil> <nil> <nil> %[1]d]]`, number),
		`SELECT kind, title, rule, status, agency, site, cause_what, cause_value, device_count, rank, assignee, escalated_to, resolved_by, useful, replaced, opened_at, resolved_at, cleared_at, told_at, snoozed_to FROM incident`: `[[cause Title D01 resolved Parks North model X 2 7.5 ines vendor bo yes disk 2026-01-01T00:01:00.000Z 2026-01-01T00:09:00.000Z <nil> <nil> <nil>]]`,
		`SELECT act, made_by, text, escalated_to, useful, replaced, at FROM incident_step ORDER BY at, act`: `[[joined <nil> <nil> <nil> <nil> <nil> 2026-01-01T00:01:00.000Z] [opened <nil> <nil> <nil> <nil> <nil> 2026-01-01T00:01:00.000Z] ` +
			`[claim ines <nil> <nil> <nil> <nil> 2026-01-01T00:06:00.000Z] [note ines it hums <nil> <nil> <nil> 2026-01-01T00:07:00.000Z] [escalate ines <nil> vendor <nil> <nil> 2026-01-01T00:08:00.000Z] [resolve bo <nil> <nil> yes disk 2026-01-01T00:09:00.000Z]]`,
		`SELECT DISTINCT host_name, incident = (SELECT number FROM incident) FROM incident_device`:                   `[[pc-3 1]]`,
		`SELECT d.name, count(*) FROM device d JOIN finding f USING (device_id) WHERE f.state = 'firing' GROUP BY 1`: `[[pc-3 2]]`,
		`SELECT count(*) FROM finding`: `[[3]]`,
		`SELECT name FROM sqlite_schema WHERE type = 'view' AND (name LIKE 'finding%' OR name LIKE 'incident%') ORDER BY 1`: `[[finding] [incident] [incident_device] [incident_step]]`,
	} {
		res, err := ask(q)
		if got := fmt.Sprint(res.Rows); err != nil || got != want {
			t.Errorf("%s: %v\n got %s\nwant %s", q, err, got, want)
		}
	}
	for _, q := range []string{`SELECT * FROM finding_rows`, `SELECT key FROM incident_rows`, `SELECT * FROM incident_step_rows`, `SELECT * FROM incident_device_rows`,
		`SELECT * FROM rule_rows`, `SELECT count(*) FROM rule_rows`, `SELECT * FROM maintenance_rows`, `SELECT * FROM notice_announcement`, `SELECT message FROM notice_letter`,
		`SELECT count(*) FROM notice_item`, `DELETE FROM finding`} {
		res, err := ask(q)
		var no *query.Refused
		if !errors.As(err, &no) {
			t.Errorf("%s is answered with %v, %v", q, res.Rows, err)
		}
	}
	// A component may be an account, and evidence who was signed in.
	for _, q := range []string{`SELECT max(evidence) FROM finding`, `SELECT max(component) FROM finding`, `SELECT max(label) FROM finding`,
		`WITH finding (x) AS (SELECT evidence FROM finding_rows) SELECT max(x) FROM finding`} {
		if res, err := r.Run(ctx, query.Request{SQL: q}); err == nil && fmt.Sprint(res.Rows) != "[[<nil>]]" {
			t.Errorf("%s shows %v without the right", q, res.Rows)
		}
	}
	for name := range healthViews() {
		s, _ := inventory.Lookup("software")
		called := *s
		if called.Name = name; checkNames(&called) == nil {
			t.Errorf("a section may be called %s", name)
		}
	}
}
