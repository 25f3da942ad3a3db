//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/collector/api"
)

// The made-up devices of testdata, through everything that real ones go through.
func TestRecordingsArePolledAndCompared(t *testing.T) {
	dir := t.TempDir()
	docs := filepath.Join(dir, "page.md")
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-dir", "testdata", "-out", dir, "-docs", docs, "-rounds", "1", "-misses", "100"}, &out); err != nil {
		t.Fatal(err)
	}
	figures := map[string]float64{}
	for line := range strings.Lines(out.String()) {
		if line[0] != '{' {
			continue
		}
		var f figure
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		figures[f.Figure] = f.Value
	}
	for name, want := range map[string]float64{"corpus_identity": 1, "corpus_identity_equal": 1, "corpus_ports": 1, "corpus_sensors": 0.5, "corpus_neighbors": 1, "corpus_fdb": 1, "corpus_arp": 1, "corpus_supplies": 1} {
		if got, ok := figures[name]; !ok || got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if _, ok := figures["corpus_wireless"]; ok {
		t.Error("there is a figure of what nothing is expected of")
	}
	if !strings.Contains(out.String(), `missed sensors: temperature "One that is not in the recording"`) || !strings.Contains(out.String(), `no line in score's products for "made-up"`) || t.Failed() {
		t.Error(out.String())
	}
	for id, section := range map[string]string{"office-switch": "fdb", "copy-room": "printer_supply"} {
		text, err := os.ReadFile(filepath.Join(dir, id+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var d api.DeviceShow
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		if rows, _ := d.Sections[section].([]any); d.Device.Name != id || len(rows) != 1 {
			t.Errorf("%s: device %q, %d rows of %s", id, d.Device.Name, len(rows), section)
		}
	}
	if page, err := os.ReadFile(docs); err != nil || !strings.Contains(string(page), "| office-switch | any-switch | 3/3 |") {
		t.Errorf("the page is %q, %v", page, err)
	}
}

func TestWhatCannotBePolledIsToldAtOnce(t *testing.T) {
	broken := t.TempDir()
	for name, text := range map[string]string{
		"expected.json":      `[{"id": "one"}]`,
		"one.snmprec":        "1.3.6.1.2.1.1.5.0|4|one\nthis is no object\n",
		"odd/expected.json":  `[{"id": "../one"}]`,
		"gone/expected.json": `[{"id": "two"}]`,
		"form/expected.json": `{"id": "two"}`,
		"bare/one.snmprec":   "1.3.6.1.2.1.1.5.0|4|one\n",
	} {
		file := filepath.Join(broken, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []struct {
		args []string
		want string
	}{
		{nil, "say where the recordings are: -dir DIR"},
		{[]string{"-dir", filepath.Join(broken, "nowhere")}, "nowhere is no folder"},
		{[]string{"-dir", broken}, "one.snmprec, line 2: OID|TAG|VALUE is expected; 1 of 2 lines"},
		{[]string{"-dir", filepath.Join(broken, "odd")}, `"../one" is no name of a recording`},
		{[]string{"-dir", filepath.Join(broken, "gone")}, "two.snmprec: no such file"},
		{[]string{"-dir", filepath.Join(broken, "form")}, "read " + filepath.Join(broken, "form", "expected.json")},
		{[]string{"-dir", filepath.Join(broken, "bare")}, "what is expected of the recordings: open"},
		{[]string{"-dir", "testdata", "-only", "nothing"}, "names no recording that holds nothing"},
	} {
		var out bytes.Buffer
		if err := run(context.Background(), x.args, &out); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%q: %v, want %s", x.args, err, x.want)
		}
	}
}
