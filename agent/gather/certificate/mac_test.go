package certificate

import (
	"strings"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	rows, asked, faults, err := fromKeychain(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	recorded.Golden(t, h, "certificate", "macbook", r, err)
}

func FuzzIdentities(f *testing.F) {
	f.Add("  1) " + strings.Repeat("AB", 20) + " \"x\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		for sum := range parseIdentities(text) {
			if len(sum) != 40 || strings.ToLower(sum) != sum {
				t.Errorf("a fingerprint %q", sum)
			}
		}
	})
}
