package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"muster/collector/store"
)

// site finds a site in scope by AGENCY/SITE, or by SITE alone where that is
// not in doubt.
func (s *Server) site(ctx context.Context, text string) (store.Site, error) {
	list, err := s.d.Inventory.Sites(ctx, scopeOf(ctx))
	if err != nil {
		return store.Site{}, fmt.Errorf("find site: %w", err)
	}
	agency, name, whole := strings.Cut(strings.TrimSpace(text), "/")
	if !whole {
		agency, name = "", agency
	}
	var found []store.Site
	var names []string
	for _, x := range list {
		names = append(names, x.Agency+"/"+x.Name)
		if !whole {
			names = append(names, x.Name)
		}
		if strings.EqualFold(x.Name, strings.TrimSpace(name)) && (!whole || strings.EqualFold(x.Agency, strings.TrimSpace(agency))) {
			found = append(found, x)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return store.Site{}, NewProblem(notFound, "there is no site %q here%s: muster site list shows them, muster site add AGENCY/SITE adds one", clip(printable(text), 80), near(text, names))
	}
	return store.Site{}, NewProblem(ambiguous, "several agencies have a site %q: write AGENCY/SITE", clip(printable(text), 80))
}

// agency finds an agency in scope.
func (s *Server) agency(ctx context.Context, name string) (store.Agency, error) {
	list, err := s.d.Inventory.Agencies(ctx, scopeOf(ctx))
	if err != nil {
		return store.Agency{}, fmt.Errorf("find agency: %w", err)
	}
	var names []string
	for _, a := range list {
		if strings.EqualFold(a.Name, strings.TrimSpace(name)) {
			return a, nil
		}
		names = append(names, a.Name)
	}
	return store.Agency{}, NewProblem(notFound, "there is no agency %q here%s: muster agency list shows them, muster agency add NAME adds one", clip(printable(name), 80), near(name, names))
}

func (s *Server) agencyList(ctx context.Context, _ *NoInput) (AgencyList, error) {
	list, err := s.d.Inventory.Agencies(ctx, scopeOf(ctx))
	out := AgencyList{Agencies: make([]Agency, len(list))}
	for i, a := range list {
		out.Agencies[i] = Agency{Name: a.Name}
	}
	return out, err
}

func (s *Server) agencyNew(ctx context.Context, in *AgencyNewInput) (Agency, error) {
	onto(ctx, in.Body.Name)
	return s.putAgency(ctx, store.Agency{Name: in.Body.Name})
}

func (s *Server) agencyRename(ctx context.Context, in *AgencyRenameInput) (Agency, error) {
	a, err := s.agency(ctx, in.Name)
	if err != nil {
		return Agency{}, err
	}
	note(ctx, "name", printable(in.Body.Name))
	a.Name = in.Body.Name
	return s.putAgency(ctx, a)
}

func (s *Server) putAgency(ctx context.Context, a store.Agency) (Agency, error) {
	name, err := placeName("an agency", a.Name)
	if err != nil {
		return Agency{}, err
	}
	a.Name = name
	a, err = s.d.Inventory.PutAgency(ctx, a)
	if errors.Is(err, store.ErrConflict) {
		return Agency{}, NewProblem(conflict, "there is an agency %q already", name)
	}
	if err != nil {
		return Agency{}, err
	}
	s.d.Changed()
	return Agency{Name: a.Name}, nil
}

func (s *Server) agencyDelete(ctx context.Context, in *AgencyInput) (Nothing, error) {
	a, err := s.agency(ctx, in.Name)
	if err != nil {
		return Nothing{}, err
	}
	if err := s.boundTo(ctx, "agency "+a.Name, func(x store.Scope) bool { return slices.Contains(x.Agencies, a.ID) }); err != nil {
		return Nothing{}, err
	}
	err = s.d.Inventory.DeleteAgency(ctx, a.Name)
	if err == nil {
		s.d.Changed()
	}
	return Nothing{}, err
}

func (s *Server) siteList(ctx context.Context, in *SiteListInput) (SiteList, error) {
	list, err := s.d.Inventory.Sites(ctx, scopeOf(ctx))
	out := SiteList{Sites: []Site{}}
	for _, x := range list {
		if in.Agency == "" || strings.EqualFold(x.Agency, in.Agency) {
			out.Sites = append(out.Sites, Site{Agency: x.Agency, Name: x.Name, Subnets: x.Subnets})
		}
	}
	return out, err
}

func (s *Server) siteNew(ctx context.Context, in *SiteNewInput) (Site, error) {
	onto(ctx, in.Body.Agency+"/"+in.Body.Name)
	a, err := s.agency(ctx, in.Body.Agency)
	if err != nil {
		return Site{}, err
	}
	return s.putSite(ctx, store.Site{Agency: a.Name, Name: in.Body.Name, Subnets: in.Body.Subnets})
}

func (s *Server) siteSet(ctx context.Context, in *SiteSetInput) (Site, error) {
	x, err := s.site(ctx, in.Agency+"/"+in.Name)
	if err != nil {
		return Site{}, err
	}
	if in.Body.Name != nil {
		note(ctx, "name", printable(*in.Body.Name))
		x.Name = *in.Body.Name
	}
	if in.Body.Subnets != nil {
		x.Subnets = *in.Body.Subnets
	}
	return s.putSite(ctx, x)
}

func (s *Server) putSite(ctx context.Context, x store.Site) (Site, error) {
	name, err := placeName("a site", x.Name)
	if err != nil {
		return Site{}, err
	}
	x.Name = name
	nets, err := networks("subnets", x.Subnets)
	if err != nil {
		return Site{}, err
	}
	x.Subnets = nil
	for _, n := range nets {
		x.Subnets = append(x.Subnets, n.String())
	}
	note(ctx, "subnets", strings.Join(x.Subnets, " "))
	// The store says in words when a subnet is another site's; a taken name it
	// tells by its own constraint.
	all, err := s.d.Inventory.Sites(ctx, store.Scope{All: true})
	if err != nil {
		return Site{}, err
	}
	for _, other := range all {
		if other.ID != x.ID && other.Agency == x.Agency && strings.EqualFold(other.Name, x.Name) {
			return Site{}, NewProblem(conflict, "agency %q has a site %q already", x.Agency, x.Name)
		}
	}
	x, err = s.d.Inventory.PutSite(ctx, x)
	if err != nil {
		return Site{}, err
	}
	s.d.Changed()
	return Site{Agency: x.Agency, Name: x.Name, Subnets: x.Subnets}, nil
}

// networks reads networks; one address is a network of its own.
func networks(what string, list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range list {
		text = strings.TrimSpace(text)
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, aerr := netip.ParseAddr(text)
			if aerr != nil || a.Zone() != "" {
				return nil, NewProblem(invalid, "%s: %q is no network: write it as 10.20.0.0/16", what, clip(printable(text), 60))
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		if p = p.Masked(); !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out, nil
}

func (s *Server) siteDelete(ctx context.Context, in *SiteInput) (Nothing, error) {
	x, err := s.site(ctx, in.Agency+"/"+in.Name)
	if err != nil {
		return Nothing{}, err
	}
	whole := x.Agency + "/" + x.Name
	if err := s.boundTo(ctx, "site "+whole, func(k store.Scope) bool { return slices.Contains(k.Sites, x.ID) }); err != nil {
		return Nothing{}, err
	}
	if err := s.invitedTo(ctx, whole); err != nil {
		return Nothing{}, err
	}
	if err := s.polledAt(ctx, x.ID, whole); err != nil {
		return Nothing{}, err
	}
	err = s.d.Inventory.DeleteSite(ctx, x.Agency, x.Name)
	if err == nil {
		s.d.Changed()
	}
	return Nothing{}, err
}

func (s *Server) labelList(ctx context.Context, _ *NoInput) (LabelList, error) {
	counts, err := s.d.Inventory.Labels(ctx, scopeOf(ctx))
	out := LabelList{Labels: []Label{}}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		out.Labels = append(out.Labels, Label{Name: name, Devices: counts[name]})
	}
	return out, err
}

func (s *Server) labelAdd(ctx context.Context, in *LabelInput) (Changed, error) {
	if len(in.Body.Devices) == 0 && in.Body.Filter == "" {
		return Changed{}, NewProblem(invalid, "say which devices get the label: name them, or give a filter")
	}
	return s.relabel(ctx, in, DeviceChange{AddLabels: []string{in.Label}})
}

func (s *Server) labelRemove(ctx context.Context, in *LabelInput) (Changed, error) {
	return s.relabel(ctx, in, DeviceChange{RemoveLabels: []string{in.Label}})
}

func (s *Server) labelRename(ctx context.Context, in *LabelRenameInput) (Changed, error) {
	note(ctx, "name", printable(in.Body.Name))
	targets := &LabelInput{Label: in.Label}
	return s.relabel(ctx, targets, DeviceChange{AddLabels: []string{in.Body.Name}, RemoveLabels: []string{in.Label}})
}

// relabel changes labels of the devices named, or chosen by a filter, or of
// all in scope that have the label.
func (s *Server) relabel(ctx context.Context, in *LabelInput, c DeviceChange) (Changed, error) {
	if _, err := labels(append(slices.Clone(c.AddLabels), c.RemoveLabels...)); err != nil {
		return Changed{}, err
	}
	var devices []store.Device
	for _, ref := range in.Body.Devices {
		d, err := s.find(ctx, ref)
		if err != nil {
			return Changed{}, err
		}
		devices = append(devices, d)
	}
	if len(in.Body.Devices) == 0 {
		text := in.Body.Filter
		if text == "" {
			text = `label="` + in.Label + `"`
		}
		e, err := filterOf(ctx, text)
		if err != nil {
			return Changed{}, err
		}
		page, err := s.d.Inventory.Devices(ctx, store.DeviceQuery{Scope: scopeOf(ctx), Filter: e, Personal: personal(ctx), Now: s.d.Now()})
		if err != nil {
			return Changed{}, err
		}
		devices = page.Devices
	}
	var out Changed
	for _, d := range devices {
		e, err := checkEdit(ctx, d, c, s.site)
		if err != nil {
			return out, err
		}
		if !e.setLabels {
			continue
		}
		if err := s.apply(ctx, e); err != nil {
			note(ctx, "devices", fmt.Sprint(out.Devices))
			return out, err
		}
		out.Devices++
	}
	note(ctx, "devices", fmt.Sprint(out.Devices))
	if out.Devices > 0 {
		s.d.Changed()
	}
	return out, nil
}
