package topology

import (
	"cmp"
	"slices"
	"time"

	"muster/internal/inventory"
)

// Version is one row of a forwarding table through time: from when until when
// it was so.
type Version struct {
	Switch inventory.DeviceID
	Port   string
	Mac    Mac
	Vlan   int32
	From   time.Time
	Until  time.Time // zero: it is so still
	Gone   time.Time // since when readings lack it; zero: they do not
}

// Stay is a time that an address spent on one port.
type Stay struct {
	Mac    Mac
	Switch inventory.DeviceID
	Port   string
	Vlans  []int32
	From   time.Time
	Until  time.Time // when it was there last; zero: it is there still
}

// Moves makes the history of an address out of the versions of rows, the newest
// stay first. Ports that lead to other gear are left out, by what they lead to
// now, which is all that is kept; those to gear that is not polled only where
// there are others. linger is how long a row stays after
// the reading that lacked it first (section fdb: a day); stays with no more
// than that between them are one.
func (n *Network) Moves(list []Version, linger time.Duration) []Stay {
	out := n.stays(list, linger, Uplink, Unpolled)
	if len(out) == 0 {
		out = n.stays(list, linger, Uplink)
	}
	return out
}

func (n *Network) stays(list []Version, linger time.Duration, without ...Role) []Stay {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Version) int { return a.From.Compare(b.From) })
	// A row closes at once when the address is seen on another port of the same
	// switch; else a while after it was seen last.
	next := func(v *Version) bool {
		return slices.ContainsFunc(list, func(w Version) bool {
			return w.Switch == v.Switch && w.Vlan == v.Vlan && w.Mac == v.Mac && w.From.Equal(v.Until)
		})
	}
	var out []Stay
	for i := range list {
		v := &list[i]
		if _, role, _ := n.Port(v.Switch, v.Port); v.Port == "" || slices.Contains(without, role) {
			continue
		}
		s := Stay{Mac: v.Mac, Switch: v.Switch, Port: v.Port, From: v.From, Until: v.Until}
		switch {
		case !v.Gone.IsZero():
			s.Until = v.Gone
		case !v.Until.IsZero() && !next(v):
			if seen := v.Until.Add(-linger); seen.After(v.From) {
				s.Until = seen
			} else {
				s.Until = v.From
			}
		}
		if v.Vlan != 0 {
			s.Vlans = []int32{v.Vlan}
		}
		if at := slices.IndexFunc(out, func(o Stay) bool {
			return o.Mac == s.Mac && o.Switch == s.Switch && o.Port == s.Port && (o.Until.IsZero() || !s.From.After(o.Until.Add(linger)))
		}); at >= 0 && !elsewhere(out[at+1:], &s) {
			o := &out[at]
			if s.Until.IsZero() || !o.Until.IsZero() && s.Until.After(o.Until) {
				o.Until = s.Until
			}
			o.Vlans = append(o.Vlans, s.Vlans...)
			slices.Sort(o.Vlans)
			o.Vlans = slices.Compact(o.Vlans)
			continue
		}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b Stay) int {
		if a.Until.IsZero() != b.Until.IsZero() {
			if a.Until.IsZero() {
				return -1
			}
			return 1
		}
		return cmp.Or(b.From.Compare(a.From), b.Until.Compare(a.Until))
	})
	return out
}

// elsewhere says whether later stays of an address were on other ports: what
// comes after them is a return.
func elsewhere(later []Stay, s *Stay) bool {
	return slices.ContainsFunc(later, func(o Stay) bool {
		return o.Mac == s.Mac && (o.Switch != s.Switch || o.Port != s.Port) && !o.From.After(s.From)
	})
}
