package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
)

// edit is a checked change of one device.
type edit struct {
	device store.Device
	people store.People
	labels []string
	site   int64

	setPeople, setLabels, setSite bool
	fields                        []string // what changes, for the audit; never values
}

// siteFinder finds a site that the caller sees.
type siteFinder func(ctx context.Context, text string) (store.Site, error)

// checkEdit holds a change against the device and says what would change.
func checkEdit(ctx context.Context, d store.Device, c DeviceChange, find siteFinder) (edit, error) {
	e := edit{device: d, people: d.People, labels: d.Labels}
	for _, f := range peopleFields() {
		v := f.of(&c)
		if v == nil {
			continue
		}
		text := strings.TrimSpace(*v)
		if err := f.check(text); err != nil {
			return e, err
		}
		if at := f.in(&e.people); *at != text {
			*at, e.setPeople = text, true
			e.fields = append(e.fields, f.name)
		}
	}
	add, err := labels(c.AddLabels)
	if err != nil {
		return e, err
	}
	remove, err := labels(c.RemoveLabels)
	if err != nil {
		return e, err
	}
	next := slices.DeleteFunc(slices.Clone(d.Labels), func(l string) bool { return containsFold(remove, l) })
	for _, l := range add {
		if !containsFold(next, l) {
			next = append(next, l)
		}
	}
	if slices.Sort(next); !slices.Equal(next, slices.Sorted(slices.Values(d.Labels))) {
		e.labels, e.setLabels = next, true
		e.fields = append(e.fields, "labels")
	}
	if c.Site != nil {
		if err := e.moveTo(ctx, *c.Site, find); err != nil {
			return e, err
		}
	}
	return e, nil
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, s) })
}

// moveTo finds the site a device shall go to: one that the caller sees, so
// that nobody moves a device out of his own sight or into another's.
func (e *edit) moveTo(ctx context.Context, text string, find siteFinder) error {
	text = strings.TrimSpace(text)
	if text == "" {
		if e.device.Site == "" {
			return nil
		}
		if !scopeOf(ctx).All {
			return NewProblem(forbidden, "a device without a site is seen only by accounts without a scope: name the site it goes to")
		}
		e.site, e.setSite = 0, true
		e.fields = append(e.fields, "site")
		return nil
	}
	site, err := find(ctx, text)
	if err != nil {
		return err
	}
	if site.Name == e.device.Site && site.Agency == e.device.Agency {
		return nil
	}
	e.site, e.setSite = site.ID, true
	e.fields = append(e.fields, "site")
	return nil
}

// apply makes the change durable.
func (s *Server) apply(ctx context.Context, e edit) error {
	if e.setPeople {
		if err := s.d.Inventory.SetPeople(ctx, e.device.ID, e.people); err != nil {
			return fmt.Errorf("set people's fields: %w", err)
		}
	}
	if e.setLabels {
		if err := s.d.Inventory.SetLabels(ctx, e.device.ID, e.labels); err != nil {
			return fmt.Errorf("set labels: %w", err)
		}
	}
	// Last, since the caller may not see the device where it goes.
	if e.setSite {
		if err := s.d.Inventory.SetSite(ctx, e.device.ID, e.site, true); err != nil {
			return fmt.Errorf("set site: %w", err)
		}
	}
	return nil
}

// peopleFields lists them.
func peopleFields() []peopleField {
	return []peopleField{
		{name: "asset_tag", of: func(c *DeviceChange) *string { return c.AssetTag }, in: func(p *store.People) *string { return &p.AssetTag }, limit: 200},
		{name: "owner", of: func(c *DeviceChange) *string { return c.Owner }, in: func(p *store.People) *string { return &p.Owner }, limit: 200},
		{name: "department", of: func(c *DeviceChange) *string { return c.Department }, in: func(p *store.People) *string { return &p.Department }, limit: 200},
		{name: "purchased", of: func(c *DeviceChange) *string { return c.Purchased }, in: func(p *store.People) *string { return &p.Purchased }, limit: 10, day: true},
		{name: "warranty", of: func(c *DeviceChange) *string { return c.Warranty }, in: func(p *store.People) *string { return &p.Warranty }, limit: 10, day: true},
		{name: "note", of: func(c *DeviceChange) *string { return c.Note }, in: func(p *store.People) *string { return &p.Note }, limit: 4000, lines: true},
	}
}

// peopleField is one of people's fields: where it stands in a change and in
// the record, and what it may hold.
type peopleField struct {
	name  string
	of    func(*DeviceChange) *string
	in    func(*store.People) *string
	limit int // characters
	day   bool
	lines bool
}

func (f peopleField) check(text string) error {
	if err := plainText(text, f.lines); err != nil {
		return err
	}
	if len([]rune(text)) > f.limit {
		return NewProblem(invalid, "%s has at most %d characters", f.name, f.limit)
	}
	if f.day && text != "" {
		if t, err := time.Parse(time.DateOnly, text); err != nil || t.Year() < 1970 || t.Year() > 2199 {
			return NewProblem(invalid, "%s: %q is no day: write it as 2026-11-01", f.name, clip(printable(text), 20))
		}
	}
	return nil
}

func (s *Server) deviceSet(ctx context.Context, in *DeviceSetInput) (Device, error) {
	d, err := s.find(ctx, in.Ref)
	if err != nil {
		return Device{}, err
	}
	onto(ctx, string(d.ID))
	note(ctx, "name", d.Name)
	e, err := checkEdit(ctx, d, in.Body, s.site)
	if err != nil {
		return Device{}, err
	}
	note(ctx, "fields", strings.Join(e.fields, " "))
	if err := s.apply(ctx, e); err != nil {
		return Device{}, err
	}
	if e.setLabels || e.setSite {
		s.d.Changed()
	}
	return s.again(ctx, d.ID)
}

// again reads a device after a change.
func (s *Server) again(ctx context.Context, id inventory.DeviceID) (Device, error) {
	d, err := s.d.Inventory.Device(ctx, scopeOf(ctx), id)
	if err != nil {
		return Device{}, fmt.Errorf("read the device back: %w", err)
	}
	return shownDevice(d, personal(ctx)), nil
}

func (s *Server) deviceRetire(ctx context.Context, in *RefInput) (Device, error) {
	return s.retire(ctx, in.Ref, s.d.Now())
}

func (s *Server) deviceUnretire(ctx context.Context, in *RefInput) (Device, error) {
	return s.retire(ctx, in.Ref, time.Time{})
}

func (s *Server) retire(ctx context.Context, ref string, at time.Time) (Device, error) {
	d, err := s.find(ctx, ref)
	if err != nil {
		return Device{}, err
	}
	onto(ctx, string(d.ID))
	note(ctx, "name", d.Name)
	if d.RetiredAt.IsZero() == at.IsZero() {
		return shownDevice(d, personal(ctx)), nil // it is so already; the first day stays
	}
	if err := s.d.Inventory.Retire(ctx, d.ID, at); err != nil {
		return Device{}, fmt.Errorf("retire: %w", err)
	}
	s.d.Changed()
	return s.again(ctx, d.ID)
}

func (s *Server) deviceRevoke(ctx context.Context, in *DeviceRevokeInput) (Nothing, error) {
	if s.d.Enrolment == nil {
		return Nothing{}, NewProblem(notOffered, "this collector has no enrolment")
	}
	d, err := s.find(ctx, in.Ref)
	if err != nil {
		return Nothing{}, err
	}
	onto(ctx, string(d.ID))
	note(ctx, "name", d.Name)
	note(ctx, "reason", printable(in.Body.Reason))
	err = s.d.Enrolment.RevokeDevice(ctx, d.ID, actorOf(ctx).Name, printable(in.Body.Reason))
	if errors.Is(err, store.ErrNotFound) {
		return Nothing{}, NewProblem(notFound, "device %s has no identity that could be revoked", d.Name)
	}
	return Nothing{}, err
}

func (s *Server) mergeList(ctx context.Context, _ *NoInput) (MergeList, error) {
	list, err := s.d.Inventory.Merges(ctx, scopeOf(ctx))
	if err != nil {
		return MergeList{}, err
	}
	out := MergeList{Merges: make([]Merge, len(list))}
	for i, m := range list {
		out.Merges[i] = shownMerge(ctx, m)
	}
	return out, nil
}

// shownMerge leaves out who decided where persons are not to be seen, as events
// do.
func shownMerge(ctx context.Context, m store.Merge) Merge {
	out := Merge{ID: m.ID, Old: m.Old, Into: m.Into, At: m.At, Reason: m.Reason, UndoneAt: m.UndoneAt}
	if personal(ctx) {
		out.By, out.UndoneBy = m.By, m.UndoneBy
	}
	for _, f := range peopleFields() {
		if *f.in(&m.Carried) != "" {
			out.Carried = append(out.Carried, f.name)
		}
	}
	return out
}

func (s *Server) mergeNew(ctx context.Context, in *MergeInput) (Merge, error) {
	onto(ctx, in.Body.Old+" into "+in.Body.Into)
	old, err := s.find(ctx, in.Body.Old)
	if err != nil {
		return Merge{}, err
	}
	into, err := s.find(ctx, in.Body.Into)
	if err != nil {
		return Merge{}, err
	}
	onto(ctx, string(old.ID)+" into "+string(into.ID))
	if err := plainText(in.Body.Reason, false); err != nil {
		return Merge{}, err
	}
	note(ctx, "reason", in.Body.Reason)
	m, err := s.d.Inventory.Merge(ctx, old.ID, into.ID, actorOf(ctx).Name, in.Body.Reason, s.d.Now())
	if err != nil {
		return Merge{}, err
	}
	s.d.Changed()
	return shownMerge(ctx, m), nil
}

func (s *Server) mergeUndo(ctx context.Context, in *MergeUndoInput) (Merge, error) {
	list, err := s.d.Inventory.Merges(ctx, scopeOf(ctx))
	if err != nil {
		return Merge{}, err
	}
	i := slices.IndexFunc(list, func(m store.Merge) bool { return m.ID == in.ID })
	if i < 0 {
		return Merge{}, NewProblem(notFound, "there is no merge %d: muster device merges lists them", in.ID)
	}
	onto(ctx, fmt.Sprintf("%d: %s into %s", in.ID, list[i].Old, list[i].Into))
	m, err := s.d.Inventory.UndoMerge(ctx, in.ID, actorOf(ctx).Name, s.d.Now())
	if err != nil {
		return Merge{}, err
	}
	s.d.Changed()
	return shownMerge(ctx, m), nil
}
