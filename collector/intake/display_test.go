package intake

import (
	"testing"

	"muster/internal/inventory"
	"muster/internal/report"
)

// A display's row is kept with what its own description says, and the hash
// that the agent sent still holds: the columns filled in are kept as latest.
func TestDisplays(t *testing.T) {
	raw := make([]byte, 128)
	copy(raw, []byte{0, 255, 255, 255, 255, 255, 255, 0, 0x10, 0xac, 1, 2})
	copy(raw[54:], "\x00\x00\x00\xff\x00ABC-123\n")
	var sum byte
	for _, c := range raw {
		sum += c
	}
	raw[127] = -sum
	table, err := inventory.Encode([]inventory.Monitor{{Connector: "card0-DP-1", EDID: raw}})
	if err != nil {
		t.Fatal(err)
	}
	s, _ := inventory.Lookup("monitor")
	sent := report.Section{Name: "monitor", Status: report.OK, Sources: []string{"sysfs"}}
	conformed, _, _ := s.Conform(table)
	sent.Seal(s, conformed)
	sent.Columns, sent.Rows = table.Columns, table.Rows
	list, err := conform(&report.Report{Sections: []report.Section{sent}})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	row := list[0].table.Rows[0]
	if row[s.Index("vendor")] != "Dell" || row[s.Index("serial")] != "ABC-123" {
		t.Errorf("%v", row)
	}
	again := sent
	again.Seal(s, list[0].table)
	if again.Hash != sent.Hash {
		t.Error("what is filled in changes the section's hash")
	}
}
