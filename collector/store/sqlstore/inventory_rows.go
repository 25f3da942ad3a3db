package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"

	"muster/internal/inventory"
)

// row is a row of a section as stored.
type row struct {
	no      int64
	from    int64
	until   int64 // 0: still so
	missing int64 // 0: seen by the last reading that could tell
	values  []any // every column of the catalogue, in order
}

// asker runs queries, of the writer or of a read transaction. What was read
// goes into caches by keep: at once when it is durable, else after it is.
type asker struct {
	each func(query string, args []any, f func(scan) error) error
	keep func(func())
}

func (t *tx) asker() asker {
	return asker{each: t.each, keep: func(f func()) { t.after = append(t.after, f) }}
}

func (v *view) asker(ctx context.Context) asker {
	return asker{
		each: func(query string, args []any, f func(scan) error) error { return v.each(ctx, query, args, f) },
		keep: func(f func()) { f() },
	}
}

// factKey names a fact over all sections.
type factKey struct {
	section int64
	fact    int64
}

// digest names the content of a fact. Columns that are nil do not count, so
// that a column added later does not make every fact new.
type digest [16]byte

// factsKept is how many facts stay in memory, about 300 bytes each.
const factsKept = 16_384

// gathered are rows of a section as they come.
type gathered struct {
	p     *plan
	rows  []row
	facts []int64
	cells []any
	into  []any
}

const fixedCells = 5

func newGathered(p *plan) *gathered {
	g := &gathered{p: p, cells: make([]any, fixedCells+len(p.own))}
	g.into = make([]any, len(g.cells))
	for i := range g.cells {
		g.into[i] = &g.cells[i]
	}
	return g
}

func (g *gathered) take(scan scan) error {
	if err := scan(g.into...); err != nil {
		return err
	}
	r := row{values: make([]any, len(g.p.section.Columns))}
	r.no, _ = g.cells[0].(int64)
	r.from, _ = g.cells[1].(int64)
	r.until, _ = g.cells[2].(int64)
	r.missing, _ = g.cells[3].(int64)
	fact, _ := g.cells[4].(int64)
	for i, c := range g.p.own {
		r.values[c] = fromSQL(g.p.section.Columns[c], g.cells[fixedCells+i])
	}
	g.rows = append(g.rows, r)
	g.facts = append(g.facts, fact)
	return nil
}

// rowsOf loads rows of a section, sorted by key and then by time.
func (x *Inventory) rowsOf(ask asker, p *plan, query string, args ...any) ([]row, error) {
	g := newGathered(p)
	if err := ask.each(query, args, g.take); err != nil {
		return nil, err
	}
	return x.completed(ask, g)
}

// completed puts the shared columns into rows, and sorts them.
func (x *Inventory) completed(ask asker, g *gathered) ([]row, error) {
	p, out := g.p, g.rows
	known, err := x.factsOf(ask, p, g.facts)
	if err != nil {
		return nil, err
	}
	for i, no := range g.facts {
		for j, c := range p.shared {
			out[i].values[c] = known[no][j]
		}
	}
	slices.SortStableFunc(out, func(a, b row) int {
		if c := p.order(a.values, b.values); c != 0 {
			return c
		}
		return int(min(max(a.from-b.from, -1), 1))
	})
	return out, nil
}

// factsOf loads the shared columns of facts; number 0 is the fact of which
// nothing is known.
func (x *Inventory) factsOf(ask asker, p *plan, numbers []int64) (map[int64][]any, error) {
	out := make(map[int64][]any, len(numbers))
	var missing numberList
	for _, no := range numbers {
		if _, ok := out[no]; ok {
			continue
		}
		v, ok := x.facts.get(factKey{p.no, no})
		if !ok {
			v = make([]any, len(p.shared))
			for i, c := range p.shared {
				v[i] = fromSQL(p.section.Columns[c], nil)
			}
			if no != 0 {
				missing = append(missing, no)
			}
		}
		out[no] = v
	}
	if len(missing) == 0 || len(p.shared) == 0 {
		return out, nil
	}
	cells := make([]any, 1+len(p.shared))
	into := make([]any, len(cells))
	for i := range cells {
		into[i] = &cells[i]
	}
	return out, ask.each(p.factsByNo, []any{missing}, func(scan scan) error {
		if err := scan(into...); err != nil {
			return err
		}
		no, _ := cells[0].(int64)
		v := make([]any, len(p.shared))
		for i, c := range p.shared {
			v[i] = fromSQL(p.section.Columns[c], cells[1+i])
		}
		out[no] = v
		ask.keep(func() { x.facts.put(factKey{p.no, no}, v) })
		return nil
	})
}

// digestOf names the fact of a row; false when nothing of it is known.
func (p *plan) digestOf(values []any) (digest, bool) {
	b := make([]byte, 0, 256)
	b = appendText(b, p.section.Name)
	known := false
	for _, i := range p.shared {
		v := values[i]
		c := p.section.Columns[i]
		if v == nil || c.Key && v == "" {
			continue
		}
		known = true
		b = appendText(b, c.Name)
		switch x := v.(type) {
		case string:
			b = appendText(append(b, 't'), x)
		case []byte:
			b = appendText(append(b, 'b'), string(x))
		case int64:
			b = binary.BigEndian.AppendUint64(append(b, 'i'), uint64(x))
		case float64:
			b = binary.BigEndian.AppendUint64(append(b, 'f'), math.Float64bits(x))
		case bool:
			if x {
				b = append(b, 'y')
			} else {
				b = append(b, 'n')
			}
		}
	}
	h := sha256.Sum256(b)
	return digest(h[:16]), known
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// learn finds or stores the facts of rows, so that factNo knows them. What a
// transaction adds is remembered beyond it only once it is durable: a number
// that was rolled back is given again, to something else.
func (c *commit) learn(p *plan, list [][]any) error {
	if len(p.shared) == 0 {
		return nil
	}
	type wanted struct {
		digest digest
		values []any
		no     int64
	}
	var want []*wanted
	seen := map[digest]bool{}
	for _, values := range list {
		d, known := p.digestOf(values)
		if !known || seen[d] {
			continue
		}
		seen[d] = true
		if _, ok := c.digests[d]; ok {
			continue
		}
		if no, ok := c.x.digests.get(d); ok {
			c.digests[d] = no
			continue
		}
		want = append(want, &wanted{digest: d, values: values})
	}
	// First those that are there, then those that are not: of both, all at once.
	for _, insert := range []bool{false, true} {
		var ask []question
		for _, w := range want {
			q := question{p.factByHash, []any{w.digest[:]}, func(scan scan) error { return scan(&w.no) }}
			if insert {
				q.query, q.args = p.factInsert, p.factArgs(w.digest, w.values)
			}
			if w.no == 0 {
				ask = append(ask, q)
			}
		}
		if err := c.all(ask); err != nil {
			return err
		}
	}
	for _, w := range want {
		c.digests[w.digest] = w.no
		c.after = append(c.after, func() { c.x.digests.put(w.digest, w.no) })
	}
	return nil
}

// factArgs are the parameters of factInsert.
func (p *plan) factArgs(d digest, values []any) []any {
	args := []any{d[:]}
	for _, i := range p.shared {
		col := p.section.Columns[i]
		v := toSQL(values[i])
		if col.Key && v == "" {
			v = nil
		}
		args = append(args, v)
		if col.Version {
			args = append(args, versionSort(v))
		}
	}
	return args
}

// factNo is the fact of a row; nil when nothing of it is known.
func (c *commit) factNo(p *plan, values []any) (any, error) {
	if len(p.shared) == 0 {
		return nil, nil
	}
	d, known := p.digestOf(values)
	if !known {
		return nil, nil
	}
	if no, ok := c.digests[d]; ok {
		return no, nil
	}
	if err := c.learn(p, [][]any{values}); err != nil {
		return nil, err
	}
	return c.digests[d], nil
}

// versionSort is the stored sort key of a version text.
func versionSort(v any) any {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	return []byte(inventory.VersionKey(s))
}
