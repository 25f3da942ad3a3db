package health

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/report"
)

// registry is an inventory with devices and events.
type registry struct {
	devices []store.Device
	events  []store.EventRow
	sites   []store.Site

	refuse    inventory.DeviceID // whose sections cannot be read
	meanwhile func()             // happens once, while the events of a device are read
	listed    int                // how often the list of devices was read
}

func (r *registry) Devices(context.Context, store.DeviceQuery) (store.DevicePage, error) {
	r.listed++
	return store.DevicePage{Devices: slices.Clone(r.devices)}, nil
}

func (r *registry) Device(_ context.Context, _ store.Scope, id inventory.DeviceID) (store.Device, error) {
	for _, d := range r.devices {
		if d.ID == id {
			return d, nil
		}
	}
	return store.Device{}, store.ErrNotFound
}

func (r *registry) Events(_ context.Context, q store.EventQuery) ([]store.EventRow, error) {
	var out []store.EventRow
	for _, e := range r.events {
		if slices.Contains(q.Kinds, e.Kind) && (len(q.Devices) == 0 || slices.Contains(q.Devices, e.Device)) && !e.At.Before(q.From) {
			out = append(out, e)
		}
	}
	slices.Reverse(out) // newest first
	if f := r.meanwhile; f != nil && len(q.Devices) == 1 {
		r.meanwhile = nil
		f()
	}
	return out, nil
}

func (r *registry) Sections(_ context.Context, id inventory.DeviceID, _ time.Time, _ []string) ([]store.SectionView, error) {
	if id == r.refuse {
		return nil, errors.New("a row cannot be decoded")
	}
	sec, _ := inventory.Lookup("os")
	t, err := inventory.Encode([]inventory.OS{{Family: "windows"}})
	if err == nil {
		t, _, err = sec.Conform(t)
	}
	return []store.SectionView{{Name: "os", Status: report.OK.String(), GoodAt: wednesday, Table: t}}, err
}
func (r *registry) Sites(context.Context, store.Scope) ([]store.Site, error) { return r.sites, nil }
func (*registry) Journal(context.Context, store.JournalQuery) ([]store.Change, error) {
	return nil, nil
}
func (*registry) Layout(context.Context, report.LayoutHash) (report.Layout, error) { return nil, nil }
func (*registry) SetPresence(context.Context, map[inventory.DeviceID]store.Presence) error {
	return nil
}

// remembering is a world whose judge has an inventory.
func remembering(t testing.TB, rules ...string) (*world, *registry) {
	w, r := newWorld(t, rules...), &registry{}
	w.stores = r
	return w, r
}

func (r *registry) add(id inventory.DeviceID, at time.Time) {
	r.devices = append(r.devices, store.Device{ID: id, Name: string(id), Kind: "pc", FirstSeen: at.AddDate(0, -2, 0), LastSeen: at})
}

// killed is an event as intake hands it on once it is durable.
func (r *registry) killed(id inventory.DeviceID, at time.Time) Observation {
	e := store.EventReading{Kind: event.OOMKill, At: at, Count: 1, Attributes: map[string]string{"program": "x"}}
	r.events = append(r.events, store.EventRow{Device: id, Kind: e.Kind, At: at, ReceivedAt: at, Count: 1, Attributes: e.Attributes})
	return Observation{Device: id, At: at, ReceivedAt: at, Events: []store.EventReading{e}}
}

// archive is a store of numbers: of each one it is asked for it has the same.
type archive struct {
	refuse func(store.SeriesQuery) error // nil: none
	points []store.TimeValue
}

func (a *archive) Query(_ context.Context, q store.SeriesQuery) ([]store.SeriesResult, error) {
	if a.refuse != nil {
		if err := a.refuse(q); err != nil {
			return nil, err
		}
	}
	var out store.SeriesResult
	for _, p := range a.points {
		if !p.At.Before(q.From) && !p.At.After(q.To) {
			out.Points = append(out.Points, p)
		}
	}
	return []store.SeriesResult{out}, nil
}

// Events that came in before the first observation after a start are in the
// store, those of the observation itself too: each counts once, also where
// several within an hour are kept as one.
func TestEventsAfterAStartCountOnce(t *testing.T) {
	w, r := remembering(t, killed)
	r.add("pc", w.now)
	r.killed("pc", w.now.Add(-20*time.Minute))
	last := r.killed("pc", w.now)
	w.start()
	if err := w.j.Observe(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	if f := w.flushed("pc", "X2"); f.Severity != "warn" {
		t.Errorf("two events: %+v", f)
	}
	w.now = w.now.Add(time.Minute)
	if err := w.j.Observe(t.Context(), r.killed("pc", w.now)); err != nil {
		t.Fatal(err)
	}
	if f := w.flushed("pc", "X2"); f.Severity != "critical" {
		t.Errorf("a third one: %+v", f)
	}
}

// What does not fit into the queue is had from the stores, once.
func TestWhatDoesNotFitIsHadFromTheStores(t *testing.T) {
	w, r := remembering(t, killed)
	w.queue = 1
	r.add("pc", w.now)
	w.start()
	judge := func() {
		for len(w.j.queue) > 0 {
			if err := w.j.Observe(t.Context(), <-w.j.queue); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.j.Offer(r.killed("pc", w.now))
	judge()
	for range 2 { // the second finds the queue full
		w.now = w.now.Add(time.Minute)
		w.j.Offer(r.killed("pc", w.now))
	}
	if s := w.j.Stats(); s.Overflowed != 1 || s.Waiting != 1 {
		t.Fatalf("%+v", s)
	}
	judge()
	if err := w.j.Remind(t.Context(), 10); err != nil { // beside the judging
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Minute)
	w.j.Offer(Observation{Device: "pc", At: w.now, ReceivedAt: w.now})
	judge()
	if f := w.flushed("pc", "X2"); f.Severity != "critical" || f.Times != 1 {
		t.Errorf("three events, of which one did not fit: %+v", f)
	}
	if got := w.j.devices["pc"].events[event.OOMKill]; len(got) != 1 || got[0].count != 3 {
		t.Errorf("events %+v", got)
	}
}

// What came with a device, or all at once with the first reading of a list, is
// no change that trouble may have come with; what came later is, by the name
// that a reading gives it.
func TestChangesAreRememberedByTheNameThatReadingsGive(t *testing.T) {
	now := wednesday
	d := newDevice(Info{ID: "pc", FirstSeen: now.AddDate(0, 0, -10)})
	table := reading(t, "driver", report.OK, now, inventory.Driver{Name: "oem3.inf", Original: "dispnw.inf", Version: "31.0.16"}).Table
	journal := []store.Change{
		{Section: "driver", Verb: "changed", At: now.Add(-time.Hour), Key: map[string]any{"name": "oem3.inf"}, Before: map[string]any{"version": "31.0.15"}, After: map[string]any{"version": "31.0.16"}},
		{Section: "os", Verb: "changed", At: now.Add(-2 * time.Hour), Before: map[string]any{"version": "10.0.1"}, After: map[string]any{"version": "10.0.2"}},
		{Section: "software", Verb: "added", At: now.Add(-3 * time.Hour), Key: map[string]any{"name": "Notes"}, After: map[string]any{"version": "2"}},
		{Section: "software", Verb: "removed", At: now.Add(-3 * time.Hour), Key: map[string]any{"name": "Old"}, Before: map[string]any{"version": "2"}},
		{Section: "software", Verb: "added", At: now.AddDate(0, 0, -10), Key: map[string]any{"name": "There"}, After: map[string]any{"version": "1"}},
	}
	for range firstReading {
		journal = append(journal, store.Change{Section: "software", Verb: "added", At: now.AddDate(0, 0, -5), Key: map[string]any{"name": "Of the first list"}, After: map[string]any{"version": "1"}})
	}
	d.remember(newWorld(t, full).j.plan, []store.SectionView{{Name: "driver", Table: table}}, journal, now)
	var got []string
	for _, c := range d.changes {
		got = append(got, c.what+" "+c.to)
	}
	if want := []string{"software Notes 2", "os 10.0.2", "driver dispnw.inf 31.0.16"}; !slices.Equal(got, want) {
		t.Errorf("changes %q, want %q", got, want)
	}
}
