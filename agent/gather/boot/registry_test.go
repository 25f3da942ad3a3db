package boot

import (
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
)

func TestWindows(t *testing.T) {
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		row, asked, faults, err := fromWindows(h)
		r, bad := gather.Rows([]inventory.Boot{row}, asked...)
		if bad != nil {
			t.Fatal(bad)
		}
		r.Faults = faults
		recorded.Golden(t, h, "boot", "windows."+name, r, err)
	})
	for n, want := range map[uint64]string{0: "none", 1: "complete", 2: "kernel", 3: "small", 7: "automatic", 9: "other"} {
		if got := dumpKind(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}
