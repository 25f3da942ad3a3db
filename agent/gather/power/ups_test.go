package power

import (
	"testing"

	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Windows shows what hangs on a USB port and feeds the machine as a battery of
// short term.
func TestUPSOnWindows(t *testing.T) {
	about := append(append(numbers(1<<31|1<<29, 1), "PbAc"...), numbers(100_000, 90_000, 0, 0, 0, 0)...)
	unit := append(item(host.BatteryPath, []byte(`\\?\hid#vid_051d&pid_0002#8&1#{72631e54-78a4-11d0-bcf7-00aa00b7b32a}`)), item(levelInformation, about)...)
	unit = append(unit, item(host.BatteryStatus, numbers(2, 81_000, 13_500, 0x80000000))...)
	h := with(recorded.Unpack(t), append(notebook(), unit...), capabilities(0, false))
	list, asked, err := fromNative(h)
	if err != nil {
		t.Fatal(err)
	}
	var rows []inventory.Ups
	for _, s := range list {
		if s.of["type"] == "UPS" {
			rows = append(rows, s.ups())
		}
	}
	if len(rows) != 1 || rows[0].OutputSource != "battery" || rows[0].Charge == nil || *rows[0].Charge != 90 || len(asked) == 0 {
		t.Fatalf("%+v", rows)
	}
	for name, c := range map[string]struct {
		of           map[string]string
		source, held string
		left         int64
	}{
		"mains":    {map[string]string{"status": "Charging", "capacity": "80"}, "mains", "normal", -1},
		"battery":  {map[string]string{"status": "Discharging", "capacity": "60", "time_to_empty_now": "600"}, "battery", "normal", 600},
		"low":      {map[string]string{"status": "Discharging", "capacity": "20", "time_to_empty_now": "60"}, "battery", "low", 60},
		"charging": {map[string]string{"status": "Charging", "capacity": "20"}, "mains", "normal", -1},
		"depleted": {map[string]string{"status": "Discharging", "capacity": "4"}, "battery", "depleted", -1},
		"worn out": {map[string]string{"status": "Charging", "capacity": "90", "health": "Dead"}, "mains", "fault", -1},
		"silent":   {map[string]string{}, "other", "unknown", -1},
	} {
		c.of["type"] = "UPS"
		u := supply{name: "x", of: c.of}.ups()
		left := int64(-1)
		if u.LeftSeconds != nil {
			left = *u.LeftSeconds
		}
		if u.OutputSource != c.source || u.BatteryStatus != c.held || left != c.left {
			t.Errorf("%s: %+v, %d s left", name, u, left)
		}
	}
}
