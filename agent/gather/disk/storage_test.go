package disk

import (
	"encoding/binary"
	"testing"

	"muster/agent/gather/block"
	"muster/internal/inventory"
)

// device makes STORAGE_DEVICE_DESCRIPTOR; empty texts have no place.
func device(bus uint32, removable bool, texts ...string) []byte {
	b := make([]byte, 40)
	if removable {
		b[10] = 1
	}
	binary.LittleEndian.PutUint32(b[28:], bus)
	for i, s := range texts {
		if s != "" {
			binary.LittleEndian.PutUint32(b[12+4*i:], uint32(len(b)))
			b = append(append(b, s...), 0)
		}
	}
	return b
}

func geometry(size uint64) []byte {
	b := make([]byte, 40)
	binary.LittleEndian.PutUint32(b[20:], 512)
	binary.LittleEndian.PutUint64(b[24:], size)
	return b
}

func layout(style uint32, kinds ...byte) []byte {
	b := make([]byte, 48+144*len(kinds))
	binary.LittleEndian.PutUint32(b, style)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(kinds)))
	for i, k := range kinds {
		b[48+144*i+32] = k
	}
	return b
}

func TestWindowsRow(t *testing.T) {
	yes, no := []byte{12, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0}, []byte{12, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0}
	for _, c := range []struct {
		a                                      answers
		vendor, model, serial, kind, bus, part string
		size, parts                            int64
		internal, boot                         bool
	}{
		{answers{Answers: block.Answers{Number: 0, Device: device(17, false, "NVMe", "Samsung SSD 980   1TB", "3B4QFXO7", " S64ANS0T123456 "), Seek: no, Geometry: geometry(1_000_204_886_016)},
			Trim: yes, Layout: layout(1, 0, 0, 0, 0), System: true}, "", "Samsung SSD 980 1TB", "S64ANS0T123456", "ssd", "nvme", "gpt", 1_000_204_886_016, 4, true, true},
		{answers{Answers: block.Answers{Number: 1, Device: device(11, false, "", "WDC WD10EZEX-08WN4A0", "01.01A01", "WD-WCC6Y1234567"), Seek: yes, Geometry: geometry(1 << 40)},
			Trim: no, Layout: layout(0, 7, 0, 0, 0)}, "", "WDC WD10EZEX-08WN4A0", "WD-WCC6Y1234567", "hdd", "sata", "mbr", 1 << 40, 1, true, false},
		{answers{Answers: block.Answers{Number: 2, Device: device(7, true, "SanDisk", "Ultra", "1.00", "4C53\x01"), Geometry: geometry(32 << 30)}}, "SanDisk", "Ultra", "", "flash", "usb", "", 32 << 30, -1, false, false},
		{answers{Answers: block.Answers{Number: 3, Device: device(10, false, "Msft", "Virtual Disk", "1.0", "")}, Layout: layout(2)}, "Msft", "Virtual Disk", "", "virtual", "sas", "none", 0, 0, true, false},
	} {
		r, ok := windowsRow(c.a)
		if !ok {
			t.Fatal(c.model)
		}
		if r.Vendor != c.vendor || r.Model != c.model || r.Serial != c.serial || r.Kind != c.kind || r.Bus != c.bus || r.PartitionTable != c.part || r.SizeBytes != c.size ||
			*r.Internal != c.internal || *r.Boot != c.boot || (c.parts >= 0) != (r.PartitionCount != nil) || r.PartitionCount != nil && *r.PartitionCount != c.parts {
			t.Errorf("%+v", r)
		}
	}
	if _, ok := windowsRow(answers{Answers: block.Answers{Device: make([]byte, 31)}}); ok {
		t.Error("a descriptor cut short is read")
	}
	first, _ := windowsRow(answers{Answers: block.Answers{Number: 0, Device: device(17, false, "", "A", "", "S1")}, System: true})
	if BootSerial([]inventory.Disk{first}) != "S1" {
		t.Error("the drive with Windows is no evidence")
	}
}

func TestExtents(t *testing.T) {
	b := make([]byte, 8+48)
	b[0], b[8], b[32] = 2, 3, 5
	if got := parseExtents(b); len(got) != 2 || got[0] != 3 || got[1] != 5 {
		t.Error(got)
	}
	if got := parseExtents(b[:40]); len(got) != 1 {
		t.Error(got)
	}
}

func FuzzStorage(f *testing.F) {
	f.Add(device(17, false, "NVMe", "Samsung", "1", "2"), layout(0, 7, 0), geometry(1<<40))
	f.Add([]byte{2, 0, 0, 0}, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, device, layout, geometry []byte) {
		r, ok := windowsRow(answers{Answers: block.Answers{Device: device, Geometry: geometry, Align: geometry, Seek: layout}, Layout: layout, Trim: layout})
		if ok && (r.SizeBytes < 0 || len(r.Serial) > 256 || r.PartitionCount != nil && *r.PartitionCount < 0) {
			t.Errorf("%+v", r)
		}
		if len(parseExtents(device)) > 256 {
			t.Error("more than the limit")
		}
	})
}
