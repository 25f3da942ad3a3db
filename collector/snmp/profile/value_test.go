package profile

import (
	"testing"
	"time"
	"unicode/utf8"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
)

func octets(s string) session.Value { return session.Value{Kind: session.OctetString, B: []byte(s)} }

func TestTextsOfDevicesAreCleaned(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Gi1/0/1", "Gi1/0/1"},
		{"Serial no.\x00\x00\x00  ", "Serial no."},
		{"\x00\x00", ""},
		{`"quoted by the agent"`, "quoted by the agent"},
		{"two\r\nlines", "two lines"},
		{"B\xfcro", "Büro"},
		{"Büro", "Büro"},
		{"\x00\x1a\x8c\x01\xff\xfe", "001a8c01fffe"},
		{"evil\u202etxt.exe", "eviltxt.exe"},
		{"bell\x07 esc\x1b[31m", "bell esc [31m"},
	} {
		if got := textOf(octets(c.in)); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

func TestNumbersInTexts(t *testing.T) {
	for in, want := range map[string]float64{"45.5": 45.5, "23 C": 23, "12%": 12, "-40": -40, "+3": 3} {
		if got, ok := numberOf(octets(in)); !ok || got != want {
			t.Errorf("%q: %v %v, want %v", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "12.2.3", "1:30", "3 of 8", "v5", "-", "2024-01-02"} {
		if got, ok := numberOf(octets(in)); ok {
			t.Errorf("%q: %v, want none", in, got)
		}
	}
}

func TestHardwareAddressesInAllForms(t *testing.T) {
	const want = "00:1a:2b:0c:4d:5e"
	for _, in := range []string{
		"\x00\x1a\x2b\x0c\x4d\x5e", "\x00\x1a\x2b\x0c\x4d\x5e\x00\x00", "\x01\x06\x00\x1a\x2b\x0c\x4d\x5e", "\x06\x00\x1a\x2b\x0c\x4d\x5e",
		"0:1A:2b:c:4d:5e", "00-1a-2b-0c-4d-5e", "001a.2b0c.4d5e", "0x001a2b0c4d5e", "001A2B0C4D5E", "00 1a 2b 0c 4d 5e", `"00:1a:2b:0c:4d:5e"`,
	} {
		if got := macOf(octets(in)); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	for _, in := range []string{"", "\x00\x00\x00\x00\x00\x00", "\xff\xff\xff\xff\xff\xff", "not a mac", "12:34", "zz:zz:zz:zz:zz:zz"} {
		if got := macOf(octets(in)); got != "" {
			t.Errorf("%q: %q, want none", in, got)
		}
	}
	if !localMAC("da:a1:19:00:00:01") || localMAC(want) || !groupMAC("01:00:5e:00:00:01") || groupMAC(want) {
		t.Error("bits of the first byte")
	}
}

func TestDates(t *testing.T) {
	got, ok := dateOf([]byte{7, 232, 3, 9, 13, 30, 15, 0, '+', 2, 0})
	if want := time.Date(2024, 3, 9, 11, 30, 15, 0, time.UTC); !ok || !got.Equal(want) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, b := range [][]byte{nil, {0, 0, 0, 0, 0, 0, 0, 0}, {7, 232, 13, 1, 0, 0, 0, 0}, {7, 232, 1, 1, 0, 0, 0, 0, 'x', 0, 0}} {
		if got, ok := dateOf(b); ok {
			t.Errorf("%v: %v", b, got)
		}
	}
}

func TestIndexesAreCut(t *testing.T) {
	parts := []IndexPart{{Name: "vlan"}, {Name: "mac", Kind: "mac"}}
	got, ok := cutIndex(parts, "10.0.26.43.12.77.94")
	if !ok || got[0].text != "10" || got[1].text != "00:1a:2b:0c:4d:5e" || got[1].raw != "0.26.43.12.77.94" {
		t.Errorf("%v %v", got, ok)
	}
	got, ok = cutIndex([]IndexPart{{Kind: "text"}, {Kind: "address"}, {Kind: "rest"}}, "3.97.98.99.1.4.192.0.2.1.88.89")
	if !ok || got[0].text != "abc" || got[1].text != "192.0.2.1" || got[2].text != "XY" {
		t.Errorf("%v %v", got, ok)
	}
	for _, bad := range []string{"", "10", "10.1.2.3.4.5", "10.0.26.43.12.77.300", "x.1.2.3.4.5.6", "1.2.3.4.5.6.99999999999"} {
		if got, ok := cutIndex(parts, bad); ok {
			t.Errorf("%q: %v", bad, got)
		}
	}
}

func FuzzIndex(f *testing.F) {
	f.Add("10.0.26.43.12.77.94", "mac", 0)
	f.Add("3.97.98.99", "text", 0)
	f.Add("1.4.192.0.2.1", "address", 0)
	f.Fuzz(func(t *testing.T, index, kind string, length int) {
		for _, p := range [][]IndexPart{{{Kind: kind, Length: length}}, {{}, {Kind: kind, Length: length}, {Kind: "rest"}}} {
			got, ok := cutIndex(p, index)
			if ok && len(got) != len(p) {
				t.Fatalf("%d pieces of %d", len(got), len(p))
			}
			for _, x := range got {
				if !utf8.ValidString(x.text) {
					t.Fatalf("%q is no text", x.text)
				}
			}
		}
	})
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "Gi1/0/1", "B\xfcro\x00", "\xff\xfe", "\x01\x06\x00\x1a\x2b\x0c\x4d\x5e", "\x07\xe8\x03\x09\x0d\x1e\x0f\x00+\x02\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v := session.Value{Kind: session.OctetString, B: b}
		for _, s := range []string{textOf(v), macOf(v), addressOf(v)} {
			if !utf8.ValidString(s) || len(s) > 2*mostText {
				t.Fatalf("%q", s)
			}
			for _, r := range s {
				if r < ' ' || r == 0x202e {
					t.Fatalf("%q holds %U", s, r)
				}
			}
		}
		if m := macOf(v); m != "" && len(m) != 17 {
			t.Fatalf("mac %q", m)
		}
		numberOf(v)
		dateOf(b)
		bitsOf(b)
	})
}

func FuzzTables(f *testing.F) {
	f.Add("1.4.10.0.0.0.8.2.0.0.1.4.192.0.2.1", []byte{4, 1, 192, 0, 2, 1})
	f.Add("10.0.0.0.255.0.0.0.0.192.0.2.1", []byte{0, 0, 94, 0, 83, 1})
	f.Fuzz(func(t *testing.T, index string, b []byte) {
		arcs := arcsOf(index)
		v := session.Value{Kind: session.OctetString, B: b}
		texts := []string{rootText(b)}
		for _, of := range []func([]uint32) (inventory.Route, bool){routeOf, oldRouteOf} {
			r, _ := of(arcs)
			texts = append(texts, r.Destination, r.NextHop)
		}
		ip, _ := indexAddress(arcs)
		texts = append(texts, ip)
		for kind := range int64(9) {
			_, chassis := lldpChassis(kind, v)
			_, port := lldpPort(kind, v)
			texts = append(texts, chassis, port)
		}
		texts = append(texts, lldpCapabilities(b)...)
		texts = append(texts, cdpCapabilities(b)...)
		texts = append(texts, printerErrors(b)...)
		for _, s := range texts {
			if !utf8.ValidString(s) {
				t.Fatalf("%q is no text", s)
			}
		}
	})
}
