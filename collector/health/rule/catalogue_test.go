package rule_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/collector/health/rule"
	"muster/collector/health/rules"
	"muster/internal/settings"
)

var update = flag.Bool("update", false, "write docs/health-catalogue.md anew")

// The catalogue is made from the rules, so that it cannot tell of other limits
// than those that judge.
func TestTheCatalogueIsUpToDate(t *testing.T) {
	set, err := rule.Load(rules.Files(), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "..", "docs", "health-catalogue.md")
	fresh := catalogue(set)
	if *update {
		if err := os.WriteFile(path, []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(old) != fresh {
		t.Error("docs/health-catalogue.md is out of date: run `go test ./collector/health/rule -update`")
	}
}

// families in the order of the page, with what they are called there.
func families() [][2]string {
	return [][2]string{
		{"drive", "Drives"},
		{"space", "Space"},
		{"memory", "Memory"},
		{"crash", "Crashes, heat and programs"},
		{"battery", "Batteries and power"},
		{"system", "System and upkeep"},
		{"network", "Network"},
		{"gear", "Network gear, printers, UPSs, storage"},
		{"signs", "Weak signs"},
		{"fleet", "Many devices at once"},
	}
}

func catalogue(set *rule.Set) string {
	var p strings.Builder
	put := func(format string, a ...any) { fmt.Fprintf(&p, format, a...) }
	put("# The rules of health\n\n")
	put("All rules that Muster brings: %d. Made from their files by `go test ./collector/health/rule -update`; how they are\n", len(set.Rules))
	put("written, changed and switched off is in [health-rules.md](health-rules.md).\n")
	for _, f := range families() {
		put("\n## %s\n\n| rule | says | severities |\n|---|---|---|\n", f[1])
		for _, r := range set.Rules {
			if r.Family != f[0] {
				continue
			}
			var levels []string
			for _, l := range r.Document.Levels {
				levels = append(levels, l.Severity)
			}
			put("| [%s](#%s) | %s | %s |\n", r.ID, anchor(r), r.Title, strings.Join(levels, ", "))
		}
		for _, r := range set.Rules {
			if r.Family == f[0] {
				entry(put, r)
			}
		}
	}
	return p.String()
}

// anchor is what GitHub makes of a heading.
func anchor(r *rule.Rule) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == ' ':
			return '-'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
			return c
		}
		return -1
	}, strings.ToLower(r.ID+" "+r.Title))
}

func entry(put func(string, ...any), r *rule.Rule) {
	put("\n### %s %s\n\n%s\n\n", r.ID, r.Title, prose(r.Meaning))
	for _, l := range r.Document.Levels {
		put("**%s** when\n\n%s\n", l.Severity, code(l.When))
		var rest []string
		if l.Hold > 0 {
			rest = append(rest, "for "+l.Hold.String())
		}
		if l.Samples > 0 {
			rest = append(rest, fmt.Sprintf("in %d judgements with new data", l.Samples))
		}
		if len(rest) > 0 {
			put("It must be so %s. ", strings.Join(rest, " and "))
		}
		switch {
		case l.Clear == "false":
			put("Ends with the component.\n\n")
		case l.Clear != "":
			put("Ends%s when\n\n%s\n", lasting(l.ClearFor), code(l.Clear))
		default:
			put("Ends when that is false%s.\n\n", lasting(l.ClearFor))
		}
	}
	if len(r.Limits) > 0 {
		put("Limits: ")
		for i, name := range slices.Sorted(maps.Keys(r.Limits)) {
			if i > 0 {
				put(", ")
			}
			put("`%s` %g", name, r.Limits[name].Default)
			for _, model := range slices.Sorted(maps.Keys(r.Limits[name].Models)) {
				put(" (%s: %g)", model, r.Limits[name].Models[model])
			}
		}
		put(".\n\n")
	}
	for i, c := range r.Checks {
		put("%d. %s\n", i+1, prose(c))
	}
	put("\nWrong if: %s\n\nHand on: %s\n\n", prose(r.Disproof), prose(r.Escalate))
	if r.Likelihood != "" {
		put("%s\n\n", prose(r.Likelihood))
	}
	put("Source (%s): %s\n", r.Basis, prose(r.Source))
	if marks := marks(r); marks != "" {
		put("\n*%s*\n", marks)
	}
}

// code is a condition as a block, in lines that a page can hold.
func code(condition string) string {
	const wide = 112
	var pieces []string
	for word := range strings.FieldsSeq(condition) {
		if len(pieces) == 0 || word == "&&" || word == "||" || word == "?" || word == ":" {
			pieces = append(pieces, word)
		} else {
			pieces[len(pieces)-1] += " " + word
		}
	}
	var out strings.Builder
	line := "   "
	for _, piece := range pieces {
		if len(line)+1+len(piece) > wide && strings.TrimSpace(line) != "" {
			out.WriteString(line + "\n")
			line = "   "
		}
		line += " " + piece
	}
	out.WriteString(line + "\n")
	return out.String()
}

func lasting(d settings.Duration) string {
	if d == 0 {
		return ""
	}
	return " for " + d.String()
}

// marks are the ways in which a rule is treated unlike others.
func marks(r *rule.Rule) string {
	var out []string
	if len(r.Kinds) > 0 {
		out = append(out, strings.Join(r.Kinds, ", "))
	}
	if len(r.OS) > 0 {
		out = append(out, strings.Join(r.OS, ", ")+" only")
	}
	if len(r.Series) > 0 {
		out = append(out, "watches "+strings.Join(r.Series, ", "))
	}
	for _, m := range []struct {
		on   bool
		says string
	}{
		{r.Backlog, "what was there before is backlog"},
		{r.Hygiene, "upkeep"},
		{r.Muted, "silent in maintenance"},
		{r.Outage, "joins an outage of its site"},
	} {
		if m.on {
			out = append(out, m.says)
		}
	}
	return strings.Join(out, "; ")
}

// prose keeps a text from being read as Markdown.
func prose(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", `\<`, "*", `\*`, "`", "\\`", "[", `\[`, "_", `\_`, "\n", " ").Replace(strings.TrimSpace(s))
}
