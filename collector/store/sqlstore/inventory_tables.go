package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"muster/internal/inventory"
)

// migrateSections makes the tables of the catalogue what the catalogue says:
// a new section gets its tables, a new column is added, and nothing is ever
// taken away. Where a column stands (rows or facts) is decided when it is
// first made and then found in the database, so that a changed tag moves no
// data. All in one transaction.
func (x *Inventory) migrateSections(ctx context.Context, schema []*inventory.Section, now time.Time) error {
	x.named = map[string]*plan{}
	x.byID = map[int64]*plan{}
	x.plans = nil
	return x.d.write(ctx, func(t *tx) error {
		have, err := t.tables()
		if err != nil {
			return fmt.Errorf("open %s: %w", x.d.path, err)
		}
		for _, s := range schema {
			p, err := t.layOut(s, have)
			if err != nil {
				return fmt.Errorf("open %s: tables of section %s: %w", x.d.path, s.Name, err)
			}
			x.plans = append(x.plans, p)
			x.named[s.Name] = p
			x.byID[p.no] = p
		}
		return x.migrateViews(t, now)
	})
}

// layOut makes or completes the tables of a section.
func (t *tx) layOut(s *inventory.Section, have tables) (*plan, error) {
	if err := checkNames(s); err != nil {
		return nil, err
	}
	no, known := have.sections[s.Name]
	if !known {
		var err error
		if no, err = t.insert("section", "INSERT INTO section_name (name) VALUES (?)", s.Name); err != nil {
			return nil, err
		}
	}
	rows, facts := have.columns[s.Name+"_rows"], have.columns[s.Name+"_facts"]
	if facts == nil {
		facts = map[string]string{}
	}
	fresh := len(rows) == 0
	var ddl, rowColumns, factColumns []string
	for _, c := range s.Columns {
		add := quote(c.Name) + " " + sqlType(c.Kind)
		at, there := facts[c.Name]
		if !there {
			at, there = rows[c.Name]
		}
		switch {
		case there && at != sqlType(c.Kind):
			return nil, fmt.Errorf("column %s is kept as %s and this program has it as %s: move the database away or use the program that wrote it", c.Name, at, sqlType(c.Kind))
		case there:
		case interned(c):
			factColumns = append(factColumns, add)
			facts[c.Name] = sqlType(c.Kind)
		default:
			rowColumns = append(rowColumns, add)
		}
		_, shared := facts[c.Name]
		if _, sorted := facts[c.Name+"_sort"]; c.Version && shared && !sorted {
			factColumns = append(factColumns, sortColumn(c.Name)+" BLOB")
		}
	}
	if fresh {
		// All columns at once: ALTER TABLE reads the whole schema again each time.
		ddl = append(ddl,
			"CREATE TABLE "+quote(s.Name+"_rows")+" ("+strings.Join(append([]string{"device_no INTEGER NOT NULL REFERENCES device_rows", "row_no INTEGER NOT NULL",
				"from_at INTEGER NOT NULL", "until_at INTEGER", "missing_at INTEGER", "fact_no INTEGER"}, rowColumns...), ", ")+
				", PRIMARY KEY (device_no, row_no)) STRICT, WITHOUT ROWID",
			"CREATE TABLE "+quote(s.Name+"_facts")+" ("+strings.Join(append([]string{"fact_no INTEGER PRIMARY KEY", "fact_digest BLOB NOT NULL UNIQUE"}, factColumns...), ", ")+") STRICT",
			"CREATE INDEX "+quote(s.Name+"_by_fact")+" ON "+quote(s.Name+"_rows")+" (fact_no, device_no, until_at) WHERE until_at IS NULL") // until_at only makes it cover
	} else {
		for _, c := range rowColumns {
			ddl = append(ddl, "ALTER TABLE "+quote(s.Name+"_rows")+" ADD COLUMN "+c)
		}
		for _, c := range factColumns {
			ddl = append(ddl, "ALTER TABLE "+quote(s.Name+"_facts")+" ADD COLUMN "+c)
		}
	}
	if s.Linger > 0 {
		// What lingers comes and goes: the past of a device outgrows its present.
		ddl = append(ddl,
			"CREATE INDEX IF NOT EXISTS "+quote(s.Name+"_missing")+" ON "+quote(s.Name+"_rows")+" (missing_at) WHERE missing_at IS NOT NULL",
			"CREATE INDEX IF NOT EXISTS "+quote(s.Name+"_current")+" ON "+quote(s.Name+"_rows")+" (device_no) WHERE until_at IS NULL")
	}
	if s.Name == "fdb" && s.Index("mac") >= 0 {
		// Where an address is and was: who asks knows the address, not the switch.
		ddl = append(ddl, `CREATE INDEX IF NOT EXISTS fdb_by_mac ON fdb_rows (mac)`)
	}
	if s.Name == softwareSection && fresh {
		ddl = append(ddl, `CREATE INDEX software_fact_by_name ON software_facts (name, version_sort)`)
	}
	if s.Name == softwareSection {
		// Where a program was: software_by_fact leads to where it is.
		ddl = append(ddl, `CREATE INDEX IF NOT EXISTS software_past ON software_rows (fact_no) WHERE until_at IS NOT NULL`)
	}
	for _, q := range ddl {
		if err := t.once(q); err != nil {
			return nil, err
		}
	}
	p := newPlan(s, no, func(c inventory.Column) bool { _, ok := facts[c.Name]; return ok })
	return p, nil
}

// tables is what the database holds already.
type tables struct {
	sections map[string]int64             // numbers by name
	columns  map[string]map[string]string // declared types by table and column
}

func (t *tx) tables() (tables, error) {
	have := tables{map[string]int64{}, map[string]map[string]string{}}
	err := t.each("SELECT name, section FROM section_name", nil, func(scan scan) error {
		var name string
		var no int64
		err := scan(&name, &no)
		have.sections[name] = no
		return err
	})
	if err != nil {
		return have, err
	}
	err = t.each(t.d.columns(), nil, func(scan scan) error {
		var table, column, kind string
		if err := scan(&table, &column, &kind); err != nil {
			return err
		}
		if have.columns[table] == nil {
			have.columns[table] = map[string]string{}
		}
		have.columns[table][column] = kind
		return nil
	})
	return have, err
}

// isoTime shows a column of Unix milliseconds as ISO 8601 in UTC.
func isoTime(expr string) string {
	return "strftime('%Y-%m-%dT%H:%M:%fZ', " + expr + " / 1000.0, 'unixepoch')"
}

// views lists the views that people query, by name. Times read as ISO 8601,
// yes and no as 1 and 0, lists as JSON.
func (x *Inventory) views() map[string]string {
	out := map[string]string{
		"device": `SELECT d.device_id, d.name, d.kind, a.name AS agency, s.name AS site,
			(SELECT group_concat(label, ', ') FROM label_rows l WHERE l.device_no = d.device_no) AS labels,
			d.presence, nullif(n.address, '') AS address, d.agent_version, d.os, d.vendor, d.model, d.serial, d.user_name, nullif(d.memory_bytes, 0) AS memory_bytes,
			` + isoTime("d.first_seen") + ` AS first_seen, ` + isoTime("nullif(n.seen_at, 0)") + ` AS last_seen,
			` + isoTime("d.retired_at") + ` AS retired_at, nullif(d.forked_from, '') AS forked_from,
			d.asset_tag, d.owner, d.department, nullif(d.purchased, '') AS purchased, nullif(d.warranty, '') AS warranty, d.note
			FROM device_rows d JOIN seen_rows n USING (device_no) LEFT JOIN site s ON s.id = d.site LEFT JOIN agency a ON a.id = s.agency
			WHERE d.merged_into IS NULL`,
		"event": `SELECT d.device_id, d.name AS host_name, ` + isoTime("e.at") + ` AS at, ` + isoTime("e.received_at") + ` AS received_at,
			e.kind, e.count, e.attributes FROM event_rows e JOIN device_rows d USING (device_no)`,
	}
	maps.Copy(out, healthViews())
	for _, p := range x.plans {
		cols := []string{"d.device_id AS device_id"}
		if p.section.Index("host_name") < 0 {
			cols = append(cols, "d.name AS host_name")
		}
		for i, c := range p.section.Columns {
			from := "r."
			if slices.Contains(p.shared, i) {
				from = "f."
			}
			expr := from + quote(c.Name)
			if c.Kind == inventory.Time {
				expr = isoTime(expr)
			}
			cols = append(cols, expr+" AS "+quote(c.Name))
		}
		tables := " FROM " + p.rows + " r JOIN device_rows d ON d.device_no = r.device_no LEFT JOIN " + p.facts + " f ON f.fact_no = r.fact_no"
		cols = append(cols, isoTime("r.from_at")+" AS from_at")
		out[p.section.Name] = "SELECT " + strings.Join(cols, ", ") + tables + " WHERE r.until_at IS NULL AND d.merged_into IS NULL"
		cols = append(cols, isoTime("r.until_at")+" AS until_at")
		out[p.section.Name+"_history"] = "SELECT " + strings.Join(cols, ", ") + tables
	}
	return out
}

// migrateViews makes the views again when any of them would read otherwise.
// They hold no data, so this loses nothing; an older program that opens the
// file later makes its own.
func (x *Inventory) migrateViews(t *tx, now time.Time) error {
	views := x.views()
	names := make([]string, 0, len(views))
	for n := range views {
		names = append(names, n)
	}
	slices.Sort(names)
	h := sha256.New()
	for _, n := range names {
		fmt.Fprintf(h, "%s\n%s\n", n, views[n])
	}
	if s := x.d.server; s != nil {
		fmt.Fprintf(h, "%s\n%s\n", s.Reader, s.PersonalReader)
	}
	digest := hex.EncodeToString(h.Sum(nil))
	if err := t.once("CREATE TABLE IF NOT EXISTS catalogue_version (views TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT"); err != nil {
		return err
	}
	var have string
	if _, err := t.one("SELECT views FROM catalogue_version", nil, &have); err != nil || have == digest {
		return err
	}
	var old []string
	if err := t.each(t.d.views(), nil, func(scan scan) error {
		old = append(old, "")
		return scan(&old[len(old)-1])
	}); err != nil {
		return err
	}
	if x.d.server != nil {
		if err := t.once("DROP SCHEMA IF EXISTS " + maskedSchema + " CASCADE"); err != nil {
			return err
		}
	}
	for _, n := range old {
		if err := t.once("DROP VIEW " + quote(n)); err != nil {
			return err
		}
	}
	for _, n := range names {
		if err := t.once("CREATE VIEW " + quote(n) + " AS " + views[n]); err != nil {
			return fmt.Errorf("view %s: %w", n, err)
		}
	}
	if x.d.server != nil {
		if err := x.grantViews(t, names); err != nil {
			return fmt.Errorf("accounts of people's SQL: %w", err)
		}
	}
	if err := t.do("DELETE FROM catalogue_version"); err != nil {
		return err
	}
	return t.do("INSERT INTO catalogue_version VALUES (?, ?)", digest, now.UTC().Format(time.RFC3339))
}
