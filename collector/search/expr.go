package search

import (
	"net/netip"
	"strings"
	"time"
)

// Expr is a parsed filter: And, Or, Not or Term; nil chooses everything.
// Its text parses to the same Expr again, positions apart.
type Expr interface {
	String() string
	expr()
}

// And holds where all of its parts do; two parts at least, none an And.
type And []Expr

// Or holds where one of its parts does; two parts at least, none an Or.
type Or []Expr

// Not holds where its part does not, also where a fact is not known. It never
// holds another Not.
type Not struct{ X Expr }

// Term asks one thing of a device.
type Term struct {
	Field Field
	Op    Op
	Value Value
	// Sub narrows a software term to versions and a service term to a state:
	// the very row that matches Value must match it too. nil when not given.
	Sub *Comparison
	Pos int // where it stands in the text: column in characters, from 1
}

// Comparison is the second half of a term with two.
type Comparison struct {
	Op    Op // Eq, Ne, Lt, Le, Gt or Ge
	Value Value
}

// Op is how a value is compared.
type Op uint8

// The operators. Which of them a field takes is in Field.Ops. Ne occurs only
// in Comparison: a whole term with != is parsed as Not of Eq.
const (
	Has   Op = iota // ":"  contains, or is, by kind of field
	Eq              // "="  is, letter case apart
	Ne              // "!=" is not
	Lt              // "<"
	Le              // "<="
	Gt              // ">"
	Ge              // ">="
	Glob            // "~"  the whole text fits * and ?
	Known           // ":*" any value at all
)

var opText = [...]string{":", "=", "!=", "<", "<=", ">", ">=", "~", ":*"}

func (o Op) String() string {
	if int(o) < len(opText) {
		return opText[o]
	}
	return "?"
}

// Value is what a term compares with. Text is always set (but with Known);
// Form says which of the others is.
type Value struct {
	Text string // as written, quotes taken off
	Form Form

	Number float64       // FormNumber: in the field's unit
	Age    time.Duration // FormAge: distance into the past
	From   time.Time     // FormTime: the day, month, year or instant begins …
	Until  time.Time     // … and ends before this
	Prefix netip.Prefix  // FormPrefix: one address is a prefix of full length
	Mac    string        // FormMac: as aa:bb:cc:dd:ee:ff
	Bool   bool          // FormBool
}

// Form is how a value was understood.
type Form uint8

// The forms. One field may take several: free<10% and free<20GB.
const (
	FormText    Form = iota
	FormNumber       // plain numbers, bytes, seconds, bits per second
	FormPercent      // as FormNumber: a share in percent where bytes are also possible
	FormAge
	FormTime
	FormPrefix
	FormMac
	FormBool
)

func (And) expr()  {}
func (Or) expr()   {}
func (Not) expr()  {}
func (Term) expr() {}

func (a And) String() string {
	parts := make([]string, len(a))
	for i, x := range a {
		parts[i] = group(x, func(x Expr) bool { _, is := x.(Or); return is })
	}
	return strings.Join(parts, " ")
}

func (o Or) String() string {
	parts := make([]string, len(o))
	for i, x := range o {
		parts[i] = x.String()
	}
	return strings.Join(parts, " or ")
}

func (n Not) String() string {
	return "-" + group(n.X, func(x Expr) bool { _, is := x.(Term); return !is })
}

func group(x Expr, brackets func(Expr) bool) string {
	if brackets(x) {
		return "(" + x.String() + ")"
	}
	return x.String()
}

func (t Term) String() string {
	if t.Field.Kind == Free {
		switch t.Op {
		case Glob:
			return t.Value.Text
		default:
			return quoteFree(t.Value.Text)
		}
	}
	var b strings.Builder
	b.WriteString(t.Field.Name)
	b.WriteString(t.Op.String())
	if t.Op == Known {
		return b.String()
	}
	b.WriteString(quote(t.Value.Text))
	if t.Sub != nil {
		b.WriteString(t.Sub.Op.String())
		b.WriteString(quote(t.Sub.Value.Text))
	}
	return b.String()
}

// quote puts quotes around what would not be read as one plain word.
// Wildcards are quoted too: "~" reads them inside quotes as well.
func quote(s string) string {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return endsWord(r) || strings.ContainsRune("*?<>=!~", r) }) {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

// quoteFree also guards against being read as a field, a keyword or a minus.
func quoteFree(s string) string {
	if strings.HasPrefix(s, "-") || strings.Contains(s, ":") || keyword(s) != "" {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return quote(s)
}

// Terms lists the terms of an expression from left to right.
func Terms(e Expr) []Term {
	switch e := e.(type) {
	case And:
		return termsOf(e)
	case Or:
		return termsOf(e)
	case Not:
		return Terms(e.X)
	case Term:
		return []Term{e}
	}
	return nil
}

func termsOf(list []Expr) []Term {
	var out []Term
	for _, x := range list {
		out = append(out, Terms(x)...)
	}
	return out
}

// Personal lists the fields an expression uses that tell of a person, once
// each. Whoever may not see them may not choose by them either, since a filter
// that matches says what it asked. Free text is not among them: a store
// searches personal facts for it only when told that it may.
func Personal(e Expr) []string {
	var out []string
	seen := map[string]bool{}
	for _, t := range Terms(e) {
		if t.Field.Personal && !seen[t.Field.Name] {
			seen[t.Field.Name] = true
			out = append(out, t.Field.Name)
		}
	}
	return out
}
