package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/health"
	"muster/collector/health/rule"
	"muster/collector/store"
)

// TestHealth asks and works in an office made of maps, and in one over the
// stores that a collector has.
func TestHealth(t *testing.T) {
	for name, make := range map[string]func(testing.TB) *world{"fake": newWorld, "real": newRealWorld} {
		t.Run(name, func(t *testing.T) {
			w := make(t)
			t.Run("list", func(t *testing.T) { incidentList(t, w) })
			t.Run("in part", func(t *testing.T) { incidentInPart(t, w) })
			t.Run("persons", func(t *testing.T) { personsInHealth(t, w, name) })
			t.Run("findings", func(t *testing.T) { findings(t, w) })
			t.Run("work", func(t *testing.T) { workOnIncidents(t, w) })
		})
	}
}

// incidentList is what somebody sees who asks for nothing in particular: what
// needs hands, the worst first; the rest is counted.
func incidentList(t *testing.T, w *world) {
	ctx := t.Context()
	titles := func(who string, in IncidentListInput) string {
		t.Helper()
		list, err := w.client(who).IncidentList(ctx, in)
		if err != nil {
			t.Errorf("%+v: %v", in, err)
			return ""
		}
		var out []string
		for _, i := range list.Incidents {
			out = append(out, i.Severity+" "+i.Key)
		}
		return strings.Join(out, ", ") + fmt.Sprintf(" %+v", list.Apart)
	}
	full, cause, system := "critical device:"+pc1+":space", "warn cause:model:Book 14", "warn device:"+pc3+":system"
	old, upkeep := "warn device:"+pc2+":space", "warn device:"+pc2+":hygiene"
	// The critical one comes first although the cause is ranked higher.
	apart := " {Backlog:1 Hygiene:1 Snoozed:0}"
	for _, c := range []struct {
		who  string
		in   IncidentListInput
		want string
	}{
		{"admin", IncidentListInput{}, full + ", " + cause + ", " + system + apart},
		{"intern-parks", IncidentListInput{}, full + ", " + cause + apart},
		{"admin", IncidentListInput{All: true}, full + ", " + cause + ", " + system + ", " + upkeep + ", " + old + " {Backlog:0 Hygiene:0 Snoozed:0}"},
		{"admin", IncidentListInput{Backlog: "yes"}, old + " {Backlog:0 Hygiene:1 Snoozed:0}"},
		{"admin", IncidentListInput{Hygiene: "yes"}, upkeep + " {Backlog:0 Hygiene:0 Snoozed:0}"},
		{"admin", IncidentListInput{Severities: []string{"WARN"}}, cause + ", " + system + apart},
		{"admin", IncidentListInput{Families: []string{"space"}}, full + " {Backlog:1 Hygiene:0 Snoozed:0}"},
		{"admin", IncidentListInput{Rules: []string{"f01"}}, cause + " {Backlog:0 Hygiene:0 Snoozed:0}"},
		{"admin", IncidentListInput{Site: "dover"}, cause + ", " + system + " {Backlog:0 Hygiene:0 Snoozed:0}"},
		{"admin", IncidentListInput{Site: "parks/hartford", Filter: "name:pc-1 or name:pc-3"}, full + ", " + cause + " {Backlog:0 Hygiene:0 Snoozed:0}"},
		{"admin", IncidentListInput{Filter: "name:nothing"}, " {Backlog:0 Hygiene:0 Snoozed:0}"},
		{"admin", IncidentListInput{Mine: true}, " {Backlog:0 Hygiene:0 Snoozed:0}"},
		{"admin", IncidentListInput{Unclaimed: true, From: "1h"}, " {Backlog:0 Hygiene:0 Snoozed:0}"},
		{"admin", IncidentListInput{From: "3h", To: "now", Statuses: []string{"new"}}, full + ", " + cause + ", " + system + apart},
	} {
		if got := titles(c.who, c.in); got != c.want {
			t.Errorf("%s %+v:\n%s\nwant\n%s", c.who, c.in, got, c.want)
		}
	}
	one, err := w.client("admin").IncidentList(ctx, IncidentListInput{Limit: 1})
	if err != nil || len(one.Incidents) != 1 || !one.More || one.Incidents[0].Severity != "critical" {
		t.Errorf("%v %s", err, asJSON(one))
	}
	for _, c := range []struct {
		in         IncidentListInput
		kind, want string
	}{
		{IncidentListInput{Mine: true, Unclaimed: true}, invalid, "exclude each other"},
		{IncidentListInput{Assignee: "ann", Mine: true}, invalid, "exclude each other"},
		{IncidentListInput{Statuses: []string{"clamed"}}, invalid, "did you mean claimed?"},
		{IncidentListInput{Severities: []string{"bad"}}, invalid, "there is info, warn, critical"},
		{IncidentListInput{Families: []string{"spice"}}, invalid, "did you mean space?"},
		{IncidentListInput{Rules: []string{"S02"}}, notFound, "did you mean S01?"},
		{IncidentListInput{Site: "hartfort"}, notFound, "did you mean hartford?"},
		{IncidentListInput{Site: "hartford", Filter: "colour:red"}, badFilter, "at character 1"},
		{IncidentListInput{From: "soon"}, invalid, "is no time"},
	} {
		_, err := w.client("admin").IncidentList(ctx, c.in)
		if p := problemIn(t, err, c.kind); !strings.Contains(p.Detail, c.want) {
			t.Errorf("%+v: %s", c.in, p.Detail)
		}
	}
	_, err = w.client("intern-parks").IncidentList(ctx, IncidentListInput{Site: "roads/dover"})
	problemIn(t, err, notFound)
	_, err = w.client("intern").IncidentList(ctx, IncidentListInput{Filter: "owner:jane"})
	problemIn(t, err, forbidden)
}

// number finds the incident of a key.
func (w *world) number(key string) int64 {
	w.t.Helper()
	list, err := w.client("socket").IncidentList(w.t.Context(), IncidentListInput{All: true})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, i := range list.Incidents {
		if i.Key == key {
			return i.Number
		}
	}
	w.t.Fatalf("there is no incident %s", key)
	return 0
}

// workOnIncidents is a day of two interns: each step is kept with who and
// when, what makes no sense is told with what to do instead, and nobody works
// on what he does not see.
func workOnIncidents(t *testing.T, w *world) {
	ctx := t.Context()
	n := w.number("device:" + pc1 + ":space")
	mara, sam := w.client("intern-parks"), w.client("intern")
	must := func(x IncidentShow, err error) IncidentShow {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	refused := func(kind, want string, err error) {
		t.Helper()
		if p := problemIn(t, err, kind); !strings.Contains(p.Detail, want) {
			t.Errorf("%s, want %q in it", p.Detail, want)
		}
	}
	x := must(mara.IncidentClaim(ctx, IncidentInput{n}))
	if x.Incident.Status != store.Claimed || x.Incident.Assignee != "intern-parks" || x.Incident.ClaimedAt.IsZero() {
		t.Errorf("claimed: %s", asJSON(x.Incident))
	}
	_, err := sam.IncidentClaim(ctx, IncidentInput{n})
	refused(conflict, fmt.Sprintf("intern-parks has claimed it (muster incident show %d tells how it stands; muster incident release %d frees it)", n, n), err)
	must(mara.IncidentNote(ctx, IncidentNoteInput{n, IncidentNote{Text: "Looked at it.\nNothing moved."}}))
	x = must(mara.IncidentCheck(ctx, IncidentCheckInput{n, IncidentCheck{Check: 2, Text: "No."}}))
	if !slices.Equal(x.Incident.Checked, []int{2}) {
		t.Errorf("checked %v", x.Incident.Checked)
	}
	x = must(mara.IncidentCheck(ctx, IncidentCheckInput{n, IncidentCheck{Check: 2, Undo: true}}))
	if len(x.Incident.Checked) != 0 {
		t.Errorf("checked %v", x.Incident.Checked)
	}
	_, err = mara.IncidentCheck(ctx, IncidentCheckInput{n, IncidentCheck{Check: 4}})
	refused(invalid, "there is no check 4: rule S01 has 3", err)
	_, err = mara.IncidentNote(ctx, IncidentNoteInput{n, IncidentNote{Text: " \n "}})
	refused(invalid, "a note needs a text", err)
	_, err = mara.IncidentNote(ctx, IncidentNoteInput{n, IncidentNote{Text: "a\x1bb"}})
	refused(invalid, "no text", err)
	_, err = mara.IncidentWake(ctx, IncidentInput{n})
	refused(conflict, "it is not snoozed", err)
	for until, want := range map[string]string{"yesterday": "neither a duration", "2020-01-01": "has passed", "9w9": "neither", "400d": "more than a year", "0s": "has passed"} {
		_, err = mara.IncidentSnooze(ctx, IncidentSnoozeInput{n, IncidentSnooze{Until: until, Reason: "x"}})
		refused(invalid, want, err)
	}
	_, err = mara.IncidentSnooze(ctx, IncidentSnoozeInput{n, IncidentSnooze{Until: "3d", Reason: " "}})
	refused(invalid, "say why it can wait", err)
	x = must(mara.IncidentSnooze(ctx, IncidentSnoozeInput{n, IncidentSnooze{Until: "3d", Reason: "The part is ordered."}}))
	if x.Incident.Status != store.Snoozed || !x.Incident.SnoozedTo.Equal(w.now.Add(72*time.Hour)) {
		t.Errorf("snoozed: %s", asJSON(x.Incident))
	}
	if list, err := sam.IncidentList(ctx, IncidentListInput{}); err != nil || list.Apart.Snoozed != 1 || strings.Contains(asJSON(list.Incidents), ":space") {
		t.Errorf("what is snoozed is out of the way: %v %s", err, asJSON(list))
	}
	must(mara.IncidentWake(ctx, IncidentInput{n}))
	_, err = mara.IncidentEscalate(ctx, IncidentEscalateInput{n, IncidentEscalation{To: " ", Reason: "x"}})
	refused(invalid, "say to whom", err)
	w.accounts.users = append(w.accounts.users, account.User{ID: 2, Name: "gone", Role: account.Staff, Disabled: true, Scope: store.Scope{All: true}},
		account.User{ID: 3, Name: "roads", Role: account.Intern, Scope: store.Scope{Sites: []int64{9999}}},
		account.User{ID: 4, Name: "intern-parks", Role: account.Intern, Scope: store.Scope{All: true}})
	x = must(mara.IncidentEscalate(ctx, IncidentEscalateInput{n, IncidentEscalation{To: "Intern", Reason: "It grows."}}))
	if x.Incident.Status != store.Escalated || x.Incident.Escalated != "Intern" || w.channels.woken != 1 {
		t.Errorf("escalated: woken %d, %s", w.channels.woken, asJSON(x.Incident))
	}
	// Whom it can go to: who else sees it. Who it went to finds it.
	if !slices.Equal(x.Colleagues, []string{"ann"}) {
		t.Errorf("it can go to %q", x.Colleagues)
	}
	for who, c := range map[string]*Client{"intern": sam, "staff": w.client("staff")} {
		list, err := c.IncidentList(ctx, IncidentListInput{Mine: true})
		if found := slices.ContainsFunc(list.Incidents, func(i store.Incident) bool { return i.Number == n }); err != nil || found != (who == "intern") {
			t.Errorf("among those of %s: %v %v", who, found, err)
		}
	}
	must(sam.IncidentClaim(ctx, IncidentInput{n})) // that is what it was escalated for
	_, err = sam.IncidentResolve(ctx, IncidentResolveInput{n, IncidentOutcome{Useful: "yes", Replaced: "flux"}})
	if p := problemIn(t, err, invalid); !strings.Contains(p.Detail, "power supply") {
		t.Error(p)
	}
	x = must(sam.IncidentResolve(ctx, IncidentResolveInput{n, IncidentOutcome{Useful: "yes", Replaced: "disk", Text: "Copied and swapped."}}))
	if x.Incident.Status != store.Closed || x.Incident.Useful != "yes" || x.Incident.Replaced != "disk" {
		t.Errorf("resolved: %s", asJSON(x.Incident))
	}
	_, err = sam.IncidentClaim(ctx, IncidentInput{n})
	refused(conflict, "it is resolved: reopen it first", err)
	x = must(sam.IncidentReopen(ctx, IncidentInput{n}))
	var did []string
	for _, s := range x.Incident.Steps {
		did = append(did, strings.TrimSpace(s.By+" "+s.Do))
	}
	want := "opened, intern-parks claim, intern-parks note, intern-parks check, intern-parks uncheck, intern-parks snooze, intern-parks wake, intern-parks escalate, intern claim, intern resolve, intern reopen"
	if got := strings.Join(did, ", "); got != want {
		t.Errorf("steps are\n%s\nwant\n%s", got, want)
	}
	if x.Texts == nil || x.Texts.Meaning != "What S01 means." || len(x.Texts.Checks) != 3 {
		t.Errorf("texts: %s", asJSON(x.Texts))
	}

	// Out of scope, or not there: the same words.
	other := w.number("device:" + pc3 + ":system")
	for _, who := range []int64{other, 9999} {
		_, err := mara.IncidentShow(ctx, IncidentInput{who})
		refused(notFound, fmt.Sprintf("there is no incident %d here", who), err)
		for _, do := range []func(context.Context, IncidentInput) (IncidentShow, error){mara.IncidentClaim, mara.IncidentRelease, mara.IncidentWake, mara.IncidentReopen} {
			_, err := do(ctx, IncidentInput{who})
			refused(notFound, "there is no incident", err)
		}
		_, err = mara.IncidentNote(ctx, IncidentNoteInput{who, IncidentNote{Text: "x"}})
		problemIn(t, err, notFound)
		_, err = mara.IncidentCheck(ctx, IncidentCheckInput{who, IncidentCheck{Check: 1}})
		problemIn(t, err, notFound)
		_, err = mara.IncidentSnooze(ctx, IncidentSnoozeInput{who, IncidentSnooze{Until: "1d", Reason: "x"}})
		problemIn(t, err, notFound)
		_, err = mara.IncidentEscalate(ctx, IncidentEscalateInput{who, IncidentEscalation{To: "x", Reason: "x"}})
		problemIn(t, err, notFound)
		_, err = mara.IncidentResolve(ctx, IncidentResolveInput{who, IncidentOutcome{Useful: "no"}})
		problemIn(t, err, notFound)
	}
	_, err = mara.IncidentResolve(ctx, IncidentResolveInput{n, IncidentOutcome{Useful: "perhaps"}})
	problemIn(t, err, invalid)
}

// TestEscalationTells wants news with the rule's texts, and no person in them.
func TestEscalationTells(t *testing.T) {
	w := newWorld(t)
	n := w.number("device:" + pc2 + ":hygiene")
	if _, err := w.client("staff").IncidentEscalate(t.Context(), IncidentEscalateInput{n, IncidentEscalation{To: "Security", Reason: "x"}}); err != nil {
		t.Fatal(err)
	}
	told := asJSON(w.health.told)
	if len(w.health.told) != 1 || !strings.Contains(told, "What P01 means.") || !strings.Contains(told, "Up: 3 days") || strings.Contains(told, "jdoe") {
		t.Errorf("told: %s", told)
	}
}

// incidentInPart wants somebody of one agency to see his part of a cause
// that two share, and no name of the other's machines.
func incidentInPart(t *testing.T, w *world) {
	n := w.number("cause:model:Book 14")
	for _, ask := range []string{"/incidents", fmt.Sprintf("/incidents/%d", n), "/incidents?format=csv", "/findings", "/findings?format=csv", fmt.Sprintf("/findings?incident=%d", n)} {
		resp, body := w.get("intern-parks", ask)
		if resp.StatusCode != 200 || strings.Contains(body, "pc-3") || strings.Contains(body, pc3) || strings.Contains(body, "dover") {
			t.Errorf("%s: %d %s", ask, resp.StatusCode, body)
		}
		if _, body := w.get("admin", ask); !strings.Contains(body, "pc-3") {
			t.Errorf("%s: the admin sees all: %s", ask, body)
		}
	}
	x, err := w.client("intern-parks").IncidentShow(t.Context(), IncidentInput{n})
	if err != nil || len(x.Incident.Devices) != 1 || x.Incident.Count != 2 || len(x.Incident.Findings) != 1 {
		t.Fatalf("%v %s", err, asJSON(x))
	}
	var why []string
	for _, term := range x.Incident.Terms {
		why = append(why, term.Why)
	}
	if !slices.Equal(why, []string{"pc-1: F01 warn", "", "one cause of 2 devices"}) {
		t.Errorf("terms %q", why)
	}
}

// personsInHealth wants no person in what is judged for those who may not
// see persons, and what was left out named.
func personsInHealth(t *testing.T, w *world, name string) {
	space, upkeep := w.number("device:"+pc1+":space"), w.number("device:"+pc2+":hygiene")
	ids := map[string]int64{}
	list, err := w.client("admin").FindingList(t.Context(), FindingListInput{Backlog: "both"})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list.Findings {
		ids[f.Name+f.Rule+f.Component] = f.ID
	}
	for who, sees := range map[string]bool{"intern": false, "intern-parks": false, "intern-person": true, "staff": true, "admin": true} {
		all := ""
		for _, path := range []string{"/incidents?all=true", "/incidents?all=true&format=csv", fmt.Sprintf("/incidents/%d", space), fmt.Sprintf("/incidents/%d", upkeep),
			"/findings", "/findings?backlog=both&format=csv", fmt.Sprintf("/findings/%d", ids["pc-1S01C:"]), fmt.Sprintf("/findings/%d", ids["pc-2P01"]),
			"/explain?device=pc-1&rule=P01", fmt.Sprintf("/findings/%d/explain", ids["pc-2P01"])} {
			resp, body := w.get(who, path)
			if resp.StatusCode != 200 {
				t.Errorf("%s: %d %s", path, resp.StatusCode, body)
			}
			all += body
		}
		if got := strings.Contains(all, "jdoe"); got != sees {
			t.Errorf("%s sees persons: %t\n%s", who, got, all)
		}
		for _, kept := range []string{"Up", "3 days", "99 %", "In use"} {
			if !strings.Contains(all, kept) {
				t.Errorf("%s does not see %q", who, kept)
			}
		}
		x, err := w.client(who).IncidentShow(t.Context(), IncidentInput{space})
		if err != nil {
			t.Fatal(err)
		}
		y, err := w.client(who).IncidentShow(t.Context(), IncidentInput{upkeep})
		if err != nil {
			t.Fatal(err)
		}
		// What stands in no rule in use could be anything.
		want := `[["S01.Not of the rule"],["P01.Last user"]]`
		if name == "fake" { // only there a device has a user
			want = `[["S01.Not of the rule","device.user"],["P01.Last user"]]`
		}
		if sees {
			want = `[null,null]`
		}
		if got := asJSON([][]string{x.Hidden, y.Hidden}); got != want {
			t.Errorf("%s: hidden %s, want %s", who, got, want)
		}
	}
}

func findings(t *testing.T, w *world) {
	ctx := t.Context()
	for _, c := range []struct {
		who     string
		in      FindingListInput
		n       int
		backlog string
	}{
		{"admin", FindingListInput{}, 6, "no"}, // all but what was there at the start
		{"admin", FindingListInput{Backlog: "both"}, 7, "both"},
		{"admin", FindingListInput{Backlog: "yes"}, 1, "yes"},
		{"intern-parks", FindingListInput{}, 3, "no"},
		{"admin", FindingListInput{Filter: "name:pc-2"}, 2, "both"}, // of one machine, everything
		{"admin", FindingListInput{Filter: "name:pc-2", Backlog: "no"}, 1, "no"},
		{"admin", FindingListInput{Filter: "name:nothing"}, 0, "both"},
		{"admin", FindingListInput{Rules: []string{"p01"}}, 2, "no"},
		{"admin", FindingListInput{Severities: []string{"critical"}}, 1, "no"},
		{"admin", FindingListInput{States: []string{"resolved", "pending"}}, 0, "no"},
		{"admin", FindingListInput{Incident: w.number("cause:model:Book 14")}, 2, "both"},
		{"admin", FindingListInput{From: "1h"}, 0, "no"},
	} {
		list, err := w.client(c.who).FindingList(ctx, c.in)
		if err != nil || len(list.Findings) != c.n || list.Backlog != c.backlog || list.More {
			t.Errorf("%s %+v: %v, %d findings, backlog %s", c.who, c.in, err, len(list.Findings), list.Backlog)
		}
	}
	list, err := w.client("admin").FindingList(ctx, FindingListInput{Limit: 2})
	if err != nil || len(list.Findings) != 2 || !list.More || list.Findings[0].Severity != "critical" {
		t.Errorf("%v %s", err, asJSON(list))
	}
	for kind, in := range map[string]FindingListInput{invalid: {States: []string{"firring"}}, notFound: {Rules: []string{"Z99"}}, badFilter: {Filter: "("}} {
		_, err := w.client("admin").FindingList(ctx, in)
		problemIn(t, err, kind)
	}
	var foreign, nobodys int64
	all, err := w.client("admin").FindingList(ctx, FindingListInput{Backlog: "both"})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all.Findings {
		switch {
		case f.Device == "":
			nobodys = f.ID
		case f.Name == "pc-3":
			foreign = f.ID
		}
	}
	for _, id := range []int64{foreign, nobodys, 9999} {
		_, err := w.client("intern-parks").FindingShow(ctx, FindingInput{id})
		problemIn(t, err, notFound)
		_, err = w.client("intern-parks").FindingExplain(ctx, FindingInput{id})
		problemIn(t, err, notFound)
	}
	_, err = w.client("admin").FindingExplain(ctx, FindingInput{nobodys})
	if p := problemIn(t, err, invalid); !strings.Contains(p.Detail, "about no device") {
		t.Error(p)
	}
	_, err = w.client("intern-parks").RuleExplain(ctx, RuleExplainInput{Device: pc3, Rule: "S01"})
	problemIn(t, err, notFound)
	_, err = w.client("admin").RuleExplain(ctx, RuleExplainInput{Device: "pc-1", Rule: "S99"})
	problemIn(t, err, notFound)
	_, err = w.client("admin").RuleExplain(ctx, RuleExplainInput{Device: "pc-1", Rule: "F01"})
	if p := problemIn(t, err, invalid); !strings.Contains(p.Detail, "many devices") {
		t.Error(p)
	}
	_, err = w.client("admin").RuleExplain(ctx, RuleExplainInput{Device: "pc-1", Rule: "S01", Component: "Z:"})
	problemIn(t, err, notFound)
	x, err := w.client("admin").RuleExplain(ctx, RuleExplainInput{Device: "SER1", Rule: "p01"})
	if err != nil || len(x.Explanations) != 1 || x.Explanations[0].Rule != "P01" || len(x.Explanations[0].Inputs) == 0 {
		t.Errorf("%v %s", err, asJSON(x))
	}
}

func TestRules(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.client("intern")
	list, err := c.RuleList(ctx)
	if err != nil || len(list.Rules) != 3 || len(list.Problems) == 0 {
		t.Fatalf("%v %s", err, asJSON(list))
	}
	p01 := list.Rules[1]
	if p01.ID != "P01" || p01.State != "off" || p01.Why != "it failed three times" || !p01.Lowered || p01.Outcomes.Useless != 20 {
		t.Errorf("P01: %+v", p01)
	}
	if s := list.Rules[2]; s.State != "on" || s.Lowered || s.Open != 3 || !slices.Equal(s.Severities, []string{"warn", "critical"}) {
		t.Errorf("S01: %+v", s)
	}
	if p := list.Problems[0]; !strings.HasPrefix(p, "X9.yaml:") || strings.Contains(asJSON(list), "/etc/") {
		t.Errorf("a fault names file and line, and no folder of the collector: %s", asJSON(list.Problems))
	}
	x, err := c.RuleShow(ctx, RuleInput{"s01"})
	if err != nil || len(x.Levels) != 2 || x.Levels[0].HoldSeconds != 60 || x.Levels[0].Clear == "" || x.Limits["full"].Models["OptiPlex*"] != 99 ||
		!slices.Equal(x.Evidence, []string{"In use", "chart of disk.used_percent"}) || !slices.Equal(x.Cases, []string{"never said"}) || !slices.Equal(x.Kinds, []string{"pc", "server"}) {
		t.Errorf("%v %s", err, asJSON(x))
	}
	for _, in := range x.Inputs {
		if in.Name == "disk.used_percent" && in.Doc == "" {
			t.Errorf("%+v says nothing of itself", in)
		}
	}
	_, err = c.RuleShow(ctx, RuleInput{"S1"})
	if p := problemIn(t, err, notFound); !strings.Contains(p.Detail, "did you mean S01?") {
		t.Error(p)
	}
	after, err := w.client("staff").RuleReset(ctx, RuleInput{"p01"})
	if err != nil || after.Rule.State != "on" || after.Rule.Lowered || !after.Rule.Outcomes.Since.Equal(w.now) {
		t.Errorf("%v %s", err, asJSON(after.Rule))
	}
}

func TestRulesAreSet(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.client("admin")
	set := func(b RuleSetting) (RuleShow, error) { return c.RuleSet(ctx, RuleSetInput{ID: "s01", Body: b}) }
	x, err := set(RuleSetting{Limits: map[string]RuleLimitChange{"full": {Default: new(97.0)}}, Hold: map[string]string{"warn": "1h"}, Reason: "They fill fast."})
	if l := x.Limits["full"]; err != nil || l.Default != 97 || l.Models["OptiPlex*"] != 99 || l.Plain.Default != 98 || l.Least != 9.8 || x.Levels[0].HoldSeconds != 3600 || *x.Levels[0].PlainHold != 60 || x.Levels[1].PlainHold != nil {
		t.Errorf("%v %s", err, asJSON(x))
	}
	if ch := x.Rule.Changed; ch.By != "admin" || ch.Reason != "They fill fast." || !strings.Contains(ch.Text, "full: {default: 97") {
		t.Errorf("%+v", ch)
	}
	// What is not named stays; without models means none.
	x, err = set(RuleSetting{On: new(false), Limits: map[string]RuleLimitChange{"full": {Models: map[string]float64{}}}})
	if l := x.Limits["full"]; err != nil || x.Rule.State != "disabled" || l.Default != 97 || len(l.Models) != 0 || x.Levels[0].HoldSeconds != 3600 {
		t.Errorf("%v %s", err, asJSON(x))
	}
	// Bad values are told under their names, with what would be right.
	for want, b := range map[string]RuleSetting{
		"body.limits.full.default 5: 9.8 to 980 is expected; the files say 98": {Limits: map[string]RuleLimitChange{"full": {Default: new(5.0)}}},
		"body.limits.fool the rule has no such limit":                          {Limits: map[string]RuleLimitChange{"fool": {Default: new(5.0)}}},
		"body.hold.warn soon: a time such as 15m, 6h or 2d is expected":        {Hold: map[string]string{"warn": "soon"}},
		"body.hold.info the rule has no such level; it has warn, critical":     {Hold: map[string]string{"info": "5m"}},
		"body.limits.full.models x: 9.8 to 980 is expected":                    {Limits: map[string]RuleLimitChange{"full": {Models: map[string]float64{"ST*": -1}}}},
	} {
		_, err := set(b)
		p := problemIn(t, err, invalid)
		if len(p.Errors) == 0 || !strings.HasPrefix(strings.ReplaceAll(p.Errors[0].Location+" "+p.Errors[0].Detail, "-1:", "x:"), want) {
			t.Errorf("%s\nwant %s", asJSON(p), want)
		}
	}
	_, err = set(RuleSetting{Reason: "For nothing."})
	problemIn(t, err, invalid)
	_, err = c.RuleReplay(ctx, RuleReplayInput{"S01", ReplayOrder{Setting: &RuleSetting{Limits: map[string]RuleLimitChange{"full": {Default: new(5.0)}}}}})
	problemIn(t, err, invalid)
	if _, err = c.RuleReplay(ctx, RuleReplayInput{"S01", ReplayOrder{Setting: &RuleSetting{Limits: map[string]RuleLimitChange{"full": {Default: new(50.0)}}}}}); err != nil {
		t.Error(err)
	}
	if err := c.RuleRestore(ctx, RuleInput{"S01"}); err != nil {
		t.Fatal(err)
	}
	x, err = c.RuleShow(ctx, RuleInput{"S01"})
	if err != nil || x.Rule.Changed != nil || x.Rule.State != "on" || x.Limits["full"].Default != 98 {
		t.Errorf("%v %s", err, asJSON(x))
	}
	problemIn(t, c.RuleRestore(ctx, RuleInput{"S01"}), notFound)
}

func TestReplay(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.client("staff")
	x, err := c.RuleReplay(ctx, RuleReplayInput{"p01", ReplayOrder{Filter: "name:pc", Limit: 3}})
	if err != nil || x.Looked != 3 || x.Matched != 4 || len(x.Findings) != 3 || !x.Since.Equal(w.now.Add(-7*24*time.Hour)) || x.Stopped || x.Hidden != nil {
		t.Errorf("%v %s", err, asJSON(x))
	}
	for _, o := range []ReplayOrder{{Since: "91d"}, {Since: "2031-01-01"}, {Since: "never"}, {Limit: 201}} {
		_, err := c.RuleReplay(ctx, RuleReplayInput{"S01", o})
		problemIn(t, err, invalid)
	}
	_, err = c.RuleReplay(ctx, RuleReplayInput{"F01", ReplayOrder{}})
	problemIn(t, err, invalid)
	// One at a time.
	w.Server.replaying <- struct{}{}
	_, err = c.RuleReplay(ctx, RuleReplayInput{"S01", ReplayOrder{}})
	problemIn(t, err, busy)
	<-w.Server.replaying
	// What takes too long answers with what there is.
	n := 0
	w.Server.d.Replay = func(ctx context.Context, _ *rule.Set, _ string, _ []store.Device, _ time.Time) ([]health.Replayed, error) {
		if n++; n == 1 {
			return nil, nil
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	got, err := w.Server.ruleReplay(context.WithValue(short, askedKey{}, &asked{actor: adminActor()}), &RuleReplayInput{"S01", ReplayOrder{}})
	if err != nil || !got.Stopped || got.Looked != 1 {
		t.Errorf("%v %+v", err, got)
	}
}

func TestMaintenance(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.client("staff")
	made, err := c.MaintenanceNew(ctx, MaintenanceNewInput{MaintenanceNew{Name: "move", From: "2026-11-22 11:00", To: "4h", Filter: "site:hartford", All: true, Reason: "new building"}})
	if err != nil || !made.Now || made.By != "staff" || made.Devices == nil || *made.Devices < 1 || !made.To.Equal(w.now.Add(4*time.Hour)) {
		t.Errorf("%v %s", err, asJSON(made))
	}
	weekly, err := c.MaintenanceNew(ctx, MaintenanceNewInput{MaintenanceNew{Name: "patch night", Days: []string{"wed", "TUE"}, Start: "22:30", Minutes: 240}})
	if err != nil || weekly.Now || !slices.Equal(weekly.Days, []string{"tue", "wed"}) || weekly.Start != "22:30" || weekly.Zone != "Local" {
		t.Errorf("%v %s", err, asJSON(weekly))
	}
	if none, err := c.MaintenanceNew(ctx, MaintenanceNewInput{MaintenanceNew{Name: "typo", To: "1h", Filter: "site:nowhere"}}); err != nil || none.Devices == nil || *none.Devices != 0 {
		t.Errorf("%v %s", err, asJSON(none))
	} else if err := c.MaintenanceDelete(ctx, NumberInput{none.ID}); err != nil {
		t.Error(err)
	}
	for _, o := range []MaintenanceNew{
		{Name: " ", To: "1h"}, {Name: "x"}, {Name: "x", To: "2020-01-01"}, {Name: "x", From: "4h", To: "1h"}, {Name: "x", To: "1h", Start: "22:00"},
		{Name: "x", Days: []string{"someday"}, Start: "22:00", Minutes: 60}, {Name: "x", Days: []string{"tue"}, Start: "25:00", Minutes: 60},
		{Name: "x", Days: []string{"tue"}, Start: "22:00"}, {Name: "x", Days: []string{"tue"}, Start: "22:00", Minutes: 60, Zone: "Mars/Olympus"},
		{Name: "x", Days: []string{"tue"}, Start: "22:00", Minutes: 60, Zone: "../etc/passwd"}, {Name: "a\nb", To: "1h"},
	} {
		_, err := c.MaintenanceNew(ctx, MaintenanceNewInput{o})
		problemIn(t, err, invalid)
	}
	for _, filter := range []string{"owner:jane", "user:jdoe", "("} {
		_, err := c.MaintenanceNew(ctx, MaintenanceNewInput{MaintenanceNew{Name: "x", To: "1h", Filter: filter}})
		problemIn(t, err, badFilter)
	}
	list, err := w.client("intern").MaintenanceList(ctx)
	if err != nil || len(list.Maintenance) != 2 || strings.Contains(asJSON(list), `"by"`) {
		t.Errorf("%v %s", err, asJSON(list))
	}
	if err := c.MaintenanceDelete(ctx, NumberInput{made.ID}); err != nil {
		t.Error(err)
	}
	problemIn(t, c.MaintenanceDelete(ctx, NumberInput{made.ID}), notFound)
}

// TestWithoutHealth wants a collector that does not judge or tell to say so.
func TestWithoutHealth(t *testing.T) {
	w := newWorld(t)
	d := w.Server.d
	d.Health, d.Judge, d.Replay, d.Notices = nil, nil, nil, Notices{}
	s, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	w.Server, w.handler = s, s.Handler()
	for _, o := range Operations() {
		noun, _, _ := strings.Cut(o.ID, "-")
		if !slices.Contains([]string{"incident", "finding", "rule", "maintenance", "channel", "route", "notice"}, noun) {
			continue
		}
		if status, body := w.ask("socket", o.ID, examples()[o.ID]); status != 501 {
			t.Errorf("%s: %d %s", o.ID, status, body)
		}
	}
	if x, err := w.client("admin").StatusShow(t.Context()); err != nil || x.Judging != nil || x.Notices != nil || len(x.Problems) != 0 {
		t.Errorf("%v %s", err, asJSON(x))
	}
}

// TestStoreFails wants an error of the store to stay in the log.
func TestStoreFails(t *testing.T) {
	w := newWorld(t)
	w.health.broken = errors.New("page 7 of the database is on fire")
	for _, path := range []string{"/incidents", "/findings", "/rules", "/maintenance"} {
		if resp, body := w.get("admin", path); resp.StatusCode != 500 || strings.Contains(body, "fire") {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
	if _, body := w.get("admin", "/status"); !strings.Contains(body, "what became of rules cannot be read") || strings.Contains(body, "fire") {
		t.Errorf("status: %s", body)
	}
}

// An empty answer tells a slip of the pen from good news.
func TestNothingToListIsTold(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.client("admin")
	if list, err := c.IncidentList(ctx, IncidentListInput{Filter: "name:gone"}); err != nil || !list.NoDevice || len(list.Incidents) > 0 {
		t.Errorf("%v %s", err, asJSON(list))
	}
	if list, err := c.FindingList(ctx, FindingListInput{Filter: "name:gone"}); err != nil || !list.NoDevice {
		t.Errorf("%v %s", err, asJSON(list))
	}
	if list, err := c.IncidentList(ctx, IncidentListInput{Assignee: "nobody"}); err != nil || list.NoDevice || len(list.Incidents) > 0 {
		t.Errorf("%v %s", err, asJSON(list))
	}
	_, err := c.FindingList(ctx, FindingListInput{Incident: 999})
	problemIn(t, err, notFound)
	_, err = c.IncidentNote(ctx, IncidentNoteInput{1, IncidentNote{}})
	if p := problemIn(t, err, invalid); len(p.Errors) != 1 || p.Errors[0] != (Fault{"body.text", "is empty: something is expected"}) {
		t.Error(asJSON(p))
	}
	_, err = c.RouteSet(ctx, RoutePutInput{"x", RoutePut{Channel: "desk", Severity: "bad", WaitSeconds: 9999}})
	if p := problemIn(t, err, invalid); len(p.Errors) != 2 || !strings.Contains(p.Error(), "is none of info, warn, critical") || !strings.Contains(p.Error(), "is more than 3600") {
		t.Error(asJSON(p))
	}
}
