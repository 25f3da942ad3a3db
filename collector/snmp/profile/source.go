package profile

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
)

// datum is a value on its way from an object to a column.
type datum struct {
	text string
	num  float64
	kind datumKind
	list []string
}

type datumKind uint8

const (
	nothing datumKind = iota
	isText
	isNumber
	isList
	isTime // num is Unix milliseconds
)

func textDatum(s string) datum {
	if s == "" {
		return datum{}
	}
	return datum{text: s, kind: isText}
}

func numberDatum(f float64) datum {
	if !finite(f) {
		return datum{}
	}
	return datum{num: f, kind: isNumber}
}

// number is the datum as a number.
func (d datum) number() (float64, bool) {
	switch d.kind {
	case isNumber, isTime:
		return d.num, true
	case isText:
		return parseNumber(d.text)
	}
	return 0, false
}

// string is the datum as a text.
func (d datum) string() string {
	switch d.kind {
	case isNumber, isTime:
		return strconv.FormatFloat(d.num, 'f', -1, 64)
	case isList:
		return strings.Join(d.list, ", ")
	}
	return d.text
}

// scope is where sources are looked up: the device, the round, and the row of a
// table where there is one.
type scope struct {
	d      *Device
	r      *reader
	t      *table
	row    *session.Row
	pieces []piece
	err    error // why a place could not be read
	asking []string
}

// first is the first of several places that has something.
func (s *scope) first(ctx context.Context, list []*source) datum {
	for _, x := range list {
		if d := s.eval(ctx, x); d.kind != nothing {
			return d
		}
	}
	return datum{}
}

// cell is a column of the row.
func (s *scope) cell(column int) session.Value {
	if s.row == nil {
		return session.Value{}
	}
	i, ok := s.t.number[column]
	if !ok || i >= len(s.row.Cells) {
		return session.Value{}
	}
	return s.row.Cells[i]
}

// elsewhere is the index in another table that a lookup goes by.
func (s *scope) elsewhere(part, column int) string {
	switch {
	case s.row == nil:
		return ""
	case column > 0:
		if v := s.cell(column); v.Kind == session.ObjectID {
			return v.S
		} else if n, ok := integerOf(v); ok {
			return strconv.FormatInt(n, 10)
		}
		return ""
	case part >= 0 && part < len(s.pieces):
		return s.pieces[part].raw
	}
	return s.row.Index
}

// lookup is a column of another table, or a named one.
func (s *scope) lookup(ctx context.Context, name, index string) datum {
	if index == "" {
		return datum{}
	}
	switch name {
	case "entity", "entity.description", "entity.model", "entity.serial":
		e := s.d.entity(ctx, s.r, index)
		if e == nil {
			return datum{}
		}
		switch name {
		case "entity.description":
			return textDatum(e.Description)
		case "entity.model":
			return textDatum(e.Model)
		case "entity.serial":
			return textDatum(e.Serial)
		}
		return textDatum(firstText(e.Name, e.Description))
	case "port":
		return textDatum(s.d.portByIndex(ctx, s.r, index))
	case "base_port":
		n, _ := strconv.ParseInt(index, 10, 64)
		port, _ := s.d.resolvePort(ctx, s.r, n)
		return textDatum(port)
	}
	return s.read(ctx, s.d.lookedUp(ctx, s.r, name)[index], "")
}

func firstText(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// eval takes a value from its place and makes of it what the source says.
func (s *scope) eval(ctx context.Context, x *source) datum {
	d := s.place(ctx, x)
	if d.kind == nothing {
		return d
	}
	if len(x.Skip) > 0 {
		if f, ok := d.number(); ok && slices.Contains(x.Skip, f) {
			return datum{}
		}
	}
	if x.blank != nil && x.blank.MatchString(d.string()) {
		return datum{}
	}
	if x.match != nil {
		text := d.string()
		m := x.match.FindStringSubmatchIndex(text)
		if m == nil {
			return datum{}
		}
		d = textDatum(strings.TrimSpace(string(x.match.ExpandString(nil, x.take, text, m))))
	}
	if x.mapped != nil {
		return s.mapDatum(x, d)
	}
	if x.Scale != 0 || x.Divisor != 0 || x.Offset != 0 || x.Times != 0 || len(x.Between) > 0 {
		f, ok := d.number()
		if !ok {
			return datum{}
		}
		if x.Times != 0 {
			by, ok := numberOf(s.cell(x.Times))
			if !ok {
				return datum{}
			}
			f *= by
		}
		if x.Scale != 0 {
			f *= x.Scale
		}
		if x.Divisor != 0 {
			f /= x.Divisor
		}
		if x.Offset != 0 {
			f = tidy(f + x.Offset) // no more digits than the sum has
		}
		if len(x.Between) == 2 && (f < x.Between[0] || f > x.Between[1]) {
			return datum{}
		}
		return numberDatum(f)
	}
	return d
}

func (s *scope) mapDatum(x *source, d datum) datum {
	one := func(text string) (string, bool) {
		to, ok := x.mapped[text]
		if !ok {
			to, ok = x.mapped["*"]
		}
		return to, ok
	}
	if d.kind == isList {
		var out []string
		for _, text := range d.list {
			if to, ok := one(text); ok && to != "" {
				out = append(out, to)
			}
		}
		return datum{list: out, kind: isList}
	}
	to, _ := one(strings.TrimSpace(d.string()))
	return textDatum(to)
}

// place takes a value from where the source says.
func (s *scope) place(ctx context.Context, x *source) datum {
	switch {
	case x.Value != "":
		return textDatum(x.Value)
	case x.Column != 0:
		return s.read(ctx, s.cell(x.Column), x.As, x.Layout)
	case x.OID != "":
		v := s.r.object(ctx, x.OID)
		s.err = fault(s.err, v.err)
		return s.read(ctx, v.Value, x.As, x.Layout)
	case x.Lookup != "":
		index := s.elsewhere(x.byPart, x.byColumn)
		if isOID(x.Lookup) {
			if index == "" {
				return datum{}
			}
			if x.Live {
				c := s.r.column(ctx, x.Lookup)
				s.err = fault(s.err, c.err)
				return s.read(ctx, c.cells[index], x.As, x.Layout)
			}
			return s.read(ctx, s.d.lookedUp(ctx, s.r, x.Lookup)[index], x.As, x.Layout)
		}
		return s.lookup(ctx, x.Lookup, index)
	case x.Index != "":
		return s.indexDatum(ctx, x)
	case x.First != "":
		return s.firstCell(ctx, x)
	case x.Sum != "", x.Average != "", x.Count != "":
		return s.gathered(ctx, x)
	case x.Entity != "":
		return textDatum(s.d.chassisFact(ctx, s.r, x.Entity))
	case x.System != "":
		return textDatum(s.d.systemFact(x.System))
	case x.Metadata != "":
		return textDatum(s.d.fact(ctx, s, x.Metadata))
	case len(x.inner) > 0:
		var out []string
		for _, i := range x.inner {
			if d := s.eval(ctx, i); d.kind != nothing {
				out = append(out, d.string())
			}
		}
		joined := x.Joined
		if joined == "" && !x.Glued {
			joined = " "
		}
		return textDatum(strings.Join(out, joined))
	}
	return datum{}
}

func (s *scope) indexDatum(ctx context.Context, x *source) datum {
	if s.row == nil {
		return datum{}
	}
	text, raw := s.row.Index, s.row.Index
	if x.part >= 0 {
		if x.part >= len(s.pieces) {
			return datum{}
		}
		text, raw = s.pieces[x.part].text, s.pieces[x.part].raw
	}
	switch x.As {
	case "port":
		return textDatum(s.d.portByIndex(ctx, s.r, raw))
	case "base_port":
		return s.lookup(ctx, "base_port", raw)
	case "mac":
		if b, ok := bytesOf(arcsOf(raw)); ok {
			return textDatum(macOf(session.Value{Kind: session.OctetString, B: b}))
		}
		return datum{}
	case "address":
		if b, ok := bytesOf(arcsOf(raw)); ok {
			return textDatum(addressOf(session.Value{Kind: session.OctetString, B: b}))
		}
		return datum{}
	case "oid_end":
		return textDatum(raw[strings.LastIndexByte(raw, '.')+1:])
	}
	return textDatum(text)
}

func (s *scope) firstCell(ctx context.Context, x *source) datum {
	c := s.r.column(ctx, x.First)
	s.err = fault(s.err, c.err)
	for _, index := range c.order {
		if !s.counts(ctx, x, index) {
			continue
		}
		d := s.read(ctx, c.cells[index], x.As, x.Layout)
		if d.kind == nothing || x.blank != nil && x.blank.MatchString(d.string()) || x.match != nil && !x.match.MatchString(d.string()) {
			continue
		}
		return d
	}
	return datum{}
}

func (s *scope) gathered(ctx context.Context, x *source) datum {
	oid := firstText(x.Sum, x.Average, x.Count)
	c := s.r.column(ctx, oid)
	if c.err != nil {
		s.err = fault(s.err, c.err)
		return datum{}
	}
	var sum float64
	n := 0
	for _, index := range c.order {
		if !s.counts(ctx, x, index) {
			continue
		}
		n++
		if f, ok := numberOf(c.cells[index]); ok {
			sum += f
		}
	}
	switch {
	case x.Count != "":
		return numberDatum(float64(n))
	case n == 0:
		return datum{}
	case x.Average != "":
		return numberDatum(sum / float64(n))
	}
	return numberDatum(sum)
}

// counts says whether a row of another table is one of those that where means.
func (s *scope) counts(ctx context.Context, x *source, index string) bool {
	if x.Where == "" {
		return true
	}
	v := s.r.column(ctx, x.Where).cells[index]
	if x.Like != 0 {
		text := textOf(s.cell(x.Like))
		return text != "" && text == textOf(v)
	}
	f, ok := numberOf(v)
	return ok && slices.Contains(x.Is, f)
}

// read makes a datum of a value: as it is, or as the profile says.
func (s *scope) read(ctx context.Context, v session.Value, as string, layout ...string) datum {
	if v.Kind == session.Missing || v.Kind == session.Null {
		return datum{}
	}
	switch as {
	case "mac":
		return textDatum(macOf(v))
	case "address":
		return textDatum(addressOf(v))
	case "hex":
		return textDatum(hexOf(v))
	case "number":
		f, ok := numberOf(v)
		if !ok {
			return datum{}
		}
		return numberDatum(f)
	case "decibels":
		f, ok := numberOf(v)
		if !ok || f <= 0 {
			return datum{}
		}
		return numberDatum(math.Round(10_000*math.Log10(f)) / 1000)
	case "text":
		return textDatum(textOf(v))
	case "date":
		return s.dateDatum(v, layout)
	case "ticks":
		f, ok := numberOf(v)
		if !ok {
			return datum{}
		}
		return numberDatum(f / 100)
	case "bits":
		out := []string{}
		for _, n := range bitsOf(v.B) {
			out = append(out, strconv.Itoa(n))
		}
		return datum{list: out, kind: isList}
	case "oid_end":
		return textDatum(v.S[strings.LastIndexByte(v.S, '.')+1:])
	case "port":
		n, ok := integerOf(v)
		if !ok {
			return datum{}
		}
		return textDatum(s.d.portByIndex(ctx, s.r, strconv.FormatInt(n, 10)))
	case "base_port":
		n, ok := integerOf(v)
		if !ok {
			return datum{}
		}
		port, _ := s.d.resolvePort(ctx, s.r, n)
		return textDatum(port)
	}
	switch v.Kind {
	case session.OctetString, session.Opaque, session.ObjectID, session.IPAddress:
		return textDatum(textOf(v))
	}
	f, ok := numberOf(v)
	if !ok {
		return datum{}
	}
	return numberDatum(f)
}

// dateDatum reads a date: DateAndTime, a text in the layout that is given, or
// seconds since 1970.
func (s *scope) dateDatum(v session.Value, layout []string) datum {
	at := func(t time.Time) datum { return datum{num: float64(t.UnixMilli()), kind: isTime} }
	if v.Kind != session.OctetString {
		if n, ok := integerOf(v); ok && n > 0 && n < 1<<33 {
			return at(time.Unix(n, 0))
		}
		return datum{}
	}
	if len(layout) > 0 && layout[0] != "" {
		if t, err := time.Parse(layout[0], textOf(v)); err == nil && t.Year() >= 1990 {
			return at(t)
		}
		return datum{}
	}
	if t, ok := dateOf(v.B); ok {
		return at(t)
	}
	return datum{}
}

// column makes a value of a section's column of a datum. nil: nothing.
func (d datum) column(c inventory.Column) any {
	switch c.Kind {
	case inventory.Time:
		if d.kind == isTime {
			return int64(d.num)
		}
	case inventory.Int:
		if f, ok := d.number(); ok && math.Abs(f) < 1<<53 {
			return int64(math.Round(f))
		}
	case inventory.Float:
		if f, ok := d.number(); ok {
			return f
		}
	case inventory.Bool:
		switch d.string() {
		case "true", "1":
			return true
		case "false", "0", "2": // TruthValue (RFC 2579): 1 true, 2 false
			return false
		}
	case inventory.List:
		l := d.list
		if d.kind != isList && d.kind != nothing {
			l = []string{d.string()}
		}
		if x, ok := inventory.Normalize(c, l); ok {
			return x
		}
	case inventory.Text:
		if t := d.string(); t != "" {
			return t
		}
	}
	return nil
}
