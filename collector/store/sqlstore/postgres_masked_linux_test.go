package sqlstore

import (
	"fmt"
	"strings"
	"testing"

	"muster/collector/query"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// secretWord stands in every personal text of the test's device.
const secretWord = "quokka7"

// filledRow is a row of a section with something in every column; false when
// its personal columns hold no text.
func filledRow(s *inventory.Section) ([]any, bool) {
	var row []any
	told := false
	for _, c := range s.Columns {
		var v any
		switch {
		case c.Kind == inventory.Text && c.Personal:
			v, told = secretWord, true
		case c.Kind == inventory.Text && len(c.Enum) > 0:
			v = c.Enum[0]
		case c.Kind == inventory.Text:
			v = "x"
		case c.Kind == inventory.Int:
			v = int64(7)
		case c.Kind == inventory.Bool:
			v = true
		default:
			v = 0.5
		}
		row = append(row, v)
	}
	return row, told
}

// Over PostgreSQL the two accounts of people's SQL see what their people may:
// without the right to see personal facts, every personal column of every view
// is NULL; with it, it is what the device told.
func TestPostgresMasksPersonalColumns(t *testing.T) {
	s := realServer(t)
	at := on(s, s.Empty(t))
	at.Reader, at.PersonalReader = "asks_"+at.Database, "sees_"+at.Database
	if _, err := s.SQL("postgres", "CREATE ROLE "+at.Reader+" LOGIN; CREATE ROLE "+at.PersonalReader+" LOGIN"); err != nil {
		t.Fatal(err)
	}
	c, err := OpenControlPostgres(t.Context(), at, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	x := openOn(t, at)
	addDevice(t, x, 1)
	e := entry(1, 1)
	told := map[string]bool{"device": true, "event": true} // views that hold the word
	for _, sec := range inventory.Schema() {
		row, personal := filledRow(sec)
		table := inventory.Table{Rows: [][]any{row}}
		for _, c := range sec.Columns {
			table.Columns = append(table.Columns, c.Name)
		}
		table, _, err := sec.Conform(table)
		if err != nil || len(table.Rows) != 1 {
			t.Fatalf("%s: %v, %d rows", sec.Name, err, len(table.Rows))
		}
		if personal {
			told[sec.Name], told[sec.Name+"_history"] = true, true
		}
		e.Sections = append(e.Sections, store.SectionReading{Section: sec, Status: report.OK, Sources: []string{"test"}, At: e.At, Hash: sec.HashTable(table), Table: table})
	}
	e.Events = []store.EventReading{{Kind: "app_crash", At: e.At, Attributes: map[string]string{"user": secretWord}}}
	take(t, x, e)
	if err := x.SetPeople(t.Context(), deviceID(1), store.People{Owner: secretWord}); err != nil {
		t.Fatal(err)
	}
	p := &query.Postgres{Config: func(personal bool) (*query.Connection, error) { return at.ReaderConfig(personal, nil) }}
	views, err := s.SQL(at.Database, "SELECT viewname FROM pg_views WHERE schemaname = 'inventory_masked' ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for view := range strings.FieldsSeq(views) {
		hidden := map[string]bool{}
		for _, c := range x.personalIn(view) {
			hidden[c] = true
		}
		if len(hidden) == 0 && !told[view] {
			continue // what it shows is no column that tells of a person
		}
		for _, personal := range []bool{false, true} {
			res, err := p.Run(t.Context(), query.Request{SQL: "SELECT * FROM " + quote(view), Personal: personal})
			if err != nil {
				t.Fatalf("%s: %v", view, err)
			}
			holds := false
			for _, row := range res.Rows {
				for i, cell := range row {
					holds = holds || strings.Contains(fmt.Sprint(cell), secretWord)
					if !personal && hidden[res.Columns[i]] && cell != nil {
						t.Errorf("%s.%s is %v for who may not see it", view, res.Columns[i], cell)
					}
				}
			}
			if holds != (personal && told[view]) {
				t.Errorf("%s, personal %v: the word is there: %v\n%v", view, personal, holds, res.Rows)
			}
			if holds {
				seen++
			}
		}
	}
	if seen != len(told) || seen < 10 {
		t.Errorf("the word is in %d views of %d", seen, len(told))
	}
	// Neither reaches the tables behind, the other's views, nor free text.
	for _, q := range []string{"SELECT user_name FROM inventory.device", "SELECT personal FROM inventory.device_search", "SELECT owner FROM inventory.device_rows", "SELECT * FROM pg_stats WHERE tablename = 'device_rows' AND attname = 'owner'"} {
		res, err := p.Run(t.Context(), query.Request{SQL: q})
		if err == nil && len(res.Rows) > 0 {
			t.Errorf("%s is answered: %v", q, res.Rows)
		}
	}
}
