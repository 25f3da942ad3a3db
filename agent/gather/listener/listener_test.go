package listener

import (
	"encoding/binary"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the lines below are those of a little-endian machine")
	}
	list, err := parse(strings.NewReader("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"+
		"   0: 0100007F:0277 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 18321 1 0000000000000000 100 0 0 10 0\n"+
		"   1: 0A00A8C0:C350 0101A8C0:0050 01 00000000:00000000 00:00000000 00000000  1000        0 18322 1\n"+
		"   2: 000080FE00000000FF005450B2FE1234:0016 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 19\n"+
		"   3: 0100007F:ZZZZ 00000000:0000 0A 0:0 0:0 0 0 0 1\n   4: 01:1 x 0A\n"), tcpListen)
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	if s := list[0]; s.Addr.String() != "127.0.0.1:631" || s.UID != 101 || s.Inode != 18321 {
		t.Errorf("%+v", s)
	}
	if s := list[1].Addr.String(); s != "[fe80::5054:ff:3412:feb2]:22" {
		t.Error(s)
	}
}

func TestParseSpan(t *testing.T) {
	for in, want := range map[string]span{"1024\t65535": {1024, 65535}, "": {32768, 60999}, "9 1": {32768, 60999}, "x y": {32768, 60999}} {
		if got := parseSpan(in); got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
}

func FuzzTable(f *testing.F) {
	f.Add("   0: 0100007F:0277 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 18321 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, _ := parse(strings.NewReader(text), tcpListen)
		for _, s := range list {
			if !s.Addr.IsValid() || s.UID < 0 {
				t.Errorf("%+v", s)
			}
			s.row("tcp")
		}
		parseSpan(text)
	})
}

// A server with 100,000 connections must not cost memory.
func BenchmarkTable(b *testing.B) {
	text := strings.Repeat("   1: 0A00A8C0:C350 0101A8C0:0050 01 00000000:00000000 00:00000000 00000000  1000        0 18322 1 0000000000000000 20 4 30 10 -1\n", 100_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parse(strings.NewReader(text), tcpListen); err != nil {
			b.Fatal(err)
		}
	}
}
