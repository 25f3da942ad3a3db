package api

import (
	"context"
	"slices"
	"time"

	"muster/collector/atlas"
	"muster/collector/store"
	"muster/internal/inventory"
)

// sight is what of a network somebody may be told.
type sight struct {
	n   *atlas.Network
	all bool
	of  map[inventory.DeviceID]bool
}

// sight finds which devices are in the caller's scope.
func (s *Server) sight(ctx context.Context) (*sight, error) {
	n, err := s.d.Atlas.Network(ctx)
	if err != nil {
		return nil, err
	}
	x := &sight{n: n, all: scopeOf(ctx).All}
	if x.all {
		return x, nil
	}
	page, err := s.d.Inventory.Devices(ctx, store.DeviceQuery{Scope: scopeOf(ctx), Now: s.d.Now()})
	if err != nil {
		return nil, err
	}
	x.of = make(map[inventory.DeviceID]bool, len(page.Devices))
	for i := range page.Devices {
		x.of[page.Devices[i].ID] = true
	}
	return x, nil
}

// sees says whether a device may be told of.
func (x *sight) sees(id inventory.DeviceID) bool { return id != "" && (x.all || x.of[id]) }

// named is a device as answers have it; nil for none, and for one that may not
// be told of.
func (x *sight) named(id inventory.DeviceID) *NamedDevice {
	if !x.sees(id) {
		return nil
	}
	d, ok := x.n.About(id)
	if !ok {
		return nil
	}
	return new(NamedDevice(d))
}

// errorTime is how far back errors of links are counted.
const errorTime = 24 * time.Hour

// mostErrors is of how many devices at once errors are counted.
const mostErrors = 400

// cardKey names a port or card.
type cardKey struct {
	device inventory.DeviceID
	name   string
}

// faulty counts the damaged frames of ports and cards within errorTime, in and
// out. Where the series store cannot say, nothing is known of them. The label
// names the port.
func (s *Server) faulty(ctx context.Context, measurement, label string, in, out string, ids []inventory.DeviceID) map[cardKey]Errors {
	found := map[cardKey]Errors{}
	if len(ids) == 0 || len(ids) > mostErrors {
		return found
	}
	values := make([]string, len(ids))
	for i, id := range ids {
		values[i] = string(id)
	}
	slices.Sort(values)
	to := s.d.Now().UTC()
	for _, field := range []string{in, out} {
		const step = time.Hour
		list, err := s.d.Series.Query(ctx, store.SeriesQuery{Measurement: measurement, Field: field, Matchers: []store.Matcher{{Label: store.LabelDevice, Values: slices.Compact(values)}},
			From: to.Add(-errorTime), To: to, Step: step, Aggregate: store.Rate, Limit: 100_000})
		if err != nil {
			s.d.Log.Debug("errors of links are not known", "error", err)
			return map[cardKey]Errors{}
		}
		for _, x := range list {
			sum := 0.0
			for _, p := range x.Points {
				sum += p.Value * step.Seconds()
			}
			k := cardKey{inventory.DeviceID(x.Labels[store.LabelDevice]), x.Labels[label]}
			e := found[k]
			into := &e.Out
			if field == in {
				into = &e.In
			}
			if *into != nil { // under an earlier host name
				sum += float64(**into)
			}
			*into = new(int64(sum + 0.5))
			found[k] = e
		}
	}
	return found
}

// gearErrors are those of ports of network gear.
func (s *Server) gearErrors(ctx context.Context, ids ...inventory.DeviceID) map[cardKey]Errors {
	return s.faulty(ctx, "interface", "ifName", "ifInErrors", "ifOutErrors", ids)
}

// hostErrors are those of cards of hosts.
func (s *Server) hostErrors(ctx context.Context, ids ...inventory.DeviceID) map[cardKey]Errors {
	return s.faulty(ctx, "net", "interface", "err_in", "err_out", ids)
}
