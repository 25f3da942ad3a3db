package rule

import (
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/metric"
)

// allNames lists what may stand before the first point, for messages.
func allNames() []string {
	var out []string
	for _, m := range metric.Catalogue() {
		out = append(out, m.Name)
	}
	for _, s := range inventory.Schema() {
		out = append(out, s.Name)
	}
	for _, k := range event.Catalogue() {
		out = append(out, k.Name)
	}
	for _, d := range DerivedInputs() {
		out = append(out, d.Group)
	}
	return append(out, "limit")
}
