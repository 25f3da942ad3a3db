package queue

import (
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
)

// macOS has CUPS as Linux has.
func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	rows, asked, faults, err := fromCUPS(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	recorded.Golden(t, h, "print_queue", "macbook", r, err)
}
