package atlas

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"muster/collector/store"
	"muster/collector/topology"
	"muster/internal/inventory"
)

// Network is how everything hangs together, worked out when somebody asks and
// kept for a while. It is worked out of all devices, whoever asks: a port that
// leads to a switch out of scope leads there all the same. What of it may be
// told is for those who tell it.
type Network struct {
	*topology.Network
	about map[inventory.DeviceID]Device
}

// Device is what a device of a network is called.
type Device struct {
	ID         inventory.DeviceID
	Name, Kind string
	Site       string // AGENCY/SITE
}

// About is what a device is called.
func (n *Network) About(id inventory.DeviceID) (Device, bool) {
	d, ok := n.about[id]
	return d, ok
}

// Uplinks are the ports of all gear that lead to other gear, by device and
// port, with why.
func (n *Network) Uplinks() map[inventory.DeviceID]map[string]topology.Why {
	out := map[inventory.DeviceID]map[string]topology.Why{}
	for id := range n.about {
		if m := n.Marks(id); len(m) > 0 {
			out[id] = m
		}
	}
	return out
}

// Inventory is what an Atlas is made of.
type Inventory interface {
	Devices(context.Context, store.DeviceQuery) (store.DevicePage, error)
	Rows(context.Context, store.RowQuery, func(*store.Row) error) error
}

// Atlas keeps the last network. An answer may be as old as keepTimes what
// working it out took, so that at most a twentieth of a core is spent on it
// however often somebody asks, and never older than keepLongest. A small
// office's is made anew each time somebody asks.
type Atlas struct {
	inventory Inventory
	now       func() time.Time

	mu    sync.Mutex
	last  *Network
	until time.Time
}

// New makes an atlas; nothing is read yet.
func New(inventory Inventory, now func() time.Time) *Atlas {
	return &Atlas{inventory: inventory, now: now}
}

const (
	keepTimes   = 20
	keepLongest = 5 * time.Minute
)

// Network answers how things hang together.
func (x *Atlas) Network(ctx context.Context) (*Network, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := x.now()
	if x.last != nil && now.Before(x.until) && !now.Before(x.last.At()) {
		return x.last, nil
	}
	x.last = nil // before the next is made: two take twice the room
	l := loading{inventory: x.inventory, now: now, texts: map[string]string{}}
	n, err := l.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("read how the network hangs together: %w", err)
	}
	x.last, x.until = n, now.Add(min(keepTimes*x.now().Sub(now), keepLongest))
	return n, nil
}

// loading reads the facts of a network.
type loading struct {
	inventory Inventory
	now       time.Time
	f         topology.Facts
	of        map[inventory.DeviceID]int32
	off       []bool // devices out of use: only their cards are known
	texts     map[string]string
	row       *store.Row
	at        int32 // device of the row
}

func (l *loading) load(ctx context.Context) (*Network, error) {
	page, err := l.inventory.Devices(ctx, store.DeviceQuery{Scope: store.Scope{All: true}, Now: l.now})
	if err != nil {
		return nil, err
	}
	n := &Network{about: make(map[inventory.DeviceID]Device, len(page.Devices))}
	l.f.Now = l.now
	l.f.Devices = make([]topology.Device, 0, len(page.Devices))
	l.of = make(map[inventory.DeviceID]int32, len(page.Devices))
	for i := range page.Devices {
		d := &page.Devices[i]
		l.of[d.ID] = l.f.Add(topology.Device{ID: d.ID, Kind: l.same(d.Kind), Name: d.Name, Serial: d.Serial, Seen: d.LastSeen})
		l.off = append(l.off, !d.RetiredAt.IsZero())
		x := Device{ID: d.ID, Name: d.Name, Kind: l.same(d.Kind)}
		if d.Site != "" {
			x.Site = l.same(d.Agency + "/" + d.Site)
		}
		n.about[d.ID] = x
	}
	page.Devices = nil
	for _, r := range readers() {
		if err := l.read(ctx, r); err != nil {
			return nil, err
		}
	}
	n.Network = topology.Join(&l.f)
	return n, nil
}

// same gives equal texts one place in memory.
func (l *loading) same(s string) string {
	if old, ok := l.texts[s]; ok {
		return old
	}
	l.texts[s] = s
	return s
}

// reader takes the columns of one section.
type reader struct {
	section string
	columns []string
	take    func(l *loading)
	retired bool // of devices out of use too
}

func (l *loading) read(ctx context.Context, r reader) error {
	section, ok := inventory.Lookup(r.section)
	if !ok {
		return fmt.Errorf("there is no section %s", r.section)
	}
	return l.inventory.Rows(ctx, store.RowQuery{Scope: store.Scope{All: true}, Section: r.section, Columns: r.columns}, func(row *store.Row) error {
		at, ok := l.of[row.Device]
		if !ok || l.off[at] && !r.retired {
			return nil
		}
		if !row.Missing.IsZero() && l.now.Sub(row.Missing) >= max(section.Linger, 1) {
			return nil // nobody has come by to close it
		}
		l.row, l.at = row, at
		r.take(l)
		return nil
	})
}

func (l *loading) text(i int) string {
	s, _ := l.row.Values[i].(string)
	return l.same(s)
}

func (l *loading) number(i int) int64 {
	n, _ := l.row.Values[i].(int64)
	return n
}

func (l *loading) flag(i int) *bool {
	if b, ok := l.row.Values[i].(bool); ok {
		return &b
	}
	return nil
}

func (l *loading) mac(i int) topology.Mac {
	s, _ := l.row.Values[i].(string)
	m, _ := topology.ParseMac(s)
	return m
}

func (l *loading) list(i int) []string {
	s, _ := l.row.Values[i].(string)
	if s == "" {
		return nil
	}
	var out []string
	if json.Unmarshal([]byte(s), &out) != nil {
		return nil
	}
	return out
}

func (l *loading) ip(i int) netip.Addr {
	s, _ := l.row.Values[i].(string)
	a, _ := netip.ParseAddr(s)
	return a
}

// span is since when a row has been there and when it was there last. Sections
// that did not change do not come again: while the last reading was good, they
// are as fresh as the device's last report.
func (l *loading) span() topology.Span {
	r := l.row
	s := topology.Span{First: r.From.UnixMilli()}
	last := r.GoodAt
	switch {
	case !r.Missing.IsZero():
		last, s.Gone = r.Missing, true
	case r.Status == "ok":
		last = l.f.Devices[l.at].Seen
	case r.Status == "partial":
		last = r.ReadAt
	}
	s.Last = max(last.UnixMilli(), s.First)
	return s
}

// readers lists the sections that a network is made of.
func readers() []reader {
	return []reader{
		{section: "port", columns: []string{"name", "description", "alias", "kind", "mac", "admin_status", "oper_status", "speed_bits_per_second", "duplex", "stp_state",
			"untagged_vlan", "voice_vlan", "lag", "uplink", "uplink_reason"}, take: func(l *loading) {
			p := topology.Port{Of: l.at, Name: l.text(0), Description: l.text(1), Alias: l.text(2), Kind: l.text(3), Mac: l.mac(4), Admin: l.text(5), Oper: l.text(6), Speed: l.number(7), Duplex: l.text(8),
				Stp: l.text(9), Untagged: int32(l.number(10)), Voice: int32(l.number(11)), Lag: l.text(12)}
			if l.text(14) == "manual" {
				p.Manual = l.flag(13)
			}
			l.f.Ports = append(l.f.Ports, p)
		}},
		{section: "fdb", columns: []string{"vlan_id", "mac", "port", "status"}, take: func(l *loading) {
			l.f.Fdb = append(l.f.Fdb, topology.Fdb{Of: l.at, Vlan: int32(l.number(0)), Mac: l.mac(1), Port: l.text(2), Self: l.text(3) == "self", Span: l.span()})
		}},
		{section: "arp", columns: []string{"address", "mac"}, take: func(l *loading) {
			if host := l.f.Devices[l.at].Kind; host == "pc" {
				return // a PC knows its gateway; a router knows everybody
			}
			l.f.Arp = append(l.f.Arp, topology.Arp{Of: l.at, Address: l.ip(0), Mac: l.mac(1), Span: l.span()})
		}},
		{section: "neighbor", columns: []string{"protocol", "local_port", "remote_chassis", "remote_port", "remote_chassis_kind", "remote_port_kind", "remote_name", "remote_port_description",
			"remote_description", "remote_platform", "remote_serial", "capabilities", "management_addresses", "remote_native_vlan"}, take: func(l *loading) {
			l.f.Neighbors = append(l.f.Neighbors, topology.Neighbor{Of: l.at, Protocol: l.text(0), Port: l.text(1), Chassis: l.text(2), RemotePort: l.text(3), ChassisKind: l.text(4), PortKind: l.text(5),
				Name: l.text(6), PortText: l.text(7), Description: l.text(8), Platform: l.text(9), Serial: l.text(10), Capabilities: l.list(11), Addresses: l.list(12), NativeVlan: int32(l.number(13)), Span: l.span()})
		}},
		{section: "lag", columns: []string{"name", "members"}, take: func(l *loading) {
			l.f.Lags = append(l.f.Lags, topology.Lag{Of: l.at, Name: l.text(0), Members: l.list(1)})
		}},
		{section: "bridge", columns: []string{"base_mac", "stp_root_port", "stp_root_cost"}, take: func(l *loading) {
			l.f.Bridges = append(l.f.Bridges, topology.Bridge{Of: l.at, Mac: l.mac(0), RootPort: l.text(1), RootCost: l.number(2)})
		}},
		{section: "stack_member", columns: []string{"mac", "serial"}, take: func(l *loading) {
			l.f.Members = append(l.f.Members, topology.Member{Of: l.at, Mac: l.mac(0), Serial: l.text(1)})
		}},
		{section: "access_point", columns: []string{"name", "mac", "serial"}, take: func(l *loading) {
			l.f.AccessPoints = append(l.f.AccessPoints, topology.AccessPoint{Of: l.at, Name: l.text(0), Mac: l.mac(1), Serial: l.text(2)})
		}},
		{section: "wireless_client", columns: []string{"mac", "access_point", "address", "vlan_id"}, take: func(l *loading) {
			l.f.Clients = append(l.f.Clients, topology.Client{Of: l.at, Mac: l.mac(0), AccessPoint: l.text(1), Address: l.ip(2), Vlan: int32(l.number(3)), Span: l.span()})
		}},
		{section: "interface", columns: []string{"name", "kind", "mac", "permanent_mac", "physical", "link_up", "speed_bits_per_second", "duplex"}, retired: true, take: func(l *loading) {
			physical := l.flag(4)
			l.f.Interfaces = append(l.f.Interfaces, topology.Interface{Of: l.at, Name: l.text(0), Kind: l.text(1), Mac: l.mac(2), Permanent: l.mac(3), Virtual: physical != nil && !*physical,
				Up: l.flag(5), Speed: l.number(6), Duplex: l.text(7)})
		}},
		{section: "address", columns: []string{"interface_name", "address"}, take: func(l *loading) {
			l.f.Addresses = append(l.f.Addresses, topology.Address{Of: l.at, Interface: l.text(0), Address: l.ip(1), Last: l.span().Last})
		}},
	}
}
