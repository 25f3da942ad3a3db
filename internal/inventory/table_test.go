package inventory

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestVersionKeyOrders(t *testing.T) {
	// Each line rises from left to right.
	for _, line := range []string{
		"1.0~rc1 1.0 1.0.1 1.0.10 1.1 1.9 1.10 2",
		"23.001.20064 23.1.20065 24",
		"9 10 100 1000",
		"1.0-beta 1.0 1.0a 1.0b 1.0.1",
		"7.8p1-1 7.8p1-2 7.9",
		"1:0.9 2:0.1 10:0.0.1",
		"2.31-13+deb11u9 2.31-13+deb11u11",
		"v1.2 v1.3",
		"10.0.19045.4046 10.0.22631.1",
	} {
		vs := strings.Fields(line)
		for i := 1; i < len(vs); i++ {
			if a, b := VersionKey(vs[i-1]), VersionKey(vs[i]); a >= b {
				t.Errorf("%s does not sort below %s (%x, %x)", vs[i-1], vs[i], a, b)
			}
		}
	}
	for _, same := range [][2]string{{"1.02", "1.2"}, {"V1.2", "1.2"}, {"0:1.2", "1.2"}, {" 1.2 ", "1.2"}} {
		if VersionKey(same[0]) != VersionKey(same[1]) {
			t.Errorf("%q and %q are the same version", same[0], same[1])
		}
	}
}

func FuzzVersionKey(f *testing.F) {
	f.Add("1:2.3~rc1-4+deb12u1")
	f.Add("")
	f.Fuzz(func(t *testing.T, v string) {
		if VersionKey(v) == "" {
			t.Errorf("key of %q is empty", v)
		}
		if a, b := VersionKey(v+".1"), VersionKey(v+".2"); a >= b {
			t.Errorf("%q: .1 does not sort below .2", v)
		}
	})
}

func TestEncodeConformDecode(t *testing.T) {
	at := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	rows := []Software{
		{Source: "dpkg", Scope: "machine", Name: "zlib", Version: "1.3", InstalledAt: at, SizeBytes: 5, Held: new(false)},
		{Source: "dpkg", Scope: "machine", Name: "bash", Version: "5.2"},
	}
	tab, err := Encode(rows)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(tab.Columns, "publisher") || !slices.Contains(tab.Columns, "user_name") {
		t.Errorf("columns %v: want keys and what some row has", tab.Columns)
	}
	s, _ := Lookup("software")
	c, faults, err := s.Conform(tab)
	if err != nil || len(faults) != 0 {
		t.Fatalf("%v, %v", faults, err)
	}
	back, err := Decode[Software](c)
	if err != nil {
		t.Fatal(err)
	}
	if len(back) != 2 || back[0].Name != "bash" || back[1].Name != "zlib" || !back[1].InstalledAt.Equal(at) || back[1].Held == nil || *back[1].Held {
		t.Errorf("came back as %+v", back)
	}
}

func TestConformBendsWhatItCan(t *testing.T) {
	s, _ := Lookup("disk")
	long := strings.Repeat("é", MaxText)
	c, faults, err := s.Conform(Table{
		Columns: []string{"name", "size_bytes", "rotational", "from_the_future", "model"},
		Rows: [][]any{
			{"sdb", "1024", int64(1), "x", "a\x00b \xff"},
			{"sda", 2048.0, "yes?", nil, long},
			{"sda", uint64(1) << 63, nil, nil, nil}, // the key again
			{"sdc"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	get := func(row int, col string) any { return c.Rows[row][s.Index(col)] }
	if len(c.Rows) != 3 || get(0, "name") != "sda" || get(2, "name") != "sdc" {
		t.Fatalf("rows %v", c.Rows)
	}
	if get(0, "size_bytes") != int64(2048) || get(1, "size_bytes") != int64(1024) || get(1, "rotational") != true || get(0, "rotational") != nil {
		t.Errorf("values %v", c.Rows)
	}
	if m := get(1, "model").(string); m != "ab \uFFFD" {
		t.Errorf("a hostile text became %q", m)
	}
	if m := get(0, "model").(string); len(m) > MaxText {
		t.Errorf("a text of %d bytes was kept", len(m))
	}
	if len(faults) < 2 {
		t.Errorf("faults %v: want the odd value and the repeated key told", faults)
	}
	if _, _, err := s.Conform(Table{Columns: []string{"name"}, Rows: make([][]any, MaxRows+1)}); !errors.Is(err, ErrTooManyRows) {
		t.Errorf("too many rows: %v", err)
	}
	if _, _, err := s.Conform(Table{Columns: []string{"name", "name"}, Rows: [][]any{{"a", "b"}}}); err == nil {
		t.Error("a column that comes twice is taken")
	}
}

func TestHashCountsStateOnly(t *testing.T) {
	s, _ := Lookup("volume")
	hash := func(cols []string, rows ...[]any) Hash {
		c, _, err := s.Conform(Table{Columns: cols, Rows: rows})
		if err != nil {
			t.Fatal(err)
		}
		return s.HashTable(c)
	}
	cols := []string{"mount", "size_bytes", "free_bytes"}
	base := hash(cols, []any{"/", int64(10), int64(5)}, []any{"/home", int64(20), nil})
	if base != hash(cols, []any{"/home", int64(20), int64(7)}, []any{"/", int64(10), int64(1)}) {
		t.Error("free space or the order of rows changes the hash")
	}
	if base != hash([]string{"mount", "size_bytes", "free_bytes", "label"}, []any{"/", int64(10), int64(5), nil}, []any{"/home", int64(20), nil, ""}) {
		t.Error("a column that is nil everywhere changes the hash")
	}
	for name, other := range map[string]Hash{
		"a value":      hash(cols, []any{"/", int64(11), nil}, []any{"/home", int64(20), nil}),
		"a row less":   hash(cols, []any{"/", int64(10), nil}),
		"another type": hash([]string{"mount", "label"}, []any{"/", "10"}, []any{"/home", "20"}),
	} {
		if other == base {
			t.Errorf("%s does not change the hash", name)
		}
	}
	if Root(map[string]Hash{"a": {1}, "b": {2}}) == Root(map[string]Hash{"a": {2}, "b": {1}}) {
		t.Error("the root does not tell which section has which hash")
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add("text", int64(5), 1.5, []byte("x"))
	f.Fuzz(func(t *testing.T, s string, i int64, x float64, b []byte) {
		for k := Text; k <= List; k++ {
			c := Column{Name: "c", Kind: k}
			for _, v := range []any{s, i, x, b, nil, true, uint64(i), []any{s, i}, map[any]any{s: i}} {
				out, ok := Normalize(c, v)
				if !ok && out != nil {
					t.Fatalf("%s of %v: not kept, but %v", k, v, out)
				}
				// What was kept once is kept again, unchanged.
				if again, ok := Normalize(c, out); !ok || !Equal(again, out) {
					t.Fatalf("%s of %v: %v became %v", k, v, out, again)
				}
			}
		}
	})
}
