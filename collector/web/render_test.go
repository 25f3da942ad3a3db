package web

import (
	"slices"
	"strings"
	"testing"
)

// TestPagesParse wants every page to be readable, so that none is missed at the
// start of a collector.
func TestPagesParse(t *testing.T) {
	all, err := (&Site{assets: &assets{}}).parse()
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
