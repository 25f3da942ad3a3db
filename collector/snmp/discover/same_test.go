package discover

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"testing"
)

func TestWhichAnswersAreOneDevice(t *testing.T) {
	a1, a2 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.1")
	macs := func(last ...string) (out []string) {
		for _, l := range last {
			out = append(out, "a4:6c:2a:10:20:"+l)
		}
		return out
	}
	for _, c := range []struct {
		name string
		a, b Who
		same bool
	}{
		{"serial", Who{Vendor: "Cisco", Serial: "FOC1234X0AB"}, Who{Vendor: "cisco", Serial: "foc1234x0ab"}, true},
		{"serial of another maker", Who{Vendor: "Cisco", Serial: "1234X0AB"}, Who{Vendor: "HP", Serial: "1234X0AB"}, false},
		{"a placeholder", Who{Serial: "0123456789"}, Who{Serial: "0123456789"}, false},
		{"chassis", Who{Chassis: "a4:6c:2a:00:00:01"}, Who{Chassis: "A4-6C-2A-00-00-01"}, true},
		{"own ports", Who{MACs: macs("01", "02", "03")}, Who{MACs: macs("02", "03", "04", "05")}, true},
		{"one port of many", Who{MACs: macs("01", "02", "03")}, Who{MACs: macs("03", "04", "05")}, false},
		{"one port of many and the engine", Who{MACs: macs("01", "02", "03"), Engine: "80001f8801"}, Who{MACs: macs("03", "04", "05"), Engine: "80001F8801"}, false},
		{"the engine alone", Who{Engine: "80001f8801"}, Who{Engine: "80001f8801"}, false},
		{"engine and name, cloned", Who{Engine: "80001f8801", Name: "vm"}, Who{Engine: "80001f8801", Name: "vm"}, false},
		{"engine and each other's addresses", Who{Engine: "80001f8801", Addresses: []netip.Addr{a1, a2}}, Who{Engine: "80001f8801", Addresses: []netip.Addr{a2, a1}}, true},
		{"an address of a virtual router", Who{Addresses: []netip.Addr{a1, a2}}, Who{Addresses: []netip.Addr{a2}}, false},
		{"only ports of a virtual router", Who{MACs: []string{"00:00:5e:00:01:0a", "00:00:0c:07:ac:01"}}, Who{MACs: []string{"00:00:5e:00:01:0a", "00:00:0c:07:ac:01"}}, false},
		{"only made-up ports", Who{MACs: []string{"02:42:ac:11:00:02"}}, Who{MACs: []string{"02:42:ac:11:00:02"}}, false},
		{"two members with one chassis", Who{Serial: "FOC1234X0AB", Chassis: "a4:6c:2a:00:00:01"}, Who{Serial: "FOC1234X0AC", Chassis: "a4:6c:2a:00:00:01"}, false},
		{"the serial of a replaced board, other ports", Who{Serial: "FOC1234X0AB", Chassis: "a4:6c:2a:00:00:01"}, Who{Serial: "FOC1234X0AB", Chassis: "a4:6c:2a:00:00:99"}, false},
		{"a number that a maker gave to many", Who{Vendor: "APC", Serial: "00000001", Name: "ups", MACs: macs("01")}, Who{Vendor: "APC", Serial: "00000001", Name: "ups", MACs: macs("02")}, false},
		{"the same where only one tells of ports", Who{Vendor: "Cisco", Serial: "FOC1234X0AB", MACs: macs("01")}, Who{Vendor: "Cisco", Serial: "FOC1234X0AB"}, true},
		{"one chassis whose ports were all replaced", Who{Serial: "FOC1234X0AB", Chassis: "a4:6c:2a:00:00:01", MACs: macs("01")}, Who{Serial: "FOC1234X0AB", Chassis: "a4:6c:2a:00:00:01", MACs: macs("02")}, true},
		{"nothing", Who{}, Who{}, false},
	} {
		v := Compare(c.a, c.b, a1, a2)
		if v.Same() != c.same {
			t.Errorf("%s: %d points: %s", c.name, v.Points, v)
		}
		if v.Same() && !shares(Keys(c.a), Keys(c.b)) {
			t.Errorf("%s: no key in common: %q, %q", c.name, Keys(c.a), Keys(c.b))
		}
		if back := Compare(c.b, c.a, a2, a1); back.Points != v.Points {
			t.Errorf("%s: %d points the other way, %d this", c.name, back.Points, v.Points)
		}
	}
}

// A stack shows the serial number of the box that leads it.
func TestAStackStaysWhenItsLeaderIsReplaced(t *testing.T) {
	at := netip.MustParseAddr("192.0.2.1")
	box := func(n int) (out []string) {
		for i := range 48 {
			out = append(out, fmt.Sprintf("a4:6c:2a:%02x:00:%02x", n, i))
		}
		return out
	}
	stack := Who{Vendor: "Cisco", Name: "core", Serial: "FOC1111X111", Chassis: "a4:6c:2a:01:00:80", Engine: "800000090300aa", Addresses: []netip.Addr{at},
		Boxes: []string{"FOC1111X111", "FOC2222X222", "FOC3333X333"}, MACs: slices.Concat(box(1), box(2), box(3))}
	// What answers tells only who leads: its boxes are read later.
	replaced := Who{Vendor: "Cisco", Name: "core", Serial: "FOC9999X999", Chassis: "a4:6c:2a:09:00:80", Engine: "800000090300bb", Addresses: []netip.Addr{at},
		MACs: slices.Concat(box(9), box(2), box(3))}
	second := replaced
	second.Serial, second.Chassis, second.MACs = "FOC2222X222", "a4:6c:2a:02:00:80", slices.Concat(box(2), box(3))
	other := Who{Vendor: "Cisco", Name: "core", Serial: "FOC9999X999", Chassis: "a4:6c:2a:09:00:80", MACs: box(9)}
	alone := stack
	alone.Boxes = []string{"FOC1111X111"}
	supervisor := alone
	supervisor.Parts = []string{"FOC9999X999"}
	for _, c := range []struct {
		name    string
		a, b    Who
		same    bool
		against bool
	}{
		{"the leader was replaced", stack, replaced, true, false},
		{"the second box leads", stack, second, true, false},
		{"another box stands there", stack, other, false, true},
		{"one box, and another number", alone, replaced, false, true},
		{"a number of a part", supervisor, replaced, true, false},
	} {
		for _, v := range []Verdict{Compare(c.a, c.b, at, at), Compare(c.b, c.a, at, at)} {
			if v.Same() != c.same || (v.Points < 0) != c.against {
				t.Errorf("%s: %d points: %s", c.name, v.Points, v)
			}
		}
	}
}

func TestNobodyOutsideTheRangesIsFollowed(t *testing.T) {
	a := netip.MustParseAddr
	ranges := []Range{
		{Network: netip.MustParsePrefix("10.1.0.0/16"), Exclude: []netip.Prefix{netip.MustParsePrefix("10.1.9.0/24")}},
		{Network: netip.MustParsePrefix("10.1.9.128/25")}, // within what the wider one excludes: the narrowest decides
		{Network: netip.MustParsePrefix("10.1.5.0/24"), Exclude: []netip.Prefix{netip.MustParsePrefix("10.1.5.0/25")}},
	}
	heard := []Heard{
		{Address: a("10.1.0.7")},
		{Address: a("169.254.169.254"), Gear: true},
		{Address: a("10.2.0.1"), Gear: true},
		{Address: a("10.1.0.5"), Gear: true},
		{Address: a("::ffff:10.1.0.5"), Gear: true},
		{Address: a("10.1.9.4"), Gear: true},
		{Address: a("10.1.9.200"), Gear: true},
		{Address: a("10.1.5.4"), Gear: true},
		{Address: a("10.1.0.6"), Gear: true},
		{Address: netip.Addr{}, Gear: true},
		{Address: a("224.0.0.1"), Gear: true},
	}
	known := func(x netip.Addr) bool { return x == a("10.1.0.6") }
	want := []netip.Addr{a("10.1.0.5"), a("10.1.9.200"), a("10.1.0.7")}
	if got := Follow(heard, ranges, known, 10); !reflect.DeepEqual(got, want) {
		t.Errorf("follows %v, want %v", got, want)
	}
	if got := Follow(heard, ranges, known, 1); len(got) != 1 {
		t.Errorf("follows %v", got)
	}
	if got := Follow(heard, nil, known, 10); len(got) != 0 {
		t.Errorf("without a range it follows %v", got)
	}
}

func shares(a, b []string) bool {
	return slices.ContainsFunc(a, func(k string) bool { return slices.Contains(b, k) })
}
