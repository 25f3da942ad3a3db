package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"muster/collector/store"
)

// breakdownIndex spares SQLite to sort: it counts 100,000 devices in a twentieth
// of a second. Texts of devices may be longer than what an ordered index of
// PostgreSQL holds, which counts by hashes.
const breakdownIndex = `CREATE INDEX device_by_breakdown ON device_rows (presence, kind, site, os, model, memory_bytes) WHERE merged_into IS NULL;`

// Breakdown counts devices by what lists are narrowed by; of q it takes what
// chooses devices. It is one query: one for each property walks the fleet six
// times.
func (x *Inventory) Breakdown(ctx context.Context, q store.DeviceQuery) (store.Breakdown, error) {
	q.Merged = false
	var out store.Breakdown
	err := x.d.read(ctx, func(v *view) error {
		var set devices
		if q.Filter != nil {
			var err error
			if set, err = x.choose(ctx, v, q); err != nil {
				return err
			}
		}
		var err error
		if out.Groups, err = v.breakdown(ctx, q, set); err == nil {
			out.Ailing, err = v.ailing(ctx, q, set)
		}
		if err == nil && q.Builds {
			out.Builds, err = v.builds(ctx, q, set)
		}
		return err
	})
	if err != nil {
		return store.Breakdown{}, fmt.Errorf("count devices: %w", err)
	}
	return out, nil
}

func (v *view) breakdown(ctx context.Context, q store.DeviceQuery, set devices) (out []store.BreakdownGroup, _ error) {
	var w where
	w.add("d.merged_into IS NULL")
	by := " INDEXED BY device_by_breakdown"
	if q.Filter == nil {
		w.scope(q.Scope)
		if !q.Scope.All {
			by = ""
		}
	} else {
		w.add("d.device_no IN (SELECT value FROM json_each(?))", jsonNumbers(set.numbers()))
		if set.count() <= few {
			by = ""
		}
	}
	return out, v.each(ctx, `SELECT c.presence, c.kind, ifnull(a.name, ''), ifnull(s.name, ''), c.os, c.model, c.memory_bytes, c.devices
		FROM (SELECT d.presence, d.kind, d.site, d.os, d.model, d.memory_bytes, count(*) AS devices FROM device_rows d`+by+w.String()+`
			GROUP BY d.presence, d.kind, d.site, d.os, d.model, d.memory_bytes) AS c
		LEFT JOIN site s ON s.id = c.site LEFT JOIN agency a ON a.id = s.agency`, w.args, func(scan scan) error {
		var g store.BreakdownGroup
		err := scan(&g.Presence, &g.Kind, &g.Agency, &g.Site, &g.OS, &g.Model, &g.MemoryBytes, &g.Count)
		out = append(out, g)
		return err
	})
}

// builds counts devices by their system and its build. Lists keep the one; the
// other is in the section.
func (v *view) builds(ctx context.Context, q store.DeviceQuery, set devices) (out []store.BreakdownBuild, _ error) {
	var w where
	w.add("d.merged_into IS NULL AND d.presence <> 'retired'")
	if q.Filter == nil {
		w.scope(q.Scope)
	} else {
		w.add("d.device_no IN (SELECT value FROM json_each(?))", jsonNumbers(set.numbers()))
	}
	return out, v.each(ctx, `SELECT d.os, ifnull(f.build, ''), count(*), count(*) FILTER (WHERE d.presence = 'online') FROM device_rows d
		LEFT JOIN os_rows r ON r.device_no = d.device_no AND r.until_at IS NULL LEFT JOIN os_facts f ON f.fact_no = r.fact_no`+w.String()+" GROUP BY d.os, ifnull(f.build, '')", w.args, func(scan scan) error {
		var b store.BreakdownBuild
		err := scan(&b.OS, &b.Build, &b.Count, &b.Online)
		out = append(out, b)
		return err
	})
}

// ailing counts devices by their worst open incident.
func (v *view) ailing(ctx context.Context, q store.DeviceQuery, set devices) ([]store.BreakdownAiling, error) {
	order := []string{"critical", "warn", "info"}
	level := map[int64]int{} // of open incidents: places in order
	var open []int64
	err := v.each(ctx, `SELECT i.number, i.severity FROM incident_rows i
		WHERE (i.status = 'resolved') = (? = 1) AND i.status <> 'snoozed' AND i.backlog = ? AND i.hygiene = ?`, []any{false, false, false}, func(scan scan) error {
		var no int64
		var severity string
		err := scan(&no, &severity)
		if i := slices.Index(order, severity); i >= 0 {
			level[no] = i
			open = append(open, no)
		}
		return err
	})
	if err != nil || len(open) == 0 {
		return nil, err
	}
	worst := map[int64]int{}
	online := map[int64]bool{}
	for part := range slices.Chunk(open, 100) { // by the index: of many at once a planner walks all there ever were
		var w where
		w.add("m.incident IN (SELECT value FROM json_each(?))", jsonNumbers(part))
		w.add("d.presence <> 'retired'")
		if q.Filter == nil {
			w.scope(q.Scope)
		}
		err := v.each(ctx, `SELECT m.incident, d.device_no, d.presence = 'online' FROM incident_device_rows m
			JOIN device_rows o ON o.device_no = m.device_no JOIN device_rows d ON d.device_no = `+shownAs+w.String(), w.args, func(scan scan) error {
			var incident, no int64
			var on bool
			if err := scan(&incident, &no, &on); err != nil {
				return err
			}
			if q.Filter != nil && !set.has(no) {
				return nil
			}
			if was, ok := worst[no]; !ok || level[incident] < was {
				worst[no] = level[incident]
			}
			online[no] = on
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	counts := make([]store.BreakdownAiling, len(order))
	for no, i := range worst {
		counts[i].Count++
		if online[no] {
			counts[i].Online++
		}
	}
	var out []store.BreakdownAiling
	for i, c := range counts {
		if c.Severity = order[i]; c.Count > 0 {
			out = append(out, c)
		}
	}
	return out, nil
}
