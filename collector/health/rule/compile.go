package rule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/metric"
	"muster/internal/settings"
)

// Bounds of a condition. It has no loops, so that its cost is its size; see
// also the watch over what rules cost in package health.
const (
	maxText  = 4096
	maxNodes = 300
	perType  = 40 // inputs of one type in a condition
)

// maxWindow is how far back a condition may look: what is kept by default.
const maxWindow = 400 * 24 * time.Hour

// compiler turns conditions into programs. Inputs are collected over all of
// them, so that each is worked out once.
type compiler struct {
	env    *cel.Env
	inputs []Input
	byText map[string]int
}

func newCompiler() (*compiler, error) {
	opts := []cel.EnvOption{cel.StdLib(), cel.ClearMacros(), cel.CrossTypeNumericComparisons(true), cel.ParserRecursionLimit(50)}
	for i := range perType {
		for t, c := range celTypes() {
			opts = append(opts, cel.Variable(variable(Type(t), i), c))
		}
	}
	env, err := cel.NewCustomEnv(opts...)
	if err != nil {
		return nil, fmt.Errorf("make the language of rules: %w", err)
	}
	return &compiler{env: env, byText: map[string]int{}}, nil
}

// celTypes are CEL's types by Type.
func celTypes() []*cel.Type {
	return []*cel.Type{cel.DoubleType, cel.BoolType, cel.StringType, cel.ListType(cel.StringType)}
}

// variable is what an input is called inside a program: there is a stock of
// names, so that all programs share one environment.
func variable(t Type, i int) string { return fmt.Sprintf("%c%d", "nftl"[t], i) }

// Program is a condition, or the expression of a piece of evidence.
type Program struct {
	Text   string
	Inputs []int // slots of the set, each once
	run    cel.Program
	slots  map[string]int // by variable
	gives  Type
}

// scope is what the conditions of one rule may speak of.
type scope struct {
	rule    string
	subject Subject
	limits  map[string]Limits
}

// compile reads a text; want is cel.BoolType for a condition, nil for any.
func (c *compiler) compile(text string, s scope, want *cel.Type) (*Program, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("it is longer than %d characters", maxText)
	}
	parsed, iss := c.env.Parse(text)
	if iss.Err() != nil {
		return nil, plain(iss)
	}
	native := parsed.NativeRep()
	if n := ast.NodeCount(native); n > maxNodes {
		return nil, fmt.Errorf("it is too large: %d parts, at most %d", n, maxNodes)
	}
	r := &rewriter{c: c, scope: s, info: native.SourceInfo(), factory: ast.NewExprFactory(), slots: map[string]int{}}
	if err := r.rewrite(native.Expr()); err != nil {
		return nil, err
	}
	checked, iss := c.env.Check(parsed)
	if iss.Err() != nil {
		return nil, r.named(plain(iss))
	}
	if want != nil && !checked.OutputType().IsExactType(want) {
		return nil, fmt.Errorf("a condition that is true or false is expected, this gives a %s", typeWord(checked.OutputType()))
	}
	run, err := c.env.Program(checked, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	p := &Program{Text: text, run: run, slots: r.slots}
	for _, slot := range r.slots {
		p.Inputs = append(p.Inputs, slot)
	}
	slices.Sort(p.Inputs)
	p.Inputs = slices.Compact(p.Inputs)
	for i, t := range celTypes() {
		if checked.OutputType().IsExactType(t) {
			p.gives = Type(i)
			return p, nil
		}
	}
	return nil, fmt.Errorf("a number, a text, a list of texts, true or false is expected, this gives %s", typeWord(checked.OutputType()))
}

func typeWord(t *cel.Type) string {
	switch {
	case t.IsExactType(cel.DoubleType):
		return "number"
	case t.IsExactType(cel.StringType):
		return "text"
	}
	return t.String()
}

// plain is the first of CEL's complaints, on one line.
func plain(iss *cel.Issues) error {
	e := iss.Errors()[0]
	return fmt.Errorf("%s (at character %d)", strings.TrimSpace(e.Message), e.Location.Column()+1)
}

// rewriter replaces each name of the catalogues by a variable.
type rewriter struct {
	c       *compiler
	scope   scope
	info    *ast.SourceInfo
	factory ast.ExprFactory
	slots   map[string]int // variable to slot
	next    [4]int
	texts   []string // what stands behind the variables, for messages
	names   []string
	inTime  bool // a column of times is what is asked for
}

// named puts the names of a rule back into a message about variables.
func (r *rewriter) named(err error) error {
	text := err.Error()
	for i, v := range r.names {
		text = strings.ReplaceAll(text, "'"+v+"'", "'"+r.texts[i]+"'")
	}
	text = strings.NewReplacer("(double", "(number", ", double", ", number", "(string", "(text", ", string", ", text").Replace(text)
	return fmt.Errorf("%s", text)
}

func (r *rewriter) fail(e ast.Expr, format string, a ...any) error {
	return fmt.Errorf("%s (at character %d)", fmt.Sprintf(format, a...), r.info.GetStartLocation(e.ID()).Column()+1)
}

// put makes of a place in the tree the variable of an input.
func (r *rewriter) put(e ast.Expr, in Input) error {
	key := in.Subject + " " + in.String()
	slot, ok := r.c.byText[key]
	if in.Kind == Limit {
		key = r.scope.rule + " " + key
		slot, ok = r.c.byText[key]
	}
	if !ok {
		slot = len(r.c.inputs)
		r.c.inputs = append(r.c.inputs, in)
		r.c.byText[key] = slot
	}
	for name, have := range r.slots {
		if have == slot {
			e.SetKindCase(r.factory.NewIdent(e.ID(), name))
			return nil
		}
	}
	if r.next[in.Type] == perType {
		return r.fail(e, "it asks for more than %d things of one kind", perType)
	}
	name := variable(in.Type, r.next[in.Type])
	r.next[in.Type]++
	r.slots[name] = slot
	r.names, r.texts = append(r.names, name), append(r.texts, in.String())
	e.SetKindCase(r.factory.NewIdent(e.ID(), name))
	return nil
}

func (r *rewriter) rewrite(e ast.Expr) error {
	switch e.Kind() {
	case ast.LiteralKind:
		if i, ok := e.AsLiteral().(types.Int); ok { // all numbers are doubles
			e.SetKindCase(r.factory.NewLiteral(e.ID(), types.Double(i)))
		}
		return nil
	case ast.IdentKind:
		if e.AsIdent() == "component" {
			return r.put(e, Input{Kind: Name, Type: Text, Subject: r.scope.subject.Name})
		}
		return r.fail(e, "%s is not complete: a section or measurement needs .NAME, an event .count(\"24h\")", e.AsIdent())
	case ast.ListKind:
		for _, x := range e.AsList().Elements() {
			if err := r.rewrite(x); err != nil {
				return err
			}
		}
		return nil
	case ast.SelectKind:
		return r.selected(e)
	case ast.CallKind:
		return r.call(e)
	}
	return r.fail(e, "this form is not part of the language of rules")
}

// operatorsAllowed are CEL's own functions that rules may use.
func operatorsAllowed() []string {
	return []string{
		operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Conditional,
		operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals,
		operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Negate, operators.In,
	}
}

// ofText are functions on texts.
func ofText() []string { return []string{"contains", "startsWith", "endsWith", "matches"} }

func (r *rewriter) call(e ast.Expr) error {
	call := e.AsCall()
	if !call.IsMemberFunction() {
		switch {
		case slices.Contains(operatorsAllowed(), call.FunctionName()):
			for _, a := range call.Args() {
				if err := r.rewrite(a); err != nil {
					return err
				}
			}
			return nil
		case call.FunctionName() == "firing":
			id, err := r.textArg(e, call.Args(), 0, "the ID of a rule")
			if err != nil {
				return err
			}
			if !idForm.MatchString(id) {
				return r.fail(e, "firing(%q): the ID of a rule is expected", id)
			}
			in := Input{Kind: Firing, Type: Flag, Subject: r.scope.subject.Name, Source: id}
			if len(call.Args()) > 1 {
				if in.Word, err = r.textArg(e, call.Args(), 1, "a severity"); err != nil {
					return err
				}
				if Severity(in.Word).Rank() < 1 || len(call.Args()) > 2 {
					return r.fail(e, "firing(%q, …): info, warn or critical is expected", id)
				}
			}
			return r.put(e, in)
		}
		return r.fail(e, "there is no function %s", call.FunctionName())
	}
	if slices.Contains(ofText(), call.FunctionName()) {
		if call.FunctionName() == "matches" && (len(call.Args()) != 1 || call.Args()[0].Kind() != ast.LiteralKind) {
			return r.fail(e, "matches takes a pattern in quotes")
		}
		for _, a := range append([]ast.Expr{call.Target()}, call.Args()...) {
			if err := r.rewrite(a); err != nil {
				return err
			}
		}
		return nil
	}
	in, err := r.operation(e)
	if err != nil {
		return err
	}
	if in.Kind == Future {
		return r.fail(e, "a forecast needs one of .%s", strings.Join(forecastParts(), ", ."))
	}
	return r.put(e, in)
}

// selected reads NAME.NAME and forecast(...).PART.
func (r *rewriter) selected(e ast.Expr) error {
	s := e.AsSelect()
	if s.IsTestOnly() {
		return r.fail(e, "has() is not part of the language of rules: what is not known is unknown")
	}
	if op := s.Operand(); op.Kind() == ast.CallKind && op.AsCall().FunctionName() == "reaches" {
		in, err := r.operation(op)
		if err != nil {
			return err
		}
		if !slices.Contains(forecastParts(), s.FieldName()) {
			return r.fail(e, "a forecast has %s, not %s", strings.Join(forecastParts(), ", "), s.FieldName())
		}
		in.Part = s.FieldName()
		return r.put(e, in)
	}
	in, err := r.field(e)
	if err != nil {
		return err
	}
	return r.put(e, in)
}

// field reads NAME.NAME alone: a number, a column, a limit, a derived input.
func (r *rewriter) field(e ast.Expr) (Input, error) {
	if e.Kind() != ast.SelectKind || e.AsSelect().Operand().Kind() != ast.IdentKind {
		return Input{}, r.fail(e, "a name of the catalogue is expected, such as disk.kind")
	}
	source, field := e.AsSelect().Operand().AsIdent(), e.AsSelect().FieldName()
	if source == "limit" {
		if _, ok := r.scope.limits[field]; !ok {
			return Input{}, r.fail(e, "the rule has no limit %s", field)
		}
		return Input{Kind: Limit, Type: Number, Subject: r.scope.subject.Name, Source: r.scope.rule, Field: field}, nil
	}
	if d, ok := findDerived(source, field); ok {
		if d.Subject != "" && d.Subject != r.scope.subject.Name {
			return Input{}, r.fail(e, "%s.%s is known of each %s, and this rule judges each %s", source, field, d.Subject, r.scope.subject.Name)
		}
		return Input{Kind: Derived, Type: d.Type, Subject: r.scope.subject.Name, Source: source, Field: field}, nil
	}
	if _, _, ok := metric.Lookup(source, field); ok {
		subject, err := r.subjectOf(e, source)
		return Input{Kind: Sample, Type: Number, Subject: subject, Source: source, Field: field}, err
	}
	if known(source) {
		in, _, err := r.column(e, source, field)
		return in, err
	}
	return Input{}, r.fail(e, "there is no %s.%s%s", source, field, settings.Nearest(source, allNames()))
}

// known says whether a section has that name.
func known(section string) bool { _, ok := inventory.Lookup(section); return ok }

// subjectOf is whose series a measurement's are, seen from the rule.
func (r *rewriter) subjectOf(e ast.Expr, measurement string) (string, error) {
	m, _ := metric.Find(measurement)
	own := SubjectOfSeries(measurement)
	switch {
	case own.Name == r.scope.subject.Name:
		return own.Name, nil
	case own.Name == Device && (labels(m) == 0 || own.Whole[measurement] != ""):
		return Device, nil
	case own.Name == Device:
		return "", r.fail(e, "%s has a series for each %s, and no rule can judge those", measurement, m.Labels[0].Name)
	}
	return "", r.fail(e, "%s is known of each %s, and this rule judges each %s", measurement, own.Name, r.scope.subject.Name)
}

// labels counts those that make series of their own.
func labels(m metric.Measurement) int {
	n := 0
	for _, l := range m.Labels {
		if l.Follows == "" && l.Name != "agent_host" {
			n++
		}
	}
	return n
}

// column reads SECTION.COLUMN, also of a time.
func (r *rewriter) column(e ast.Expr, section, name string) (Input, inventory.Column, error) {
	sec, ok := inventory.Lookup(section)
	if !ok {
		return Input{}, inventory.Column{}, r.fail(e, "there is no section %s%s", section, settings.Nearest(section, allNames()))
	}
	col, ok := sec.Column(name)
	if !ok {
		var names []string
		for _, c := range sec.Columns {
			names = append(names, c.Name)
		}
		return Input{}, col, r.fail(e, "section %s has no column %s%s", section, name, settings.Nearest(name, names))
	}
	in := Input{Kind: Column, Subject: Device, Source: section, Field: name}
	switch {
	case r.scope.subject.Has("section", section):
		in.Subject = r.scope.subject.Name
	case !sec.Single:
		return in, col, r.fail(e, "section %s has many rows: use %s.rows({…}), or a rule whose subject they are", section, section)
	}
	switch col.Kind {
	case inventory.Int, inventory.Float, inventory.Time:
		in.Type = Number
	case inventory.Bool:
		in.Type = Flag
	case inventory.Text:
		in.Type = Text
	case inventory.List:
		in.Type = List
	default:
		return in, col, r.fail(e, "%s.%s cannot be used in a condition", section, name)
	}
	if col.Kind == inventory.Time && e.Kind() == ast.SelectKind && !r.inTime {
		return in, col, r.fail(e, "%s.%s is a time: use .days_ago() or .days_ahead()", section, name)
	}
	return in, col, nil
}

// operation reads what stands before a call and its arguments.
func (r *rewriter) operation(e ast.Expr) (Input, error) {
	call := e.AsCall()
	target, op, args := call.Target(), call.FunctionName(), call.Args()
	if op == "or" {
		return r.orElse(e, target, args)
	}
	if target.Kind() == ast.IdentKind {
		return r.onName(e, target.AsIdent(), op, args)
	}
	var per Ref
	if target.Kind() == ast.CallKind && target.AsCall().FunctionName() == "per" && len(target.AsCall().Args()) == 1 {
		other, err := r.field(target.AsCall().Args()[0])
		if err != nil {
			return Input{}, err
		}
		if other.Kind != Sample {
			return Input{}, r.fail(e, "per takes a number of the metric catalogue")
		}
		per = Ref{other.Source, other.Field}
		target = target.AsCall().Target()
	}
	if target.Kind() != ast.SelectKind || target.AsSelect().Operand().Kind() != ast.IdentKind {
		return Input{}, r.fail(e, "%s stands behind a name of the catalogue", op)
	}
	source, field := target.AsSelect().Operand().AsIdent(), target.AsSelect().FieldName()
	if _, f, ok := metric.Lookup(source, field); ok {
		in, err := r.field(target)
		if err != nil {
			return Input{}, err
		}
		in.Per = per
		return r.onMetric(e, in, f, op, args)
	}
	r.inTime = true
	in, col, err := r.column(target, source, field)
	r.inTime = false
	if err != nil {
		return Input{}, err
	}
	return r.onColumn(e, in, col, op, args)
}

// orElse reads NAME.NAME.or(VALUE).
func (r *rewriter) orElse(e, target ast.Expr, args []ast.Expr) (Input, error) {
	in, err := r.field(target)
	if err != nil {
		return in, err
	}
	v := Value{Known: true}
	if x, ok := numberArg(args, 0); ok && in.Type == Number {
		v.N = x
	} else if len(args) == 1 && in.Type == Text && literal(args[0]) != nil && literal(args[0]).Type() == types.StringType {
		v.T = string(literal(args[0]).(types.String))
	} else if len(args) == 1 && in.Type == Flag && literal(args[0]) != nil && literal(args[0]).Type() == types.BoolType {
		v.F = bool(literal(args[0]).(types.Bool))
	} else {
		return in, r.fail(e, "or takes a %s, to stand for what is not known", in.Type)
	}
	in.Or = &v
	return in, nil
}

// onName reads EVENT.op(...) and SECTION.op(...).
func (r *rewriter) onName(e ast.Expr, name, op string, args []ast.Expr) (Input, error) {
	if o, ok := findOperation("section", op); ok {
		sec, known := inventory.Lookup(name)
		if !known {
			return Input{}, r.fail(e, "there is no section %s%s", name, settings.Nearest(name, allNames()))
		}
		if op == "gone" {
			if !r.scope.subject.Has("section", name) {
				return Input{}, r.fail(e, "%s.gone() is for rules that judge each row of %s", name, name)
			}
			return Input{Kind: Gone, Type: Flag, Subject: r.scope.subject.Name, Source: name}, r.noArgs(e, args)
		}
		in := Input{Kind: Rows, Type: Number, Subject: Device, Source: name, Op: op}
		if r.scope.subject.Has("section", name) && r.scope.subject.Section != name {
			in.Subject = r.scope.subject.Name // such as the members of an array
		}
		return r.arguments(e, in, o, args, func(attr string) bool { return sec.Index(attr) >= 0 })
	}
	k, ok := event.Lookup(name)
	if !ok {
		return Input{}, r.fail(e, "there is no kind of event %s%s", name, settings.Nearest(name, allNames()))
	}
	o, ok := findOperation("event", op)
	if !ok {
		return Input{}, r.fail(e, "events have no %s; there is: %s", op, operationNames("event"))
	}
	in := Input{Kind: Events, Type: Number, Subject: Device, Source: name, Op: op}
	if r.scope.subject.Has("event", name) {
		in.Subject = r.scope.subject.Name
	}
	return r.arguments(e, in, o, args, func(attr string) bool { _, ok := k.Attribute(attr); return ok })
}

func (r *rewriter) onMetric(e ast.Expr, in Input, f metric.Field, op string, args []ast.Expr) (Input, error) {
	if op == "reaches" {
		return r.forecast(e, in, args)
	}
	o, ok := findOperation("metric", op)
	if !ok {
		return in, r.fail(e, "numbers have no %s; there is: %s, reaches", op, operationNames("metric"))
	}
	if o.Counter && f.Nature != metric.Counter {
		return in, r.fail(e, "%s.%s is no counter: %s makes no sense", in.Source, in.Field, op)
	}
	if in.Per.Field != "" {
		if g, _, _ := metric.Lookup(in.Per.Measurement, in.Per.Field); g.Name != in.Source {
			return in, r.fail(e, "per takes a number of the same measurement")
		}
	}
	in.Kind, in.Op = Window, op
	return r.arguments(e, in, o, args, nil)
}

func (r *rewriter) onColumn(e ast.Expr, in Input, col inventory.Column, op string, args []ast.Expr) (Input, error) {
	if o, ok := findOperation("time", op); ok {
		if col.Kind != inventory.Time {
			return in, r.fail(e, "%s.%s is no time", in.Source, in.Field)
		}
		in.Kind, in.Op, in.Type = Age, o.Name, Number
		return in, r.noArgs(e, args)
	}
	o, ok := findOperation("column", op)
	if !ok {
		return in, r.fail(e, "columns have no %s; there is: %s, and of times %s", op, operationNames("column"), operationNames("time"))
	}
	if col.Kind != inventory.Int && col.Kind != inventory.Float || col.Latest {
		return in, r.fail(e, "%s.%s is no number with a history", in.Source, in.Field)
	}
	in.Kind, in.Op, in.Type = Past, o.Name, Number
	return r.arguments(e, in, o, args, nil)
}

func (r *rewriter) noArgs(e ast.Expr, args []ast.Expr) error {
	if len(args) > 0 {
		return r.fail(e, "%s takes nothing in its brackets", e.AsCall().FunctionName())
	}
	return nil
}

// arguments reads those that an operation takes.
func (r *rewriter) arguments(e ast.Expr, in Input, o Operation, args []ast.Expr, attribute func(string) bool) (Input, error) {
	at := 0
	if o.Window {
		text, err := r.textArg(e, args, at, `a time such as "7d"`)
		if err != nil {
			return in, err
		}
		d, err := parseSpan(text)
		if err != nil || d <= 0 || d > maxWindow {
			return in, r.fail(e, "%s(%q): a time such as 15m or 7d is expected, at most %s", o.Name, text, span(maxWindow))
		}
		in.Window = d
		at++
	}
	if o.Amount {
		x, ok := numberArg(args, at)
		if !ok {
			return in, r.fail(e, "%s takes a number after the time", o.Name)
		}
		in.Amount = x
		at++
	}
	if o.Text {
		text, err := r.textArg(e, args, at, "the name of an attribute")
		if err != nil {
			return in, err
		}
		if attribute == nil || !attribute(text) {
			return in, r.fail(e, "%s has no attribute %q", in.Source, text)
		}
		in.Word = text
		at++
	}
	if o.Filter && at < len(args) {
		m, err := r.filterArg(args[at], in.Source, attribute)
		if err != nil {
			return in, err
		}
		in.Match = m
		at++
	}
	if at < len(args) {
		return in, r.fail(e, "%s takes fewer arguments", o.Name)
	}
	return in, nil
}

func (r *rewriter) textArg(e ast.Expr, args []ast.Expr, at int, what string) (string, error) {
	if at < len(args) && args[at].Kind() == ast.LiteralKind {
		if s, ok := args[at].AsLiteral().(types.String); ok {
			return string(s), nil
		}
	}
	return "", r.fail(e, "%s takes %s", e.AsCall().FunctionName(), what)
}

func numberArg(args []ast.Expr, at int) (float64, bool) {
	if at >= len(args) {
		return 0, false
	}
	e, sign := args[at], 1.0
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Negate {
		e, sign = e.AsCall().Args()[0], -1
	}
	if e.Kind() != ast.LiteralKind {
		return 0, false
	}
	switch x := e.AsLiteral().(type) {
	case types.Int:
		return sign * float64(x), true
	case types.Double:
		return sign * float64(x), true
	}
	return 0, false
}

func (r *rewriter) filterArg(e ast.Expr, source string, attribute func(string) bool) ([]Match, error) {
	if e.Kind() != ast.MapKind {
		return nil, r.fail(e, `a choice is expected, written as {"cause": "hardware|timeout"}`)
	}
	var out []Match
	for _, entry := range e.AsMap().Entries() {
		pair := entry.AsMapEntry()
		k, kok := literal(pair.Key()).(types.String)
		if !kok {
			return nil, r.fail(e, "a choice has names and values in quotes")
		}
		if !attribute(string(k)) {
			return nil, r.fail(e, "%s has no %q to choose by", source, string(k))
		}
		m := Match{Name: string(k)}
		switch v := literal(pair.Value()).(type) {
		case types.String:
			text, not := strings.CutPrefix(string(v), "!")
			m.Not, m.Values = not, strings.Split(text, "|")
		case types.Bool:
			m.Values = []string{fmt.Sprint(bool(v))}
		default:
			return nil, r.fail(e, "a choice has names and values in quotes")
		}
		out = append(out, m)
	}
	return out, nil
}

func literal(e ast.Expr) ref.Val {
	if e.Kind() != ast.LiteralKind {
		return nil
	}
	return e.AsLiteral()
}

// forecast reads NUMBER.reaches(VALUE, "28d"[, "manner"[, AXIS]]).
func (r *rewriter) forecast(e ast.Expr, in Input, args []ast.Expr) (Input, error) {
	in.Kind, in.Op = Future, "reaches"
	x, ok := numberArg(args, 0)
	if !ok || len(args) < 3 || len(args) > 4 {
		return in, r.fail(e, `reaches takes a value, a time to look back, a manner and perhaps an axis: reaches(0, "28d", "space")`)
	}
	in.Amount = x
	text, err := r.textArg(e, args, 1, `a time such as "28d"`)
	if err != nil {
		return in, err
	}
	if in.Window, err = parseSpan(text); err != nil || in.Window <= 0 || in.Window > maxWindow {
		return in, r.fail(e, "reaches: %q is no time such as 28d, at most %s", text, span(maxWindow))
	}
	if in.Word, err = r.textArg(e, args, 2, "a manner: "+strings.Join(Manners(), ", ")); err != nil {
		return in, err
	}
	if !slices.Contains(Manners(), in.Word) {
		return in, r.fail(e, "reaches: the manner %q is none of %s", in.Word, strings.Join(Manners(), ", "))
	}
	if len(args) == 4 {
		axis, err := r.field(args[3])
		if err != nil {
			return in, err
		}
		if axis.Kind != Sample || axis.Source != in.Source {
			return in, r.fail(e, "reaches: the axis is a number of the same measurement")
		}
		in.Axis = Ref{axis.Source, axis.Field}
	}
	return in, nil
}
