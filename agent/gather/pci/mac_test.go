package pci

import (
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	rows, asked, err := gpusOfMac(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gather.Rows(rows, asked...)
	recorded.Golden(t, h, "gpu", "macbook", r, err)
}

func FuzzMacVendor(f *testing.F) {
	f.Add("sppci_vendor_Apple")
	f.Add("AMD (0x1002)")
	f.Fuzz(func(t *testing.T, s string) {
		if _, id := macVendor(s); id != "" && len(id) != 4 {
			t.Errorf("%q has the number %q", s, id)
		}
	})
}
