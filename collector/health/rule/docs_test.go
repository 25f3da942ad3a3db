package rule_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"muster/collector/health/rule"
	"muster/collector/health/rules"
)

// tables reads the first cells of the tables of docs/health-rules.md, by the
// heading that they stand under.
func tables(t *testing.T) map[string][]string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "health-rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	heading, first := "", regexp.MustCompile("^\\| `([^`]+)` \\|")
	for line := range strings.Lines(string(page)) {
		if title := strings.TrimLeft(line, "#"); title != line {
			heading = strings.TrimSpace(title)
		}
		if m := first.FindStringSubmatch(line); m != nil {
			out[heading] = append(out[heading], m[1])
		}
	}
	return out
}

// The page that teaches the language names all of it, and nothing else.
func TestThePageNamesTheWholeLanguage(t *testing.T) {
	have := tables(t)
	agree := func(heading string, want []string) {
		t.Helper()
		slices.Sort(want)
		got := slices.Clone(have[heading])
		for i, cell := range got { // an operation stands there with what it takes
			got[i], _, _ = strings.Cut(cell, "(")
		}
		slices.Sort(got)
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("docs/health-rules.md does not tell of %s under %q", w, heading)
			}
		}
		for i, g := range got {
			if !slices.Contains(want, g) || i > 0 && got[i-1] == g {
				t.Errorf("docs/health-rules.md tells of %s under %q, which is not there or stands twice", g, heading)
			}
		}
	}

	operations := map[string][]string{}
	for _, o := range rule.Operations() {
		operations[o.Of] = append(operations[o.Of], o.Name)
	}
	headings := map[string]string{"metric": "Of numbers", "column": "Of columns", "time": "Of times", "event": "Of events", "section": "Of sections"}
	for of, names := range operations {
		if headings[of] == "" {
			t.Errorf("docs/health-rules.md has no heading for operations of %s", of)
		}
		agree(headings[of], names)
	}

	var derived, subjects []string
	for _, d := range rule.DerivedInputs() {
		derived = append(derived, d.Group+"."+d.Name)
	}
	agree("Worked out by the collector", derived)
	for _, s := range rule.Subjects() {
		subjects = append(subjects, s.Name)
	}
	agree("Subjects", subjects)

	for heading, document := range map[string]any{
		"The form":            rule.Document{},
		"A level":             rule.LevelDocument{},
		"A limit":             rule.Limits{},
		"A piece of evidence": rule.EvidenceDocument{},
		"Cases":               rule.CaseDocument{},
	} {
		agree(heading, keys(document))
	}
	for _, m := range rule.Manners() {
		if !slices.Contains(have["Forecasts"], m) {
			t.Errorf("docs/health-rules.md does not tell of forecasts in the manner of %s", m)
		}
	}
}

// keys are the names under which a file has a struct's fields.
func keys(document any) []string {
	var out []string
	for f := range reflect.TypeOf(document).Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		out = append(out, name)
	}
	return out
}

// What the page says of a derived input's subject is what the compiler holds
// rules to.
func TestThePageKnowsWhoseDerivedInputsAre(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "health-rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range rule.DerivedInputs() {
		of := d.Subject
		if of == "" {
			of = "any"
		}
		if row := fmt.Sprintf("| `%s.%s` | %s |", d.Group, d.Name, of); !strings.Contains(string(page), row) {
			t.Errorf("docs/health-rules.md lacks %s", row)
		}
	}
}

// The examples can be put into an office's folder as they stand.
func TestTheExamplesOfThePageLoad(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "health-rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	office := fstest.MapFS{}
	for _, m := range regexp.MustCompile("(?s)```yaml\n(id: ([A-Z0-9]+)\n.*?)```").FindAllStringSubmatch(string(page), -1) {
		office[m[2]+".yaml"] = &fstest.MapFile{Data: []byte(m[1])}
	}
	if len(office) < 3 {
		t.Fatalf("%d examples were found: has the page another form?", len(office))
	}
	set, err := rule.Load(rules.Files(), office, "office")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range set.Problems {
		t.Error(p)
	}
	for name := range office {
		if r, ok := set.Find(strings.TrimSuffix(name, ".yaml")); !ok || !r.Office {
			t.Errorf("%s of the page is not in use", name)
		}
	}
}
