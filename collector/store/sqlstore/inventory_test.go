package sqlstore

import (
	"path/filepath"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

func open(t testing.TB) *Inventory {
	t.Helper()
	x, err := Open(t.Context(), filepath.Join(t.TempDir(), "inventory.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

func TestFirst(t *testing.T) {
	start := time.Now()
	x := open(t)
	t.Log("open", time.Since(start))
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := x.AddDevice(t.Context(), store.NewDevice{ID: "a", Name: "pc-1", At: at, Labels: []string{"x", "y"}}); err != nil {
		t.Fatal(err)
	}
	s, _ := inventory.Lookup("software")
	tab, err := inventory.Encode([]inventory.Software{{Name: "firefox", Version: "1.0", Source: "dpkg", Scope: "machine"}, {Name: "bash", Version: "5"}})
	if err != nil {
		t.Fatal(err)
	}
	tab, _, _ = s.Conform(tab)
	err = x.Commit(t.Context(), []store.Entry{{Device: "a", Head: store.Head{Epoch: 1 << 63, Seq: 1}, At: at, ReceivedAt: at,
		Sections: []store.SectionReading{{Section: s, Status: report.OK, Sources: []string{"dpkg"}, Table: tab, Hash: s.HashTable(tab)}}}})
	if err != nil {
		t.Fatal(err)
	}
	st, err := x.State(t.Context(), "a")
	t.Logf("%+v %v", st, err)
	rows, err := x.d.readers.Query("select device_id, host_name, name, version, from_at from software")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var a, b, c, d, e any
		rows.Scan(&a, &b, &c, &d, &e)
		t.Log(a, b, c, d, e)
	}
}
