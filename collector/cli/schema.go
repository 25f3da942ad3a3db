package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/collector/search"
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/metric"
)

func (s *session) schemaCommand() *cobra.Command {
	return s.command(verb{
		use:   "schema [SECTION]",
		short: "Show the catalogue: sections and columns, numbers, kinds of event",
		long: `Show the catalogue: all that can be known about a device. With a SECTION (or a
measurement, or a kind of event) it is what that holds. It needs no collector:
the catalogue is part of the program.`,
		example: `
			muster schema
			muster schema disk
			muster schema -o json`,
		run: func(_ context.Context, args []string) error {
			if len(args) == 0 {
				return s.wholeSchema()
			}
			return s.oneSchema(strings.ToLower(args[0]))
		},
	})
}

func (s *session) wholeSchema() error {
	var out api.Schema
	sections := newGrid("section", "rows", "read_each", "windows", "darwin", "linux", "snmp", "doc")
	all := newGrid("subject", "name", "doc")
	for _, sec := range inventory.Schema() {
		out.Sections = append(out.Sections, schemaSection(sec))
		rows := "many"
		if sec.Single {
			rows = "one"
		}
		sections.add(sec.Name, rows, sec.Cadence, sec.Windows != "", sec.Darwin != "", sec.Linux != "", sec.SNMP != "", sec.Doc)
		all.add("section", sec.Name, sec.Doc)
	}
	measurements := newGrid("measurement", "fields", "doc")
	for _, m := range metric.Catalogue() {
		out.Measurements = append(out.Measurements, schemaMetric(m))
		measurements.add(m.Name, len(m.Fields), m.Doc)
		all.add("measurement", m.Name, m.Doc)
	}
	events := newGrid("event", "group", "urgent", "doc")
	for _, k := range event.Catalogue() {
		out.Events = append(out.Events, schemaEvent(k))
		events.add(k.Name, k.Group.String(), k.Urgent, k.Doc)
		all.add("event", k.Name, k.Doc)
	}
	switch s.output {
	case "json":
		return s.json(out)
	case "csv":
		return s.csv(all)
	}
	for i, g := range []*grid{sections, measurements, events} {
		if i > 0 {
			s.say("")
		}
		if err := s.show(g, nil, ""); err != nil {
			return err
		}
	}
	return nil
}

// oneSchema finds a section, a measurement or a kind of event by name. A name
// that is two of them (disk) shows both.
func (s *session) oneSchema(name string) error {
	var out api.Schema
	var grids []*grid
	var docs []string
	if sec, ok := inventory.Lookup(name); ok {
		out.Sections = []api.SchemaSection{schemaSection(sec)}
		docs = append(docs, "section "+sec.Name+": "+sec.Doc)
		g := newGrid("column", "kind", "unit", "key", "kept", "personal", "doc", "values")
		for _, c := range sec.Columns {
			kept := "with history"
			if c.Latest {
				kept = "latest only"
			}
			g.add(c.Name, c.Kind.String(), c.Unit, mark(c.Key), kept, mark(c.Personal), c.Doc, c.Enum)
		}
		grids = append(grids, g)
	}
	if m, ok := metric.Find(name); ok {
		out.Measurements = []api.SchemaMetric{schemaMetric(m)}
		docs = append(docs, "measurement "+m.Name+": "+m.Doc)
		g := newGrid("series", "unit", "nature", "sent", "doc")
		for _, f := range m.Fields {
			sent := "on request"
			if f.Default {
				sent = "always"
			}
			g.add(metric.Series(m.Name, f.Name), f.Unit, f.Nature.String(), sent, f.Doc)
		}
		grids = append(grids, g)
	}
	if k, ok := event.Lookup(name); ok {
		out.Events = []api.SchemaEvent{schemaEvent(k)}
		docs = append(docs, "event "+k.Name+": "+k.Doc)
		g := newGrid("attribute", "type", "unit", "personal", "doc", "values")
		for _, a := range k.Attributes {
			g.add(a.Name, a.Type.String(), a.Unit, mark(a.Personal), a.Doc, a.Values)
		}
		grids = append(grids, g)
	}
	if name == "device" {
		docs = append(docs, "device: what every device has, as filters and lists know it; muster device list --columns shows it")
		g := newGrid("field", "holds", "personal", "example", "doc", "values")
		for _, f := range search.Fields() {
			x := api.SchemaField{Name: f.Name, Aliases: f.Aliases, Kind: f.Kind.String(), Values: f.Values, Sensitivity: sensitivity(f.Personal), Example: f.Example, Doc: f.Doc, Operators: []string{}}
			for _, o := range f.Ops() {
				x.Operators = append(x.Operators, o.String())
			}
			out.Fields = append(out.Fields, x)
			g.add(f.Name, f.Kind.String(), mark(f.Personal), f.Example, f.Doc, f.Values)
		}
		grids = append(grids, g)
	}
	if len(grids) == 0 {
		return unknownSubject(name)
	}
	switch s.output {
	case "json":
		return s.json(out)
	case "csv":
		return s.csv(grids[0])
	}
	for i, g := range grids {
		if i > 0 {
			s.say("")
		}
		s.say("%s", docs[i])
		if err := s.show(g, nil, "it has no attributes"); err != nil {
			return err
		}
	}
	return nil
}

func mark(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func unknownSubject(name string) error {
	known := []string{"device"}
	for _, sec := range inventory.Schema() {
		known = append(known, sec.Name)
	}
	for _, m := range metric.Catalogue() {
		known = append(known, m.Name)
	}
	for _, k := range event.Catalogue() {
		known = append(known, k.Name)
	}
	if meant := near(name, known); meant != "" {
		return usage("the catalogue has no %s; did you mean %s?", quoteWord(name), meant)
	}
	return usage("the catalogue has no %s; muster schema lists what there is", quoteWord(name))
}

// schemaSection, schemaMetric and schemaEvent put the catalogues into the form
// of the API.
func schemaSection(sec *inventory.Section) api.SchemaSection {
	out := api.SchemaSection{
		Name: sec.Name, Doc: sec.Doc, Single: sec.Single,
		LingerSeconds:  int64(sec.Linger / time.Second),
		CadenceSeconds: int64(sec.Cadence / time.Second),
		Sources:        sources(sec.Windows, sec.Darwin, sec.Linux, sec.SNMP),
		Columns:        []api.SchemaColumn{},
	}
	for _, c := range sec.Columns {
		out.Columns = append(out.Columns, api.SchemaColumn{
			Name: c.Name, Kind: c.Kind.String(), Unit: c.Unit, Doc: c.Doc, Values: c.Enum,
			Key: c.Key, Latest: c.Latest, Sensitivity: sensitivity(c.Personal),
		})
	}
	return out
}

func schemaMetric(m metric.Measurement) api.SchemaMetric {
	out := api.SchemaMetric{
		Name: m.Name, Doc: m.Doc, EverySeconds: int64(m.Every / time.Second), Telegraf: m.Telegraf,
		Sources: sources(m.Windows, m.Darwin, m.Linux, m.SNMP), Fields: []api.SchemaNumber{},
	}
	for _, l := range m.Labels {
		out.Labels = append(out.Labels, api.SchemaLabel{Name: l.Name, Doc: l.Doc})
	}
	for _, f := range m.Fields {
		out.Fields = append(out.Fields, api.SchemaNumber{
			Name: f.Name, Unit: f.Unit, Type: f.Type.String(), Nature: f.Nature.String(), Default: f.Default, Doc: f.Doc,
		})
	}
	return out
}

func schemaEvent(k event.Kind) api.SchemaEvent {
	out := api.SchemaEvent{Name: k.Name, Group: k.Group.String(), Urgent: k.Urgent, Doc: k.Doc, Sources: map[string]string{}}
	for _, a := range k.Attributes {
		out.Attributes = append(out.Attributes, api.SchemaAttribute{
			Name: a.Name, Type: a.Type.String(), Unit: a.Unit, Values: a.Values, Sensitivity: sensitivity(a.Personal), Doc: a.Doc,
		})
	}
	for _, src := range k.Sources {
		if out.Sources[src.OS] != "" {
			out.Sources[src.OS] += "; "
		}
		out.Sources[src.OS] += src.Where
	}
	return out
}

func sensitivity(personal bool) string {
	if personal {
		return "personal"
	}
	return ""
}

func sources(windows, darwin, linux, snmp string) map[string]string {
	out := map[string]string{}
	for _, x := range [][2]string{{"windows", windows}, {"darwin", darwin}, {"linux", linux}, {"snmp", snmp}} {
		if x[1] != "" {
			out[x[0]] = x[1]
		}
	}
	return out
}
