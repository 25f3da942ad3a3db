package event_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/metric"
)

// root is the top of the repository, seen from this package.
var root = filepath.Join("..", "..")

// line is a line of the table of inputs in docs/health-inputs.md.
type line struct {
	rule, input string
	names       []string
	remarks     string
}

// inputsPage reads docs/health-inputs.md: the lines of its first table, and
// what its second says the collector derives.
func inputsPage(t *testing.T) (lines []line, derived []string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs", "health-inputs.md"))
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("`([^`]+)`")
	section := ""
	for row := range strings.Lines(string(page)) {
		row = strings.TrimSpace(row)
		if title, ok := strings.CutPrefix(row, "## "); ok {
			section = title
		}
		if !strings.HasPrefix(row, "|") || strings.HasPrefix(row, "|---") {
			continue
		}
		cells := strings.Split(strings.Trim(row, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case cells[0] == "rule" || cells[0] == "name":
		case section == "Inputs" && len(cells) == 4:
			l := line{rule: cells[0], input: strings.Trim(cells[1], "`"), remarks: cells[3]}
			for _, m := range code.FindAllStringSubmatch(cells[2], -1) {
				l.names = append(l.names, m[1])
			}
			if rest := strings.Trim(code.ReplaceAllString(cells[2], ""), ", "); rest != "" {
				t.Errorf("%s %s: %q is no name", l.rule, l.input, rest)
			}
			lines = append(lines, l)
		case section == "Derived by the collector" && len(cells) == 2:
			derived = append(derived, strings.Trim(cells[0], "`"))
		default:
			t.Errorf("docs/health-inputs.md: a line with %d cells under %q: %s", len(cells), section, row)
		}
	}
	return lines, derived
}

func TestHealthInputsAreCatalogued(t *testing.T) {
	lines, derived := inputsPage(t)
	if len(lines) < 100 {
		t.Fatalf("only %d lines: has the page another form?", len(lines))
	}
	used := map[string]bool{}
	for _, l := range lines {
		if len(l.names) == 0 {
			t.Errorf("%s %s comes from nowhere", l.rule, l.input)
		}
		for _, name := range l.names {
			what, rest, _ := strings.Cut(name, " ")
			first, second, dotted := strings.Cut(rest, ".")
			switch what {
			case "metric":
				m, f, ok := metric.Lookup(first, second)
				switch {
				case !ok:
					t.Errorf("%s %s: there is no %s", l.rule, l.input, name)
				case !f.Default && m.SNMP == "" && !strings.Contains(strings.ToLower(l.remarks), "on request"):
					t.Errorf("%s %s: %s is not sent by default and the line does not say so", l.rule, l.input, name)
				}
			case "event":
				k, ok := event.Lookup(first)
				if ok && dotted {
					_, ok = k.Attribute(second)
				}
				if !ok {
					t.Errorf("%s %s: there is no %s", l.rule, l.input, name)
				}
			case "inventory":
				s, ok := inventory.Lookup(first)
				if ok {
					_, ok = s.Column(second)
				}
				if !ok {
					t.Errorf("%s %s: there is no %s", l.rule, l.input, name)
				}
			case "derived":
				used[rest] = true
				if !slices.Contains(derived, rest) {
					t.Errorf("%s %s: the page does not say what %s is", l.rule, l.input, name)
				}
			default:
				t.Errorf("%s %s: %q is no kind of name", l.rule, l.input, name)
			}
		}
	}
	for _, name := range derived {
		if !used[name] {
			t.Errorf("no rule uses what is derived as %s", name)
		}
	}
}

// Each input of each rule has exactly one line, and no line is about an input
// that no rule has.
func TestHealthInputsAreComplete(t *testing.T) {
	file, err := os.Open(filepath.Join(root, "..", "shared", "reference", "health_rules.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the rules (../shared/reference/health_rules.jsonl) are not beside this repository: that every input has a line is not checked here; that every name exists is, in TestHealthInputsAreCatalogued")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, _ := inputsPage(t)
	have := map[[2]string]int{}
	for _, l := range lines {
		have[[2]string{l.rule, l.input}]++
	}
	rules := 0
	scan := bufio.NewScanner(file)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		var rule struct {
			ID     string   `json:"id"`
			Inputs []string `json:"inputs"`
		}
		if err := json.Unmarshal(scan.Bytes(), &rule); err != nil {
			t.Fatal(err)
		}
		rules++
		for _, input := range rule.Inputs {
			at := [2]string{rule.ID, input}
			if have[at] != 1 {
				t.Errorf("%s %s has %d lines in docs/health-inputs.md", rule.ID, input, have[at])
			}
			delete(have, at)
		}
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	for at := range have {
		t.Errorf("docs/health-inputs.md has a line for %s %s, which no rule has", at[0], at[1])
	}
	if rules != 60 {
		t.Errorf("%d rules, 60 were there when the page was written", rules)
	}
}
