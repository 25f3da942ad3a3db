package api

import "strings"

func (n *NamedDevice) words() string {
	if n == nil {
		return ""
	}
	return n.Name
}

func (PortWhere) columns() []string {
	return []string{"mac", "device", "interface", "switch", "port", "alias", "role", "vlans", "confidence", "how", "via", "present", "first_seen", "last_seen"}
}

func (l PortWhere) rows(yield func([]any) error) error {
	for _, p := range l.Places {
		if err := yield([]any{p.Mac, p.Device.words(), p.Interface, p.Switch.words(), p.Port, p.Alias, p.Role, numbers(p.Vlans), p.Confidence, p.How, viaWords(p.Via), p.Present, p.FirstSeen, p.LastSeen}); err != nil {
			return err
		}
	}
	return nil
}

func numbers(l []int32) []string {
	var out []string
	for _, n := range l {
		out = append(out, cell(int64(n)))
	}
	return out
}

func viaWords(l []Via) []string {
	var out []string
	for _, v := range l {
		out = append(out, strings.TrimSpace(v.Kind+" "+v.Name))
	}
	return out
}

func (PortShow) columns() []string {
	return []string{"name", "alias", "role", "why", "state", "speed_bits_per_second", "duplex", "untagged_vlan", "aggregate", "gear", "neighbors", "hosts", "macs", "errors_in", "errors_out"}
}

func (l PortShow) rows(yield func([]any) error) error {
	for _, p := range l.Ports {
		var neighbors, hosts []string
		for _, n := range p.Neighbors {
			neighbors = append(neighbors, strings.TrimSpace(n.Name+" "+n.Port))
		}
		for _, h := range p.Hosts {
			if name := h.Device.words(); name != "" {
				hosts = append(hosts, name)
			} else {
				hosts = append(hosts, h.Mac)
			}
		}
		if err := yield([]any{p.Name, p.Alias, p.Role, p.Why, p.End.State, p.End.SpeedBits, p.End.Duplex, int64(p.UntaggedVlan), p.Aggregate, p.Gear.words(), neighbors, hosts, p.Macs, count(p.End.In), count(p.End.Out)}); err != nil {
			return err
		}
	}
	return nil
}

// count is a number that may not be known.
func count(n *int64) any {
	if n == nil {
		return nil
	}
	return *n
}

func (Topology) columns() []string {
	return []string{"a", "a_port", "a_aggregate", "a_state", "a_speed_bits_per_second", "a_duplex", "a_errors_in", "a_errors_out",
		"b", "b_port", "b_aggregate", "b_state", "b_speed_bits_per_second", "b_duplex", "b_errors_in", "b_errors_out", "how", "confidence", "faults", "first_seen", "last_seen"}
}

func (l Topology) rows(yield func([]any) error) error {
	for _, x := range l.Links {
		var line []any
		for _, e := range []LinkEnd{x.A, x.B} {
			line = append(line, e.Name, e.Port, e.Aggregate, e.State, e.SpeedBits, e.Duplex, count(e.In), count(e.Out))
		}
		if err := yield(append(line, x.How, x.Confidence, x.Faults, x.FirstSeen, x.LastSeen)); err != nil {
			return err
		}
	}
	return nil
}
