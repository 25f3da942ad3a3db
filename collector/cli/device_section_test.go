package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"muster/internal/inventory"
)

func rowsOfSensors(n int, bad map[int]string) []map[string]any {
	var rows []map[string]any
	for i := n; i >= 1; i-- {
		status := "ok"
		if s := bad[i]; s != "" {
			status = s
		}
		rows = append(rows, map[string]any{"kind": "temperature", "name": fmt.Sprintf("T%d", i), "status": status, "value": json.Number("30"), "value_unit": "celsius"})
	}
	return rows
}

func TestWorstRowsComeFirst(t *testing.T) {
	sec, _ := inventory.Lookup("sensor")
	rows := rowsOfSensors(12, map[int]string{11: "critical", 3: "warning", 10: "warning"})
	worstFirst(sec, rows)
	var names []string
	for _, r := range rows {
		names = append(names, r["name"].(string))
	}
	if got := strings.Join(names, " "); got != "T11 T3 T10 T1 T2 T4 T5 T6 T7 T8 T9 T12" {
		t.Error(got)
	}
	if got := moreRows(sec, rows[2:]); got != "10 more rows, 1 of them bad" {
		t.Error(got)
	}
	if got := moreRows(sec, rows[3:]); got != "9 more rows" {
		t.Error(got)
	}
}

// What people open a section for is shown on terminals of every usual width.
func TestWorthOfColumns(t *testing.T) {
	for section, want := range map[string][]string{
		"sensor":  {"name", "kind", "status", "value", "value_text"},
		"port":    {"name", "admin_status", "oper_status", "speed_bits_per_second"},
		"storage": {"name", "state", "used_percent"},
		"volume":  {"mount"},
	} {
		sec, _ := inventory.Lookup(section)
		row := map[string]any{}
		for _, c := range sec.Columns {
			row[c.Name] = "x"
		}
		g := sectionGrid(sec, []map[string]any{row}, true)
		var names []string
		for _, c := range g.columns {
			names = append(names, c.name)
		}
		if len(names) != len(sec.Columns) {
			t.Errorf("%s: columns are lost: %v", section, names)
		}
		if !slices.Equal(names[:len(want)], want) {
			t.Errorf("%s: %v", section, names)
		}
	}
}

func TestByNumber(t *testing.T) {
	list := []string{"Gi1/0/10", "Gi1/0/2", "Gi1/0/1", "Gi2/0/1", "", "Gi1/0", "Gi1/0/02", "a"}
	slices.SortFunc(list, byNumber)
	if got := strings.Join(list, " "); got != " Gi1/0 Gi1/0/1 Gi1/0/02 Gi1/0/2 Gi1/0/10 Gi2/0/1 a" {
		t.Error(got)
	}
}
