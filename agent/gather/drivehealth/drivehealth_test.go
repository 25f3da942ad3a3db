package drivehealth

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"muster/agent/gather"
	"muster/agent/gather/block"
	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/metric"
	"muster/internal/smart"
)

// machine has a disk of each kind.
const machine = `
-- links /sys/block --
sda ../devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda
sdb ../devices/pci0000:00/0000:00:14.0/usb2/2-3/2-3:1.0/host4/target4:0:0/4:0:0:0/block/sdb
sdc ../devices/pci0000:00/0000:00:02.0/0000:02:00.0/host1/port-1:0/end_device-1:0/target1:0:0/1:0:0:0/block/sdc
sdd ../devices/pci0000:00/0000:00:01.0/0000:01:00.0/host5/target5:2:0/5:2:0:0/block/sdd
nvme0n1 ../devices/pci0000:00/0000:00:1d.0/0000:3d:00.0/nvme/nvme0/nvme0n1
mmcblk0 ../devices/platform/soc/fe340000.mmc/mmc_host/mmc0/mmc0:0001/block/mmcblk0
vda ../devices/pci0000:00/0000:00:05.0/virtio1/block/vda
sr0 ../devices/pci0000:00/0000:00:17.0/ata2/host3/target3:0:0/3:0:0:0/block/sr0
-- values /sys/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda --
device/vendor ATA
device/model WDC WD10EZEX-08W
device/serial WD-TEST0001
queue/rotational 1
queue/logical_block_size 512
size 1953525168
-- values /sys/devices/pci0000:00/0000:00:14.0/usb2/2-3/2-3:1.0/host4/target4:0:0/4:0:0:0/block/sdb --
device/vendor Bridge
device/serial USB-TEST0002
queue/rotational 1
removable 0
-- values /sys/devices/pci0000:00/0000:00:02.0/0000:02:00.0/host1/port-1:0/end_device-1:0/target1:0:0/1:0:0:0/block/sdc --
device/vendor SEAGATE
device/serial SAS-TEST0003
queue/rotational 1
-- values /sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/host5/target5:2:0/5:2:0:0/block/sdd --
device/vendor AVAGO
queue/rotational 0
-- /sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/driver -> ../../../../bus/pci/drivers/megaraid_sas --
-- values /sys/devices/pci0000:00/0000:00:1d.0/0000:3d:00.0/nvme/nvme0/nvme0n1 --
device/serial NVM-TEST0004
device/model TestVME 500
queue/rotational 0
-- values /sys/devices/platform/soc/fe340000.mmc/mmc_host/mmc0/mmc0:0001/block/mmcblk0 --
device/type MMC
device/name TSTEMC
device/serial 0x00c0ffee
device/life_time 0x02 0x03
device/pre_eol_info 0x01
-- /sys/devices/pci0000:00/0000:00:05.0/virtio1/block/vda/size --
100
`

// fleet are the drives of it.
func fleet() map[string]*disk {
	sda := ataDisk("WDC WD10EZEX-08WN4A0", "WD-TEST0001", 7200, []attribute{
		{id: 5, normalized: 200, worst: 200, threshold: 140, flags: smart.Prefailure, raw: 8},
		{id: 9, normalized: 70, worst: 70, flags: smart.Online, raw: 22123},
		{id: 194, normalized: 110, worst: 98, flags: smart.Online, raw: 37},
		{id: 197, normalized: 200, worst: 200, flags: smart.Online, raw: 2},
	})
	tests := make([]byte, 512)
	tests[508] = 1
	copy(tests[2:], []byte{2, 0x79, 0x10, 0x56, 0, 0x39, 0x30, 0, 0})
	sda.smart[[2]byte{smartReadLog, 6}] = tests
	errs := make([]byte, 512)
	errs[452] = 3
	sda.smart[[2]byte{smartReadLog, 1}] = errs
	sct := make([]byte, 512)
	sct[0], sct[200], sct[205] = 3, 38, 60
	sda.smart[[2]byte{smartReadLog, 0xe0}] = sct
	directory, supported, page := make([]byte, 512), make([]byte, 512), make([]byte, 512)
	directory[0], directory[8] = 1, 8
	supported[0], supported[8], supported[9], supported[10] = 1, 2, 0, 1
	page[0], page[2] = 1, 1
	binary.LittleEndian.PutUint64(page[0x18:], 0xc0<<56|1_000_000)
	sda.logs = map[[2]int][]byte{{0, 0}: directory, {4, 0}: supported, {4, 1}: page}

	sdc := document{}.sas()
	sdc.pages[smart.PageTemperature] = logPage(smart.PageTemperature, 0, []byte{0, 29}, 1, []byte{0, 65})
	sdc.pages[0] = []byte{0, 0, 0, 3, 0, smart.PageTemperature, smart.PageExceptions}
	sdc.defects = []byte{0, 0x0c, 0, 16}

	c := make([]byte, 4096)
	copy(c[24:64], "TestVME 500 GB                          ")
	binary.LittleEndian.PutUint16(c[256:], 1<<4)
	binary.LittleEndian.PutUint16(c[266:], 273+82)
	binary.LittleEndian.PutUint16(c[268:], 273+85)
	nt := make([]byte, 564)
	for i := range 20 {
		nt[4+28*i] = 15
	}
	nt[4] = 1 << 4 // short, passed
	nt[8] = 100
	return map[string]*disk{"sda": sda, "sdb": {mute: true, identify: sda.identify}, "sdc": sdc,
		"nvme0n1": {controller: c, tests: nt, health: nvmeHealth(0, 41, 100, 10, 3, map[int]uint64{128: 900, 160: 1}, [2]uint32{})}}
}

func open(drives map[string]*disk) opener {
	return func(_ *host.Host, d block.Drive) (way, error) {
		w := drives[d.Name]
		if w == nil {
			return nil, fs.ErrNotExist
		}
		return w, nil
	}
}

func TestMachine(t *testing.T) {
	drives := fleet()
	h := recorded.Unpack(t, []byte(machine))
	s := with(open(drives), sysfs())
	for section, read := range map[string]func(context.Context, *host.Host) (gather.Reading, error){
		"disk_health": s.Read, "smart_attribute": s.ReadAttributes, "disk_selftest": s.ReadSelfTests,
	} {
		r, err := read(t.Context(), h)
		recorded.Golden(t, h, section, section, r, err)
	}
	if n := len(drives["nvme0n1"].sent) + len(drives["sda"].sent); n > 14 {
		t.Errorf("%d commands: three sections asked more than once", n)
	}
	first := drives["sda"].sent[0]
	if first[14] != ataCheckPower {
		t.Errorf("the first command was %x, want CHECK POWER MODE", first)
	}
	if len(drives["sdb"].sent) != 1 {
		t.Errorf("a disk that does not tell whether it sleeps was asked %x", drives["sdb"].sent)
	}
}

// series are numbers as they come, by field and serial number.
type series map[string]float64

func (s series) Put(m, f string, v float64, labels ...string) {
	if _, _, ok := metric.Lookup(m, f); !ok {
		panic(m + "." + f + " is not in the catalogue")
	}
	if m == "smart_device" {
		s[labels[1]+" "+f] = v
	}
}

func TestNumbers(t *testing.T) {
	h := recorded.Unpack(t, []byte(machine))
	s := with(open(fleet()), sysfs())
	got := series{}
	if err := s.Sample(t.Context(), h, got); err != nil || len(got) != 0 {
		t.Fatal(got, err)
	}
	if _, err := s.Read(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if err := s.Sample(t.Context(), h, got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]float64{
		"WD-TEST0001 reallocated_sectors_count": 8, "WD-TEST0001 pending_sector_count": 2, "WD-TEST0001 power_on_hours": 22123, "WD-TEST0001 temp_c": 37,
		"WD-TEST0001 health_ok": 1, "SAS-TEST0003 temp_c": 29, "SAS-TEST0003 reallocated_sectors_count": 2, "NVM-TEST0004 media_errors": 1,
		"NVM-TEST0004 percentage_used": 3, "0x00c0ffee percentage_used": 30,
	} {
		if v, ok := got[key]; !ok || v != want {
			t.Errorf("%s = %v (%v), want %v", key, v, ok, want)
		}
	}
	again := series{}
	if err := s.Sample(t.Context(), h, again); err != nil || len(again) != 0 {
		t.Errorf("numbers came twice: %v", again)
	}
}

// A disk that sleeps is asked nothing but whether it does, and what it told
// before stands.
func TestSleep(t *testing.T) {
	drives := fleet()
	h := recorded.Unpack(t, []byte(machine))
	now := time.Date(2024, 6, 3, 9, 0, 0, 0, time.UTC)
	h.Now = func() time.Time { return now }
	sda, sdc := drives["sda"], drives["sdc"]
	for _, form := range []bool{false, true} {
		sda.fixed = form
		s := with(open(drives), sysfs())
		sda.power = 0
		sdc.waiting = []byte{0x72, 0, 0x5e, 0x04, 0, 0, 0, 0}
		sda.sent, sdc.sent = nil, nil
		r, err := s.Read(t.Context(), h)
		if err != nil || len(sda.sent) != 1 || len(sdc.sent) != 1 {
			t.Fatalf("%v; %x; %x", err, sda.sent, sdc.sent)
		}
		if !slices.ContainsFunc(r.Faults, func(f string) bool { return strings.HasPrefix(f, "sda sleeps") }) || len(r.Faults) != 2 {
			t.Errorf("faults %q", r.Faults)
		}
		sda.power, sdc.waiting = 0xff, nil
		now = now.Add(standing)
		if r, err = s.Read(t.Context(), h); err != nil || len(r.Faults) != 0 {
			t.Fatal(r.Faults, err)
		}
		sda.power = 1
		now = now.Add(standing)
		sda.sent = nil
		r, err = s.Read(t.Context(), h)
		if err != nil || len(sda.sent) != 1 {
			t.Fatal(sda.sent, err)
		}
		row := recorded.Check(t, "disk_health", r)[slices.Index(names(r), "sda")]
		if row["standby"] != true || row["reallocated_count"] != int64(8) || row["read_at"] != "2024-06-03T09:10:00Z" && !form {
			t.Errorf("%v", row)
		}
		if now = now.Add(standAtMost); len(r.Faults) != 0 {
			t.Errorf("after %s: %q", standing, r.Faults)
		}
		r, err = s.Read(t.Context(), h)
		if want := "sda slept whenever it was its turn: what it told is of 2024-06-"; err != nil || len(r.Faults) != 1 || !strings.HasPrefix(r.Faults[0], want) {
			t.Errorf("after %s: %q, %v", standAtMost, r.Faults, err)
		}
		got := series{}
		_ = s.Sample(t.Context(), h, got)
		if r, err = s.ReadAttributes(t.Context(), h); err != nil || len(r.Table.Rows) != 4 {
			t.Errorf("%v %v", r, err)
		}
	}
}

func names(r gather.Reading) []string {
	var list []string
	at := slices.Index(r.Table.Columns, "disk")
	for _, row := range r.Table.Rows {
		list = append(list, row[at].(string))
	}
	return list
}

// A disk that slept when it was its turn is asked once it works.
func TestWakes(t *testing.T) {
	h := recorded.Unpack(t, []byte(machine))
	synctest.Test(t, func(t *testing.T) {
		h := &host.Host{Root: h.Root, Now: time.Now}
		drives := fleet()
		sda := drives["sda"]
		sda.power = 0
		s := with(open(drives), sysfs())
		if r, err := s.Read(t.Context(), h); err != nil || len(r.Faults) != 1 {
			t.Fatal(r.Faults, err)
		}
		stat := h.Path("/sys/block/sda/stat")
		sample := func() series {
			got := series{}
			for range 2 { // the first has it asked, the second puts what came
				if err := s.Sample(t.Context(), h, got); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
			}
			return got
		}
		sample()
		if len(sda.sent) != 1 {
			t.Errorf("a disk that sleeps on was asked %d times", len(sda.sent))
		}
		if err := os.WriteFile(stat, []byte("1 0 8 0\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		sample() // it is asleep again already
		if len(sda.sent) != 2 {
			t.Errorf("a disk that worked meanwhile was asked %d times", len(sda.sent))
		}
		sda.power = 0xff
		if err := os.WriteFile(stat, []byte("2 0 16 0\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := sample(); got["WD-TEST0001 power_on_hours"] != 22123 {
			t.Errorf("%v", got)
		}
		sda.power = 0
		if r, err := s.Read(t.Context(), h); err != nil || len(r.Faults) != 0 || !slices.Contains(names(r), "sda") {
			t.Errorf("%v %v %v", names(r), r.Faults, err)
		}
	})
}

// A disk that the kernel has put to sleep is not even opened.
func TestSuspended(t *testing.T) {
	h := recorded.Unpack(t, []byte(machine), []byte("-- /sys/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda/device/power/runtime_status --\nsuspended\n"))
	drives := fleet()
	if _, err := with(open(drives), sysfs()).Read(t.Context(), h); err != nil || drives["sda"].sent != nil {
		t.Errorf("%x %v", drives["sda"].sent, err)
	}
}

func TestWithoutRights(t *testing.T) {
	h := recorded.Unpack(t, []byte(machine))
	h.Privileged = false
	drives := fleet()
	for _, d := range drives {
		d.denied = true
	}
	r, err := with(open(drives), sysfs()).Read(t.Context(), h)
	if err != nil || len(r.Faults) != 4 {
		t.Fatal(r.Faults, err)
	}
	for _, right := range []string{"sda cannot be asked: run the agent as root, or give it CAP_SYS_RAWIO", "nvme0n1 cannot be asked: run the agent as root, or give it CAP_SYS_ADMIN"} {
		if !slices.ContainsFunc(r.Faults, func(f string) bool { return strings.HasPrefix(f, right) }) {
			t.Errorf("%q does not say %q", r.Faults, right)
		}
	}
	h.Privileged = true
	if r, err = with(open(drives), sysfs()).Read(t.Context(), h); err != nil || !strings.Contains(r.Faults[0], "though the agent is root") {
		t.Error(r.Faults, err)
	}
	only := "-- links /sys/block --\nsda ../devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda\n"
	if _, err := with(open(drives), sysfs()).Read(t.Context(), recorded.Unpack(t, []byte(only))); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%v, want a right missing", err)
	}
}

func TestHidden(t *testing.T) {
	usb := block.Drive{Name: "sdb", Bus: "usb", Rotational: true}
	good := func() *disk { return ataDisk("TEST DISK", "S", 5400, nil) }
	off := good()
	binary.LittleEndian.PutUint16(off.identify[2*85:], 0)
	none := good()
	binary.LittleEndian.PutUint16(none.identify[2*82:], 0)
	flash := usb
	flash.Rotational = false
	for _, c := range []struct {
		disk  *disk
		drive block.Drive
		says  string
	}{
		{off, usb, "switched off"},
		{none, usb, "no SMART"},
		{&disk{mute: true}, usb, "lest it be woken"},
		{&disk{}, flash, "does not pass on"},
	} {
		_, err := askATA(c.disk, smart.Drive{}, c.drive)
		var no hiddenError
		if !errors.As(err, &no) || !strings.Contains(string(no), c.says) {
			t.Errorf("%v, want %q", err, c.says)
		}
	}
	if _, err := askSCSI(&disk{pages: map[byte][]byte{}}, smart.Drive{}, block.Drive{}); err == nil || !strings.Contains(err.Error(), "no log pages") {
		t.Error(err)
	}
	// A solid state drive sleeps without loss; that it does not tell is no
	// reason to leave it.
	ssd := good()
	ssd.mute = true
	if r, err := askATA(ssd, smart.Drive{}, flash); err != nil || r.Health.Passed != nil {
		t.Errorf("%+v %v", r.Health, err)
	}
	failing := good()
	failing.status = [2]byte{0xf4, 0x2c}
	if r, err := askATA(failing, smart.Drive{}, usb); err != nil || r.Health.Passed == nil || *r.Health.Passed {
		t.Errorf("%+v %v", r.Health, err)
	}
}

// A drive that never answers costs its patience once, and no other drive.
func TestHangs(t *testing.T) {
	h := recorded.Unpack(t, []byte(machine))
	synctest.Test(t, func(t *testing.T) {
		drives, release := fleet(), make(chan struct{})
		usual := open(drives)
		var calls atomic.Int64
		s := with(func(h *host.Host, d block.Drive) (way, error) {
			if d.Name == "sda" {
				calls.Add(1)
				<-release
			}
			return usual(h, d)
		}, sysfs())
		h := &host.Host{Root: h.Root, Now: time.Now}
		for range 2 {
			start := time.Now()
			r, err := s.Read(t.Context(), h)
			if err != nil || slices.Contains(names(r), "sda") || !slices.Contains(names(r), "nvme0n1") || len(r.Faults) != 1 {
				t.Fatalf("%v %v %v", names(r), r.Faults, err)
			}
			if took := time.Since(start); took > patience {
				t.Errorf("took %v", took)
			}
			time.Sleep(standing)
		}
		if n := calls.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
		close(release)
		synctest.Wait()
		if r, err := s.Read(t.Context(), h); err != nil || !slices.Contains(names(r), "sda") {
			t.Errorf("%v %v", r.Faults, err)
		}
	})
}

func TestHarmless(t *testing.T) {
	sent := 0
	for op := range 256 {
		for _, n := range []int{0, 6, 10, 12, 16} {
			cdb := make([]byte, n)
			if n > 0 {
				cdb[0] = byte(op)
			}
			if harmless(cdb) {
				sent++
				if op != scsiRequestSense && op != scsiReadDefects && op != scsiLogSense {
					t.Errorf("%x passes", cdb)
				}
			}
		}
		ata := ataCommand{command: byte(op), feature: 0}.cdb(true)
		if harmless(ata) != (op == ataCheckPower || op == ataIdentify || op == ataReadLogExt) {
			t.Errorf("ATA command %02x", op)
		}
		smart := ataCommand{command: ataSMART, feature: byte(op), smart: true}.cdb(true)
		if harmless(smart) != slices.Contains([]int{smartReadData, smartReadThresholds, smartReadLog, smartReturnStatus}, op) {
			t.Errorf("SMART %02x", op)
		}
		for page := range 256 {
			if (nvmeCommand{opcode: byte(op), dw10: uint32(page)}).harmless() != (op == nvmeIdentify || op == nvmeGetLog && (page == 2 || page == 6)) {
				t.Errorf("NVMe %02x %02x", op, page)
			}
		}
	}
	if sent != 3 {
		t.Errorf("%d commands pass", sent)
	}
	if save := logSense(0, 4); !harmless(save) {
		t.Error("LOG SENSE is refused")
	} else if save[1] = 1; harmless(save) {
		t.Error("LOG SENSE that saves passes")
	}
}

func FuzzSense(f *testing.F) {
	f.Add((&disk{}).registers(1, 2, 3))
	f.Add((&disk{fixed: true}).registers(1, 2, 3))
	f.Add([]byte{0x72, 0, 0, 0, 0, 0, 0, 255, 9, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decodeSense(b)
		if err != nil && s.ata != nil {
			t.Error("registers of nothing")
		}
		s.asleep()
		if n := len(hexes(string(b))); n > 8 || n > len(b) {
			t.Errorf("%d numbers", n)
		}
	})
}

// Whatever pages a drive gives: rows keep to the catalogue.
func FuzzDrive(f *testing.F) {
	f.Add([]byte{1, 0, 5, 3, 0, 100, 100, 1}, []byte{1, 2, 3}, byte(0xff))
	f.Fuzz(func(t *testing.T, a, b []byte, power byte) {
		page := func(x []byte, n int) []byte { return append(slices.Clone(x), make([]byte, n)...)[:n] }
		d := ataDisk("FUZZ", "S", 1, nil)
		d.power = power
		for log := range 256 {
			d.smart[[2]byte{smartReadLog, byte(log)}] = page(b, 512)
		}
		d.logs = map[[2]int][]byte{{0, 0}: page([]byte{1, 0, 0, 0, 0, 0, 0, 0, 9}, 512), {4, 0}: page(a, 512), {4, 1}: page(b, 512), {4, 5}: page(a, 512)}
		d.smart[[2]byte{smartReadData, 0}] = page(a, 512)
		d.pages = map[byte][]byte{0: page(append([]byte{0, 0, 0, 8, 0, 2, 3, 5, 0xd, 0x10, 0x11, 0x2f}, a...), 512), 2: b, 3: a, 0x10: append([]byte{0x10}, b...), 0x2f: b}
		d.defects, d.health, d.controller, d.tests = page(b, 4), page(a, 512), page(b, 4096), page(a, 564)
		for _, ask := range []func() (smart.Reading, error){
			func() (smart.Reading, error) { return askATA(d, smart.Drive{Disk: "x"}, block.Drive{}) },
			func() (smart.Reading, error) {
				return askSCSI(d, smart.Drive{Disk: "x"}, block.Drive{Rotational: true})
			},
			func() (smart.Reading, error) { return askNVMe(d, smart.Drive{Disk: "x"}) },
		} {
			r, err := ask()
			if err != nil {
				continue
			}
			rows, err := gather.Rows([]inventory.DiskHealth{asked{reading: r}.row()}, "drive")
			if err != nil {
				t.Fatal(err)
			}
			recorded.Check(t, "disk_health", rows)
			if rows, err = gather.Rows(r.SelfTests, "drive"); err != nil {
				t.Fatal(err)
			}
			recorded.Check(t, "disk_selftest", rows)
			if rows, err = gather.Rows(r.Attributes, "drive"); err != nil {
				t.Fatal(err)
			}
			recorded.Check(t, "smart_attribute", rows)
		}
	})
}
