package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"

	"muster/collector/saved"
	"muster/collector/store"
)

// savedTables keep what people keep for themselves. Times are Unix
// milliseconds.
const savedTables = `
CREATE TABLE saved (
	id INTEGER PRIMARY KEY, kind TEXT NOT NULL, owner TEXT NOT NULL, made_by TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE,
	body TEXT NOT NULL, columns TEXT NOT NULL, sort TEXT NOT NULL, shared INTEGER NOT NULL, created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL,
	UNIQUE (kind, owner, name)) STRICT;
CREATE TABLE looked (owner TEXT PRIMARY KEY, before_at INTEGER NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`

var _ saved.Store = (*Control)(nil)

// Saved lists an owner's items of a kind, and all shared ones.
func (c *Control) Saved(ctx context.Context, kind saved.Kind, owner string) ([]saved.Item, error) {
	var out []saved.Item
	err := c.d.read(ctx, func(v *view) error {
		return v.each(ctx, `SELECT id, kind, owner, made_by, name, body, columns, sort, shared, created_at, changed_at FROM saved
			WHERE kind = ?1 AND (owner = ?2 OR shared = 1) ORDER BY name, iif(owner = ?2, 0, 1), id`, []any{string(kind), owner}, func(s scan) error {
			var x saved.Item
			var columns string
			var created, changed int64
			if err := s(&x.ID, &x.Kind, &x.Owner, &x.By, &x.Name, &x.Text, &columns, &x.Sort, &x.Shared, &created, &changed); err != nil {
				return err
			}
			x.CreatedAt, x.ChangedAt = unstamp(created), unstamp(changed)
			out = append(out, x)
			return json.Unmarshal([]byte(columns), &out[len(out)-1].Columns)
		})
	})
	return out, err
}

// PutSaved creates (ID 0) or replaces one.
func (c *Control) PutSaved(ctx context.Context, x saved.Item) (saved.Item, error) {
	err := c.d.write(ctx, func(t *tx) error {
		if x.ID == 0 {
			var n int
			if _, err := t.one("SELECT count(*) FROM saved WHERE kind = ? AND owner = ?", []any{string(x.Kind), x.Owner}, &n); err != nil {
				return err
			}
			if n >= saved.MostItems {
				return fmt.Errorf("%w: there are %d already; delete some first", store.ErrConflict, n)
			}
		}
		return t.put("saved", x.Name, &x.ID,
			`INSERT INTO saved (kind, owner, made_by, name, body, columns, sort, shared, created_at, changed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)`,
			`UPDATE saved SET kind = ?1, owner = ?2, made_by = ?3, name = ?4, body = ?5, columns = ?6, sort = ?7, shared = ?8, created_at = ?9, changed_at = ?10 WHERE id = ?11`,
			string(x.Kind), x.Owner, x.By, x.Name, x.Text, asJSON(x.Columns), x.Sort, x.Shared, stamp(x.CreatedAt), stamp(x.ChangedAt))
	})
	return x, err
}

// DeleteSaved removes one.
func (c *Control) DeleteSaved(ctx context.Context, id int64) error {
	return c.d.write(ctx, func(t *tx) error {
		n, err := t.count("DELETE FROM saved WHERE id = ?", id)
		if err == nil && n == 0 {
			err = notFound("saved", id)
		}
		return err
	})
}

// Look is when an owner looked at the board.
func (c *Control) Look(ctx context.Context, owner string) (saved.Look, error) {
	var before, at int64
	err := c.d.read(ctx, func(v *view) error {
		_, err := v.one(ctx, "SELECT before_at, at FROM looked WHERE owner = ?", []any{owner}, &before, &at)
		return err
	})
	return saved.Look{Before: unstamp(before), At: unstamp(at)}, err
}

// PutLook keeps it.
func (c *Control) PutLook(ctx context.Context, owner string, l saved.Look) error {
	return c.d.write(ctx, func(t *tx) error {
		return t.do("INSERT INTO looked (owner, before_at, at) VALUES (?1, ?2, ?3) ON CONFLICT (owner) DO UPDATE SET before_at = ?2, at = ?3", owner, stamp(l.Before), stamp(l.At))
	})
}

// forget removes what a user alone sees. What was shared stays, because others
// work with it, and is nobody's: numbers of users come again.
func (t *tx) forget(user int64) error {
	owner := saved.UserOwner(user)
	if err := t.do("DELETE FROM saved WHERE owner = ? AND shared = 0", owner); err != nil {
		return err
	}
	if err := t.do("UPDATE saved SET owner = 'gone/' || id WHERE owner = ?", owner); err != nil {
		return err
	}
	return t.do("DELETE FROM looked WHERE owner = ?", owner)
}
