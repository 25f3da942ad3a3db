package web

import (
	"testing"

	"muster/collector/store"
)

// Nobody at a desk knows the ID of a rule.
func TestTextsSayRulesInWords(t *testing.T) {
	s := &Site{}
	s.ruleID, s.behind = ruleTexts()
	for text, want := range map[string]string{
		"Do findings stand beside it (D10, M01, C03)? Then begin with those.": "Do findings stand beside it? Then begin with those.",
		"Does the switch see the same (N07)?":                                 "Does the switch see the same?",
		"Windows 11 (64-bit) on USB3":                                         "Windows 11 (64-bit) on USB3",
	} {
		if got := s.plain(nil, text); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func TestIncidentsNameTheirDevices(t *testing.T) {
	pc := func(names ...string) (out []store.IncidentDevice) {
		for _, n := range names {
			out = append(out, store.IncidentDevice{Name: n})
		}
		return out
	}
	for _, x := range []struct {
		list []store.IncidentDevice
		all  int
		want string
	}{
		{pc("PC-12", "PC-14"), 2, "PC-12, PC-14"},
		{pc("PC-12", "PC-14", "PC-15"), 3, "PC-12 and 2 more"},
		{pc("PC-12"), 2, "PC-12 and 1 more"}, // the other is not for who asks
		{pc("PC-12"), 1, "PC-12"},
		{pc("PC-12", "PC-14"), 1, "PC-12, PC-14"},
		{nil, 30, "30 devices"},
		{pc(""), 1, "1 device"},
	} {
		if got := deviceNames(x.list, x.all).String(); got != x.want {
			t.Errorf("%v of %d: %q, want %q", x.list, x.all, got, x.want)
		}
	}
}
