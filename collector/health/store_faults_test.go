package health

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// ids names n devices.
func ids(n int) []inventory.DeviceID {
	var out []inventory.DeviceID
	for i := range n {
		out = append(out, inventory.DeviceID(fmt.Sprintf("pc%02d", i)))
	}
	return out
}

func TestAQueryThatFailsLosesNoHabit(t *testing.T) {
	w := newWorld(t, unlike)
	numbers := &archive{}
	w.series = numbers
	w.start()
	pcs := ids(5)
	for _, id := range pcs {
		w.meet(Info{ID: id})
	}
	say := func(swap float64) {
		w.now = w.now.Add(time.Minute)
		for _, id := range pcs {
			w.say(id, usual(swap))
		}
	}
	say(1)
	failed := false
	numbers.refuse = func(store.SeriesQuery) error {
		if failed {
			return nil
		}
		failed = true
		return errors.New("busy")
	}
	if w.remind() == nil {
		t.Error("nobody is told that a habit could not be learned")
	}
	say(2) // who is asked again wants it again
	if err := w.remind(); err != nil {
		t.Fatal(err)
	}
	for _, id := range pcs {
		if n := len(w.j.devices[id].habits); n != 3 {
			t.Errorf("%s has %d habits, want 3", id, n)
		}
	}
}

// A row that cannot be decoded must not keep the others' past from being known,
// nor causes from being looked for.
func TestADeviceThatCannotBeReadHoldsNobodyUp(t *testing.T) {
	w, r := remembering(t, killed)
	pcs := ids(50)
	for _, id := range pcs {
		r.add(id, w.now)
	}
	unknown := func() (out []inventory.DeviceID) {
		for _, id := range pcs {
			if !w.j.devices[id].loaded {
				out = append(out, id)
			}
		}
		return out
	}
	r.refuse = pcs[0]
	w.start()
	if err := w.remind(); err != nil {
		t.Fatal(err)
	}
	if got := unknown(); !slices.Equal(got, pcs[:1]) {
		t.Errorf("%d devices are not known: %v", len(got), got)
	}
	if w.j.strangers() {
		t.Error("no cause is looked for because of one device")
	}
	// It is judged by what it says meanwhile, and its past comes when it can.
	w.read(pcs[0], reading(t, "os", report.OK, w.now, inventory.OS{Family: "windows"}))
	w.say(pcs[0], nil, r.killed(pcs[0], w.now).Events...)
	if f := w.flushed(pcs[0], "X2"); f.Severity != "warn" {
		t.Errorf("what it says is not judged: %+v", f)
	}
	r.refuse = ""
	w.now = w.now.Add(againAfter)
	if err := w.remind(); err != nil {
		t.Fatal(err)
	}
	if got := unknown(); len(got) > 0 {
		t.Errorf("not known though it can be read again: %v", got)
	}
}

func TestADeviceWhoseNumbersCannotBeReadHoldsNobodyUp(t *testing.T) {
	w, r := remembering(t, low, unlike)
	pcs := ids(50)
	for _, id := range pcs {
		r.add(id, w.now)
	}
	numbers := &archive{refuse: func(q store.SeriesQuery) error {
		if q.Matchers[0].Values[0] == string(pcs[0]) {
			return errors.New("a block cannot be read")
		}
		return nil
	}}
	w.series = numbers
	w.start()
	without := func() (out []inventory.DeviceID) {
		for _, id := range pcs {
			if d := w.j.devices[id]; d.recall || !d.loaded {
				out = append(out, id)
			}
		}
		return out
	}
	if err := w.remind(); err != nil {
		t.Fatal(err)
	}
	if got := without(); !slices.Equal(got, pcs[:1]) {
		t.Errorf("%d devices are without their past: %v", len(got), got)
	}
	numbers.refuse = nil
	w.now = w.now.Add(againAfter)
	if err := w.remind(); err != nil {
		t.Fatal(err)
	}
	if got := without(); len(got) > 0 {
		t.Errorf("without their past though it can be read again: %v", got)
	}
}

// An end that waits to be recorded is not in the store: what is open there is
// no incident that another judge, or a person, opened.
func TestAnEndThatCannotBeRecordedYetIsToldOnce(t *testing.T) {
	w := newWorld(t, siteRule)
	say := w.office(10)
	w.pass(30*time.Minute, say)
	w.pass(20*time.Minute, nil)
	w.l.refuse = true
	for range 3 {
		w.now = w.now.Add(time.Minute)
		say()
		if err := w.j.Tick(t.Context(), w.now); !errors.Is(err, store.ErrFull) {
			t.Errorf("the store is full, and the round says %v", err)
		}
	}
	w.l.refuse = false
	w.pass(5*time.Minute, say)
	w.wantTold("opened critical A site is silent: Hartford", "cleared critical A site is silent: Hartford")
	if open := w.open(); len(open) != 0 {
		t.Errorf("open: %+v", open)
	}
}
