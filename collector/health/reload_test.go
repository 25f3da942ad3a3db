package health

import (
	"context"
	"fmt"
	"testing"
	"time"

	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/report"
)

// unlike asks for three habits of a device.
const unlike = `id: X3
title: Unlike itself
family: system
subject: device
levels: [{severity: warn, when: 'mem.available_percent.z("14d") > 3.5 || swap.used_percent.z("14d") > 3.5 || processes.total.z("14d") > 3.5'}]
` + text

// low asks for one number.
const low = `id: X4
title: Low
family: memory
subject: device
levels: [{severity: warn, when: 'mem.available_percent < 1.0'}]
` + text

// usual is what a device says that unlike asks about.
func usual(swap float64) map[string]float64 {
	return map[string]float64{"mem.available_percent": 50, "swap.used_percent": swap, "processes.total": 99}
}

func columnRule(id, when string) string {
	return "id: " + id + "\ntitle: A column\nfamily: system\nsubject: device\nlevels: [{severity: warn, when: '" + when + "'}]\n" + text
}

// A wish names a number by its place in the rules, which is another one, or
// none, in the next.
func TestWishesOfOldRulesGoWithThem(t *testing.T) {
	w := newWorld(t, unlike)
	w.series = &archive{}
	w.start()
	id := w.meet(Info{ID: "pc"})
	say := func() {
		w.now = w.now.Add(time.Minute)
		w.say(id, usual(1))
	}
	say()
	if n := len(w.j.wants); n != 3 {
		t.Fatalf("%d habits are wanted, want 3", n)
	}
	w.j.Use(setOf(t, low))
	if err := w.remind(); err != nil {
		t.Fatal(err)
	}
	if n := len(w.j.devices[id].habits); n != 0 {
		t.Errorf("%d habits are learned that no rule asks for", n)
	}
	w.j.Use(w.set)
	say()
	if err := w.remind(); err != nil {
		t.Fatal(err)
	}
	if n := len(w.j.devices[id].habits); n != 3 {
		t.Errorf("%d habits are learned once they are asked for again, want 3", n)
	}
}

// Of a section only the columns are kept that rules ask for: others lie in
// other places.
func TestRulesThatAskForMoreColumnsAreTakenIntoUse(t *testing.T) {
	model, other := columnRule("K1", `system.model == "Bad"`), columnRule("K2", `system.vendor == "Dull" || system.serial == "x"`)
	w := newWorld(t, model)
	id := w.meet(Info{ID: "pc"})
	say := func() {
		w.now = w.now.Add(time.Minute)
		w.read(id, reading(t, "system", report.OK, w.now, inventory.System{Vendor: "Dull", Model: "Bad", Serial: "S"}))
		w.tick()
	}
	holds := func(when string, rules ...string) {
		t.Helper()
		for _, r := range rules {
			if _, ok := w.finding(id, r); !ok {
				t.Errorf("%s: %s finds nothing", when, r)
			}
		}
	}
	say()
	holds("before", "K1")
	w.j.Use(setOf(t, model, other))
	w.pass(time.Minute, func() { w.say(id, nil) })
	holds("what was read before", "K1")
	say()
	holds("what was read since", "K1", "K2")
}

// Rules change, and the list of devices is read, while others are loaded: this
// is for the race detector, and that nobody is forgotten.
func TestRulesChangeWhileDevicesAreLoaded(t *testing.T) {
	const n = 300
	w, r := remembering(t, killed, unlike)
	for i := range n {
		r.add(inventory.DeviceID(fmt.Sprintf("pc%03d", i)), w.now)
	}
	w.series = &archive{}
	w.start()
	other := setOf(t, killed)
	done := make(chan error)
	go func() {
		for range 60 {
			if err := w.j.Remind(context.Background(), 10); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for range 30 {
		w.j.Use(other)
		w.j.Use(w.set)
		if err := w.j.meetAll(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := w.remind(); err != nil {
		t.Error(err)
	}
	for id, d := range w.j.devices {
		if !d.loaded || d.again || d.recall {
			t.Errorf("%s: loaded %v, to be loaded again %v, its numbers to be had %v", id, d.loaded, d.again, d.recall)
		}
	}
	if got := len(w.j.devices); got != n {
		t.Errorf("%d devices, want %d", got, n)
	}
}

// The rules may change while a device is loaded, for the first time or anew:
// what the stores answered is then of no use, and it is asked for again.
func TestADeviceThatIsLoadedWhileRulesChangeIsLoadedAgain(t *testing.T) {
	for _, again := range []bool{false, true} {
		w, r := remembering(t, killed)
		r.add("pc", w.now)
		w.start()
		r.killed("pc", w.now)
		d := w.j.devices["pc"]
		d.loaded, d.again = again, again
		r.meanwhile = func() { w.j.Use(setOf(t, killed, low)) }
		if err := w.remind(); err != nil {
			t.Fatal(err)
		}
		if n := len(d.events[event.OOMKill]); r.meanwhile != nil || !d.loaded || d.again || n != 1 {
			t.Errorf("again %v: loaded %v, to be loaded again %v, %d events", again, d.loaded, d.again, n)
		}
	}
}
