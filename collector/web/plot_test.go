package web

import "testing"

// A device that reports every five minutes has a line where every minute has a
// place, and a gap only where it was off.
func TestLinesBreakWhereNothingWasRead(t *testing.T) {
	at := map[int64]float64{}
	for n := range int64(10) {
		at[n*300] = float64(n)
	}
	for n := int64(40); n < 50; n++ {
		at[n*300] = float64(n)
	}
	tr := trackOf(at, 60)
	for _, x := range []struct {
		at   int64
		want float64 // -1: none
	}{{300, 1}, {450, 1.5}, {9 * 300, 9}, {9*300 + 1, -1}, {30 * 300, -1}, {40 * 300, 40}, {49*300 + 1, -1}} {
		got := tr.value(x.at)
		if got == nil && x.want != -1 || got != nil && *got != x.want {
			t.Errorf("at %d: %v, want %v", x.at, got, x.want)
		}
	}
}
