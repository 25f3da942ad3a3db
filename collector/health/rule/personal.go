package rule

import (
	"slices"

	"muster/internal/event"
	"muster/internal/inventory"
)

// Personal says whether an input tells of a person: as its column or its
// attribute does, or because it chooses by one.
func (in *Input) Personal() bool {
	match := func(personal func(string) bool) bool {
		return slices.ContainsFunc(in.Match, func(m Match) bool { return personal(m.Name) })
	}
	switch in.Kind {
	case Column, Past, Age, Rows, Gone:
		section, ok := inventory.Lookup(in.Source)
		if !ok {
			return false
		}
		column := func(name string) bool {
			c, ok := section.Column(name)
			return ok && c.Personal
		}
		return column(in.Field) || match(column)
	case Events:
		kind, ok := event.Lookup(in.Source)
		if !ok {
			return false
		}
		attribute := func(name string) bool {
			a, ok := kind.Attribute(name)
			return ok && a.Personal
		}
		return attribute(in.Word) || match(attribute)
	}
	return false
}

// Personal says whether the name of a component can tell of a person: as one
// of the columns or attributes does that name it.
func (x *Subject) Personal() bool {
	column := func(section string, names []string) bool {
		sec, ok := inventory.Lookup(section)
		return ok && slices.ContainsFunc(names, func(n string) bool {
			c, ok := sec.Column(n)
			return ok && c.Personal
		})
	}
	if column(x.Section, slices.Concat(x.Keys, x.Label)) {
		return true
	}
	for section, names := range x.Rows {
		if column(section, names) {
			return true
		}
	}
	for name, attributes := range x.Events {
		kind, _ := event.Lookup(name)
		if slices.ContainsFunc(attributes, func(n string) bool {
			a, ok := kind.Attribute(n)
			return ok && a.Personal
		}) {
			return true
		}
	}
	return false
}
