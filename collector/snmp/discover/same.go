package discover

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"muster/internal/enroll"
)

// Who is what a device says of itself. Texts are hostile.
type Who struct {
	Kind, Name, Vendor, Model, OS, Version, Serial string
	Description, ObjectID, Location, Profile       string
	Chassis                                        string   // of LLDP or the bridge
	Engine                                         string   // snmpEngineID, hexadecimal
	MACs                                           []string // of its own ports
	Boxes                                          []string // serial numbers of the boxes of a stack, its own among them
	Parts                                          []string // serial numbers of what sits in it
	Addresses                                      []netip.Addr
	UpSeconds                                      int64
}

// Points of evidence that two answers come from one box. Engine ids are shared
// by cloned images and by makers' defaults, names by people, a single port's
// address by virtual routers: none of these is enough alone.
const (
	pointsSerial  = 60 // with the vendor, where both tell one
	pointsChassis = 60
	pointsMACs    = 60 // at least half of the ports of the one with fewer
	pointsSomeMAC = 25 // fewer
	pointsEngine  = 25
	pointsAddress = 35 // each names an address at which the other answers, or one names the same own addresses
	pointsName    = 10
	// againstSerial, againstChassis and againstMACs are what speaks against it:
	// makers give one number to many boxes, but each port address to one.
	againstSerial  = -100
	againstChassis = -40
	againstMACs    = -40 // both tell of ports, and share none
	// Merge is the points from which two answers are one device.
	Merge = 60
)

// Term is a piece of evidence.
type Term struct {
	What   string
	Points int
}

// Verdict is what two identities say together.
type Verdict struct {
	Points int
	Terms  []Term
}

// Same says that they are one device.
func (v Verdict) Same() bool { return v.Points >= Merge }

// String is the evidence in one line.
func (v Verdict) String() string {
	parts := make([]string, 0, len(v.Terms))
	for _, t := range v.Terms {
		parts = append(parts, fmt.Sprintf("%s (%+d)", t.What, t.Points))
	}
	return strings.Join(parts, ", ")
}

// Compare weighs whether two devices are one. at is where each was asked; an
// invalid address is not known.
func Compare(a, b Who, atA, atB netip.Addr) Verdict {
	var v Verdict
	add := func(points int, format string, args ...any) {
		v.Points += points
		v.Terms = append(v.Terms, Term{fmt.Sprintf(format, args...), points})
	}
	sa, okA := serial(a)
	sb, okB := serial(b)
	if okA && okB {
		switch {
		case sa != sb && partly(a, b, sa, sb):
			add(0, "other serial number of a box among several")
		case sa != sb:
			add(againstSerial, "other serial number")
		case a.Vendor == "" || b.Vendor == "" || strings.EqualFold(a.Vendor, b.Vendor):
			add(pointsSerial, "serial number %s", sa)
		}
	}
	ca, okA := hardware(a.Chassis)
	cb, okB := hardware(b.Chassis)
	if okA && okB {
		if ca == cb {
			add(pointsChassis, "chassis %s", ca)
		} else {
			add(againstChassis, "other chassis")
		}
	}
	switch shared, fewer := overlap(ports(a), ports(b)); {
	case fewer == 0:
	case shared == 0:
		add(againstMACs, "no port address in common")
	case 2*shared >= fewer:
		add(pointsMACs, "%d of %d port addresses", shared, fewer)
	default:
		add(pointsSomeMAC, "%d of %d port addresses", shared, fewer)
	}
	if a.Engine != "" && strings.EqualFold(a.Engine, b.Engine) {
		add(pointsEngine, "engine id")
	}
	if sharesAddress(a, b, atA, atB) {
		add(pointsAddress, "own addresses")
	}
	if n := strings.TrimSpace(a.Name); n != "" && strings.EqualFold(n, strings.TrimSpace(b.Name)) {
		add(pointsName, "name")
	}
	return v
}

// serial is a serial number that is one: no placeholder of a maker.
func serial(w Who) (string, bool) { return enroll.Normalize(enroll.BoardSerial, w.Serial) }

// partly says that two serial numbers may both be a device's, at different
// times: a stack shows that of the box which leads it, and that box is replaced,
// or another one leads after it failed; a chassis may show that of a supervisor.
func partly(a, b Who, sa, sb string) bool {
	boxes, others := serials(a.Boxes), serials(b.Boxes)
	switch {
	case slices.Contains(boxes, sb), slices.Contains(others, sa):
		return true
	case slices.Contains(serials(a.Parts), sb), slices.Contains(serials(b.Parts), sa):
		return true
	}
	return len(boxes) > 1 && slices.Contains(boxes, sa) || len(others) > 1 && slices.Contains(others, sb)
}

// serials are those of a list that are no placeholders, each once.
func serials(list []string) []string {
	var out []string
	for _, s := range list {
		if n, ok := enroll.Normalize(enroll.BoardSerial, s); ok && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// hardware is an address that a maker gave to one thing: no group, none made up
// by software, none of a virtual router.
func hardware(s string) (string, bool) {
	m, ok := enroll.Normalize(enroll.PCIMAC, s)
	if !ok {
		return "", false
	}
	for _, p := range virtualRouters() {
		if strings.HasPrefix(m, p) {
			return "", false
		}
	}
	return m, true
}

// virtualRouters lists the beginnings of addresses that several boxes have in
// turn.
func virtualRouters() []string {
	return []string{
		"00:00:5e:00:01:", // VRRP over IPv4 (RFC 9568 §7.3)
		"00:00:5e:00:02:", // VRRP over IPv6
		"00:00:0c:07:ac:", // HSRP version 1 (RFC 2281 §5.1)
		"00:00:0c:9f:f",   // HSRP version 2
		"00:05:73:a0:0",   // HSRP over IPv6
		"00:07:b4:00:",    // GLBP
	}
}

func ports(w Who) []string {
	var out []string
	for _, s := range w.MACs {
		if m, ok := hardware(s); ok && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

// overlap is how many are in both, and how many the shorter has.
func overlap(a, b []string) (shared, fewer int) {
	for _, x := range a {
		if slices.Contains(b, x) {
			shared++
		}
	}
	return shared, min(len(a), len(b))
}

// sharesAddress says that each names the address at which the other was asked
// as its own. One alone may be a virtual router's.
func sharesAddress(a, b Who, atA, atB netip.Addr) bool {
	return atA.IsValid() && atB.IsValid() && slices.Contains(a.Addresses, atB) && slices.Contains(b.Addresses, atA)
}

// Keys are the texts by which a device can be found among many: two that Compare
// calls the same share one, or name each other's addresses.
func Keys(w Who) []string {
	var out []string
	if s, ok := serial(w); ok {
		out = append(out, "serial "+s)
	}
	if m, ok := hardware(w.Chassis); ok {
		out = append(out, "chassis "+m)
	}
	for _, m := range ports(w) {
		out = append(out, "port "+m)
	}
	if w.Engine != "" {
		out = append(out, "engine "+strings.ToLower(w.Engine))
	}
	return out
}

// Told says that a device tells something by which it alone is known.
func Told(w Who) bool {
	if _, ok := serial(w); ok {
		return true
	}
	_, ok := hardware(w.Chassis)
	return ok
}
