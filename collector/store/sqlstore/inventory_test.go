package sqlstore

import (
	"path/filepath"
	"testing"

	"muster/collector/store"
	"muster/collector/store/storetest"
)

func open(t testing.TB) *Inventory {
	t.Helper()
	x, err := Open(t.Context(), filepath.Join(t.TempDir(), "inventory.db"), Options{})
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

func TestInventory(t *testing.T) {
	storetest.RunInventory(t, func(t *testing.T) store.Inventory { return open(t) })
}
