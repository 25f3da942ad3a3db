package profile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/internal/inventory"
	"muster/internal/metric"
	"muster/internal/settings"
)

// Profile is a profile that can be used: with all that it extends.
type Profile struct {
	Document
	File   string // where it was read; without a folder: Muster's own
	Office bool   // an office's own, or changed by it

	draft    draft
	matches  []matcher
	facts    map[string][]*source
	tables   []*table
	numbers  []number
	readers  []string // builtins, of all that it extends
	ports    portRules
	fdb      FDBOptions
	neighbor NeighborOptions
}

// portRules are PortOptions, compiled.
type portRules struct {
	PortOptions
	skip *regexp.Regexp
}

// source is a Source, compiled.
type source struct {
	*Source
	match, blank *regexp.Regexp
	take         string
	mapped       map[string]string
	byPart       int // piece of the index; -1: none
	byColumn     int
	part         int // Index as a place in the index; -1: all of it
	inner        []*source
}

// table is a TableDocument, compiled.
type table struct {
	TableDocument
	section *inventory.Section
	every   time.Duration
	only    []*condition
	skip    []*condition
	fields  []filled
	columns []string // OIDs asked for
	number  map[int]int
	objects []string // single objects asked for
}

// filled is a column of the section and where its values come from.
type filled struct {
	at      int
	sources []*source
}

type condition struct {
	Condition
	match    *regexp.Regexp
	byPart   int
	byColumn int
	part     int
}

// number is a number of the metric catalogue and where it comes from.
type number struct {
	measurement, field string
	sources            []*source
}

// compiler collects what is wrong.
type compiler struct {
	ps settings.Problems
	*loader
}

// compiled is what profiles that extend the same have in common: compiled once
// and kept once. What is wrong is not among it.
type compiled struct {
	tables  map[*TableDocument]*table
	sources map[*Source]*source
	texts   map[string]*regexp.Regexp
	roots   map[[2]string]Document // by name and OID
}

func newCompiled() compiled {
	return compiled{map[*TableDocument]*table{}, map[*Source]*source{}, map[string]*regexp.Regexp{}, map[[2]string]Document{}}
}

// once gives what was compiled of k, or compiles it.
func once[K comparable, V any](c *compiler, done map[K]V, k K, compile func() V) V {
	if v, ok := done[k]; ok {
		return v
	}
	before := len(c.ps)
	v := compile()
	if len(c.ps) == before {
		done[k] = v
	}
	return v
}

// compile makes a profile of a file and those it extends.
func (l *loader) compile(d draft) (*Profile, settings.Problems) {
	line, ps := l.line(d)
	c := compiler{ps: ps, loader: l}
	d.doc = line[0].doc // with what stands for {root}
	p := &Profile{Document: d.doc, File: d.file, Office: d.office, draft: d, facts: map[string][]*source{}}
	for i, m := range d.doc.Match {
		p.matches = append(p.matches, c.matcher(fmt.Sprintf("match[%d]", i), m))
	}
	taken := map[string]bool{} // names that stand: a nearer one replaces a farther one
	var unwanted []string
	given := map[string]bool{} // numbers
	for depth, x := range line {
		doc := x.doc
		own := depth == 0
		key := func(s string) string {
			if own {
				return s
			}
			return "extends" // what is wrong in another file is told there too
		}
		for _, name := range sortedKeys(doc.Metadata) {
			for i := range doc.Metadata[name] {
				x := &doc.Metadata[name][i]
				p.facts[name] = append(p.facts[name], once(&c, c.sources, x, func() *source {
					return c.source(key(fmt.Sprintf("metadata.%s[%d]", name, i)), x, nil, inventory.Column{})
				}))
			}
		}
		for _, b := range doc.Builtins {
			if !taken[b] && !slices.Contains(unwanted, b) {
				p.readers = append(p.readers, b)
				taken[b] = true
			}
		}
		var names []string
		take := func(kind string, i int, t *TableDocument) {
			name := t.Name
			if name == "" {
				name = t.Section
			}
			if slices.Contains(unwanted, name) || t.Name != "" && taken[t.Name] {
				return
			}
			if t.Name != "" {
				names = append(names, t.Name)
			}
			if made := once(&c, c.tables, t, func() *table { return c.table(key(fmt.Sprintf("%s[%d]", kind, i)), t) }); made != nil {
				p.tables = append(p.tables, made)
			}
		}
		for i := range doc.Tables {
			take("tables", i, &doc.Tables[i])
		}
		for i := range doc.Scalars {
			t := &doc.Scalars[i]
			if t.Entry != "" {
				c.ps.Add(key(fmt.Sprintf("scalars[%d].entry", i)), t.Entry, "scalars have no entry: this belongs to tables")
			}
			take("scalars", i, t)
		}
		for _, name := range names {
			taken[name] = true
		}
		for _, name := range sortedKeys(doc.Numbers) {
			if !given[name] {
				given[name] = true
				p.numbers = append(p.numbers, c.number(key("numbers."+name), name, doc.Numbers[name]))
			}
		}
		unwanted = append(unwanted, doc.Without...)
		p.option(doc.Options)
	}
	if p.ports.Skip != "" {
		p.ports.skip = c.regexp("options.ports.skip", p.ports.Skip)
	}
	checkOID(&c.ps, "root", d.doc.Root)
	if p.fdb.VlanOf != "" {
		checkOID(&c.ps, "options.fdb.vlan_of", p.fdb.VlanOf)
	}
	return p, c.ps
}

// option fills in what nearer profiles did not say.
func (p *Profile) option(o Options) {
	text := func(to *string, s string) {
		if *to == "" {
			*to = s
		}
	}
	list := func(to *[]string, s []string) {
		if *to == nil {
			*to = s
		}
	}
	text(&p.ports.Name, o.Ports.Name)
	text(&p.ports.Skip, o.Ports.Skip)
	text(&p.ports.Counters, o.Ports.Counters)
	text(&p.fdb.Contexts, o.FDB.Contexts)
	text(&p.fdb.Port, o.FDB.Port)
	text(&p.fdb.VlanOf, o.FDB.VlanOf)
	list(&p.fdb.Names, o.FDB.Names)
	text(&p.neighbor.Local, o.Neighbors.Local)
	list(&p.neighbor.Names, o.Neighbors.Names)
}

func (c *compiler) regexp(key, s string) *regexp.Regexp {
	if s == "" {
		return nil
	}
	return once(c, c.texts, s, func() *regexp.Regexp {
		r, err := regexp.Compile(s)
		if err != nil {
			c.ps.Add(key, s, "a regular expression is expected: %v", err)
		}
		return r
	})
}

func (c *compiler) table(key string, d *TableDocument) *table {
	t := &table{TableDocument: *d, number: map[int]int{}}
	var ok bool
	if t.section, ok = inventory.Lookup(d.Section); !ok {
		c.ps.Add(key+".section", d.Section, "there is no such section%s", settings.Nearest(d.Section, sections()))
		return nil
	}
	if t.Name == "" {
		t.Name = d.Section
	}
	if d.Entry != "" && !isOID(d.Entry) {
		c.ps.Add(key+".entry", d.Entry, "the OID of a table's entry is expected")
		return nil
	}
	t.every = paceOf(d.Every.D(), t.section)
	checkOID(&c.ps, key+".changed", d.Changed)
	checkOIDs(&c.ps, key+".unless", d.Unless)
	for i, x := range d.Only {
		t.only = append(t.only, c.condition(fmt.Sprintf("%s.only[%d]", key, i), x, t))
	}
	for i, x := range d.Skip {
		t.skip = append(t.skip, c.condition(fmt.Sprintf("%s.skip[%d]", key, i), x, t))
	}
	seen := map[string]bool{}
	fill := func(group, name string, list []Source) {
		where := key + "." + group + "." + name
		col, ok := t.section.Column(name)
		if !ok {
			c.ps.Add(where, "", "section %s has no column %s%s", d.Section, name, settings.Nearest(name, columnsOf(t.section)))
			return
		}
		if seen[name] {
			c.ps.Add(where, "", "%s is filled twice", name)
			return
		}
		seen[name] = true
		f := filled{at: t.section.Index(name)}
		for i := range list {
			at := where
			if group == "fields" {
				at = fmt.Sprintf("%s[%d]", where, i)
			}
			f.sources = append(f.sources, c.source(at, &list[i], t, col))
		}
		t.fields = append(t.fields, f)
	}
	for _, name := range sortedKeys(d.Set) {
		fill("set", name, []Source{{Value: d.Set[name]}})
	}
	for _, name := range sortedKeys(d.Columns) {
		fill("columns", name, []Source{{Column: d.Columns[name]}})
	}
	for _, name := range sortedKeys(d.Objects) {
		checkOID(&c.ps, key+".objects."+name, d.Objects[name])
		fill("objects", name, []Source{{OID: d.Objects[name]}})
	}
	for _, name := range sortedKeys(d.Fields) {
		fill("fields", name, d.Fields[name])
	}
	keyed := t.section.Single || d.Section == "ups" // which has no name where it is the device
	for _, i := range t.section.Keys() {
		keyed = keyed || seen[t.section.Columns[i].Name]
	}
	if !keyed {
		c.ps.Add(key, "", "the key of section %s is filled by nothing: %s", d.Section, strings.Join(keysOf(t.section), ", "))
	}
	if d.Entry != "" && len(t.columns) == 0 {
		c.ps.Add(key, "", "no column of the table is asked for")
	}
	return t
}

func columnsOf(s *inventory.Section) []string {
	out := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		out[i] = c.Name
	}
	return out
}

func keysOf(s *inventory.Section) []string {
	var out []string
	for _, i := range s.Keys() {
		out = append(out, s.Columns[i].Name)
	}
	return out
}

func sections() []string {
	var out []string
	for _, s := range inventory.Schema() {
		out = append(out, s.Name)
	}
	return out
}

// ask notes that a table asks for a column.
func (c *compiler) ask(key string, t *table, column int) {
	switch {
	case t == nil || t.Entry == "":
		c.ps.Add(key, "", "column belongs to a table with an entry")
	case column < 1:
		c.ps.Add(key, strconv.Itoa(column), "a number from 1 is expected")
	default:
		if _, ok := t.number[column]; !ok {
			t.number[column] = len(t.columns)
			t.columns = append(t.columns, t.Entry+"."+strconv.Itoa(column))
		}
	}
}

// part finds a piece of the index by name.
func (c *compiler) part(key string, t *table, name string) int {
	if t != nil {
		for i, p := range t.TableDocument.Index {
			if p.Name == name {
				return i
			}
		}
	}
	c.ps.Add(key, name, "the index has no such piece: name it under index")
	return -1
}

// by reads what a lookup goes by: nothing, a piece of the index or a column.
func (c *compiler) by(key string, t *table, s string) (part, column int) {
	part = -1
	if s == "" {
		return
	}
	if n, ok := strings.CutPrefix(s, "column:"); ok {
		column, _ = strconv.Atoi(n)
		c.ask(key, t, column)
		return
	}
	return c.part(key, t, s), 0
}

func (c *compiler) condition(key string, d Condition, t *table) *condition {
	out := &condition{Condition: d, match: c.regexp(key+".match", d.Match), part: -1}
	if d.Column != 0 {
		c.ask(key+".column", t, d.Column)
	}
	if d.Index != "" && d.Index != "*" {
		out.part = c.part(key+".index", t, d.Index)
	}
	out.byPart, out.byColumn = c.by(key+".by", t, d.By)
	return out
}

// source compiles one place, for a column of a section where it has one.
func (c *compiler) source(key string, d *Source, t *table, col inventory.Column) *source {
	for _, p := range c.verifier.Verify(d) {
		p.Key = strings.TrimSuffix(key+"."+p.Key, ".")
		c.ps = append(c.ps, p)
	}
	return c.place(key, d, t, col)
}

// place does the same for one that was verified.
func (c *compiler) place(key string, d *Source, t *table, col inventory.Column) *source {
	s := &source{Source: d, match: c.regexp(key+".match", d.Match), blank: c.regexp(key+".blank", d.Blank), part: -1, byPart: -1}
	s.mapped, _ = parseMap(d.Map)
	s.take = d.Take
	if d.Match != "" && s.take == "" && s.match != nil {
		s.take = "$0"
		if s.match.NumSubexp() > 0 {
			s.take = "$1"
		}
	}
	if d.Column != 0 {
		c.ask(key+".column", t, d.Column)
	}
	if d.Times != 0 {
		c.ask(key+".times", t, d.Times)
	}
	if d.Like != 0 {
		c.ask(key+".like", t, d.Like)
	}
	if d.Index != "" && d.Index != "*" {
		s.part = c.part(key+".index", t, d.Index)
	}
	if d.Index == "*" && (t == nil || t.Entry == "") || d.Lookup != "" && (t == nil || t.Entry == "") {
		c.ps.Add(key, "", "index and lookup belong to a table with an entry")
	}
	s.byPart, s.byColumn = c.by(key+".by", t, d.By)
	if d.OID != "" && t != nil {
		t.objects = append(t.objects, d.OID)
	}
	if col.Enum != nil {
		bad := func(at, value string) {
			if value != "" && !slices.Contains(col.Enum, value) {
				c.ps.Add(at, value, "%s is one of %s%s", col.Name, strings.Join(col.Enum, ", "), settings.Nearest(value, col.Enum))
			}
		}
		if d.Map == "" {
			bad(key, d.Value)
		}
		for _, k := range sortedKeys(s.mapped) {
			bad(key+".map", s.mapped[k])
		}
	}
	if d.Metadata != "" && !slices.Contains(Facts(), d.Metadata) {
		c.ps.Add(key+".metadata", d.Metadata, "there is no such fact%s; known: %s", settings.Nearest(d.Metadata, Facts()), strings.Join(Facts(), ", "))
	}
	for i := range d.Parts {
		s.inner = append(s.inner, c.place(fmt.Sprintf("%s.parts[%d]", key, i), &d.Parts[i], t, inventory.Column{}))
	}
	return s
}

func (c *compiler) number(key, name string, list []Source) number {
	m, f, ok := strings.Cut(name, ".")
	n := number{measurement: m, field: f}
	if meta, _, found := metric.Lookup(m, f); !ok || !found {
		c.ps.Add(key, "", "a number of the metric catalogue is expected, such as firewall.sessions")
	} else if len(meta.Labels) > 0 {
		c.ps.Add(key, "", "numbers of %s follow from rows of a section: fill those", m)
	}
	for i := range list {
		n.sources = append(n.sources, c.source(fmt.Sprintf("%s[%d]", key, i), &list[i], nil, inventory.Column{}))
	}
	return n
}
