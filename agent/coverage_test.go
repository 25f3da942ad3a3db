package agent

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"muster/internal/inventory"
)

// listed reads which sections the list of a system has, off its source, so
// that every system's tests see it.
func listed(t *testing.T, file string) map[string]bool {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	add := func(e ast.Expr) {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if s, err := strconv.Unquote(l.Value); err == nil {
				names[s] = true
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "read" || f.Name == "apart") && len(n.Args) == 2 {
				add(n.Args[0])
			}
		case *ast.KeyValueExpr:
			if k, ok := n.Key.(*ast.Ident); ok && k.Name == "Name" {
				add(n.Value)
			}
		}
		return true
	})
	names["agent"] = true // see join
	return names
}

// TestWindowsSections holds docs/windows-sections.md to the list of sections
// that the agent reads there.
func TestWindowsSections(t *testing.T) {
	coverage(t, "Windows", "sections_windows.go", func(s *inventory.Section) string { return s.Windows },
		`Readers are tested on recorded answers, and tried under Wine, which has no drives, batteries or event log to ask:
what only a real PC shows has not been seen there yet.`)
}

// TestMacSections does the same for macOS.
func TestMacSections(t *testing.T) {
	coverage(t, "macOS", "sections_darwin.go", func(s *inventory.Section) string { return s.Darwin },
		`Readers are tested on answers that were written by hand in the forms that Apple documents, and never on a Mac:
[macos-verification.md](macos-verification.md) says what is to be looked at there.`)
}

func coverage(t *testing.T, system, file string, sources func(*inventory.Section) string, tried string) {
	t.Helper()
	read := listed(t, file)
	page := strings.ToLower(system) + "-sections.md"
	name := system
	if system == "macOS" {
		name = "Mac"
	}
	update := "go test ./agent -run " + name + "Sections -update"
	var b bytes.Buffer
	fmt.Fprintf(&b, `# Sections on %s

What the agent reads on %[1]s today, and the sources the catalogue has for it. Made by
`+"`%s`"+` from the agent's list of sections; the same test fails when they differ. A section that is not read is absent from a device, never empty.

%s

| section | read | sources |
|---|---|---|
`, system, update, tried)
	n := 0
	for _, s := range inventory.Schema() {
		if sources(s) == "" && !read[s.Name] {
			continue
		}
		yes := ""
		if read[s.Name] {
			yes = "yes"
			n++
		}
		fmt.Fprintf(&b, "| [%s](data-dictionary.md#section-%s) | %s | %s |\n", s.Name, s.Name, yes, strings.ReplaceAll(sources(s), "|", `\|`))
	}
	for name := range read {
		if _, ok := inventory.Lookup(name); !ok {
			t.Errorf("section %s is not in the catalogue", name)
		}
	}
	fmt.Fprintf(&b, "\nThese are %d sections.\n", n)
	doc := "../docs/" + page
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		if err := os.WriteFile(doc, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(doc)
	if err != nil || !bytes.Equal(have, b.Bytes()) {
		t.Errorf("%s is not what the list of sections says (%v): run %s", doc, err, update)
	}
}
