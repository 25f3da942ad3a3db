package recorded

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

var update = flag.Bool("update", false, "write what was read as what is expected")

// outcome is a reading as it stands in a golden file.
type outcome struct {
	Status  string           `json:"status"`
	Reason  string           `json:"reason,omitempty"`
	Sources []string         `json:"sources,omitempty"`
	Faults  []string         `json:"faults,omitempty"`
	Rows    []map[string]any `json:"rows"`
}

// Golden compares a reading with testdata/NAME.json; run the tests with
// -update to write it, and read the difference. It also holds every reading to
// what the catalogue asks of one.
func Golden(t testing.TB, h *host.Host, section, name string, r gather.Reading, err error) {
	t.Helper()
	status, reason := gather.StatusOf(r, err)
	o := outcome{Status: status.String(), Reason: reason, Sources: r.Sources, Rows: Check(t, section, r)}
	if len(r.Faults) > 1 {
		o.Faults = r.Faults
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(o); err != nil {
		t.Fatal(err)
	}
	// Errors of the system name the folder the machine was unpacked to.
	got := strings.ReplaceAll(b.String(), strings.TrimSuffix(h.Root, "/"), "")
	file := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run the test with -update to write it", err)
	}
	if got != string(want) {
		t.Errorf("%s differs from what was read; run the test with -update and look at the difference\ngot:\n%s", file, got)
	}
}

// Check holds a reading to the catalogue, and gives its rows for people: no
// value is of the wrong kind, no key comes twice, no text is outside its enum.
func Check(t testing.TB, section string, r gather.Reading) []map[string]any {
	t.Helper()
	s, ok := inventory.Lookup(section)
	if !ok {
		t.Fatalf("section %s is not in the catalogue", section)
	}
	table, faults, err := s.Conform(r.Table)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		t.Errorf("%s does not conform: %s", section, f)
	}
	if len(r.Sources) == 0 && len(r.Table.Rows) > 0 {
		t.Errorf("%s has rows and no source", section)
	}
	rows := []map[string]any{}
	for _, row := range table.Rows {
		m := map[string]any{}
		for i, c := range s.Columns {
			v := row[i]
			if text, ok := v.(string); ok && len(c.Enum) > 0 && text != "" && !contains(c.Enum, text) {
				t.Errorf("%s.%s: %q is not in the catalogue", section, c.Name, text)
			}
			switch {
			case v == nil || v == "":
				continue
			case c.Kind == inventory.Time:
				v = time.UnixMilli(v.(int64)).UTC().Format(time.RFC3339)
			case c.Kind == inventory.List:
				v = json.RawMessage(v.(string))
			}
			m[c.Name] = v
		}
		rows = append(rows, m)
	}
	return rows
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}
