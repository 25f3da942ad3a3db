package watch

import (
	"strconv"
	"strings"
	"time"

	"muster/internal/event"
	"muster/internal/event/linux"
)

// Event is one that happened, or several alike.
type Event struct {
	Kind       string
	At         time.Time // of the first
	Attributes map[string]string
	Count      int64
}

const (
	// together is how far apart events alike may be to be told as one with a
	// count.
	together = 10 * time.Minute
	// maxWaiting is from how many on events alike are joined before they are
	// asked for, maxTold how many are told at once.
	maxWaiting = 400
	maxTold    = 300
	// Of one kind so many different ones are told, and so many more a minute:
	// the rest is only counted.
	kindBurst     = 100
	kindPerMinute = 1
	// maxBursts bounds what is remembered of lines that belong together.
	maxBursts = 256
	// kickEvery is how often the same can have a report sent at once.
	kickEvery = 10 * time.Minute
)

// fold joins lines to events, and events alike to one with a count.
type fold struct {
	waiting []*Event
	bursts  map[string]*burst
	rates   map[string]*rate
	kicked  map[string]time.Time
}

// burst is an event that further lines may still add to.
type burst struct {
	first time.Time
	span  time.Duration
	rank  int
	ev    *Event // nil once it was told
}

type rate struct {
	left float64
	at   time.Time
	over int64 // events that were only counted
}

// add takes what one line tells. It says whether that is to be sent at once.
func (f *fold) add(e linux.Event, now time.Time) (urgent bool) {
	if e.Burst != "" {
		key := e.Burst + "/" + e.Disk
		if b := f.bursts[key]; b != nil && e.At.Sub(b.first).Abs() <= b.span {
			b.add(e)
			return false
		}
		if e.Part {
			return false
		}
	}
	ev := &Event{Kind: e.Kind, At: e.At, Attributes: e.Attributes, Count: max(e.Count, 1)}
	f.waiting = append(f.waiting, ev)
	if len(f.waiting) > maxWaiting {
		f.join()
	}
	if e.Burst != "" {
		if f.bursts == nil || len(f.bursts) >= maxBursts {
			f.bursts = map[string]*burst{}
		}
		f.bursts[e.Burst+"/"+e.Disk] = &burst{first: e.At, span: e.Span, rank: e.Rank, ev: ev}
	}
	return f.urgent(ev, now)
}

func (b *burst) add(e linux.Event) {
	if b.ev == nil {
		return
	}
	if e.Kind != "" && e.Rank > b.rank {
		b.ev.Kind = e.Kind
	}
	if b.ev.Attributes == nil {
		b.ev.Attributes = map[string]string{}
	}
	for name, text := range e.Attributes {
		if b.ev.Attributes[name] == "" || e.Rank > b.rank {
			b.ev.Attributes[name] = text
		}
	}
	b.ev.Kind = linux.Refined(b.ev.Kind, b.ev.Attributes)
	b.rank = max(b.rank, e.Rank)
}

// urgent says whether an event is to be sent at once: its kind asks for it,
// and the same was not sent so a while ago.
func (f *fold) urgent(ev *Event, now time.Time) bool {
	k, ok := event.Lookup(ev.Kind)
	if !ok || !k.Urgent {
		return false
	}
	key := alike(ev)
	if at, ok := f.kicked[key]; ok && now.Sub(at).Abs() < kickEvery {
		return false
	}
	if f.kicked == nil || len(f.kicked) > maxWaiting {
		f.kicked = map[string]time.Time{}
	}
	f.kicked[key] = now
	return true
}

// alike is the same for events that may be folded.
func alike(e *Event) string {
	k, _ := event.Lookup(e.Kind)
	var b strings.Builder
	b.WriteString(e.Kind)
	for _, name := range k.Key {
		b.WriteByte(0)
		b.WriteString(e.Attributes[name])
	}
	return b.String()
}

// join folds what waits. Kinds without a key are told one by one, unless they
// are the same in everything.
func (f *fold) join() {
	first := map[string]*Event{}
	kept := f.waiting[:0]
	for _, e := range f.waiting {
		key := alike(e)
		if k, _ := event.Lookup(e.Kind); len(k.Key) == 0 {
			key += "\x00" + e.At.String()
		}
		if o := first[key]; o != nil && e.At.Sub(o.At).Abs() <= together {
			o.Count += e.Count
			for name, text := range e.Attributes {
				if o.Attributes[name] == "" {
					o.Attributes[name] = text
				}
			}
			continue
		}
		first[key] = e
		kept = append(kept, e)
	}
	clear(f.waiting[len(kept):])
	f.waiting = kept
	f.bursts = nil
}

// take gives what is to be told now.
func (f *fold) take(now time.Time) []Event {
	if len(f.waiting) == 0 {
		return nil
	}
	bursts := f.bursts
	f.join()
	var told []Event
	for i, e := range f.waiting {
		if i >= maxTold || !f.allowed(e, now) {
			f.rate(e.Kind, now).over += e.Count
			continue
		}
		told = append(told, *e)
	}
	for kind, r := range f.rates {
		if r.over > 0 {
			told = append(told, Event{Kind: event.Limited, At: now, Count: r.over,
				Attributes: map[string]string{"what": "events", "section": kind, "limit": strconv.Itoa(kindBurst)}})
			r.over = 0
		}
	}
	f.waiting = nil
	// Lines that come late belong to what was told.
	for key, b := range bursts {
		if b.ev = nil; now.Sub(b.first) > 2*b.span {
			delete(bursts, key)
		}
	}
	f.bursts = bursts
	return told
}

func (f *fold) rate(kind string, now time.Time) *rate {
	r := f.rates[kind]
	if r == nil {
		if f.rates == nil {
			f.rates = map[string]*rate{}
		}
		r = &rate{left: kindBurst, at: now}
		f.rates[kind] = r
	}
	return r
}

func (f *fold) allowed(e *Event, now time.Time) bool {
	r := f.rate(e.Kind, now)
	if since := now.Sub(r.at).Minutes(); since > 0 {
		r.left = min(r.left+since*kindPerMinute, kindBurst)
	}
	r.at = now
	if r.left < 1 {
		return false
	}
	r.left--
	return true
}
