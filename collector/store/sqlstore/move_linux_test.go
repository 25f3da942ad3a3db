package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
)

// plant puts rows into every table of a file that nobody has open: values of
// all kinds that its columns take, which point at rows that are there.
func plant(t testing.TB, path string, seed uint64, rows int) {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	r := rand.New(rand.NewPCG(seed, 7))
	type column struct {
		table, name, kind string
		notNull           bool
		pk                int
	}
	tables := map[string][]column{}
	refs := map[string][2]string{} // table.column to table and column
	read := func(q string, f func(*sql.Rows) error) {
		t.Helper()
		list, err := db.Query(q)
		if err != nil {
			t.Fatal(err)
		}
		defer list.Close()
		for list.Next() {
			if err := f(list); err != nil {
				t.Fatal(err)
			}
		}
	}
	read(`SELECT m.name, c.name, c.type, c."notnull", c.pk FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%'
		AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'device_search%' AND m.name NOT LIKE 'incident%' AND m.name NOT LIKE 'finding%' AND m.name NOT IN ('schema_version', 'catalogue_version', 'section_name', 'audit_start')`, func(x *sql.Rows) error {
		var c column
		err := x.Scan(&c.table, &c.name, &c.kind, &c.notNull, &c.pk)
		tables[c.table] = append(tables[c.table], c)
		return err
	})
	read(`SELECT m.name, f."from", f."table", ifnull(f."to", (SELECT name FROM pragma_table_info(f."table") WHERE pk = f.seq + 1)) FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`, func(x *sql.Rows) error {
		var table, from, to, key string
		err := x.Scan(&table, &from, &to, &key)
		refs[table+"."+from] = [2]string{to, key}
		return err
	})
	if _, err := db.Exec("PRAGMA foreign_keys = 0; BEGIN"); err != nil {
		t.Fatal(err)
	}
	word := func() string {
		return []string{"", "plain", "Größe", "a\x00b", "bad\xff\xfe", "日本語", "O'Brien \"x\"", "tab\tline\n", strings.Repeat("long ", 800)}[r.IntN(9)]
	}
	made := map[string]bool{}
	var fill func(table string)
	fill = func(table string) {
		if made[table] || len(tables[table]) == 0 {
			return
		}
		made[table] = true
		var names []string
		for _, c := range tables[table] {
			if to, ok := refs[table+"."+c.name]; ok {
				fill(to[0])
			}
			names = append(names, quote(c.name))
		}
		for i := range rows {
			var args []any
			whole := map[string][]any{} // a row of the table that several columns point at
			for _, c := range tables[table] {
				var v any
				if to, ok := refs[table+"."+c.name]; ok {
					if whole[to[0]] == nil {
						var keys []string
						for _, o := range tables[table] {
							if k := refs[table+"."+o.name]; k[0] == to[0] {
								keys = append(keys, quote(k[1]))
							}
						}
						vals, into := make([]any, len(keys)), make([]any, len(keys))
						for j := range vals {
							into[j] = &vals[j]
						}
						if err := db.QueryRow("SELECT "+strings.Join(keys, ", ")+" FROM "+quote(to[0])+" LIMIT 1 OFFSET ? % (SELECT max(count(*), 1) FROM "+quote(to[0])+")", r.IntN(1000)).Scan(into...); err != nil && !errors.Is(err, sql.ErrNoRows) { // its own first row points at none
							t.Fatal(table, err)
						}
						whole[to[0]] = vals
					}
					v, whole[to[0]] = whole[to[0]][0], append(whole[to[0]][1:], whole[to[0]][0])
				} else {
					switch {
					case c.kind == "INTEGER" && c.pk > 0:
						v = int64(1000 + i)
					case c.kind == "INTEGER":
						v = []int64{0, 1, -5, 1 << 62, int64(1000 + i)}[r.IntN(5)]
					case c.kind == "REAL":
						v = []float64{0, -0.5, 1e300, 3, 0.1}[r.IntN(5)]
					case c.kind == "BLOB":
						v = fmt.Appendf(nil, "%s/%s/%d\x00\xff", table, c.name, i)
						if c.pk == 0 && r.IntN(3) == 0 && !strings.Contains(c.name, "hash") && c.name != "fact_digest" && c.name != "address" {
							v = []byte{}
						}
					case c.name == "subnet":
						v = fmt.Sprintf("10.%d.0.0/16", i)
					default:
						v = fmt.Sprintf("%s %d %s", c.name, i, word())
					}
					if !c.notNull && c.pk == 0 && r.IntN(3) == 0 {
						v = nil
					}
				}
				args = append(args, v)
			}
			if _, err := db.Exec("INSERT OR IGNORE INTO "+quote(table)+" ("+strings.Join(names, ", ")+") VALUES ("+placeholders(len(names))+")", args...); err != nil {
				t.Fatal(table, err)
			}
		}
	}
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		fill(table)
	}
	if _, err := db.Exec("COMMIT"); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := db.QueryRow("SELECT count(*) FROM pragma_foreign_key_check").Scan(&n); err != nil || n > 0 {
		t.Fatalf("%d rows point at none, %v", n, err)
	}
}

// lived makes both files of an office that has been living for a while.
func lived(t testing.TB, dir string, devices, planted int) {
	t.Helper()
	ctx := t.Context()
	x, err := Open(ctx, filepath.Join(dir, "inventory.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.PutAgency(ctx, store.Agency{Name: "Courts"}); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= devices; n++ {
		addDevice(t, x, n)
		take(t, x, software(n, 1, "a", "b", fmt.Sprint("own-", n)))
		e := software(n, 2, "a", "c")
		e.Events = []store.EventReading{{Kind: "app_crash", At: at(2), Attributes: map[string]string{"user": "ines"}}}
		e.Sections = append(e.Sections, section(at(2), []inventory.System{{Vendor: "Ünders", Model: "Slim", Serial: fmt.Sprint("S", n)}}))
		take(t, x, e)
		if err := x.SetLabels(ctx, deviceID(n), []string{"North", fmt.Sprint("l", n), "ä"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Record(ctx, round(1)); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := OpenControl(ctx, filepath.Join(dir, "control.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	plant(t, filepath.Join(dir, "inventory.db"), 1, planted)
	plant(t, filepath.Join(dir, "control.db"), 2, planted)
}

func openMove(t testing.TB, part Part, dir string, s Server, id string) *Move {
	t.Helper()
	m, err := OpenMove(t.Context(), part, filepath.Join(dir, string(part)+".db"), s, id, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// end takes a move from wherever it is to its end.
func end(t testing.TB, m *Move) []MovedTable {
	t.Helper()
	list, err := m.Round(t.Context(), nil)
	if err == nil {
		err = m.Complete(t.Context(), nil)
	}
	if err == nil {
		err = m.Seal(t.Context())
	}
	if err = errors.Join(err, m.Close()); err != nil {
		t.Fatal(err)
	}
	return list
}

// made is how the tables of a schema are made, with their keys and indexes.
func made(t testing.TB, database string) string {
	t.Helper()
	out, err := realServer(t).SQL(database, `SELECT string_agg(x, E'\n' ORDER BY x COLLATE "C") FROM (
		SELECT schemaname || ' ' || indexdef AS x FROM pg_indexes WHERE schemaname IN ('inventory', 'control')
		UNION ALL SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace IN ('inventory'::regnamespace, 'control'::regnamespace)
		UNION ALL SELECT table_schema || '.' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || is_identity || ' ' || coalesce(collation_name, '') FROM information_schema.columns WHERE table_schema IN ('inventory', 'control') AND table_name <> 'migration'
		UNION ALL SELECT viewname || ' ' || definition FROM pg_views WHERE schemaname IN ('inventory', 'control', 'inventory_masked')) AS y`)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A move that is cut off again and again, while a collector changes the file,
// ends with the same as one that is not: all rows, and a schema such as a
// collector makes.
func TestMove(t *testing.T) {
	dir := t.TempDir()
	lived(t, dir, 5, 12)
	s := realServer(t)
	to := on(s, s.Empty(t))
	r := rand.New(rand.NewPCG(3, 3))
	for _, part := range []Part{PartControl, PartInventory} {
		cut := 0
		for try := range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			m, err := OpenMove(ctx, part, filepath.Join(dir, string(part)+".db"), to, "one", Options{})
			if err != nil {
				t.Fatal(err)
			}
			left := r.IntN(10 + 60*try)
			_, err = m.Round(ctx, func(MoveStep) {
				if left--; left < 0 {
					cancel()
				}
			})
			if err != nil {
				cut++
			} else if try%3 == 0 {
				err = m.Index(ctx, func(int, int) { cancel() })
			}
			cancel()
			if e := m.Close(); err == nil && e != nil {
				t.Fatal(e)
			}
			if part == PartInventory && try == 1 {
				x, err := Open(t.Context(), filepath.Join(dir, "inventory.db"), Options{})
				if err != nil {
					t.Fatal(err)
				}
				take(t, x, software(2, 3, "a", fmt.Sprint("new-", try)))
				if err := x.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if cut < 2 {
			t.Errorf("%s was cut off %d times only", part, cut)
		}
		// Nobody may work with what is half there.
		if part == PartInventory {
			if _, err := OpenPostgres(t.Context(), to, Options{}); err == nil || !strings.Contains(err.Error(), "half filled") {
				t.Errorf("a collector takes a half filled schema: %v", err)
			}
		}
		m := openMove(t, part, dir, to, "one")
		rows := int64(0)
		for _, x := range end(t, m) {
			rows += x.File.Rows
			if x.File != x.Server {
				t.Errorf("%s: %+v in the file, %+v on the server", x.Name, x.File, x.Server)
			}
			if x.File.Rows == 0 {
				t.Errorf("%s has no rows, which tests nothing", x.Name)
			}
		}
		if rows < 200 {
			t.Errorf("%s has %d rows", part, rows)
		}
		if _, err := OpenMove(t.Context(), part, filepath.Join(dir, string(part)+".db"), to, "one", Options{}); !errors.Is(err, ErrMoved) {
			t.Errorf("moved again: %v", err)
		}
	}

	// The schema is one that a collector makes.
	own := openPostgres(t).d.server.Database
	if a, b := made(t, to.Database), made(t, own); a != b {
		moved, own := strings.Split(a, "\n"), strings.Split(b, "\n")
		for _, l := range moved {
			if !slices.Contains(own, l) {
				t.Errorf("only moved: %s", l)
			}
		}
		for _, l := range own {
			if !slices.Contains(moved, l) {
				t.Errorf("lacks: %s", l)
			}
		}
	}

	// A store answers over the server what it answers over the file, and goes
	// on: numbers are not given twice.
	file, server := openAt(t, filepath.Join(dir, "inventory.db")), openOn(t, to)
	for n := 1; n <= 5; n++ {
		if a, b := programs(t, file, n), programs(t, server, n); a != b {
			t.Errorf("device %d: %s and %s", n, a, b)
		}
	}
	all := store.Scope{All: true}
	ask := func(x *Inventory) string {
		var b bytes.Buffer
		page, err := x.Devices(t.Context(), store.DeviceQuery{Scope: all})
		fmt.Fprintln(&b, page.Total, err)
		for _, d := range page.Devices {
			fmt.Fprintln(&b, d.ID, plainText(fmt.Sprint(d.Labels)), d.Serial, d.Vendor)
		}
		changes, err := x.Journal(t.Context(), store.JournalQuery{Scope: all, Devices: []inventory.DeviceID{deviceID(3)}})
		fmt.Fprintln(&b, len(changes), err)
		for _, c := range changes {
			fmt.Fprintf(&b, "%+v\n", c)
		}
		events, err := x.Events(t.Context(), store.EventQuery{Scope: all, Devices: []inventory.DeviceID{deviceID(2)}})
		fmt.Fprintf(&b, "%+v %v\n", events, err)
		found, err := x.Findings(t.Context(), store.FindingQuery{Scope: all})
		fmt.Fprintln(&b, len(found), err)
		return b.String()
	}
	if a, b := ask(file), ask(server); a != b {
		t.Errorf("the file says\n%s\nthe server\n%s", a, b)
	}
	for _, x := range []*Inventory{file, server} {
		take(t, x, software(1, 9, "z"))
		if err := x.Record(t.Context(), round(2)); err != nil {
			t.Fatal(err)
		}
	}
	last := func(x *Inventory) (n int64) {
		l, err := x.Incidents(t.Context(), store.IncidentQuery{Scope: all})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range l {
			n = max(n, i.Number)
		}
		return n
	}
	if a, b := last(file), last(server); a != b || a < 2 {
		t.Errorf("the next incident is %d in the file, %d on the server", a, b)
	}
	if err := openOnControl(t, to).PutCredential(t.Context(), store.Credential{ID: "c-new", Name: "public", Version: "2c"}, nil, time.Now()); err != nil {
		t.Error(err)
	}
}

func openOnControl(t testing.TB, s Server) *Control {
	t.Helper()
	c, err := OpenControlPostgres(t.Context(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// What is in the way is said.
func TestMoveRefusals(t *testing.T) {
	dir := t.TempDir()
	lived(t, dir, 1, 0)
	s := realServer(t)
	path := filepath.Join(dir, "inventory.db")
	try := func(says string, to Server, id string) {
		t.Helper()
		m, err := OpenMove(t.Context(), PartInventory, path, to, id, Options{})
		if err == nil {
			m.Close()
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	away := on(s, "postgres")
	away.Host = t.TempDir()
	try("cannot be reached", away, "one")
	try("does not exist; create it", on(s, "no_such"), "one")
	full := openPostgres(t)
	addDevice(t, full, 1)
	to := full.d.server.Server
	full.d.conn.ExecContext(t.Context(), "SELECT pg_advisory_unlock_all()")
	try("holds data of a collector already", to, "one")
	mine := on(s, s.Empty(t))
	openMove(t, PartInventory, dir, mine, "one").Close()
	try("the move of another data folder", mine, "two")
	run(t, path, "UPDATE schema_version SET version = 99 WHERE version = (SELECT max(version) FROM schema_version)")
	try("use the newer muster", mine, "one")
	run(t, path, "DELETE FROM schema_version WHERE version = 99")
	try("start the collector of this program once", mine, "one")
}
