package drivehealth

import (
	"bytes"
	"context"
	"encoding/binary"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/block"
	"muster/agent/gather/recorded"
	"muster/agent/host"
)

// windowsWay answers what Windows would for a drive, in its own structures, so
// that packing and unpacking stand between the reader and the drive.
type windowsWay struct {
	t    *testing.T
	disk *disk
}

func (w windowsWay) close() {}

func (w windowsWay) scsi(cdb, data []byte) (int, []byte, error) {
	in, err := packATA(cdb, len(data))
	if err != nil {
		return 0, nil, err
	}
	le := binary.LittleEndian
	if le.Uint16(in) != ataHead || le.Uint64(in[24:]) != ataHead || int(le.Uint32(in[8:])) != len(data) {
		w.t.Errorf("head of %x is %x", cdb, in[:ataHead])
	}
	// What the drive gets are the registers; the test's drive wants a command
	// block, which is built of them anew.
	r, ago := in[ataNow:ataNow+8], in[ataAgo:ataAgo+8]
	again := make([]byte, 16)
	copy(again, cdb[:3])
	again[0] = scsiATA16
	again[4], again[6], again[8], again[10], again[12], again[13], again[14] = r[0], r[1], r[2], r[3], r[4], r[5], r[6]
	if in[2]&8 != 0 {
		again[3], again[5], again[7], again[9], again[11] = ago[0], ago[1], ago[2], ago[3], ago[4]
	}
	if !bytes.Equal(again, cdb) {
		w.t.Errorf("sent %x, want %x", again, cdb)
	}
	got := make([]byte, len(data))
	n, raw, err := w.disk.scsi(again, got)
	if err != nil {
		return 0, nil, err
	}
	out := append(append([]byte(nil), in[:ataHead]...), got[:n]...)
	clear(out[ataNow : ataNow+8])
	out[ataNow+6] = 0x50
	if s, err := decodeSense(raw); err == nil && s.ata != nil {
		copy(out[ataNow:], []byte{s.ata.fault, s.ata.count, s.ata.low, s.ata.mid, s.ata.high, 0, s.ata.status})
	}
	return unpackATA(out, data)
}

func (w windowsWay) admin(c nvmeCommand, data []byte) error {
	in, err := packNVMe(c, len(data))
	if err != nil {
		return err
	}
	if err := w.disk.admin(c, data); err != nil {
		return err
	}
	out := append(append([]byte(nil), in[:protocolHead]...), data...)
	clear(data)
	return unpackNVMe(out, data)
}

// A machine with Windows tells of its drives what one with Linux does.
func TestWindows(t *testing.T) {
	all := fleet()
	list := []block.Drive{
		{Name: "PhysicalDrive0", Model: "TestVME 500", Serial: "NVM-TEST0004", Kind: "ssd", Bus: "nvme"},
		{Name: "PhysicalDrive1", Model: "WDC WD10EZEX-08WN4A0", Serial: "WD-TEST0001", Kind: "hdd", Bus: "sata", Rotational: true, ATA: true},
		{Name: "PhysicalDrive2", Model: "Raid 1 Volume", Kind: "ssd", Bus: "raid"},
		{Name: "PhysicalDrive3", Model: "Storage Space", Bus: "spaces"},
	}
	from := source{
		list:  func(context.Context, *host.Host) ([]block.Drive, error) { return list, nil },
		work:  func(*host.Host, string) string { return "" },
		again: func(_ *host.Host, d block.Drive) block.Drive { return d },
	}
	h := recorded.Unpack(t)
	s := with(func(_ *host.Host, d block.Drive) (way, error) {
		return windowsWay{t, all[map[string]string{"PhysicalDrive0": "nvme0n1", "PhysicalDrive1": "sda"}[d.Name]]}, nil
	}, from)
	for section, read := range map[string]func(context.Context, *host.Host) (gather.Reading, error){
		"disk_health": s.Read, "smart_attribute": s.ReadAttributes, "disk_selftest": s.ReadSelfTests,
	} {
		r, err := read(t.Context(), h)
		recorded.Golden(t, h, section, "windows."+section, r, err)
	}
}

// The structures as ntddscsi.h and nvme.h have them, byte for byte.
func TestPack(t *testing.T) {
	b, err := packATA(ataCommand{command: ataSMART, feature: smartReadData, smart: true}.cdb(true), 512)
	want := make([]byte, 48+512)
	copy(want, []byte{48, 0, 3, 0, 0, 0, 0, 0, 0, 2, 0, 0, 8})
	want[24] = 48
	copy(want[40:], []byte{0xd0, 1, 0, 0x4f, 0xc2, 0, 0xb0})
	if err != nil || !bytes.Equal(b, want) {
		t.Errorf("ATA %x %v", b[:48], err)
	}
	b, err = packSCSI(logSense(0x0d, 512), 512)
	want = make([]byte, 56+64+512)
	want[0], want[6], want[7], want[8], want[13], want[16], want[24], want[32] = 56, 10, 64, 1, 2, 8, 120, 56
	copy(want[36:], []byte{0x4d, 0, 0x4d, 0, 0, 0, 0, 2, 0, 0})
	if err != nil || !bytes.Equal(b, want) {
		t.Errorf("SCSI %x %v", b[:120], err)
	}
	b, err = packNVMe(nvmeCommand{opcode: nvmeGetLog, namespace: 0xffffffff, dw10: 127<<16 | nvmeLogHealth}, 512)
	want = make([]byte, 48+512)
	want[0], want[8], want[12], want[16], want[24], want[29] = 50, 3, 2, 2, 40, 2
	if err != nil || !bytes.Equal(b, want) {
		t.Errorf("NVMe %x %v", b[:48], err)
	}
	for _, bad := range []func() error{
		func() error { _, err := packATA(make([]byte, 10), 0); return err },
		func() error { _, err := packSCSI(nil, 0); return err },
		func() error { _, err := packNVMe(nvmeCommand{opcode: 0x09}, 0); return err },
	} {
		if bad() == nil {
			t.Error("a command that is none is packed")
		}
	}
}

func FuzzStorage(f *testing.F) {
	f.Add(make([]byte, 48+64+512))
	b, _ := packNVMe(nvmeCommand{opcode: nvmeGetLog, dw10: nvmeLogHealth}, 512)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		data := make([]byte, 512)
		for _, unpack := range []func([]byte, []byte) (int, []byte, error){unpackATA, unpackSCSI} {
			if n, sense, err := unpack(b, data); n > len(data) || len(sense) > scsiRoom || err != nil && n != 0 {
				t.Errorf("%d bytes, sense of %d, %v", n, len(sense), err)
			}
		}
		_ = unpackNVMe(b, data)
	})
}

// A drive that nobody can see behind its controller is bad when the driver says
// so; that the driver says nothing is no good news.
func TestForetoldFailure(t *testing.T) {
	raid := block.Drive{Name: "PhysicalDrive1", Bus: "raid", Driver: "megasas", Serial: "S"}
	for name, c := range map[string]struct {
		drive block.Drive
		says  []byte
		want  string
	}{
		"bad":            {raid, append([]byte{1, 0, 0, 0}, make([]byte, 512)...), "failed"},
		"nothing":        {raid, make([]byte, 516), "unknown"},
		"no answer":      {raid, nil, "unknown"},
		"a virtual one":  {block.Drive{Name: "PhysicalDrive2", Kind: "virtual"}, []byte{1, 0, 0, 0}, "unknown"},
		"one behind USB": {block.Drive{Name: "PhysicalDrive3", Bus: "usb", Removable: true}, []byte{1, 0, 0, 0}, "unknown"},
	} {
		s := &Drives{from: source{work: func(*host.Host, string) string { return "" }, foretold: func(*host.Host, block.Drive) bool { return foretells(c.says) }}}
		a := asked{drive: c.drive}
		s.one(&host.Host{}, &a)
		got := "unknown"
		if p := a.row().Passed; p != nil {
			got = map[bool]string{true: "passed", false: "failed"}[*p]
		}
		if got != c.want || a.row().Readable == nil || *a.row().Readable {
			t.Errorf("%s: %s, want %s: %+v", name, got, c.want, a.row())
		}
	}
}

func FuzzForetells(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if foretells(b) && len(b) < 4 {
			t.Error(b)
		}
	})
}
