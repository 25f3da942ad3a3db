package query

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Tables that are not to be read stay so where no column of theirs is named:
// the argument of a full-text table would search personal text.
func TestHiddenTables(t *testing.T) {
	path, db := office(t)
	for _, q := range []string{
		`CREATE VIRTUAL TABLE device_search USING fts5 (facts, personal, tokenize = 'trigram')`,
		`INSERT INTO device_search (rowid, facts, personal) VALUES (1, 'pc-1', 'Ines Owner')`,
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	r := runner(t, path)
	for _, from := range []string{`device_search('Owner')`, `device_search`, `DEVICE_SEARCH_data`, `main.device_search_content`, `title_rows`,
		`dbstat`, `sqlite_dbpage`, `sqlite_dbpage('main')`, `pragma_table_list`, `pragma_integrity_check`, `pragma_table_info('device')`,
		`sqlite_temp_schema`, `device, title_rows`, `(SELECT 1 FROM title_rows)`} {
		for _, q := range []string{`SELECT 1 FROM ` + from, `SELECT count(*) FROM ` + from, `WITH device AS (SELECT 1 FROM ` + from + `) SELECT * FROM device`} {
			res, err := r.Run(t.Context(), Request{SQL: q, Personal: true})
			var no *Refused
			if !errors.As(err, &no) {
				t.Errorf("%s was answered with %v, %v", q, res.Rows, err)
			}
		}
	}
	// Names that a statement gives itself are its own business.
	for _, q := range []string{`WITH mine AS (SELECT 1) SELECT count(*) FROM mine`, `SELECT count(*) FROM device`, `SELECT count(*) FROM "user", (SELECT 2)`} {
		if _, err := r.Run(t.Context(), Request{SQL: q}); err != nil {
			t.Errorf("%s: %v", q, err)
		}
	}
}

// SQLite itself must stop at its heap: the bound on the address space is a
// wall behind that one, and some systems do not have it.
func TestHeapIsBounded(t *testing.T) {
	path, _ := office(t)
	r := runner(t, path)
	r.Limits = Limits{Time: 20 * time.Second, Heap: 16 << 20, Memory: 64 << 30}
	for _, q := range []string{
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n ORDER BY printf('%.5000c', i % 7)`,
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 200) SELECT length(group_concat(printf('%.500000c', i))) FROM n`,
	} {
		_, err := r.Run(t.Context(), Request{SQL: q})
		if err == nil || !strings.Contains(err.Error(), "needs more memory") && !strings.Contains(err.Error(), "larger than it may be") {
			t.Errorf("%s: %v", q, err)
		}
	}
}

func TestMessages(t *testing.T) {
	path, _ := office(t)
	r := runner(t, path)
	for q, want := range map[string]string{
		"SELECT 'abc\ndef":                                     "unrecognized token",
		"SELECT 1 FROM \"a\nb\x01c\"":                          "no such table",
		`SELECT "nothing" FROM device`:                         `no such column: "nothing"`,
		`SELECT ` + strings.Repeat("x", 5000) + ` FROM device`: "no such column",
		`SELECT fts5(1), sqlite_nothing(1)`:                    "no such function",
	} {
		_, err := r.Run(t.Context(), Request{SQL: q})
		if err == nil || !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\n\r\x01") || len(err.Error()) > 1000 {
			t.Errorf("%.60q: %v", q, err)
		}
	}
}

func TestWideAnswersAreShorter(t *testing.T) {
	path, _ := office(t)
	r := runner(t, path)
	r.Limits.Time = time.Minute // a million values, perhaps under the race detector
	res, err := r.Run(t.Context(), Request{SQL: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 10000) SELECT 1` + strings.Repeat(",1", 399) + ` FROM n`})
	if err != nil || !res.Truncated || len(res.Rows) != maxValues/400 {
		t.Errorf("%d rows, %v, %v", len(res.Rows), res.Truncated, err)
	}
	_, err = r.Run(t.Context(), Request{SQL: `SELECT 1` + strings.Repeat(",1", 600)})
	if err == nil {
		t.Error("600 columns were answered")
	}
}

// What a query finds must not depend on the people's right but for the
// personal values themselves.
func TestMaskingKeepsRows(t *testing.T) {
	path, _ := office(t)
	r := runner(t, path)
	const q = `SELECT d.name, u.kind, u.full_name IS NULL FROM device d JOIN "user" u USING (device_id) ORDER BY 1`
	for personal, want := range map[bool]string{true: "[[pc-1 domain 0] [pc-2 local 0]]", false: "[[pc-1 domain 1] [pc-2 local 1]]"} {
		res, err := r.Run(t.Context(), Request{SQL: q, Personal: personal})
		if got := fmt.Sprint(res.Rows); err != nil || got != want {
			t.Errorf("personal %v: %s, %v", personal, got, err)
		}
	}
}

// FuzzStatement runs whole statements: whatever they are, they change nothing,
// show no personal value, and are answered or refused in one line.
func FuzzStatement(f *testing.F) {
	for _, q := range []string{
		`SELECT * FROM "user" u JOIN device d USING (device_id)`, `WITH device(x) AS (SELECT owner FROM device_rows) SELECT x FROM device`,
		`SELECT (SELECT group_concat(owner) FROM device_rows), max(full_name) FROM user_rows GROUP BY full_name`,
		`SELECT 1; DELETE FROM device_rows`, `EXPLAIN SELECT owner FROM device`, `PRAGMA writable_schema = 1`, `VACUUM INTO 'x'`,
		`WITH RECURSIVE device(i) AS (SELECT owner FROM device_rows UNION SELECT i FROM device) SELECT * FROM device`,
		`SELECT * FROM device d WHERE (d.owner, d.name) IN (SELECT owner, name FROM device_rows)`, `VALUES ((SELECT owner FROM device LIMIT 1))`,
		`SELECT json_group_array(owner) OVER (ORDER BY owner) FROM device WINDOW w AS (ORDER BY owner)`, "SELECT /* * / */ 1 -- ;\n;",
	} {
		f.Add(q)
	}
	path, db := office(f)
	r := runner(f, path)
	r.Limits = Limits{Time: 2 * time.Second, Rows: 50, Bytes: 1 << 20, Heap: 32 << 20}
	f.Fuzz(func(t *testing.T, q string) {
		if strings.Contains(q, "Private") || strings.Contains(q, "Owner") {
			return // it may show what it says itself
		}
		res, err := r.Run(t.Context(), Request{SQL: q})
		var no *Refused
		switch {
		case err != nil && !errors.As(err, &no):
			t.Fatalf("%q: not for people: %v", q, err)
		case err != nil && (no.Message == "" || strings.ContainsAny(no.Message, "\n\r")):
			t.Fatalf("%q: not one line: %q", q, no.Message)
		}
		if got := fmt.Sprint(res.Rows); strings.Contains(got, "Private") || strings.Contains(got, "Owner") {
			t.Fatalf("%q shows %s", q, got)
		}
		var n int
		if err := db.QueryRow("SELECT count(*) FROM device_rows WHERE owner LIKE '%Owner'").Scan(&n); err != nil || n != 2 {
			t.Fatalf("%q changed the inventory: %d, %v", q, n, err)
		}
	})
}
