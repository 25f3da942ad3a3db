package rule

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"

	"muster/internal/settings"
)

// Rule is a rule that can judge.
type Rule struct {
	Document
	On     Subject
	Levels []Level
	Shown  []Shown
	Cases  []Case

	File     string    // where it was read
	Office   bool      // an office's own, or changed by it
	Made     *Made     // what administrators set otherwise; nil: nothing
	Plain    *Document // as the files say, where something was
	Inputs   []int     // slots that its conditions ask for
	Evidence []int     // and those of its evidence
}

// Level is one severity, compiled.
type Level struct {
	Severity Severity
	When     *Program
	Clear    *Program // nil: When is false
	Hold     time.Duration
	Samples  int
	ClearFor time.Duration
}

// Shown is one piece of evidence, compiled.
type Shown struct {
	Label, Unit string
	Value       *Program // nil for a chart
	Chart       Ref
	Over        time.Duration
	Personal    bool // its value tells of a person
}

// Set is all rules together. It does not change once it is loaded.
type Set struct {
	Rules  []*Rule // by ID
	Inputs []Input // by slot

	// Problems are files, or rules in them, that cannot stand. The others do.
	Problems settings.Problems
	// Broken says what stands in the place of each file of the office that is
	// not what it says, by the rule's ID.
	Broken map[string]Standing

	texts   map[string][]byte // of the office's files, as they were when they stood
	changes []Made            // of administrators
}

// Standing is what judges in the place of a broken file.
type Standing string

// What can stand there.
const (
	AsBefore  Standing = "stays as it was before"
	AsBrought Standing = "judges as Muster brings it"
	Nothing   Standing = "does not judge"
)

// Find finds a rule by ID, in capitals or not.
func (s *Set) Find(id string) (*Rule, bool) {
	i, ok := slices.BinarySearchFunc(s.Rules, strings.ToUpper(id), func(r *Rule, id string) int { return cmp.Compare(r.ID, id) })
	if !ok {
		return nil, false
	}
	return s.Rules[i], true
}

// Limit is a limit of the rule for a model.
func (r *Rule) Limit(name, model string) float64 {
	l := r.Limits[name]
	best, at := l.Default, -1
	for pattern, x := range l.Models {
		// The longest pattern that fits says most about the model.
		if ok, err := path.Match(pattern, model); err == nil && ok && len(pattern) > at {
			best, at = x, len(pattern)
		}
	}
	return best
}

// Worst is the worst severity a rule can reach.
func (r *Rule) Worst() Severity { return r.Levels[len(r.Levels)-1].Severity }

// maxFiles bounds a directory of rules.
const maxFiles = 1000

// Load reads the rules of own, and over them those of office, which may be
// nil. A file of office that has the name of an own rule changes what it
// names and leaves the rest; any other adds a rule. What is broken is in
// Problems, and the own rule stands where a change of it is broken. An error
// says that own itself cannot stand, or that office cannot be read at all.
func Load(own, office fs.FS, officeName string) (*Set, error) {
	return Reload(own, office, officeName, nil, nil)
}

// Reload is Load while rules are in use, with what administrators set otherwise:
// a file that is broken now stays as it was before, if it was read then.
func Reload(own, office fs.FS, officeName string, changes []Made, before *Set) (*Set, error) {
	b, docs, err := brought(own)
	if err != nil {
		return nil, err
	}
	if office == nil {
		b.change(changes)
		return b.finish(), nil
	}
	names, err := files(office)
	if err != nil {
		return nil, fmt.Errorf("read rules of the office in %s: %w", officeName, err)
	}
	for _, name := range names {
		id := stem(name)
		file := path.Join(officeName, name)
		data, err := read(office, name)
		if err == nil {
			_, err = b.take(file, data, docs[id], true)
		}
		if err == nil {
			b.set.texts[name] = data
			continue
		}
		b.blame(file, err)
		b.set.Broken[id] = Nothing
		if _, ok := docs[id]; ok {
			b.set.Broken[id] = AsBrought
		}
		if before == nil || before.texts[name] == nil {
			continue
		}
		if _, err := b.take(file, before.texts[name], docs[id], true); err == nil {
			b.set.texts[name], b.set.Broken[id] = before.texts[name], AsBefore
		}
	}
	b.change(changes)
	return b.finish(), nil
}

// brought begins a set with the rules of own.
func brought(own fs.FS) (*builder, map[string]Document, error) {
	b, err := newBuilder()
	if err != nil {
		return nil, nil, err
	}
	names, err := files(own)
	if err != nil {
		return nil, nil, fmt.Errorf("read rules: %w", err)
	}
	docs := map[string]Document{}
	for _, name := range names {
		data, err := read(own, name)
		if err != nil {
			return nil, nil, fmt.Errorf("rule %s: %w", name, err)
		}
		d, err := b.take(name, data, Document{}, false)
		if err != nil {
			return nil, nil, err
		}
		docs[d.ID] = d
	}
	return b, docs, nil
}

// Draft is the rules in use with one file more, or another text of one: to try
// it before it is put into the folder. Faults of the text are Problems.
func Draft(own fs.FS, inUse *Set, file string, text []byte) (*Set, error) {
	b, docs, err := again(own, inUse)
	if err != nil {
		return nil, err
	}
	if _, err := b.take(file, text, docs[stem(file)], true); err != nil {
		b.blame(file, err)
	}
	b.change(inUse.changes)
	if set := b.finish(); len(set.Problems) == 0 {
		return set, nil
	}
	return nil, b.set.Problems
}

// DraftChange is the rules in use with another change in the place of those of
// its rule. Faults of the change are Problems.
func DraftChange(own fs.FS, inUse *Set, m Made) (*Set, error) {
	b, _, err := again(own, inUse)
	if err != nil {
		return nil, err
	}
	b.change(slices.DeleteFunc(slices.Clone(inUse.changes), func(o Made) bool { return o.Rule == m.Rule }))
	known := len(b.set.Problems)
	b.change([]Made{m})
	if ps := b.set.Problems[known:]; len(ps) > 0 {
		return nil, ps
	}
	return b.finish(), nil
}

// again begins a set with what is in use, but for changes.
func again(own fs.FS, inUse *Set) (*builder, map[string]Document, error) {
	b, docs, err := brought(own)
	if err != nil {
		return nil, nil, err
	}
	for name, data := range inUse.texts {
		if _, err := b.take(name, data, docs[stem(name)], true); err != nil {
			return nil, nil, err
		}
	}
	return b, docs, nil
}

// stem is the ID that a file's name is.
func stem(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(path.Base(name), ".yaml"), ".yml")
}

// Parse reads one file alone, as muster rule check does; base is the rule that
// it changes, or empty.
func Parse(file string, data []byte, base Document) (*Set, error) {
	b, err := newBuilder()
	if err != nil {
		return nil, err
	}
	if _, err := b.take(file, data, base, true); err != nil {
		b.blame(file, err)
		return nil, b.set.Problems
	}
	return b.finish(), nil
}

func files(from fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(from, ".")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if name := e.Name(); !e.IsDir() && !strings.HasPrefix(name, ".") && (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")) {
			out = append(out, name)
		}
	}
	if len(out) > maxFiles {
		return nil, fmt.Errorf("%d files, at most %d", len(out), maxFiles)
	}
	return out, nil
}

func read(from fs.FS, name string) ([]byte, error) {
	f, err := from.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, settings.MaxFile+1))
}

// decode reads a document over what it changes.
func decode(file string, data []byte, base Document) (Document, error) {
	d := base
	if err := settings.Decode(file, data, &d); err != nil {
		return d, err
	}
	if id := stem(file); d.ID != id {
		return d, settings.Problems{{File: file, Line: 1, Column: 1, Key: "id", Text: d.ID, Want: fmt.Sprintf("the file's name is expected, %s: so that a rule is found by its name", id)}}
	}
	return d, nil
}

// builder collects rules into a set.
type builder struct {
	c   *compiler
	set *Set
}

func newBuilder() (*builder, error) {
	c, err := newCompiler()
	return &builder{c: c, set: &Set{Broken: map[string]Standing{}, texts: map[string][]byte{}}}, err
}

func (b *builder) blame(file string, err error) {
	var ps settings.Problems
	switch {
	case err == nil:
	case errors.As(err, &ps):
		b.set.Problems = append(b.set.Problems, ps...)
	default:
		b.set.Problems = append(b.set.Problems, settings.Problem{File: file, Want: err.Error()})
	}
}

// take reads a file over what it changes, and puts its rule in the place of
// one with its ID.
func (b *builder) take(file string, data []byte, base Document, office bool) (Document, error) {
	d, err := decode(file, data, base)
	if err != nil {
		return d, err
	}
	r, ps := b.compile(d, file, office)
	if len(ps) > 0 {
		return d, settings.Locate(file, data, ps)
	}
	b.set.Rules = slices.DeleteFunc(b.set.Rules, func(o *Rule) bool { return o.ID == d.ID })
	b.set.Rules = append(b.set.Rules, r)
	return d, nil
}

// compile makes a rule of a document.
func (b *builder) compile(d Document, file string, office bool) (*Rule, settings.Problems) {
	r := &Rule{Document: d, File: file, Office: office}
	r.On, _ = FindSubject(d.Subject)
	s := scope{rule: d.ID, subject: r.On, limits: d.Limits}
	var ps settings.Problems
	compile := func(key, text string, want *cel.Type) *Program {
		p, err := b.c.compile(text, s, want)
		if err != nil {
			ps = append(ps, settings.Problem{Key: key, Text: text, Want: err.Error()})
		}
		return p
	}
	for i, l := range d.Levels {
		key := fmt.Sprintf("levels[%d]", i)
		out := Level{Severity: Severity(l.Severity), Hold: l.Hold.D(), Samples: l.Samples, ClearFor: l.ClearFor.D()}
		out.When = compile(key+".when", l.When, cel.BoolType)
		if l.Clear != "" {
			out.Clear = compile(key+".clear", l.Clear, cel.BoolType)
		}
		r.Levels = append(r.Levels, out)
	}
	for i, e := range d.Evidence {
		key := fmt.Sprintf("evidence[%d]", i)
		out := Shown{Label: e.Label, Unit: e.Unit, Over: e.Over.D()}
		switch {
		case e.Chart != "" && e.Value == "":
			m, f, _ := strings.Cut(e.Chart, ".")
			p := compile(key+".chart", e.Chart, cel.DoubleType)
			if p != nil && b.c.inputs[p.Inputs[0]].Kind != Sample {
				ps = append(ps, settings.Problem{Key: key + ".chart", Text: e.Chart, Want: "a number of the metric catalogue is expected"})
			}
			out.Chart = Ref{m, f}
		case e.Value != "" && e.Chart == "" && e.Label != "":
			if out.Value = compile(key+".value", e.Value, nil); out.Value != nil {
				out.Personal = slices.ContainsFunc(out.Value.Inputs, func(slot int) bool { return b.c.inputs[slot].Personal() })
			}
		default:
			ps = append(ps, settings.Problem{Key: key, Want: "a label with a value, or a chart, is expected"})
		}
		r.Shown = append(r.Shown, out)
	}
	var more settings.Problems
	r.Cases, more = d.parseCases()
	if ps = append(ps, more...); len(ps) > 0 {
		return nil, ps
	}
	for _, l := range r.Levels {
		r.Inputs = append(r.Inputs, l.When.Inputs...)
		if l.Clear != nil {
			r.Inputs = append(r.Inputs, l.Clear.Inputs...)
		}
	}
	for _, e := range r.Shown {
		if e.Value != nil {
			r.Evidence = append(r.Evidence, e.Value.Inputs...)
		}
	}
	r.Inputs, r.Evidence = distinct(r.Inputs), distinct(r.Evidence)
	return r, nil
}

func distinct(slots []int) []int {
	slices.Sort(slots)
	return slices.Compact(slots)
}

func (b *builder) finish() *Set {
	slices.SortFunc(b.set.Rules, func(a, c *Rule) int { return cmp.Compare(a.ID, c.ID) })
	b.set.Inputs = b.c.inputs
	// Other rules are named by rules: whoever names one that is not there
	// would wait for ever.
	for _, r := range b.set.Rules {
		for _, slot := range r.Inputs {
			in := b.set.Inputs[slot]
			if _, ok := b.set.Find(in.Source); in.Kind == Firing && !ok {
				b.set.Problems = append(b.set.Problems, settings.Problem{File: r.File, Text: in.String(), Want: "there is no rule " + in.Source})
			}
		}
	}
	return b.set
}
