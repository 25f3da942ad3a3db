package sqlstore

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"muster/collector/store"
	"muster/collector/store/storetest"
)

func TestGear(t *testing.T) { eachEngine(t, testGear) }

func testGear(t *testing.T, e engine) {
	storetest.RunGear(t, func(t *testing.T) store.Gear { return e.control(t) })
}

// FuzzGearNetwork holds that networks come back as they were kept.
func FuzzGearNetwork(f *testing.F) {
	for _, n := range []string{"10.20.0.0/16", "0.0.0.0/0", "::/0", "fd00::/64", "255.255.255.255/32", "::ffff:0:0/96", "127.1.0.0/26"} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := netip.ParsePrefix(text)
		if err != nil || n.Addr().Is4In6() || n.Addr().Zone() != "" {
			return
		}
		n = n.Masked()
		first := n.Addr().As16()
		if n.Addr().Is6() && netip.AddrFrom16(first).Is4In6() {
			return
		}
		if got := network(first[:], mapped(n)); got != n {
			t.Errorf("%v comes back as %v", n, got)
		}
	})
}

// BenchmarkMarkTargets is a group of marks as a poller of many targets gives it.
func BenchmarkMarkTargets(b *testing.B) {
	c, err := OpenControl(b.Context(), b.TempDir()+"/control.db", Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	var list []store.Target
	for i := range 1000 {
		list = append(list, store.Target{Address: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), Port: 161, Learned: []byte(fmt.Sprintf(`{"repetitions":%d}`, i))})
	}
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	if list, err = c.AddTargets(b.Context(), list, now); err != nil {
		b.Fatal(err)
	}
	marks := make([]store.TargetMark, len(list))
	for b.Loop() {
		now = now.Add(time.Minute)
		for i, x := range list {
			marks[i] = store.TargetMark{ID: x.ID, Revision: 1, At: now, State: store.Live}
		}
		if err := c.MarkTargets(b.Context(), marks); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(marks)), "µs/target")
}
