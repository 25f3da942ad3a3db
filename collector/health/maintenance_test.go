package health

import (
	"testing"
	"time"

	"muster/collector/store"
)

// Windows are kept for those who ask what was; each that is asked for reads the
// whole list of devices every minute.
func TestWindowsThatAreOverAreNotAskedFor(t *testing.T) {
	w, r := remembering(t, killed)
	r.add("pc", w.now)
	w.start()
	w.tick()
	reads := func() int {
		before := r.listed
		w.now = w.now.Add(time.Minute)
		w.tick()
		return r.listed - before
	}
	for i := range 50 {
		w.l.windows = append(w.l.windows, store.Maintenance{ID: int64(i + 1), Name: "old", Filter: "kind = pc", From: w.now.AddDate(-1, 0, 0), To: w.now.AddDate(-1, 0, 1)})
	}
	if n := reads(); n != 0 {
		t.Errorf("the list is read %d times for what ended a year ago", n)
	}
	w.l.windows = append(w.l.windows,
		store.Maintenance{ID: 51, Name: "now", Filter: "kind = pc", From: w.now.Add(-time.Hour), To: w.now.Add(time.Hour)},
		store.Maintenance{ID: 52, Name: "each Wednesday, for ever", Filter: "kind = pc", From: w.now.AddDate(-1, 0, 0), Days: []int{3}, Start: 22 * 60, Minutes: 180})
	if n := reads(); n != 2 {
		t.Errorf("the list is read %d times for two that are not over", n)
	}
}
