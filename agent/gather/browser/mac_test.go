package browser

import (
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	rows, asked, faults, err := fromMac(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	recorded.Golden(t, h, "browser_extension", "macbook", r, err)
}
