package cpu

import (
	"encoding/binary"
	"errors"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
)

// TestWindows reads the recorded machines with Windows.
func TestWindows(t *testing.T) {
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		rows, asked, faults, err := fromWindows(h)
		r, bad := gather.Rows(rows, asked...)
		if bad != nil {
			t.Fatal(bad)
		}
		r.Faults = faults
		recorded.Golden(t, h, "cpu", "cpu.windows."+name, r, err)
	})
	if _, _, _, err := fromWindows(&host.Host{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

// record makes one of GetLogicalProcessorInformationEx.
func record(kind uint32, head []byte, masks ...uint64) []byte {
	b := binary.LittleEndian.AppendUint32(nil, kind)
	at := 32
	if kind == 2 {
		at = 40
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(at+16*len(masks)))
	b = append(b, head...)
	b = append(b, make([]byte, at-len(b)-2)...)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(masks)))
	for _, m := range masks {
		b = binary.LittleEndian.AppendUint64(b, m)
		b = append(b, make([]byte, 8)...)
	}
	return b
}

// hybrid is one package of two fast cores of two threads each and a cluster of
// four slow ones.
func hybrid() []byte {
	var b []byte
	b = append(b, record(0, []byte{1, 1}, 0x3)...)
	b = append(b, record(0, []byte{1, 1}, 0xc)...)
	for i := range 4 {
		b = append(b, record(0, []byte{0, 0}, 0x10<<i)...)
	}
	l3 := []byte{3, 12, 64, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0}
	l2 := []byte{2, 8, 64, 0, 0, 0, 0x14, 0, 0, 0, 0, 0}
	b = append(b, record(2, l3, 0xff)...)
	b = append(b, record(2, l2, 0x3)...)
	b = append(b, record(2, l2, 0xf0)...)
	return append(b, record(3, []byte{0}, 0xff)...)
}

func TestPackages(t *testing.T) {
	rows, whole := parsePackages(hybrid())
	if len(rows) != 1 || !whole {
		t.Fatal(rows, whole)
	}
	r := rows[0]
	if r.CoreCount != 6 || r.ThreadCount != 8 || *r.PerfCoreCount != 2 || *r.EffCoreCount != 4 || r.L3Bytes != 12<<20 || r.L2Bytes != 2*1310720 {
		t.Errorf("%+v", r)
	}
	two := append(record(3, []byte{0}, 0x1), record(3, []byte{0}, 0x2)...)
	two = append(two, record(0, []byte{0, 0}, 0x1)...)
	two = append(two, record(0, []byte{0, 0}, 0x2)...)
	rows, whole = parsePackages(two)
	if len(rows) != 2 || !whole || rows[0].CoreCount != 1 || rows[1].CoreCount != 1 || rows[0].PerfCoreCount != nil {
		t.Errorf("%+v", rows)
	}
	if rows, whole = parsePackages(hybrid()[:200]); whole || len(rows) != 0 {
		t.Error("a list cut short is whole", rows)
	}
}

func FuzzPackages(f *testing.F) {
	f.Add(hybrid())
	f.Add([]byte{0, 0, 0, 0, 48, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, _ := parsePackages(b)
		if len(rows) > maxSockets {
			t.Error("more than the limit")
		}
		for _, r := range rows {
			if r.CoreCount < 0 || r.ThreadCount < 0 || r.L3Bytes < 0 {
				t.Errorf("%+v", r)
			}
		}
	})
}
