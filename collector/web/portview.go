package web

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"muster/collector/api"
)

// portView is one port: what is wrong with it and where to begin, its charts,
// and who is on it.
type portView struct {
	*socket
	Device   string // ID of the gear
	Range    string
	Says     template.HTML // the sentence that names the culprit
	Cable    string        // what both ends say of it
	Incident int64
	Charts   []healthChart
	Behind   string
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
	out.facts(p, clock{s.o.Zone, v.now})
	if x.Admin != "down" {
		out.Charts, out.Behind = s.portCharts(v, p.ID, x.Name, out.Range)
	}
	return out
}

func (p *portView) facts(panel *panelView, c clock) {
	add := func(label, value string) {
		if value != "" {
			p.Facts = append(p.Facts, fact{label, value})
		}
	}
	add("Wall port", p.Alias)
	if p.UntaggedVlan > 0 {
		add("VLAN", fmt.Sprint(p.UntaggedVlan))
	}
	if p.VoiceVlan > 0 {
		add("Phones", fmt.Sprintf("VLAN %d", p.VoiceVlan))
	}
	add("Tagged", p.Tagged)
	if p.End.State == "up" && p.End.SpeedBits > 0 {
		speed := amount(float64(p.End.SpeedBits), "bit_per_second")
		if p.End.Duplex != "" {
			speed += ", " + p.End.Duplex + " duplex"
		}
		add("Speed", speed)
	}
	switch {
	case p.Gives && p.Watts > 0:
		add("Power", trim(p.Watts)+" W")
	case p.Gives:
		add("Power", "given")
	}
	add("Use", roleWord(p.Role))
	if p.Macs > 0 {
		add("Addresses", count(p.Macs, "seen now", "seen now"))
	}
	add("Part of", p.Aggregate)
	if p.StpState != "" && p.StpState != "forwarding" {
		add("Spanning tree", p.StpState)
	}
	if !p.Changed.IsZero() {
		word := "Down since"
		if p.End.State == "up" {
			word = "Up since"
		}
		add(word, c.At(p.Changed))
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
func culprit(x *socket, all []*socket, now time.Time) template.HTML {
	esc := template.HTMLEscapeString
	say := func(format string, args ...any) template.HTML {
		return template.HTML(esc(fmt.Sprintf(format, args...)))
	}
	switch x.State {
	case "off":
		return "Somebody switched this port off. Nothing works on it until it is switched on in the device’s settings."
	case "down":
		text := "Nothing is connected, or what is connected is off."
		if !x.Changed.IsZero() {
			text += " It was in use until " + span(now.Sub(x.Changed)) + " ago."
		}
		return say("%s", text)
	}
	n := x.Damaged()
	if n >= muchDamage {
		lead := whole(n) + " frames were damaged here in 24 hours."
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
			return say("%s This port leads to %s: the cable or module between the two, or the port at its other end.", lead, cmp.Or(x.Who, "other gear"))
		case used >= 4 && damaged*2 > used:
			return say("%s So it is on %d of the %d ports in use: look at the device itself, its power and grounding, before any cable.", lead, damaged, used)
		case len(clean) > 0 && len(bad) == 0:
			return say("%s %s, so it is this cable, this wall port or %s.", lead, areClean(clean), thing(x))
		case len(clean) > 0:
			return say("%s %s; %s too. Begin with this cable; if another one changes nothing, look at what the bad ports share: a patch panel, a bundle, a power strip.", lead, areClean(clean), haveIt(bad))
		case len(bad) > 0:
			return say("%s %s too: look at what they share, a patch panel, a bundle of cables, the device itself.", lead, haveIt(bad))
		}
		return say("%s No port beside it is in use to compare with. Begin with the cable.", lead)
	}
	if x.Finding != nil {
		return say("%s. %s", x.Finding.Title, evidenceText(x))
	}
	switch {
	case x.End.Duplex == "half":
		return say("It runs in half duplex, which slows everything down. Both ends should be set to find out by themselves.")
	case x.State == "slow":
		return say("It runs at %s and can do %s. Often one pair of the cable is broken; some old devices cannot do more.", amount(float64(x.End.SpeedBits), "bit_per_second"), amount(float64(x.MaxBits), "bit_per_second"))
	case x.Role == "shared":
		return say("%s are behind this port: a small switch stands between.", count(max(len(x.Hosts), x.Macs), "device is", "devices"))
	case x.Role == "unseen":
		return "There is a link, but nobody has sent anything. It may be asleep, or wait for a network that this port does not offer."
	case n < 0:
		return "Nothing wrong is known. Damaged frames are not counted here yet."
	}
	return "Nothing wrong: no damaged frames to speak of in 24 hours."
}

func evidenceText(x *socket) string {
	var parts []string
	for _, e := range x.Finding.Evidence {
		if e.Value != "" && e.Measurement == "" && len(parts) < 3 {
			parts = append(parts, e.Label+": "+e.Value)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, "; ") + "."
}

// thing is what hangs on a port, for a sentence.
func thing(x *socket) string {
	if len(x.Hosts) > 0 && x.Hosts[0].Device != nil {
		return "this " + kindWord(x.Hosts[0].Device.Kind)
	}
	return "what hangs on it"
}

func areClean(list []*socket) string {
	if len(list) == 1 {
		return "Port " + list[0].Short + " beside it is clean"
	}
	return "Ports " + numbersOf(list) + " beside it are clean"
}

func haveIt(list []*socket) string {
	if len(list) == 1 {
		return "port " + list[0].Short + " has it"
	}
	return "ports " + numbersOf(list) + " have it"
}

func numbersOf(list []*socket) string {
	var names []string
	for _, x := range list {
		names = append(names, x.Short)
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// bothEnds compares what the two ends of a cable say of it: each end counts the
// damage that arrives, and so tells which way it is damaged.
func bothEnds(p *api.Place, x *socket) string {
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
	who := "the device"
	if p.Device != nil {
		who = p.Device.Name
	}
	if a, b := p.PortEnd.Duplex, p.DeviceEnd.Duplex; a != "" && b != "" && a != b {
		return "The ends do not agree: " + a + " duplex here, " + b + " duplex at " + who + ". That alone damages frames. Set both to find out by themselves."
	}
	switch {
	case here < 0 || there < 0:
		return ""
	case here >= muchDamage && there < max(here/20, 1):
		return "Only this end sees damage: it happens on the way from " + who + ". Start with the cable at the desk."
	case there >= muchDamage && here < max(there/20, 1):
		return "Only " + who + " sees damage: it happens on the way to it. Start with the cable in the closet, then this port."
	case here >= muchDamage && there >= muchDamage:
		return "Both ends see damage: the cable itself, or something that disturbs it. Put in another one."
	}
	return ""
}

// portCharts are the damage and the traffic of a port.
func (s *Site) portCharts(v *visit, id, port, over string) (out []healthChart, behind string) {
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
