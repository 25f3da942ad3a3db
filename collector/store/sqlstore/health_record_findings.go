package sqlstore

import (
	"slices"

	"muster/collector/store"
)

// What a judge says of a finding, after the three that tell which one it is.
const findingSaid = `family, title, label, state, severity, level, worst, backlog, flapping, hygiene, times, since, fired_at, worse_at, resolved_at, judged_at, began, reason, evidence, points`

const findingSaidNew = `family = excluded.family, title = excluded.title, label = excluded.label, state = excluded.state, severity = excluded.severity, level = excluded.level,
	worst = excluded.worst, backlog = excluded.backlog, flapping = excluded.flapping, hygiene = excluded.hygiene, times = excluded.times, since = excluded.since,
	fired_at = excluded.fired_at, worse_at = excluded.worse_at, resolved_at = excluded.resolved_at, judged_at = excluded.judged_at, began = excluded.began,
	reason = excluded.reason, evidence = excluded.evidence, points = excluded.points, incident = ifnull(excluded.incident, finding_rows.incident)`

const returning = ` RETURNING id, ifnull(incident, 0)`

const (
	// of what only says more: nothing that an index holds, which is half the cost
	findingSame = `UPDATE finding_rows SET family = ?, title = ?, label = ?, severity = ?, worst = ?, flapping = ?, hygiene = ?, times = ?, since = ?, fired_at = ?,
	worse_at = ?, judged_at = ?, reason = ?, evidence = ?, points = ?
	WHERE id = ? AND device_no IS ? AND rule = ? AND component = ? AND state = ? AND level = ? AND began = ? AND backlog = ? AND resolved_at = ? AND ifnull(incident, 0) = ifnull(?, ifnull(incident, 0))` + returning
	// of what was given an ID
	findingByID = `UPDATE finding_rows SET (` + findingSaid + `) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), incident = ifnull(?, incident)
	WHERE id = ? AND device_no IS ? AND rule = ? AND component = ?` + returning
	// of an end that was not
	findingByKey = `UPDATE finding_rows SET (` + findingSaid + `) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), incident = ifnull(?, incident)
	WHERE ifnull(device_no, 0) = ifnull(?, 0) AND rule = ? AND component = ? AND state <> 'resolved'` + returning
	// open, under whatever number
	findingOpen = `SELECT id FROM finding_rows WHERE ifnull(device_no, 0) = ifnull(?, 0) AND rule = ? AND component = ? AND state <> 'resolved'`
	// an end that is known
	findingEnded = `SELECT id, ifnull(incident, 0) FROM finding_rows INDEXED BY finding_by_device WHERE device_no IS ? AND rule = ? AND component = ? AND state = 'resolved' AND resolved_at = ? AND since = ?`
	findingPut   = `INSERT INTO finding_rows (` + findingSaid + `, incident, device_no, rule, component) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (ifnull(device_no, 0), rule, component) WHERE state <> 'resolved' DO UPDATE SET ` + findingSaidNew + returning
)

func (r *recording) finding(at int) error {
	f := &r.j.Findings[at]
	var device any // NULL: about none
	if f.Device != "" {
		no, err := r.device(f.Device)
		if err != nil {
			return err
		}
		if no == 0 {
			r.x.log.Warn("finding about a device that is not there", "device", f.Device, "rule", f.Rule)
			return nil
		}
		device = no
	}
	incident, err := r.home(f)
	if err != nil {
		return err
	}
	began := f.FiredAt
	if began.IsZero() {
		began = f.Since
	}
	said := []any{f.Family, f.Title, f.Label, f.State, f.Severity, level(f.Severity), f.Worst, f.Backlog, f.Flapping, f.Hygiene, f.Times, stamp(f.Since), stamp(f.FiredAt), stamp(f.WorseAt),
		stamp(f.ResolvedAt), stamp(f.JudgedAt), stamp(began), f.Reason, jsonOf(f.Evidence), finite(f.Points), incident}
	which := []any{device, f.Rule, f.Component}
	id, belongs := &r.ids[at], &r.belongs[at]
	put := func() (bool, error) { return r.one(findingPut, append(said, which...), id, belongs) }
	found := false
	if f.ID != 0 {
		if found, err = r.one(findingSame, []any{f.Family, f.Title, f.Label, f.Severity, f.Worst, f.Flapping, f.Hygiene, f.Times, stamp(f.Since), stamp(f.FiredAt), stamp(f.WorseAt), stamp(f.JudgedAt),
			f.Reason, jsonOf(f.Evidence), finite(f.Points), f.ID, device, f.Rule, f.Component, f.State, level(f.Severity), stamp(began), f.Backlog, stamp(f.ResolvedAt), incident}, id, belongs); err != nil || found {
			return err
		}
		// Where another number is open, this one ended before.
		var open int64
		if f.State != store.Resolved {
			_, err = r.one(findingOpen, which, &open)
		}
		if err == nil && (open == 0 || open == f.ID) {
			found, err = r.one(findingByID, slices.Concat(said, []any{f.ID}, which), id, belongs)
		}
	}
	if err == nil && !found && f.State == store.Resolved {
		found, err = r.one(findingByKey, append(said, which...), id, belongs)
		if err == nil && !found {
			found, err = r.one(findingEnded, append(which, stamp(f.ResolvedAt), stamp(f.Since)), id, belongs)
		}
	}
	if err == nil && !found {
		_, err = put()
	}
	if err != nil || *belongs == 0 || device == nil || f.State != store.Firing {
		return err
	}
	return r.do("INSERT INTO incident_device_rows (incident, device_no, place) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", *belongs, device, unlisted)
}

// home is the incident that a finding's key names, NULL when it stays where it
// is.
func (r *recording) home(f *store.JudgedFinding) (any, error) {
	if f.Key == "" {
		return nil, nil
	}
	l, err := r.ofKey(f.Key)
	if err != nil || len(l) == 0 {
		return nil, err
	}
	// One that ended with an incident does not belong to what began after.
	if f.State == store.Resolved && len(l) > 1 && f.ID != 0 {
		var in int64
		if _, err := r.one("SELECT ifnull(incident, 0) FROM finding_rows WHERE id = ?", []any{f.ID}, &in); err != nil {
			return nil, err
		}
		if slices.Contains(l, in) {
			return in, nil
		}
	}
	return l[len(l)-1], nil
}
