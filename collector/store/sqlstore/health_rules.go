package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/collector/search"
	"muster/collector/store"
)

// Maintenances lists all, the earliest first.
func (x *Inventory) Maintenances(ctx context.Context) ([]store.Maintenance, error) {
	var out []store.Maintenance
	err := x.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT id, name, filter, all_rules, from_at, to_at, ifnull(days, ''), start, minutes, zone, made_by, reason FROM maintenance_rows ORDER BY from_at, id", nil, func(scan scan) error {
			var m store.Maintenance
			var from, to int64
			var days string
			if err := scan(&m.ID, &m.Name, &m.Filter, &m.All, &from, &to, &days, &m.Start, &m.Minutes, &m.Zone, &m.By, &m.Reason); err != nil {
				return err
			}
			m.From, m.To = unstamp(from), unstamp(to)
			out = append(out, m)
			return fromJSON(days, &out[len(out)-1].Days)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list maintenance: %w", err)
	}
	return out, nil
}

// PutMaintenance creates a window (ID 0) or replaces one. Its filter must
// parse.
func (x *Inventory) PutMaintenance(ctx context.Context, m store.Maintenance) (store.Maintenance, error) {
	m.Name = strings.TrimSpace(m.Name)
	if _, err := search.Parse(m.Filter); err != nil {
		return m, fmt.Errorf("filter of maintenance %q: %w", m.Name, err)
	}
	switch weekly := len(m.Days) > 0; {
	case !m.To.IsZero() && !m.To.After(m.From):
		return m, fmt.Errorf("maintenance %q: %w", m.Name, senseless("it ends before it begins"))
	case weekly && (slices.Min(m.Days) < 0 || slices.Max(m.Days) > 6):
		return m, fmt.Errorf("maintenance %q: %w", m.Name, senseless("days go from 0, which is Sunday, to 6"))
	case weekly && (m.Start < 0 || m.Start >= 24*60 || m.Minutes <= 0 || m.Minutes > 24*60):
		return m, fmt.Errorf("maintenance %q: %w", m.Name, senseless("it must begin within a day, and take 1 to 1440 minutes"))
	}
	m.From, m.To = unstamp(stamp(m.From)), unstamp(stamp(m.To)) // as it will be read
	err := x.d.write(ctx, func(t *tx) error {
		return t.put("maintenance", m.Name, &m.ID,
			"INSERT INTO maintenance_rows (name, filter, all_rules, from_at, to_at, days, start, minutes, zone, made_by, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
			"UPDATE maintenance_rows SET name = ?1, filter = ?2, all_rules = ?3, from_at = ?4, to_at = ?5, days = ?6, start = ?7, minutes = ?8, zone = ?9, made_by = ?10, reason = ?11 WHERE id = ?12",
			m.Name, m.Filter, m.All, stamp(m.From), stamp(m.To), jsonOf(m.Days), m.Start, m.Minutes, m.Zone, m.By, m.Reason)
	})
	return m, err
}

// DeleteMaintenance removes a window.
func (x *Inventory) DeleteMaintenance(ctx context.Context, id int64) error {
	return x.d.write(ctx, func(t *tx) error {
		n, err := t.count("DELETE FROM maintenance_rows WHERE id = ?", id)
		if err == nil && n == 0 {
			err = notFound("maintenance", id)
		}
		return err
	})
}

// RuleMarks counts outcomes by the rule that led when somebody said what came
// of it.
func (x *Inventory) RuleMarks(ctx context.Context) ([]store.RuleMark, error) {
	var out []store.RuleMark
	err := x.d.read(ctx, func(v *view) error {
		return v.each(ctx, ruleMarks, nil, func(scan scan) error {
			var m store.RuleMark
			var since, off int64
			err := scan(&m.Rule, &m.Useful, &m.Useless, &m.Wrong, &since, &m.Open, &off, &m.Off)
			m.Since, m.OffAt = unstamp(since), unstamp(off)
			out = append(out, m)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("marks of rules: %w", err)
	}
	return out, nil
}

// ruleMarks finds the names of rules by leaps over the indexes, not by a walk.
const ruleMarks = `WITH RECURSIVE
	found (rule) AS (SELECT min(rule) FROM finding_rows UNION ALL SELECT (SELECT min(f.rule) FROM finding_rows f WHERE f.rule > found.rule) FROM found WHERE found.rule IS NOT NULL),
	judged (rule) AS (SELECT min(rule) FROM incident_rows WHERE useful <> '' UNION ALL
		SELECT (SELECT min(i.rule) FROM incident_rows i WHERE i.useful <> '' AND i.rule > judged.rule) FROM judged WHERE judged.rule IS NOT NULL),
	known (rule) AS (SELECT rule FROM found UNION SELECT rule FROM judged UNION SELECT rule FROM rule_rows)
	SELECT k.rule, ` + outcomes + `'yes'), ` + outcomes + `'no'), ` + outcomes + `'wrong'), ifnull(r.reset_at, 0),
		(SELECT count(*) FROM finding_rows f WHERE f.rule = k.rule AND f.state = 'firing'), ifnull(r.off_at, 0), ifnull(r.off, '')
	FROM known k LEFT JOIN rule_rows r USING (rule) WHERE k.rule IS NOT NULL ORDER BY k.rule`

const outcomes = `(SELECT count(*) FROM incident_rows i WHERE i.rule = k.rule AND i.useful <> '' AND i.outcome_at >= ifnull(r.reset_at, 0) AND i.useful = `

// ResetRule forgets outcomes before at, and switches the rule on.
func (x *Inventory) ResetRule(ctx context.Context, rule string, at time.Time) error {
	return x.mark(ctx, rule, "INSERT INTO rule_rows (rule, reset_at) VALUES (?, ?) ON CONFLICT (rule) DO UPDATE SET reset_at = excluded.reset_at, off_at = 0, off = ''", stamp(at))
}

// SwitchOff notes that a rule was switched off because of a fault.
func (x *Inventory) SwitchOff(ctx context.Context, rule, why string, at time.Time) error {
	return x.mark(ctx, rule, "INSERT INTO rule_rows (rule, off_at, off) VALUES (?, ?, ?) ON CONFLICT (rule) DO UPDATE SET off_at = excluded.off_at, off = excluded.off", stamp(at), why)
}

func (x *Inventory) mark(ctx context.Context, rule, query string, args ...any) error {
	if err := x.d.write(ctx, func(t *tx) error { return t.do(query, append([]any{rule}, args...)...) }); err != nil {
		return fmt.Errorf("mark rule %s: %w", rule, err)
	}
	return nil
}
