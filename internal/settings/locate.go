package settings

import (
	"reflect"
	"strconv"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Locate gives problems that were found after decoding the lines of their
// keys. What stands nowhere gets the place of the nearest group above it.
func Locate(file string, data []byte, ps Problems) Problems {
	root, err := parse(data)
	if err != nil {
		return ps
	}
	at := map[string]*token.Position{}
	for _, doc := range root.Docs {
		if doc.Body != nil {
			places("", doc.Body, at, 0)
		}
	}
	for i := range ps {
		p := &ps[i]
		p.File = file
		for key := p.Key; p.Line == 0 && key != ""; key = parentOf(key) {
			if pos, ok := at[key]; ok {
				p.Line, p.Column = pos.Line, pos.Column
			}
		}
	}
	return ps.sorted()
}

func places(key string, node ast.Node, at map[string]*token.Position, depth int) {
	if depth > maxDepth || node == nil || reflect.ValueOf(node).IsNil() {
		return
	}
	if pos := position(node); pos != nil {
		at[key] = pos
	}
	switch n := node.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			places(join(key, v.Key.GetToken().Value), v.Value, at, depth+1)
		}
	case *ast.MappingValueNode:
		places(join(key, n.Key.GetToken().Value), n.Value, at, depth+1)
	case *ast.SequenceNode:
		for i, v := range n.Values {
			places(join(key, "["+strconv.Itoa(i)+"]"), v, at, depth+1)
		}
	}
}
