package profile

import (
	"reflect"
	"regexp"
)

// fromRoot is an OID below that of a product, in profiles of makers who give
// each product a MIB of its own, all of one form: root.1.1.5.1.0.
var fromRoot = regexp.MustCompile(`^root((\.\d+)+)$`)

// anyRoot is what root is where a base is looked at by itself.
const anyRoot = "1.3.6.1.4.1.0"

// rooted writes OIDs below the product's out in those of a line that have some.
// A document is made once for each product.
func (l *loader) rooted(line []draft) []draft {
	root := ""
	for _, d := range line {
		if root = d.doc.Root; root != "" {
			break
		}
	}
	if root == "" {
		if !line[0].doc.Base {
			return line
		}
		root = anyRoot
	}
	for i, d := range line {
		if d.plain {
			continue
		}
		key := [2]string{d.doc.Name, root}
		doc, ok := l.roots[key]
		if !ok {
			doc = written(reflect.ValueOf(d.doc), root).Interface().(Document)
			l.roots[key] = doc
		}
		line[i].doc = doc
	}
	return line
}

// written is a copy of a value with the OID in all its texts.
func written(v reflect.Value, root string) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(fromRoot.ReplaceAllString(v.String(), root+"$1"))
	case reflect.Struct:
		for i := range v.NumField() {
			out.Field(i).Set(written(v.Field(i), root))
		}
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(written(v.Index(i), root))
		}
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for _, k := range v.MapKeys() {
			out.SetMapIndex(k, written(v.MapIndex(k), root))
		}
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out.Set(reflect.New(v.Type().Elem()))
		out.Elem().Set(written(v.Elem(), root))
	default:
		return v
	}
	return out
}
