package intake

import (
	"sync"
	"time"

	"muster/internal/inventory"
)

// Ask is somebody's wish to have all sections of a device anew.
type Ask struct {
	At     time.Time // when it was asked for
	ToldAt time.Time // when the device was told; zero: it has not been in touch
	CameAt time.Time // when all of it had come; zero: not yet
	Of     int       // sections the device was asked for
	Left   int       // of them, those that have not come
}

// Bounds of what is asked of devices. A device is told again for as long as
// nothing comes of it, because an answer may be lost on its way; more than a few
// times would be nagging. What was asked is told for a day.
const (
	mostAsks  = 20_000
	mostTimes = 5
	askKept   = 24 * time.Hour
)

// asks are the wishes that are open or were fulfilled lately. They are kept in
// memory only: after a restart one asks again.
type asks struct {
	mu sync.Mutex
	of map[inventory.DeviceID]*ask
}

type ask struct {
	Ask
	times  int
	polled bool
	left   map[string]bool // nil until the device was told
}

// Refresh asks a device for all its sections at its next report. polled says
// that the collector asks it itself, and that it is on its way: then its next
// report is the answer. False: there are too many wishes.
func (d *Door) Refresh(id inventory.DeviceID, polled bool) (Ask, bool) {
	now := d.o.Now()
	d.asks.mu.Lock()
	defer d.asks.mu.Unlock()
	if d.asks.of == nil {
		d.asks.of = map[inventory.DeviceID]*ask{}
	}
	if len(d.asks.of) >= mostAsks {
		for k, a := range d.asks.of {
			if now.Sub(a.At) > time.Hour {
				delete(d.asks.of, k)
			}
		}
		if len(d.asks.of) >= mostAsks {
			return Ask{}, false
		}
	}
	a := &ask{Ask: Ask{At: now}, polled: polled}
	if polled {
		a.ToldAt = now
	}
	d.asks.of[id] = a
	return a.Ask, true
}

// Asked is what became of the last wish; false when there was none in a day.
func (d *Door) Asked(id inventory.DeviceID) (Ask, bool) {
	d.asks.mu.Lock()
	defer d.asks.mu.Unlock()
	a := d.asks.of[id]
	if a == nil {
		return Ask{}, false
	}
	if d.o.Now().Sub(a.At) > askKept {
		delete(d.asks.of, id)
		return Ask{}, false
	}
	return a.Ask, true
}

// refreshing notes which of the sections that were asked for came with a report,
// and answers what the device is to be asked for with its answer. have are the
// device's sections.
func (d *Door) refreshing(id inventory.DeviceID, came []string, have func(yield func(string) bool), now time.Time) []string {
	d.asks.mu.Lock()
	defer d.asks.mu.Unlock()
	a := d.asks.of[id]
	if a == nil || !a.CameAt.IsZero() {
		return nil
	}
	if a.polled {
		a.CameAt = now
		return nil
	}
	some := false
	for _, name := range came {
		if a.left[name] {
			delete(a.left, name)
			some = true
		}
	}
	if a.left != nil {
		a.Left = len(a.left)
		if a.Left == 0 {
			a.CameAt = now
		}
		if some {
			a.times = mostTimes // it has heard
		}
	}
	if a.times >= mostTimes || !a.CameAt.IsZero() {
		return nil
	}
	a.times++
	if a.left == nil {
		a.left, a.ToldAt = map[string]bool{}, now
		for name := range have {
			a.left[name] = true
		}
		a.Of, a.Left = len(a.left), len(a.left)
	}
	var want []string
	for name := range a.left {
		want = append(want, name)
	}
	return want
}
