package web

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"muster/collector/api"
	"muster/collector/web/texts"
)

// portView is one port: what is wrong with it and where to begin, its charts,
// and who is on it.
type portView struct {
	*socket
	Device   string // ID of the gear
	Range    string
	Says     texts.T // the sentence that names the culprit
	Cable    texts.T // what both ends say of it
	Incident int64
	Charts   []healthChart
	Behind   texts.T
	Place    *api.Place // who is on it, when it is one
	Facts    []fact
	Now      time.Time
}

// portView tells of the chosen port.
func (s *Site) portView(v *visit, p *panelView, all []*socket, x *socket) *portView {
	out := &portView{socket: x, Device: p.ID, Now: v.now, Range: v.r.URL.Query().Get("range")}
	if !slices.Contains(ranges(), out.Range) {
		out.Range = "day"
	}
	if x.Finding != nil {
		out.Incident = x.Finding.Incident
	}
	if len(x.Hosts) > 0 {
		out.Place = &x.Hosts[0]
	}
	out.Says, out.Cable = culprit(x, all, v.now), bothEnds(out.Place, x)
	out.facts(p, s.clock(v))
	if x.Admin != "down" {
		out.Charts, out.Behind = s.portCharts(v, p.ID, x.Name, out.Range)
	}
	return out
}

func (p *portView) facts(panel *panelView, c clock) {
	add := func(label, value texts.T) {
		if value != "" {
			p.Facts = append(p.Facts, fact{label, value})
		}
	}
	add("Wall port", texts.As(p.Alias))
	if p.UntaggedVlan > 0 {
		add("VLAN", texts.As(fmt.Sprint(p.UntaggedVlan)))
	}
	if p.VoiceVlan > 0 {
		add("Phones", texts.F("VLAN {1}", p.VoiceVlan))
	}
	add("Tagged", texts.As(p.Tagged))
	if p.End.State == "up" && p.End.SpeedBits > 0 {
		speed := texts.As(amount(float64(p.End.SpeedBits), "bit_per_second"))
		if p.End.Duplex != "" {
			speed = texts.F("{1}, {2} duplex", speed, p.End.Duplex)
		}
		add("Speed", speed)
	}
	switch {
	case p.Gives && p.Watts > 0:
		add("Power", texts.F("{1} W", trim(p.Watts)))
	case p.Gives:
		add("Power", "given")
	}
	add("Use", roleWord(p.Role))
	if p.Macs > 0 {
		add("Addresses", count(p.Macs, "seen now", "seen now"))
	}
	add("Part of", texts.As(p.Aggregate))
	if p.StpState != "" && p.StpState != "forwarding" {
		add("Spanning tree", texts.As(p.StpState))
	}
	if !p.Changed.IsZero() {
		word := texts.T("Down since")
		if p.End.State == "up" {
			word = "Up since"
		}
		add(word, texts.As(c.At(p.Changed)))
	}
}

// near are the ports beside one that are in use, up to three on each side: they
// share the switch, its power and its cupboard, but not the cable.
func nearby(x *socket, all []*socket) []*socket {
	at := slices.Index(all, x)
	var out []*socket
	for _, step := range []int{-1, 1} {
		n := 0
		for i := at + step; i >= 0 && i < len(all) && n < 3; i += step {
			o := all[i]
			if o.group != x.group || !o.metal {
				break
			}
			if o.End.State == "up" && o.Admin != "down" && o.Damaged() >= 0 {
				out = append(out, o)
				n++
			}
		}
	}
	slices.SortFunc(out, func(a, b *socket) int { return cmp.Compare(a.Number, b.Number) })
	return out
}

// culprit says in a sentence or two what is wrong with a port, and by what its
// neighbors show, where to look.
func culprit(x *socket, all []*socket, now time.Time) texts.T {
	switch x.State {
	case "off":
		return "Somebody switched this port off. Nothing works on it until it is switched on in the device’s settings."
	case "down":
		if !x.Changed.IsZero() {
			return texts.F("Nothing is connected, or what is connected is off. It was in use until {1} ago.", span(now.Sub(x.Changed)))
		}
		return "Nothing is connected, or what is connected is off."
	}
	n := x.Damaged()
	if n >= muchDamage {
		lead := texts.F("{1} frames were damaged here in 24 hours.", n)
		near := nearby(x, all)
		var clean, bad []*socket
		for _, o := range near {
			if o.Damaged() < max(n/20, muchDamage) {
				clean = append(clean, o)
			} else {
				bad = append(bad, o)
			}
		}
		used, damaged := 0, 0
		for _, o := range all {
			if o.metal && o.End.State == "up" {
				used++
				if o.Damaged() >= muchDamage {
					damaged++
				}
			}
		}
		switch {
		case x.Gear != nil || x.Role == "uplink":
			if x.Who == "" {
				return texts.F("{1} This port leads to other gear: the cable or module between the two, or the port at its other end.", lead)
			}
			return texts.F("{1} This port leads to {2}: the cable or module between the two, or the port at its other end.", lead, x.Who)
		case used >= 4 && damaged*2 > used:
			return texts.F("{1} So it is on {2} of the {3} ports in use: look at the device itself, its power and grounding, before any cable.", lead, damaged, used)
		case len(clean) > 0 && len(bad) == 0:
			return texts.F("{1} {2}, so it is this cable, this wall port or {3}.", lead, areClean(clean), thing(x))
		case len(clean) > 0:
			return texts.F("{1} {2}; {3} too. Begin with this cable; if another one changes nothing, look at what the bad ports share: a patch panel, a bundle, a power strip.", lead, areClean(clean), haveIt(bad))
		case len(bad) > 0:
			return texts.F("{1} {2} too: look at what they share, a patch panel, a bundle of cables, the device itself.", lead, haveIt(bad))
		}
		return texts.F("{1} No port beside it is in use to compare with. Begin with the cable.", lead)
	}
	if x.Finding != nil {
		return texts.F("{1}. {2}", x.Finding.Title, evidenceText(x))
	}
	switch {
	case x.End.Duplex == "half":
		return "It runs in half duplex, which slows everything down. Both ends should be set to find out by themselves."
	case x.State == "slow":
		return texts.F("It runs at {1} and can do {2}. Often one pair of the cable is broken; some old devices cannot do more.", amount(float64(x.End.SpeedBits), "bit_per_second"), amount(float64(x.MaxBits), "bit_per_second"))
	case x.Role == "shared":
		return texts.F("{1} are behind this port: a small switch stands between.", count(max(len(x.Hosts), x.Macs), "device is", "devices"))
	case x.Role == "unseen":
		return "There is a link, but nobody has sent anything. It may be asleep, or wait for a network that this port does not offer."
	case n < 0:
		return "Nothing wrong is known. Damaged frames are not counted here yet."
	}
	return "Nothing wrong: no damaged frames to speak of in 24 hours."
}

func evidenceText(x *socket) texts.T {
	var parts []string
	for _, e := range x.Finding.Evidence {
		if e.Value != "" && e.Measurement == "" && len(parts) < 3 {
			parts = append(parts, e.Label+": "+e.Value)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return texts.As(strings.Join(parts, "; ") + ".")
}

// thing is what hangs on a port, for a sentence.
func thing(x *socket) texts.T {
	if len(x.Hosts) > 0 && x.Hosts[0].Device != nil {
		return texts.F("this {1}", kindWord(x.Hosts[0].Device.Kind))
	}
	return "what hangs on it"
}

func areClean(list []*socket) texts.T {
	if len(list) == 1 {
		return texts.F("Port {1} beside it is clean", list[0].Short)
	}
	return texts.F("Ports {1} beside it are clean", numbersOf(list))
}

func haveIt(list []*socket) texts.T {
	if len(list) == 1 {
		return texts.F("port {1} has it", list[0].Short)
	}
	return texts.F("ports {1} have it", numbersOf(list))
}

func numbersOf(list []*socket) texts.T {
	var names []string
	for _, x := range list {
		names = append(names, x.Short)
	}
	return texts.F("{1} and {2}", strings.Join(names[:len(names)-1], ", "), names[len(names)-1])
}

// bothEnds compares what the two ends of a cable say of it: each end counts the
// damage that arrives, and so tells which way it is damaged.
func bothEnds(p *api.Place, x *socket) texts.T {
	if p == nil || p.PortEnd == nil || p.DeviceEnd == nil {
		return ""
	}
	of := func(n *int64) int64 {
		if n == nil {
			return -1
		}
		return *n
	}
	here, there := of(p.PortEnd.In), of(p.DeviceEnd.In)
	who := texts.T("the device")
	if p.Device != nil {
		who = texts.As(p.Device.Name)
	}
	if a, b := p.PortEnd.Duplex, p.DeviceEnd.Duplex; a != "" && b != "" && a != b {
		return texts.F("The ends do not agree: {1} duplex here, {2} duplex at {3}. That alone damages frames. Set both to find out by themselves.", a, b, who)
	}
	switch {
	case here < 0 || there < 0:
		return ""
	case here >= muchDamage && there < max(here/20, 1):
		return texts.F("Only this end sees damage: it happens on the way from {1}. Start with the cable at the desk.", who)
	case there >= muchDamage && here < max(there/20, 1):
		return texts.F("Only {1} sees damage: it happens on the way to it. Start with the cable in the closet, then this port.", who)
	case here >= muchDamage && there >= muchDamage:
		return "Both ends see damage: the cable itself, or something that disturbs it. Put in another one."
	}
	return ""
}

// portCharts are the damage and the traffic of a port.
func (s *Site) portCharts(v *visit, id, port, over string) (out []healthChart, behind texts.T) {
	nan := math.NaN()
	label := "ifName=" + port
	to := v.now
	step := max(rangeOf(over)/240, time.Minute).Truncate(time.Minute)
	for _, w := range []wanted{
		{"port-errors", "Damaged frames", []wantedLine{{name: "interface_ifInErrors", word: "in", labels: label}, {name: "interface_ifOutErrors", word: "out", labels: label}}, 0, nan, nan},
		{"port-traffic", "Traffic", []wantedLine{{name: "interface_ifHCInOctets", word: "in", labels: label}, {name: "interface_ifHCOutOctets", word: "out", labels: label}}, 0, nan, nan},
	} {
		c, err := s.chartData(v, id, w, to.Add(-rangeOf(over)), to, step)
		switch p, ok := asProblem(err); {
		case err != nil && (!ok || p.Status >= 500):
			behind = "Readings are missing right now. What is known of the port is fine."
		case c != nil:
			out = append(out, *c)
		}
	}
	return out, behind
}

// portPart is the chosen port alone, for a script to put in place.
func (s *Site) portPart(v *visit, ref string) error {
	shown, err := v.api.DeviceShow(v.ctx(), api.DeviceShowInput{Ref: ref, Sections: []string{"port", "poe_port"}})
	if err != nil {
		return err
	}
	ports, err := v.api.PortShow(v.ctx(), api.PortShowInput{Ref: string(shown.Device.ID)})
	if err != nil {
		return err
	}
	v.w.Header().Set("Vary", "HX-Request")
	return s.render(v, http.StatusOK, "device", "port-part", struct{ Panel *panelView }{s.panel(v, shown, ports)})
}
