package health

import (
	"testing"
	"time"

	"muster/collector/store"
)

// A person who closed a cause said what it is worth: more of the same within a
// day does not bring it back. A device that was not among them has an incident
// of its own.
func TestACauseThatAPersonClosedIsNotOpenedWithinADay(t *testing.T) {
	w := newWorld(t, full, causeRule)
	pcs := w.fleet(80, func(i int) Info { return Info{Model: model(i)} })
	say := func(bad int) func() { // so many of the 20 of one model
		return func() {
			n := 0
			for i, id := range pcs {
				x := 40.0
				if i%4 == 2 {
					if n++; n <= bad {
						x = 95
					}
				}
				w.say(id, used(x))
			}
		}
	}
	kinds := func() map[store.IncidentKind]int {
		out := map[store.IncidentKind]int{}
		for _, i := range w.open() {
			out[i.Kind]++
		}
		return out
	}
	w.pass(5*time.Minute, say(0))
	w.pass(40*time.Minute, say(12))
	if got := kinds(); got[store.CauseIncident] != 1 || len(got) != 1 {
		t.Fatalf("open: %v", got)
	}
	w.close()
	w.l.news = nil
	w.pass(5*time.Minute, say(12))
	if open := w.open(); len(open) != 0 {
		t.Fatalf("it was opened again though nothing changed: %+v", open)
	}
	w.pass(40*time.Minute, say(13))
	if open := w.open(); len(open) != 1 || open[0].Kind != store.DeviceIncident || open[0].Count != 1 || open[0].Devices[0].ID != pcs[4*12+2] {
		t.Fatalf("one more device: %+v", open)
	}
	w.wantTold("opened warn Full")
	// Enough for a cause by themselves.
	w.pass(40*time.Minute, say(20))
	if got := kinds(); got[store.CauseIncident] != 0 || got[store.DeviceIncident] != 8 {
		t.Errorf("eight more devices: open are %v", got)
	}
	// A day later it is another time.
	w.pass(30*time.Minute, say(12))
	w.now = w.now.Add(closedRest)
	w.pass(20*time.Minute, say(18))
	w.pass(20*time.Minute, say(20))
	if open := w.open(); len(open) != 1 || open[0].Kind != store.CauseIncident || open[0].Count != 8 {
		t.Errorf("eight devices a day later, beside the twelve that are closed: open are %+v", open)
	}
}

// An incident may end between two rounds. The next one asks the store what is
// open: it must not take for a person's what is its own and has ended.
func TestWhatEndedBetweenTwoRoundsStaysEnded(t *testing.T) {
	w := newWorld(t, full)
	id := w.meet(Info{ID: "pc"})
	w.pass(30*time.Minute, func() { w.say(id, used(95)) })
	if open := w.open(); len(open) != 1 {
		t.Fatalf("open: %+v", open)
	}
	for range 10 {
		w.now = w.now.Add(time.Minute)
		w.say(id, used(40))
	}
	if n := len(w.j.inc.open); n != 0 {
		t.Fatalf("ten minutes at 40 %%, and %d are open", n)
	}
	w.tick()
	for key := range w.j.inc.open {
		t.Errorf("open again: %s", key)
	}
	if open := w.open(); len(open) != 0 {
		t.Errorf("open in the store: %+v", open)
	}
	// What comes next is new, and told.
	w.l.news = nil
	w.pass(30*time.Minute, func() { w.say(id, used(95)) })
	if open := w.open(); len(open) != 1 {
		t.Errorf("it is full again, and open are %+v", open)
	}
	w.wantTold("opened warn Full")
}

// Nobody will ever say that a device which is no longer there is well.
func TestWhatWasFoundOnADeviceThatIsGoneEnds(t *testing.T) {
	for _, x := range []struct {
		name string
		gone func(r *registry, now time.Time)
	}{
		{"merged into another, so that it is listed no more", func(r *registry, _ time.Time) { r.devices = r.devices[1:] }},
		{"retired", func(r *registry, now time.Time) { r.devices[0].RetiredAt = now }},
	} {
		for _, judged := range []bool{true, false} {
			w, r := remembering(t, full)
			r.add("pc", w.now)
			r.add("other", w.now)
			w.start()
			w.pass(30*time.Minute, func() { w.say("pc", used(99)); w.say("other", used(99)) })
			if n := len(w.open()); n != 2 {
				t.Fatalf("%s: %d open, want 2", x.name, n)
			}
			x.gone(r, w.now)
			if !judged { // it happens while no collector runs
				w.start()
			}
			w.pass(time.Hour, func() { w.say("other", used(99)) })
			if f, ok := w.finding("pc", "X1"); ok {
				t.Errorf("%s (judged meanwhile: %v): %s %s goes on", x.name, judged, f.State, f.Severity)
			}
			if open := w.open(); len(open) != 1 || open[0].Devices[0].ID != "other" || len(w.j.inc.open) != 1 {
				t.Errorf("%s (judged meanwhile: %v): open are %+v, in memory %d", x.name, judged, open, len(w.j.inc.open))
			}
		}
	}
}
