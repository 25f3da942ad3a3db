package sqlstore

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// run executes SQL on a file behind the store's back.
func run(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// stored makes a file that holds one device with two programs.
func stored(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "inventory.db")
	b, err := empty()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	x, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	addDevice(t, x, 1)
	take(t, x, software(1, 1, "a", "b"))
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func deviceID(n int) inventory.DeviceID {
	return inventory.DeviceID(fmt.Sprintf("0198f0c2-7a10-7000-8000-%012x", n))
}

func at(n int) time.Time {
	return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Minute)
}

func addDevice(t testing.TB, x *Inventory, n int) {
	t.Helper()
	if err := x.AddDevice(t.Context(), store.NewDevice{ID: deviceID(n), Name: fmt.Sprintf("pc-%d", n), At: at(0)}); err != nil {
		t.Fatal(err)
	}
}

// software is the seq-th report of a device, with programs at version seq.
func software(n, seq int, programs ...string) store.Entry {
	var rows []inventory.Software
	for _, p := range programs {
		rows = append(rows, inventory.Software{Source: "dpkg", Scope: "machine", Name: p, Version: fmt.Sprint(seq)})
	}
	return entry(n, seq, section(at(seq), rows))
}

func entry(n, seq int, sections ...store.SectionReading) store.Entry {
	return store.Entry{Device: deviceID(n), Head: store.Head{Epoch: 1, Seq: uint64(seq)}, At: at(seq), ReceivedAt: at(seq), Sections: sections}
}

func section[T inventory.Sectioner](at time.Time, rows []T) store.SectionReading {
	s, _ := inventory.Lookup((*new(T)).Section().Name)
	table, err := inventory.Encode(rows)
	if err == nil {
		table, _, err = s.Conform(table)
	}
	if err != nil {
		panic(err)
	}
	return store.SectionReading{Section: s, Status: report.OK, Sources: []string{"test"}, At: at, Hash: s.HashTable(table), Table: table}
}

func take(t testing.TB, x *Inventory, entries ...store.Entry) {
	t.Helper()
	if err := x.Commit(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
}

// programs shows the software of a device.
func programs(t testing.TB, x *Inventory, n int) string {
	t.Helper()
	l, err := x.Sections(t.Context(), deviceID(n), time.Time{}, []string{"software"})
	if err != nil {
		t.Fatal(err)
	}
	if len(l) == 0 {
		return ""
	}
	rows, err := inventory.Decode[inventory.Software](l[0].Table)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range rows {
		out = append(out, r.Name+r.Version+r.Origin)
	}
	return strings.Join(out, " ")
}

func TestOpenAgain(t *testing.T) {
	path := stored(t)
	x := openAt(t, path)
	if got := programs(t, x, 1); got != "a1 b1" {
		t.Errorf("programs are %q", got)
	}
	take(t, x, software(1, 1, "repeat"), software(1, 2, "a"))
	if got := programs(t, x, 1); got != "a2" {
		t.Errorf("programs are %q", got)
	}
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	future, other, alien := stored(t), filepath.Join(dir, "other.db"), stored(t)
	run(t, future, "INSERT INTO schema_version VALUES (99, 'x', 'x')")
	run(t, other, "CREATE TABLE x (y)")
	run(t, alien, "PRAGMA application_id = 7")
	moved := stored(t)
	run(t, moved, `DROP VIEW software`, `DROP VIEW software_history`, `ALTER TABLE software_rows DROP COLUMN size_bytes`, `ALTER TABLE software_rows ADD COLUMN size_bytes TEXT`)
	for _, x := range []struct {
		name, path, say string
		kind            error
	}{
		{"from the future", future, "has schema 99, this program knows up to", store.ErrFuture},
		{"no folder", filepath.Join(dir, "none", "x.db"), "does not exist: create it", nil},
		{"folder is a file", filepath.Join(write("file", ""), "x.db"), "is not a folder", nil},
		{"not a database", write("text.db", "this is a letter to my aunt"), "is not a database", nil},
		{"short", write("short.db", "SQL"), "is not a database", nil},
		{"damaged", write("damaged.db", magic+strings.Repeat("x", 5000)), "is not a Muster database", nil},
		{"another program's", other, "another program", nil},
		{"another part's", alien, "another part", nil},
		{"column of another type", moved, "column size_bytes is kept as TEXT", nil},
	} {
		t.Run(x.name, func(t *testing.T) {
			y, err := Open(t.Context(), x.path, Options{})
			if err == nil {
				y.Close()
				t.Fatal("opens")
			}
			if !strings.Contains(err.Error(), x.say) || strings.Contains(err.Error(), "\n") || x.kind != nil && !errors.Is(err, x.kind) {
				t.Errorf("says %q, want %q", err, x.say)
			}
		})
	}
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		// Root writes everywhere; the message is tested through explain.
		return
	}
	dir := filepath.Join(t.TempDir(), "d")
	if err := os.Mkdir(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), filepath.Join(dir, "x.db"), Options{})
	if err == nil || !strings.Contains(err.Error(), "cannot be written by this account") {
		t.Errorf("says %v", err)
	}
}

// TestAdditiveMigration opens files that lack sections, columns and views.
func TestAdditiveMigration(t *testing.T) {
	path := stored(t)
	run(t, path,
		"DROP VIEW software", "DROP VIEW software_history", "DROP VIEW disk", "DROP VIEW disk_history", "DELETE FROM catalogue_version",
		"ALTER TABLE software_facts DROP COLUMN origin", "ALTER TABLE software_rows DROP COLUMN size_bytes",
		"DROP TABLE disk_rows", "DROP TABLE disk_facts",
		// A column that stands elsewhere than a new one would stays there.
		"DROP VIEW service", "DROP VIEW service_history", "ALTER TABLE service_facts DROP COLUMN state", "ALTER TABLE service_rows ADD COLUMN state TEXT")
	x := openAt(t, path)
	if got := programs(t, x, 1); got != "a1 b1" {
		t.Errorf("programs are %q", got)
	}
	take(t, x, store.Entry{Device: deviceID(1), Head: store.Head{Epoch: 1, Seq: 2}, At: at(2), ReceivedAt: at(2), Sections: []store.SectionReading{
		section(at(2), []inventory.Software{{Source: "dpkg", Scope: "machine", Name: "a", Version: "1", Origin: "main", SizeBytes: 7}}),
		section(at(2), []inventory.Disk{{Name: "sda", Model: "m"}}),
		section(at(2), []inventory.Service{{Name: "s", State: "running"}})}})
	var got string
	if err := x.d.readers.QueryRow(`SELECT s.origin || s.size_bytes || d.model || v.state FROM software s, disk d, service v`).Scan(&got); err != nil || got != "main7mrunning" {
		t.Errorf("views say %q, %v", got, err)
	}
	if l, err := x.Journal(t.Context(), store.JournalQuery{Scope: store.Scope{All: true}, Sections: []string{"software"}, Limit: 1}); err != nil || fmt.Sprint(l[0].Verb, l[0].Before, l[0].After) != "changedmap[origin:<nil> size_bytes:<nil>] map[origin:main size_bytes:7]" {
		t.Errorf("journal says %+v, %v", l, err)
	}
}

func TestViews(t *testing.T) {
	x := open(t)
	addDevice(t, x, 1)
	addDevice(t, x, 2)
	e := software(1, 1, "a")
	e.Events = []store.EventReading{{Kind: "app_crash", At: at(1), Attributes: map[string]string{"k": "v"}}}
	e.Sections = append(e.Sections, section(at(1), []inventory.User{{Name: "root", PasswordSetAt: at(0)}}), section(at(1), []inventory.OS{{HostName: "desk", Name: "Debian"}}))
	take(t, x, e, software(1, 2, "a"), software(2, 1, "z"))
	if _, err := x.Merge(t.Context(), deviceID(2), deviceID(1), "", "", at(3)); err != nil {
		t.Fatal(err)
	}
	if err := x.SetLabels(t.Context(), deviceID(1), []string{"x", "y"}); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		`SELECT device_id, host_name, name, version, scope, from_at FROM software`:                          string(deviceID(1)) + "|desk|a|2|machine|2026-01-01T00:02:00.000Z",
		`SELECT version, from_at, until_at FROM software_history WHERE host_name = 'desk' ORDER BY from_at`: "1|2026-01-01T00:01:00.000Z|2026-01-01T00:02:00.000Z\n2|2026-01-01T00:02:00.000Z|NULL",
		`SELECT from_at, until_at FROM software_rows WHERE device_no = 1 ORDER BY 1`:                        "1767225660000|1767225720000\n1767225720000|NULL",
		`SELECT name, password_set_at FROM "user"`:                                                          "root|2026-01-01T00:00:00.000Z",
		`SELECT host_name, device_id FROM os`:                                                               "desk|" + string(deviceID(1)),
		`SELECT name, labels, last_seen, first_seen, retired_at FROM device`:                                "desk|x, y|2026-01-01T00:02:00.000Z|2026-01-01T00:00:00.000Z|NULL",
		`SELECT host_name, kind, at, count, attributes FROM event`:                                          `desk|app_crash|2026-01-01T00:01:00.000Z|1|{"k":"v"}`,
		`SELECT max(version) FROM schema_version`:                                                           fmt.Sprint(len(inventoryMigrations())),
		`SELECT count(*) FROM sqlite_schema WHERE type = 'view' AND (name = 'fdb' OR name = 'fdb_history')`: "2",
		`SELECT group_concat(name) FROM (SELECT name FROM pragma_table_info('address_history') LIMIT 4)`:    "device_id,host_name,interface_name,address",
		`SELECT foreign_key_check."table" FROM pragma_foreign_key_check AS foreign_key_check`:               "",
		`SELECT integrity_check FROM pragma_integrity_check`:                                                "ok",
	} {
		rows, err := x.d.readers.Query(query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		cols, _ := rows.Columns()
		var lines []string
		for rows.Next() {
			cells := make([]sql.NullString, len(cols))
			into := make([]any, len(cols))
			for i := range cells {
				into[i] = &cells[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			var line []string
			for _, c := range cells {
				if !c.Valid {
					c.String = "NULL"
				}
				line = append(line, c.String)
			}
			lines = append(lines, strings.Join(line, "|"))
		}
		if got := strings.Join(lines, "\n"); got != want {
			t.Errorf("%s:\n got %s\nwant %s", query, got, want)
		}
	}
	// Everyone of them answers.
	for name := range x.views() {
		if _, err := x.d.readers.Exec(`SELECT * FROM ` + quote(name) + ` LIMIT 1`); err != nil {
			t.Errorf("view %s: %v", name, err)
		}
	}
}

func TestDiskFull(t *testing.T) {
	x := open(t)
	addDevice(t, x, 1)
	err := x.d.write(t.Context(), func(tx *tx) error { return tx.once("PRAGMA max_page_count = 1") }) // raised to the present size
	if err != nil {
		t.Fatal(err)
	}
	var last error
	seq := 0
	for seq < 500 && last == nil {
		seq++
		var l []string
		for i := range 200 {
			l = append(l, fmt.Sprint("program ", i, " ", seq))
		}
		last = x.Commit(t.Context(), []store.Entry{software(1, seq, l...)})
	}
	if !errors.Is(last, store.ErrFull) || strings.Contains(last.Error(), "\n") {
		t.Fatalf("a full disk says %v", last)
	}
	if err := x.d.write(t.Context(), func(tx *tx) error { return tx.once("PRAGMA max_page_count = 1000000") }); err != nil {
		t.Fatal(err)
	}
	take(t, x, software(1, seq, "a"))
	if got := programs(t, x, 1); got != fmt.Sprintf("a%d", seq) {
		t.Errorf("afterwards %q", got)
	}
}

func TestDamageIsFatal(t *testing.T) {
	x := open(t)
	addDevice(t, x, 1)
	take(t, x, software(1, 1, "a"))
	if err := x.d.write(t.Context(), func(tx *tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := x.d.conn.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(x.d.path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	st, _ := f.Stat()
	if _, err := f.WriteAt(make([]byte, st.Size()-4096), 4096); err != nil {
		t.Fatal(err)
	}
	f.Close()
	var last error
	for seq := 2; seq < 10 && last == nil; seq++ {
		// The page cache holds what is read already: leave it.
		if _, err := x.d.conn.ExecContext(t.Context(), "PRAGMA shrink_memory"); err != nil {
			last = err
		}
		last = x.Commit(t.Context(), []store.Entry{software(1, seq, "a", fmt.Sprint(seq))})
	}
	if !errors.Is(last, store.ErrFatal) {
		t.Fatalf("a damaged file says %v", last)
	}
	if err := x.AddDevice(t.Context(), store.NewDevice{ID: "x", At: at(0)}); !errors.Is(err, store.ErrFatal) {
		t.Errorf("and goes on: %v", err)
	}
}

// TestBitFlips opens damaged files: errors are fine, panics and lies about
// being well are not.
func TestBitFlips(t *testing.T) {
	raw, err := os.ReadFile(stored(t))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 12 {
		b := append([]byte(nil), raw...)
		for range 20 {
			b[100+r.IntN(len(b)-100)] ^= 1 << r.IntN(8)
		}
		path := filepath.Join(t.TempDir(), "inventory.db")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		x, err := Open(t.Context(), path, Options{})
		if err != nil {
			continue
		}
		_, _ = x.Devices(t.Context(), store.DeviceQuery{Scope: store.Scope{All: true}})
		_, _ = x.Sections(t.Context(), deviceID(1), time.Time{}, nil)
		_ = x.Commit(t.Context(), []store.Entry{software(1, 2, "a", "c")})
		_ = x.Close()
	}
}
