package wifi

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
)

func wlanItem(kind uint32, b []byte) []byte {
	out := binary.LittleEndian.AppendUint32(nil, kind)
	return append(binary.LittleEndian.AppendUint32(out, uint32(len(b))), b...)
}

func wlanNumber(kind uint32, n int32) []byte {
	return wlanItem(kind, binary.LittleEndian.AppendUint32(nil, uint32(n)))
}

func wlanConnection(phy, quality, rx, tx, auth uint32) []byte {
	b := make([]byte, sizeConnection)
	le := binary.LittleEndian
	le.PutUint32(b, 1)
	copy(b[560:], []byte{0x02, 0, 0, 0x11, 0x22, 0x33})
	for off, n := range map[int]uint32{568: phy, 576: quality, 580: rx, 584: tx, 588: 1, 596: auth} {
		le.PutUint32(b[off:], n)
	}
	return wlanItem(host.WLANConnection, b)
}

func radios() []byte {
	var b []byte
	for _, i := range [][]byte{
		wlanItem(host.WLANCard, []byte("Wi-Fi")), wlanConnection(10, 86, 1_201_000, 960_700, 6), wlanNumber(host.WLANSignal, -54), wlanNumber(host.WLANChannel, 44), wlanNumber(host.WLANFrequency, 5_220_000),
		wlanItem(host.WLANCard, []byte("Wi-Fi 2")), wlanConnection(7, 40, 65_000, 65_000, 9), wlanNumber(host.WLANChannel, 6),
		wlanItem(host.WLANCard, []byte("Wi-Fi 3")), wlanItem(host.WLANConnection, make([]byte, sizeConnection)),
	} {
		b = append(b, i...)
	}
	return b
}

func TestWindows(t *testing.T) {
	h := recorded.Unpack(t)
	h.Native = func(host.Native) ([]byte, error) { return radios(), nil }
	list, asked, err := fromNative(h)
	rows := []inventory.Wifi{}
	for _, l := range list {
		rows = append(rows, l.row(time.Date(2024, 6, 3, 9, 30, 0, 0, time.UTC)))
	}
	r, bad := gather.Rows(rows, asked...)
	if bad != nil {
		t.Fatal(bad)
	}
	recorded.Golden(t, h, "wifi", "windows", r, err)
	if _, _, err := fromNative(&host.Host{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	for _, damaged := range [][]byte{{1, 2}, wlanNumber(host.WLANSignal, -5), radios()[:30]} {
		if _, err := parseWLAN(damaged); err == nil {
			t.Errorf("%d damaged bytes are read", len(damaged))
		}
	}
}

func FuzzWLAN(f *testing.F) {
	f.Add(radios())
	f.Fuzz(func(t *testing.T, b []byte) {
		list, _ := parseWLAN(b)
		if len(list) > maxRadios {
			t.Errorf("%d cards", len(list))
		}
		for _, l := range list {
			if r := l.row(time.Time{}); r.Signal != nil && (*r.Signal >= 0 || *r.Signal < -128) {
				t.Errorf("%+v", r)
			}
		}
	})
}
