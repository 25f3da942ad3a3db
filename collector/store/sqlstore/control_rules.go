package sqlstore

import (
	"context"
	"fmt"

	"muster/collector/store"
)

// ruleTables keep what administrators set otherwise in rules. Times are Unix
// milliseconds.
const ruleTables = `
CREATE TABLE rule_change (
	rule TEXT PRIMARY KEY, body TEXT NOT NULL, changed_by TEXT NOT NULL, reason TEXT NOT NULL, changed_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`

var _ store.RuleChanges = (*Control)(nil)

// RuleChanges lists all, by rule.
func (c *Control) RuleChanges(ctx context.Context) ([]store.RuleChange, error) {
	var out []store.RuleChange
	err := c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT rule, body, changed_by, reason, changed_at FROM rule_change ORDER BY rule", nil, func(s scan) error {
			var x store.RuleChange
			var at int64
			err := s(&x.Rule, &x.Text, &x.By, &x.Reason, &at)
			x.At = unstamp(at)
			out = append(out, x)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list changes of rules: %w", err)
	}
	return out, nil
}

// PutRuleChange keeps a change in the place of the rule's last one.
func (c *Control) PutRuleChange(ctx context.Context, x store.RuleChange) error {
	return c.d.write(ctx, func(t *tx) error {
		return t.do(`INSERT INTO rule_change (rule, body, changed_by, reason, changed_at) VALUES (?1, ?2, ?3, ?4, ?5)
			ON CONFLICT (rule) DO UPDATE SET body = ?2, changed_by = ?3, reason = ?4, changed_at = ?5`, x.Rule, x.Text, x.By, x.Reason, stamp(x.At))
	})
}

// DeleteRuleChange removes one.
func (c *Control) DeleteRuleChange(ctx context.Context, rule string) error {
	return c.d.write(ctx, func(t *tx) error {
		n, err := t.count("DELETE FROM rule_change WHERE rule = ?", rule)
		if err == nil && n == 0 {
			err = notFound("change of rule", rule)
		}
		return err
	})
}
