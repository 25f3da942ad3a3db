package volume

import (
	"slices"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
)

func TestWindows(t *testing.T) {
	extents := make([]byte, 8+72)
	extents[0], extents[8], extents[32], extents[56] = 3, 1, 0, 1
	var rows []inventory.Volume
	for _, s := range []store{
		{GUID: `\\?\Volume{11111111-0000-0000-0000-000000000001}\`, Mounts: []string{`C:\`}, Drive: 3, Label: "Windows", Filesystem: "NTFS", Serial: 0x1a2b3c4d,
			Space: host.Filesystem{Size: 1000 << 20, Free: 300 << 20, Available: 300 << 20}, SpaceKnown: true, Extents: extents, Dirty: new(false)},
		{GUID: `\\?\Volume{11111111-0000-0000-0000-000000000002}\`, Drive: 3, Filesystem: "NTFS"},
		{GUID: `\\?\Volume{11111111-0000-0000-0000-000000000003}\`, Mounts: []string{`C:\Data\`, `D:\`}, Drive: 3, Filesystem: "ReFS"},
		{GUID: `\\?\Volume{11111111-0000-0000-0000-000000000004}\`, Mounts: []string{`E:\`}, Drive: 5, Filesystem: "UDF", Flags: 0x80000},
	} {
		rows = append(rows, s.row("c:"))
	}
	if !slices.Equal(rows[0].Disks, []string{"PhysicalDrive1", "PhysicalDrive0"}) || !*rows[0].System || *rows[1].System || *rows[0].UsedPercent != 70 {
		t.Errorf("%+v", rows[0])
	}
	if rows[1].Mount != `\\?\Volume{11111111-0000-0000-0000-000000000002}` || rows[2].Mount != "D:" || rows[3].Kind != "optical" || !*rows[3].ReadOnly {
		t.Errorf("%+v", rows[1:])
	}
	r, err := gather.Rows(rows, "volumes")
	if err != nil {
		t.Fatal(err)
	}
	recorded.Check(t, "volume", r)
}

func FuzzDrives(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 5})
	f.Add(make([]byte, 80))
	f.Fuzz(func(t *testing.T, b []byte) {
		if list := drives(b); len(list) > 64 {
			t.Error("more than the limit")
		}
	})
}
