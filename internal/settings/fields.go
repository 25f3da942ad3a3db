package settings

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// field is one setting of a struct, as its tags describe it.
type field struct {
	index    int
	key      string
	doc      string
	min, max string
	oneof    []string
	fallback string // the default as text, where it depends on the machine
}

// fieldsOf lists the settings of a struct in the order they are declared. A
// field without a yaml tag is no setting and is left alone.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		key := f.Tag.Get("yaml")
		if key == "" || key == "-" {
			continue
		}
		one := field{
			index: i, key: key, doc: f.Tag.Get("doc"),
			min: f.Tag.Get("min"), max: f.Tag.Get("max"), fallback: f.Tag.Get("default"),
		}
		if words := f.Tag.Get("oneof"); words != "" {
			one.oneof = strings.Split(words, ",")
		}
		out = append(out, one)
	}
	return out
}

// scalarKind says in words what a value of this type looks like, and whether
// it is written as one word at all.
func scalarKind(t reflect.Type) (want string, scalar bool) {
	switch t {
	case reflect.TypeFor[Size]():
		return "a size such as 64MiB", true
	case reflect.TypeFor[Duration]():
		return "a duration such as 90s, 15m or 7d", true
	}
	switch t.Kind() {
	case reflect.String:
		return "text", true
	case reflect.Bool:
		return "true or false", true
	case reflect.Int:
		return "a whole number", true
	case reflect.Float64:
		return "a number", true
	}
	return "", false
}

func setScalar(v reflect.Value, text string) error {
	switch v.Type() {
	case reflect.TypeFor[Size]():
		n, err := ParseSize(text)
		v.SetInt(int64(n))
		return err
	case reflect.TypeFor[Duration]():
		n, err := ParseDuration(text)
		v.SetInt(int64(n))
		return err
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		// YAML 1.2 knows no yes and no; strconv's 1, t and T are not YAML.
		if text != "true" && text != "false" {
			return fmt.Errorf("%q is not true or false", text)
		}
		v.SetBool(text == "true")
	case reflect.Int:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("read whole number: %w", err)
		}
		v.SetInt(n)
	case reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || n != n || n-n != 0 { // NaN and infinity bound nothing
			return fmt.Errorf("%q is not a number", text)
		}
		v.SetFloat(n)
	default:
		return fmt.Errorf("kind %s is no scalar", v.Kind())
	}
	return nil
}

// Verify holds a struct of settings, to which v points, against its tags and
// its Check methods, wherever the values came from: file, flags or program.
// The problems carry no position.
func Verify(v any) Problems { return new(Verifier).Verify(v) }

// Verifier verifies many values of few types, whose tags it reads once. It is
// used from one goroutine at a time.
type Verifier struct{ fields map[reflect.Type][]field }

// Verify does what the function of that name does.
func (x *Verifier) Verify(v any) Problems { return x.verify(reflect.ValueOf(v).Elem()) }

func (x *Verifier) fieldsOf(t reflect.Type) []field {
	list, ok := x.fields[t]
	if !ok {
		if x.fields == nil {
			x.fields = map[reflect.Type][]field{}
		}
		list = fieldsOf(t)
		x.fields[t] = list
	}
	return list
}

// verify gives problems with keys below v's: few values have any, so that keys
// are written only then.
func (x *Verifier) verify(v reflect.Value) Problems {
	var out Problems
	switch v.Kind() {
	case reflect.Struct:
		for _, f := range x.fieldsOf(v.Type()) {
			inner := v.Field(f.index)
			out = append(out, verifyField(f, inner).below(f.key)...)
			out = append(out, x.verify(inner).below(f.key)...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			out = append(out, x.verify(v.Index(i)).at(i)...)
		}
	}
	if v.CanAddr() {
		if c, ok := v.Addr().Interface().(interface{ Check() Problems }); ok {
			out = append(out, c.Check()...)
		}
	}
	return out
}

// verifyField holds one field against its bounds; those of a list or a map
// stand for each of its values.
func verifyField(f field, v reflect.Value) Problems {
	if len(f.oneof) == 0 && f.min == "" && f.max == "" {
		return nil
	}
	switch v.Kind() {
	case reflect.Slice:
		var out Problems
		for i := range v.Len() {
			out = append(out, verifyField(f, v.Index(i)).at(i)...)
		}
		return out
	case reflect.Map:
		var out Problems
		names := v.MapKeys()
		slices.SortFunc(names, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, name := range names {
			out = append(out, verifyField(f, v.MapIndex(name)).below(name.String())...)
		}
		return out
	case reflect.Struct:
		return nil
	}
	if len(f.oneof) > 0 && !slices.Contains(f.oneof, scalarText(v)) {
		return Problems{{Text: scalarText(v), Want: "expected one of " + strings.Join(f.oneof, ", ")}}
	}
	if (f.min != "" && beyond(v, f.min, -1)) || (f.max != "" && beyond(v, f.max, 1)) {
		return Problems{{Text: scalarText(v), Want: "expected " + f.bounds()}}
	}
	return nil
}

func (f field) bounds() string {
	switch {
	case f.min != "" && f.max != "":
		return f.min + " to " + f.max
	case f.min != "":
		return f.min + " or more"
	case f.max != "":
		return f.max + " or less"
	}
	return ""
}

// beyond reports whether v lies past the bound, on the side of sign. The bound
// is a constant of the program: one that cannot be read is a programming error,
// and Document, which a test runs over every struct, would show it.
func beyond(v reflect.Value, bound string, sign int) bool {
	limit := reflect.New(v.Type()).Elem()
	if err := setScalar(limit, bound); err != nil {
		return true
	}
	if v.Kind() == reflect.Float64 {
		return float64(sign)*(v.Float()-limit.Float()) > 0
	}
	if sign > 0 {
		return v.Int() > limit.Int()
	}
	return v.Int() < limit.Int()
}

func scalarText(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case Size:
		return x.String()
	case Duration:
		return x.String()
	}
	switch v.Kind() {
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'f', -1, 64)
	case reflect.Int:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	}
	return v.String()
}
