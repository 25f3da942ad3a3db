package rule_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"muster/collector/health/rule"
	"muster/collector/health/rules"
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/metric"
)

// Each input that our rules ask for is on the page that says where inputs come
// from, and the page names nothing that does not exist.
func TestEveryInputIsOnThePageOfInputs(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "health-inputs.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, m := range regexp.MustCompile("`(metric|event|inventory) ([^`]+)`").FindAllStringSubmatch(string(page), -1) {
		source, field, _ := strings.Cut(m[2], ".")
		named[m[1]+" "+source], named[m[1]+" "+m[2]] = true, true
		if m[2] == "measurement.field" || m[2] == "kind" || m[2] == "kind.attribute" || m[2] == "section.column" {
			continue // how the names are written
		}
		if !catalogued(m[1], source, field) {
			t.Errorf("docs/health-inputs.md: there is no %s %s", m[1], m[2])
		}
	}
	set, err := rule.Load(rules.Files(), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.Rules {
		for _, slot := range r.Inputs {
			in := set.Inputs[slot]
			name := ""
			switch in.Kind {
			case rule.Column, rule.Age, rule.Past:
				name = "inventory " + in.Source + "." + in.Field
			case rule.Rows, rule.Gone:
				name = "inventory " + in.Source
			case rule.Sample, rule.Window, rule.Future:
				name = "metric " + in.Source + "." + in.Field
			case rule.Events:
				name = "event " + in.Source
			default:
				continue
			}
			if !named[name] {
				t.Errorf("%s asks for %s (%s), which docs/health-inputs.md does not name", r.ID, name, in)
			}
		}
	}
}

func catalogued(what, source, field string) bool {
	switch what {
	case "metric":
		_, _, ok := metric.Lookup(source, field)
		return ok
	case "event":
		k, ok := event.Lookup(source)
		return ok && (field == "" || slices.ContainsFunc(k.Attributes, func(a event.Attribute) bool { return a.Name == field }))
	}
	s, ok := inventory.Lookup(source)
	return ok && s.Index(field) >= 0
}
