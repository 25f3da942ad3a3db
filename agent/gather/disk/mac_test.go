package disk

import (
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	t.Run("disk", func(t *testing.T) {
		rows, asked, err := readMac(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		r, err := gather.Rows(rows, asked...)
		recorded.Golden(t, h, "disk", "macbook", r, err)
	})
}
