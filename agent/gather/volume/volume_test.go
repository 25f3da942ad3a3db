package volume

import (
	"testing"

	"muster/agent/host"
	"muster/internal/inventory"
)

func TestFill(t *testing.T) {
	var r inventory.Volume
	fill(&r, host.Filesystem{Size: 1000, Free: 400, Available: 350, Files: 10, FilesFree: 3})
	if r.SizeBytes != 1000 || *r.FreeBytes != 350 || *r.UsedBytes != 600 || *r.UsedPercent != 63.2 || *r.InodesFree != 3 {
		t.Errorf("%+v", r)
	}
	for _, bad := range []host.Filesystem{{Size: 10, Free: 20}, {Size: 10, Free: 5, Available: 20}, {Size: 1 << 63}} {
		var r inventory.Volume
		fill(&r, bad)
		if r.FreeBytes != nil || r.SizeBytes != 0 {
			t.Errorf("%+v is believed", bad)
		}
	}
	r = inventory.Volume{}
	fill(&r, host.Filesystem{})
	if r.UsedPercent != nil {
		t.Error("an empty file system has a share in use")
	}
}
