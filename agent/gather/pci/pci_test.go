package pci

import (
	"testing"

	"muster/agent/gather/hwdata"
)

func TestKind(t *testing.T) {
	for _, c := range []struct {
		vendor     uint16
		address    string
		external   bool
		memory     int64
		neighbours []uint32
		want       string
	}{
		{0x8086, "0000:00:02.0", false, 0, nil, "integrated"},
		{0x8086, "0000:03:00.0", false, 0, nil, "discrete"},
		{0x10de, "0000:01:00.0", false, 0, nil, "discrete"},
		{0x10de, "0000:3a:00.0", true, 0, nil, "external"},
		{0x1002, "0000:04:00.0", false, 512 << 20, []uint32{0x040300, 0x108000, 0x0c0330}, "integrated"},
		{0x1002, "0000:0b:00.0", false, 8 << 30, []uint32{0x040300}, "discrete"},
		{0x1af4, "0000:00:01.0", false, 0, nil, "virtual"},
		{0x1a03, "0000:05:00.0", false, 0, nil, "integrated"},
		{0x4321, "0000:05:00.0", false, 1, nil, "discrete"},
		{0x4321, "", false, 0, nil, "other"},
	} {
		d := device{address: c.address, external: c.external, id: hwdata.Number{Vendor: c.vendor}}
		if got := kindOf(d, c.memory, c.neighbours); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	for text, want := range map[string]string{"Model: x\nVideo BIOS: \t 90.17\n": "90.17", "Video BIOS: ??.??.??\n": "", "": "", "Video BIOS": ""} {
		if got := videoBIOS(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func FuzzVideoBIOS(f *testing.F) {
	f.Add("Video BIOS: 90.17\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(videoBIOS(text)) > len(text) {
			t.Error("grew")
		}
	})
}
