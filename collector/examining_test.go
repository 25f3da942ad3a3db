package collector

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/authority/seal"
	"muster/collector/doctor"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
	"muster/internal/segment"
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
		for _, name := range []string{"series", "outbox"} {
			if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join(c.cfg.Data, name))); err != nil {
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
		"a key of another collector": {func(dir string) {
			other := filepath.Join(t.TempDir(), "secret.key")
			if _, err := seal.Open(other, func() (bool, error) { return false, nil }); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(other, filepath.Join(dir, "secret.key")); err != nil {
				t.Fatal(err)
			}
		}, "CA key", doctor.Bad},
		"a CA that is gone": {func(dir string) { change(dir, "control.db", "DELETE FROM authority") }, "CA key", doctor.Bad},
		"a block of numbers that is damaged": {func(dir string) {
			block := filepath.Join(dir, "series", "01JDRMQ4ZX3V7QK1F2N8A9B0CD")
			if err := os.MkdirAll(block, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(block, "meta.json"), []byte("{}"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "series files", doctor.Bad},
		"numbers whose log is torn": {func(dir string) {
			if err := os.WriteFile(filepath.Join(dir, "series", "wal", "00000099"), bytes.Repeat([]byte{7}, 100), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "series files", doctor.Warn},
		"a record on its way that is damaged": {func(dir string) { harmOutbox(t, filepath.Join(dir, "outbox")) }, "outbox records", doctor.Warn},
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
	// The reserve of the settings counts, not that by default.
	free, total, err := diskSpace(c.cfg.Data)
	if err != nil {
		t.Fatal(err)
	}
	disk := func(reserve int64) doctor.Check {
		for _, x := range Examine(t.Context(), doctor.Order{Data: c.cfg.Data, Running: true, Reserve: reserve, Now: time.Now()}) {
			if x.Subject == "disk" {
				return x
			}
		}
		return doctor.Check{}
	}
	if x := disk(1 << 20); x.State != doctor.OK || !strings.HasSuffix(x.Found, "below 1 MiB") {
		t.Errorf("with a reserve of 1 MiB: %+v", x)
	}
	if want := doctor.Warn; free < 4*(total/20) {
		if x := disk(total); x.State != want && x.State != doctor.Bad {
			t.Errorf("with all of it as reserve: %+v", x)
		}
	}
	// So does the certificate of its pages.
	dir := t.TempDir()
	for _, w := range []struct {
		left  time.Duration
		other bool
		state doctor.State
	}{{90 * 24 * time.Hour, false, doctor.OK}, {20 * 24 * time.Hour, false, doctor.Warn}, {time.Hour, false, doctor.Bad}, {90 * 24 * time.Hour, true, doctor.Bad}} {
		cert, key := webPair(t, dir, w.left, w.other)
		for _, x := range Examine(t.Context(), doctor.Order{Data: c.cfg.Data, Running: true, Web: cert, WebKey: key, Now: time.Now()}) {
			if x.Subject == "web.certificate" && x.State != w.state {
				t.Errorf("%+v: %+v", w, x)
			}
		}
	}
	if list := Examine(t.Context(), doctor.Order{Data: filepath.Join(t.TempDir(), "nowhere")}); len(list) != 1 || list[0].State != doctor.Bad {
		t.Errorf("a folder that is not there: %+v", list)
	}
}

// harmOutbox puts a record into an outbox and breaks it, with a good one behind.
func harmOutbox(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	log, _, err := segment.Open(dir, segment.Options{})
	if err == nil {
		err = log.Append(segment.Record{ID: 1, Data: bytes.Repeat([]byte("sample"), 20)}, segment.Record{ID: 2, Data: []byte("another")})
	}
	if err == nil {
		err = log.Close()
	}
	files, globErr := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil || globErr != nil || len(files) != 1 {
		t.Fatal(files, err, globErr)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	b[bytes.Index(b, []byte("sample"))] ^= 1
	if err := os.WriteFile(files[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// webPair makes a certificate that is good for a while, with its key or
// another's.
func webPair(t *testing.T, dir string, left time.Duration, other bool) (cert, key string) {
	t.Helper()
	mine, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(left)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, mine.Public(), mine)
	if err == nil && other {
		mine, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalECPrivateKey(mine)
	cert, key = filepath.Join(dir, "web.crt"), filepath.Join(dir, "web.key")
	if err := errors.Join(err, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: text}), 0o600)); err != nil {
		t.Fatal(err)
	}
	return cert, key
}
