package diskio

import (
	"os"
	"path/filepath"
	"testing"

	"muster/agent/host"
)

func TestDrive(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"sda", "nvme0n1", "loop0", "dm-0", "zram0"} {
		if err := os.MkdirAll(filepath.Join(dir, "sys/block", name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	h := &host.Host{Root: dir}
	for name, want := range map[string]bool{"sda": true, "sda1": false, "nvme0n1": true, "nvme0n1p1": false, "loop0": false, "dm-0": false, "zram0": false} {
		if got := Drive(h, name); got != want {
			t.Errorf("Drive(%s) = %v, want %v", name, got, want)
		}
	}
}
