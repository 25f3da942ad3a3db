package edid

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"muster/internal/inventory"
)

// text makes a descriptor of a text.
func text(kind byte, s string) []byte {
	b := append([]byte{0, 0, 0, kind, 0}, s...)
	if len(b) < 18 {
		b = append(b, '\n')
	}
	for len(b) < 18 {
		b = append(b, ' ')
	}
	return b
}

// timing makes a detailed timing.
func timing(w, h, mmW, mmH int) []byte {
	b := make([]byte, 18)
	b[0], b[1] = 0x02, 0x3a
	b[2], b[4] = byte(w), byte(w>>8)<<4
	b[5], b[7] = byte(h), byte(h>>8)<<4
	b[12], b[13], b[14] = byte(mmW), byte(mmH), byte(mmW>>8)<<4|byte(mmH>>8)
	return b
}

// edid lays one out.
func edid(code string, product uint16, number uint32, week, year, cmW, cmH byte, descriptors ...[]byte) []byte {
	b := make([]byte, 128)
	copy(b, []byte{0, 255, 255, 255, 255, 255, 255, 0})
	binary.BigEndian.PutUint16(b[8:], uint16(code[0]-'@')<<10|uint16(code[1]-'@')<<5|uint16(code[2]-'@'))
	binary.LittleEndian.PutUint16(b[10:], product)
	binary.LittleEndian.PutUint32(b[12:], number)
	b[16], b[17], b[18], b[19], b[21], b[22] = week, year, 1, 4, cmW, cmH
	for i := range 4 {
		d := text(0x10, "")
		if i < len(descriptors) {
			d = descriptors[i]
		}
		copy(b[54+18*i:], d)
	}
	var sum byte
	for _, c := range b {
		sum += c
	}
	b[127] = -sum
	return b
}

func TestDecode(t *testing.T) {
	day := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		b    []byte
		want Display
	}{
		"desk": {edid("DEL", 0x40f5, 0x4c4c4331, 5, 31, 60, 34, timing(2560, 1440, 597, 336), text(0xff, "7CG8T1234ABC"), text(0xfc, "DELL U2722D")),
			Display{"DEL", "Dell", 0x40f5, "DELL U2722D", "7CG8T1234ABC", day(2021, 1, 29), 597, 336, 2560, 1440}},
		"long name": {edid("LEN", 1, 0, 255, 32, 53, 30, timing(1920, 1080, 16, 9), text(0xfc, "ThinkVision P"), text(0xfc, "24h-2L"), text(0xff, "V9012345")),
			Display{"LEN", "Lenovo", 1, "ThinkVision P24h-2L", "V9012345", day(2022, 1, 1), 530, 300, 1920, 1080}},
		"panel": {edid("AUO", 0x313d, 0, 0, 28, 31, 17, timing(1920, 1080, 309, 174), text(0xfe, "AUO"), text(0xfe, "B140HAN01.3")),
			Display{"AUO", "AU Optronics", 0x313d, "B140HAN01.3", "", day(2018, 1, 1), 309, 174, 1920, 1080}},
		"nothing told": {edid("XYZ", 0x00ab, 1, 0, 0, 0, 0), Display{Code: "XYZ", Product: 0xab, Model: "XYZ 00AB"}},
		"interlaced": {edid("SNY", 2, 0, 0, 20, 0, 0, func() []byte { b := timing(1920, 540, 700, 400); b[17] = 0x80; return b }()),
			Display{"SNY", "Sony", 2, "SNY 0002", "", day(2010, 1, 1), 700, 400, 1920, 1080}},
	} {
		got, err := Decode(c.b)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v %v\nwant %+v", name, got, err, c.want)
		}
	}
	bad := edid("DEL", 1, 2, 3, 30, 50, 30)
	bad[20]++
	for name, b := range map[string][]byte{"empty": nil, "short": bad[:100], "checksum": bad, "header": make([]byte, 128), "no maker": edid("@@@", 1, 2, 3, 30, 50, 30)} {
		if d, err := Decode(b); err == nil {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestSerial(t *testing.T) {
	four := func(s string) uint32 { return binary.BigEndian.Uint32([]byte(s)) }
	for _, c := range []struct {
		code    string
		product uint16
		number  uint32
		text    string
		want    string
	}{
		{"ACR", 0x032e, 0x12ab34cd, "LXTEE0018532", "LXTEE00112ab34cd8532"},
		{"ACR", 0x032e, 0x12ab34cd, "SHORT", "SHORT"},
		{"SAM", 0x0b66, four("HTPK"), "500123", "HTPK500123"},
		{"SAM", 0x0e5a, four("KPTH"), "500123", "HTPK500123"},
		{"SAM", 0x0c18, 1129726275, "x12345", "1129726275"},
		{"SAM", 0x0b66, 0x00001234, "H9XS500123", "H9XS500123"},
		{"BNQ", 0x78e7, 0x00425445, "9876501019", "ETB9876501019"},
		{"BNQ", 0x78e7, 0x01010101, "9876501019", "9876501019"},
		{"GSM", 0x4b21, 311456, "", "95456"},
		{"GSM", 0x5b09, 311456, "401NTAB1C234", "401NTAB1C234"},
		{"PHL", 0xc0b1, 1234, "", "001234"},
		{"ENC", 0x2300, 87654321, "", "87654321"},
		{"DEL", 0x4012, 0x01010101, "", ""},
		{"DEL", 0x4012, 0, "0000000000000", ""},
		{"AOC", 0x2470, 0, "1234567890123", ""},
		{"HWP", 1, 0x01010101, "CNK1234567", "CNK1234567"},
	} {
		d, err := Decode(edid(c.code, c.product, c.number, 1, 30, 50, 30, text(0xff, c.text)))
		if err != nil || d.Serial != c.want {
			t.Errorf("%+v: %q %v", c, d.Serial, err)
		}
	}
}

func TestComplete(t *testing.T) {
	table, err := inventory.Encode([]inventory.Monitor{
		{Connector: "card0-DP-1", EDID: edid("DEL", 0x40f5, 0, 5, 31, 60, 34, timing(2560, 1440, 597, 336), text(0xff, "7CG8T1234ABC"), text(0xfc, "DELL U2722D"))},
		{Connector: "hidden", OSName: "Some Display", OSVendor: "Maker", OSSerial: "OS-1"},
		{Connector: "broken", EDID: []byte{1, 2, 3}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s, _ := inventory.Lookup("monitor")
	table, _, err = s.Conform(table)
	if err != nil {
		t.Fatal(err)
	}
	Complete(&table)
	table, faults, err := s.Conform(table)
	if err != nil || len(faults) > 0 {
		t.Fatal(faults, err)
	}
	for _, c := range []struct{ key, column, want any }{
		{"card0-DP-1", "vendor", "Dell"}, {"card0-DP-1", "vendor_code", "DEL"}, {"card0-DP-1", "model", "DELL U2722D"}, {"card0-DP-1", "serial", "7CG8T1234ABC"},
		{"card0-DP-1", "width_pixels", int64(2560)}, {"card0-DP-1", "height_millimeters", int64(336)}, {"card0-DP-1", "manufactured_at", int64(1611878400000)},
		{"hidden", "vendor", "Maker"}, {"hidden", "model", "Some Display"}, {"hidden", "serial", "OS-1"}, {"hidden", "width_pixels", nil}, {"broken", "model", nil},
	} {
		i := slices.IndexFunc(table.Rows, func(r []any) bool { return r[s.Index("connector")] == c.key })
		if got := table.Rows[i][s.Index(c.column.(string))]; got != c.want {
			t.Errorf("%v %v: %v, want %v", c.key, c.column, got, c.want)
		}
	}
	Complete(&inventory.Table{Columns: []string{"connector"}, Rows: [][]any{{"x"}, {}}}) // an older form
}

func FuzzDecode(f *testing.F) {
	f.Add(edid("ACR", 0x032e, 0x12ab34cd, 1, 30, 50, 30, timing(1920, 1080, 500, 300), text(0xff, "LXTEE0018532"), text(0xfe, "x")))
	f.Add(edid("SAM", 0x0e5a, 0x4b505448, 255, 255, 1, 1, text(0xff, "500123"), text(0xfc, "a"), text(0xfc, "b")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= 128 { // most would fail for the checksum alone
			b = slices.Clone(b)
			var sum byte
			for _, c := range b[:127] {
				sum += c
			}
			b[127] = -sum
		}
		d, err := Decode(b)
		if err != nil {
			return
		}
		if len(d.Code) != 3 || d.Model == "" || len(d.Model) > 60 || len(d.Serial) > 40 || d.Width < 0 || d.WidthMM < 0 || d.Width > 1<<13 {
			t.Errorf("%+v", d)
		}
		table, err := inventory.Encode([]inventory.Monitor{{Connector: "x", EDID: b}})
		if err != nil {
			t.Fatal(err)
		}
		s, _ := inventory.Lookup("monitor")
		table, _, _ = s.Conform(table)
		Complete(&table)
		if _, faults, err := s.Conform(table); err != nil || len(faults) > 0 {
			t.Errorf("%v %v", faults, err)
		}
	})
}
