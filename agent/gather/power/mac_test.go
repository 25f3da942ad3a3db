package power

import (
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/internal/inventory"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	t.Run("battery", func(t *testing.T) {
		list, asked, err := suppliesMac(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		var rows []inventory.Battery
		for _, s := range list {
			if s.battery() {
				rows = append(rows, s.row())
			}
		}
		if ac := online(list); ac == nil || !*ac {
			t.Error("it is not on mains")
		}
		r, err := gather.Rows(rows, asked...)
		recorded.Golden(t, h, "battery", "macbook-battery", r, err)
	})
	t.Run("power", func(t *testing.T) {
		row, asked, err := readMac(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		r, err := gather.Rows([]inventory.Power{row}, asked...)
		recorded.Golden(t, h, "power", "macbook-power", r, err)
	})
}

// Intel's Macs told milliampere hours where later ones tell percent, and the
// current of a battery that is used is negative, in 64 bits.
func TestMacOldBattery(t *testing.T) {
	var drained int64 = -1616
	r := cell{Max: 4000, Current: 2000, Design: 5000, Voltage: 11_000, Amperage: uint64(drained), Mains: new(false), Left: 74, MadeOn: 18<<0 | 6<<5 | 39<<9}.supply("x").row()
	if r.State != "discharging" || *r.Charge != 50 || *r.HealthShare != 80 || *r.Watts != 17.78 || *r.LeftSeconds != 4440 || r.MadeAt.Format("2006-01-02") != "2019-06-18" {
		t.Errorf("the battery is %+v: charge %v, health %v, watts %v, left %v", r, *r.Charge, *r.HealthShare, *r.Watts, *r.LeftSeconds)
	}
}
