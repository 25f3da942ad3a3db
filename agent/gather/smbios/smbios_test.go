package smbios

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"
	"time"

	"muster/agent/gather/recorded"
)

// encode makes tables of the text form that recordings use.
func encode(t testing.TB, version, text string) (Entry, []byte) {
	t.Helper()
	entry, table, err := recorded.SMBIOS(version, text)
	if err != nil {
		t.Fatal(err)
	}
	e, err := DecodeEntry(entry)
	if err != nil {
		t.Fatal(err)
	}
	return e, table
}

const laptop = `
0 01 02 00e0 03 ff 0000000000000000 03 18 01 28 01 14 2000 | LENOVO | N3AET75W (1.40 ) | 03/21/2024
1 01 02 03 04 cc4d2c4c1a2bb211a85cf0e1d2c3b4a5 05 05 03 | LENOVO | 21CBCTO1WW | ThinkPad T14s Gen 3 | PF3ABCDE | SKU
2 01 02 03 04 05 09 05 0000 0a 00 | LENOVO | 21CBCTO1WW | SDK0T76538 WIN | L1HF29B00X7 | Not Available
3 01 8a 02 03 04 03 03 03 03 00000000 00 01 02 03 010203 040506 05 | LENOVO | None | PF3ABCDE | No Asset Information | CHASSIS-SKU
4 01 03 c6 02 a4060900fffbebbf 03 89 6400 c012 0807 41 01 0000 0000 0000 04 05 06 ff 02 ff fc00 c600 0001 0200 0002 | U3E1 | Intel(R) Corporation | 12th Gen | None
4 01 03 c6 02 a4060900fffbebbf 03 89 6400 c012 0807 00 01 | an empty socket
16 03 03 06 00000080 feff 0200 0000000000080000
16 03 04 06 00000080 feff 0200 0000000000080000
17 0600 feff 4800 4000 ff7f 0b 00 01 02 22 8000 ffff 03 04 05 06 02 00800000 ffff f401 f401 4c04 0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000 c0120000 5a120000 | A | B | Samsung | 11 | T | P
17 0600 feff ffff ffff 0000 02 00 01 02 02 | empty | B
17 0600 feff 4000 4000 0082 09 00 01 02 12 | small | B
`

func TestDecode(t *testing.T) {
	e, table := encode(t, "3.4", laptop)
	got := Decode(e, table)
	want := &Tables{Major: 3, Minor: 4,
		Firmware: &Firmware{Vendor: "LENOVO", Version: "N3AET75W (1.40 )", Date: "03/21/2024", Release: "1.40", Controller: "1.20", UEFI: true, Virtual: true},
		System: &System{Vendor: "LENOVO", Product: "21CBCTO1WW", Version: "ThinkPad T14s Gen 3", Serial: "PF3ABCDE",
			UUID: "4c2c4dcc-2b1a-11b2-a85c-f0e1d2c3b4a5", SKU: "SKU", Family: "ThinkPad T14s Gen 3", Wake: 5},
		Board:      &Board{Vendor: "LENOVO", Product: "21CBCTO1WW", Version: "SDK0T76538 WIN", Serial: "L1HF29B00X7", Asset: "Not Available"},
		Chassis:    &Chassis{Vendor: "LENOVO", Version: "None", Serial: "PF3ABCDE", Asset: "No Asset Information", SKU: "CHASSIS-SKU", Kind: 10},
		Processors: []Processor{{Designation: "U3E1", Vendor: "Intel(R) Corporation", Version: "12th Gen", Serial: "None", MaxMHz: 4800, CurrentMHz: 1800, Cores: 256, Threads: 512}},
		Arrays:     []Array{{Handle: 6, Correction: 6, MaxBytes: 8 << 40, Slots: 2}},
		Modules: []Module{
			{Array: 6, Slot: "A", Bank: "B", Populated: true, SizeBytes: 32 << 30, TotalBits: 72, DataBits: 64, Form: 0x0b, Kind: 0x22,
				Rated: 4800, Configured: 4698, Vendor: "Samsung", Serial: "11", Asset: "T", Part: "P", Rank: 2, Millivolts: 1100},
			{Array: 6, Slot: "empty", Bank: "B", Form: 2, Kind: 2},
			{Array: 6, Slot: "small", Bank: "B", Populated: true, SizeBytes: 512 << 10, TotalBits: 64, DataBits: 64, Form: 9, Kind: 0x12},
		}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("decoded\n%+v\nwant\n%+v", deep(got), deep(want))
	}
	if got.Version() != "3.4" {
		t.Errorf("version %q", got.Version())
	}
}

func deep(t *Tables) []any {
	return []any{*t.Firmware, *t.System, *t.Board, *t.Chassis, t.Processors, t.Arrays, t.Modules, t.Faults}
}

// A table that lies about its own lengths ends the decoding, and what came
// before is kept.
func TestDecodeHostile(t *testing.T) {
	e, good := encode(t, "3.0", "1 01 02 00 03 00112233445566778899aabbccddeeff 06 | Maker | Model | Serial\n")
	good = good[:len(good)-6] // without the end of the table
	for name, tail := range map[string][]byte{
		"half a header":          {2, 8},
		"length below header":    {2, 3, 0, 0, 0, 0},
		"length beyond table":    {2, 200, 0, 0, 1, 2, 0, 0},
		"strings without end":    {2, 5, 0, 0, 1, 'x', 'y'},
		"string number too high": {2, 9, 0, 0, 9, 9, 9, 9, 9, 'x', 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := Decode(e, append(bytes.Clone(good), tail...))
			if got.System == nil || got.System.Serial != "Serial" {
				t.Error("what stood before the damage is lost")
			}
			if name == "string number too high" {
				if len(got.Faults) != 0 || got.Board == nil || got.Board.Vendor != "" {
					t.Errorf("board %+v, faults %v", got.Board, got.Faults)
				}
			} else if len(got.Faults) != 1 {
				t.Errorf("faults %v, want one", got.Faults)
			}
		})
	}
	if got := Decode(Entry{Major: 2, Count: 1}, append(bytes.Clone(good), 2, 200)); len(got.Faults) != 0 {
		t.Errorf("read beyond the number of structures told: %v", got.Faults)
	}
	long := append([]byte{1, 5, 0, 0, 1}, bytes.Repeat([]byte{'a'}, 5000)...)
	if got := Decode(e, append(long, 0, 0)); len(got.System.Vendor) != maxText {
		t.Errorf("a string of %d bytes got through", len(got.System.Vendor))
	}
}

func TestEntry(t *testing.T) {
	good, _, err := recorded.SMBIOS("2.8", "")
	if err != nil {
		t.Fatal(err)
	}
	if e, err := DecodeEntry(good); err != nil || e != (Entry{Major: 2, Minor: 8, Length: 6, Count: 1}) {
		t.Errorf("%+v, %v", e, err)
	}
	old := bytes.Clone(good)
	old[5], old[4] = 30, old[4]+1 // version 2.1 printed 30 for 31
	if _, err := DecodeEntry(old); err != nil {
		t.Errorf("the length of version 2.1: %v", err)
	}
	for i := range good {
		if i >= 5 && i != 6 { // the version itself may change and the sum with it
			bad := bytes.Clone(good)
			bad[i] ^= 0x40
			if _, err := DecodeEntry(bad); err == nil {
				t.Errorf("byte %d is damaged and nobody minds", i)
			}
		}
	}
	for _, b := range [][]byte{nil, []byte("_SM3_"), []byte("_SM_"), make([]byte, 64)} {
		if _, err := DecodeEntry(b); err == nil {
			t.Errorf("%q is an entry point", b)
		}
	}
	huge, _, _ := recorded.SMBIOS("3.0", "")
	binary.LittleEndian.PutUint32(huge[12:], 1<<31)
	huge[5] = 0
	huge[5] = -sum(huge)
	if e, err := DecodeEntry(huge); err != nil || e.Length != MaxTable {
		t.Errorf("length %d, %v", e.Length, err)
	}
}

// Before 2.6 a UUID was in network order; all zeros and all ones are none.
func TestUUID(t *testing.T) {
	for _, c := range []struct{ version, bytes, want string }{
		{"2.5", "00112233445566778899aabbccddeeff", "00112233-4455-6677-8899-aabbccddeeff"},
		{"2.6", "00112233445566778899aabbccddeeff", "33221100-5544-7766-8899-aabbccddeeff"},
		{"3.0", "00000000000000000000000000000000", ""},
		{"3.0", "ffffffffffffffffffffffffffffffff", ""},
	} {
		e, table := encode(t, c.version, "1 00 00 00 00 "+c.bytes+" 06\n")
		if got := Decode(e, table).System.UUID; got != c.want {
			t.Errorf("%s: %q, want %q", c.version, got, c.want)
		}
	}
}

func TestDate(t *testing.T) {
	for s, want := range map[string]string{
		"09/11/2023": "2023-09-11", "3/1/2020": "2020-03-01", "04/01/98": "1998-04-01", "04/01/12": "1912-04-01",
		"13/45/2019": "", "": "", "2023-09-11": "", "00/00/0000": "",
	} {
		got := Date(s)
		if got.IsZero() != (want == "") || want != "" && got.Format(time.DateOnly) != want {
			t.Errorf("Date(%q) = %v, want %s", s, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		ChassisName(0): "", ChassisName(10): "notebook", ChassisName(36): "stick_pc", ChassisName(200): "",
		TechnologyName(0x1a): "DDR4", TechnologyName(0x22): "DDR5", TechnologyName(0x23): "LPDDR5", TechnologyName(0x18): "DDR3",
		FormName(0x09): "DIMM", FormName(0x0d): "SODIMM", FormName(0xff): "",
		CorrectionName(3): "none", CorrectionName(6): "multi_bit_ecc", WakeReason(5): "lan", WakeReason(6): "power_switch",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestLoad(t *testing.T) {
	h := recorded.Machine(t, "server")
	tables, err := Load(h)
	if err != nil || tables.Version() != "2.8" || len(tables.Processors) != 2 {
		t.Fatalf("%+v, %v", tables, err)
	}
	// A damaged entry point costs the version, not the facts.
	h = recorded.Unpack(t, []byte("-- smbios 3.0 --\n1 01 00 00 00 | Maker\n-- /sys/firmware/dmi/tables/smbios_entry_point --\nnonsense\n"))
	tables, err = Load(h)
	if err != nil || tables.Version() != "" || tables.System.Vendor != "Maker" || len(tables.Faults) != 1 {
		t.Errorf("%+v, %v", tables, err)
	}
	if _, err := Load(recorded.Machine(t, "vm")); err == nil {
		t.Error("a machine without tables has some")
	}
}

func FuzzDecode(f *testing.F) {
	entry, table, err := recorded.SMBIOS("3.4", laptop)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(entry, table)
	entry, table, _ = recorded.SMBIOS("2.1", laptop)
	f.Add(entry, table)
	f.Add([]byte("_SM_"), []byte{1, 4, 0, 0})
	f.Fuzz(func(t *testing.T, entry, table []byte) {
		e, err := DecodeEntry(entry)
		if err != nil {
			e = Entry{Major: 2, Minor: 6}
		}
		x := Decode(e, table)
		if len(x.Processors) > maxList || len(x.Modules) > maxList || len(x.Arrays) > maxList {
			t.Error("more than the limit")
		}
		for _, m := range x.Modules {
			if m.SizeBytes < 0 || len(m.Slot) > maxText || strings.ContainsRune(m.Slot, 0) {
				t.Errorf("%+v", m)
			}
		}
		for _, a := range x.Arrays {
			if a.MaxBytes < 0 {
				t.Errorf("%+v", a)
			}
		}
	})
}

func FuzzDecodeRaw(f *testing.F) {
	_, table, err := recorded.SMBIOS("3.4", laptop)
	if err != nil {
		f.Fatal(err)
	}
	head := []byte{0, 3, 4, 0, byte(len(table)), byte(len(table) >> 8), 0, 0}
	f.Add(append(head, table...))
	f.Add(head)
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := DecodeRaw(b)
		if err != nil {
			return
		}
		if len(x.Processors) > maxList || len(x.Modules) > maxList || len(x.Arrays) > maxList {
			t.Error("more than the limit")
		}
	})
}

// TestDecodeRaw reads what Windows gives, and says when it is cut short.
func TestDecodeRaw(t *testing.T) {
	_, table, err := recorded.SMBIOS("3.4", laptop)
	if err != nil {
		t.Fatal(err)
	}
	raw := append([]byte{0, 3, 4, 0, byte(len(table)), byte(len(table) >> 8), 0, 0}, table...)
	x, err := DecodeRaw(append(raw, 1, 2, 3))
	if err != nil || x.System == nil || x.Version() != "3.4" || len(x.Faults) != 0 {
		t.Fatal(x, err)
	}
	if x, err := DecodeRaw(raw[:len(raw)/2]); err != nil || len(x.Faults) == 0 {
		t.Error("nothing said of a table cut short", err)
	}
	if _, err := DecodeRaw(raw[:7]); err == nil {
		t.Error("a header cut short is read")
	}
}
