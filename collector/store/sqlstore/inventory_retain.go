package sqlstore

import (
	"context"
	"fmt"
	"os"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
)

// Sizes of what one transaction of Retain does: small, so that reports never
// wait for more than a few milliseconds.
const (
	retainChanges = 100
	retainEvents  = 1000
	retainMissing = 500
)

// Retain closes rows that have been absent for their section's time, and
// removes what is older than r says: closed rows with their entries in the
// journal, incidents and findings that ended, and events. It works in small transactions and answers how many
// rows it removed.
func (x *Inventory) Retain(ctx context.Context, r store.Retention, now time.Time) (int64, error) {
	var removed int64
	repeat := func(step func(*tx) (n int64, more bool, err error)) error {
		for more := true; more; {
			var n int64
			if err := x.d.write(ctx, func(t *tx) (err error) {
				n, more, err = step(t)
				return err
			}); err != nil {
				return fmt.Errorf("retain: %w", err)
			}
			removed += n
		}
		return nil
	}
	for _, p := range x.plans {
		if p.section.Linger == 0 {
			continue
		}
		if err := repeat(func(t *tx) (int64, bool, error) {
			n, err := x.closeMissing(t, p, now)
			return 0, n == retainMissing, err
		}); err != nil {
			return removed, err
		}
	}
	if r.ClosedRows > 0 {
		before := now.Add(-r.ClosedRows).UnixMilli()
		for _, step := range []func(*tx) (int64, bool, error){
			func(t *tx) (int64, bool, error) { return x.removeClosed(t, before) },
			func(t *tx) (int64, bool, error) { return t.removeIncidents(before) },
			func(t *tx) (int64, bool, error) { return t.removeFindings(before) },
		} {
			if err := repeat(step); err != nil {
				return removed, err
			}
		}
	}
	if r.Events > 0 {
		before := now.Add(-r.Events).UnixMilli()
		if err := repeat(func(t *tx) (int64, bool, error) {
			n, err := t.count("DELETE FROM event_rows WHERE event_no IN (SELECT event_no FROM event_rows WHERE at < ? LIMIT ?)", before, retainEvents)
			return n, n == retainEvents, err
		}); err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// closeMissing closes rows of a section that have been absent long enough, at
// the very time when they had been. It answers how many.
func (x *Inventory) closeMissing(t *tx, p *plan, now time.Time) (int, error) {
	linger := p.section.Linger.Milliseconds()
	type absent struct{ device, row, missing int64 }
	var found []absent
	err := t.each("SELECT device_no, row_no, missing_at FROM "+p.rows+" WHERE missing_at <= ? LIMIT ?", []any{now.UnixMilli() - linger, retainMissing}, func(scan scan) error {
		var a absent
		err := scan(&a.device, &a.row, &a.missing)
		found = append(found, a)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, a := range found {
		at := a.missing + linger
		if err := t.do(p.shut, at, a.device, a.row); err != nil {
			return 0, err
		}
		if err := t.logChange(a.device, at, p.no, 0, 1, false); err != nil {
			return 0, err
		}
		if err := t.do("UPDATE state_rows SET changed_at = max(changed_at, ?) WHERE device_no = ? AND section = ?", at, a.device, p.no); err != nil {
			return 0, err
		}
		// Nothing of this device may begin before: a late report speaks of a
		// time that has been closed.
		if err := t.do("UPDATE seen_rows SET mark_at = max(mark_at, ?) WHERE device_no = ?", at, a.device); err != nil {
			return 0, err
		}
		var id inventory.DeviceID
		if _, err := t.one("SELECT device_id FROM device_rows WHERE device_no = ?", []any{a.device}, &id); err != nil {
			return 0, err
		}
		x.forget(t, id)
	}
	return len(found), nil
}

// removeClosed removes rows that closed before a time. The journal's table of
// contents leads to them: no table is walked.
func (x *Inventory) removeClosed(t *tx, before int64) (removed int64, more bool, _ error) {
	type entry struct{ device, at, section, closed int64 }
	var found []entry
	err := t.each("SELECT device_no, at, section, closed FROM change_rows WHERE at < ? ORDER BY at LIMIT ?", []any{before, retainChanges}, func(scan scan) error {
		var e entry
		err := scan(&e.device, &e.at, &e.section, &e.closed)
		found = append(found, e)
		return err
	})
	if err != nil {
		return 0, false, err
	}
	for _, e := range found {
		if p := x.byID[e.section]; p != nil && e.closed > 0 {
			n, err := t.count(p.closedBy, e.device, e.at)
			if err != nil {
				return 0, false, err
			}
			if err := t.do("UPDATE section_name SET rows = rows - ? WHERE section = ?", n, e.section); err != nil {
				return 0, false, err
			}
			removed += n
		}
		if err := t.do("DELETE FROM change_rows WHERE device_no = ? AND at = ? AND section = ?", e.device, e.at, e.section); err != nil {
			return 0, false, err
		}
	}
	return removed, len(found) == retainChanges, nil
}

// Counts says what the store holds; devices hidden by a merge do not count.
func (x *Inventory) Counts(ctx context.Context) (store.Counts, error) {
	var c store.Counts
	err := x.d.read(ctx, func(v *view) error {
		_, err := v.one(ctx, `SELECT (SELECT count(*) FROM device_rows WHERE merged_into IS NULL), (SELECT count(*) FROM event_rows),
			(SELECT count(*) FROM finding_rows WHERE state <> 'resolved'), (SELECT count(*) FROM incident_rows WHERE status <> 'resolved'),
			ifnull(sum(rows), 0), ifnull(sum(open), 0) FROM section_name`, nil, &c.Devices, &c.Events, &c.Findings, &c.Incidents, &c.Rows, &c.CurrentRows)
		return err
	})
	if err != nil {
		return c, fmt.Errorf("count: %w", err)
	}
	if x.d.server != nil {
		c.Bytes, err = x.d.sizeServer(ctx)
		return c, err
	}
	for _, suffix := range []string{"", "-wal"} {
		if st, err := os.Stat(x.d.path + suffix); err == nil {
			c.Bytes += st.Size()
		}
	}
	return c, nil
}
