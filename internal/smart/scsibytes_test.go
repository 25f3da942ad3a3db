package smart

import (
	"encoding/binary"
	"math"
	"reflect"
	"testing"
)

// logPage lays out a page of parameters, code and value each.
func logPage(page byte, list ...any) []byte {
	var body []byte
	for i := 0; i < len(list); i += 2 {
		v := list[i+1].([]byte)
		body = binary.BigEndian.AppendUint16(body, uint16(list[i].(int)))
		body = append(body, 3, byte(len(v)))
		body = append(body, v...)
	}
	return append(binary.BigEndian.AppendUint16([]byte{page, 0}, uint16(len(body))), body...)
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func TestDecodeLogPages(t *testing.T) {
	var s SCSI
	test := make([]byte, 16)
	test[0] = 2<<5 | 7 // extended, a segment failed
	binary.BigEndian.PutUint16(test[2:], 12345)
	binary.BigEndian.PutUint64(test[4:], 987654)
	for page, b := range map[byte][]byte{
		PageWrite:       logPage(PageWrite, 3, number(1), 5, number(4_000_000_000_000), 6, number(0)),
		PageRead:        logPage(PageRead, 5, []byte{0, 0, 1, 0}, 6, []byte{0, 3}),
		PageVerify:      logPage(PageVerify, 6, number(2)),
		PageNonMedium:   logPage(PageNonMedium, 0, []byte{0, 0, 0, 9}),
		PageTemperature: logPage(PageTemperature, 0, []byte{0, 31}, 1, []byte{0, 65}),
		PageStartStop:   logPage(PageStartStop, 1, []byte("201928"), 4, []byte{0, 0, 0, 45}, 6, []byte{0, 0, 8, 0xb3}),
		PageSolidState:  logPage(PageSolidState, 1, []byte{0, 0, 0, 12}),
		PageBackground:  logPage(PageBackground, 0, []byte{0, 0, 0xe6, 0x29, 0, 0, 0, 0, 0, 0, 0, 0}),
		PageExceptions:  logPage(PageExceptions, 0, []byte{0, 0, 30}),
		PageSelfTest:    logPage(PageSelfTest, 1, test, 2, make([]byte, 16), 21, test),
	} {
		if err := s.DecodeLogPage(page, b); err != nil {
			t.Errorf("page %02x: %v", page, err)
		}
	}
	// The order of pages is not one; whichever gave the temperature.
	if s.Celsius == nil || *s.Celsius != 31 && *s.Celsius != 30 {
		t.Errorf("temperature %v", s.Celsius)
	}
	sum := int64(0)
	for _, n := range s.Uncorrected {
		sum += n
	}
	s.Celsius, s.Uncorrected = nil, nil
	want := SCSI{Passed: new(true), TripCelsius: new(int64(65)), PowerOnMinutes: new(int64(58921)), Used: new(int64(12)),
		ReadBytes: new(int64(256)), WrittenBytes: new(int64(4_000_000_000_000)), StartStops: new(int64(45)), LoadCycles: new(int64(2227)),
		NonMedium: new(int64(9)), SelfTests: []SelfTest{{Kind: "extended", Result: "unknown_failure", Hours: 12345, FirstLBA: new(int64(987654))}}}
	if !reflect.DeepEqual(s, want) || sum != 5 {
		t.Errorf("%+v\nwant %+v; %d uncorrected", s, want, sum)
	}
}

func TestExceptions(t *testing.T) {
	for v, want := range map[[2]byte]bool{{0, 0}: true, {0x5d, 0x10}: false, {0x5d, 0xff}: true, {0x0b, 0x01}: true, {0x0b, 0x03}: false} {
		var s SCSI
		if err := s.DecodeLogPage(PageExceptions, logPage(PageExceptions, 0, v[:])); err != nil || s.Passed == nil || *s.Passed != want {
			t.Errorf("%x: %+v, %v", v, s, err)
		}
	}
}

func TestSmallSCSI(t *testing.T) {
	if err := new(SCSI).DecodeLogPage(PageRead, logPage(PageWrite)); err == nil {
		t.Error("another page was taken")
	}
	list, err := DecodeSupportedPages([]byte{0, 0, 0, 4, 0, 2, 0x0d, 0x2f})
	if err != nil || !reflect.DeepEqual(list, []uint8{0, 2, 0x0d, 0x2f}) {
		t.Errorf("%v %v", list, err)
	}
	for head, want := range map[[4]byte]int64{{0, 0x0c, 0, 24}: 3, {0, 0x08, 0, 24}: 6, {0, 0x14, 0, 8}: -1, {0, 0x0e, 0, 8}: -1} {
		n, err := DecodeDefects(head[:])
		if want < 0 != (err != nil) || want >= 0 && n != want {
			t.Errorf("%x: %d %v", head, n, err)
		}
	}
	if n := big(make([]byte, 16)); n != 0 {
		t.Error(n)
	}
	if n := big([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}); n != math.MaxInt64 {
		t.Error(n)
	}
	if n, err := DecodeLogPages(words(map[int]uint16{0: 1, 4: 8}), 4); n != 8 || err != nil {
		t.Error(n, err)
	}
	b := words(map[int]uint16{0: 3})
	b[200], b[205] = 37, 65
	if limit, now, err := DecodeSCTStatus(b); err != nil || *limit != 65 || *now != 37 {
		t.Error(limit, now, err)
	}
	b[0], b[200] = 2, 0x80
	if limit, now, err := DecodeSCTStatus(b); err != nil || limit != nil || now != nil {
		t.Error(limit, now, err)
	}
	if _, _, err := DecodeSCTStatus(make([]byte, 512)); err == nil {
		t.Error("an empty page was taken")
	}
}

// As FuzzATA, for log pages of SCSI.
func FuzzSCSI(f *testing.F) {
	f.Add(byte(PageRead), logPage(PageRead, 5, number(1<<60), 6, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), false)
	f.Add(byte(PageSelfTest), logPage(PageSelfTest, 1, make([]byte, 16), 2, number(1<<63)), true)
	f.Add(byte(PageBackground), logPage(PageBackground, 0, []byte{255, 255, 255, 255}), true)
	f.Fuzz(func(t *testing.T, page byte, b []byte, disk bool) {
		var s SCSI
		if err := s.DecodeLogPage(page&0x3f, b); err != nil {
			return
		}
		_, _ = DecodeSupportedPages(b)
		if n, err := DecodeDefects(b); err == nil && n < 0 {
			t.Error(n)
		}
		if len(s.SelfTests) > len(b)/20 {
			t.Errorf("%d tests in %d bytes", len(s.SelfTests), len(b))
		}
		_, _, _ = DecodeSCTStatus(fit(b, 512))
		d := Drive{Disk: "sdb", Medium: SSD}
		if disk {
			d.Medium = HDD
		}
		r := s.Reading(d)
		catalogued(t, r, d.Medium.String())
		within(t, r)
	})
}
