package cli

import (
	"bufio"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) topologyCommand() *cobra.Command {
	c := s.command(verb{
		use:   "topology [FILTER...]",
		short: "Show how network gear is connected",
		long: `Show how network gear is connected: cables between switches, routers, firewalls
and access points, with how both ends run and what does not fit, and the gear
that is not polled but announced itself. Of the links of all devices, or of
those that a FILTER chooses. Errors are damaged frames of the last 24 hours.

With -o dot it is a graph for Graphviz.

` + filterHelp,
		example: `
			muster topology
			muster topology site:health/hartford
			muster topology -o dot | dot -Tsvg >network.svg`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			t, err := c.TopologyShow(ctx, api.TopologyInput{Filter: strings.Join(args, " ")})
			if err != nil {
				return err
			}
			if s.output == "dot" {
				return s.dot(&t)
			}
			return s.showTopology(&t)
		},
	})
	c.Annotations = map[string]string{moreForms: "dot"}
	return c
}

func (s *session) showTopology(t *api.Topology) error {
	if s.output == "csv" {
		g := newGrid("a", "a_port", "a_aggregate", "a_state", "a_speed_bits_per_second", "a_duplex", "a_errors_in", "a_errors_out",
			"b", "b_port", "b_aggregate", "b_state", "b_speed_bits_per_second", "b_duplex", "b_errors_in", "b_errors_out", "how", "confidence", "faults", "first_seen", "last_seen")
		for i := range t.Links {
			x := &t.Links[i]
			var line []any
			for _, e := range []*api.LinkEnd{&x.A, &x.B} {
				line = append(line, e.Name, e.Port, e.Aggregate, e.State, known(e.SpeedBits), e.Duplex, number64(e.In), number64(e.Out))
			}
			g.add(append(line, x.How, x.Confidence, x.Faults, x.FirstSeen, x.LastSeen)...)
		}
		return s.csv(g)
	}
	l := s.look()
	g := newGrid("device", "port", "runs", "errors", "far_device", "far_port", "far_runs", "far_errors", "by", "fault")
	g.columns[4].key = true
	for i := range t.Links {
		x := &t.Links[i]
		var line []any
		for _, e := range []*api.LinkEnd{&x.A, &x.B} {
			port := e.Port
			if e.Aggregate != "" {
				port += " in " + e.Aggregate
			}
			line = append(line, endName(e), port, runs(l, e), errorSum(e.Errors))
		}
		g.add(append(line, strings.Join(x.How, ", "), strings.Join(x.Faults, "; "))...)
	}
	if err := s.show(g, t, "no link between network gear is known"); err != nil {
		return err
	}
	if !t.Counted {
		s.note("errors are not counted of so many devices at once: a filter helps")
	}
	return nil
}

func endName(e *api.LinkEnd) string {
	switch {
	case e.Concealed:
		return "(out of scope)"
	case e.Device == nil:
		return e.Name + " (not polled)"
	}
	return e.Name
}

// runs is how an end runs: 1 Gbit/s full; blocked where the spanning tree does.
func runs(l look, e *api.LinkEnd) string {
	var out []string
	if e.State != "" && e.State != "up" {
		out = append(out, e.State)
	}
	if e.SpeedBits != 0 {
		out = append(out, l.human(e.SpeedBits, "bit_per_second"))
	}
	if e.Duplex != "" && e.Duplex != "unknown" {
		out = append(out, e.Duplex)
	}
	if e.StpState == "blocking" {
		out = append(out, "blocked")
	}
	return strings.Join(out, " ")
}

// dot prints the links as a graph of Graphviz's language.
func (s *session) dot(t *api.Topology) error {
	w := bufio.NewWriter(s.out)
	l := s.look()
	w.WriteString("graph muster {\n\tnode [shape=box];\n")
	known := map[string]bool{}
	// What is not polled is a node for each end: many boxes announce one name.
	node := func(e *api.LinkEnd, link int) string {
		id, label, more := "announced "+strconv.Itoa(link)+" "+e.Name, endName(e), ", style=dashed"
		switch {
		case e.Concealed:
			id = "concealed " + strconv.Itoa(link)
		case e.Device != nil:
			id, more = string(e.Device.ID), ""
			if e.Device.Site != "" {
				label += "\n" + e.Device.Site
			}
		}
		if !known[id] {
			known[id] = true
			fmt.Fprintf(w, "\t%s [label=%s%s];\n", dotText(id), dotText(label), more)
		}
		return dotText(id)
	}
	for i := range t.Links {
		x := &t.Links[i]
		a, b := node(&x.A, i), node(&x.B, i)
		label, more := "", ""
		if x.A.SpeedBits != 0 {
			label = l.human(x.A.SpeedBits, "bit_per_second")
		}
		if len(x.Faults) > 0 {
			label, more = strings.TrimSpace(label+"\n"+strings.Join(x.Faults, "\n")), ", color=red"
		}
		if x.Confidence != "high" {
			more += ", style=dashed"
		}
		fmt.Fprintf(w, "\t%s -- %s [taillabel=%s, headlabel=%s, label=%s%s];\n", a, b, dotText(x.A.Port), dotText(x.B.Port), dotText(label), more)
	}
	w.WriteString("}\n")
	return w.Flush()
}

// dotText quotes a text for Graphviz: lines are told by \n, and nothing of what
// devices say ends the quotes or begins an escape.
func dotText(text string) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(clean(line)))
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}
