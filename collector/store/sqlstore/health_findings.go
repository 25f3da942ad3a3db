package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"muster/collector/store"
	"muster/internal/inventory"
)

var _ store.Health = (*Inventory)(nil)

// level orders severities; 0 is none that is known.
func level(severity string) int {
	return 1 + slices.Index([]string{"info", "warn", "critical"}, severity)
}

// Findings lists, the worst and newest first.
func (x *Inventory) Findings(ctx context.Context, q store.FindingQuery) ([]store.Finding, error) {
	var out []store.Finding
	err := x.d.read(ctx, func(v *view) error {
		query, args, err := v.findingIDs(ctx, q)
		if err != nil {
			return err
		}
		ids, err := v.numbers(ctx, query, args...)
		if err != nil || len(ids) == 0 {
			return err
		}
		out, err = findings(v.asker(ctx), " JOIN json_each(?) j ON j.value = f.id ORDER BY j.key", jsonNumbers(ids))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list findings: %w", err)
	}
	return out, nil
}

// findingIDs is the query for the IDs of a list, in its order. Conditions stand
// as the indexes have them.
func (v *view) findingIDs(ctx context.Context, q store.FindingQuery) (query string, args []any, _ error) {
	var w where
	by, err := v.aboutDevices(ctx, &w, q.Scope, q.Devices)
	if err != nil {
		return "", nil, err
	}
	if by == "" && q.Incident != 0 {
		by = " INDEXED BY finding_by_incident"
	}
	switch states := q.States; {
	case len(states) == 0:
		w.add("f.state = ?", store.Firing)
	case len(states) == 1:
		w.add("f.state = ?", states[0])
	default:
		w.add("f.state IN (SELECT value FROM json_each(?))", textsOf(states))
	}
	if len(q.Severities) > 0 {
		levels := make([]int64, len(q.Severities))
		for i, s := range q.Severities {
			levels[i] = int64(level(s))
		}
		w.add("f.level IN (SELECT value FROM json_each(?))", jsonNumbers(levels))
		w.among("f.severity", q.Severities)
	}
	w.among("f.rule", q.Rules)
	if q.Incident != 0 {
		w.add("f.incident = ?", q.Incident)
	}
	if q.Backlog != nil {
		w.add("f.backlog = ?", *q.Backlog)
	}
	if !q.From.IsZero() || !q.To.IsZero() {
		w.between("f.began", q.From, q.To)
		w.add("f.fired_at <> 0")
	}
	return "SELECT f.id FROM finding_rows f" + by + w.String() + " ORDER BY f.level DESC, f.began DESC, f.id DESC LIMIT ?", append(w.args, limitOf(q.Limit)), nil
}

// Finding gives one, whatever its state.
func (x *Inventory) Finding(ctx context.Context, s store.Scope, id int64) (store.Finding, error) {
	var out store.Finding
	err := x.d.read(ctx, func(v *view) error {
		var w where
		w.add("f.id = ?", id)
		w.scope(s)
		l, err := findings(v.asker(ctx), w.String(), w.args...)
		if err != nil {
			return err
		}
		if len(l) == 0 {
			return notFound("finding", id)
		}
		out = l[0]
		return nil
	})
	return out, err
}

// aboutDevices adds which devices findings f are about, and answers by which
// index the query comes to them: a few devices lead to their findings; of many,
// findings are walked in their order and looked at one by one.
func (v *view) aboutDevices(ctx context.Context, w *where, s store.Scope, ids []inventory.DeviceID) (by string, _ error) {
	if len(ids) == 0 && s.All {
		return "", nil
	}
	nos, all, err := v.records(ctx, s, ids)
	if err != nil {
		return "", err
	}
	if all {
		w.add("f.device_no IN (SELECT value FROM json_each(?))", jsonNumbers(nos))
		return " INDEXED BY finding_by_device", nil
	}
	records, args := recordsIn(s)
	w.add("f.device_no IN ("+records+")", args...)
	return " INDEXED BY finding_by_state", nil
}

// records lists the records in scope: of the devices given with what is merged
// into them, else all of them; then all is false when they are more than few.
func (v *view) records(ctx context.Context, s store.Scope, ids []inventory.DeviceID) (nos []int64, all bool, _ error) {
	if len(ids) > 0 {
		var w where
		w.add("o.device_id IN (SELECT value FROM json_each(?))", textsOf(ids))
		w.scope(s)
		nos, err := v.numbers(ctx, "WITH RECURSIVE record (no) AS (SELECT o.device_no FROM device_rows o JOIN device_rows d ON d.device_no = "+shownAs+w.String()+
			" UNION SELECT b.device_no FROM record CROSS JOIN device_rows b ON b.merged_into = record.no) SELECT no FROM record", w.args...)
		return nos, true, err
	}
	records, args := recordsIn(s)
	nos, err := v.numbers(ctx, records+" LIMIT ?", append(args, few+1)...)
	return nos, len(nos) <= few, err
}

// recordsIn is the query for all records in scope: devices, and what is merged
// into them.
func recordsIn(s store.Scope) (query string, args []any) {
	var shown, behind where
	shown.add("d.merged_into IS NULL")
	shown.scope(s)
	behind.add("o.merged_into IS NOT NULL")
	behind.scope(s)
	return "SELECT d.device_no FROM device_rows d" + shown.String() +
		" UNION ALL SELECT o.device_no FROM device_rows o CROSS JOIN device_rows d ON d.device_no = " + shownAs + behind.String(), append(shown.args, behind.args...)
}

// among adds that a text is one of a list; an empty list is open.
func (w *where) among(column string, list []string) {
	if len(list) > 0 {
		w.add(column+" IN (SELECT value FROM json_each(?))", textsOf(list))
	}
}

// limitOf is a limit as SQL has it; 0 is none.
func limitOf(n int) int64 {
	if n <= 0 {
		return math.MaxInt64
	}
	return int64(n)
}

// numbers lists the one column of a query.
func (v *view) numbers(ctx context.Context, query string, args ...any) ([]int64, error) {
	var out []int64
	err := v.each(ctx, query, args, func(scan scan) error {
		var n int64
		err := scan(&n)
		out = append(out, n)
		return err
	})
	return out, err
}

// findings loads findings.
func findings(ask asker, rest string, args ...any) ([]store.Finding, error) {
	var out []store.Finding
	err := ask.each(`SELECT f.id, ifnull(d.device_id, ''), ifnull(d.name, ''), ifnull(a.name, ''), ifnull(s.name, ''), f.rule, f.family, f.title, f.component, f.label,
		f.state, f.severity, f.worst, f.backlog, f.flapping, f.hygiene, f.times, f.since, f.fired_at, f.worse_at, f.resolved_at, f.judged_at, f.reason, ifnull(f.evidence, ''),
		ifnull(f.incident, 0), f.points`+findingTables+rest, args, func(scan scan) error {
		var f store.Finding
		var evidence string
		var since, fired, worse, resolved, judged int64
		if err := scan(&f.ID, &f.Device, &f.Name, &f.Agency, &f.Site, &f.Rule, &f.Family, &f.Title, &f.Component, &f.Label,
			&f.State, &f.Severity, &f.Worst, &f.Backlog, &f.Flapping, &f.Hygiene, &f.Times, &since, &fired, &worse, &resolved, &judged, &f.Reason, &evidence,
			&f.Incident, &f.Points); err != nil {
			return err
		}
		f.Since, f.FiredAt, f.WorseAt, f.ResolvedAt, f.JudgedAt = unstamp(since), unstamp(fired), unstamp(worse), unstamp(resolved), unstamp(judged)
		out = append(out, f)
		return fromJSON(evidence, &out[len(out)-1].Evidence)
	})
	return out, err
}

// fromJSON reads what jsonOf wrote.
func fromJSON(text string, into any) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}

// jsonOf keeps a list as JSON, an empty one as NULL.
func jsonOf[T any](list []T) any {
	if len(list) == 0 {
		return nil
	}
	return asJSON(list)
}
