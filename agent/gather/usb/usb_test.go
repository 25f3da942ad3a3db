package usb

import (
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	for in, want := range map[string]string{"TW-00017": "TW-00017", "00000000": "", "000000000001": "", "0123456789AB": "", "123456789": "", "ffff": "", "": "", "x": "",
		"0000:00:14.0": "0000:00:14.0", "20100818840300000": "20100818840300000", " A1 ": "A1"} {
		if got := serialOf(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	for in, want := range map[string]string{"1-4.2.1": "1-4.2", "1-4": "", "": ""} {
		if got := parent(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	for in, want := range map[string]string{"0100": "1.00", "1234": "12.34", "12": "", "0005": "0.05"} {
		if got := revision(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	for in, want := range map[string]int64{"1.5": 1_500_000, "12": 12_000_000, "20000": 20_000_000_000, "x": 0, "": 0, "-1": 0, "1.55": 0} {
		if got := bits(in); got != want {
			t.Errorf("%q: %d", in, got)
		}
	}
	for in, want := range map[string]bool{"1-4": true, "2-3.1": true, "usb1": false, "1-4:1.0": false, "1-0:1.0": false, "": false, "-1": false} {
		if isDevice(in) != want {
			t.Errorf("%q: %v", in, !want)
		}
	}
}

func FuzzUSB(f *testing.F) {
	f.Add("1-4.2", "0123")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(parent(a)) > len(a) || bits(b) < 0 || !strings.Contains(a, serialOf(a)) {
			t.Errorf("%q %q", a, b)
		}
		if r := revision(b); len(r) > 5 || isDevice(a) && parent(a) == a {
			t.Errorf("%q %q", a, r)
		}
	})
}
