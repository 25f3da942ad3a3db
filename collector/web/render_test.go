package web

import (
	"slices"
	"strings"
	"testing"
)

// TestPagesParse wants every page to be readable, so that none is missed at the
// start of a collector.
func TestPagesParse(t *testing.T) {
	all, err := (&Site{assets: &assets{}}).parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	names := all.names()
	for _, want := range []string{"device", "network", "netfind", "topology", "vlans", "software", "softwaretitle", "sql"} {
		if !slices.Contains(names, want) {
			t.Errorf("there is no page %s", want)
		}
	}
	for _, name := range names {
		if strings.HasPrefix(name, "parts") || all[name].Lookup("main") == nil || all[name].Lookup("frame") == nil {
			t.Errorf("%s is no page", name)
		}
	}
}

// A rate that would be a row of noughts is told by the hour or the day.
func TestRatesAreToldAsPeopleCount(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 2: "2/s", 12.0 / 3600: "12 an hour", 3.0 / 86400: "3 a day"} {
		if got := amount(v, "per_second"); got != want {
			t.Errorf("%g: %s, want %s", v, got, want)
		}
	}
}
