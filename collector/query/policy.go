package query

import (
	"fmt"
	"slices"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"

	"muster/internal/inventory"
)

const notASelect = "only one SELECT, WITH, VALUES or EXPLAIN is answered here; nothing can be changed"

// verdict of the authorizer, with a word for people when it is a refusal.
type verdict struct {
	code int32
	why  string
}

// policy decides what a statement may do.
type policy struct {
	personal bool
	// hidden holds, in lower case, whatever the database file or SQLite itself
	// has by name and nobody may read: tables of the store's own, tables that
	// show the file's pages, PRAGMA as tables, full-text search.
	hidden map[string]bool
}

// decide is asked by SQLite for each thing that a statement wants
// (https://www.sqlite.org/c3ref/set_authorizer.html). within is the view on
// whose behalf it is wanted, empty for the statement's own text.
func (p policy) decide(action int32, a, b, within string) verdict {
	switch action {
	case sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE:
		return verdict{}
	case sqlite3.SQLITE_READ:
		return p.read(a, b, within)
	case sqlite3.SQLITE_FUNCTION:
		if refusedFunction(strings.ToLower(b)) {
			return deny("the function %s may not be used here", b)
		}
		return verdict{}
	case sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH:
		return deny("ATTACH may not be used here: only the inventory can be asked")
	case sqlite3.SQLITE_PRAGMA:
		return deny("PRAGMA may not be used here")
	}
	return deny(notASelect)
}

func deny(format string, args ...any) verdict {
	return verdict{sqlite3.SQLITE_DENY, fmt.Sprintf(format, args...)}
}

// read decides about one column of one table or view. A personal column is
// masked in the table itself and in every view alike, so that it does not
// matter through how many views, subqueries and names somebody comes to it:
// within can be a name that the statement gave itself, and is trusted for
// nothing but a kinder refusal.
func (p policy) read(table, column, within string) verdict {
	if table == "" {
		return verdict{} // a subquery or a common table expression
	}
	if column == "" {
		// A table of which no column is read, such as under count(*). SQLite
		// asks this of what the statement names itself too, so a name that
		// nothing has is none of ours. What is hidden stays so: the argument
		// of a full-text table searches its columns without reading any.
		if p.hidden[strings.ToLower(table)] {
			return notDirectly(table)
		}
		return verdict{}
	}
	section, ok := source(table)
	if !ok && within != "" {
		section, ok = inner(table)
	}
	if !ok {
		return notDirectly(table)
	}
	if !p.personal && isPersonal(section, column) {
		return verdict{code: sqlite3.SQLITE_IGNORE} // reads as NULL
	}
	return verdict{}
}

func notDirectly(table string) verdict {
	return deny("%q may not be read directly: use the views, which are named as the sections (see muster schema), or device, event, finding and incident", table)
}

// hides says whether a table of the file or of SQLite itself must stay unread
// even where none of its columns is named.
func hides(table string) bool {
	if _, ok := source(table); ok {
		return false
	}
	_, ok := inner(table)
	return !ok
}

// inner lists the store's own tables that views are made of, with the view
// whose personal columns they hold.
func inner(table string) (string, bool) {
	switch name := strings.ToLower(table); name {
	case "device_rows":
		return "device", true
	case "event_rows":
		return "event", true
	case "finding_rows":
		return "finding", true
	case "seen_rows", "label_rows", "site", "agency", "incident_rows", "incident_device_rows", "incident_step_rows":
		return name, true
	}
	return "", false
}

// source says which section, or device, event, finding or incident, a name
// shows; false when it may not be read.
func source(table string) (string, bool) {
	name := strings.ToLower(table)
	switch name {
	case "device", "event", "finding", "incident", "incident_device", "incident_step", "sqlite_schema", "sqlite_master", "json_each", "json_tree", "generate_series":
		return name, true
	}
	for _, suffix := range []string{"", "_history", "_rows", "_facts"} {
		if s, ok := strings.CutSuffix(name, suffix); ok {
			if _, known := inventory.Lookup(s); known {
				return s, true
			}
		}
	}
	return "", false
}

func isPersonal(section, column string) bool {
	column = strings.ToLower(column)
	switch section {
	case "device":
		return slices.Contains([]string{"user_name", "owner"}, column)
	case "event":
		return column == "attributes"
	case "finding":
		// Of some rules: which one tells, only the rules know.
		return slices.Contains([]string{"component", "label", "evidence"}, column)
	}
	s, ok := inventory.Lookup(section)
	if !ok {
		return false
	}
	c, ok := s.Column(column)
	return ok && c.Personal
}

// refusedFunction names what reaches beyond the statement, or only makes
// large values.
func refusedFunction(name string) bool {
	switch name {
	case "load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "randomblob", "zeroblob", "sqlite_compileoption_get", "sqlite_compileoption_used":
		return true
	}
	return false
}
