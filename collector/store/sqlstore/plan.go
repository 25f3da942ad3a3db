package sqlstore

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"muster/collector/store"
	"muster/internal/inventory"
)

// plan is how one section is laid out in its tables, with the statements that
// follow from it.
type plan struct {
	section *inventory.Section
	no      int64                // in section_name
	order   func(a, b []any) int // of full rows, by key
	keys    []int                // positions in section.Columns, as own and shared
	own     []int                // columns of <section>_rows
	shared  []int                // columns of <section>_facts

	rows, facts string // quoted table names

	current    string // all current rows of a device
	asOf       string // rows of a device at a time
	touched    string // rows of a device opened or closed at a time
	closedBy   string // rows of a device closed up to a time
	last       string // highest row_no of a device
	open       string // insert a row
	shut       string // set until_at
	refresh    string // overwrite the columns of a row
	mark       string // set missing_at
	factsByNo  string // number and shared columns of some
	factByHash string
	factInsert string // answers its number
}

// identifier is what a section or column may be called: the names go into SQL
// as they are.
var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// reserved are the columns that the tables have beside those of a section.
func reserved() []string {
	return []string{"device_no", "device_id", "row_no", "fact_no", "fact_digest", "from_at", "until_at", "missing_at"}
}

// taken are names that sections cannot have: the fixed tables are called so,
// some with "_rows" after it.
func taken() []string {
	return []string{"agency", "site", "site_subnet", "device", "device_search", "seen", "head", "gap", "layout", "state", "change", "event",
		"label", "group", "merge", "title", "host_ip", "host_mac", "section_name", "schema_version", "catalogue_version",
		"finding", "incident", "incident_device", "incident_step", "maintenance", "rule"}
}

func quote(name string) string { return `"` + name + `"` }

// sortColumn holds the key that a version column sorts by.
func sortColumn(name string) string { return quote(name + "_sort") }

// interned says whether a new column goes to the facts: what repeats over the
// fleet and tells of no person.
func interned(c inventory.Column) bool {
	if c.Personal {
		return false
	}
	if c.Version {
		return true // its sort key is kept beside it
	}
	return !c.Latest && (c.Dict || len(c.Enum) > 0 && c.Kind == inventory.Text || c.Kind == inventory.Bool)
}

// checkNames refuses a section that cannot have tables.
func checkNames(s *inventory.Section) error {
	if !identifier.MatchString(s.Name) || slices.Contains(taken(), s.Name) || strings.HasSuffix(s.Name, "_history") {
		return fmt.Errorf("section %q: the name cannot be a table's", s.Name)
	}
	for _, c := range s.Columns {
		if !identifier.MatchString(c.Name) || slices.Contains(reserved(), c.Name) {
			return fmt.Errorf("section %s: column %q has a name that the tables need", s.Name, c.Name)
		}
		if v, ok := strings.CutSuffix(c.Name, "_sort"); ok {
			if of, ok := s.Column(v); ok && of.Version {
				return fmt.Errorf("section %s: column %q has a name that the tables need", s.Name, c.Name)
			}
		}
	}
	return nil
}

// newPlan lays out a section; inFacts says where each column stands.
func newPlan(s *inventory.Section, no int64, inFacts func(inventory.Column) bool) *plan {
	p := &plan{section: s, no: no, order: store.KeyOrder(s), keys: s.Keys(), rows: quote(s.Name + "_rows"), facts: quote(s.Name + "_facts")}
	var ownNames, sharedNames, sharedStored []string
	for i, c := range s.Columns {
		if inFacts(c) {
			p.shared = append(p.shared, i)
			sharedNames = append(sharedNames, quote(c.Name))
			sharedStored = append(sharedStored, quote(c.Name))
			if c.Version {
				sharedStored = append(sharedStored, sortColumn(c.Name))
			}
		} else {
			p.own = append(p.own, i)
			ownNames = append(ownNames, quote(c.Name))
		}
	}
	fixed := []string{"row_no", "from_at", "until_at", "missing_at", "fact_no"}
	fields := strings.Join(append(slices.Clone(fixed), ownNames...), ", ")
	p.current = "SELECT " + fields + " FROM " + p.rows + " WHERE device_no = ? AND until_at IS NULL"
	if s.Linger > 0 {
		p.current = strings.Replace(p.current, " WHERE", " INDEXED BY "+quote(s.Name+"_current")+" WHERE", 1)
	}
	p.asOf = "SELECT " + fields + " FROM " + p.rows + " WHERE device_no = ?1 AND from_at <= ?2 AND (until_at IS NULL OR until_at > ?2)"
	p.touched = "SELECT " + fields + " FROM " + p.rows + " WHERE device_no = ?1 AND (from_at = ?2 OR until_at = ?2)"
	p.closedBy = "DELETE FROM " + p.rows + " WHERE device_no = ? AND until_at <= ?"
	p.last = "SELECT ifnull(max(row_no), 0) FROM " + p.rows + " WHERE device_no = ?"
	p.open = "INSERT INTO " + p.rows + " (" + strings.Join(append([]string{"device_no", "row_no", "from_at", "fact_no"}, ownNames...), ", ") +
		") VALUES (" + placeholders(4+len(ownNames)) + ")"
	p.shut = "UPDATE " + p.rows + " SET until_at = ?, missing_at = NULL WHERE device_no = ? AND row_no = ?"
	p.mark = "UPDATE " + p.rows + " SET missing_at = ? WHERE device_no = ? AND row_no = ?"
	set := []string{"fact_no = ?"}
	for _, n := range ownNames {
		set = append(set, n+" = ?")
	}
	p.refresh = "UPDATE " + p.rows + " SET " + strings.Join(set, ", ") + " WHERE device_no = ? AND row_no = ?"
	if len(p.shared) > 0 {
		p.factsByNo = "SELECT fact_no, " + strings.Join(sharedNames, ", ") + " FROM " + p.facts + " WHERE fact_no IN (SELECT value FROM json_each(?))"
		p.factByHash = "SELECT fact_no FROM " + p.facts + " WHERE fact_digest = ?"
		p.factInsert = "INSERT INTO " + p.facts + " (" + strings.Join(append([]string{"fact_digest"}, sharedStored...), ", ") +
			") VALUES (" + placeholders(1+len(sharedStored)) + ") RETURNING fact_no"
	}
	return p
}

func placeholders(n int) string {
	return strings.TrimSuffix(strings.Repeat("?, ", n), ", ")
}

// expr is how a column reads in a query over from.
func (p *plan) expr(column string) string { return p.exprAs("", column) }

// from joins a section's rows (r) to their facts (f).
func (p *plan) from() string { return p.fromAs("") }

// exprAs and fromAs are expr and from with another letter before r and f, for
// a query within a query.
func (p *plan) exprAs(prefix, column string) string {
	if slices.Contains(p.shared, p.section.Index(column)) {
		return prefix + "f." + quote(column)
	}
	return prefix + "r." + quote(column)
}

func (p *plan) fromAs(prefix string) string {
	return fmt.Sprintf(" FROM %[1]s %[3]sr LEFT JOIN %[2]s %[3]sf ON %[3]sf.fact_no = %[3]sr.fact_no", p.rows, p.facts, prefix)
}

// toSQL is how a value is stored.
func toSQL(v any) any {
	if b, ok := v.(bool); ok {
		if b {
			return int64(1)
		}
		return int64(0)
	}
	return v
}

// fromSQL is the inverse of toSQL. A key column that was added later is NULL
// in old rows, which is what its zero value means.
func fromSQL(c inventory.Column, v any) any {
	switch x := v.(type) {
	case nil:
		if c.Key {
			switch c.Kind {
			case inventory.Int, inventory.Time:
				return int64(0)
			case inventory.Bool:
				return false
			}
			return ""
		}
	case int64:
		switch c.Kind {
		case inventory.Bool:
			return x != 0
		case inventory.Float:
			return float64(x)
		}
	case string:
		if c.Kind == inventory.Bytes {
			return []byte(x)
		}
	}
	return v
}

// sqlType is the declared type of a column's values.
func sqlType(k inventory.Kind) string {
	switch k {
	case inventory.Int, inventory.Bool, inventory.Time:
		return "INTEGER"
	case inventory.Float:
		return "REAL"
	case inventory.Bytes:
		return "BLOB"
	}
	return "TEXT"
}
