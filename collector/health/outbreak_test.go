package health

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
)

// outbreak is a fleet on which a rule fires on n devices within a minute. If
// they share a cause, it is known by a fifth of them when the others follow. It
// answers what makes the others fire.
func outbreak(t *testing.T, n int, oneCause bool) (*world, func()) {
	rules, all := []string{full}, n
	if oneCause {
		rules, all = append(rules, causeRule), 5*n
	}
	w := newWorld(t, rules...)
	id := func(i int) inventory.DeviceID { return inventory.DeviceID(fmt.Sprintf("pc-%06d", i)) }
	for i := range all {
		m := "Other"
		if oneCause && i < n {
			m = "Bad"
		}
		w.meet(Info{ID: id(i), Model: m})
	}
	say := func(from, to int, x float64) {
		for i := from; i < to; i++ {
			w.say(id(i), used(x))
		}
	}
	say(0, all, 40)
	first := 0
	if oneCause {
		first = n / 5
		for range 2 {
			w.now = w.now.Add(11 * time.Minute)
			say(0, first, 95)
		}
		w.tick()
		if len(w.j.inc.wide) != 1 {
			t.Fatalf("%d causes, want 1: %+v", len(w.j.inc.wide), w.open())
		}
	}
	w.now = w.now.Add(11 * time.Minute)
	say(first, n, 95)
	w.now = w.now.Add(11 * time.Minute)
	return w, func() { say(first, n, 95) }
}

// What one finding costs must not grow with how many there are: an outbreak is
// when time is short. What is allocated tells it without a clock.
func TestAnOutbreakTakesTheSameOfEach(t *testing.T) {
	for name, oneCause := range map[string]bool{"each its own": false, "one cause": true} {
		per := func(n int) float64 {
			w, fire := outbreak(t, n, oneCause)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			fire()
			runtime.ReadMemStats(&after)
			w.tick()
			open := w.open()
			switch {
			case oneCause && (len(open) != 1 || open[0].Count != n || open[0].Kind != store.CauseIncident):
				t.Fatalf("%s: %d incidents, the first of %d devices; want one of %d", name, len(open), open[0].Count, n)
			case !oneCause && len(open) != n:
				t.Fatalf("%s: %d incidents, want %d", name, len(open), n)
			}
			return float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
		}
		if few, many := per(100), per(800); many > 2*few {
			t.Errorf("%s: %.0f bytes each where 100 fire, %.0f where 800 do", name, few, many)
		}
	}
}
