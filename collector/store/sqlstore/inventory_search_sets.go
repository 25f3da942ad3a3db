package sqlstore

import (
	"context"
	"fmt"
	"math/bits"
	"strings"

	"muster/collector/search"
	"muster/collector/store"
)

// A filter is evaluated as sets of devices: one bit a device, so that 100,000
// are 12 KB. Every term that looks into sections is one query for the numbers
// of its devices; terms over device_rows are tried together in one walk; and,
// or and not are arithmetic. SQL alone would ask everything twice, for the
// count and for the page, and build trees of what bits can hold.

// devices is a set of device numbers.
type devices []uint64

func (s *devices) add(no int64) {
	for int(no>>6) >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[no>>6] |= 1 << (no & 63)
}

func (s devices) has(no int64) bool {
	return int(no>>6) < len(s) && s[no>>6]&(1<<(no&63)) != 0
}

func (s devices) count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// reach is about the highest number in the set, and so about how many devices
// there are.
func (s devices) reach() int { return len(s) * 64 }

// keep leaves what is in both.
func (s devices) keep(o devices) devices {
	s = s[:min(len(s), len(o))]
	for i := range s {
		s[i] &= o[i]
	}
	return s
}

// with adds the other's.
func (s devices) with(o devices) devices {
	if len(s) < len(o) {
		s, o = o, s
	}
	for i := range o {
		s[i] |= o[i]
	}
	return s
}

// without takes the other's out.
func (s devices) without(o devices) devices {
	for i := range s[:min(len(s), len(o))] {
		s[i] &^= o[i]
	}
	return s
}

// numbers lists the set, ascending.
func (s devices) numbers() []int64 {
	var out []int64
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			out = append(out, int64(i<<6+bits.TrailingZeros64(w)))
		}
	}
	return out
}

// numbersOf runs a query for device numbers. They come as one text: a row
// through database/sql costs more than finding it.
func (v *view) numbersOf(ctx context.Context, query string, args ...any) (devices, error) {
	var out devices
	var text *string
	if _, err := v.one(ctx, "SELECT group_concat(device_no) FROM ("+query+") AS o", args, &text); err != nil || text == nil {
		return out, err
	}
	var no int64
	for i := 0; i < len(*text); i++ {
		if c := (*text)[i]; c == ',' {
			out.add(no)
			no = 0
		} else {
			no = no*10 + int64(c-'0')
		}
	}
	out.add(no)
	return out, nil
}

// chosen is the answer to a part of a filter: a set, or a condition over
// device_rows d that has not been tried yet.
type chosen struct {
	set  devices
	done bool // set is the answer; else cond
	cond cond
}

// few is how many devices are looked up one by one rather than by a walk over
// all.
const few = 2000

// dense is one in how many devices must be in a set, for a list of the set to be
// read as a list of all, passing over the others: a database takes some ten
// times as long to be told a device's number as to sort one more device.
const dense = 8

// evaluator works out the set of a filter.
type evaluator struct {
	compiler
	view *view
	all  devices // every number there is
}

// choose works out which devices a query is about: filter, scope and merges.
func (x *Inventory) choose(ctx context.Context, v *view, q store.DeviceQuery) (devices, error) {
	if fields := search.Personal(q.Filter); len(fields) > 0 && !q.Personal {
		return nil, fmt.Errorf("filter by %s %w", strings.Join(fields, ", "), store.ErrPersonal)
	}
	e := &evaluator{compiler: compiler{x: x, personal: q.Personal, now: q.Now}, view: v}
	if err := e.load(ctx, q.Filter); err != nil {
		return nil, err
	}
	part, err := e.eval(ctx, q.Filter)
	if err != nil {
		return nil, err
	}
	set, err := e.settle(ctx, part, nil)
	if err != nil {
		return nil, err
	}
	if !q.Scope.All {
		var w where
		w.scope(q.Scope)
		seen, err := v.numbersOf(ctx, "SELECT d.device_no FROM device_rows d"+w.String(), w.args...)
		if err != nil {
			return nil, err
		}
		set = set.keep(seen)
	}
	if !q.Merged {
		hidden, err := v.numbersOf(ctx, "SELECT device_no FROM device_rows WHERE merged_into IS NOT NULL")
		if err != nil {
			return nil, err
		}
		set = set.without(hidden)
	}
	return set, nil
}

// load reads what terms need to know beforehand.
func (e *evaluator) load(ctx context.Context, filter search.Expr) error {
	var n, last int64
	if _, err := e.view.one(ctx, "SELECT count(*), ifnull(max(device_no), 0) FROM device_rows", nil, &n, &last); err != nil {
		return err
	}
	if n == last {
		for no := range last {
			e.all.add(no + 1)
		}
	} else {
		var err error
		if e.all, err = e.view.numbersOf(ctx, "SELECT device_no FROM device_rows"); err != nil {
			return err
		}
	}
	for _, t := range search.Terms(filter) {
		if t.Field.Name != "group" {
			continue
		}
		return e.view.each(ctx, "SELECT name, filter FROM group_rows", nil, func(scan scan) error {
			var g store.Group
			err := scan(&g.Name, &g.Filter)
			e.groups = append(e.groups, g)
			return err
		})
	}
	return nil
}

func (e *evaluator) eval(ctx context.Context, x search.Expr) (chosen, error) {
	switch x := x.(type) {
	case search.And:
		return e.and(ctx, x)
	case search.Or:
		return e.or(ctx, x)
	case search.Not:
		part, err := e.eval(ctx, x.X)
		if err != nil {
			return part, err
		}
		if !part.done {
			// A fact that is not known makes it NULL, and then "not" holds.
			part.cond.sql = "((" + part.cond.sql + ") IS NOT TRUE)"
			return part, nil
		}
		part.set = append(devices(nil), e.all...).without(part.set)
		return part, nil
	case search.Term:
		if x.Field.Name == "group" && x.Field.Section == nil {
			return e.group(ctx, x)
		}
		cond, err := e.term(x)
		if err != nil || cond.set == "" {
			return chosen{cond: cond}, err
		}
		set, err := e.view.numbersOf(ctx, cond.set, cond.args...)
		return chosen{set: set, done: true}, err
	case nil:
		return chosen{cond: cond{sql: "(1 = 1)"}}, nil
	}
	return chosen{}, fmt.Errorf("filter has a part of unknown kind %T", x)
}

// and intersects the sets and tries the conditions on what is left.
func (e *evaluator) and(ctx context.Context, l []search.Expr) (chosen, error) {
	var conds []cond
	out := chosen{}
	for _, x := range l {
		part, err := e.eval(ctx, x)
		switch {
		case err != nil:
			return part, err
		case !part.done:
			conds = append(conds, part.cond)
		case out.done:
			out.set = out.set.keep(part.set)
		default:
			out = part
		}
	}
	if !out.done {
		return chosen{cond: joined("AND", conds...)}, nil
	}
	if len(conds) == 0 || out.set.count() == 0 {
		return out, nil
	}
	set, err := e.settle(ctx, chosen{cond: joined("AND", conds...)}, out.set)
	return chosen{set: set, done: true}, err
}

// or unites the sets with what fulfils one of the conditions.
func (e *evaluator) or(ctx context.Context, l []search.Expr) (chosen, error) {
	var conds []cond
	out := chosen{}
	for _, x := range l {
		part, err := e.eval(ctx, x)
		switch {
		case err != nil:
			return part, err
		case !part.done:
			conds = append(conds, part.cond)
		case out.done:
			out.set = out.set.with(part.set)
		default:
			out = part
		}
	}
	if !out.done {
		return chosen{cond: joined("OR", conds...)}, nil
	}
	if len(conds) == 0 {
		return out, nil
	}
	set, err := e.settle(ctx, chosen{cond: joined("OR", conds...)}, nil)
	return chosen{set: out.set.with(set), done: true}, err
}

// settle turns a part into a set; among limits it where it is not nil.
func (e *evaluator) settle(ctx context.Context, part chosen, among devices) (devices, error) {
	if part.done {
		return part.set, nil
	}
	query, args := "SELECT d.device_no FROM device_rows d WHERE "+part.cond.sql, part.cond.args
	if among != nil && among.count() <= few {
		query += " AND d.device_no IN (SELECT value FROM json_each(?))"
		args = append(args[:len(args):len(args)], jsonNumbers(among.numbers()))
	}
	set, err := e.view.numbersOf(ctx, query, args...)
	if among != nil {
		set = set.keep(among)
	}
	return set, err
}

// maxGroups is how deep groups may be chosen by groups; deeper is a circle.
const maxGroups = 8

// group holds for devices that one of the named groups chooses. Who made the
// group was allowed to ask what it asks.
func (e *evaluator) group(ctx context.Context, t search.Term) (chosen, error) {
	var filters search.Or
	for _, g := range e.groups {
		if !groupNamed(t, g.Name) {
			continue
		}
		if e.depth >= maxGroups {
			return chosen{}, fmt.Errorf("group %q is chosen by itself through other groups: change one of their filters", g.Name)
		}
		x, err := search.Parse(g.Filter)
		if err != nil {
			return chosen{}, fmt.Errorf("filter of group %q: %w", g.Name, err)
		}
		filters = append(filters, x)
	}
	if len(filters) == 0 {
		return chosen{cond: never()}, nil
	}
	e.depth++
	defer func() { e.depth-- }()
	return e.or(ctx, filters)
}
