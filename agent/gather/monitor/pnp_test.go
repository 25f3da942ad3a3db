package monitor

import (
	"errors"
	"io/fs"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/gather/wmi"
	"muster/agent/host"
	"muster/internal/inventory"
)

func TestWindows(t *testing.T) {
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		rows, faults, err := fromPnP(t.Context(), h)
		r, bad := gather.Rows(rows, "pnp")
		if bad != nil {
			t.Fatal(bad)
		}
		r.Faults = faults
		recorded.Golden(t, h, "monitor", "windows."+name, r, err)
	})
	if _, _, err := fromPnP(t.Context(), &host.Host{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

func TestConnections(t *testing.T) {
	rows := []inventory.Monitor{{Connector: `DISPLAY\DELA0B1\5&1a2b3c4d&0&UID4352`}, {Connector: `DISPLAY\BOE0812\4&1&0&UID8388688`}, {Connector: `DISPLAY\OTHER\1`}}
	faults := connect(rows, func(q wmi.Question) ([]wmi.Row, error) {
		if q.Class != "WmiMonitorConnectionParams" {
			t.Errorf("asked %s", q.Class)
		}
		return []wmi.Row{
			{"InstanceName": `DISPLAY\DELA0B1\5&1A2B3C4D&0&UID4352_0`, "VideoOutputTechnology": int32(5)},
			{"InstanceName": `DISPLAY\BOE0812\4&1&0&UID8388688_0`, "VideoOutputTechnology": int32(-2147483648)},
			{"InstanceName": "nonsense", "VideoOutputTechnology": int32(10)}, {"InstanceName": `DISPLAY\OTHER\1_0`}}, nil
	})
	if len(faults) != 0 || rows[0].Link != "hdmi" || *rows[0].Builtin || rows[1].Link != "other" || !*rows[1].Builtin || rows[2].Link != "" {
		t.Errorf("%+v %v", rows, faults)
	}
	if faults := connect(rows, func(wmi.Question) ([]wmi.Row, error) { return nil, errors.ErrUnsupported }); faults != nil {
		t.Error(faults)
	}
	if faults := connect(rows, func(wmi.Question) ([]wmi.Row, error) { return nil, fs.ErrPermission }); len(faults) != 1 {
		t.Error(faults)
	}
	for n, want := range map[int64]string{0: "vga", 4: "dvi", 6: "lvds", 10: "displayport", 11: "edp", 15: "wireless", 17: "virtual", -1: "", -2: "", 9: "other"} {
		if got, _ := linkOf(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
