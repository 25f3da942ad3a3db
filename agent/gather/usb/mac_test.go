package usb

import (
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/apple"
	"muster/agent/gather/recorded"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	rows, asked, faults, err := fromMac(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	told(rows)
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	recorded.Golden(t, h, "usb_device", "macbook", r, err)
}

func TestPorts(t *testing.T) {
	for location, want := range map[uint32]string{0x14120000: "20-1.2", 0x00100000: "0-1", 0x01000000: "1", 0x14123456: "20-1.2.3.4.5.6"} {
		if got := ports(location); got != want {
			t.Errorf("%#x is %s, want %s", location, got, want)
		}
	}
}

func FuzzMac(f *testing.F) {
	f.Add([]byte(`<plist version="1.0"><dict><key>IORegistryEntryChildren</key><array><dict><key>idVendor</key><integer>1452</integer><key>idProduct</key><integer>5</integer>` +
		`<key>locationID</key><integer>337641472</integer><key>bcdDevice</key><integer>256</integer></dict></array></dict></plist>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var n node
		if apple.Decode(b, &n) != nil {
			return
		}
		for _, c := range append(n.Children, n) {
			if c.Vendor != nil && c.Product != nil {
				if r := c.row(); len(r.VendorID) != 4 || len(r.ProductID) != 4 {
					t.Errorf("%+v", r)
				}
			}
		}
	})
}
