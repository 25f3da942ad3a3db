package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) portCommand() *cobra.Command {
	return nounCommand("port", "Switch ports: which one a machine is on, and what is on one", `
		muster port where pc-104
		muster port show sw-hartford-1 Gi1/0/7`,
		s.portWhere(),
		s.portShow(),
		s.portPlaces(),
	)
}

func (s *session) portWhere() *cobra.Command {
	var in api.PortWhereInput
	var since string
	c := s.command(verb{
		use:   "where PC|MAC|IP",
		short: "Find the switch port that a machine or address hangs on",
		long: `Find the switch port that a machine or address hangs on, with how sure that is,
what stands between (a phone, an unmanaged switch, an access point), since when,
and how both ends of the cable run. Errors are damaged frames of the last 24
hours.

It is worked out of forwarding tables, LLDP and CDP, aggregates, the spanning
tree, routers' ARP tables, Wi-Fi controllers, and the cards that agents report.
A machine that is off is told where it was last.`,
		example: `
			muster port where pc-104
			muster port where 00:11:22:33:44:55
			muster port where 10.20.3.7
			muster port where pc-104 --history --since 30d`,
		run: func(ctx context.Context, args []string) (err error) {
			in.What = args[0]
			if in.From, err = s.since(since); err != nil {
				return err
			}
			in.History = in.History || in.From != ""
			c, err := s.client()
			if err != nil {
				return err
			}
			w, err := c.PortWhere(ctx, in)
			if err != nil {
				return err
			}
			return s.showWhere(&w, in.History)
		},
	})
	c.Flags().BoolVar(&in.History, "history", false, "also the ports it was on before, as far as they are kept")
	c.Flags().StringVar(&since, "since", "", "history from this `time` on")
	return c
}

func (s *session) portPlaces() *cobra.Command {
	return s.command(verb{
		use:   "places DEVICE...",
		short: "List the switch ports that several devices hang on",
		long: `List the switch ports that several devices hang on now. A DEVICE is an ID, name,
serial number or asset tag; up to 200 at a time. Of whom no port is known, or only
guessed, is left out: muster port where tells more of one.`,
		example: `
			muster port places pc-104 pc-105 -o csv`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.PortPlaces(ctx, api.PortPlacesInput{Devices: args})
			if err != nil {
				return err
			}
			g := newGrid("device", "site", "switch", "port", "confidence")
			for _, p := range x.Places {
				g.add(p.Device.Name, p.Device.Site, p.Switch.Name, p.Port, p.Confidence)
			}
			return s.show(g, x, "of none of these a port is known")
		},
	})
}

func (s *session) showWhere(w *api.PortWhere, history bool) error {
	switch s.output {
	case "json":
		return s.json(w)
	case "csv":
		if history {
			return s.csv(stayGrid(w.History, true))
		}
		g := newGrid("mac", "device", "interface", "switch", "port", "alias", "role", "vlans", "confidence", "how", "via", "present", "first_seen", "last_seen")
		for i := range w.Places {
			p := &w.Places[i]
			g.add(p.Mac, shortly(p.Device), p.Interface, shortly(p.Switch), p.Port, p.Alias, p.Role, vlanWords(p.Vlans), p.Confidence, p.How, viaWords(p.Via), p.Present, p.FirstSeen, p.LastSeen)
		}
		return s.csv(g)
	}
	who := w.What
	if w.Device != nil {
		who = called(w.Device)
		if w.Device.Site != "" {
			who += " (" + w.Device.Site + ")"
		}
	}
	if len(w.Places) == 0 {
		s.notPlaced(w, who)
	} else {
		s.placeBlock(w, who)
		if len(w.Places) > 1 {
			s.say("")
			s.say("Its other cards")
			g := newGrid("card", "mac", "switch", "port", "confidence", "seen:"+unitAgo)
			for i := range w.Places[1:] {
				p := &w.Places[i+1]
				g.add(p.Interface, p.Mac, shortly(p.Switch), p.Port, p.Confidence, p.LastSeen)
			}
			s.table(g, s.width(), "  ")
		}
	}
	if history && len(w.History) > 0 {
		s.say("")
		s.say("Where it was")
		s.table(stayGrid(w.History, len(w.Macs) > 1), s.width(), "  ")
	}
	if w.Concealed > 0 {
		s.note("it hangs on gear that this account may not see")
	}
	s.hiddenNote(w.Hidden)
	return nil
}

// notPlaced tells of what no table has now.
func (s *session) notPlaced(w *api.PortWhere, who string) {
	switch {
	case len(w.History) > 0:
		h := &w.History[0]
		s.say("%s is on no port now; it was on %s %s until %s", who, shortly(h.Switch), portWords(h.Port, h.Alias), s.look().time(h.Until))
	case w.Concealed > 0:
	case len(w.Macs) == 0:
		s.say("%s is on no port: no card of it is known", who)
	default:
		s.say("%s is on no port: no switch that is polled has seen %s", who, strings.Join(w.Macs, ", "))
	}
}

// placeBlock tells where it is now.
func (s *session) placeBlock(w *api.PortWhere, who string) {
	p, l := &w.Places[0], s.look()
	verb := "is on"
	if !p.Present {
		verb = "was last on"
	}
	if p.Switch != nil {
		s.say("%s %s %s %s", who, verb, shortly(p.Switch), portWords(p.Port, p.Alias))
	} else {
		s.say("%s %s Wi-Fi, at an access point whose own port is not known", who, verb)
	}
	sure := p.Confidence + ": " + howWords(p.How)
	switch {
	case p.Else == 1:
		sure += "; 1 other port is as likely"
	case p.Else > 1:
		sure += fmt.Sprintf("; %d other ports are as likely", p.Else)
	}
	seen := p.FirstSeen
	pairs := []pair{{name: "sure", value: sure}, {name: "between", value: viaWords(p.Via)}, {name: "card", value: strings.TrimSpace(p.Interface + " " + p.Mac)},
		{name: "VLAN", value: vlanWords(p.Vlans)}, {name: "since", value: seen, unit: "time"}, {name: "seen", value: p.LastSeen, unit: unitAgo}}
	var ips []string
	for _, a := range w.Addresses {
		word := a.Address
		if a.ToldBy != nil && (a.Device == nil || a.ToldBy.ID != a.Device.ID) {
			word += " (by " + called(a.ToldBy) + ")"
		}
		ips = append(ips, word)
	}
	s.block("", append(pairs, pair{name: "addresses", value: ips})...)
	if p.PortEnd == nil && p.DeviceEnd == nil {
		return
	}
	s.say("")
	g := newGrid("end", "what", "state", "speed:bit_per_second", "duplex", "errors_in", "errors_out")
	if e := p.PortEnd; e != nil {
		g.add("port", shortly(p.Switch)+" "+p.Port, e.State, known(e.SpeedBits), e.Duplex, number64(e.In), number64(e.Out))
	}
	if e := p.DeviceEnd; e != nil {
		g.add("card", shortly(p.Device)+" "+p.Interface, e.State, known(e.SpeedBits), e.Duplex, number64(e.In), number64(e.Out))
	}
	s.table(g, s.width(), "")
	if e, f := p.PortEnd, p.DeviceEnd; e != nil && f != nil && len(p.Via) == 0 {
		switch {
		case e.SpeedBits != 0 && f.SpeedBits != 0 && e.SpeedBits != f.SpeedBits:
			s.note("the ends run at different speeds: %s and %s", l.human(e.SpeedBits, "bit_per_second"), l.human(f.SpeedBits, "bit_per_second"))
		case e.Duplex != "" && f.Duplex != "" && e.Duplex != "unknown" && e.Duplex != f.Duplex:
			s.note("one end is half duplex, the other full")
		}
	}
}

func howWords(how string) string {
	switch how {
	case "announced":
		return "both ends know each other by LLDP or CDP"
	case "fdb":
		return "the switch learned its address there"
	case "controller":
		return "the Wi-Fi controller has it as a client"
	}
	return how
}

// shortly is what a device is called; nothing for none.
func shortly(d *api.NamedDevice) string {
	if d == nil {
		return ""
	}
	return called(d)
}

func called(d *api.NamedDevice) string {
	if d.Name == "" {
		return string(d.ID)
	}
	return d.Name
}

func portWords(port, alias string) string {
	if alias == "" {
		return port
	}
	return port + ", " + alias
}

func vlanWords(l []int32) string {
	var out []string
	for _, n := range l {
		out = append(out, strconv.Itoa(int(n)))
	}
	return strings.Join(out, ", ")
}

func viaWords(l []api.Via) string {
	var out []string
	for _, v := range l {
		word := strings.ReplaceAll(v.Kind, "_", " ")
		if v.Kind == "gear" {
			word = "other gear"
		}
		if v.Name != "" {
			word += " " + v.Name
		}
		if v.Hosts > 1 {
			word += fmt.Sprintf(" (%d machines)", v.Hosts)
		}
		out = append(out, word)
	}
	return strings.Join(out, ", ")
}

// number64 is a number that may not be known.
func number64(n *int64) any {
	if n == nil {
		return nil
	}
	return *n
}

func stayGrid(list []api.Stay, mac bool) *grid {
	specs := []string{"switch", "port", "alias", "vlans", "from:time", "until:time"}
	if mac {
		specs = append(specs, "mac")
	}
	g := newGrid(specs...)
	for i := range list {
		h := &list[i]
		line := []any{shortly(h.Switch), h.Port, h.Alias, vlanWords(h.Vlans), h.From, any(h.Until)}
		if h.Until.IsZero() {
			line[5] = any(time.Time{})
		}
		if mac {
			line = append(line, h.Mac)
		}
		g.add(line...)
	}
	return g
}

func (s *session) portShow() *cobra.Command {
	all := false
	c := s.command(verb{
		use:   "show SWITCH [PORT]",
		short: "Show what hangs on the ports of a switch, or on one of them",
		long: `Show what hangs on the ports of a switch, or on one of them. PORT is its name
in the long or the short form (GigabitEthernet1/0/7, Gi1/0/7). Errors are damaged
frames of the last 24 hours. A port is free when it has no link; one with a link
on which nobody was seen is told as unseen. The table leaves out ports of units
and modules that are not plugged in; --all, JSON and CSV have them.`,
		example: `
			muster port show sw-hartford-1
			muster port show sw-hartford-1 Gi1/0/7`,
		run: func(ctx context.Context, args []string) error {
			in := api.PortShowInput{Ref: args[0]}
			if len(args) > 1 {
				in.Port = args[1]
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			p, err := c.PortShow(ctx, in)
			if err != nil {
				return err
			}
			if in.Port != "" && len(p.Ports) == 1 && s.output == "table" {
				s.showPort(&p.Device, &p.Ports[0])
				return nil
			}
			return s.showPorts(&p, all)
		},
	})
	c.Flags().BoolVar(&all, "all", false, "in the table too the ports whose unit or module is not plugged in")
	return c
}

func (s *session) showPorts(p *api.PortShow, all bool) error {
	if s.output == "csv" {
		g := newGrid("name", "alias", "role", "why", "state", "speed_bits_per_second", "duplex", "untagged_vlan", "aggregate", "gear", "neighbors", "hosts", "macs", "errors_in", "errors_out")
		for i := range p.Ports {
			x := &p.Ports[i]
			g.add(x.Name, x.Alias, x.Role, x.Why, x.End.State, x.End.SpeedBits, x.End.Duplex, x.UntaggedVlan, x.Aggregate, shortly(x.Gear), neighborWords(x), hostWords(x, len(x.Hosts)), x.Macs, number64(x.End.In), number64(x.End.Out))
		}
		return s.csv(g)
	}
	g := newGrid("port", "state", "speed:bit_per_second", "duplex", "vlan", "role", "on it", "macs", "errors", "alias")
	absent := 0
	for i := range p.Ports {
		x := &p.Ports[i]
		if x.End.State == "not_present" && !all {
			absent++
			continue
		}
		g.add(x.Name, x.End.State, known(x.End.SpeedBits), x.End.Duplex, known(int64(x.UntaggedVlan)), roleWords(x), onWords(x), known(int64(x.Macs)), errorSum(x.End.Errors), x.Alias)
	}
	if err := s.show(g, p, called(&p.Device)+" has no ports that are known: it is no network gear, or its ports were never read"); err != nil {
		return err
	}
	if absent > 0 && s.output == "table" {
		s.note("ports whose unit or module is not plugged in are left out, %d: --all shows them", absent)
	}
	if p.Unresolved > 0 {
		s.note("%d addresses of its forwarding table are on ports that it could not name", p.Unresolved)
	}
	return nil
}

// errorSum is damaged frames in and out; nothing when neither is known.
func errorSum(e api.Errors) any {
	if e.In == nil && e.Out == nil {
		return nil
	}
	sum := int64(0)
	for _, n := range []*int64{e.In, e.Out} {
		if n != nil {
			sum += *n
		}
	}
	return sum
}

func roleWords(p *api.PortLine) string {
	if p.Aggregate != "" {
		return p.Role + " in " + p.Aggregate
	}
	return strings.ReplaceAll(p.Role, "_", " ")
}

// onWords is what is on a port, in few words.
func onWords(p *api.PortLine) string {
	if p.Gear != nil || len(p.Neighbors) > 0 && (p.Role == "uplink" || p.Role == "unpolled") {
		if words := neighborWords(p); words != "" {
			return words
		}
		return shortly(p.Gear)
	}
	return hostWords(p, 3)
}

func neighborWords(p *api.PortLine) string {
	var out []string
	for i := range p.Neighbors {
		n := &p.Neighbors[i]
		name := shortly(n.Device)
		if name == "" {
			name = n.Name
		}
		if name == "" {
			name = n.Chassis
		}
		if word := strings.TrimSpace(name + " " + n.Port); len(out) == 0 || out[len(out)-1] != word {
			out = append(out, word)
		}
	}
	return strings.Join(out, ", ")
}

func hostWords(p *api.PortLine, most int) string {
	var out []string
	for i := range p.Hosts {
		h := &p.Hosts[i]
		if len(out) == most {
			out = append(out, fmt.Sprintf("and %d more", len(p.Hosts)-most))
			break
		}
		name := shortly(h.Device)
		if name == "" {
			name = h.Mac
		}
		if !h.Present {
			name += " (gone)"
		}
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}

func (s *session) showPort(d *api.NamedDevice, p *api.PortLine) {
	s.say("%s %s", called(d), portWords(p.Name, p.Alias))
	why := map[string]string{"stp": "it is the way to the root of the spanning tree", "own_mac": "the address of other gear is learned there", "lag": "another port of its aggregate leads there",
		"manual": "somebody said so", "count": "by how many machines are seen there"}[p.Why]
	if why == "" {
		why = "by " + strings.ToUpper(p.Why)
	}
	s.block("", pair{name: "role", value: strings.ReplaceAll(p.Role, "_", " ") + ": " + why}, pair{name: "leads to", value: shortly(p.Gear)}, pair{name: "state", value: p.End.State}, pair{name: "switched", value: p.Admin},
		pair{name: "speed", value: known(p.End.SpeedBits), unit: "bit_per_second"}, pair{name: "duplex", value: p.End.Duplex}, pair{name: "errors in", value: number64(p.End.In)}, pair{name: "errors out", value: number64(p.End.Out)},
		pair{name: "VLAN", value: known(int64(p.UntaggedVlan))}, pair{name: "voice VLAN", value: known(int64(p.VoiceVlan))}, pair{name: "spanning tree", value: p.StpState},
		pair{name: "aggregate", value: p.Aggregate}, pair{name: "members", value: p.Members}, pair{name: "addresses", value: known(int64(p.Macs))})
	if len(p.Neighbors) > 0 {
		s.say("")
		s.say("Who announced itself")
		g := newGrid("name", "what", "port", "by", "since:"+unitAgo)
		for i := range p.Neighbors {
			n := &p.Neighbors[i]
			name := n.Name
			if name == "" {
				name = n.Chassis
			}
			g.add(name, strings.ReplaceAll(n.What, "_", " "), n.Port, strings.ToUpper(n.Protocol), n.Since)
		}
		s.table(g, s.width(), "  ")
	}
	if len(p.Hosts) > 0 {
		s.say("")
		s.say("Who hangs there")
		g := newGrid("machine", "card", "mac", "sure", "between", "since:"+unitAgo, "seen:"+unitAgo, "errors")
		for i := range p.Hosts {
			h := &p.Hosts[i]
			var sum any
			if h.DeviceEnd != nil {
				sum = errorSum(h.DeviceEnd.Errors)
			}
			g.add(shortly(h.Device), h.Interface, h.Mac, h.Confidence, viaWords(h.Via), h.FirstSeen, h.LastSeen, sum)
		}
		s.table(g, s.width(), "  ")
	}
}
