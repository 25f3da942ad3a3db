package intake

import (
	"testing"
	"time"

	"muster/internal/inventory"
	"muster/internal/report"
)

// Beside a system stands until when it is mended, and the hash that the agent
// sent still holds.
func TestEndOfLife(t *testing.T) {
	table, err := inventory.Encode([]inventory.OS{{Family: "windows", Name: "Windows 11 Pro", Version: "10.0.22631.3880", Edition: "Professional"}})
	if err != nil {
		t.Fatal(err)
	}
	s, _ := inventory.Lookup("os")
	sent := report.Section{Name: "os", Status: report.OK, Sources: []string{"registry"}}
	conformed, _, _ := s.Conform(table)
	sent.Seal(s, conformed)
	sent.Columns, sent.Rows = table.Columns, table.Rows
	list, err := conform(&report.Report{Sections: []report.Section{sent}})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	at, _ := list[0].table.Rows[0][s.Index("support_ends_at")].(int64)
	if got := time.UnixMilli(at).UTC().Format(time.DateOnly); got != "2025-11-11" {
		t.Error(got)
	}
	again := sent
	again.Seal(s, list[0].table)
	if again.Hash != sent.Hash {
		t.Error("what is filled in changes the section's hash")
	}
}
