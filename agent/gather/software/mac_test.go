package software

import (
	"testing"
	"time"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	rows, asked, faults, err := readMac(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if rows[i].Source == "homebrew" || rows[i].Source == "homebrew_cask" {
			if rows[i].InstalledAt.IsZero() {
				t.Errorf("%s has no time", rows[i].Name)
			}
			rows[i].InstalledAt = time.Time{} // that of unpacking
		}
	}
	r, err := gather.Rows(instances(rows), asked...)
	r.Faults = faults
	recorded.Golden(t, h, "software", "macbook", r, err)
}
