package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"muster/collector/store"
)

// place is a column of texts, and what people call it.
type place struct{ table, column, where string }

// striking takes a person's name out of texts of one database, or with dry
// only counts them.
type striking struct {
	d     *database
	who   person
	dry   bool
	found map[store.Purged]int64
}

func newStriking(d *database, name string, dry bool) striking {
	return striking{d: d, who: newPerson(name), dry: dry, found: map[store.Purged]int64{}}
}

func (u *striking) count(where, action string, n int64) {
	u.found[store.Purged{Where: where, Action: action}] += n
}

// list is what was found, in order.
func (u *striking) list() []store.Purged {
	var out []store.Purged
	for k, n := range u.found {
		k.Count = n
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b store.Purged) int {
		return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.Action, b.Action))
	})
	return out
}

// strikeAll strikes the name out of columns.
func (u *striking) strikeAll(ctx context.Context, places []place) error {
	for _, p := range places {
		if err := u.rewrite(ctx, p, func(text string) (string, error) { return u.who.strikeStored(text), nil }); err != nil {
			return err
		}
	}
	return nil
}

// fresh is a text and what becomes of it.
type fresh struct {
	old, text string
	rows      int64
}

// named finds the texts of a column that a change would alter.
func (u *striking) named(ctx context.Context, p place, change func(string) (string, error)) (list []fresh, _ error) {
	err := u.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT "+p.column+", count(*) FROM "+p.table+" WHERE "+p.column+` LIKE ? ESCAPE '\' GROUP BY `+p.column, []any{u.who.like}, func(s scan) error {
			var f fresh
			err := s(&f.old, &f.rows)
			if err == nil {
				f.text, err = change(f.old)
			}
			if err == nil && f.text != f.old {
				list = append(list, f)
			}
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("look into %s: %w", p.where, err)
	}
	return list, nil
}

// rewrite changes a column where it names the person.
func (u *striking) rewrite(ctx context.Context, p place, change func(string) (string, error)) error {
	list, err := u.named(ctx, p, change)
	if err != nil {
		return err
	}
	for _, f := range list {
		u.count(p.where, "emptied", f.rows)
	}
	if u.dry {
		return nil
	}
	for batch := range slices.Chunk(list, purgeBatch) {
		err := u.d.write(ctx, func(t *tx) error {
			for _, f := range batch {
				if err := t.do("UPDATE "+p.table+" SET "+p.column+" = ? WHERE "+p.column+" = ?", f.text, f.old); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("change %s: %w", p.where, err)
		}
	}
	return nil
}

// stays counts texts that work by the name and that nobody but people may
// change.
func (u *striking) stays(ctx context.Context, places []place) error {
	for _, p := range places {
		list, err := u.named(ctx, p, func(text string) (string, error) { return u.who.strikeStored(text), nil })
		if err != nil {
			return err
		}
		for _, f := range list {
			u.count(p.where, "left", f.rows)
		}
	}
	return nil
}

// overwriting has what is freed written over, not only let go of, until done
// is called. search is the table of a full-text index, or empty.
func (d *database) overwriting(ctx context.Context, search string) (done func(), _ error) {
	set := func(on int, pragma string) error {
		return d.write(context.WithoutCancel(ctx), func(t *tx) error {
			err := t.once("PRAGMA secure_delete = " + pragma)
			if err == nil && search != "" {
				// https://sqlite.org/fts5.html#the_secure_delete_configuration_option
				err = t.once(fmt.Sprintf("INSERT INTO %s (%s, rank) VALUES ('secure-delete', %d)", search, search, on))
			}
			return err
		})
	}
	if err := set(1, "ON"); err != nil {
		return nil, fmt.Errorf("have what is freed written over: %w", err)
	}
	// Leaving it on would be slower, and no harm.
	return func() { _ = set(0, "OFF") }, nil
}

// Purge strikes a person out of what the control database keeps of devices and
// of who changed what, and counts what stays: accounts, and the audit, whose
// chain cannot be changed.
func (c *Control) Purge(ctx context.Context, name string, dry bool) ([]store.Purged, error) {
	if !dry && c.d.server == nil {
		done, err := c.d.overwriting(ctx, "")
		if err != nil {
			return nil, fmt.Errorf("purge: %w", err)
		}
		defer done()
	}
	u := newStriking(c.d, name, dry)
	err := u.strikeAll(ctx, []place{
		{"enroll_token", "note", "notes of invitations"},
		{"enroll_token", "created_by", "who made invitations"},
		{"identity", "hostname", "names of devices as they enrolled"},
		{"identity", "revoked_by", "who revoked devices"},
		{"identity", "revoked_reason", "why devices were revoked"},
		{"identity_approval", "name", "questions about devices"},
		{"identity_approval", "reason", "questions about devices"},
		{"identity_approval", "decided_by", "who decided about devices"},
		{"channel", "changed_by", "who changed channels"},
		{"credential", "changed_by", "who changed credentials"},
		{"subnet", "changed_by", "who changed subnets"},
		{"target", "created_by", "who added targets"},
		{"target", "reason", "states of targets"},
		{"account_token", "created_by", "who made tokens"},
		{"saved", "made_by", "who saved searches and statements"},
		{"rule_change", "changed_by", "who changed rules"},
		{"rule_change", "reason", "why rules were changed"},
		{"summary_schedule", "changed_by", "who changed summaries"},
	})
	err = errors.Join(err, u.stays(ctx, []place{
		{"account_user", "name", "accounts of staff: muster user delete"},
		{"account_token", "name", "names of tokens: muster token revoke"},
		{"channel", "settings", "recipients of channels: muster channel set"},
		{"route", "body", "routes: muster route set"},
		{"summary_schedule", "body", "recipients of summaries: muster summary set"},
		{"saved", "name", "saved searches and statements: muster search list"},
		{"saved", "body", "saved searches and statements: muster search list"},
		{"audit", "actor", "the audit, which ends by retention.audit"},
		{"audit", "object", "the audit, which ends by retention.audit"},
		{"audit", "detail", "the audit, which ends by retention.audit"},
	}))
	if err != nil {
		return nil, fmt.Errorf("purge: %w", err)
	}
	if !dry {
		if err := c.d.emptyLog(ctx); err != nil {
			return nil, fmt.Errorf("purge: %w", err)
		}
	}
	return u.list(), nil
}

// emptyLog moves what the write-ahead log holds into the database and cuts it
// off, so that no old page stays in it. Who reads for long keeps it from that:
// then the next restart does it at the latest.
func (d *database) emptyLog(ctx context.Context) error {
	if d.server != nil {
		return nil
	}
	select {
	case <-d.turn:
		defer func() { d.turn <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	var busy, pages, moved int
	err := d.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved)
	return d.explain(err)
}
