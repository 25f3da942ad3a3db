package query

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// The test's own binary is the worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "sql-worker" {
		os.Exit(Worker(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

// office is a small inventory: a section with personal columns, tables of the
// store's own, and beside it a control database.
func office(t testing.TB) (string, *sql.DB) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "inventory.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, q := range []string{
		`CREATE TABLE device_rows (device_no INTEGER PRIMARY KEY, device_id TEXT, name TEXT, owner TEXT)`,
		`CREATE VIEW device AS SELECT device_id, name, owner FROM device_rows`,
		`CREATE TABLE user_rows (device_no INTEGER, name TEXT, full_name TEXT, kind TEXT, from_at INTEGER, until_at INTEGER)`,
		`CREATE VIEW "user" AS SELECT d.device_id, r.name, r.full_name, r.kind FROM user_rows r JOIN device_rows d USING (device_no) WHERE until_at IS NULL`,
		`CREATE TABLE title_rows (title TEXT, secret TEXT)`,
		`INSERT INTO title_rows VALUES ('x', 'inner')`,
		`INSERT INTO device_rows VALUES (1, 'd1', 'pc-1', 'Ines Owner'), (2, 'd2', 'pc-2', 'Bo Owner')`,
		`INSERT INTO user_rows VALUES (1, 'ines', 'Ines Private', 'domain', 1, NULL), (2, 'bo', 'Bo Private', 'local', 1, NULL)`,
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "control.db"), []byte("SQLite format 3\x00 not for you"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, db
}

func runner(t testing.TB, db string) *Runner {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &Runner{Exe: exe, Args: []string{"sql-worker"}, DB: db, Limits: Limits{Time: 5 * time.Second}}
}

func TestAnswers(t *testing.T) {
	path, _ := office(t)
	r := runner(t, path)
	for q, want := range map[string]string{
		`SELECT name FROM device ORDER BY name`:                                                          `[[pc-1] [pc-2]]`,
		`select count(*), 1.5, NULL, 'ü', x'00ff' from "user";`:                                          `[[2 1.5 <nil> ü AP8=]]`,
		`WITH t AS (SELECT kind FROM "user") SELECT kind FROM t ORDER BY 1 -- a comment`:                 `[[domain] [local]]`,
		`VALUES (1, 2), (3, 4); /* behind */ ;`:                                                          `[[1 2] [3 4]]`,
		`SELECT d.name, u.kind FROM device d JOIN "user" u USING (device_id) WHERE u.kind = 'local'`:     `[[pc-2 local]]`,
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 5) SELECT sum(i) FROM n`: `[[15]]`,
		`SELECT value FROM json_each('[1,2]')`:                                                           `[[1] [2]]`,
		`SELECT device_no, kind FROM user_rows WHERE until_at IS NULL ORDER BY 1`:                        `[[1 domain] [2 local]]`,
		`SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY 1`:                                  `[[device] [user]]`,
	} {
		res, err := r.Run(t.Context(), Request{SQL: q, Personal: true})
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		if got := fmt.Sprint(res.Rows); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", q, got, want)
		}
	}
	res, err := r.Run(t.Context(), Request{SQL: `EXPLAIN QUERY PLAN SELECT * FROM device`})
	if err != nil || len(res.Rows) == 0 {
		t.Errorf("EXPLAIN: %v, %v", res, err)
	}
	res, err = r.Run(t.Context(), Request{SQL: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 500) SELECT i FROM n`, MaxRows: 10})
	if err != nil || len(res.Rows) != 10 || !res.Truncated {
		t.Errorf("rows beyond the limit: %d, %v, %v", len(res.Rows), res.Truncated, err)
	}
}

func TestRefusals(t *testing.T) {
	path, db := office(t)
	r := runner(t, path)
	control := filepath.Join(filepath.Dir(path), "control.db")
	for _, q := range []string{
		``, `;`, `-- only a comment`, `/* open`,
		`ATTACH '` + control + `' AS c`, `ATTACH DATABASE 'file:` + control + `?mode=ro' AS c`,
		`SELECT 1; SELECT 2`, `SELECT 1; DROP TABLE device_rows`, `SELECT 1;; ; DELETE FROM device_rows`,
		`PRAGMA query_only = 0`, `PRAGMA table_info(device)`, `SELECT * FROM pragma_table_info('device')`, `SELECT * FROM pragma_database_list`,
		`VACUUM`, `VACUUM INTO '/tmp/stolen.db'`,
		`INSERT INTO device_rows VALUES (3,'x','y','z')`, `UPDATE device_rows SET name = 'x'`, `DELETE FROM device_rows`, `DROP VIEW device`,
		`WITH x AS (SELECT 1) INSERT INTO device_rows SELECT 9, 'a', 'b', 'c' FROM x`, `REPLACE INTO device_rows VALUES (1,'','','')`,
		`CREATE TABLE t (a)`, `CREATE TEMP TABLE t AS SELECT 1`, `CREATE TEMP VIEW device AS SELECT 1`, `ALTER TABLE device_rows ADD x`, `REINDEX`, `ANALYZE`,
		`BEGIN`, `COMMIT`, `SAVEPOINT a`, `EXPLAIN DELETE FROM device_rows`, `EXPLAIN SELECT secret FROM title_rows`,
		`SELECT * FROM title_rows`, `SELECT (SELECT secret FROM title_rows)`, `SELECT name FROM device WHERE EXISTS (SELECT 1 FROM title_rows WHERE secret > '')`,
		`SELECT name FROM device_rows`, `SELECT * FROM sqlite_dbpage`, `SELECT * FROM dbstat`, `SELECT * FROM sqlite_sequence`,
		`SELECT load_extension('x')`, `SELECT readfile('/etc/passwd')`, `SELECT writefile('/tmp/x', 'y')`, `SELECT randomblob(1000000000)`, `SELECT zeroblob(1000000000)`,
		`SELECT nothing FROM device`, `SELECT`, `SELEC 1`, "SELECT 1\x00; DROP TABLE device_rows", strings.Repeat("(", 5000), `SELECT ` + strings.Repeat("1+", 3000) + `1`,
	} {
		res, err := r.Run(t.Context(), Request{SQL: q, Personal: true})
		var no *Refused
		if !errors.As(err, &no) {
			t.Errorf("%.80q was answered with %v, %v", q, res.Rows, err)
			continue
		}
		if strings.ContainsAny(no.Message, "\n") || no.Message == "" {
			t.Errorf("%.80q: the refusal is not one line: %q", q, no.Message)
		}
	}
	var n int
	if err := db.QueryRow("SELECT count(*) FROM device_rows").Scan(&n); err != nil || n != 2 {
		t.Errorf("the inventory changed: %d rows, %v", n, err)
	}
}

func TestPersonalColumns(t *testing.T) {
	path, _ := office(t)
	r := runner(t, path)
	for _, q := range []string{
		`SELECT * FROM "user"`, `SELECT full_name FROM "user"`, `SELECT u.full_name AS kind FROM "user" u`, `SELECT max(full_name) FROM "user"`,
		`SELECT x FROM (SELECT full_name AS x FROM "user")`, `WITH t(x) AS (SELECT full_name FROM "user") SELECT x FROM t`,
		`SELECT (SELECT full_name FROM "user" LIMIT 1)`, `SELECT d.name || u.full_name FROM device d, "user" u`, `SELECT group_concat(full_name) FROM "user"`,
		`SELECT full_name FROM user_rows`, `SELECT * FROM user_rows`, `SELECT owner FROM device`, `SELECT * FROM device`,
		`SELECT json_object('a', full_name) FROM "user"`, `SELECT kind FROM "user" ORDER BY full_name`,
		`SELECT 'found Private' FROM "user" WHERE full_name LIKE '%Private%'`, `SELECT name, 'Private' FROM device WHERE owner IS NOT NULL`,
		`SELECT "FULL_NAME" FROM "USER"`, `SELECT main."user".full_name FROM main."user"`,
		`SELECT a.kind, 'Private' FROM "user" a JOIN "user" b ON a.full_name = b.full_name`,
		`SELECT 'Private' FROM "user" GROUP BY full_name HAVING full_name > ''`,
		`SELECT full_name FROM "user" UNION SELECT owner FROM device`,
		`WITH device(x) AS (SELECT full_name FROM "user") SELECT x FROM device`, `WITH device(x) AS (SELECT owner FROM device_rows) SELECT x FROM device`,
		`WITH "user"(x) AS (SELECT full_name FROM user_rows) SELECT x FROM "user"`, `SELECT x FROM (SELECT owner AS x FROM device_rows) AS device`,
		`WITH a AS (SELECT * FROM "user"), b AS (SELECT * FROM a), "user_rows" AS (SELECT * FROM b) SELECT * FROM user_rows`,
	} {
		res, err := r.Run(t.Context(), Request{SQL: q})
		if err != nil {
			continue // refused is as good
		}
		if got := fmt.Sprint(res.Rows); strings.Contains(got, "Private") || strings.Contains(got, "Owner") {
			t.Errorf("%s\nshows %s", q, got)
		}
	}
}

func TestPersonalColumnsWithTheRight(t *testing.T) {
	path, _ := office(t)
	r := runner(t, path)
	res, err := r.Run(t.Context(), Request{SQL: `SELECT u.full_name, d.owner FROM "user" u JOIN device d USING (device_id) ORDER BY 1`, Personal: true})
	if got := fmt.Sprint(res.Rows); err != nil || got != "[[Bo Private Bo Owner] [Ines Private Ines Owner]]" {
		t.Errorf("%s, %v", got, err)
	}
}

func TestBombs(t *testing.T) {
	path, _ := office(t)
	r := runner(t, path)
	r.Limits = Limits{Time: time.Second, Bytes: 4 << 20, Heap: 64 << 20}
	for name, q := range map[string]string{
		"endless":      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n`,
		"endless rows": `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i, printf('%.60000c', 'x') FROM n`,
		"doubling":     `WITH RECURSIVE n(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM n) SELECT max(length(s)) FROM n`,
		"concat":       `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT length(group_concat(printf('%.1000c', 'x'))) FROM n`,
		"sorting":      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n ORDER BY printf('%.5000c', i % 7)`,
		"printf":       `SELECT printf('%.*c', 1000000000, 'x')`,
		"replace":      `SELECT length(replace(printf('%.1000000c', 'x'), 'x', printf('%.10000c', 'y')))`,
		"cross join":   `SELECT count(*) FROM sqlite_schema a, sqlite_schema b, sqlite_schema c, sqlite_schema d, sqlite_schema e, sqlite_schema f, sqlite_schema g, sqlite_schema h, sqlite_schema i, sqlite_schema j, sqlite_schema k, sqlite_schema l`,
		"glob":         `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n WHERE printf('%.100000c%d', 'a', i) LIKE '%a%a%a%a%a%a%a%b'`,
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			res, err := r.Run(t.Context(), Request{SQL: q, Personal: true})
			if err == nil && !res.Truncated {
				t.Errorf("was answered: %v", res.Rows)
			}
			var no *Refused
			if err != nil && !errors.As(err, &no) {
				t.Errorf("%v is not for people", err)
			}
			if took := time.Since(begin); took > 15*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
	// And the next question is answered as if nothing had been.
	if _, err := r.Run(t.Context(), Request{SQL: `SELECT 1`}); err != nil {
		t.Errorf("after the bombs: %v", err)
	}
}

func TestWhileItIsBeingWritten(t *testing.T) {
	path, db := office(t)
	r := runner(t, path)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 10; ctx.Err() == nil && i < 5000; i++ {
			db.Exec("INSERT INTO device_rows VALUES (?, 'd', 'pc', 'o')", i)
		}
	}()
	last := int64(0)
	for range 5 {
		res, err := r.Run(t.Context(), Request{SQL: `SELECT count(*) FROM device`})
		if err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		fmt.Sscan(fmt.Sprint(res.Rows[0][0]), &n)
		if n < last {
			t.Errorf("%d devices after %d", n, last)
		}
		last = n
	}
	stop()
	<-done
}

func TestNoSuchFile(t *testing.T) {
	r := runner(t, filepath.Join(t.TempDir(), "gone.db"))
	if _, err := r.Run(t.Context(), Request{SQL: "SELECT 1"}); err == nil || !strings.Contains(err.Error(), "cannot be opened") {
		t.Errorf("got %v", err)
	}
}

func FuzzPolicy(f *testing.F) {
	f.Add(int32(20), "user", "full_name", "")
	f.Fuzz(func(t *testing.T, action int32, a, b, within string) {
		v := policy{}.decide(action, a, b, within)
		if v.code != 0 && v.code != 1 && v.code != 2 {
			t.Errorf("verdict %d", v.code)
		}
		if v.code == 1 && v.why == "" {
			t.Error("a refusal without a word")
		}
	})
}
