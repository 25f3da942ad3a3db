package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"muster/collector/api"
)

// apart are the operations that no command asks for, and why.
func apart() map[string]string {
	return map[string]string{
		"schema-show":  "muster schema tells it without a collector: the catalogue is part of the program",
		"series-names": "muster series names tells it without a collector, likewise",
		"search-add":   "it writes a condition for people who do not write; on a command line they do",
	}
}

// TestEveryOperationHasACommand: what pages and programs can ask for, the command
// line can, by the client's method for it or by its name.
func TestEveryOperationHasACommand(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) == 0 {
		t.Fatal("no sources: ", err)
	}
	used, files := map[string]bool{}, token.NewFileSet()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		p, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(p, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				of, _ := n.X.(*ast.Ident)
				if ast.IsExported(n.Sel.Name) && (of == nil || of.Name != "api") { // the client's: no type of the API, and not the session's own
					used[strings.ToLower(n.Sel.Name)] = true
				}
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
					used[text] = true
				}
			}
			return true
		})
	}
	reasons := apart()
	for _, o := range api.Operations() {
		has := used[o.ID] || used[strings.ReplaceAll(o.ID, "-", "")]
		why, without := reasons[o.ID]
		delete(reasons, o.ID)
		switch {
		case has && without:
			t.Errorf("%s has a command: take it off the list of those without", o.ID)
		case !has && (!without || why == ""):
			t.Errorf("%s (%s) has no command: make one, or say in apart why it needs none", o.ID, o.Summary)
		}
	}
	for id := range reasons {
		t.Errorf("%s is no operation", id)
	}
}
