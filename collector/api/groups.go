package api

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"muster/collector/search"
	"muster/collector/store"
	"muster/internal/inventory"
)

// Bounds of what a group may ask of agents, so that a slip neither floods the
// collector nor blinds it.
const (
	minSample  = 10
	maxSample  = 3600
	minCadence = 60
	maxCadence = 7 * 24 * 3600
)

func (s *Server) groupList(ctx context.Context, _ *NoInput) (GroupList, error) {
	list, err := s.d.Inventory.Groups(ctx)
	out := GroupList{Groups: make([]Group, len(list))}
	slices.SortStableFunc(list, func(a, b store.Group) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.Name, b.Name))
	})
	for i, g := range list {
		out.Groups[i] = shownGroup(g)
	}
	return out, err
}

func shownGroup(g store.Group) Group {
	return Group{Name: g.Name, Filter: g.Filter, Priority: g.Priority, Settings: GroupSettings(g.Settings)}
}

// group finds a group by name.
func (s *Server) group(ctx context.Context, name string) (store.Group, error) {
	list, err := s.d.Inventory.Groups(ctx)
	if err != nil {
		return store.Group{}, err
	}
	var names []string
	for _, g := range list {
		if strings.EqualFold(g.Name, name) {
			return g, nil
		}
		names = append(names, g.Name)
	}
	return store.Group{}, NewProblem(notFound, "there is no group %q%s: muster group list shows them", clip(printable(name), 70), near(name, names))
}

func (s *Server) groupShow(ctx context.Context, in *GroupInput) (Group, error) {
	g, err := s.group(ctx, in.Name)
	if err != nil {
		return Group{}, err
	}
	return shownGroup(g), nil
}

// groupDevices lists the members that the caller may see. The filter was
// checked when it was written: it asks for no facts about persons.
func (s *Server) groupDevices(ctx context.Context, in *GroupDevicesInput) (DeviceList, error) {
	g, err := s.group(ctx, in.Name)
	if err != nil {
		return DeviceList{}, err
	}
	e, err := groupFilter(g.Filter)
	if err != nil {
		return DeviceList{}, err
	}
	return s.listDevices(ctx, store.DeviceQuery{Scope: scopeOf(ctx), Filter: e, Limit: in.Limit, After: in.After, Now: s.d.Now()}, g.Filter, nil)
}

// groupFilter reads a group's filter. Whoever sees who is in a group learns
// what its filter asked, so it may not ask for persons; and a group of groups
// could hold itself.
func groupFilter(text string) (search.Expr, error) {
	e, err := search.Parse(text)
	if err != nil {
		return nil, err
	}
	if fields := search.Personal(e); len(fields) > 0 {
		return nil, NewProblem(badFilter, "a group cannot be chosen by %s: everybody who sees its members would learn it", strings.Join(fields, ", "))
	}
	for _, t := range search.Terms(e) {
		if t.Field.Name == "group" {
			p := NewProblem(badFilter, "a group cannot be chosen by group: at character %d; use a label instead", t.Pos)
			p.Position = t.Pos
			return nil, p
		}
	}
	return e, nil
}

func (s *Server) groupSet(ctx context.Context, in *GroupPutInput) (Group, error) {
	if !labelForm.MatchString(in.Name) {
		return Group{}, NewProblem(invalid, "group %q: use 1 to 63 letters, digits and . _ + -, a letter or digit first", clip(printable(in.Name), 70))
	}
	if _, err := groupFilter(in.Body.Filter); err != nil {
		return Group{}, err
	}
	settings, err := checkSettings(in.Body.Settings)
	if err != nil {
		return Group{}, err
	}
	list, err := s.d.Inventory.Groups(ctx)
	if err != nil {
		return Group{}, err
	}
	g := store.Group{Name: in.Name}
	if i := slices.IndexFunc(list, func(x store.Group) bool { return strings.EqualFold(x.Name, in.Name) }); i >= 0 {
		g = list[i]
	}
	g.Filter, g.Priority, g.Settings = in.Body.Filter, in.Body.Priority, store.GroupSettings(settings)
	note(ctx, "filter", in.Body.Filter)
	g, err = s.d.Inventory.PutGroup(ctx, g)
	if err != nil {
		return Group{}, err
	}
	s.d.Changed()
	return shownGroup(g), nil
}

// checkSettings holds a group's settings against the catalogue.
func checkSettings(x GroupSettings) (GroupSettings, error) {
	if x.SampleSeconds != 0 && (x.SampleSeconds < minSample || x.SampleSeconds > maxSample) {
		return x, NewProblem(invalid, "settings.sample_seconds is %d: it goes from %d to %d", x.SampleSeconds, minSample, maxSample)
	}
	off, err := sectionNames(x.Off)
	if err != nil {
		return x, err
	}
	slices.Sort(off)
	x.Off = slices.Compact(off)
	for name, seconds := range x.Cadence {
		if _, ok := inventory.Lookup(name); !ok {
			return x, NewProblem(invalid, "settings.cadence: there is no section %q%s", clip(printable(name), 40), near(name, allSections()))
		}
		if seconds < minCadence || seconds > maxCadence {
			return x, NewProblem(invalid, "settings.cadence.%s is %d seconds: it goes from %d to %d", name, seconds, minCadence, maxCadence)
		}
		if slices.Contains(x.Off, name) {
			return x, NewProblem(invalid, "settings: section %s is off and has a cadence: keep one", name)
		}
	}
	return x, nil
}

func (s *Server) groupDelete(ctx context.Context, in *GroupInput) (Nothing, error) {
	g, err := s.group(ctx, in.Name)
	if err != nil {
		return Nothing{}, err
	}
	err = s.d.Inventory.DeleteGroup(ctx, g.Name)
	if err == nil {
		s.d.Changed()
	}
	return Nothing{}, err
}
