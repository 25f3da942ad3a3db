package session

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"muster/collector/snmp/snmptest/message"
)

// Names as texts are held against names as they travel.
func TestNames(t *testing.T) {
	parts := func() []string {
		out := []string{"1", "3"}
		for range rand.IntN(5) {
			out = append(out, strconv.FormatUint(uint64(rand.Uint32()>>rand.IntN(32)), 10))
		}
		return out
	}
	for range 2000 {
		p := parts()
		q := slices.Clone(p[:2+rand.IntN(len(p)-1)])
		if rand.IntN(2) == 0 {
			q = append(q, parts()[2:]...)
		}
		a, b := strings.Join(p, "."), strings.Join(q, ".")
		x, err := message.ParseOID(a)
		if err != nil {
			t.Fatal(err)
		}
		y, err := message.ParseOID(b)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := compareNames(a, b), x.Compare(y); got != want {
			t.Fatalf("%s and %s: %d, want %d", a, b, got, want)
		}
		if got := nameBytes(a); got != len(x) {
			t.Fatalf("%s takes %d bytes, want %d", a, got, len(x))
		}
		index, ok := below(b, a)
		if want := len(p) > len(q) && slices.Equal(p[:len(q)], q); ok != want || ok && index != strings.Join(p[len(q):], ".") {
			t.Fatalf("%s below %s: %q, %v", a, b, index, ok)
		}
	}
}

// FuzzName: a name is taken as the codec of the tests takes it.
func FuzzName(f *testing.F) {
	for _, s := range []string{"1.3.6.1.2.1.1.1.0", ".1.3", "2.999.4294967295", "1", "1..3", "1.40", "2.4294967295", "01.3", "1.3.", "3.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := checkName(s)
		o, other := message.ParseOID(s)
		if (err == nil) != (other == nil) && !strings.HasPrefix(strings.TrimPrefix(s, "."), "2.42949672") {
			t.Fatalf("%q: %v and %v", s, err, other)
		}
		if err == nil && o.String() != got {
			t.Fatalf("%q is %q and %q", s, got, o)
		}
	})
}
