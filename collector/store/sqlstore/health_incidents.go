package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"muster/collector/store"
	"muster/internal/inventory"
)

// How much of an incident is shown.
const (
	listedDevices = 20   // in a list that asks for no number
	shownDevices  = 1000 // of one
	shownFindings = 1000
)

// Incidents lists by rank.
func (x *Inventory) Incidents(ctx context.Context, q store.IncidentQuery) ([]store.Incident, error) {
	var out []store.Incident
	most := q.Members
	if most <= 0 {
		most = listedDevices
	}
	err := x.d.read(ctx, func(v *view) error {
		query, args, err := v.incidentNumbers(ctx, q)
		if err != nil {
			return err
		}
		numbers, err := v.numbers(ctx, query, args...)
		if err != nil || len(numbers) == 0 {
			return err
		}
		list := jsonNumbers(numbers)
		if out, err = incidents(v.asker(ctx), " JOIN json_each(?) j ON j.value = i.number ORDER BY j.key", list); err != nil {
			return err
		}
		at := make(map[int64]int, len(out))
		for i := range out {
			at[out[i].Number] = i
		}
		var m where
		m.add("m.incident IN (SELECT value FROM json_each(?))", list)
		if q.Scope.All {
			m.add("m.place < ?", 2*most) // some may be shown as one
		}
		return members(v.asker(ctx), m, q.Scope, func(no int64, d store.IncidentDevice) {
			if i, ok := at[no]; ok && len(out[i].Devices) < most && !has(out[i].Devices, d.ID) {
				out[i].Devices = append(out[i].Devices, d)
			}
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	return out, nil
}

// incidentNumbers is the query for the numbers of a list, in its order.
// Conditions stand as the indexes have them.
func (v *view) incidentNumbers(ctx context.Context, q store.IncidentQuery) (query string, args []any, _ error) {
	var w where
	closed := slices.Contains(q.Statuses, store.Closed)
	if !closed || len(q.Statuses) == 1 {
		w.add("(i.status = 'resolved') = (? = 1)", closed)
	}
	if len(q.Statuses) > 0 {
		w.add("i.status IN (SELECT value FROM json_each(?))", textsOf(q.Statuses))
	}
	if len(q.Kinds) > 0 {
		w.add("i.kind IN (SELECT value FROM json_each(?))", textsOf(q.Kinds))
	}
	w.among("i.severity", q.Severities)
	w.among("i.family", q.Families)
	w.among("i.rule", q.Rules)
	switch {
	case q.Assignee == nil:
	case *q.Assignee == "":
		w.add("i.assignee = ''")
	default:
		w.add("i.assignee <> '' AND i.assignee = ?", *q.Assignee)
	}
	if q.Backlog != nil {
		w.add("i.backlog = ?", *q.Backlog)
	}
	if q.Hygiene != nil {
		w.add("i.hygiene = ?", *q.Hygiene)
	}
	w.between("i.opened_at", q.From, q.To)
	by, err := v.withDevices(ctx, &w, q.Scope, q.Devices)
	if err != nil {
		return "", nil, err
	}
	if by == "" && q.Assignee != nil && *q.Assignee != "" {
		by = " INDEXED BY incident_by_assignee"
	}
	return "SELECT i.number FROM incident_rows i" + by + w.String() + " ORDER BY i.rank DESC, i.number DESC LIMIT ?", append(w.args, limitOf(q.Limit)), nil
}

func has(list []store.IncidentDevice, id inventory.DeviceID) bool {
	return slices.ContainsFunc(list, func(d store.IncidentDevice) bool { return d.ID == id })
}

// withDevices adds which incidents i are in scope and, if any are given, about
// devices, and answers how the query comes to them: as aboutDevices does.
func (v *view) withDevices(ctx context.Context, w *where, s store.Scope, ids []inventory.DeviceID) (by string, _ error) {
	if len(ids) == 0 && s.All {
		return "", nil
	}
	nos, all, err := v.records(ctx, s, ids)
	if err != nil {
		return "", err
	}
	if !all {
		w.inScope(s)
		return "", nil
	}
	numbers, args := "SELECT incident FROM incident_device_rows WHERE device_no IN (SELECT value FROM json_each(?))", []any{jsonNumbers(nos)}
	if len(ids) == 0 {
		numbers += " UNION SELECT number FROM incident_rows WHERE site_id <> 0 AND site_id IN (" + scopedSites + ")"
		args = append(args, scopeArgs(s)...)
	}
	w.add("i.number IN ("+numbers+")", args...)
	return " NOT INDEXED", nil // but by number
}

// scopedSites are the sites of a scope; scopeArgs are what it asks for.
const scopedSites = "SELECT id FROM site WHERE id IN (SELECT value FROM json_each(?)) OR agency IN (SELECT value FROM json_each(?))"

func scopeArgs(s store.Scope) []any { return []any{jsonNumbers(s.Sites), jsonNumbers(s.Agencies)} }

// inScope adds that an incident i is: one of its devices, or its site.
func (w *where) inScope(s store.Scope) {
	if s.All {
		return
	}
	w.add("(+i.site_id IN ("+scopedSites+") OR EXISTS (SELECT 1 FROM incident_device_rows m JOIN device_rows o ON o.device_no = m.device_no JOIN device_rows d ON d.device_no = "+shownAs+
		" WHERE m.incident = i.number AND d.site IN ("+scopedSites+")))", slices.Concat(scopeArgs(s), scopeArgs(s))...)
}

// Incident gives one with all there is about it, as far as in scope.
func (x *Inventory) Incident(ctx context.Context, s store.Scope, number int64) (store.Incident, error) {
	var out store.Incident
	err := x.d.read(ctx, func(v *view) (err error) {
		out, err = incident(v.asker(ctx), s, number)
		return err
	})
	return out, err
}

func incident(ask asker, s store.Scope, number int64) (out store.Incident, _ error) {
	var w, m, f where
	w.add("i.number = ?", number)
	w.inScope(s)
	l, err := incidents(ask, w.String(), w.args...)
	if err != nil {
		return out, err
	}
	if len(l) == 0 {
		return out, notFound("incident", number)
	}
	out = l[0]
	seen := map[inventory.DeviceID]bool{}
	m.add("m.incident = ?", number)
	if err := members(ask, m, s, func(_ int64, d store.IncidentDevice) {
		if len(out.Devices) < shownDevices && !seen[d.ID] {
			seen[d.ID] = true
			out.Devices = append(out.Devices, d)
		}
	}); err != nil {
		return out, err
	}
	f.add("f.incident = ?", number)
	f.scope(s)
	if out.Findings, err = findings(ask, f.String()+" ORDER BY f.state = 'resolved', f.level DESC, f.rule <> ?, f.began DESC, f.id DESC LIMIT ?", append(f.args, out.Rule, shownFindings)...); err != nil {
		return out, err
	}
	out.Steps, err = steps(ask, number)
	return out, err
}

// incidents loads incidents, without devices, findings and steps.
func incidents(ask asker, rest string, args ...any) ([]store.Incident, error) {
	var out []store.Incident
	err := ask.each(`SELECT i.number, i.kind, i.key, i.title, i.rule, i.family, i.severity, i.backlog, i.hygiene, i.flapping, ifnull(a.name, i.agency), ifnull(s.name, i.site), i.site_id,
		ifnull(i.cause, ''), i.rank, ifnull(i.terms, ''), i.devices, i.opened_at, i.updated_at, i.cleared_at, i.resolved_at, i.told_at, i.told,
		i.status, i.assignee, i.claimed_at, i.snoozed_to, i.escalated, ifnull(i.checked, ''), i.useful, i.replaced, i.called
		FROM incident_rows i LEFT JOIN site s ON s.id = i.site_id LEFT JOIN agency a ON a.id = s.agency`+rest, args, func(scan scan) error {
		var i store.Incident
		var cause, terms, checked string
		var opened, updated, cleared, resolved, told, claimed, snoozed int64
		if err := scan(&i.Number, &i.Kind, &i.Key, &i.Title, &i.Rule, &i.Family, &i.Severity, &i.Backlog, &i.Hygiene, &i.Flapping, &i.Agency, &i.Site, &i.SiteID,
			&cause, &i.Rank, &terms, &i.Count, &opened, &updated, &cleared, &resolved, &told, &i.Told,
			&i.Status, &i.Assignee, &claimed, &snoozed, &i.Escalated, &checked, &i.Useful, &i.Replaced, &i.Called); err != nil {
			return err
		}
		i.OpenedAt, i.UpdatedAt, i.ClearedAt, i.ResolvedAt, i.ToldAt = unstamp(opened), unstamp(updated), unstamp(cleared), unstamp(resolved), unstamp(told)
		i.ClaimedAt, i.SnoozedTo = unstamp(claimed), unstamp(snoozed)
		for _, x := range []struct {
			text string
			into any
		}{{cause, &i.Cause}, {terms, &i.Terms}, {checked, &i.Checked}} {
			if err := fromJSON(x.text, x.into); err != nil {
				return fmt.Errorf("incident %d: %w", i.Number, err)
			}
		}
		out = append(out, i)
		return nil
	})
	return out, err
}

// members calls f for the devices of incidents that are in scope, in the order
// in which an incident lists them.
func members(ask asker, w where, s store.Scope, f func(incident int64, d store.IncidentDevice)) error {
	w.scope(s)
	return ask.each("SELECT m.incident, d.device_id, d.name, d.kind, d.model, d.user_name, ifnull(a.name, ''), ifnull(s.name, ''), d.presence"+
		memberTables+w.String()+" ORDER BY m.incident, m.place, m.device_no", w.args, func(scan scan) error {
		var no int64
		var d store.IncidentDevice
		err := scan(&no, &d.ID, &d.Name, &d.Kind, &d.Model, &d.User, &d.Agency, &d.Site, &d.Presence)
		f(no, d)
		return err
	})
}

// steps lists what was done about an incident, oldest first.
func steps(ask asker, number int64) ([]store.Step, error) {
	var out []store.Step
	err := ask.each("SELECT at, made_by, act, text, item, until_at, sent_to, useful, replaced, called FROM incident_step_rows WHERE incident = ? ORDER BY at, step_no", []any{number}, func(scan scan) error {
		var s store.Step
		var at, until int64
		err := scan(&at, &s.By, &s.Do, &s.Text, &s.Item, &until, &s.To, &s.Useful, &s.Replaced, &s.Called)
		s.At, s.Until = unstamp(at), unstamp(until)
		out = append(out, s)
		return err
	})
	return out, err
}
