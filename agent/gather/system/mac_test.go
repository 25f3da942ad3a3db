package system

import (
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/internal/inventory"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	row, asked, faults, err := readMac(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gather.Rows([]inventory.System{row}, asked...)
	r.Faults = faults
	recorded.Golden(t, h, "system", "macbook", r, err)
}
