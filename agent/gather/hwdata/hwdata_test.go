package hwdata

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/agent/host"
)

const list = `# a list
0001  First Maker
	0001  Thing of the first
aa55  Test Works, Inc.
# between
	0100  TW100 Network Controller
		aa55 0001  Fast Card
		1234 0002  Other Card
	0200  TW200
bb66  Not asked for
	0100  Not this one
C 02  Network controller
	00  Ethernet controller
		01  with an interface
	80  Network controller, other
C 03  Display controller
HID 21  HID
	01  not a device
`

func TestRead(t *testing.T) {
	n, err := Read(strings.NewReader(list), []Number{{0xaa55, 0x0100, 0xaa55, 1}, {Vendor: 0xbb66, Product: 0x0999}, {Vendor: 0xcc77, Product: 1}})
	if err != nil {
		t.Fatal(err)
	}
	for got, want := range map[string]string{
		n.Vendor(0xaa55): "Test Works, Inc.", n.Device(0xaa55, 0x100): "TW100 Network Controller", n.Card(Number{0xaa55, 0x100, 0xaa55, 1}): "Fast Card",
		n.Vendor(0xbb66): "Not asked for", n.Class(2, 0): "Ethernet controller", n.Class(2, 0x77): "Network controller", n.Class(3, 0): "Display controller",
		n.Device(0xbb66, 0x999) + n.Vendor(0xcc77) + n.Vendor(1) + n.Device(0xaa55, 0x200) + n.Class(9, 1) + n.Card(Number{0xaa55, 0x100, 0x1234, 2}): "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestWhere(t *testing.T) {
	h := &host.Host{Root: t.TempDir()}
	if _, ok := PCI(h, []Number{{Vendor: 1}}); ok {
		t.Error("names without a list")
	}
	if _, ok := USB(h, nil); !ok {
		t.Error("nothing asked, and a list was missed")
	}
	p := filepath.Join(h.Root, "usr/share/misc")
	if err := os.MkdirAll(p, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p, "usb.ids"), []byte(list), 0o644); err != nil {
		t.Fatal(err)
	}
	if n, ok := USB(h, []Number{{Vendor: 1, Product: 1}}); !ok || n.Device(1, 1) != "Thing of the first" {
		t.Errorf("%+v %v", n, ok)
	}
	for s, want := range map[string]uint16{"0x8086": 0x8086, "1d6b": 0x1d6b, "": 0, "0x12345": 0, "x": 0} {
		if Hex(s) != want {
			t.Errorf("%q is %x", s, Hex(s))
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(list), uint16(0xaa55), uint16(0x100))
	f.Add([]byte("aa55  "+strings.Repeat("x", 9000)+"\n\t0100  y"), uint16(0xaa55), uint16(0x100))
	f.Fuzz(func(t *testing.T, b []byte, vendor, product uint16) {
		n, err := Read(strings.NewReader(string(b)), []Number{{vendor, product, 1, 2}})
		if err != nil || len(n.vendors) > 1 || len(n.devices) > 1 || len(n.Device(vendor, product)) > maxName {
			t.Errorf("%+v %v", n, err)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	text := []byte(strings.Repeat(list, 4000))
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		_, _ = Read(strings.NewReader(string(text)), []Number{{Vendor: 0xaa55, Product: 0x100}})
	}
}
