package disk

import (
	"testing"

	"muster/internal/inventory"
)

func TestSpeeds(t *testing.T) {
	for in, want := range map[string]int64{"6.0 Gbps": 6e9, "1.5 Gbps": 15e8, "<unknown>": 0, "": 0, "x Gbps": 0} {
		if got := linkSpeed(in); got != want {
			t.Errorf("linkSpeed(%q) = %d, want %d", in, got, want)
		}
	}
	for in, want := range map[string]int64{"2.5 GT/s PCIe": 2e9, "8.0 GT/s PCIe": 7_876_923_008, "Unknown": 0} {
		if got := laneSpeed(in); got != want {
			t.Errorf("laneSpeed(%q) = %d, want %d", in, got, want)
		}
	}
}

func TestBootSerial(t *testing.T) {
	yes, no := true, false
	a := inventory.Disk{Serial: "A", Boot: &yes, Internal: &yes}
	stick := inventory.Disk{Serial: "S", Boot: &yes, Internal: &no}
	data := inventory.Disk{Serial: "D", Boot: &no, Internal: &yes}
	for want, rows := range map[string][]inventory.Disk{"A": {data, a, stick}, "": {a, {Serial: "B", Boot: &yes, Internal: &yes}}} {
		if got := BootSerial(rows); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := BootSerial([]inventory.Disk{stick}); got != "" {
		t.Errorf("a stick is evidence: %q", got)
	}
}

func FuzzSpeed(f *testing.F) {
	f.Add("6.0 Gbps")
	f.Add("16.0 GT/s PCIe")
	f.Fuzz(func(t *testing.T, speed string) {
		if linkSpeed(speed) < 0 || laneSpeed(speed) < 0 {
			t.Error("negative speed")
		}
	})
}
