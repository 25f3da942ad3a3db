package web

import (
	"net/http"
	"strconv"
	"time"

	"muster/collector/api"
	"muster/collector/summary"
	"muster/collector/web/texts"
)

// measures are what a board asks for: how fast people were, and which rules
// were worth it.
type measures struct {
	Days    int
	F       summary.Figures
	CSV     string
	Claim   tookLong
	Resolve tookLong
	Mails   []mailed
	Mail    bool // who looks may set up what is mailed
}

type tookLong struct{ Median, P90 string }

// mailed is a summary that goes out.
type mailed struct {
	api.Schedule
	When texts.T
}

func (s *Site) fleetReports(v *visit) error {
	days := 30
	for _, n := range []int{7, 90, 365} {
		if v.r.URL.Query().Get("days") == strconv.Itoa(n) {
			days = n
		}
	}
	in := api.SummaryInput{Days: days}
	if v.r.URL.Query().Get("format") == "csv" {
		h := v.w.Header()
		h.Set("Content-Type", "text/csv; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="summary.csv"`)
		return v.api.Raw(v.ctx(), "summary-show", in, "text/csv", v.w)
	}
	in.Parts = []string{string(summary.OfIncidents)}
	x, err := v.api.SummaryShow(v.ctx(), in)
	if err != nil {
		return err
	}
	i := &x.Incidents
	m := &measures{Days: days, F: x.Figures, CSV: "/fleet/reports?" + queryOf("days", strconv.Itoa(days), "format", "csv"), Claim: longOf(i.Claim), Resolve: longOf(i.Resolve), Mail: mayMail(v)}
	if list, err := v.api.SummaryList(v.ctx()); err == nil {
		for _, l := range list.Summaries {
			m.Mails = append(m.Mails, mailed{l, scheduled(&l)})
		}
	} else if p, ok := asProblem(err); !ok || p.Kind() != "not_offered" {
		return err
	}
	f := &fleetPage{Sub: "reports", Measures: m}
	f.Title = texts.F("{1} found in {2}", count(i.Opened, "incident was", "incidents were"), count(days, "day", "days"))
	f.Lede = texts.F("{1} resolved. Nobody has said yet whether they were worth the time: closing one asks for it.", count(i.Resolved, "is", "are"))
	if i.Useful+i.Useless+i.Wrong > 0 {
		f.Lede = texts.F("{1} resolved; of those that people judged, {2} worth somebody’s time, {3} of them before anybody called, and {4}.", count(i.Resolved, "is", "are"), count(i.Useful, "was", "were"), whole(int64(i.BeforeCall)), count(i.Wrong, "was a false alarm", "were false alarms"))
	}
	return s.render(v, http.StatusOK, "fleet", "", f)
}

// longOf is how long something took, in words.
func longOf(t summary.Took) tookLong {
	if t.Count == 0 {
		return tookLong{"–", "–"}
	}
	say := func(seconds float64) string {
		return span(max(time.Duration(seconds*float64(time.Second)), time.Minute))
	}
	return tookLong{say(t.MedianSeconds), say(t.P90Seconds)}
}
