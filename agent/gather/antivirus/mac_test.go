package antivirus

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
	recorded.Golden(t, h, "antivirus", "macbook", r, err)
}

// Every product has what tells it apart, and no two are one.
func TestMacProducts(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range macProducts() {
		if p.Name == "" || p.Vendor == "" || len(p.Places) == 0 || len(p.Jobs) == 0 || seen[p.Name] {
			t.Errorf("%+v", p)
		}
		seen[p.Name] = true
	}
}
