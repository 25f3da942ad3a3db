package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"muster/collector/store"
	"muster/collector/summary"
)

// summaryTables keep when summaries are mailed to whom.
const summaryTables = `
CREATE TABLE summary_schedule (
	name TEXT PRIMARY KEY COLLATE NOCASE, body TEXT NOT NULL, changed_by TEXT NOT NULL, changed_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`

var _ summary.Schedules = (*Control)(nil)

// Summaries lists them by name.
func (c *Control) Summaries(ctx context.Context) ([]summary.Schedule, error) {
	var out []summary.Schedule
	err := c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT name, body, changed_by, changed_at FROM summary_schedule ORDER BY name", nil, func(s scan) error {
			var x summary.Schedule
			var name, body, by string
			var at int64
			if err := s(&name, &body, &by, &at); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(body), &x); err != nil {
				return fmt.Errorf("summary %s: %w", name, err)
			}
			x.Name, x.ChangedBy, x.ChangedAt = name, by, unstamp(at)
			out = append(out, x)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list summaries: %w", err)
	}
	return out, nil
}

// PutSummary makes one, or replaces the one of its name.
func (c *Control) PutSummary(ctx context.Context, x summary.Schedule) error {
	if err := x.Check(); err != nil {
		return err
	}
	by := x.ChangedBy
	at := stamp(x.ChangedAt)
	name := x.Name
	x.ChangedBy, x.Name = "", "" // in columns of their own, where they can be struck out
	return c.d.write(ctx, func(t *tx) error {
		var n, same int
		if _, err := t.one("SELECT count(*), count(*) FILTER (WHERE name = ?) FROM summary_schedule", []any{name}, &n, &same); err != nil {
			return err
		}
		if n >= summary.Most && same == 0 {
			return fmt.Errorf("%w: there are %d summaries already; delete one first", store.ErrConflict, n)
		}
		return t.do(`INSERT INTO summary_schedule (name, body, changed_by, changed_at) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT (name) DO UPDATE SET body = ?2, changed_by = ?3, changed_at = ?4`, name, asJSON(x), by, at)
	})
}

// DeleteSummary removes one.
func (c *Control) DeleteSummary(ctx context.Context, name string) error {
	return c.d.write(ctx, func(t *tx) error {
		n, err := t.count("DELETE FROM summary_schedule WHERE name = ?", strings.TrimSpace(name))
		if err == nil && n == 0 {
			err = notFound("summary", fmt.Sprintf("%q", name))
		}
		return err
	})
}
