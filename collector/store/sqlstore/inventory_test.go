package sqlstore

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"muster/collector/store"
	"muster/collector/store/storetest"
)

// empty is the file of a new store: making the tables takes longer than most
// tests, under the race detector much longer.
var empty = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "sqlstore")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "inventory.db")
	x, err := Open(context.Background(), path, Options{})
	if err != nil {
		return nil, err
	}
	if err := x.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// open makes an empty store that ends with the test.
func open(t testing.TB) *Inventory {
	t.Helper()
	b, err := empty()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "inventory.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return openAt(t, path)
}

func openAt(t testing.TB, path string) *Inventory {
	t.Helper()
	x, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

func TestInventory(t *testing.T) { eachEngine(t, testInventory) }

func testInventory(t *testing.T, e engine) {
	storetest.RunInventory(t, func(t *testing.T) store.Inventory { return e.open(t) })
}
