package settings

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Document writes the settings that v points at, filled with the defaults, as
// a Markdown table in the order of the struct. A missing doc is an error of
// the program and is shown as one, so that the test of the page fails.
func Document(v any) string {
	var b strings.Builder
	b.WriteString("| setting | kind | default | meaning |\n|---|---|---|---|\n")
	document(&b, "", reflect.ValueOf(v).Elem())
	return b.String()
}

func document(b *strings.Builder, key string, v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		inner, name := v.Field(f.index), join(key, f.key)
		if inner.Kind() == reflect.Struct {
			document(b, name, inner)
			continue
		}
		doc := f.doc
		if doc == "" {
			doc = "(undocumented)"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", name, cell(kindText(f, inner.Type())), cell(defaultText(f, inner)), cell(doc))
	}
}

func kindText(f field, t reflect.Type) string {
	prefix := ""
	switch t.Kind() {
	case reflect.Slice:
		prefix, t = "list of ", t.Elem()
	case reflect.Map:
		prefix, t = "name: value, ", t.Elem()
	}
	word, _ := scalarKind(t)
	word, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimPrefix(word, "a "), "an "), " such as")
	if len(f.oneof) > 0 {
		word = "`" + strings.Join(f.oneof, "`, `") + "`"
	}
	if bounds := f.bounds(); bounds != "" {
		word += ", " + bounds
	}
	return prefix + word
}

func defaultText(f field, v reflect.Value) string {
	if f.fallback != "" {
		return f.fallback
	}
	var words []string
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			words = append(words, scalarText(v.Index(i)))
		}
	case reflect.Map:
		for _, name := range v.MapKeys() {
			words = append(words, name.String()+": "+scalarText(v.MapIndex(name)))
		}
		slices.Sort(words)
	default:
		words = []string{scalarText(v)}
	}
	if text := strings.Join(words, ", "); text != "" {
		return "`" + text + "`"
	}
	return "none"
}

// cell keeps a text from breaking out of its column.
func cell(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "|", "\\|"), "\n", " ")
}

// Splice replaces what stands in page between the marks
//
//	<!-- begin NAME --> and <!-- end NAME -->
//
// by body. Each program keeps its own part of one reference page with it.
func Splice(page, name, body string) (string, error) {
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
	head, rest, ok := strings.Cut(page, begin)
	if !ok {
		return "", fmt.Errorf("splice %s: the page has no line %q", name, strings.TrimSpace(begin))
	}
	_, tail, ok := strings.Cut(rest, end)
	if !ok {
		return "", fmt.Errorf("splice %s: the page has no line %q", name, end)
	}
	return head + begin + body + end + tail, nil
}
