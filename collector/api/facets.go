package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"muster/collector/store"
	"muster/internal/inventory"
)

// mostValues is how many values of one facet are told.
const mostValues = 100

// deviceFacets counts devices by what they are, where they are and how they do.
func (s *Server) deviceFacets(ctx context.Context, in *DeviceFacetsInput) (DeviceFacets, error) {
	filter := in.Filter
	return s.counts.of(ctx, s.d.Now, filter, func(ctx context.Context) (DeviceFacets, error) { return s.countFacets(ctx, filter) })
}

func (s *Server) countFacets(ctx context.Context, filter string) (DeviceFacets, error) {
	e, err := filterOf(ctx, filter)
	if err != nil {
		return DeviceFacets{}, err
	}
	page, err := s.d.Inventory.Devices(ctx, store.DeviceQuery{Scope: scopeOf(ctx), Filter: e, Personal: personal(ctx), Now: s.d.Now()})
	if err != nil {
		return DeviceFacets{}, err
	}
	worst := map[inventory.DeviceID]string{}
	if s.d.Health != nil {
		// Upkeep and what was there before are lists of their own.
		list, err := s.d.Health.Incidents(ctx, store.IncidentQuery{Scope: scopeOf(ctx), Statuses: awake(), Backlog: new(false), Hygiene: new(false), Limit: 10_000})
		if err != nil {
			return DeviceFacets{}, err
		}
		for _, i := range list {
			for _, d := range i.Devices {
				if slices.Index(severities(), i.Severity) > slices.Index(severities(), worst[d.ID]) {
					worst[d.ID] = i.Severity
				}
			}
		}
	}
	counts := map[string]map[string]*FacetValue{}
	tell := func(facet, value, filter string, online bool) {
		values := counts[facet]
		if values == nil {
			values = map[string]*FacetValue{}
			counts[facet] = values
		}
		v := values[value]
		if v == nil {
			v = &FacetValue{Value: value, Filter: filter}
			values[value] = v
		}
		v.Count++
		if online {
			v.Online++
		}
	}
	word := func(field, value string) string {
		if value == "" {
			return ""
		}
		return field + `="` + strings.ReplaceAll(value, `"`, `""`) + `"`
	}
	out := DeviceFacets{Facets: []Facet{}}
	for _, d := range page.Devices {
		out.Total++
		on := d.Presence == store.Online
		tell("state", string(d.Presence), "state:"+string(d.Presence), on)
		if d.Presence == store.Retired {
			continue // put aside: it counts as that only
		}
		tell("kind", d.Kind, word("kind", d.Kind), on)
		site := d.Site
		if site != "" {
			site = d.Agency + "/" + d.Site
		}
		filter := ""
		if site != "" {
			filter = word("agency", d.Agency) + " " + word("site", d.Site)
		}
		tell("site", site, filter, on)
		tell("os", d.OS, word("os", d.OS), on)
		tell("model", d.Model, word("model", d.Model), on)
		if d.MemoryBytes > 0 {
			// Firmware keeps some for itself: the size on the label is the next
			// power of two, or half way to it.
			gib := labelled(d.MemoryBytes)
			tell("ram", fmt.Sprintf("%d GB", gib), fmt.Sprintf("ram>%dGB ram<=%dGB", smaller(gib), gib), on)
		}
		tell("severity", worst[d.ID], "", on)
	}
	for _, name := range []string{"severity", "state", "kind", "site", "os", "model", "ram"} {
		f := Facet{Name: name, Values: []FacetValue{}}
		for _, v := range counts[name] {
			f.Values = append(f.Values, *v)
		}
		slices.SortFunc(f.Values, func(a, b FacetValue) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
		})
		f.More = max(len(f.Values)-mostValues, 0)
		f.Values = f.Values[:min(len(f.Values), mostValues)]
		out.Facets = append(out.Facets, f)
	}
	return out, nil
}

// sizes are those that memory is sold in, in GiB.
func sizes() []int64 {
	return []int64{1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048}
}

func labelled(bytes int64) int64 {
	for _, g := range sizes() {
		if bytes <= g<<30 {
			return g
		}
	}
	return bytes>>30 + 1
}

func smaller(gib int64) int64 {
	last := int64(0)
	for _, g := range sizes() {
		if g >= gib {
			break
		}
		last = g
	}
	return last
}
