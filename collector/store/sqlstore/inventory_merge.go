package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
)

// Merge hides old behind into and copies people's fields that are empty
// there. ErrConflict when either is hidden already, or both are the same.
func (x *Inventory) Merge(ctx context.Context, old, into inventory.DeviceID, by, reason string, at time.Time) (store.Merge, error) {
	m := store.Merge{Old: old, Into: into, By: by, At: at.UTC().Truncate(time.Millisecond), Reason: reason}
	err := x.d.write(ctx, func(t *tx) error {
		oldNo, oldPeople, err := t.mergeable(old)
		if err != nil {
			return err
		}
		intoNo, people, err := t.mergeable(into)
		if err != nil {
			return err
		}
		if oldNo == intoNo {
			return fmt.Errorf("a device cannot be merged into itself: %w", store.ErrConflict)
		}
		m.Carried = carry(&people, oldPeople)
		if m.Carried != (store.People{}) {
			if err := x.setPeople(t, intoNo, people); err != nil {
				return err
			}
		}
		if err := t.do("UPDATE device_rows SET merged_into = ? WHERE device_no = ?", intoNo, oldNo); err != nil {
			return err
		}
		if err := x.hideTitles(t, oldNo, true); err != nil {
			return err
		}
		carried, err := json.Marshal(m.Carried)
		if err != nil {
			return err
		}
		x.forget(t, old)
		m.ID, err = t.insert("id", "INSERT INTO merge_rows (old_no, into_no, made_by, made_at, reason, carried) VALUES (?, ?, ?, ?, ?, ?)",
			oldNo, intoNo, by, at.UnixMilli(), reason, string(carried))
		return err
	})
	if err != nil {
		return store.Merge{}, fmt.Errorf("merge %s into %s: %w", old, into, err)
	}
	return m, nil
}

// mergeable loads a device that is not hidden.
func (t *tx) mergeable(id inventory.DeviceID) (no int64, p store.People, _ error) {
	var behind *string
	found, err := t.one(`SELECT d.device_no, m.device_id, d.asset_tag, d.owner, d.department, d.purchased, d.warranty, d.note
		FROM device_rows d LEFT JOIN device_rows m ON m.device_no = d.merged_into WHERE d.device_id = ?`, []any{string(id)},
		&no, &behind, &p.AssetTag, &p.Owner, &p.Department, &p.Purchased, &p.Warranty, &p.Note)
	switch {
	case err != nil:
		return 0, p, err
	case !found:
		return 0, p, notFound("device", id)
	case behind != nil:
		return 0, p, fmt.Errorf("device %s is merged into %s already: %w", id, *behind, store.ErrConflict)
	}
	return no, p, nil
}

// peopleFields lists the fields, so that copying them names each once.
func peopleFields(p *store.People) []*string {
	return []*string{&p.AssetTag, &p.Owner, &p.Department, &p.Purchased, &p.Warranty, &p.Note}
}

// carry copies what is empty in to and answers what it copied.
func carry(to *store.People, from store.People) (carried store.People) {
	src, dst, out := peopleFields(&from), peopleFields(to), peopleFields(&carried)
	for i := range src {
		if *dst[i] == "" && *src[i] != "" {
			*dst[i], *out[i] = *src[i], *src[i]
		}
	}
	return carried
}

// hideTitles takes a device's programs out of the counts, or brings them back.
func (x *Inventory) hideTitles(t *tx, device int64, hide bool) error {
	p := x.named[softwareSection]
	rows, err := x.rowsOf(t.asker(), p, p.current, device)
	if err != nil {
		return err
	}
	values := make([][]any, len(rows))
	for i := range rows {
		values[i] = rows[i].values
	}
	titles := titlesOf(p.section, values)
	changes := titleChanges{}
	if hide {
		changes.count(titles, nil)
	} else {
		changes.count(nil, titles)
	}
	return t.writeTitles(changes)
}

// UndoMerge shows the old device again. People's fields that were copied are
// taken back unless somebody has changed them since.
func (x *Inventory) UndoMerge(ctx context.Context, id int64, by string, at time.Time) (store.Merge, error) {
	var m store.Merge
	err := x.d.write(ctx, func(t *tx) error {
		var oldNo, intoNo int64
		found, err := t.one("SELECT old_no, into_no FROM merge_rows WHERE id = ?", []any{id}, &oldNo, &intoNo)
		if err != nil {
			return err
		}
		if !found {
			return notFound("merge", id)
		}
		if m, err = t.oneMerge(id); err != nil {
			return err
		}
		if !m.UndoneAt.IsZero() {
			return fmt.Errorf("it was undone by %s on %s: %w", m.UndoneBy, m.UndoneAt.Format(time.DateOnly), store.ErrConflict)
		}
		var people store.People
		p := peopleFields(&people)
		if _, err := t.one("SELECT asset_tag, owner, department, purchased, warranty, note FROM device_rows WHERE device_no = ?", []any{intoNo},
			p[0], p[1], p[2], p[3], p[4], p[5]); err != nil {
			return err
		}
		for i, carried := range peopleFields(&m.Carried) {
			if *carried != "" && *p[i] == *carried {
				*p[i] = ""
			}
		}
		if err := x.setPeople(t, intoNo, people); err != nil {
			return err
		}
		if err := t.do("UPDATE device_rows SET merged_into = NULL WHERE device_no = ?", oldNo); err != nil {
			return err
		}
		if err := x.hideTitles(t, oldNo, false); err != nil {
			return err
		}
		m.UndoneAt, m.UndoneBy = at.UTC().Truncate(time.Millisecond), by
		x.forget(t, m.Old)
		return t.do("UPDATE merge_rows SET undone_by = ?, undone_at = ? WHERE id = ?", by, at.UnixMilli(), id)
	})
	if err != nil {
		return store.Merge{}, fmt.Errorf("undo merge %d: %w", id, err)
	}
	return m, nil
}

const mergeColumns = `SELECT g.id, o.device_id, d.device_id, g.made_by, g.made_at, g.reason, ifnull(g.undone_by, ''), ifnull(g.undone_at, 0), g.carried
	FROM merge_rows g JOIN device_rows o ON o.device_no = g.old_no JOIN device_rows d ON d.device_no = g.into_no`

func scanMerge(scan scan) (store.Merge, error) {
	var m store.Merge
	var made, undone int64
	var carried string
	if err := scan(&m.ID, &m.Old, &m.Into, &m.By, &made, &m.Reason, &m.UndoneBy, &undone, &carried); err != nil {
		return m, err
	}
	m.At, m.UndoneAt = timeOf(made), timeOf(undone)
	return m, json.Unmarshal([]byte(carried), &m.Carried)
}

func (t *tx) oneMerge(id int64) (m store.Merge, _ error) {
	return m, t.each(mergeColumns+" WHERE g.id = ?", []any{id}, func(scan scan) (err error) {
		m, err = scanMerge(scan)
		return err
	})
}

// Merges lists the merges whose surviving device is in scope, newest first,
// undone ones too.
func (x *Inventory) Merges(ctx context.Context, s store.Scope) ([]store.Merge, error) {
	var out []store.Merge
	var w where
	w.scope(s)
	err := x.d.read(ctx, func(v *view) error {
		return v.each(ctx, mergeColumns+w.String()+" ORDER BY g.id DESC", w.args, func(scan scan) error {
			m, err := scanMerge(scan)
			out = append(out, m)
			return err
		})
	})
	return out, err
}
