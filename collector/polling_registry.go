package collector

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"muster/collector/authority"
	"muster/collector/snmp/discover"
	"muster/collector/snmp/poll"
	"muster/collector/store"
	"muster/internal/event"
	"muster/internal/inventory"
)

// registry knows who the devices of the inventory are by what identifies gear,
// so that what answers is found again under another address.
type registry struct {
	c *collector

	mu     sync.Mutex
	loaded time.Time
	known  map[inventory.DeviceID]*resident
	byKey  map[string][]inventory.DeviceID
	byAddr map[netip.Addr][]inventory.DeviceID // where they are polled
	agents map[inventory.DeviceID]bool
}

// resident is a device with what it is known by.
type resident struct {
	who discover.Who
	at  netip.Addr // where it is polled
}

func newRegistry(c *collector) *registry { return &registry{c: c} }

// registryEvery is how long what the inventory says is taken for true; devices
// that come meanwhile are added as they come.
const registryEvery = 5 * time.Minute

// load reads who is who from the inventory. mu is held.
func (r *registry) load(ctx context.Context) error {
	now := r.c.now()
	if r.known != nil && now.Sub(r.loaded) < registryEvery {
		return nil
	}
	known, agents := map[inventory.DeviceID]*resident{}, map[inventory.DeviceID]bool{}
	of := func(id inventory.DeviceID) *resident {
		x := known[id]
		if x == nil {
			x = &resident{}
			known[id] = x
		}
		return x
	}
	text := func(v any) string { s, _ := v.(string); return s }
	read := func(section string, columns []string, f func(x *resident, v []any)) error {
		err := r.c.inventory.Rows(ctx, store.RowQuery{Scope: store.Scope{All: true}, Section: section, Columns: columns}, func(row *store.Row) error {
			f(of(row.Device), row.Values)
			return nil
		})
		if err != nil {
			return fmt.Errorf("read who is who: %w", err)
		}
		return nil
	}
	mac := func(x *resident, v []any) {
		if m := text(v[0]); m != "" {
			x.who.MACs = append(x.who.MACs, m)
		}
	}
	more := func(list *[]string, serial string) {
		if serial != "" && len(*list) < mostParts && !slices.Contains(*list, serial) {
			*list = append(*list, serial)
		}
	}
	for _, step := range []func() error{
		func() error {
			return read("system", []string{"vendor", "serial"}, func(x *resident, v []any) { x.who.Vendor, x.who.Serial = text(v[0]), text(v[1]) })
		},
		func() error {
			return read("snmp_agent", []string{"engine_id", "sys_name", "polled_address"}, func(x *resident, v []any) {
				x.who.Engine, x.who.Name = text(v[0]), text(v[1])
				x.at, _ = netip.ParseAddr(text(v[2]))
			})
		},
		func() error {
			return read("bridge", []string{"base_mac"}, func(x *resident, v []any) { x.who.Chassis = text(v[0]) })
		},
		func() error {
			return read("stack_member", []string{"serial"}, func(x *resident, v []any) { more(&x.who.Boxes, text(v[0])) })
		},
		func() error {
			return read("entity", []string{"entity_class", "serial"}, func(x *resident, v []any) {
				switch text(v[0]) {
				case "chassis":
					more(&x.who.Boxes, text(v[1]))
				case "module", "backplane":
					more(&x.who.Parts, text(v[1]))
				}
			})
		},
		func() error { return read("port", []string{"mac"}, mac) },
		func() error { return read("interface", []string{"mac"}, mac) },
		func() error {
			return read("address", []string{"address"}, func(x *resident, v []any) {
				if a, err := netip.ParseAddr(text(v[0])); err == nil && !a.IsLoopback() {
					x.who.Addresses = append(x.who.Addresses, a)
				}
			})
		},
		func() error {
			return r.c.inventory.Rows(ctx, store.RowQuery{Scope: store.Scope{All: true}, Section: "agent"}, func(row *store.Row) error {
				agents[row.Device] = true
				return nil
			})
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	r.known, r.agents, r.loaded = known, agents, now
	r.byKey, r.byAddr = map[string][]inventory.DeviceID{}, map[netip.Addr][]inventory.DeviceID{}
	for id, x := range known {
		r.index(id, x)
	}
	return nil
}

// index makes a device findable. mu is held.
func (r *registry) index(id inventory.DeviceID, x *resident) {
	for _, k := range discover.Keys(x.who) {
		if !slices.Contains(r.byKey[k], id) {
			r.byKey[k] = append(r.byKey[k], id)
		}
	}
	if x.at.IsValid() && !slices.Contains(r.byAddr[x.at], id) {
		r.byAddr[x.at] = append(r.byAddr[x.at], id)
	}
}

// candidates are devices that may be the same. mu is held.
func (r *registry) candidates(who discover.Who) map[inventory.DeviceID]bool {
	out := map[inventory.DeviceID]bool{}
	add := func(ids []inventory.DeviceID) {
		if len(ids) > mostAlike {
			return // what so many share tells nobody from another
		}
		for _, id := range ids {
			out[id] = true
		}
	}
	for _, k := range discover.Keys(who) {
		add(r.byKey[k])
	}
	for _, a := range who.Addresses {
		add(r.byAddr[a])
	}
	return out
}

// mostParts bounds the serial numbers that are kept of what sits in a device.
const mostParts = 64

// mostAlike is how many devices may share a key that is still looked at.
const mostAlike = 64

// find is the device that says the same of itself, if there is one: the one
// with the most points, which must be enough.
func (r *registry) find(ctx context.Context, who discover.Who, at netip.Addr) (id inventory.DeviceID, v discover.Verdict, agent bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx); err != nil {
		return "", v, false, err
	}
	for other := range r.candidates(who) {
		x := r.known[other]
		if x == nil {
			continue
		}
		got := discover.Compare(who, x.who, at, x.at)
		if got.Same() && (id == "" || got.Points > v.Points || got.Points == v.Points && other < id) {
			id, v = other, got
		}
	}
	return id, v, r.agents[id], nil
}

// note keeps who a device is until the inventory is read again.
func (r *registry) note(id inventory.DeviceID, who discover.Who, at netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		return
	}
	if old := r.known[id]; old != nil { // what it does not tell now it told before
		who.Vendor, who.Serial = cmp.Or(who.Vendor, old.who.Vendor), cmp.Or(who.Serial, old.who.Serial)
		who.Chassis, who.Engine = cmp.Or(who.Chassis, old.who.Chassis), cmp.Or(who.Engine, old.who.Engine)
		who.Boxes, who.Parts = old.who.Boxes, old.who.Parts // only the inventory has them
		if len(who.MACs) == 0 {
			who.MACs = old.who.MACs
		}
		if len(who.Addresses) == 0 {
			who.Addresses = old.who.Addresses
		}
	}
	r.known[id] = &resident{who, at}
	r.index(id, r.known[id])
}

// placing says which device answers at a target, and makes it when it is new.
type placing struct{ p *polling }

// Device finds or makes the device of a target.
func (k placing) Device(ctx context.Context, pt poll.Target, i poll.Identity) (inventory.DeviceID, error) {
	p := k.p
	p.mu.Lock()
	t, ok := p.targets[pt.ID]
	p.mu.Unlock()
	if !ok {
		return "", nil
	}
	who := discover.Who{Kind: i.Kind, Name: i.Name, Vendor: i.Vendor, Model: i.Model, Serial: i.Serial, Chassis: i.Chassis, Engine: i.Engine, MACs: i.MACs, Addresses: i.Addresses}
	at := pt.Address.Addr()
	id, v, agent, err := p.registry.find(ctx, who, at)
	if err != nil {
		return "", err
	}
	if id != "" && id != t.Device {
		if agent {
			p.alias(pt.ID, id, "an agent reports this machine: "+v.String())
			return "", nil
		}
		p.choosing.Lock()
		other, ok := p.polledElsewhere(t, id)
		if ok {
			p.alias(pt.ID, id, fmt.Sprintf("another address of the device that is polled at %s: %s", other.AddrPort(), v))
		}
		p.choosing.Unlock()
		if ok {
			return "", nil
		}
	}
	if id == "" && t.Device != "" && !p.registry.contradicts(t.Device, who, at) {
		// Too little to be sure, and nothing against it: it stays who it was.
		id = t.Device
	}
	if id != "" {
		// One that people removed, or merged into another, is made anew or found
		// by its other name.
		d, err := p.c.inventory.Device(ctx, store.Scope{All: true}, id)
		if err == nil && d.MergedInto != "" {
			id = d.MergedInto
		} else if err != nil {
			id = ""
		}
	}
	if id == "" {
		if id, err = p.create(ctx, t, who); err != nil {
			return "", err
		}
		if t.Device != "" {
			e := store.EventReading{Kind: event.Replaced, At: p.c.now(), Count: 1, Attributes: map[string]string{"other_device": string(id), "address": at.String(), "evidence": "serial or chassis"}}
			if err := p.c.door.Note(ctx, t.Device, []store.EventReading{e}); err != nil {
				p.c.log.Warn("that a device was replaced could not be noted", "device_id", t.Device, "error", err)
			}
		}
	}
	p.registry.note(id, who, at)
	p.mu.Lock()
	if t, ok := p.targets[pt.ID]; ok {
		t.Device = id
		p.targets[pt.ID] = t
	}
	p.mu.Unlock()
	p.mark(pt.ID, store.TargetMark{At: p.c.now(), Device: id})
	return id, nil
}

// addresses are those that devices name as their own.
func (r *registry) addresses(ctx context.Context, of map[inventory.DeviceID][]netip.Addr) (map[inventory.DeviceID][]netip.Addr, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	out := make(map[inventory.DeviceID][]netip.Addr, len(of))
	for id := range of {
		if x := r.known[id]; x != nil {
			out[id] = slices.Clone(x.who.Addresses)
		}
	}
	return out, nil
}

// reports says whether an agent reports a device.
func (r *registry) reports(ctx context.Context, id inventory.DeviceID) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx); err != nil {
		return false, err
	}
	return r.agents[id], nil
}

// contradicts says that who answers cannot be a device: more speaks against it.
func (r *registry) contradicts(id inventory.DeviceID, who discover.Who, at netip.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.known[id]
	return x != nil && discover.Compare(who, x.who, at, x.at).Points < 0
}

// polledElsewhere finds another target of a device that answers.
func (p *polling) polledElsewhere(t store.Target, id inventory.DeviceID) (store.Target, bool) {
	p.mu.Lock()
	var others []store.Target
	for _, o := range p.targets {
		if o.Device == id && o.ID != t.ID && o.State != store.Alias {
			others = append(others, o)
		}
	}
	p.mu.Unlock()
	for _, o := range others {
		if s, ok := p.poller.State(pollID(o)); ok && s.Lane == poll.Live {
			return o, true
		}
	}
	return store.Target{}, false
}

// stepsBack makes a target that answers an alias when its device is polled
// elsewhere: one that comes back after another address took its place.
func (p *polling) stepsBack(t store.Target, id inventory.DeviceID) bool {
	p.choosing.Lock()
	defer p.choosing.Unlock()
	other, ok := p.polledElsewhere(t, id)
	if ok {
		p.alias(pollID(t), id, fmt.Sprintf("another address of the device that is polled at %s, since nothing answered here", other.AddrPort()))
	}
	return ok
}

// alias ends the polling of an address whose device is known by another.
func (p *polling) alias(id string, device inventory.DeviceID, why string) {
	p.mark(id, store.TargetMark{At: p.c.now(), State: store.Alias, Reason: why, Device: device})
	p.mu.Lock()
	if t, ok := p.targets[id]; ok {
		t.State, t.Device = store.Alias, device
		p.targets[id] = t
	}
	p.mu.Unlock()
	p.Changed()
	p.c.log.Info("SNMP target is another address of a device", "target", id, "device_id", device, "evidence", why)
}

// create puts a device into the inventory.
func (p *polling) create(ctx context.Context, t store.Target, who discover.Who) (inventory.DeviceID, error) {
	name := strings.TrimSpace(who.Name)
	if name == "" {
		name = t.Address.String()
	}
	now := p.c.now()
	d := store.NewDevice{ID: authority.NewDeviceID(now), Kind: who.Kind, Name: name, Site: t.Site, At: now}
	err := p.c.inventory.AddDevice(ctx, d)
	if err != nil {
		return "", fmt.Errorf("add device: %w", err)
	}
	p.c.log.Info("device is new", "device_id", d.ID, "name", d.Name, "kind", d.Kind, "address", t.AddrPort())
	return d.ID, nil
}
