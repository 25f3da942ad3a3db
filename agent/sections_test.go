package agent

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// What asks WMI is read in a process of its own on Windows: what COM leaks,
// hangs or crashes must not stay in the service. The list is read as text, so
// that every system's tests hold it.
func TestWMIIsAskedApart(t *testing.T) {
	dirs, err := os.ReadDir("gather")
	if err != nil {
		t.Fatal(err)
	}
	asks := map[string]bool{}
	for _, d := range dirs {
		files, _ := filepath.Glob(filepath.Join("gather", d.Name(), "*.go"))
		for _, name := range files {
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range f.Imports {
				if p, _ := strconv.Unquote(i.Path.Value); p == "muster/agent/gather/wmi" && !strings.HasSuffix(name, "_test.go") {
					asks[d.Name()] = true
				}
			}
		}
	}
	if len(asks) == 0 {
		t.Fatal("nothing asks WMI: this test looks at nothing")
	}
	f, err := parser.ParseFile(token.NewFileSet(), "sections_windows.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			if name, ok := c.Fun.(*ast.Ident); ok && name.Name == "apart" {
				for _, a := range c.Args {
					ast.Inspect(a, func(n ast.Node) bool {
						if s, ok := n.(*ast.SelectorExpr); ok {
							if p, ok := s.X.(*ast.Ident); ok {
								seen[p.Name] = true
							}
						}
						return true
					})
				}
				return false
			}
		}
		if s, ok := n.(*ast.SelectorExpr); ok {
			if p, ok := s.X.(*ast.Ident); ok && asks[p.Name] {
				t.Errorf("%s.%s asks WMI and is not read apart", p.Name, s.Sel.Name)
			}
		}
		return true
	})
	// Numbers of this list are read in processes of their own, too.
	rare, err := parser.ParseFile(token.NewFileSet(), "seldom_windows.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(rare, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Read" {
			if p, ok := s.X.(*ast.Ident); ok {
				seen[p.Name] = true
			}
		}
		return true
	})
	for name := range asks {
		if !seen[name] {
			t.Errorf("%s asks WMI and is in no section read apart", name)
		}
	}
}
