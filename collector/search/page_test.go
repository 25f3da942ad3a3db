package search_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/collector/search"
)

var update = flag.Bool("update", false, "write the table of docs/search.md anew")

// Marks in docs/search.md.
const (
	beginExamples = "<!-- begin examples -->\n"
	endExamples   = "<!-- end examples -->\n"
	beginFields   = "<!-- begin fields -->\n"
	endFields     = "<!-- end fields -->\n"
)

// between takes a page apart at two marks.
func between(t *testing.T, page, begin, end string) (before, inside, after string) {
	t.Helper()
	before, rest, ok := strings.Cut(page, begin)
	inside, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("docs/search.md lacks the marks %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin, inside, end + after
}

// The page that teaches the filter teaches what is true: its examples can be
// read, and its table of fields is that of the code.
func TestPageIsUpToDate(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "search.md")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, examples, _ := between(t, string(b), beginExamples, endExamples)
	seen := 0
	for line := range strings.Lines(examples) {
		cells := strings.Split(line, "`")
		if len(cells) < 3 {
			continue // the head of the table
		}
		filter := strings.ReplaceAll(cells[1], `\|`, "|")
		if _, err := search.Parse(filter); err != nil {
			t.Errorf("docs/search.md: %s: %v", filter, err)
		}
		seen++
	}
	if seen < 10 {
		t.Errorf("only %d examples were found: has the page another form?", seen)
	}

	before, old, after := between(t, string(b), beginFields, endFields)
	fresh := fieldTable()
	if old == fresh {
		return
	}
	if !*update {
		t.Fatal("docs/search.md is out of date: run `go test ./collector/search -update`")
	}
	if err := os.WriteFile(path, []byte(before+fresh+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// fieldTable is the table of fields.
func fieldTable() string {
	var b strings.Builder
	row := func(cells ...string) {
		for i, c := range cells {
			cells[i] = strings.ReplaceAll(c, "|", `\|`)
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	row("field", "holds", "operators", "example", "meaning")
	b.WriteString("|---|---|---|---|---|\n")
	code := func(s string) string { return "`" + s + "`" }
	for _, f := range search.Fields() {
		names := []string{code(f.Name)}
		for _, a := range f.Aliases {
			names = append(names, code(a))
		}
		var ops []string
		for _, o := range f.Ops() {
			if o != search.Known { // every field takes it
				ops = append(ops, code(o.String()))
			}
		}
		doc := f.Doc
		if len(f.Values) > 0 {
			verb := "Such as "
			if f.Closed {
				verb = "One of "
			}
			var values []string
			for _, v := range f.Values {
				values = append(values, code(v))
			}
			doc += " " + verb + strings.Join(values, ", ") + "."
		}
		if f.Personal {
			doc += " **personal**"
		}
		row(strings.Join(names, ", "), f.Kind.String(), strings.Join(ops, " "), code(f.Example), doc)
	}
	return b.String()
}
