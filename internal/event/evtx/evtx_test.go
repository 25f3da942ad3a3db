package evtx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"muster/internal/event"
	"muster/internal/event/windows"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 123456700, time.UTC)

func u32(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }

// some are entries with every way that values come in.
func some() []entry {
	return []entry{
		{id: 10, at: noon, provider: "disk", event: 51, fields: []field{
			{kind: kindString | kindArray, data: wide("\\Device\\Harddisk3\\DR3\x00zwei\x00\x00")},
		}, binary: append([]byte{4}, make([]byte, 47)...)},
		{id: 11, at: noon.Add(time.Second), provider: "Microsoft-Windows-Ntfs", event: 98, fields: []field{
			{"DriveName", kindString, wide("C:")},
			{"DeviceName", kindString, wide(`\Device\HarddiskVolume2`)},
			{"CorruptionActionState", kindUint32, u32(2)},
		}},
		{id: 12, at: noon.Add(2 * time.Second), provider: "Kinds", event: 7, fields: []field{
			{"null", kindNull, nil},
			{"ansi", kindANSI, []byte("abc\x00")},
			{"int8", kindInt8, []byte{0xfe}},
			{"int16", kindInt16, []byte{0xfd, 0xff}},
			{"int32", kindInt32, u32(0xfffffffc)},
			{"int64", kindInt64, append(u32(5), u32(0)...)},
			{"uint64", kindUint64, append(u32(0xffffffff), u32(0xffffffff)...)},
			{"float32", kindFloat32, u32(0x3fc00000)},
			{"float64", kindFloat64, append(u32(0), u32(0x40020000)...)},
			{"bool", kindBool, u32(1)},
			{"binary", kindBinary, []byte{0xca, 0xfe}},
			{"guid", kindGUID, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
			{"size", kindSize, u32(255)},
			{"size", kindSize, append(u32(255), u32(1)...)},
			{"time", kindFiletime, binary.LittleEndian.AppendUint64(nil, ticks(noon))},
			{"system", kindSystime, []byte{0xea, 7, 3, 0, 3, 0, 4, 0, 12, 0, 0, 0, 9, 0, 1, 0}},
			{"hex32", kindHex32, u32(0xbeef)},
			{"hex64", kindHex64, append(u32(0xbeef), u32(1)...)},
			{"array", kindUint16 | kindArray, []byte{1, 0, 2, 0}},
			{"short", kindUint32, []byte{1}},
		}},
		{id: 13, at: noon.Add(3 * time.Second), provider: "Microsoft-Windows-UserPnp", event: 20001, user: []field{
			{"DriverName", kindString, wide(`oem1.inf_amd64\oem1.inf`)},
			{"InstallStatus", kindHex32, u32(0)},
		}},
	}
}

func TestRead(t *testing.T) {
	log, err := Read(bytes.NewReader(file(0, written(some()...))))
	if err != nil {
		t.Fatal(err)
	}
	value := func(list ...string) (data []windows.Value) {
		for i := 0; i < len(list); i += 2 {
			data = append(data, windows.Value{Name: list[i], Text: list[i+1]})
		}
		return data
	}
	base := windows.Record{Channel: "System", Level: 2, Computer: "PC-1", User: "S-1-5-18"}
	like := func(id uint64, seconds int, provider string, event int, data []windows.Value) windows.Record {
		r := base
		r.ID, r.Time, r.Provider, r.EventID, r.Data = id, noon.Add(time.Duration(seconds)*time.Second), provider, event, data
		return r
	}
	want := []windows.Record{
		like(10, 0, "disk", 51, value("", `\Device\Harddisk3\DR3`, "", "zwei", "", "")),
		like(11, 1, "Microsoft-Windows-Ntfs", 98, value("DriveName", "C:", "DeviceName", `\Device\HarddiskVolume2`, "CorruptionActionState", "2")),
		like(12, 2, "Kinds", 7, value("null", "", "ansi", "abc", "int8", "-2", "int16", "-3", "int32", "-4", "int64", "5",
			"uint64", "18446744073709551615", "float32", "1.5", "float64", "2.25", "bool", "true", "binary", "CAFE",
			"guid", "{04030201-0605-0807-090A-0B0C0D0E0F10}", "size", "0x000000ff", "size", "0x00000001000000ff",
			"time", "2026-03-04T12:00:00.1234567Z", "system", "2026-03-04T12:00:09.001Z",
			"hex32", "0x0000beef", "hex64", "0x000000010000beef", "array", "1", "array", "2", "short", "")),
		like(13, 3, "Microsoft-Windows-UserPnp", 20001, value("Inner/DriverName", `oem1.inf_amd64\oem1.inf`, "Inner/InstallStatus", "0x00000000")),
	}
	want[0].Binary = append([]byte{4}, make([]byte, 47)...)
	if len(log.Records) != len(want) || log.Chunks != 1 || log.DamagedChunks+log.DamagedRecords != 0 || log.Dirty {
		t.Fatalf("%d records, %+v", len(log.Records), log)
	}
	for i, r := range log.Records {
		if !reflect.DeepEqual(r, want[i]) {
			t.Errorf("record %d:\n%+v\nwant\n%+v", i, r, want[i])
		}
	}
	got := Count(log.Records)
	if want := (map[string]Tally{event.DiskError: {1, 1}, event.FSError: {1, 1}, event.DriverChanged: {1, 1}}); !reflect.DeepEqual(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
}

// The chunks of a full log are a ring: the oldest stand after the newest.
func TestRing(t *testing.T) {
	old, young := some()[:2], some()[2:]
	log, err := Read(bytes.NewReader(file(0, written(young...), written(old...))))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range log.Records {
		if r.ID != uint64(10+i) {
			t.Errorf("record %d is number %d", i, r.ID)
		}
	}
	if len(log.Records) != 4 {
		t.Errorf("%d records", len(log.Records))
	}
}

// Each damage costs what it hit and no more.
func TestDamage(t *testing.T) {
	type outcome struct{ records, chunks, damagedChunks, damagedRecords int }
	first, second := some()[:2], some()[2:]
	change := func(c []byte, sealed bool, at int, b ...byte) []byte {
		copy(c[at:], b)
		if sealed {
			seal(c)
		}
		return c
	}
	firstSize := len(first[0].record(chunkHeader))
	for name, c := range map[string]struct {
		log  []byte
		want outcome
	}{
		"none":                {file(0, written(first...), written(second...)), outcome{4, 2, 0, 0}},
		"a bit in records":    {file(0, change(written(first...), false, 700, 0xff), written(second...)), outcome{2, 1, 1, 0}},
		"a bit in the header": {file(0, change(written(first...), false, 130, 0xff), written(second...)), outcome{2, 1, 1, 0}},
		"no signature":        {file(0, change(written(first...), false, 0, 'X'), written(second...)), outcome{2, 1, 1, 0}},
		"an unused chunk":     {file(0, make([]byte, chunkSize), written(second...)), outcome{2, 1, 0, 0}},
		"cut short":           {file(0, written(first...), written(second...)[:9000]), outcome{2, 1, 1, 0}},
		"wrong size":          {file(0, change(written(first...), true, chunkHeader+firstSize+4, 0xff, 0xff), written(second...)), outcome{3, 2, 0, 1}},
		"zero size":           {file(0, change(written(first...), true, chunkHeader+4, 0, 0), written(second...)), outcome{2, 2, 0, 1}},
		"no magic":            {file(0, change(written(first...), true, chunkHeader+firstSize, 0), written(second...)), outcome{3, 2, 0, 1}},
		"broken XML":          {file(0, change(written(first...), true, chunkHeader+recordHead+4, 0x3f), written(second...)), outcome{3, 2, 0, 1}},
		"end beyond chunk":    {file(0, change(written(first...), true, 48, 0, 0, 2, 0), written(second...)), outcome{2, 1, 1, 0}},
		"without checksums":   {file(4, change(written(first...), false, 700, 'q'), written(second...)), outcome{4, 2, 0, 0}},
		"the same twice":      {file(0, written(first...), written(first...)), outcome{2, 2, 0, 0}},
		// In a log copied while in use, the header of the chunk being written to
		// can be older than its records; that of no other can.
		"dirty, old end":      {file(1, written(first...), staleEnd(written(second...))), outcome{4, 2, 0, 0}},
		"dirty, old checksum": {file(1, written(first...), change(written(second...), false, 700, 'q')), outcome{4, 2, 0, 0}},
		"dirty, damage":       {file(1, change(written(first...), false, 700, 'q'), written(second...)), outcome{2, 1, 1, 0}},
	} {
		log, err := Read(bytes.NewReader(c.log))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := (outcome{len(log.Records), log.Chunks, log.DamagedChunks, log.DamagedRecords}); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// staleEnd moves the end that the header tells back to before all records, as
// it was when the chunk was begun.
func staleEnd(c []byte) []byte {
	binary.LittleEndian.PutUint32(c[48:], chunkHeader)
	seal(c)
	return c
}

// A chunk whose records all name one large template yields no more than its
// share.
func TestAmplification(t *testing.T) {
	large := entry{id: 1, at: noon, provider: strings.Repeat("p", 8000), event: 1, small: true}
	first := large.record(chunkHeader)
	c := append(written(large)[:chunkHeader:chunkHeader], first...)
	// The same instance again and again, without the definition.
	instance := []byte{tokenFragment, 1, 1, 0, tokenTemplate, 1, 7, 0, 0, 0}
	where := uint32(chunkHeader + recordHead + len(instance) + 4)
	instance = binary.LittleEndian.AppendUint32(instance, where)
	instance = append(instance, 1, 0, 0, 0, 2, 0, kindUint16, 0, 1, 0)
	size := uint32(recordHead + len(instance) + 4)
	n := uint64(1)
	for len(c)+int(size) <= chunkSize {
		n++
		c = binary.LittleEndian.AppendUint32(c, 0x00002a2a)
		c = binary.LittleEndian.AppendUint32(c, size)
		c = binary.LittleEndian.AppendUint64(c, n)
		c = binary.LittleEndian.AppendUint64(c, ticks(noon))
		c = append(c, instance...)
		c = binary.LittleEndian.AppendUint32(c, size)
	}
	end := len(c)
	c = append(c, make([]byte, chunkSize-end)...)
	binary.LittleEndian.PutUint32(c[48:], uint32(end))
	seal(c)
	log, err := Read(bytes.NewReader(file(0, c)))
	if err != nil {
		t.Fatal(err)
	}
	text := 0
	for _, r := range log.Records {
		text += len(r.Provider)
	}
	if len(log.Records) < 100 || text > maxAll || len(log.Records)+log.DamagedRecords != int(n) {
		t.Errorf("%d records of %d, %d damaged, %d bytes of text", len(log.Records), n, log.DamagedRecords, text)
	}
}

func TestNotALog(t *testing.T) {
	old := file(0)
	old[38] = 2
	for name, b := range map[string][]byte{
		"empty":   nil,
		"short":   []byte("ElfFile\x00"),
		"other":   bytes.Repeat([]byte("x"), 2*fileHeader),
		"version": old,
	} {
		if _, err := Read(bytes.NewReader(b)); !errors.Is(err, ErrNotALog) {
			t.Errorf("%s: %v", name, err)
		}
	}
	torn := errors.New("torn")
	if _, err := Read(io.MultiReader(bytes.NewReader(file(0)), failing{torn})); !errors.Is(err, torn) {
		t.Errorf("the reader's error became %v", err)
	}
	zeros := io.LimitReader(zero{}, (MaxChunks+1)*chunkSize)
	if _, err := Read(io.MultiReader(bytes.NewReader(file(0)), zeros)); err == nil {
		t.Error("a log without end was read")
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

type zero struct{}

func (zero) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// A saved System log of a real machine. The counts were taken from another
// program's (evtxexport of libevtx 20181227) text of the same file, sorted by
// provider and id; its 1,881 records equal ours in number, time, provider, id,
// level, channel, computer, user, data and binary.
func TestSample(t *testing.T) {
	name := filepath.Join("..", "..", "..", "..", "shared", "healthdata", "dev", "windows_system_sample.evtx")
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the sample (../shared/healthdata/dev/windows_system_sample.evtx) is not beside this repository: logs written by the tests themselves were read instead")
	}
	if err != nil {
		t.Fatal(err)
	}
	log, err := Read(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if len(log.Records) != 1881 || log.Chunks != 15 || log.DamagedChunks != 0 || log.DamagedRecords != 0 || !log.Dirty {
		t.Errorf("%d records, %d chunks, %d and %d damaged, dirty %v", len(log.Records), log.Chunks, log.DamagedChunks, log.DamagedRecords, log.Dirty)
	}
	want := map[string]Tally{
		event.Boot:            {3, 6},     // Kernel-General 12, Kernel-Boot 27: 3 each
		event.CleanStop:       {2, 6},     // User32 1074, EventLog 6006, Kernel-General 13: 2 each
		event.Sleep:           {2, 2},     // Kernel-Power 42
		event.Resume:          {2, 4},     // Kernel-Power 107, Power-Troubleshooter 1: 2 each
		event.DiskError:       {3, 3},     // Disk 51
		event.TimeChanged:     {189, 189}, // of 208 Kernel-General 1, those of 1 s and more
		event.UserLogon:       {4, 4},     // Winlogon 7001
		event.UserLogoff:      {3, 3},     // Winlogon 7002
		event.UpdateInstalled: {116, 116}, // WindowsUpdateClient 19
		event.UpdateFailed:    {5, 5},     // WindowsUpdateClient 20
		event.DriverChanged:   {24, 24},   // UserPnp 20001
	} // and 7 Ntfs 98 of healthy volumes, which count for nothing
	if got := Count(log.Records); !reflect.DeepEqual(got, want) {
		t.Errorf("counted\n%v\nwant\n%v", got, want)
	}

	// One byte of chunk 5: its 130 records (572 to 701) are gone, no other.
	b[fileHeader+5*chunkSize+1000] ^= 1
	log, err = Read(bytes.NewReader(b))
	if err != nil || log.DamagedChunks != 1 || len(log.Records) != 1881-130 {
		t.Errorf("after one byte: %d records, %d chunks damaged, %v", len(log.Records), log.DamagedChunks, err)
	}
}

// Whatever the bytes, reading ends, and what it yields is bounded. The parts
// of a log are handed in apart, since a whole one is too large to be made
// smaller; sealed sets the checksums right, so that what they guard is met.
func FuzzRead(f *testing.F) {
	for _, e := range []entry{
		{id: 1, at: noon, provider: "P", event: 1, small: true},
		{id: 1, at: noon, provider: "P", event: 1, small: true, fields: []field{{"N", kindString | kindArray, wide("a\x00b\x00")}}},
		{id: 1, at: noon, provider: "P", event: 1, small: true, user: []field{{"N", kindUint32, u32(1)}}},
		{id: 1, at: noon, provider: "P", event: 1, small: true, fields: []field{{kind: kindBinXML, data: []byte{tokenFragment, 1, 1, 0, tokenTemplate, 1, 0, 0, 0, 0, 0, 2, 0, 0}}}},
	} {
		c := written(e)
		f.Add(uint32(1), uint64(1), uint64(1), binary.LittleEndian.Uint32(c[48:]), c[chunkHeader:binary.LittleEndian.Uint32(c[48:])], true)
	}
	f.Fuzz(func(t *testing.T, flags uint32, first, last uint64, end uint32, records []byte, sealed bool) {
		c := make([]byte, chunkSize)
		copy(c, "ElfChnk\x00")
		binary.LittleEndian.PutUint64(c[24:], first)
		binary.LittleEndian.PutUint64(c[32:], last)
		binary.LittleEndian.PutUint32(c[48:], end)
		copy(c[chunkHeader:], records)
		if sealed {
			seal(c)
		}
		log, err := Read(bytes.NewReader(file(flags, c)))
		if err != nil {
			t.Fatal(err)
		}
		if len(log.Records) > chunkSize/leastRecord {
			t.Errorf("%d records", len(log.Records))
		}
		for _, r := range log.Records {
			size := len(r.Binary)
			for _, v := range r.Data {
				size += len(v.Name) + len(v.Text)
			}
			if size > 4*maxText || len(r.Data) > maxTokens {
				t.Errorf("a record of %d bytes in %d data", size, len(r.Data))
			}
		}
	})
}
