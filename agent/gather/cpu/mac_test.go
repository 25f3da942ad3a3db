package cpu

import (
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	t.Run("cpu", func(t *testing.T) {
		rows, asked, faults, err := readMac(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		r, err := gather.Rows(rows, asked...)
		r.Faults = faults
		recorded.Golden(t, h, "cpu", "macbook", r, err)
	})
}
