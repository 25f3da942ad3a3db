package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"muster/collector/store"
)

// mostValues is how many values of one facet are told.
const mostValues = 100

func (f DeviceFacets) devices() int { return f.Total }

// deviceFacets counts devices by what they are, where they are and how they do.
func (s *Server) deviceFacets(ctx context.Context, in *DeviceFacetsInput) (DeviceFacets, error) {
	filter, builds := in.Filter, in.Builds
	return s.counts.of(ctx, s.d.Now, fmt.Sprintf("%t %s", builds, filter), func(ctx context.Context) (DeviceFacets, error) { return s.countFacets(ctx, filter, builds) })
}

func (s *Server) countFacets(ctx context.Context, filter string, builds bool) (DeviceFacets, error) {
	e, err := filterOf(ctx, filter)
	if err != nil {
		return DeviceFacets{}, err
	}
	b, err := s.d.Inventory.Breakdown(ctx, store.DeviceQuery{Scope: scopeOf(ctx), Filter: e, Personal: personal(ctx), Now: s.d.Now(), Builds: builds})
	if err != nil {
		return DeviceFacets{}, err
	}
	counts := map[string]map[string]*FacetValue{}
	tell := func(facet, value, filter string, devices, online int) {
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
		v.Count += devices
		v.Online += online
	}
	word := func(field, value string) string {
		if value == "" {
			return ""
		}
		return field + `="` + strings.ReplaceAll(value, `"`, `""`) + `"`
	}
	out := DeviceFacets{Facets: []Facet{}}
	used, usedOnline := 0, 0
	for _, g := range b.Groups {
		out.Total += g.Count
		online := 0
		if g.Presence == store.Online {
			online = g.Count
		}
		tell("state", string(g.Presence), "state:"+string(g.Presence), g.Count, online)
		if g.Presence == store.Retired {
			continue // put aside: it counts as that only
		}
		used += g.Count
		usedOnline += online
		tell("kind", g.Kind, word("kind", g.Kind), g.Count, online)
		site, filter := "", ""
		if g.Site != "" {
			site, filter = g.Agency+"/"+g.Site, word("agency", g.Agency)+" "+word("site", g.Site)
		}
		tell("site", site, filter, g.Count, online)
		tell("os", g.OS, word("os", g.OS), g.Count, online)
		tell("model", g.Model, word("model", g.Model), g.Count, online)
		if g.MemoryBytes > 0 {
			// Firmware keeps some for itself: the size on the label is the next
			// power of two, or half way to it.
			gib := labelled(g.MemoryBytes)
			tell("ram", fmt.Sprintf("%d GB", gib), fmt.Sprintf("ram>%dGB ram<=%dGB", smaller(gib), gib), g.Count, online)
		}
	}
	for _, x := range b.Builds {
		if x.Build == "" {
			tell("build", "", "", x.Count, x.Online)
			continue
		}
		tell("build", strings.TrimSpace(x.Build+" "+x.OS), strings.TrimSpace(word("build", x.Build)+" "+word("os", x.OS)), x.Count, x.Online)
	}
	for _, a := range b.Ailing {
		tell("severity", a.Severity, "severity:"+a.Severity, a.Count, a.Online)
		used -= a.Count
		usedOnline -= a.Online
	}
	if used > 0 {
		tell("severity", "", "severity:none -state:retired", used, usedOnline)
	}
	names := []string{"severity", "state", "kind", "site", "os", "model", "ram"}
	if builds {
		names = append(names, "build")
	}
	for _, name := range names {
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
