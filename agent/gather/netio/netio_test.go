package netio

import (
	"os"
	"path/filepath"
	"testing"

	"muster/agent/host"
)

func TestCard(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"enp0s31f6/operstate": "up\n", "enp0s31f6/device/vendor": "0x8086\n",
		"wlp2s0/operstate": "down\n", "wlp2s0/device/vendor": "0x8086\n",
		"docker0/operstate": "up\n", "veth12ab/operstate": "up\n", "lo/operstate": "unknown\n",
		"eth0/operstate": "up\n", // of a container: nothing behind it, and still the only way out
	} {
		p := filepath.Join(dir, "sys/class/net", name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	h := &host.Host{Root: dir}
	for name, want := range map[string]bool{"enp0s31f6": true, "wlp2s0": false, "docker0": false, "veth12ab": false, "lo": false, "eth0": true, "gone0": false} {
		if got := Card(h, name); got != want {
			t.Errorf("Card(%s) = %v, want %v", name, got, want)
		}
	}
	if !Card(&host.Host{Root: t.TempDir()}, "Ethernet") {
		t.Error("without sysfs a card of another system is left out")
	}
}
