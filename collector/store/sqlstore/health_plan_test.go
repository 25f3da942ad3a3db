package sqlstore

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"muster/collector/store"
	"muster/internal/inventory"
)

// planOf shows how SQLite would answer a query.
func planOf(t *testing.T, x *Inventory, query string, args ...any) string {
	t.Helper()
	rows, err := x.d.readers.Query("EXPLAIN QUERY PLAN "+query, x.d.bind(args)...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		out = append(out, detail)
	}
	return strings.Join(out, "\n")
}

// walks are whole tables that are walked through.
var walks = regexp.MustCompile(`(?m)^SCAN (f|i|m|p|d|o|b|finding_rows|incident_rows|incident_device_rows|incident_step_rows|device_rows)\b.*$`)

const sorted = "USE TEMP B-TREE FOR ORDER BY"

// TestHealthPlans: no list walks a table, and the long ones come in their order
// from an index.
func TestHealthPlans(t *testing.T) {
	x := open(t)
	addDevice(t, x, 1)
	if _, err := x.PutAgency(t.Context(), store.Agency{Name: "Parks"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"South", "North"} {
		if _, err := x.PutSite(t.Context(), store.Site{Agency: "Parks", Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.d.write(t.Context(), func(tx *tx) error {
		return tx.once(fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= %d)
			INSERT INTO device_rows (device_id, first_seen, site) SELECT i, 1, 2 FROM n`, few))
	}); err != nil {
		t.Fatal(err)
	}
	all, some, many := store.Scope{All: true}, store.Scope{Sites: []int64{1}}, store.Scope{Agencies: []int64{1}}
	yes, ines, nobody := true, "ines", ""
	one := []inventory.DeviceID{deviceID(1)}
	check := func(name, by string, walked bool, query string, args ...any) {
		t.Helper()
		plan := planOf(t, x, query, args...)
		if !strings.Contains(plan, by) || walked == strings.Contains(plan, sorted) || walks.MatchString(plan) {
			t.Errorf("%s is not answered by %s, or sorted, or walks:\n%s\n%s", name, by, query, plan)
		}
	}
	err := x.d.read(t.Context(), func(v *view) error {
		for _, q := range []struct {
			name, by string
			walked   bool // in order
			q        store.FindingQuery
		}{
			{"all", "COVERING INDEX finding_by_state (state=?)", true, store.FindingQuery{Scope: all}},
			{"critical", "finding_by_state (state=? AND level=?)", true, store.FindingQuery{Scope: all, Severities: []string{"critical"}}},
			{"two severities", "finding_by_state (state=? AND level=?)", true, store.FindingQuery{Scope: all, Severities: []string{"critical", "info"}}},
			{"rule", "COVERING INDEX finding_by_state (state=?)", true, store.FindingQuery{Scope: all, Rules: []string{"x"}}},
			{"new", "COVERING INDEX finding_by_state (state=?)", true, store.FindingQuery{Scope: all, Backlog: &yes}},
			{"since", "finding_by_state (state=?)", true, store.FindingQuery{Scope: all, From: at(1)}},
			{"resolved", "COVERING INDEX finding_by_state (state=?)", true, store.FindingQuery{Scope: all, States: []store.FindingState{store.Resolved}}},
			{"open", "COVERING INDEX finding_by_state (state=?)", false, store.FindingQuery{Scope: all, States: []store.FindingState{store.Pending, store.Firing}}},
			{"incident", "finding_by_incident (incident=?)", false, store.FindingQuery{Scope: all, Incident: 1}},
			{"device", "finding_by_device (device_no=?)", false, store.FindingQuery{Scope: all, Devices: one}},
			{"device in scope", "finding_by_device (device_no=?)", false, store.FindingQuery{Scope: many, Devices: one}},
			{"few in scope", "finding_by_device (device_no=?)", false, store.FindingQuery{Scope: some}},
			{"many in scope", "finding_by_state (state=?)", true, store.FindingQuery{Scope: many}},
			{"many in scope, critical", "finding_by_state (state=? AND level=?)", true, store.FindingQuery{Scope: many, Severities: []string{"critical"}}},
		} {
			query, args, err := v.findingIDs(t.Context(), q.q)
			if err != nil {
				return err
			}
			check("list of findings: "+q.name, q.by, q.walked, query, args...)
		}
		const byRank = "COVERING INDEX incident_by_rank (<expr>=?)"
		for _, q := range []struct {
			name, by string
			walked   bool
			q        store.IncidentQuery
		}{
			{"all", byRank, true, store.IncidentQuery{Scope: all}},
			{"critical", byRank, true, store.IncidentQuery{Scope: all, Severities: []string{"critical"}}},
			{"hygiene", byRank, true, store.IncidentQuery{Scope: all, Hygiene: &yes, Backlog: &yes}},
			{"rule", byRank, true, store.IncidentQuery{Scope: all, Rules: []string{"x"}, Families: []string{"x"}}},
			{"new", byRank, true, store.IncidentQuery{Scope: all, Statuses: []store.IncidentStatus{store.New, store.Snoozed}}},
			{"nobody's", byRank, true, store.IncidentQuery{Scope: all, Assignee: &nobody}},
			{"resolved", byRank, true, store.IncidentQuery{Scope: all, Statuses: []store.IncidentStatus{store.Closed}, From: at(1)}},
			{"mine", "incident_by_assignee (assignee=?)", false, store.IncidentQuery{Scope: all, Assignee: &ines}},
			{"device", "incident_by_device (device_no=?)", false, store.IncidentQuery{Scope: all, Devices: one}},
			{"few in scope", "incident_by_device (device_no=?)", false, store.IncidentQuery{Scope: some}},
			{"many in scope", "incident_by_rank (<expr>=?)", true, store.IncidentQuery{Scope: many}},
		} {
			query, args, err := v.incidentNumbers(t.Context(), q.q)
			if err != nil {
				return err
			}
			check("list of incidents: "+q.name, q.by, q.walked, query, args...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	check("scope by site", "incident_by_site", false, "SELECT number FROM incident_rows WHERE site_id <> 0 AND site_id IN ("+scopedSites+") ORDER BY number + 0", scopeArgs(some)...)
	which := []any{int64(1), "x", "x"}
	said := slices.Repeat([]any{""}, 21)
	check("a finding by its key", "finding_open (<expr>=? AND rule=? AND component=?)", true, strings.TrimSuffix(findingByKey, returning), append(said, which...)...)
	check("a finding that ended", "finding_by_device (device_no=?)", true, findingEnded, append(which, 1, 1)...)
	check("an incident by its key", "incident_open_key (key=?)", true, incidentOpen, "x")
	check("an incident that ended", "incident_by_key (key=? AND opened_at=?)", true, incidentEnded, "x", 1, true)
	check("old findings", "finding_by_end (resolved_at<?)", true, findingsOld, 1, 1)
	check("old incidents", "incident_by_end (resolved_at<?)", true, incidentsOld, 1, 1)
	check("severity of devices", "incident_by_device (device_no=?)", true, "SELECT d.device_no, "+levelOf+" FROM device_rows d WHERE d.device_no IN (SELECT value FROM json_each(?))", jsonNumbers([]int64{1}))
	check("marks", "incident_by_outcome (rule=? AND useful=? AND outcome_at>?)", false, ruleMarks)
	check("marks", "finding_by_rule (rule=? AND state=?)", false, ruleMarks)
}

// TestProgramPlans: where a program is and was is found by what it is, not by
// walking what all devices have and had.
func TestProgramPlans(t *testing.T) {
	x := open(t)
	for past, by := range map[bool]string{false: "software_by_fact (fact_no=?)", true: "software_past (fact_no=?)"} {
		for _, scope := range []store.Scope{{All: true}, {Sites: []int64{1}}} {
			query, args := installsOf([]string{"x"}, scope, past)
			plan := planOf(t, x, query, args...)
			if !strings.Contains(plan, "software_fact_by_name (name=?)") || !strings.Contains(plan, by) || walks.MatchString(plan) || strings.Contains(plan, "SCAN r") {
				t.Errorf("past %t, %+v:\n%s", past, scope, plan)
			}
		}
	}
	var w where
	w.add("r.until_at IS NULL")
	w.add("r.device_no IN (SELECT value FROM json_each(?))", jsonNumbers([]int64{1}))
	if plan := planOf(t, x, "SELECT r.device_no FROM software_rows r"+w.String()+" ORDER BY r.device_no", w.args...); !strings.Contains(plan, "SEARCH r") {
		t.Errorf("rows of some devices:\n%s", plan)
	}
}
