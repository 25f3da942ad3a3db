package config

import (
	"flag"
	"os"
	"strings"
	"testing"

	"muster/internal/settings"
)

var update = flag.Bool("update", false, "write this program's part of docs/configuration.md anew")

// The reference page is made from the struct, so it cannot tell of settings
// that do not exist, or hide one that does.
func TestReferencePageIsUpToDate(t *testing.T) {
	const page = "../../docs/configuration.md"
	old, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	c := Default()
	table := settings.Document(&c)
	if strings.Contains(table, "(undocumented)") {
		t.Errorf("a setting has no doc tag:\n%s", table)
	}
	fresh, err := settings.Splice(string(old), "agent", table)
	if err != nil {
		t.Fatal(err)
	}
	if fresh == string(old) {
		return
	}
	if !*update {
		t.Fatalf("%s is out of date: run `go test ./agent/config -update`", page)
	}
	if err := os.WriteFile(page, []byte(fresh), 0o644); err != nil {
		t.Fatal(err)
	}
}
