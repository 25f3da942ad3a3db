package monitor

import (
	"encoding/json"
	"strings"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	rows, faults, err := fromMac(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gather.Rows(rows, "system_profiler")
	r.Faults = faults
	recorded.Golden(t, h, "monitor", "macbook", r, err)
}

func TestMacLink(t *testing.T) {
	for link, want := range map[string]string{"spdisplays_internal": "edp", "spdisplays_displayport_dongletype_hdmi": "displayport", "spdisplays_hdmi": "hdmi",
		"spdisplays_airplay": "wireless", "": "", "spdisplays_new": "other"} {
		d := display{}
		if err := json.Unmarshal([]byte(`{"spdisplays_connection_type":"`+link+`"}`), &d); err != nil {
			t.Fatal(err)
		}
		if got := macLink(d); got != want {
			t.Errorf("%q is %q, want %q", link, got, want)
		}
	}
}

func FuzzMacEDID(f *testing.F) {
	f.Add("0x00ffffffffffff00" + strings.Repeat("00", 120))
	f.Add("0x zz")
	f.Fuzz(func(t *testing.T, s string) {
		if b := macEDID(s); len(b)%128 != 0 || len(b) > maxEDID {
			t.Errorf("%d bytes", len(b))
		}
	})
}
