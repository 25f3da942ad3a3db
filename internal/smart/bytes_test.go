package smart

import (
	"encoding/binary"
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"
)

// The pages for tests are laid out here by the specifications' tables.

func words(set map[int]uint16) []byte {
	b := make([]byte, 512)
	for i, w := range set {
		binary.LittleEndian.PutUint16(b[2*i:], w)
	}
	return b
}

// letters writes a text into IDENTIFY's words, each two letters turned round.
func letters(b []byte, word, n int, s string) {
	field := slices.Repeat([]byte(" "), 2*n)
	copy(field, s)
	for i := 0; i < len(field); i += 2 {
		b[2*word+i], b[2*word+i+1] = field[i+1], field[i]
	}
}

func identify() []byte {
	b := words(map[int]uint16{
		60: 0xffff, 61: 0x0fff, 82: 1, 83: 1<<14 | 1<<10, 84: 1<<14 | 2, 85: 1, 87: 1<<14 | 1<<8,
		100: 0x88b0, 101: 0xe8e0, 106: 1<<14 | 1<<13 | 3,
		108: 0x5000, 109: 0xc500, 110: 0xa1b2, 111: 0xc3d4, 168: 2, 169: 1, 217: 7200,
	})
	letters(b, 10, 10, "        ZC1234")
	letters(b, 23, 4, "CC43")
	letters(b, 27, 20, "ST2000DM008-2FR102")
	return b
}

func TestDecodeIdentify(t *testing.T) {
	got, err := DecodeIdentify(identify())
	if err != nil {
		t.Fatal(err)
	}
	want := Identity{
		Model: "ST2000DM008-2FR102", Serial: "ZC1234", Firmware: "CC43", WWN: "5000c500a1b2c3d4",
		Sectors: 0xe8e088b0, LogicalBytes: 512, PhysicalBytes: 4096, Rotation: new(int64(7200)), FormFactor: "3.5",
		SMART: true, SMARTEnabled: true, SelfTest: true, Discard: true,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	b := identify()
	set := func(i int, w uint16) { binary.LittleEndian.PutUint16(b[2*i:], w) }
	set(217, 1)
	set(106, 1<<14|1<<12)
	set(117, 2048)
	set(83, 1<<14) // no 48-bit addresses
	set(85, 0)
	set(87, 0)
	got, err = DecodeIdentify(b)
	if err != nil || *got.Rotation != 0 || got.LogicalBytes != 4096 || got.PhysicalBytes != 4096 || got.Sectors != 0x0fffffff || got.SMARTEnabled || !got.SMART || got.WWN != "" {
		t.Errorf("%+v %v", got, err)
	}
	set(0, 1<<15)
	if _, err := DecodeIdentify(b); err == nil {
		t.Error("an ATAPI device was taken for a disk")
	}
}

// table writes SMART data and thresholds of attributes.
func table(status uint8, list ...Attribute) (data, thresholds []byte) {
	data, thresholds = make([]byte, 512), make([]byte, 512)
	data[0], thresholds[0] = 16, 16
	for i, a := range list {
		d, l := data[2+12*i:], thresholds[2+12*i:]
		d[0], l[0] = a.ID, a.ID
		binary.LittleEndian.PutUint16(d[1:], a.Flags)
		d[3], d[4] = a.Normalized, a.Worst
		for n := range 7 {
			d[5+n] = byte(a.Raw >> (8 * n))
		}
		if a.Threshold != nil {
			l[1] = *a.Threshold
		}
	}
	data[363] = status
	return check(data), check(thresholds)
}

// check sets the last byte so that all add up to zero.
func check(b []byte) []byte {
	var sum byte
	for _, c := range b[:511] {
		sum += c
	}
	b[511] = -sum
	return b
}

func TestDecodeTable(t *testing.T) {
	list := []Attribute{
		limit(at(1, 83, 0x000b_0c35_1a2b), Prefailure|Online, 64, 6),
		limit(at(9, 57, 0x20_0e7a_0000_b7d4), Online, 57, 0),
		limit(at(197, 100, 16), Online, 100, 0),
	}
	data, thresholds := table(0x79, list...)
	got, err := DecodeTable(data, thresholds)
	if want := (Table{Attributes: list, SelfTestStatus: 0x79, Sound: true}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v\nwant %+v", got, err, want)
	}
	r := ATA{Attributes: got.Attributes, SelfTestStatus: &got.SelfTestStatus}.Reading(Drive{Model: "ST1000NM0008-2F2100", Medium: HDD})
	if r.Number("power_on_hours") != 47060 || *r.Health.PowerOnSeconds != 47060*3600+2100 || r.Number("pending_sector_count") != 16 || r.Health.SelfTestResult != "read" {
		t.Errorf("%+v", r)
	}
	data[511]++
	got, err = DecodeTable(data, nil)
	if err != nil || got.Sound || len(got.Attributes) != 3 || got.Attributes[0].Threshold != nil {
		t.Errorf("%+v %v", got, err)
	}
}

func selfTestLog(newest byte, entries map[int][]byte) []byte {
	b := make([]byte, 512)
	b[0], b[508] = 1, newest
	for slot, e := range entries {
		copy(b[2+24*slot:], e)
	}
	return check(b)
}

func TestDecodeSelfTests(t *testing.T) {
	entry := func(kind, status byte, hours uint16, lba uint32) []byte {
		e := binary.LittleEndian.AppendUint16([]byte{kind, status}, hours)
		return binary.LittleEndian.AppendUint32(append(e, 0), lba)
	}
	for name, c := range map[string]struct {
		b    []byte
		want []SelfTest
	}{
		"none":      {selfTestLog(0, nil), []SelfTest{}},
		"bad index": {selfTestLog(22, map[int][]byte{0: entry(1, 0, 5, 0)}), []SelfTest{}},
		"two, newest first": {selfTestLog(2, map[int][]byte{0: entry(1, 0, 5, 0), 1: entry(2, 0x75, 9, 1234)}), []SelfTest{
			ATATest(2, 0x75, 9, 1234), ATATest(1, 0, 5, -1),
		}},
		"round the ring": {selfTestLog(1, map[int][]byte{0: entry(1, 0, 30, 0), 20: entry(3, 0x40, 20, 1<<28-1), 19: entry(4, 0x10, 10, 0)}), []SelfTest{
			ATATest(1, 0, 30, -1), ATATest(3, 0x40, 20, -1), ATATest(4, 0x10, 10, -1),
		}},
	} {
		got, err := DecodeSelfTests(c.b)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
}

func TestDecodeSmall(t *testing.T) {
	b := make([]byte, 512)
	binary.LittleEndian.PutUint16(b[452:], 513)
	if n, err := DecodeErrorCount(b); n != 513 || err != nil {
		t.Errorf("%d errors, %v", n, err)
	}
	for _, c := range []struct {
		mid, high uint8
		passed    bool
		err       bool
	}{{0x4f, 0xc2, true, false}, {0xf4, 0x2c, false, false}, {0, 0, false, true}} {
		passed, err := DecodeStatus(c.mid, c.high)
		if passed != c.passed || (err != nil) != c.err {
			t.Errorf("%+v: %v %v", c, passed, err)
		}
	}
	b = make([]byte, 512)
	b[0], b[2] = 1, 7
	binary.LittleEndian.PutUint64(b[8:], 0xc0<<56|37)
	var s Statistics
	if err := DecodeStatistics(b, &s); err != nil || s.PercentageUsed == nil || *s.PercentageUsed != 37 {
		t.Errorf("%+v %v", s, err)
	}
	b[2] = 5
	binary.LittleEndian.PutUint64(b[8:], 0xc0<<56|0xf6)
	if err := DecodeStatistics(b, &s); err != nil || *s.Celsius != -10 {
		t.Errorf("%+v %v", s, err)
	}
	b[2], s = 1, Statistics{}
	binary.LittleEndian.PutUint64(b[0x10:], 0xc0<<56|70000)
	binary.LittleEndian.PutUint64(b[0x18:], 0x80<<56|5) // supported, not valid
	if err := DecodeStatistics(b, &s); err != nil || *s.PowerOnHours != 70000 || s.SectorsWritten != nil {
		t.Errorf("%+v %v", s, err)
	}
	if err := DecodeStatistics(make([]byte, 512), &s); err == nil {
		t.Error("an empty page was taken")
	}
	if s.Put(7, 8, -1) || s.Put(7, 9, 1) || !s.Put(7, 8, 12) || *s.PercentageUsed != 12 {
		t.Errorf("%+v", s)
	}
}

func health() []byte {
	b := make([]byte, 512)
	le := binary.LittleEndian
	b[0] = 4
	le.PutUint16(b[1:], 273+41)
	b[3], b[4], b[5] = 98, 10, 16
	for i, at := range []int{32, 48, 112, 128, 144, 160, 176} {
		le.PutUint64(b[at:], uint64(1000+i))
	}
	le.PutUint32(b[192:], 5)
	le.PutUint32(b[196:], 6)
	return b
}

func TestDecodeHealth(t *testing.T) {
	n, err := DecodeHealth(health())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{
		"health_ok": 0, "critical_warning": 4, "temp_c": 41, "available_spare": 98, "available_spare_threshold": 10, "percentage_used": 16,
		"written_bytes": 1001 * 512000, "power_cycle_count": 1002, "power_on_hours": 1003, "unsafe_shutdowns": 1004, "media_errors": 1005,
		"error_log_entries": 1006, "warning_temperature_time": 5, "critical_temperature_time": 6,
	}
	r := n.Reading(Drive{})
	if got := numbers(r); !maps.Equal(got, want) || *r.Health.ReadBytes != 1000*512000 {
		t.Errorf("%v\nwant %v", got, want)
	}
	b := health()
	b[1], b[2], b[160+8] = 0, 0, 1 // no temperature, more than 64 bits of errors
	if n, _ = DecodeHealth(b); n.Celsius != nil || *n.MediaErrors != 1<<64-1 {
		t.Errorf("%+v", n)
	}
	if _, err := DecodeHealth(make([]byte, 512)); err == nil {
		t.Error("an empty page was taken")
	}
}

func nvmeTests() []byte {
	b := make([]byte, 564)
	for i := range 20 {
		b[4+28*i] = 0x0f
	}
	e := b[4:]
	e[0], e[2] = 0x27, 2
	binary.LittleEndian.PutUint64(e[4:], 12345)
	binary.LittleEndian.PutUint64(e[16:], 99)
	e[28], e[28+2] = 0x10, 0
	binary.LittleEndian.PutUint64(e[28+4:], 12000)
	return b
}

func TestDecodeNVMeSelfTests(t *testing.T) {
	got, err := DecodeNVMeSelfTests(nvmeTests())
	want := []SelfTest{NVMeTest(2, 7, 12345, new(uint64(99))), NVMeTest(1, 0, 12000, nil)}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v", got, err)
	}
	if got, err = DecodeNVMeSelfTests(make([]byte, 564)); err != nil || got == nil || len(got) != 0 {
		t.Errorf("%+v %v", got, err)
	}
	for result, want := range map[uint8]string{0: "passed", 1: "aborted", 2: "interrupted", 5: "fatal", 6: "unknown_failure", 7: "unknown_failure", 9: "aborted"} {
		if got := NVMeTest(1, result, 1, nil).Result; got != want {
			t.Errorf("result %d: %s, want %s", result, got, want)
		}
	}
}

func TestDecodeController(t *testing.T) {
	b := make([]byte, 4096)
	binary.LittleEndian.PutUint16(b, 0x144d)
	copy(b[4:24], "S4EV1234            ")
	copy(b[24:64], "Samsung SSD 970 EVO 500GB               ")
	copy(b[64:72], "2B2QEXE7")
	binary.LittleEndian.PutUint16(b[256:], 1<<4)
	binary.LittleEndian.PutUint16(b[266:], 358)
	binary.LittleEndian.PutUint16(b[268:], 358)
	binary.LittleEndian.PutUint64(b[280:], 500107862016)
	got, err := DecodeController(b)
	want := Controller{Vendor: 0x144d, Model: "Samsung SSD 970 EVO 500GB", Serial: "S4EV1234", Firmware: "2B2QEXE7", Capacity: 500107862016, WarnCelsius: 85, CriticalCelsius: 85, SelfTest: true}
	if err != nil || got != want {
		t.Errorf("%+v %v", got, err)
	}
}

func TestLengths(t *testing.T) {
	for name, decode := range map[string]func([]byte) error{
		"identify":   func(b []byte) error { _, err := DecodeIdentify(b); return err },
		"table":      func(b []byte) error { _, err := DecodeTable(b, nil); return err },
		"thresholds": func(b []byte) error { _, err := DecodeTable(make([]byte, 512), append([]byte{}, b...)); return err },
		"self-tests": func(b []byte) error { _, err := DecodeSelfTests(b); return err },
		"errors":     func(b []byte) error { _, err := DecodeErrorCount(b); return err },
		"statistics": func(b []byte) error { return DecodeStatistics(b, &Statistics{}) },
		"health":     func(b []byte) error { _, err := DecodeHealth(b); return err },
		"nvme tests": func(b []byte) error { _, err := DecodeNVMeSelfTests(b); return err },
		"controller": func(b []byte) error { _, err := DecodeController(b); return err },
	} {
		for _, n := range []int{0, 1, 511, 513, 563, 565, 4095, 4097} {
			if err := decode(make([]byte, n)); !errors.Is(err, ErrLength) {
				t.Errorf("%s of %d bytes: %v", name, n, err)
			}
		}
	}
}

// fit gives a decoder the length it asks for.
func fit(b []byte, n int) []byte { return append(b, make([]byte, n)...)[:n] }

// Whatever a drive hands out: rows keep their keys, numbers the catalogue.
func FuzzATA(f *testing.F) {
	data, thresholds := table(0x79, limit(at(5, 99, 3), Prefailure, 99, 10), limit(at(9, 90, 500), Online, 90, 0), limit(at(231, 97, 3), Online, 97, 0))
	tests := selfTestLog(1, map[int][]byte{0: {1, 0x70, 5, 0, 0, 9, 0, 0, 0}})
	f.Add(identify()[:64], data[:64], thresholds[:64], tests[:64], []byte{1, 0, 7, 0, 0, 0, 0, 0, 37, 0, 0, 0, 0, 0, 0, 0xc0}, "KINGSTON SA400")
	f.Add([]byte{}, data[:40], []byte{}, []byte{}, []byte{}, "ST2000DM008")
	f.Fuzz(func(t *testing.T, identity, data, thresholds, tests, page []byte, model string) {
		d := Drive{Disk: "sda", Model: model}
		if id, err := DecodeIdentify(fit(identity, 512)); err == nil {
			d.Medium, d.LogicalBytes = MediumOf(id.Rotation, nil), id.LogicalBytes
			if id.Sectors < 0 || id.LogicalBytes < 512 || id.PhysicalBytes < id.LogicalBytes {
				t.Errorf("%+v", id)
			}
		}
		read, err := DecodeTable(fit(data, 512), fit(thresholds, 512))
		if err != nil {
			t.Fatal(err)
		}
		log := ATA{Attributes: read.Attributes, SelfTestStatus: &read.SelfTestStatus}
		if log.SelfTests, err = DecodeSelfTests(fit(tests, 512)); err != nil || len(log.SelfTests) > 21 {
			t.Fatal(len(log.SelfTests), err)
		}
		_ = DecodeStatistics(fit(page, 512), &log.Statistics)
		r := log.Reading(d)
		medium := d.Medium
		if medium == Unknown {
			medium = MediumOf(nil, log.Attributes)
		}
		catalogued(t, r, medium.String())
		within(t, r)
	})
}

// As FuzzATA, for the pages of NVMe.
func FuzzNVMe(f *testing.F) {
	f.Add(health()[:200], nvmeTests()[:40], []byte{})
	f.Add([]byte{1}, []byte{0, 0, 0, 0, 0x27}, []byte{1})
	f.Fuzz(func(t *testing.T, page, tests, controller []byte) {
		n, err := DecodeHealth(fit(page, 512))
		if err != nil {
			return
		}
		if n.SelfTests, err = DecodeNVMeSelfTests(fit(tests, 564)); err != nil || len(n.SelfTests) > 20 {
			t.Fatal(len(n.SelfTests), err)
		}
		c, err := DecodeController(fit(controller, 4096))
		if err != nil || c.Capacity < 0 {
			t.Fatal(c, err)
		}
		n.WarnCelsius, n.CriticalCelsius = c.WarnCelsius, c.CriticalCelsius
		r := n.Reading(Drive{Disk: "nvme0", Model: c.Model})
		catalogued(t, r, "nvme")
		within(t, r)
	})
}

// within holds a reading to what is possible at all.
func within(t *testing.T, r Reading) {
	t.Helper()
	for _, n := range r.Numbers {
		if n.Value < 0 && n.Field != "temp_c" || n.Field == "temp_c" && (n.Value < coldest || n.Value > hottest) ||
			n.Field == "power_on_hours" && n.Value > oldest || n.Field == "percentage_used" && n.Value > 1000 {
			t.Errorf("%s is %g", n.Field, n.Value)
		}
	}
}
