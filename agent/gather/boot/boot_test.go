package boot

import (
	"strings"
	"testing"

	"muster/internal/inventory"
)

func TestParse(t *testing.T) {
	if got := parseStat(strings.NewReader("cpu 1\nintr " + strings.Repeat("0 ", 100_000) + "\nbtime 1717313400\n")); got.Unix() != 1717313400 {
		t.Error(got)
	}
	for _, s := range []string{"", "btime x\n", "btime -1\n", "btime 99999999999999\n"} {
		if !parseStat(strings.NewReader(s)).IsZero() {
			t.Errorf("%q is a time", s)
		}
	}
	var r inventory.Boot
	parseManager("FinishTimestampMonotonic=21734987\nFirmwareTimestampMonotonic=0\nX=1\n", &r)
	if r.BootSeconds == nil || *r.BootSeconds != 21.734 || r.FirmwareSecs != nil {
		t.Errorf("%+v", r)
	}
}

func FuzzManager(f *testing.F) {
	f.Add("FinishTimestampMonotonic=21734987\n", "btime 1\n")
	f.Fuzz(func(t *testing.T, text, stat string) {
		var r inventory.Boot
		parseManager(text, &r)
		if r.BootSeconds != nil && *r.BootSeconds < 0 {
			t.Error(*r.BootSeconds)
		}
		parseStat(strings.NewReader(stat))
	})
}
