package profile

import (
	"math"
	"testing"
	"time"

	"muster/internal/inventory"
	"muster/internal/report"
)

// An old table gives way to a new one that says the same, also when the new one
// came with an update, and nothing is taken for lost then.
func TestTablesThatGiveWay(t *testing.T) {
	w, err := parseWalk([]byte(`
1.3.6.1.2.1.1.1.0 s Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E9, RELEASE SOFTWARE
1.3.6.1.2.1.1.2.0 o 1.3.6.1.4.1.9.1.1208
1.3.6.1.4.1.9.9.48.1.1.1.2.1 s Processor
1.3.6.1.4.1.9.9.48.1.1.1.5.1 g 1000
1.3.6.1.4.1.9.9.48.1.1.1.6.1 g 3000
`))
	if err != nil {
		t.Fatal(err)
	}
	s := own(t)
	now := moment()
	s.Now = func() time.Time { return now }
	d := identifyWith(t, s, w)
	if _, rows := section[inventory.MemoryPool](t, read(t, d, w)); len(rows) != 1 || rows[0].Name != "Processor" {
		t.Fatalf("old table: %+v", rows)
	}
	w.set(t, "1.3.6.1.4.1.9.9.221.1.1.1.1.3.1000.1", "s", "Processor")
	w.set(t, "1.3.6.1.4.1.9.9.221.1.1.1.1.18.1000.1", "C", "2000")
	w.set(t, "1.3.6.1.4.1.9.9.221.1.1.1.1.20.1000.1", "C", "6000")
	now = now.Add(2 * lookupFor)
	sec, rows := section[inventory.MemoryPool](t, read(t, d, w))
	if len(rows) != 1 || *rows[0].UsedBytes != 2000 || sec.Status != report.OK {
		t.Errorf("new table: %s %q %+v", sec.Status, sec.Reason, rows)
	}
}

func TestLight(t *testing.T) {
	for name, want := range map[string]bool{
		"DOM TX Power for Ethernet21":   true,
		"Ethernet1/1 Receive Power":     true,
		"Power supply 1 input power":    false,
		"Switch 1 Slot 1 HotSwap Power": false,
		"Optical temperature":           false,
	} {
		if light(name) != want {
			t.Errorf("light(%q) = %v", name, !want)
		}
	}
	// 1 mW is 0 dBm, a thousandth of it -30 (ITU-T G.957 gives levels of light so).
	for watts, want := range map[float64]float64{0.001: 0, 0.000001: -30, 0.0005: -3.01} {
		if got := decibelMilliwatts(&watts); got == nil || math.Abs(*got-want) > 0.001 {
			t.Errorf("%v W: %v, want %v dBm", watts, got, want)
		}
	}
	if decibelMilliwatts(new(0.0)) != nil || decibelMilliwatts(nil) != nil {
		t.Error("no light has a level")
	}
}
