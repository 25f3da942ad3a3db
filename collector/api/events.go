package api

import (
	"context"
	"strings"

	"muster/collector/store"
	"muster/internal/event"
	"muster/internal/inventory"
)

func (s *Server) deviceEvents(ctx context.Context, in *DeviceEventsInput) (EventList, error) {
	d, err := s.find(ctx, in.Ref)
	if err != nil {
		return EventList{}, err
	}
	return s.events(ctx, []inventory.DeviceID{d.ID}, in.Kinds, in.From, in.To, in.Limit)
}

func (s *Server) eventList(ctx context.Context, in *EventsInput) (EventList, error) {
	ids, narrowed, err := s.chosen(ctx, in.Filter)
	if err != nil {
		return EventList{}, err
	}
	if narrowed && len(ids) == 0 {
		return EventList{Events: []Event{}}, nil
	}
	return s.events(ctx, ids, in.Kinds, in.From, in.To, in.Limit)
}

func (s *Server) events(ctx context.Context, ids []inventory.DeviceID, kinds []string, from, to string, limit int) (EventList, error) {
	var names []string
	for _, k := range kinds {
		k = strings.TrimSpace(k)
		if k == "" {
			continue
		}
		if _, ok := event.Lookup(k); !ok {
			return EventList{}, NewProblem(invalid, "there is no kind of event %q%s: muster schema lists them", clip(printable(k), 40), near(k, allEvents()))
		}
		names = append(names, k)
	}
	a, b, err := span(from, to, s.d.Now())
	if err != nil {
		return EventList{}, err
	}
	rows, err := s.d.Inventory.Events(ctx, store.EventQuery{Scope: scopeOf(ctx), Devices: ids, Kinds: names, From: a, To: b, Limit: orDefault(limit)})
	if err != nil {
		return EventList{}, err
	}
	m := newMask(ctx)
	out := EventList{Events: make([]Event, len(rows))}
	for i, e := range rows {
		out.Events[i] = Event{
			At: e.At, ReceivedAt: e.ReceivedAt, Device: e.Device, Name: e.Name,
			Kind: e.Kind, Count: e.Count, Attributes: m.attributes(e.Kind, e.Attributes),
		}
	}
	out.Hidden = m.list()
	return out, nil
}

func allEvents() []string {
	var out []string
	for _, k := range event.Catalogue() {
		out = append(out, k.Name)
	}
	return out
}
