package sqlstore

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// sectionState is the stored state of a section of a device.
type sectionState struct {
	store.SectionState
	good    int64 // last ok reading, 0: none yet
	changed int64 // last time a row opened or closed
}

// apply takes one reading of a section: it closes, opens and overwrites rows
// as store.Diff says, and keeps the state. It answers the rows that are now
// current and whether anything in them is new.
func (c *commit) apply(h *head, r *store.SectionReading) (after [][]any, changed bool, _ error) {
	p := c.x.named[r.Section.Name]
	if p == nil {
		return nil, false, fmt.Errorf("is not in this program's catalogue")
	}
	next, err := p.conforming(r.Table)
	if err != nil {
		return nil, false, err
	}
	st := c.standing(p)
	if st == nil {
		if st, err = c.stand(h.no, p); err != nil {
			return nil, false, err
		}
	}
	last := st.state
	current, err := c.x.completed(c.asker(), st.rows)
	if err != nil {
		return nil, false, err
	}
	now := store.SectionState{Hash: r.Hash, Status: r.Status, Sources: r.Sources}
	read := max(r.At.UnixMilli(), h.mark)
	w := &writing{commit: c, plan: p, device: h.no, next: st.last + 1, at: max(read, last.changed+1), counts: map[int64]*[2]int64{}}
	if err := w.merge(current, next, store.MayClose(last.SectionState, now)); err != nil {
		return nil, false, err
	}
	h.mark = max(h.mark, read)
	if len(w.counts) > 0 {
		h.mark = max(h.mark, w.at)
		last.changed = w.at
		if err := w.log(last.good == 0); err != nil {
			return nil, false, err
		}
		if p.section.Name == softwareSection && !h.merged {
			c.countTitles(p, current, w.after)
		}
	}
	return w.after, len(w.counts) > 0 || w.refreshed, c.keepState(h.no, p, r, last, read)
}

// conforming answers the rows of a table in the catalogue's form.
func (p *plan) conforming(t inventory.Table) ([][]any, error) {
	same := len(t.Columns) == len(p.section.Columns)
	for i := 0; same && i < len(t.Columns); i++ {
		same = t.Columns[i] == p.section.Columns[i].Name
	}
	for i := 0; same && i < len(t.Rows); i++ {
		same = len(t.Rows[i]) == len(t.Columns)
	}
	if same {
		return t.Rows, nil
	}
	t, _, err := p.section.Conform(t)
	return t.Rows, err
}

// standing is what is stored of a section of a device.
type standing struct {
	state sectionState
	rows  *gathered
	last  int64 // highest row_no
}

// ask are the questions that fill it.
func (st *standing) ask(device int64, p *plan) []question {
	st.rows = newGathered(p)
	return []question{
		{"SELECT hash, status, ifnull(asked, sources), good_at, changed_at FROM state_rows WHERE device_no = ? AND section = ?", []any{device, p.no}, func(scan scan) error {
			var hash []byte
			var status int64
			var asked *string
			if err := scan(&hash, &status, &asked, &st.state.good, &st.state.changed); err != nil {
				return err
			}
			copy(st.state.Hash[:], hash)
			st.state.Status = report.Status(status)
			st.state.Sources = texts(asked)
			return nil
		}},
		{p.current, []any{device}, st.rows.take},
		{p.last, []any{device}, func(scan scan) error { return scan(&st.last) }},
	}
}

// stand reads what is stored of one section.
func (c *commit) stand(device int64, p *plan) (*standing, error) {
	st := new(standing)
	return st, c.all(st.ask(device, p))
}

// foresee reads what is stored of the sections of one report, at one time; apply
// takes it from there, once: what it changes makes it old.
func (c *commit) foresee(device int64, list []*store.SectionReading) error {
	c.ahead = map[*plan]*standing{}
	var ask []question
	for _, r := range list {
		p := c.x.named[r.Section.Name]
		if p == nil || c.ahead[p] != nil {
			continue
		}
		st := new(standing)
		c.ahead[p] = st
		ask = append(ask, st.ask(device, p)...)
	}
	return c.all(ask)
}

func (c *commit) standing(p *plan) *standing {
	st := c.ahead[p]
	delete(c.ahead, p)
	return st
}

// keepState stores what is known of the reading. A reading that was not ok
// adds its sources to those whose rows may be here; an ok one stands for
// itself, so that a source that is gone for good keeps its rows for one
// reading and not for ever.
func (c *commit) keepState(device int64, p *plan, r *store.SectionReading, last sectionState, read int64) error {
	var asked any
	if r.Status != report.OK {
		union := slices.Clone(last.Sources)
		for _, s := range r.Sources {
			if !slices.Contains(union, s) {
				union = append(union, s)
			}
		}
		if !slices.Equal(union, r.Sources) {
			asked = "[]"
			if len(union) > 0 {
				asked = jsonTexts(union)
			}
		}
	} else {
		last.good = read
	}
	var reason any
	if r.Reason != "" {
		reason = r.Reason
	}
	return c.apart(`INSERT INTO state_rows (device_no, section, hash, status, reason, sources, asked, read_at, good_at, changed_at, took_ms)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (device_no, section) DO UPDATE SET hash = excluded.hash, status = excluded.status, reason = excluded.reason, sources = excluded.sources, asked = excluded.asked,
		read_at = excluded.read_at, good_at = excluded.good_at, changed_at = excluded.changed_at, took_ms = excluded.took_ms`,
		device, p.no, r.Hash[:], int64(r.Status), reason, jsonTexts(r.Sources), asked, read, last.good, last.changed, r.Took.Milliseconds())
}

// writing is the change of one section of one device.
type writing struct {
	*commit
	plan      *plan
	device    int64
	at        int64               // when what changes now changed
	counts    map[int64]*[2]int64 // rows opened and closed, by time
	next      int64               // row_no to give
	after     [][]any             // rows that are current afterwards
	refreshed bool                // a latest column was overwritten
}

// merge walks the stored rows beside what Diff says of them.
func (w *writing) merge(current []row, next [][]any, mayClose bool) error {
	linger := w.plan.section.Linger.Milliseconds()
	old := make([][]any, len(current))
	for i := range current {
		old[i] = current[i].values
	}
	w.after = make([][]any, 0, len(next))
	i := 0
	// unchanged passes stored rows up to the one that holds values; nil: all.
	unchanged := func(values []any) error {
		for ; i < len(current) && (values == nil || &current[i].values[0] != &values[0]); i++ {
			r := &current[i]
			if r.missing != 0 && w.present(r, next) {
				if w.at-r.missing >= linger {
					if err := w.replace(r, r.values, r.missing+linger); err != nil {
						return err
					}
					continue
				}
				if err := w.mark(r, nil); err != nil {
					return err
				}
			}
			w.after = append(w.after, r.values)
		}
		return nil
	}
	changes := store.Diff(w.plan.section, old, next, mayClose)
	var fresh [][]any
	for _, ch := range changes {
		if ch.New != nil {
			fresh = append(fresh, ch.New)
		}
	}
	if err := w.learn(w.plan, fresh); err != nil {
		return err
	}
	for _, ch := range changes {
		if ch.Old == nil {
			if err := w.open(ch.New); err != nil {
				return err
			}
			continue
		}
		if err := unchanged(ch.Old); err != nil {
			return err
		}
		r := &current[i]
		i++
		lapsed := r.missing != 0 && w.at-r.missing >= linger
		var err error
		switch {
		case ch.New == nil && linger > 0 && !lapsed:
			if r.missing == 0 {
				err = w.mark(r, w.at)
			}
			w.after = append(w.after, r.values)
		case ch.New == nil && lapsed:
			err = w.shut(r, r.missing+linger)
		case ch.New == nil:
			err = w.shut(r, w.at)
		case lapsed:
			err = w.replace(r, ch.New, r.missing+linger)
		case ch.Refresh:
			err = w.refresh(r, ch.New)
		default:
			err = w.replace(r, ch.New, w.at)
		}
		if err != nil {
			return err
		}
	}
	return unchanged(nil)
}

// present says whether a reading has the row's key.
func (w *writing) present(r *row, next [][]any) bool {
	_, ok := slices.BinarySearchFunc(next, r.values, w.plan.order)
	return ok
}

func (w *writing) count(at int64) *[2]int64 {
	n := w.counts[at]
	if n == nil {
		n = new([2]int64)
		w.counts[at] = n
	}
	return n
}

func (w *writing) open(values []any) error {
	fact, err := w.factNo(w.plan, values)
	if err != nil {
		return err
	}
	args := append(make([]any, 0, 4+len(w.plan.own)), w.device, w.next, w.at, fact)
	for _, i := range w.plan.own {
		args = append(args, toSQL(values[i]))
	}
	w.next++
	w.after = append(w.after, values)
	w.count(w.at)[0]++
	return w.apart(w.plan.open, args...)
}

func (w *writing) shut(r *row, at int64) error {
	w.count(at)[1]++
	return w.apart(w.plan.shut, at, w.device, r.no)
}

// replace closes a row and opens another of the same key. Both at the same
// time read as one change; a row that lingered too long was gone in between.
func (w *writing) replace(r *row, values []any, until int64) error {
	if err := w.shut(r, until); err != nil {
		return err
	}
	return w.open(values)
}

// refresh overwrites a row in place: only what is kept as latest differs.
func (w *writing) refresh(r *row, values []any) error {
	fact, err := w.factNo(w.plan, values)
	if err != nil {
		return err
	}
	args := append(make([]any, 0, 3+len(w.plan.own)), fact)
	for _, i := range w.plan.own {
		args = append(args, toSQL(values[i]))
	}
	w.refreshed = true
	w.after = append(w.after, values)
	if r.missing != 0 {
		if err := w.mark(r, nil); err != nil {
			return err
		}
	}
	return w.do(w.plan.refresh, append(args, w.device, r.no)...)
}

// mark notes since when a row has been absent; nil: it is there.
func (w *writing) mark(r *row, at any) error {
	return w.do(w.plan.mark, at, w.device, r.no)
}

// log writes the table of contents of the change.
func (w *writing) log(first bool) error {
	for _, at := range slices.SortedFunc(maps.Keys(w.counts), cmp.Compare[int64]) {
		n := w.counts[at]
		// At a time of its own each: commit.finish counts the rows of sections.
		w.moved[w.plan.no] = [2]int64{w.moved[w.plan.no][0] + n[0], w.moved[w.plan.no][1] + n[0] - n[1]}
		if err := w.apart(changeLogged, w.device, at, w.plan.no, n[0], n[1], toSQL(first && n[1] == 0)); err != nil {
			return err
		}
	}
	return nil
}

// changeLogged adds to the table of contents of changes.
const changeLogged = `INSERT INTO change_rows (device_no, at, section, opened, closed, first) VALUES (?, ?, ?, ?, ?, ?)
	ON CONFLICT (device_no, at, section) DO UPDATE SET opened = change_rows.opened + excluded.opened, closed = change_rows.closed + excluded.closed`

// sectionMoved counts rows that are there, and those that are current.
const sectionMoved = "UPDATE section_name SET rows = rows + ?, open = open + ? WHERE section = ?"

func (t *tx) logChange(device, at, section, opened, closed int64, first bool) error {
	if err := t.do(sectionMoved, opened, opened-closed, section); err != nil {
		return err
	}
	return t.do(changeLogged, device, at, section, opened, closed, toSQL(first))
}
