package outgoing

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// elsewhere lists the files of the collector that connect by themselves, and
// why they may.
func elsewhere() map[string]string {
	return map[string]string{
		"api/client.go":                         "the command line, which calls the collector and not somebody else",
		"api/inside.go":                         "pages, which ask their own process: no connection is made",
		"notify/channeltest/relay.go":           "a bad network, in tests",
		"notify/mail/mailtest/exim.go":          "a mail server of tests",
		"snmp/session/link.go":                  "gear that staff named, which stands in private networks; nothing but SNMP is spoken with it",
		"store/influx/influxtest/influxtest.go": "a server of tests",
		"store/influx/transport.go":             "the one server that the settings file names, wherever it stands; it is not followed elsewhere",
	}
}

// callers lists what connects without asking the rules.
func callers() map[string]bool {
	return map[string]bool{
		"net.Dial": true, "net.DialTimeout": true, "net.DialTCP": true, "net.DialUDP": true, "net.Dialer": true,
		"tls.Dial": true, "tls.DialWithDialer": true, "tls.Dialer": true,
		"http.Get": true, "http.Post": true, "http.PostForm": true, "http.Head": true,
		"http.DefaultClient": true, "http.DefaultTransport": true, "http.Client": true, "http.Transport": true,
		"smtp.Dial": true, "smtp.SendMail": true,
	}
}

// TestNobodyElseCalls reads the collector's sources: who wants to call
// somebody does it through this package.
func TestNobodyElseCalls(t *testing.T) {
	root := filepath.Join("..")
	used := map[string]bool{}
	files := 0
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "outgoing/") {
			return err
		}
		files++
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, filepath.Join(root, path), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		types := map[ast.Node]bool{} // *http.Client as a type receives one, it makes none
		ast.Inspect(f, func(n ast.Node) bool {
			if p, ok := n.(*ast.StarExpr); ok {
				types[p.X] = true
			}
			s, ok := n.(*ast.SelectorExpr)
			if !ok || types[n] {
				return true
			}
			if x, ok := s.X.(*ast.Ident); ok && callers()[x.Name+"."+s.Sel.Name] {
				if used[path] = true; elsewhere()[path] == "" {
					t.Errorf("%s uses %s.%s: go through collector/outgoing, which holds the address rules", set.Position(n.Pos()), x.Name, s.Sel.Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Errorf("only %d files were read", files)
	}
	for path := range elsewhere() {
		if !used[path] {
			t.Errorf("%s no longer connects: take it off the list", path)
		}
	}
}
