package sysload

import (
	"testing"

	"muster/agent/gather/apple"
	"muster/agent/gather/recorded"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	out, err := h.Run(t.Context(), "sysctl-load")
	if err != nil {
		t.Fatal(err)
	}
	l, err := parseAverages(apple.Lines(out)["vm.loadavg"])
	if err != nil || l.One != 2.5 || l.Five != 2.1 || l.Fifteen != 1.95 {
		t.Errorf("%+v %v", l, err)
	}
	for _, bad := range []string{"", "{ }", "{ 1 2 }", "{ a b c }", "{ 1 2 3 4 }"} {
		if l, err := parseAverages(bad); err == nil {
			t.Errorf("%q is %+v", bad, l)
		}
	}
}

func FuzzAverages(f *testing.F) {
	f.Add("{ 2.50 2.10 1.95 }")
	f.Fuzz(func(t *testing.T, s string) {
		if l, err := parseAverages(s); err == nil && (l.One < 0 || l.Five < 0) {
			t.Errorf("%q is %+v", s, l)
		}
	})
}
