package search

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"muster/internal/inventory"
)

// Limits of a filter. They bound work and memory, not what people write.
const (
	MaxLength = 4096 // bytes of text
	MaxTerms  = 64
	MaxDepth  = 24 // of brackets and minus signs
)

// Error says where a filter cannot be read and what to write instead.
type Error struct {
	Pos int // column in characters, from 1
	Msg string
}

func (e *Error) Error() string { return fmt.Sprintf("at %d: %s", e.Pos, e.Msg) }

// Grammar is the language over a set of sections. The zero value knows the
// fields of a device only.
type Grammar struct {
	Sections []*inventory.Section
}

// Parse reads a filter over the sections of the catalogue. Errors are *Error.
// An empty text gives a nil Expr, which chooses everything.
func Parse(text string) (Expr, error) {
	return Grammar{Sections: inventory.Schema()}.Parse(text)
}

// Parse reads a filter.
func (g Grammar) Parse(text string) (Expr, error) {
	if len(text) > MaxLength {
		return nil, &Error{Pos: MaxLength, Msg: fmt.Sprintf("the filter is longer than %d bytes: split it", MaxLength)}
	}
	p := &parser{g: g, text: text}
	for i, r := range text {
		if r == utf8.RuneError || unicode.IsControl(r) && !unicode.IsSpace(r) {
			return nil, p.fail(i, "a character here is not text: type it again")
		}
	}
	e, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.at < len(p.text) { // or stops early only at a bracket
		return nil, p.fail(p.at, "this ) closes no bracket: remove it or add ( before")
	}
	return e, nil
}

type parser struct {
	g     Grammar
	text  string
	at    int // byte offset
	terms int
}

func (p *parser) fail(at int, format string, args ...any) *Error {
	return &Error{Pos: utf8.RuneCountInString(p.text[:min(at, len(p.text))]) + 1, Msg: fmt.Sprintf(format, args...)}
}

// endsWord says whether a character cannot stand in a plain word.
func endsWord(r rune) bool {
	return unicode.IsSpace(r) || r == '(' || r == ')' || r == '|' || r == '"'
}

func keyword(word string) string {
	switch w := strings.ToLower(word); w {
	case "and", "or", "not":
		return w
	}
	return ""
}

func (p *parser) space() {
	for p.at < len(p.text) {
		r, n := utf8.DecodeRuneInString(p.text[p.at:])
		if !unicode.IsSpace(r) {
			return
		}
		p.at += n
	}
}

// word looks at the plain word that begins here.
func (p *parser) word() string {
	rest := p.text[p.at:]
	if end := strings.IndexFunc(rest, endsWord); end >= 0 {
		return rest[:end]
	}
	return rest
}

// skip takes a word that is one of the language when it stands here.
func (p *parser) skip(word string) bool {
	w := p.word()
	if keyword(w) != word {
		return false
	}
	p.at += len(w)
	return true
}

func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) or(depth int) (Expr, error) {
	var list Or
	for {
		x, err := p.and(depth)
		if err != nil {
			return nil, err
		}
		p.space()
		at, bar := p.at, p.peek() == '|'
		if bar {
			p.at++
		}
		more := bar || p.skip("or")
		if x == nil && (more || list != nil) {
			return nil, p.fail(at, `"or" needs a condition on both sides: os:linux or os:darwin`)
		}
		if inner, is := x.(Or); is {
			list = append(list, inner...)
		} else if x != nil {
			list = append(list, x)
		}
		if !more {
			break
		}
	}
	switch len(list) {
	case 0:
		return nil, nil
	case 1:
		return list[0], nil
	}
	return list, nil
}

// and reads conditions up to "or", a closing bracket or the end.
func (p *parser) and(depth int) (Expr, error) {
	var list And
	for {
		p.space()
		if c := p.peek(); c == 0 || c == ')' || c == '|' || keyword(p.word()) == "or" {
			break
		}
		if at := p.at; p.skip("and") {
			p.space()
			if c := p.peek(); list == nil || c == 0 || c == ')' || c == '|' || keyword(p.word()) == "or" || keyword(p.word()) == "and" {
				return nil, p.fail(at, `"and" needs a condition on both sides; conditions side by side mean and already`)
			}
			continue
		}
		x, err := p.not(depth)
		if err != nil {
			return nil, err
		}
		if inner, is := x.(And); is {
			list = append(list, inner...)
		} else {
			list = append(list, x)
		}
	}
	switch len(list) {
	case 0:
		return nil, nil
	case 1:
		return list[0], nil
	}
	return list, nil
}

func (p *parser) not(depth int) (Expr, error) {
	if depth > MaxDepth {
		return nil, p.fail(p.at, "brackets and minus signs go deeper than %d: write the filter flatter", MaxDepth)
	}
	at := p.at
	minus := p.peek() == '-'
	if minus {
		p.at++
	}
	if minus || p.skip("not") {
		p.space()
		if c := p.peek(); c == 0 || c == ')' || c == '|' || keyword(p.word()) == "or" || keyword(p.word()) == "and" {
			return nil, p.fail(at, "a condition must follow here: -label:loaner")
		}
		x, err := p.not(depth + 1)
		if err != nil {
			return nil, err
		}
		return negate(x), nil
	}
	if p.peek() == '(' {
		p.at++
		x, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if p.peek() != ')' {
			return nil, p.fail(at, "this ( is never closed: add )")
		}
		if x == nil {
			return nil, p.fail(at, "nothing stands in these brackets: remove them")
		}
		p.at++
		return x, nil
	}
	return p.term()
}

func negate(x Expr) Expr {
	if inner, is := x.(Not); is {
		return inner.X
	}
	return Not{X: x}
}

// opAt reads the operator at a byte offset.
func opAt(text string, at int) (Op, int) {
	rest := text[at:]
	for _, o := range []struct {
		text string
		op   Op
	}{{"!=", Ne}, {"<>", Ne}, {"<=", Le}, {">=", Ge}, {"==", Eq}, {"<", Lt}, {">", Gt}, {"=", Eq}, {":", Has}, {"~", Glob}} {
		if strings.HasPrefix(rest, o.text) {
			return o.op, len(o.text)
		}
	}
	return 0, 0
}

// fieldName measures a name such as ram or volume.free_bytes at the start.
func fieldName(s string) int {
	n := 0
	for n < len(s) {
		c := s[n]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (n == 0 || !(c >= '0' && c <= '9' || c == '_' || c == '.')) {
			break
		}
		n++
	}
	return n
}

func (p *parser) term() (Expr, error) {
	p.terms++
	if p.terms > MaxTerms {
		return nil, p.fail(p.at, "more than %d conditions: split the filter", MaxTerms)
	}
	start := p.at
	if !looksLikeAddress(p.word()) {
		if n := fieldName(p.text[p.at:]); n > 0 {
			name := p.text[p.at : p.at+n]
			p.at += n
			op, size := opAt(p.text, p.at)
			if size == 0 {
				// "ram < 8GB": space before an operator, but not before the
				// ones that free text may begin with.
				p.space()
				if op, size = opAt(p.text, p.at); op == Has || op == Glob {
					size = 0
				}
			}
			if size > 0 {
				opPos := p.at
				p.at += size
				return p.fieldTerm(name, start, op, opPos)
			}
			p.at = start
		}
	}
	return p.freeTerm(start)
}

func (p *parser) freeTerm(start int) (Expr, error) {
	text, quoted, err := p.value(false)
	if err != nil {
		return nil, err
	}
	if op, size := opAt(p.text, p.at); size > 0 && quoted {
		return nil, p.fail(start, "a field name stands without quotes before %q: name:%s", op, quote(text))
	}
	if text == "" {
		return nil, p.fail(start, "there is nothing between these quotes")
	}
	t := Term{Field: Field{Kind: Free}, Value: Value{Text: text}, Pos: p.fail(start, "").Pos}
	if !quoted {
		if at := strings.IndexAny(text, "<>"); at >= 0 {
			return nil, p.fail(start+at, `a word with %s in it needs quotes: "%s"`, text[at:at+1], text)
		}
		if strings.HasPrefix(text, ":") || strings.HasPrefix(text, "=") || strings.HasPrefix(text, "~") || strings.HasPrefix(text, "!=") {
			return nil, p.fail(start, "a field name must stand before %s: name%s", text[:1], text)
		}
		if wild(text) {
			t.Op = Glob
			return t, nil
		}
	}
	switch prefix, mac := addressOf(text), macOf(text); {
	case prefix.IsValid():
		t.Value.Form, t.Value.Prefix = FormPrefix, prefix
	case mac != "":
		t.Value.Form, t.Value.Mac = FormMac, mac
	}
	return t, nil
}

func wild(s string) bool { return strings.ContainsAny(s, "*?") }

// value reads a word or a quoted text. Words of fields with two halves end at
// the second operator.
func (p *parser) value(halves bool) (text string, quoted bool, err error) {
	if p.peek() != '"' {
		w := p.word()
		if halves {
			for i := range w {
				if op, size := opAt(w, i); i > 0 && size > 0 && op != Has && op != Glob {
					w = w[:i]
					break
				}
			}
		}
		p.at += len(w)
		return w, false, nil
	}
	open := p.at
	p.at++
	var b strings.Builder
	for {
		end := strings.IndexByte(p.text[p.at:], '"')
		if end < 0 {
			return "", false, p.fail(open, `this quote is never closed: add " at the end of the text`)
		}
		b.WriteString(p.text[p.at : p.at+end])
		p.at += end + 1
		if p.peek() != '"' {
			return b.String(), true, nil
		}
		b.WriteByte('"')
		p.at++
	}
}

func (p *parser) fieldTerm(name string, start int, op Op, opPos int) (Expr, error) {
	f, err := p.field(name, start)
	if err != nil {
		return nil, err
	}
	if op != Ne && !f.takes(op) || op == Ne && !f.takes(Eq) {
		return nil, p.fail(opPos, "%s is a %s and takes %s, not %s: %s", f.Name, f.Kind, opList(f), op, f.Example)
	}
	p.space()
	at := p.at
	if c := p.peek(); c == 0 || c == ')' || c == '|' || c == '(' {
		return nil, p.fail(p.at, "%s needs a value: %s", f.Name, f.Example)
	}
	halves := f.Kind == Software || f.Kind == Service
	text, quoted, err := p.value(halves)
	if err != nil {
		return nil, err
	}
	if text == "" {
		return nil, p.fail(at, "%s needs a value; -%s:* finds where it is not known", f.Name, f.Name)
	}
	if bad := strings.IndexAny(text, "<>"); bad >= 0 && !quoted {
		return nil, p.fail(at+bad, `a value with %s in it needs quotes, and conditions need a space between them`, text[bad:bad+1])
	}
	t := Term{Field: f, Op: op, Pos: p.fail(start, "").Pos}
	if side, is := beside(f, op, text); is && !quoted {
		// Longer ago than now, or less long.
		t.Op, t.Value = side, Value{Text: "0d", Form: FormAge}
		if op == Ne {
			return Not{X: t}, nil
		}
		return t, nil
	}
	switch {
	case op == Has && !quoted && text == "*":
		t.Op = Known
		return t, nil
	case op == Has && !quoted && wild(text) && f.takes(Glob):
		t.Op = Glob
	}
	if t.Value, err = p.read(f, t.Op, text, at); err != nil {
		return nil, err
	}
	if halves {
		if t.Sub, err = p.sub(f); err != nil {
			return nil, err
		}
	}
	if op == Ne {
		t.Op = Eq
		return Not{X: t}, nil
	}
	return t, nil
}

// beside reads the words past and future of a time.
func beside(f Field, op Op, text string) (Op, bool) {
	if f.Kind != Time || op != Has && op != Eq && op != Ne {
		return 0, false
	}
	switch strings.ToLower(text) {
	case "past":
		return Gt, true
	case "future":
		return Lt, true
	}
	return 0, false
}

// sub reads the second half of software and service terms when there is one.
func (p *parser) sub(f Field) (*Comparison, error) {
	back := p.at
	p.space()
	op, size := opAt(p.text, p.at)
	if size == 0 || op == Has || op == Glob {
		if size > 0 && p.at == back {
			return nil, p.fail(p.at, "after the name comes <, <=, =, !=, > or >=: %s", f.Example)
		}
		p.at = back
		return nil, nil
	}
	if f.Kind == Service && op != Eq && op != Ne {
		return nil, p.fail(p.at, "the state of a service takes = or !=: %s", f.Example)
	}
	p.at += size
	p.space()
	at := p.at
	text, quoted, err := p.value(false)
	if err != nil {
		return nil, err
	}
	if bad := strings.IndexAny(text, "<>"); bad >= 0 && !quoted {
		return nil, p.fail(at+bad, "conditions need a space between them; for a range name it twice")
	}
	if text == "" {
		what := "a version"
		if f.Kind == Service {
			what = "a state"
		}
		return nil, p.fail(at, "%s must follow: %s", what, f.Example)
	}
	kind := Field{Name: f.Name, Kind: Version, Example: f.Example}
	if f.Kind == Service {
		kind.Kind = Word
	}
	v, err := p.read(kind, op, text, at)
	if err != nil {
		return nil, err
	}
	return &Comparison{Op: op, Value: v}, nil
}

func opList(f Field) string {
	var out []string
	for _, o := range f.Ops() {
		if o != Known {
			out = append(out, o.String())
		}
	}
	return strings.Join(out, " ")
}

// field finds a field by name, alias or section.column.
func (p *parser) field(name string, start int) (Field, error) {
	lower := strings.ToLower(name)
	var names []string
	for _, f := range Fields() {
		if f.Name == lower {
			return f, nil
		}
		names = append(names, f.Name)
		for _, a := range f.Aliases {
			if a == lower {
				return f, nil
			}
			names = append(names, a)
		}
	}
	section, column, dotted := strings.Cut(lower, ".")
	if !dotted {
		for _, s := range p.g.Sections {
			if s.Name == lower {
				return Field{}, p.fail(start, "%s is a section: name a column of it, such as %s.%s", s.Name, s.Name, s.Columns[0].Name)
			}
		}
		return Field{}, p.fail(start, "%q is not a field%s", clip(name), didYouMean(lower, names))
	}
	names = names[:0]
	for _, s := range p.g.Sections {
		names = append(names, s.Name)
		if s.Name != section {
			continue
		}
		c, ok := s.Column(column)
		if !ok {
			var columns []string
			for _, c := range s.Columns {
				columns = append(columns, c.Name)
			}
			return Field{}, p.fail(start, "section %s has no column %q%s", s.Name, clip(column), didYouMean(column, columns))
		}
		f, ok := columnField(s, c)
		if !ok {
			return Field{}, p.fail(start, "%s holds bytes that cannot be searched", f.Name)
		}
		return f, nil
	}
	return Field{}, p.fail(start, "there is no section %q%s", clip(section), didYouMean(section, names))
}
