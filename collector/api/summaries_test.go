package api

import (
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collector/summary"
)

func TestSummariesAreSetByAdministratorsAndSeenInScope(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	admin := w.client("admin")
	list, err := admin.SummaryList(ctx)
	if err != nil || len(list.Summaries) != 2 || !list.Summaries[1].Next.IsZero() || !slices.Equal(list.Summaries[0].To, []string{"board@example.org"}) || list.Summaries[0].Place != "All agencies" || list.Summaries[0].Next.Weekday() != time.Monday {
		t.Fatalf("%+v, %v", list, err)
	}
	staff, err := w.client("staff").SummaryList(ctx)
	if err != nil || len(staff.Summaries) != 2 || staff.Summaries[0].To != nil || staff.Summaries[0].ChangedBy != "" {
		t.Errorf("addresses are shown to staff: %+v, %v", staff, err)
	}
	some, err := w.client("staff-parks").SummaryList(ctx)
	if err != nil || len(some.Summaries) != 0 {
		t.Errorf("figures of all agencies are told to who sees one: %+v, %v", some, err)
	}
	put := SchedulePut{Every: "month", Day: 5, Hour: 6, Channel: "desk", Agencies: []string{"parks"}}
	x, err := admin.SummarySet(ctx, SchedulePutInput{Name: "Parks", Body: put})
	if err != nil || x.Day != 5 || x.Weekday != "" || x.Next.Day() != 5 || x.Next.Hour() != 6 || !strings.EqualFold(x.Place, "parks") {
		t.Fatalf("%+v, %v", x, err)
	}
	if some, err = w.client("staff-parks").SummaryList(ctx); err != nil || len(some.Summaries) != 1 || some.Summaries[0].Name != "Parks" {
		t.Errorf("%+v, %v", some, err)
	}
	// A change of who gets it lets what is due stay due; one of its time does not.
	since := func() time.Time {
		l, _ := w.Server.d.Summaries.Schedules.Summaries(ctx)
		for _, s := range l {
			if s.Name == "Parks" {
				return s.Since
			}
		}
		return time.Time{}
	}
	was := since()
	w.now = w.now.Add(time.Hour)
	put.To = []string{"new@example.org"}
	if _, err := admin.SummarySet(ctx, SchedulePutInput{Name: "parks", Body: put}); err != nil || !since().Equal(was) {
		t.Errorf("since %s, was %s, %v", since(), was, err)
	}
	put.Hour = 9
	if _, err := admin.SummarySet(ctx, SchedulePutInput{Name: "Parks", Body: put}); err != nil || !since().Equal(w.now) {
		t.Errorf("since %s, %v", since(), err)
	}
	if _, err := admin.ChannelSet(ctx, ChannelPutInput{Name: "chat", Body: ChannelPut{Kind: "webhook", Settings: map[string]any{"form": "slack"}, Secrets: map[string]Secret{"url": secretURL}}}); err != nil {
		t.Fatal(err)
	}
	for want, bad := range map[string]SchedulePut{
		"no channel":               {Every: "week", Channel: "nothing"},
		"through channels of kind": {Every: "week", Channel: "chat"},
		"an address such as":       {Every: "week", Channel: "desk", To: []string{"not one"}},
		"there is no agency":       {Every: "week", Channel: "desk", Agencies: []string{"Nowhere"}},
		"time zone":                {Every: "week", Channel: "desk", Zone: "Mars/Base"},
	} {
		if _, err := admin.SummarySet(ctx, SchedulePutInput{Name: "x", Body: bad}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said: %v", want, err)
		}
	}
	if sent, err := admin.SummarySend(ctx, SummarySendInput{Name: "parks"}); err != nil || sent.Notice == "" {
		t.Error(sent, err)
	}
	_, err = admin.SummarySend(ctx, SummarySendInput{Name: "parks", Body: SummarySend{To: []string{"a\nb"}}})
	problemIn(t, err, "invalid")
	_, err = admin.SummarySend(ctx, SummarySendInput{Name: "park"})
	problemIn(t, err, "not_found")
	if err := admin.SummaryDelete(ctx, ChannelInput{Name: "PARKS"}); err != nil {
		t.Error(err)
	}
}

func TestFiguresAreOfWhatOneMaySee(t *testing.T) {
	w := newWorld(t)
	all, err := w.client("intern").SummaryShow(t.Context(), SummaryInput{Days: 400, Parts: []string{"fleet", "incidents"}})
	if err != nil || all.Fleet.Devices == 0 || len(all.Quality) != 0 {
		t.Fatalf("%+v, %v", all, err)
	}
	some, err := w.client("intern-parks").SummaryShow(t.Context(), SummaryInput{Days: 400, Parts: []string{"fleet", "incidents"}})
	if err != nil || some.Fleet.Devices >= all.Fleet.Devices || !strings.EqualFold(some.Place, "parks") {
		t.Errorf("%+v of %+v, %v", some, all, err)
	}
	named, err := w.client("intern").SummaryShow(t.Context(), SummaryInput{Agency: "parks", Parts: []string{"fleet"}})
	if err != nil || named.Fleet.Devices != some.Fleet.Devices {
		t.Errorf("%+v, %v", named, err)
	}
	_, err = w.client("intern-parks").SummaryShow(t.Context(), SummaryInput{Site: "roads/dover"})
	problemIn(t, err, "not_found")
	for _, bad := range []SummaryInput{{From: "soon"}, {From: "1d", To: "2d"}, {Parts: []string{"all"}}} {
		_, err := w.client("intern").SummaryShow(t.Context(), bad)
		problemIn(t, err, "invalid")
	}
}

// What devices say is no formula in a spreadsheet.
func TestFiguresRunNothing(t *testing.T) {
	f := summary.Figures{Rules: []summary.RuleFigures{{ID: "D01", Title: "=cmd|' /C calc'!A0"}}, Caught: []summary.CaughtPart{{Title: "+1", Device: "@x", Replaced: "-2"}},
		Fleet: summary.FleetFigures{Kinds: []summary.Number{{Name: "\t=1", Count: 2}}}, Quality: []summary.Theme{{Title: "Silent", Questions: []summary.Question{{Word: "=x", Count: -1}}}}}
	b, err := SummaryCSV(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"rule,D01,title,'=cmd|", "caught,'+1,'@x,'-2\n", "kind,'\t=1,devices,2\n", "quality,Silent,'=x,\n", "part,about,measure,value\n"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%q is not in\n%s", want, b)
		}
	}
}

func TestNoSummariesHere(t *testing.T) {
	w := newWorld(t)
	d := w.Server.d
	d.Summaries, d.Health = Summaries{}, nil
	s, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	w.Server, w.handler = s, s.Handler()
	for _, id := range []string{"summary-list", "summary-set", "summary-delete", "summary-send"} {
		if status, body := w.ask("socket", id, examples()[id]); status != 501 {
			t.Errorf("%s: %d %s", id, status, body)
		}
	}
	x, err := w.client("socket").SummaryShow(t.Context(), SummaryInput{})
	if err != nil || x.Incidents.Opened != 0 || x.Fleet.Devices == 0 {
		t.Errorf("who does not judge counts devices: %+v, %v", x, err)
	}
}
