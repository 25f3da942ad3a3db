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

// rowsOf loads rows of a section, sorted by key and then by time.
func (x *Inventory) rowsOf(ask asker, p *plan, query string, args ...any) ([]row, error) {
	const fixed = 5
	var out []row
	var facts []int64
	cells := make([]any, fixed+len(p.own))
	into := make([]any, len(cells))
	for i := range cells {
		into[i] = &cells[i]
	}
	err := ask.each(query, args, func(scan scan) error {
		if err := scan(into...); err != nil {
			return err
		}
		r := row{values: make([]any, len(p.section.Columns))}
		r.no, _ = cells[0].(int64)
		r.from, _ = cells[1].(int64)
		r.until, _ = cells[2].(int64)
		r.missing, _ = cells[3].(int64)
		fact, _ := cells[4].(int64)
		for i, c := range p.own {
			r.values[c] = fromSQL(p.section.Columns[c], cells[fixed+i])
		}
		out = append(out, r)
		facts = append(facts, fact)
		return nil
	})
	if err != nil {
		return nil, err
	}
	// After the walk, because a connection runs one query at a time.
	for i, no := range facts {
		shared, err := x.fact(ask, p, no)
		if err != nil {
			return nil, err
		}
		for j, c := range p.shared {
			out[i].values[c] = shared[j]
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

// fact loads the shared columns of a fact; number 0 is the fact of which
// nothing is known.
func (x *Inventory) fact(ask asker, p *plan, no int64) ([]any, error) {
	key := factKey{p.no, no}
	if v, ok := x.facts.get(key); ok {
		return v, nil
	}
	v := make([]any, len(p.shared))
	if no != 0 {
		into := make([]any, len(v))
		for i := range v {
			into[i] = &v[i]
		}
		if err := ask.each(p.factByNo, []any{no}, func(scan scan) error { return scan(into...) }); err != nil {
			return nil, err
		}
	}
	for i, c := range p.shared {
		v[i] = fromSQL(p.section.Columns[c], v[i])
	}
	ask.keep(func() { x.facts.put(key, v) })
	return v, nil
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

// factNo finds or stores the fact of a row; nil when nothing of it is known.
// What a transaction adds is remembered beyond it only once it is durable:
// a number that was rolled back is given again, to something else.
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
	if no, ok := c.x.digests.get(d); ok {
		return no, nil
	}
	var no int64
	found, err := c.one(p.factByHash, []any{d[:]}, &no)
	if err != nil {
		return nil, err
	}
	if !found {
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
		if no, err = c.insert("fact_no", p.factInsert, args...); err != nil {
			return nil, err
		}
	}
	c.digests[d] = no
	c.after = append(c.after, func() { c.x.digests.put(d, no) })
	return no, nil
}

// versionSort is the stored sort key of a version text.
func versionSort(v any) any {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	return []byte(inventory.VersionKey(s))
}
