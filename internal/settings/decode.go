package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// MaxFile is the largest settings file that is read, in bytes. A page of
// settings is a few thousand; whatever is larger is some other file.
const MaxFile = 256 << 10

// maxDepth bounds how deep a file nests. Settings nest three deep.
const maxDepth = 20

// Load reads the file into what into points at, which holds the defaults, and
// verifies the whole. The error is Problems for a wrong file, and wraps
// fs.ErrNotExist and its kind for one that cannot be read.
func Load(path string, into any) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("open settings: %w: create it or leave the option away to run with the defaults", err)
	}
	if err != nil {
		return fmt.Errorf("open settings: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	return Decode(path, data, into)
}

// Decode does the same as Load from bytes; file is only named in messages. On
// an error what into points at may be half filled: throw it away.
func Decode(file string, data []byte, into any) error {
	if len(data) > MaxFile {
		return Problems{{File: file, Want: fmt.Sprintf("the file is larger than %s and cannot be a settings file", Size(MaxFile))}}
	}
	d := decoder{file: file, at: map[string]*token.Position{}}
	root, err := parse(data)
	if err != nil {
		return Problems{d.syntax(err)}
	}
	d.documents(root, reflect.ValueOf(into).Elem())
	// Everything that is wrong is told at once, but a value that could not be
	// read holds nothing worth verifying.
	unread := map[string]bool{}
	for _, p := range d.problems {
		unread[p.Key] = true
	}
	for _, p := range d.verifier.Verify(into) {
		if unread[p.Key] {
			continue
		}
		// A missing setting stands nowhere; the nearest group above it does.
		for key := p.Key; key != ""; key = parentOf(key) {
			if pos, ok := d.at[key]; ok {
				p.Line, p.Column = pos.Line, pos.Column
				break
			}
		}
		p.File = file
		d.problems = append(d.problems, p)
	}
	return d.problems.sorted().Err()
}

func parentOf(key string) string {
	return key[:max(strings.LastIndexAny(key, ".["), 0)]
}

// parse keeps a fault of the YAML library from taking the program down: a
// service that panics at start leaves a less helpful line than an error.
func parse(data []byte) (file *ast.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			file, err = nil, errors.New("the file cannot be read as YAML")
		}
	}()
	return parser.ParseBytes(data, 0)
}

type decoder struct {
	file     string
	problems Problems
	at       map[string]*token.Position // where each value stands, by dotted path
	verifier Verifier
}

func (d *decoder) syntax(err error) Problem {
	p := Problem{File: d.file, Want: err.Error()}
	var positioned yaml.Error
	if errors.As(err, &positioned) {
		p.Want = "YAML: " + positioned.GetMessage()
		if t := positioned.GetToken(); t != nil {
			p.Text = strings.TrimSpace(t.Value)
			if t.Position != nil {
				p.Line, p.Column = t.Position.Line, t.Position.Column
			}
		}
	}
	return p
}

func (d *decoder) add(node ast.Node, key, text, want string, args ...any) {
	p := Problem{File: d.file, Key: key, Text: text, Want: fmt.Sprintf(want, args...)}
	if pos := position(node); pos != nil {
		p.Line, p.Column = pos.Line, pos.Column
	}
	d.problems = append(d.problems, p)
}

func position(node ast.Node) *token.Position {
	// The library's position of a mapping is its first colon; the first key
	// is where a person looks.
	if m, ok := node.(*ast.MappingNode); ok && len(m.Values) > 0 {
		node = m.Values[0].Key
	}
	if t := node.GetToken(); t != nil {
		return t.Position
	}
	return nil
}

func (d *decoder) documents(file *ast.File, into reflect.Value) {
	seen := false
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if _, comment := doc.Body.(*ast.CommentGroupNode); comment {
			continue
		}
		if seen {
			d.add(doc.Body, "", "", "only one YAML document is expected in a settings file")
			return
		}
		seen = true
		d.value("", doc.Body, into, 0)
	}
}

func (d *decoder) value(key string, node ast.Node, into reflect.Value, depth int) {
	if pos := position(node); pos != nil {
		d.at[key] = pos
	}
	if depth > maxDepth {
		d.add(node, key, "", "settings do not nest this deep")
		return
	}
	switch n := node.(type) {
	case *ast.NullNode:
		return // `spool:` with everything below commented out keeps the defaults
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		d.add(n, key, n.GetToken().Value, "anchors, aliases and tags are not used here: write the value itself")
		return
	}
	if want, scalar := scalarKind(into.Type()); scalar {
		d.scalar(key, node, into, want)
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		d.structure(key, node, into, depth)
	case reflect.Slice:
		d.list(key, node, into, depth)
	case reflect.Map:
		d.table(key, node, into, depth)
	default:
		d.add(node, key, "", "this program has a setting of a kind it cannot read (%s)", into.Type())
	}
}

func (d *decoder) structure(key string, node ast.Node, into reflect.Value, depth int) {
	pairs, ok := d.pairs(key, node, "a group of settings")
	if !ok {
		return
	}
	fields := d.verifier.fieldsOf(into.Type())
	for _, pair := range pairs {
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == pair.name })
		if i < 0 {
			names := make([]string, len(fields))
			for i, f := range fields {
				names[i] = f.key
			}
			d.add(pair.key, "", pair.name, "no such setting%s; known%s: %s",
				Nearest(pair.name, names), inGroup(key), strings.Join(names, ", "))
			continue
		}
		d.value(join(key, pair.name), pair.value, into.Field(fields[i].index), depth+1)
	}
}

func inGroup(key string) string {
	if key == "" {
		return ""
	}
	return " in " + key
}

func (d *decoder) list(key string, node ast.Node, into reflect.Value, depth int) {
	seq, ok := node.(*ast.SequenceNode)
	if !ok {
		d.add(node, key, textOf(node), "a list is expected, written as [a, b] or as one \"- a\" a line")
		return
	}
	out := reflect.MakeSlice(into.Type(), len(seq.Values), len(seq.Values))
	for i, v := range seq.Values {
		d.value(join(key, "["+strconv.Itoa(i)+"]"), v, out.Index(i), depth+1)
	}
	into.Set(out)
}

func (d *decoder) table(key string, node ast.Node, into reflect.Value, depth int) {
	pairs, ok := d.pairs(key, node, "a group of name: value lines")
	if !ok {
		return
	}
	out := reflect.MakeMapWithSize(into.Type(), len(pairs))
	for _, pair := range pairs {
		v := reflect.New(into.Type().Elem()).Elem()
		d.value(join(key, pair.name), pair.value, v, depth+1)
		out.SetMapIndex(reflect.ValueOf(pair.name).Convert(into.Type().Key()), v)
	}
	into.Set(out)
}

type pair struct {
	name  string
	key   ast.Node
	value ast.Node
}

func (d *decoder) pairs(key string, node ast.Node, want string) ([]pair, bool) {
	var values []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		d.add(node, key, textOf(node), "%s is expected", want)
		return nil, false
	}
	out := make([]pair, 0, len(values))
	for _, v := range values {
		name, ok := v.Key.(*ast.StringNode)
		if !ok {
			d.add(v.Key, key, v.Key.GetToken().Value, "a plain name is expected before the colon")
			continue
		}
		out = append(out, pair{name.Value, v.Key, v.Value})
	}
	return out, true
}

func (d *decoder) scalar(key string, node ast.Node, into reflect.Value, want string) {
	var text string
	switch n := node.(type) {
	case *ast.StringNode:
		text = n.Value
	case *ast.LiteralNode:
		text = n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		text = n.GetToken().Value
		if into.Kind() == reflect.String {
			d.add(node, key, text, "text is expected; put it in quotes if you mean it")
			return
		}
	default:
		d.add(node, key, textOf(node), "%s is expected, not a list or a group", want)
		return
	}
	if err := setScalar(into, text); err != nil {
		d.add(node, key, text, "%s is expected", want)
	}
}

// textOf is what a message quotes of a node: nothing for a list or a group.
func textOf(node ast.Node) string {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value
	}
	return ""
}

// Nearest offers the known name that a typing error most likely meant.
func Nearest(name string, known []string) string {
	best, at := "", 3 // more than two edits is another word
	for _, k := range known {
		if n := edits(name, k); n < at {
			best, at = k, n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// edits is the Levenshtein distance, 9 for names too long to be worth it.
func edits(a, b string) int {
	if len(a) > 40 || len(b) > 40 {
		return 9
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
