package collector

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/doctor"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// looked is what the doctor says of a subject.
func looked(t *testing.T, dir string, deep bool) map[string]doctor.Check {
	t.Helper()
	out := map[string]doctor.Check{}
	for _, c := range Examine(t.Context(), doctor.Order{Data: dir, Deep: deep, Now: time.Now()}) {
		if c.State != doctor.OK && c.Do == "" {
			t.Errorf("%+v does not say what to do", c)
		}
		out[c.Subject] = c
	}
	return out
}

// The doctor looks at the folder of a collector that runs, and finds what was
// broken in a copy of it, each thing by its name.
func TestDoctorFindsWhatIsBroken(t *testing.T) {
	c := office(t)
	d := store.NewDevice{ID: "01900000-0000-7000-8000-000000000001", Kind: "pc", Name: "pc-1", At: time.Now()}
	if err := c.inventory.AddDevice(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	sec, _ := inventory.Lookup("software")
	table, faults, err := sec.Conform(inventory.Table{Columns: []string{"source", "name", "version"}, Rows: [][]any{{"dpkg", "bash", "5.2"}, {"dpkg", "zsh", "5.9"}}})
	if err != nil || len(faults) > 0 {
		t.Fatal(err, faults)
	}
	if err := c.inventory.Commit(t.Context(), []store.Entry{{Device: d.ID, Head: store.Head{Epoch: 1, Seq: 1}, At: time.Now(), ReceivedAt: time.Now(),
		Sections: []store.SectionReading{{Section: sec, Status: report.OK, At: time.Now(), Hash: sec.HashTable(table), Table: table}}}}); err != nil {
		t.Fatal(err)
	}
	if err := c.accounts.Audit(t.Context(), account.Record{Actor: "ada", Action: "x", Outcome: "done"}); err != nil {
		t.Fatal(err)
	}
	running := looked(t, c.cfg.Data, true)
	for name, x := range running {
		if x.State == doctor.Bad || x.State == doctor.Warn && name != "clock" && name != "disk" {
			t.Errorf("of a collector that is well: %+v", x)
		}
	}
	if x := running["section hashes"]; !strings.HasPrefix(x.Found, "1 sections are") {
		t.Errorf("hashes: %+v", x)
	}
	if x := running["audit"]; !strings.Contains(x.Found, "none changed") {
		t.Errorf("audit: %+v", x)
	}

	// A copy as a backup makes it, so that it may be broken.
	copied := func() string {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, take := range map[string]func(context.Context, string) error{"inventory.db": c.inventory.Snapshot, "control.db": c.control.Snapshot} {
			if err := take(t.Context(), filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"secret.key", "audit.sealed"} {
			b, err := os.ReadFile(filepath.Join(c.cfg.Data, name))
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, name), b, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	change := func(dir, file, query string) {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	for name, x := range map[string]struct {
		harm    func(dir string)
		subject string
		state   doctor.State
	}{
		"nothing": {func(string) {}, "inventory.db", doctor.OK},
		"a row changed behind its back": {func(dir string) {
			change(dir, "inventory.db", "UPDATE software_rows SET until_at = 1 WHERE row_no = 1")
		}, "section hashes", doctor.Warn},
		"an audit record changed": {func(dir string) {
			change(dir, "control.db", "DROP TRIGGER audit_unchanged")
			change(dir, "control.db", "UPDATE audit SET actor = 'somebody' WHERE seq = (SELECT min(seq) FROM audit)")
		}, "audit", doctor.Bad},
		"a newer program":  {func(dir string) { change(dir, "inventory.db", "INSERT INTO schema_version VALUES (900, 'later', '')") }, "inventory.db", doctor.Bad},
		"no key":           {func(dir string) { os.Remove(filepath.Join(dir, "secret.key")) }, "secret.key", doctor.Bad},
		"a key for all":    {func(dir string) { os.Chmod(filepath.Join(dir, "secret.key"), 0o644) }, "secret.key", doctor.Bad},
		"a folder for all": {func(dir string) { os.Chmod(dir, 0o755) }, "data folder", doctor.Warn},
		"no database":      {func(dir string) { os.Remove(filepath.Join(dir, "control.db")) }, "control.db", doctor.Bad},
		"damage": {func(dir string) {
			name := filepath.Join(dir, "inventory.db")
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for i := 2 * 4096; i < len(b); i += 3 * 4096 { // every third page
				copy(b[i:], strings.Repeat("x", 200))
			}
			if err := os.WriteFile(name, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "inventory.db", doctor.Bad},
		"something in quarantine": {func(dir string) {
			os.MkdirAll(filepath.Join(dir, "outbox", "quarantine"), 0o700)
			os.WriteFile(filepath.Join(dir, "outbox", "quarantine", "x"), nil, 0o600)
		}, "outbox files", doctor.Warn},
	} {
		dir := copied()
		x.harm(dir)
		if got := looked(t, dir, true)[x.subject]; got.State != x.state {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if list := Examine(t.Context(), doctor.Order{Data: filepath.Join(t.TempDir(), "nowhere")}); len(list) != 1 || list[0].State != doctor.Bad {
		t.Errorf("a folder that is not there: %+v", list)
	}
}
