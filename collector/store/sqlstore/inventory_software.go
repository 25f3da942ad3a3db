package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"muster/collector/store"
)

// Software lists titles by how many devices have them. Over the whole fleet
// the kept counts answer; for a part of it the rows are counted.
func (x *Inventory) Software(ctx context.Context, q store.SoftwareQuery) ([]store.SoftwareTitle, error) {
	var query string
	var w where
	like := "%" + escapeLike(q.Name) + "%"
	if q.Scope.All {
		w.add("t.devices > 0")
		if q.Name != "" {
			w.add(`t.name LIKE ? ESCAPE '\'`, like)
		}
		if q.Versions {
			w.add("t.version IS NOT NULL")
			query = "SELECT t.name, ifnull(t.publisher, ''), t.version, 1, t.devices FROM title_rows t" + w.String()
		} else {
			w.add("t.version IS NULL")
			query = "SELECT t.name, ifnull(t.publisher, ''), '', (SELECT count(*) FROM title_rows v WHERE v.name = t.name AND v.version IS NOT NULL AND v.devices > 0), t.devices FROM title_rows t" + w.String()
		}
	} else {
		w.add("r.until_at IS NULL AND d.merged_into IS NULL")
		w.scope(q.Scope)
		if q.Name != "" {
			w.add(`f.name LIKE ? ESCAPE '\'`, like)
		}
		by, version := "f.name", "''"
		if q.Versions {
			by, version = "f.name, ifnull(f.version, '')", "ifnull(f.version, '')"
		}
		query = "SELECT f.name, ifnull(max(f.publisher), ''), " + version + ", count(DISTINCT ifnull(f.version, '')), count(DISTINCT r.device_no)" +
			" FROM device_rows d JOIN software_rows r ON r.device_no = d.device_no JOIN software_facts f ON f.fact_no = r.fact_no" + w.String() + " GROUP BY " + by
	}
	var out []store.SoftwareTitle
	err := x.d.read(ctx, func(v *view) error {
		return v.each(ctx, query+" ORDER BY 5 DESC, 1, 3 LIMIT ?", append(w.args, limitOf(q.Limit)), func(scan scan) error {
			var t store.SoftwareTitle
			err := scan(&t.Name, &t.Publisher, &t.Version, &t.Versions, &t.Devices)
			out = append(out, t)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("software: %w", err)
	}
	return out, nil
}

// installsOf is the query for where programs are, or where they were: both go
// by what the program is to the rows that have it, each by an index of its own.
func installsOf(names []string, s store.Scope, past bool) (string, []any) {
	var w where
	w.add("f.name IN (SELECT value FROM json_each(?))", textsOf(names))
	w.add("d.merged_into IS NULL")
	w.scope(s)
	by, until, still := "software_by_fact", "ifnull(r.missing_at, 0)", "IS NULL"
	if past {
		by, until, still = "software_past", "r.until_at", "IS NOT NULL"
	}
	return "SELECT r.device_no, d.device_id, f.name, ifnull(f.version, ''), ifnull(f.publisher, ''), r.from_at, " + until + " FROM software_facts f" +
		" CROSS JOIN software_rows r INDEXED BY " + by + " ON r.fact_no = f.fact_no AND r.until_at " + still +
		" CROSS JOIN device_rows d ON d.device_no = r.device_no" + w.String(), w.args
}

// Installs tells where programs are and were.
func (x *Inventory) Installs(ctx context.Context, s store.Scope, names []string, f func(*store.Install) error) error {
	now, args := installsOf(names, s, false)
	before, more := installsOf(names, s, true)
	var i store.Install
	err := x.d.read(ctx, func(v *view) error {
		return v.each(ctx, now+" UNION ALL "+before+" ORDER BY 1", append(args, more...), func(scan scan) error {
			var no, from, until int64
			if err := scan(&no, &i.Device, &i.Name, &i.Version, &i.Publisher, &from, &until); err != nil {
				return err
			}
			i.From, i.Until = timeOf(from), timeOf(until)
			return f(&i)
		})
	})
	if err != nil {
		return fmt.Errorf("where programs are: %w", err)
	}
	return nil
}

// escapeLike makes a text stand for itself in a LIKE pattern with ESCAPE '\'.
func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
