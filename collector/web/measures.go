package web

import (
	"net/http"
	"slices"
	"time"

	"muster/collector/api"
	"muster/collector/store"
)

// measures are what a board asks for: how fast people were, and which rules
// were worth it.
type measures struct {
	Days                   int
	Opened, Resolved       int
	Useful, Useless, Wrong int
	Claim, Resolve         string // medians
	Caught                 []store.Incident
	Rules                  []api.RuleSummary
	Truncated              bool
}

// caught is how many parts that were replaced in time are listed.
const caughtShown = 20

func (s *Site) fleetReports(v *visit) error {
	f := &fleetPage{Sub: "reports"}
	m := &measures{Days: 30}
	if v.r.URL.Query().Get("days") == "90" {
		m.Days = 90
	}
	from := v.now.AddDate(0, 0, -m.Days).UTC().Format(time.RFC3339)
	list, err := v.api.IncidentList(v.ctx(), api.IncidentListInput{Statuses: []string{"new", "claimed", "escalated", "snoozed", "resolved"}, Backlog: "no", Hygiene: "both", From: from, Limit: 10_000})
	if err != nil {
		return err
	}
	m.Truncated = list.More
	var claim, resolve []time.Duration
	for _, i := range list.Incidents {
		m.Opened++
		if !i.ClaimedAt.IsZero() {
			claim = append(claim, i.ClaimedAt.Sub(i.OpenedAt))
		}
		if i.Status != store.Closed {
			continue
		}
		m.Resolved++
		resolve = append(resolve, i.ResolvedAt.Sub(i.OpenedAt))
		switch i.Useful {
		case "yes":
			m.Useful++
		case "no":
			m.Useless++
		case "wrong":
			m.Wrong++
		}
		if i.Replaced != "" && len(m.Caught) < caughtShown {
			m.Caught = append(m.Caught, i)
		}
	}
	m.Claim, m.Resolve = median(claim), median(resolve)
	rules, err := v.api.RuleList(v.ctx())
	if err != nil {
		return err
	}
	for _, r := range rules.Rules {
		if o := r.Outcomes; o.Useful+o.Useless+o.Wrong > 0 || r.Open > 0 {
			m.Rules = append(m.Rules, r)
		}
	}
	slices.SortFunc(m.Rules, func(a, b api.RuleSummary) int { return b.Open - a.Open })
	f.Measures = m
	f.Title = count(m.Opened, "incident was", "incidents were") + " found in " + count(m.Days, "day", "days")
	f.Lede = count(m.Resolved, "is", "are") + " resolved. Nobody has said yet whether they were worth the time: closing one asks for it."
	if m.Useful+m.Useless+m.Wrong > 0 {
		f.Lede = count(m.Resolved, "is", "are") + " resolved; of those that people judged, " + count(m.Useful, "was", "were") + " worth somebody’s time and " + count(m.Wrong, "was a false alarm", "were false alarms") + "."
	}
	return s.render(v, http.StatusOK, "fleet", "", f)
}

// median of lengths of time, in words.
func median(list []time.Duration) string {
	if len(list) == 0 {
		return "–"
	}
	slices.Sort(list)
	return span(max(list[len(list)/2], time.Minute))
}
