package web

import (
	"encoding/json"
	"flag"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/tools/go/packages"

	"muster/collector/account"
	"muster/collector/search"
	"muster/collector/summary"
	"muster/collector/web/texts"
	"muster/internal/event"
	"muster/internal/inventory"
)

var update = flag.Bool("update", false, "write the list of texts anew")

// collected is the catalogue as the sources have it.
type collected struct{ texts.Catalogue }

func collect() *collected {
	return &collected{texts.Catalogue{Texts: map[string]texts.Use{}, Counted: map[string]texts.Use{}}}
}

func letters(s string) bool { return strings.ContainsFunc(s, unicode.IsLetter) }

func (c *collected) add(to map[string]texts.Use, text, file string, values []string) {
	if !letters(regexp.MustCompile(`\{.\}|</?[a-z]+\d*>`).ReplaceAllString(text, "")) {
		return
	}
	u := to[text]
	if !slices.Contains(u.Files, file) {
		u.Files = append(u.Files, file)
		slices.Sort(u.Files)
	}
	// Of several uses the first by name says what the values are.
	if len(u.Values) == 0 || strings.Join(values, " ") < strings.Join(u.Values, " ") {
		u.Values = values
	}
	to[text] = u
}

// templates finds the texts of templates.
func (c *collected) templates(t *testing.T) {
	s := &Site{assets: &assets{}}
	all, err := s.parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all.names() {
		for _, x := range all[name].Templates() {
			if x.Tree == nil {
				continue
			}
			file := "templates/" + x.Tree.ParseName
			m := texts.Markup{Picture: draws,
				Found:   func(text string, values []string) { c.add(c.Texts, text, file, values) },
				Counted: func(one, many string) { c.add(c.Counted, one+"|"+many, file, nil) }}
			m.Tree(x.Tree)
		}
	}
}

// program finds the texts of the program: constants of the type of texts. It
// wants that texts are never glued, nor made of data.
func (c *collected) program(t *testing.T) {
	list, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports}, "muster/collector/web")
	if err != nil || len(list) != 1 || len(list[0].Errors) > 0 {
		t.Fatal("read the program: ", err, list)
	}
	p := list[0]
	isText := func(x types.Type) bool { return x != nil && x.String() == "muster/collector/web/texts.T" }
	for _, f := range p.Syntax {
		file := filepath.Base(p.Fset.Position(f.Pos()).Filename)
		wrong := func(n ast.Node, why string) { t.Errorf("%s: %s", p.Fset.Position(n.Pos()), why) }
		ast.Inspect(f, func(n ast.Node) bool {
			if a, ok := n.(*ast.AssignStmt); ok && a.Tok == token.ADD_ASSIGN && isText(p.TypesInfo.TypeOf(a.Lhs[0])) {
				wrong(n, "texts are not glued: texts.F, texts.List")
			}
			x, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			tv := p.TypesInfo.Types[x]
			if call, ok := n.(*ast.CallExpr); ok {
				name := types.ExprString(call.Fun)
				switch {
				case (name == "count" || name == "texts.Count") && len(call.Args) == 3:
					one, many := p.TypesInfo.Types[call.Args[1]].Value, p.TypesInfo.Types[call.Args[2]].Value
					if one == nil || many == nil {
						if file != "word.go" && file != "render.go" {
							wrong(n, "what is counted must be constant")
						}
						return true
					}
					c.add(c.Counted, constant.StringVal(one)+"|"+constant.StringVal(many), file, nil)
					return false
				case name == "heads": // columns of numbers have a sign before their title
					for _, a := range call.Args {
						if v := p.TypesInfo.Types[a].Value; v != nil {
							c.add(c.Texts, strings.TrimPrefix(constant.StringVal(v), "-"), file, nil)
						}
					}
					return false
				case name == "texts.F":
					if v := p.TypesInfo.Types[call.Args[0]].Value; v != nil {
						var values []string
						for _, a := range call.Args[1:] {
							values = append(values, types.ExprString(a))
						}
						c.add(c.Texts, constant.StringVal(v), file, values)
					} else {
						wrong(n, "a format must be constant")
					}
				case isText(tv.Type) && p.TypesInfo.Types[call.Fun].IsType() && p.TypesInfo.Types[call.Args[0]].Value == nil && file != "session.go":
					wrong(n, "data does not become a text: texts.As")
				case len(call.Args) == 1 && p.TypesInfo.Types[call.Fun].IsType() && isText(p.TypesInfo.Types[call.Args[0]].Type) && !isText(tv.Type) && file != "session.go":
					wrong(n, "a text is read in a language: Say")
				}
			}
			if b, ok := n.(*ast.BinaryExpr); ok && b.Op == token.ADD && isText(tv.Type) && tv.Value == nil {
				wrong(n, "texts are not glued: texts.F, texts.List")
			}
			if isText(tv.Type) && tv.Value != nil {
				c.add(c.Texts, constant.StringVal(tv.Value), file, nil)
				return false
			}
			return true
		})
	}
}

// elsewhere adds what other parts of the collector say on pages: what facts are,
// words of the search, questions of the fleet, kinds and events by their names.
func (c *collected) elsewhere() {
	add := func(s, where string) { c.add(c.Texts, s, where, nil) }
	for _, s := range inventory.Schema() {
		add(s.Doc, "internal/inventory")
		add(string(sectionTitle(s.Name)), "internal/inventory")
		for _, col := range s.Columns {
			add(col.Doc, "internal/inventory")
			add(string(columnTitle(col)), "internal/inventory")
		}
	}
	for _, f := range search.Fields() {
		add(f.Doc, "collector/search")
	}
	for _, theme := range slices.Concat(summary.Composition(time.Time{}), summary.Replacement(time.Time{}), summary.Quality()) {
		add(theme.Title, "collector/summary")
		for _, q := range theme.Questions {
			add(q.Word, "collector/summary")
			add(q.Why, "collector/summary")
		}
	}
	for _, kind := range append([]string{"pc", "server"}, gearKinds()...) {
		add(string(kindWord(kind)), "word.go")
		add(string(kindTitle(kind)), "network.go")
	}
	for _, e := range event.Catalogue() {
		add(string(eventWords(e.Name)), "internal/event")
	}
	for _, s := range slices.Concat(ranges(), []string{account.ByPassword, account.ByCode, account.DeviceOf(""), "text", "time", "bytes"}) {
		add(s, "collector/web")
	}
}

// TestTheListOfTexts holds that texts/en.json lists every text of the pages.
func TestTheListOfTexts(t *testing.T) {
	c := collect()
	c.templates(t)
	c.program(t)
	c.elsewhere()
	b, err := json.MarshalIndent(c.Catalogue, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	// < and > stay readable.
	b = []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b)) + "\n")
	const file = "texts/en.json"
	if *update {
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	was, err := texts.English()
	if err != nil {
		t.Fatal(err)
	}
	for text := range maps.Keys(c.Texts) {
		if _, ok := was.Texts[text]; !ok {
			t.Errorf("%s lacks %q", file, text)
		}
	}
	if now, err := os.ReadFile(file); err != nil || string(now) != string(b) {
		t.Errorf("%s is not in step: go test ./collector/web -run TestTheListOfTexts -update (%v)", file, err)
	}
}
