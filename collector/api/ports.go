package api

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"muster/collector/store"
	"muster/collector/topology"
	"muster/internal/inventory"
)

func (s *Server) portWhere(ctx context.Context, in *PortWhereInput) (PortWhere, error) {
	x, err := s.sight(ctx)
	if err != nil {
		return PortWhere{}, err
	}
	out := PortWhere{What: strings.TrimSpace(in.What), Macs: []string{}, Addresses: []KnownAddress{}, Places: []Place{}, ReadAt: x.n.At()}
	from, err := moment("from", in.From, s.d.Now())
	if err != nil {
		return out, err
	}
	macs, places, err := s.lookFor(ctx, x, &out)
	if err != nil {
		return out, err
	}
	for _, m := range macs {
		out.Macs = append(out.Macs, m.String())
		for _, h := range x.n.AddressesOf(m) {
			out.Addresses = x.tell(out.Addresses, h)
		}
	}
	gear, hosts := []inventory.DeviceID{}, []inventory.DeviceID{}
	var shown []topology.Place
	for _, p := range places {
		if p.Switch != "" && !x.sees(p.Switch) || p.Switch == "" && !x.sees(p.By) {
			out.Concealed++
			continue
		}
		shown = append(shown, p)
		gear = append(gear, p.Switch)
		if x.sees(p.Device) {
			hosts = append(hosts, p.Device)
		}
	}
	ends := s.ends(ctx, gear, hosts)
	for _, p := range shown {
		out.Places = append(out.Places, x.place(p, ends))
	}
	if in.History || len(out.Places) == 0 {
		if err := s.stays(ctx, x, macs, from, &out); err != nil {
			return out, err
		}
	}
	if out.Understood != "device" && out.Device == nil && len(out.Places) == 0 && len(out.Addresses) == 0 && len(out.History) == 0 {
		return out, NewProblem(notFound, "nobody has seen %s: no forwarding table, router, Wi-Fi controller or agent that this account may see knows it", clip(printable(out.What), 80))
	}
	return out, nil
}

// portPlaces answers for many devices what a line of a list has room for: the
// port, without what was counted at its ends.
func (s *Server) portPlaces(ctx context.Context, in *PortPlacesInput) (PortPlaces, error) {
	x, err := s.sight(ctx)
	if err != nil {
		return PortPlaces{}, err
	}
	out := PortPlaces{Places: []DevicePlace{}, ReadAt: x.n.At()}
	for _, id := range in.Devices {
		d := x.named(inventory.DeviceID(id))
		if d == nil {
			continue
		}
		if sw, p := x.plugged(d.ID); sw != nil {
			out.Places = append(out.Places, DevicePlace{Device: *d, Switch: *sw, Port: p.Port, Confidence: string(p.Confidence)})
		}
	}
	return out, nil
}

// plugged is the switch that a device hangs on now, and where; nil when that is
// not known, or only guessed.
func (x *sight) plugged(id inventory.DeviceID) (*NamedDevice, topology.Place) {
	for _, p := range x.n.Of(id) {
		if sw := x.named(p.Switch); sw != nil && p.Present && p.Confidence != topology.Low {
			return sw, p
		}
	}
	return nil, topology.Place{}
}

// lookFor understands what is asked for, and answers its addresses and places.
func (s *Server) lookFor(ctx context.Context, x *sight, out *PortWhere) (macs []topology.Mac, places []topology.Place, err error) {
	ip, notIP := netip.ParseAddr(out.What)
	m, isMac := topology.ParseMac(out.What)
	switch {
	case isMac && !s.named(ctx, out.What):
		out.Understood = "mac"
		out.Device = x.named(x.n.Owner(m))
		macs = []topology.Mac{m}
	case notIP == nil:
		out.Understood = "address"
		for _, h := range x.n.Holders(ip) {
			if !x.sees(h.By) {
				continue
			}
			out.Addresses = x.tell(out.Addresses, h)
			if h.Mac != 0 && !slices.Contains(macs, h.Mac) {
				macs = append(macs, h.Mac)
			}
			if out.Device == nil {
				out.Device = x.named(h.Device)
			}
			// A host that says where its address is, but not on which card.
			if h.Mac == 0 && x.sees(h.Device) {
				macs = append(macs, x.n.Macs(h.Device)...)
			}
		}
		if len(out.Addresses) == 0 {
			return nil, nil, NewProblem(notFound, "nobody that this account may see knows the address %s: neither agents, nor routers (section arp), nor Wi-Fi controllers", ip)
		}
	default:
		out.Understood = "device"
		d, err := s.find(ctx, out.What)
		if err != nil {
			return nil, nil, err
		}
		named := shownName(d)
		out.Device = &named
		return x.n.Macs(d.ID), x.n.Of(d.ID), nil
	}
	for _, m := range macs {
		if p, ok := x.n.Locate(m); ok {
			places = append(places, p)
		}
	}
	return macs, places, nil
}

// named says whether a device is called so: twelve hexadecimal digits without
// colons may be a serial number.
func (s *Server) named(ctx context.Context, text string) bool {
	if strings.ContainsAny(text, ":-.") {
		return false
	}
	_, err := s.d.Inventory.Resolve(ctx, scopeOf(ctx), text)
	return err == nil || errors.Is(err, store.ErrAmbiguous)
}

func shownName(d store.Device) NamedDevice {
	x := NamedDevice{ID: d.ID, Name: d.Name, Kind: d.Kind}
	if d.Site != "" {
		x.Site = d.Agency + "/" + d.Site
	}
	return x
}

// tell adds an address, once per device that tells, when that may be told of.
func (x *sight) tell(list []KnownAddress, h topology.Holder) []KnownAddress {
	if !x.sees(h.By) {
		return list
	}
	a := KnownAddress{Address: h.Address.String(), Mac: h.Mac.String(), Device: x.named(h.Device), ToldBy: x.named(h.By), LastSeen: h.Last}
	if slices.ContainsFunc(list, func(b KnownAddress) bool {
		return a.Address == b.Address && a.Mac == b.Mac && a.ToldBy != nil && b.ToldBy != nil && a.ToldBy.ID == b.ToldBy.ID
	}) {
		return list
	}
	return append(list, a)
}

// ends are the damaged frames of both ends of cables.
type ends struct{ gear, hosts map[cardKey]Errors }

func (s *Server) ends(ctx context.Context, gear, hosts []inventory.DeviceID) ends {
	once := func(l []inventory.DeviceID) []inventory.DeviceID {
		l = slices.DeleteFunc(slices.Clone(l), func(id inventory.DeviceID) bool { return id == "" })
		slices.Sort(l)
		return slices.Compact(l)
	}
	return ends{gear: s.gearErrors(ctx, once(gear)...), hosts: s.hostErrors(ctx, once(hosts)...)}
}

// place is a place as it may be told.
func (x *sight) place(p topology.Place, e ends) Place {
	out := Place{Mac: p.Mac.String(), Device: x.named(p.Device), Switch: x.named(p.Switch), Port: p.Port, Vlans: p.Vlans, Confidence: string(p.Confidence), How: string(p.How), ToldBy: x.named(p.By),
		Present: p.Present, FirstSeen: p.First, LastSeen: p.Last, Else: p.Else}
	if out.Device != nil {
		out.Interface = p.Interface
	}
	for _, v := range p.Via {
		out.Via = append(out.Via, x.via(v))
	}
	if out.Switch != nil {
		if at, role, ok := x.n.Port(p.Switch, p.Port); ok {
			out.Alias, out.Role = at.Alias, string(role)
			out.PortEnd = &CableEnd{State: at.Oper, SpeedBits: at.Speed, Duplex: at.Duplex, Errors: e.gear[cardKey{p.Switch, p.Port}]}
		}
	}
	if out.Device != nil && out.Interface != "" {
		if card, ok := x.n.Card(p.Device, p.Interface); ok {
			end := &CableEnd{SpeedBits: card.Speed, Duplex: card.Duplex, Errors: e.hosts[cardKey{p.Device, p.Interface}]}
			if card.Up != nil {
				end.State = map[bool]string{true: "up", false: "down"}[*card.Up]
			}
			out.DeviceEnd = end
		}
	}
	return out
}

func (x *sight) via(v topology.Via) Via {
	out := Via{Kind: string(v.Kind), Name: v.Name, Hosts: v.Hosts, Device: x.named(v.Device)}
	if v.Device != "" && out.Device == nil {
		out.Name = ""
	}
	return out
}

// stays fills in where addresses were before.
func (s *Server) stays(ctx context.Context, x *sight, macs []topology.Mac, from time.Time, out *PortWhere) error {
	if len(macs) == 0 {
		return nil
	}
	q := store.RowQuery{Scope: scopeOf(ctx), Section: "fdb", Columns: []string{"mac", "port", "vlan_id", "status"}, Column: "mac", Past: true}
	for _, m := range macs {
		q.Values = append(q.Values, m.String())
	}
	var list []topology.Version
	if err := s.d.Inventory.Rows(ctx, q, func(r *store.Row) error {
		text, _ := r.Values[0].(string)
		port, _ := r.Values[1].(string)
		vlan, _ := r.Values[2].(int64)
		if status, _ := r.Values[3].(string); status == "self" {
			return nil
		}
		if m, ok := topology.ParseMac(text); ok {
			list = append(list, topology.Version{Switch: r.Device, Port: port, Mac: m, Vlan: int32(vlan), From: r.From, Until: r.Until, Gone: r.Missing})
		}
		return nil
	}); err != nil {
		return err
	}
	linger := 24 * time.Hour
	if section, ok := inventory.Lookup("fdb"); ok {
		linger = section.Linger
	}
	for _, y := range x.n.Moves(list, linger) {
		if !from.IsZero() && !y.Until.IsZero() && y.Until.Before(from) {
			continue
		}
		at, role, _ := x.n.Port(y.Switch, y.Port)
		if role == topology.Wireless && !personal(ctx) {
			// Which access point a laptop was at when tells where its person was.
			if !slices.Contains(out.Hidden, "history.access_point") {
				out.Hidden = append(out.Hidden, "history.access_point")
			}
			continue
		}
		out.History = append(out.History, Stay{Mac: y.Mac.String(), Switch: x.named(y.Switch), Port: y.Port, Alias: at.Alias, Vlans: y.Vlans, From: y.From, Until: y.Until})
	}
	return nil
}

func (s *Server) portShow(ctx context.Context, in *PortShowInput) (PortShow, error) {
	d, err := s.find(ctx, in.Ref)
	if err != nil {
		return PortShow{}, err
	}
	x, err := s.sight(ctx)
	if err != nil {
		return PortShow{}, err
	}
	out := PortShow{Device: shownName(d), Ports: []PortLine{}, ReadAt: x.n.At(), Unresolved: x.n.Unresolved(d.ID)}
	list := x.n.PortsOf(d.ID)
	if name := strings.TrimSpace(in.Port); name != "" {
		found, ok := x.n.Lookup(d.ID, name)
		if !ok {
			var names []string
			for _, p := range list {
				names = append(names, p.Name)
			}
			return out, NewProblem(notFound, "%s has no port %q%s: muster port show %s lists them", cmp.Or(d.Name, string(d.ID)), clip(printable(name), 60), near(name, names), cmp.Or(d.Name, string(d.ID)))
		}
		list = slices.DeleteFunc(list, func(p topology.OnPort) bool { return p.Name != found })
	}
	var hosts []inventory.DeviceID
	for i := range list {
		for _, h := range list[i].Hosts {
			if x.sees(h.Device) {
				hosts = append(hosts, h.Device)
			}
		}
	}
	e := s.ends(ctx, []inventory.DeviceID{d.ID}, hosts)
	for i := range list {
		p := &list[i]
		line := PortLine{Name: p.Name, Alias: p.Alias, Description: p.Description, Admin: p.Admin, Role: string(p.Role), Why: string(p.Why), Gear: x.named(p.Gear), Aggregate: p.Aggregate, Members: p.Members,
			UntaggedVlan: p.Untagged, VoiceVlan: p.Voice, StpState: p.Stp, Macs: p.Macs, Neighbors: []HeardOn{}, Hosts: []Place{},
			End: CableEnd{State: p.Oper, SpeedBits: p.Speed, Duplex: p.Duplex, Errors: e.gear[cardKey{d.ID, p.Name}]}}
		for _, h := range p.Heard {
			line.Neighbors = append(line.Neighbors, HeardOn{Protocol: h.Protocol, What: h.What, Name: h.Name, Chassis: h.Chassis, Port: h.Port, Device: x.named(h.Device), Since: h.First})
		}
		for _, h := range p.Hosts {
			line.Hosts = append(line.Hosts, x.place(h, e))
		}
		out.Ports = append(out.Ports, line)
	}
	return out, nil
}

func (s *Server) topologyShow(ctx context.Context, in *TopologyInput) (Topology, error) {
	ids, narrowed, err := s.chosen(ctx, in.Filter)
	if err != nil {
		return Topology{}, err
	}
	x, err := s.sight(ctx)
	if err != nil {
		return Topology{}, err
	}
	chosen := map[inventory.DeviceID]bool{}
	for _, id := range ids {
		chosen[id] = true
	}
	out := Topology{Links: []Link{}, ReadAt: x.n.At()}
	var list []topology.Link
	var gear []inventory.DeviceID
	for _, l := range x.n.Links() {
		if narrowed && !chosen[l.A.Device] && !chosen[l.B.Device] {
			continue
		}
		list = append(list, l)
		for _, id := range []inventory.DeviceID{l.A.Device, l.B.Device} {
			if x.sees(id) {
				gear = append(gear, id)
			}
		}
	}
	slices.Sort(gear)
	gear = slices.Compact(gear)
	out.Counted = len(gear) <= mostErrors
	e := s.gearErrors(ctx, gear...)
	for _, l := range list {
		line := Link{A: x.end(l.A, e), B: x.end(l.B, e), How: []string{}, Confidence: string(l.Confidence), FirstSeen: l.First, LastSeen: l.Last}
		for _, h := range l.How {
			line.How = append(line.How, string(h))
		}
		if !line.A.Concealed && !line.B.Concealed {
			line.Faults = l.Faults
		}
		out.Links = append(out.Links, line)
	}
	return out, nil
}

// end is one end of a link as it may be told.
func (x *sight) end(l topology.End, e map[cardKey]Errors) LinkEnd {
	if l.Device != "" && !x.sees(l.Device) {
		return LinkEnd{Concealed: true}
	}
	out := LinkEnd{Device: x.named(l.Device), Name: l.Name, Port: l.Port, Aggregate: l.Lag, StpState: l.Stp, CableEnd: CableEnd{State: l.Oper, SpeedBits: l.Speed, Duplex: l.Duplex}}
	if l.Device != "" {
		out.Errors = e[cardKey{l.Device, l.Port}]
	}
	return out
}
