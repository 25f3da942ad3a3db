package listener

import (
	"errors"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
)

// TestTables reads tables as Windows gives them: a port on all addresses, one
// on the loopback, one over IPv6, a client's over UDP that is left out.
func TestTables(t *testing.T) {
	h := recorded.Unpack(t, []byte(`
-- reg --
[HKEY_LOCAL_MACHINE\SOFTWARE]
-- native tcp4 --
02000000
02000000 00000000 0087 0000 00000000 00000000 d4030000
02000000 7f000001 1538 0000 00000000 00000000 10270000
-- native tcp6 --
01000000
00000000000000000000000000000000 00000000 01bd0000 00000000000000000000000000000000 00000000 00000000 02000000 04000000
-- native udp4 --
02000000
00000000 14e90000 d4030000
00000000 f0000000 d4030000
`))
	rows, asked, faults, err := fromTables(h)
	if err != nil || len(faults) != 1 || len(asked) != 3 {
		t.Fatal(asked, faults, err)
	}
	var got []string
	for _, r := range rows {
		s := r.Protocol + " " + r.Address
		if *r.Exposed {
			s += " exposed"
		}
		got = append(got, s)
	}
	want := []string{"tcp 0.0.0.0 exposed", "tcp 127.0.0.1", "tcp :: exposed", "udp 0.0.0.0 exposed"}
	if len(got) != len(want) || rows[0].Port != 135 || rows[1].Port != 5432 || rows[2].Port != 445 || rows[3].Port != 5353 || *rows[0].PID != 980 {
		t.Fatalf("%q %+v", got, rows)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%q, want %q", got[i], want[i])
		}
	}
	r, err := gather.Rows(rows, asked...)
	if err != nil {
		t.Fatal(err)
	}
	recorded.Check(t, "listening_port", r)
	if _, _, _, err := fromTables(&host.Host{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

func FuzzTables(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 135, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, form := range forms() {
			list, _ := parseTable(b, form)
			if len(list) > maxSockets {
				t.Error("more than the limit")
			}
			for _, o := range list {
				if !o.Addr.Addr().IsValid() || o.PID < 0 {
					t.Errorf("%+v", o)
				}
			}
		}
	})
}
