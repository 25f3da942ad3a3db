package memload

import (
	"testing"

	"muster/agent/gather/recorded"
)

func TestMac(t *testing.T) {
	got := sink{}
	if err := fromVMStat(t.Context(), recorded.Mac(t, "macbook"), got); err != nil {
		t.Fatal(err)
	}
	const page, total = 16384, 16 << 30
	used := float64((410000 - 20000 + 150000 + 60000) * page)
	for name, want := range map[string]float64{"mem.total[]": total, "mem.used[]": used, "mem.available[]": total - used, "mem.used_percent[]": used / total * 100,
		"swap.total[]": 2 << 30, "swap.used_percent[]": 25, "swap.in[]": 1000 * page, "swap.out[]": 2000 * page} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
}

func FuzzVMStat(f *testing.F) {
	f.Add("Statistics: (page size of 4096 bytes)\nPages wired down: 12.\nAnonymous pages: 7.\n", "total = 1.00M  used = 2.00M")
	f.Fuzz(func(t *testing.T, text, swap string) {
		if m := parseVMStat(text); m.used < 0 || m.swapIn < 0 {
			t.Errorf("%+v", m)
		}
		if total, used := parseSwap(swap); used > total || total < 0 {
			t.Errorf("%v of %v", used, total)
		}
	})
}
