package api

import (
	"context"
	"strings"

	"muster/collector/search"
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/metric"
)

func (s *Server) schemaShow(_ context.Context, in *SchemaInput) (Schema, error) {
	if in.Section != "" {
		x, ok := inventory.Lookup(in.Section)
		if !ok {
			return Schema{}, NewProblem(notFound, "there is no section %q%s: muster schema lists them", clip(printable(in.Section), 40), near(in.Section, allSections()))
		}
		return Schema{Sections: []SchemaSection{schemaSection(x)}}, nil
	}
	var out Schema
	for _, x := range inventory.Schema() {
		out.Sections = append(out.Sections, schemaSection(x))
	}
	for _, m := range metric.Catalogue() {
		out.Measurements = append(out.Measurements, schemaMetric(m))
	}
	for _, k := range event.Catalogue() {
		out.Events = append(out.Events, schemaEvent(k))
	}
	for _, f := range search.Fields() {
		out.Fields = append(out.Fields, schemaField(f))
	}
	return out, nil
}

// sensitivity is the word of the catalogue for what needs a right.
func sensitivity(personal bool) string {
	if personal {
		return "personal"
	}
	return ""
}

// said keeps the sources that say something.
func said(sources map[string]string) map[string]string {
	for k, v := range sources {
		if v == "" {
			delete(sources, k)
		}
	}
	return sources
}

func schemaSection(x *inventory.Section) SchemaSection {
	out := SchemaSection{
		Name: x.Name, Doc: x.Doc, Single: x.Single,
		LingerSeconds: int64(x.Linger.Seconds()), CadenceSeconds: int64(x.Cadence.Seconds()),
		Sources: said(map[string]string{"windows": x.Windows, "darwin": x.Darwin, "linux": x.Linux, "snmp": x.SNMP}),
		Columns: []SchemaColumn{},
	}
	for _, c := range x.Columns {
		out.Columns = append(out.Columns, SchemaColumn{
			Name: c.Name, Kind: c.Kind.String(), Unit: c.Unit, Doc: c.Doc, Values: c.Enum,
			Key: c.Key, Latest: c.Latest, Sensitivity: sensitivity(c.Personal),
		})
	}
	return out
}

func schemaMetric(m metric.Measurement) SchemaMetric {
	out := SchemaMetric{
		Name: m.Name, Doc: m.Doc, EverySeconds: int64(m.Every.Seconds()), Telegraf: m.Telegraf,
		Sources: map[string]string{}, Fields: []SchemaNumber{},
	}
	for _, side := range metric.Sides() {
		if where := m.Source(side); where != "" {
			out.Sources[side] = where
		}
	}
	for _, l := range m.Labels {
		out.Labels = append(out.Labels, SchemaLabel{Name: l.Name, Doc: l.Doc})
	}
	for _, f := range m.Fields {
		out.Fields = append(out.Fields, SchemaNumber{Name: f.Name, Unit: f.Unit, Type: f.Type.String(), Nature: f.Nature.String(), Default: f.Default, Doc: f.Doc})
	}
	return out
}

func schemaEvent(k event.Kind) SchemaEvent {
	out := SchemaEvent{Name: k.Name, Group: k.Group.String(), Urgent: k.Urgent, Doc: k.Doc, Sources: map[string]string{}}
	for _, a := range k.Attributes {
		out.Attributes = append(out.Attributes, SchemaAttribute{Name: a.Name, Type: a.Type.String(), Unit: a.Unit, Values: a.Values, Sensitivity: sensitivity(a.Personal), Doc: a.Doc})
	}
	for _, src := range k.Sources {
		where := src.Where
		if where == "" {
			where = strings.TrimSpace(src.Channel + " " + src.Provider)
		}
		if have := out.Sources[src.OS]; have != "" {
			where = have + "; " + where
		}
		out.Sources[src.OS] = where
	}
	return out
}

func schemaField(f search.Field) SchemaField {
	out := SchemaField{Name: f.Name, Aliases: f.Aliases, Kind: f.Kind.String(), Values: f.Values, Sensitivity: sensitivity(f.Personal), Example: f.Example, Doc: f.Doc, Operators: []string{}}
	for _, o := range f.Ops() {
		out.Operators = append(out.Operators, o.String())
	}
	return out
}
