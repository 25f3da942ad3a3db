package windows

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/internal/event"
	"muster/internal/order"
)

// Events says what records tell together, in the order of writing. Windows
// tells some things several times, and these are one event:
//
//   - a start: Kernel-General 12 and Kernel-Boot 27;
//   - a stop: User32 1074, EventLog 6006 and Kernel-General 13 between two
//     starts, of several 1074 the last (the others were called off);
//   - falling asleep and waking up: each source once until the opposite;
//   - an unclean stop: EventLog 6008 counts only when no Kernel-Power 41 tells
//     of the same boot, and else gives it its time;
//   - a day of throttling: the records of one day (UTC), by the processor that
//     was held back longest.
//
// What belongs together must be handed in together: at least all records
// since the last start. Times are not used to join, since clocks are set
// between records of one start.
func Events(records []Record) []Event {
	ordered := slices.Clone(records)
	order.Stable(ordered, func(a, b Record) int { return cmp.Compare(a.ID, b.ID) })
	f := folding{open: map[string]*group{}, days: map[string]*day{}}
	for i, r := range ordered {
		f.start(i, r)
		if e, ok := Of(r); ok {
			f.take(i, r, e)
		}
	}
	f.unclean()
	for _, d := range f.days {
		f.told[d.at].Attributes["seconds"] = strconv.FormatInt(d.longest(), 10)
	}
	f.told = slices.DeleteFunc(f.told, func(e Event) bool { return e.Kind == "" })
	return f.told
}

type folding struct {
	told []Event
	open map[string]*group // by kind: the event that may still gain records
	days map[string]*day   // throttling

	boots  int          // starts of the log service so far
	logged map[int]bool // which of its records the present start has
	last   int          // where the last of them stood

	stops []stop
}

// group is one event that several sources may tell of.
type group struct {
	at   int // in told
	from map[int]bool
	near int // where its last record stood
}

// stop is a record of an unclean stop.
type stop struct {
	at, id, boot, record int
	written              time.Time
}

// startSpan is how many records later the second source of a start may come.
const startSpan = 500

// start counts the starts of the log service. It writes 6009 and 6005 at each
// and 6008 before or after them; what the kernel kept for it, such as 12 and
// 41, follows.
func (f *folding) start(i int, r Record) {
	if !strings.EqualFold(r.Channel, "System") {
		return
	}
	const together = 50
	switch {
	case strings.EqualFold(r.Provider, "EventLog") && (r.EventID == 6005 || r.EventID == 6008 || r.EventID == 6009):
		if f.logged == nil || f.logged[r.EventID] || i-f.last > together {
			f.boots++
			f.logged = map[int]bool{}
		}
		f.logged[r.EventID], f.last = true, i
	case strings.EqualFold(r.Provider, "Microsoft-Windows-Kernel-General") && r.EventID == 12:
		if f.logged == nil {
			f.boots++ // the log begins with a start whose first records are gone
		}
		f.logged = nil
	}
}

func (f *folding) take(i int, r Record, e Event) {
	switch e.Kind {
	case event.Boot:
		f.join(i, r, e, startSpan)
		f.close(event.CleanStop, event.Sleep, event.Resume)
	case event.CleanStop:
		f.stopped(i, r, e)
		f.close(event.Boot, event.Resume)
	case event.Sleep:
		f.join(i, r, e, 0)
		f.close(event.Resume)
	case event.Resume:
		f.join(i, r, e, 0)
		f.close(event.Sleep)
	case event.UncleanStop:
		f.stops = append(f.stops, stop{at: len(f.told), id: r.EventID, boot: f.boots, record: i, written: r.Time})
		f.told = append(f.told, e)
	case event.Throttled:
		f.throttled(r, e)
	default:
		f.told = append(f.told, e)
	}
}

func (f *folding) close(kinds ...string) {
	for _, k := range kinds {
		delete(f.open, k)
	}
}

// join adds a record to the open event of its kind, unless that has one of
// this source already or is too far back; then it begins the next.
func (f *folding) join(i int, r Record, e Event, span int) {
	g := f.open[e.Kind]
	if g == nil || g.from[r.EventID] || span > 0 && i-g.near > span {
		f.open[e.Kind] = &group{at: len(f.told), from: map[int]bool{r.EventID: true}, near: i}
		f.told = append(f.told, e)
		return
	}
	g.from[r.EventID], g.near = true, i
	into := &f.told[g.at]
	into.Records++
	if _, better := e.Attributes["slept_seconds"]; better {
		into.At = e.At
	}
	for name, text := range e.Attributes {
		into.put(name, text)
	}
}

func (f *folding) stopped(i int, r Record, e Event) {
	g := f.open[event.CleanStop]
	carriedOut := g != nil && (g.from[6006] || g.from[13])
	if g != nil && r.EventID == 1074 && g.from[1074] && !carriedOut {
		into := &f.told[g.at]
		into.At, into.Attributes = e.At, e.Attributes
		into.Records++
		g.near = i
		return
	}
	f.join(i, r, e, 0)
}

func (e *Event) put(name, text string) {
	if e.Attributes == nil {
		e.Attributes = map[string]string{}
	}
	e.Attributes[name] = text
}

// unclean lets each 6008 go into the 41 of its boot.
func (f *folding) unclean() {
	taken := map[int]bool{}
	for _, late := range f.stops {
		if late.id != 6008 {
			continue
		}
		best, found := stop{}, false
		for _, s := range f.stops {
			if s.id == 6008 || taken[s.at] || !f.sameBoot(late, s) {
				continue
			}
			if !found || distance(late, s) < distance(late, best) {
				best, found = s, true
			}
		}
		if !found {
			continue
		}
		taken[best.at] = true
		into, from := &f.told[best.at], &f.told[late.at]
		into.Records++
		if from.At.Before(into.At) {
			into.At = from.At
		}
		from.Kind = "" // taken out at the end
	}
}

// sameBoot: by the starts of the log service, or, should its records be lost,
// by times close to each other.
func (f *folding) sameBoot(a, b stop) bool {
	const oneStart = 5 * time.Minute
	return a.boot == b.boot || distance(a, b) < startSpan && a.written.Sub(b.written).Abs() < oneStart
}

func distance(a, b stop) int { return max(a.record-b.record, b.record-a.record) }

// day is the throttling of one day.
type day struct {
	at         int
	processors map[string]int64 // seconds
}

func (d *day) longest() int64 {
	var n int64
	for _, s := range d.processors {
		n = max(n, s)
	}
	return n
}

func (f *folding) throttled(r Record, e Event) {
	date := r.Time.UTC().Format(time.DateOnly)
	d := f.days[date]
	if d == nil {
		d = &day{at: len(f.told), processors: map[string]int64{}}
		f.days[date] = d
		e.put("seconds", "0")
		f.told = append(f.told, e)
	} else {
		f.told[d.at].Records++
	}
	seconds, _ := number(r.text(2, "CapDurationInSeconds"))
	who := r.text(0, "Group") + "/" + r.text(1, "Number")
	const wholeDay = 24 * 60 * 60
	d.processors[who] = min(d.processors[who]+max(min(seconds, wholeDay), 0), wholeDay)
}
