package spool_test

import (
	"math/rand/v2"
	"testing"

	"muster/agent/spool"
)

// The list of gaps does what a set of numbers would do.
func TestGapsAreASet(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var g spool.GapList
		set := map[uint64]uint64{} // number: told in
		for step := range 40 {
			from := chance.Uint64N(60) + 1
			to := from + chance.Uint64N(8)
			seq := uint64(100 + step)
			switch chance.IntN(5) {
			default:
				n := uint64(0)
				for q := from; q <= to; q++ {
					if _, ok := set[q]; !ok {
						set[q] = 0
						n++
					}
				}
				if got := g.Add(from, to); got != n {
					t.Fatalf("add %d-%d: %d new, want %d", from, to, got, n)
				}
			case 2:
				g.Tell(seq)
				for q, in := range set {
					if in == 0 {
						set[q] = seq
					}
				}
			case 3:
				g.Lost(seq-3, seq-2)
				for q, in := range set {
					if in >= seq-3 && in <= seq-2 {
						set[q] = 0
					}
				}
			case 4:
				g.Told(seq - 4)
				for q, in := range set {
					if in != 0 && in <= seq-4 {
						delete(set, q)
					}
				}
			}
			seen := 0
			last := spool.Gap{}
			for _, o := range g {
				if o.From <= last.To || o.To < o.From || o.From == last.To+1 && o.In == last.In && last.To != 0 {
					t.Fatalf("gaps %v", g)
				}
				last = o
				for q := o.From; q <= o.To; q++ {
					if in, ok := set[q]; !ok || in != o.In {
						t.Fatalf("%d in %+v, want told in %d, %v", q, o, in, ok)
					}
					seen++
				}
			}
			if seen != len(set) {
				t.Fatalf("%d numbers in gaps, want %d", seen, len(set))
			}
		}
	}
	var pieces spool.GapList
	for q := uint64(1); q < 200; q++ {
		pieces.Add(q, q)
		pieces.Tell(1000 + q)
	}
	if len(pieces) > 20 || pieces.Add(1, 199) != 0 {
		t.Errorf("one stretch in %d pieces", len(pieces))
	}
	var many spool.GapList
	for q := uint64(1); q < 5000; q += 2 {
		many.Add(q, q)
	}
	if len(many) > 1000 {
		t.Errorf("%d gaps are kept", len(many))
	}
}
