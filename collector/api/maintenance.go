package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/collector/health"
	"muster/collector/search"
	"muster/collector/store"
)

// weekdays are the names of days, in the order in which programs count them.
func weekdays() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// days reads names of weekdays; 0 is Sunday.
func days(list []string) ([]int, error) {
	names, err := words("day", list, weekdays())
	if err != nil {
		return nil, err
	}
	var out []int
	for _, n := range names {
		out = append(out, slices.Index(weekdays(), n))
	}
	slices.Sort(out)
	return out, nil
}

func dayNames[N ~int](list []N) []string {
	var out []string
	for _, d := range list {
		if d >= 0 && d < 7 {
			out = append(out, weekdays()[d])
		}
	}
	return out
}

// timeZone checks a zone by name.
func timeZone(name string) error {
	if strings.Contains(name, "..") {
		return NewProblem(invalid, "zone: %q is not known", clip(printable(name), 40))
	}
	if _, err := time.LoadLocation(name); err != nil {
		return NewProblem(invalid, "zone: %q is not known: write it as America/New_York", clip(printable(name), 40))
	}
	return nil
}

// timeOfDay reads HH:MM as minutes after midnight.
func timeOfDay(what, text string) (int, error) {
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != 5 {
		return 0, NewProblem(invalid, "%s: %q is no time of day: write it as 22:30", what, clip(printable(text), 20))
	}
	return t.Hour()*60 + t.Minute(), nil
}

func shownMaintenance(ctx context.Context, m store.Maintenance, now time.Time) Maintenance {
	out := Maintenance{ID: m.ID, Name: m.Name, Filter: m.Filter, All: m.All, From: m.From, To: m.To, Days: dayNames(m.Days),
		Reason: m.Reason, Now: health.Under(m, now)}
	if len(m.Days) > 0 {
		out.Start, out.Minutes, out.Zone = fmt.Sprintf("%02d:%02d", m.Start/60, m.Start%60), m.Minutes, m.Zone
	}
	if personal(ctx) {
		out.By = m.By
	}
	return out
}

func (s *Server) maintenanceList(ctx context.Context, _ *NoInput) (MaintenanceList, error) {
	h, err := s.healthStore()
	if err != nil {
		return MaintenanceList{}, err
	}
	list, err := h.Maintenances(ctx)
	out := MaintenanceList{Maintenance: []Maintenance{}}
	for _, m := range list {
		out.Maintenance = append(out.Maintenance, shownMaintenance(ctx, m, s.d.Now()))
	}
	return out, err
}

// maintenanceNew needs the right to manage, which nobody with a scope has: a
// window is about a filter, and a filter knows no scope. One that mutes other
// people's machines would be their silence.
func (s *Server) maintenanceNew(ctx context.Context, in *MaintenanceNewInput) (Maintenance, error) {
	h, err := s.healthStore()
	if err != nil {
		return Maintenance{}, err
	}
	onto(ctx, in.Body.Name)
	m, err := s.window(in.Body)
	if err != nil {
		return Maintenance{}, err
	}
	m.By = actorOf(ctx).Name
	filter, err := filterOf(ctx, m.Filter)
	if err != nil {
		return Maintenance{}, err
	}
	page, err := s.d.Inventory.Devices(ctx, store.DeviceQuery{Scope: scopeOf(ctx), Filter: filter, Personal: personal(ctx), Limit: 1, Now: s.d.Now()})
	if err != nil {
		return Maintenance{}, err
	}
	note(ctx, "filter", m.Filter)
	note(ctx, "all", map[bool]string{true: "yes"}[m.All])
	if m, err = h.PutMaintenance(ctx, m); err != nil {
		return Maintenance{}, err
	}
	out := shownMaintenance(ctx, m, s.d.Now())
	out.Devices = &page.Total
	return out, nil
}

// window checks a time of maintenance.
func (s *Server) window(in MaintenanceNew) (m store.Maintenance, err error) {
	now := s.d.Now()
	m = store.Maintenance{Name: strings.TrimSpace(in.Name), Filter: strings.TrimSpace(in.Filter), All: in.All, From: now, Reason: in.Reason}
	if m.Name == "" {
		return m, NewProblem(invalid, "a time of maintenance needs a name")
	}
	if err := plainText(m.Name+m.Reason, false); err != nil {
		return m, err
	}
	e, err := search.Parse(m.Filter)
	if err != nil {
		return m, err
	}
	if fields := search.Personal(e); len(fields) > 0 {
		return m, NewProblem(badFilter, "maintenance cannot be for %s: everybody who sees it would learn it", strings.Join(fields, ", "))
	}
	if in.From != "" {
		if m.From, err = later("from", in.From, now); err != nil {
			return m, err
		}
	}
	if in.To != "" {
		if m.To, err = later("to", in.To, now); err != nil {
			return m, err
		}
		if !m.To.After(m.From) || !m.To.After(now) {
			return m, NewProblem(invalid, "it ends at %s: that is before it begins, or has passed", m.To.Format(time.RFC3339))
		}
	}
	if m.Days, err = days(in.Days); err != nil {
		return m, err
	}
	if len(m.Days) == 0 {
		switch {
		case m.To.IsZero():
			return m, NewProblem(invalid, "to is missing: when it ends, such as 4h")
		case in.Start != "" || in.Minutes != 0 || in.Zone != "":
			return m, NewProblem(invalid, "start, minutes and zone go with days: name days for a weekly one, or from and to")
		}
		return m, nil
	}
	if m.Start, err = timeOfDay("start", in.Start); err != nil {
		return m, err
	}
	if m.Minutes = in.Minutes; m.Minutes == 0 {
		return m, NewProblem(invalid, "minutes is missing: how long it takes each time, up to a day")
	}
	if m.Zone = in.Zone; m.Zone == "" {
		m.Zone = s.d.Zone
	}
	return m, timeZone(m.Zone)
}

func (s *Server) maintenanceDelete(ctx context.Context, in *NumberInput) (Nothing, error) {
	h, err := s.healthStore()
	if err != nil {
		return Nothing{}, err
	}
	return Nothing{}, lost(h.DeleteMaintenance(ctx, in.ID), "there is no maintenance %d: muster maintenance list shows them", in.ID)
}
