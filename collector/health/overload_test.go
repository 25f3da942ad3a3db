package health

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/event"
)

// busySwap remembers for a day.
const busySwap = `id: X5
title: Swap was full
family: memory
subject: device
levels: [{severity: warn, when: 'swap.used_percent.max("24h") > 90.0'}]
` + text

// Whoever offers holds a connection of a device: a round over the fleet, which
// has the lock for long, must not keep it.
func TestOfferDoesNotWaitForARound(t *testing.T) {
	w := newWorld(t, killed)
	w.queue = 1
	w.start()
	w.j.mu.Lock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 3 {
			w.j.Offer(Observation{Device: "pc"})
		}
	}()
	select {
	case <-done:
	case <-time.After(time.Minute): // what waits, waits for ever
		t.Error("it waits for the lock")
	}
	w.j.mu.Unlock()
	<-done
	if s := w.j.Stats(); s.Waiting != 1 || s.Overflowed != 2 {
		t.Errorf("%d wait, %d did not fit; want 1 and 2", s.Waiting, s.Overflowed)
	}
}

func TestNumbersThatDidNotFitAreHadFromTheStore(t *testing.T) {
	w, r := remembering(t, busySwap)
	r.add("pc", w.now)
	numbers := &archive{}
	w.series = numbers
	w.start()
	say := func(v float64, fits bool) {
		w.now = w.now.Add(time.Minute)
		numbers.points = append(numbers.points, store.TimeValue{At: w.now, Value: v}) // intake stores before it offers
		if !fits {
			w.j.lost.add("pc")
			return
		}
		w.say("pc", map[string]float64{"swap.used_percent": v})
	}
	say(10, true)
	if err := w.remind(); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		say(99, false)
	}
	for range 3 {
		say(10, true)
		if err := w.remind(); err != nil {
			t.Fatal(err)
		}
	}
	say(10, true)
	w.tick()
	if _, ok := w.finding("pc", "X5"); !ok {
		t.Error("ten minutes at 99 % are in the store, and the judge knows nothing of them")
	}
}

// While the store starts or is gone, numbers of the past cannot be had: who
// waits for them waits once, however many of its reports did not fit, and is
// not told of in the log one by one.
func TestADeviceWaitsOnceForItsNumbers(t *testing.T) {
	for _, away := range []error{store.ErrLoading, &store.Unavailable{Err: errors.New("connection refused")}, fmt.Errorf("%w: no such account", store.ErrConfiguration)} {
		w, r := remembering(t, low)
		r.add("pc", w.now)
		w.series = &archive{refuse: func(store.SeriesQuery) error { return away }}
		w.start()
		for range 20 {
			w.now = w.now.Add(time.Minute)
			w.j.lost.add("pc")
			w.say("pc", map[string]float64{"mem.available_percent": 10})
			if w.j.Remind(t.Context(), 20) == nil {
				t.Fatalf("%v, and nobody is told", away)
			}
		}
		if n := len(w.j.recalls); n != 1 || len(w.j.later) != 0 {
			t.Errorf("%v: one device waits %d times, %d are put off", away, n, len(w.j.later))
		}
	}
}

// Between the time when the stores are asked and the time when their answer is
// taken in, a device goes on reporting. Its reports load it themselves, unless
// it is only loaded anew.
func TestWhatIsSaidWhileADeviceIsLoadedCounts(t *testing.T) {
	for _, again := range []bool{false, true} {
		w, r := remembering(t, killed)
		r.add("pc", w.now)
		w.start()
		w.j.devices["pc"].loaded, w.j.devices["pc"].again = again, again
		r.meanwhile = func() {
			for range 3 {
				w.now = w.now.Add(10 * time.Second)
				if err := w.j.Observe(t.Context(), r.killed("pc", w.now)); err != nil {
					t.Error(err)
				}
			}
		}
		if err := w.remind(); err != nil {
			t.Fatal(err)
		}
		if r.meanwhile != nil {
			t.Fatal("nothing was loaded")
		}
		var n int64
		for _, h := range w.j.devices["pc"].events[event.OOMKill] {
			n += h.count
		}
		if n != 3 {
			t.Errorf("again %v: %d of 3 events are known after the load", again, n)
		}
	}
}
