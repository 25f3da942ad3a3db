package layers

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Source is a file as far as the plan cares.
type Source struct {
	Path    string // from the root of the module, with slashes
	Go      bool
	Test    bool
	Doc     string // its package comment; empty without one
	Imports []At
	Inits   []At // func init()
	Listens []At // calls that open a port
	Local   []At // paths of one machine
	Lines   int
}

// At is a text and the line it stands on, from 1.
type At struct {
	Text string
	Line int
}

// folder is where the file lies, "." for the root.
func (s Source) folder() string { return path.Dir(s.Path) }

// Read parses every file below root that the plan speaks of: all Go files
// except those under testdata, and the scripts that build and run. Folders
// that begin with a dot are left out, .ci excepted; so are bin and
// node_modules.
func Read(root fs.FS) ([]Source, error) {
	var out []Source
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if entry.IsDir() {
			hidden := strings.HasPrefix(base, ".") && name != "." && name != ".ci"
			if hidden || base == "testdata" || base == "node_modules" || name == "bin" {
				return fs.SkipDir
			}
			return nil
		}
		code := strings.HasSuffix(base, ".go")
		script := name == "Makefile" || strings.HasPrefix(name, ".ci/") || strings.HasPrefix(name, "packaging/")
		if !code && !script || !entry.Type().IsRegular() {
			return nil
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		s := Source{Path: name, Go: code, Test: strings.HasSuffix(base, "_test.go"), Lines: bytes.Count(data, []byte("\n"))}
		if !s.Test {
			s.Local = localPaths(data)
		}
		if code {
			if err := s.parse(data); err != nil {
				return err
			}
		}
		out = append(out, s)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the house: %w", err)
	}
	return out, nil
}

// localPaths finds what exists on one machine only: a home, a checkout, a
// scratch folder. Written into code or scripts it works for its writer alone.
func localPaths(data []byte) []At {
	for _, known := range SystemPaths() {
		data = bytes.ReplaceAll(data, []byte(known), nil)
	}
	mark := regexp.MustCompile(`(?m)(^|[^\w.:/])/(work|root|home|farm|Users|tmp)/[A-Za-z]`)
	var out []At
	for _, found := range mark.FindAllIndex(data, -1) {
		at := found[1] // the end: the match may begin with the line break before
		line := bytes.Count(data[:at], []byte("\n")) + 1
		begin := bytes.LastIndexByte(data[:at], '\n') + 1
		text, _, _ := bytes.Cut(data[begin:], []byte("\n"))
		out = append(out, At{strings.TrimSpace(string(text)), line})
	}
	return out
}

func (s *Source) parse(data []byte) error {
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, s.Path, data, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	line := func(n ast.Node) int { return files.Position(n.Pos()).Line }
	if tree.Doc != nil {
		s.Doc = tree.Doc.Text()
	}
	for _, spec := range tree.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return fmt.Errorf("parse import of %s: %w", s.Path, err)
		}
		s.Imports = append(s.Imports, At{name, line(spec)})
	}
	for _, decl := range tree.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			s.Inits = append(s.Inits, At{"init", line(f)})
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if sel, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains(opensPort(), sel.Sel.Name) {
			s.Listens = append(s.Listens, At{sel.Sel.Name, line(call)})
		}
		return true
	})
	return nil
}

// opensPort lists the functions of net, net/http and crypto/tls that make a
// program reachable. Unix sockets go through net.ListenUnix, which is not here.
func opensPort() []string {
	return []string{
		"Listen", "ListenTCP", "ListenUDP", "ListenIP", "ListenPacket", "ListenMulticastUDP",
		"ListenAndServe", "ListenAndServeTLS", "NewListener",
	}
}
