package notify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
)

// Bounds of what one incident may send to one channel.
const (
	FlapWindow = time.Hour
	FlapLimit  = 3
)

const (
	maxItems  = 5000 // read at once
	maxListed = 30   // notices in full in one letter; the rest is counted
)

// Brake is the storm brake of a channel: when it sent Letters within Period,
// one summary of all that waits, then nothing for Hold. While more than
// Letters incidents wait after that, a summary again. Zero fields take the
// defaults: 12 in 10 minutes, 15 minutes.
type Brake struct {
	Letters int           `json:"letters,omitempty"`
	Period  time.Duration `json:"period,omitempty"`
	Hold    time.Duration `json:"hold,omitempty"`
}

func (b Brake) orDefault() Brake {
	b.Letters = cmp.Or(max(b.Letters, 0), 12)
	b.Period = min(cmp.Or(max(b.Period, 0), 10*time.Minute), 24*time.Hour)
	b.Hold = min(cmp.Or(max(b.Hold, 0), 15*time.Minute), 24*time.Hour)
	return b
}

// memory is how far back letters count for some limit.
func (j *job) memory() time.Duration {
	return max(FlapWindow, 2*(j.outlet.Brake.Period+j.outlet.Brake.Hold))
}

// counted are the letters that count for limits, oldest first. Those of the
// future were formed while the clock was wrong.
func (j *job) counted(recent []Letter, window time.Duration) []Letter {
	var out []Letter
	for _, l := range recent {
		if (l.Kind == Notices || l.Kind == Storm) && l.Formed.After(j.now.Add(-window)) && !l.Formed.After(j.now.Add(time.Minute)) {
			out = append(out, l)
		}
	}
	return out
}

// brake says whether a letter with so many incidents may go: as it is, as a
// storm's summary, or not before until.
func (j *job) brake(recent []Letter, incidents int) (storm bool, until time.Time) {
	b := j.outlet.Brake
	letters := j.counted(recent, b.Period+b.Hold)
	if last := len(letters) - 1; last >= 0 {
		for i := last; i >= 0; i-- {
			if letters[i].Kind != Storm {
				continue
			}
			if end := letters[i].Formed.Add(b.Hold); j.now.Before(end) {
				return false, end
			}
			if i == last && incidents > b.Letters {
				return true, time.Time{}
			}
			letters = letters[i+1:]
			break
		}
	}
	n := 0
	for _, l := range letters {
		if l.Formed.After(j.now.Add(-b.Period)) {
			n++
		}
	}
	return n >= b.Letters, time.Time{}
}

// room says when one more letter fits under a limit in a window: now, or the
// time at which enough of the old ones have left it.
func (j *job) room(letters []Letter, window time.Duration, limit int) time.Time {
	if len(letters) < limit {
		return j.now
	}
	return letters[len(letters)-limit].Formed.Add(window)
}

// form makes a letter of what waits, if it is time to.
func (j *job) form(ctx context.Context, state State, next *earliest) (bool, error) {
	if _, until := j.brake(state.Recent, 0); until.After(j.now) {
		next.see(until)
		return false, nil
	}
	waiting, due, err := j.n.o.Store.Waiting(ctx, j.name, j.now, maxItems)
	if err != nil {
		return false, err
	}
	if due.IsZero() || due.After(j.now) && due.Before(j.now.Add(Sane)) {
		next.see(due)
		return false, nil
	}
	var s Settlement
	var ready []folded
	for _, group := range byIncident(waiting) {
		f, fate := fold(group, j.now)
		switch fate {
		case moot:
			s.Dropped = append(s.Dropped, f.numbers...)
			continue
		case unripe:
			continue
		}
		if at := j.limits(state.Recent, f); at.After(j.now) {
			for _, it := range group {
				if !it.Quiet {
					hold := at
					if it.Hold.After(at) && it.Hold.Before(j.now.Add(Sane)) {
						hold = it.Hold
					}
					s.Late = append(s.Late, Late{No: it.No, Hold: hold, Due: hold})
				}
			}
			continue
		}
		ready = append(ready, f)
	}
	if len(ready) > 0 {
		storm, _ := j.brake(state.Recent, len(ready))
		s.Letter = j.compose(ready, storm)
		for _, f := range ready {
			s.Carried = append(s.Carried, f.numbers...)
		}
	}
	if s.Letter == nil && len(s.Dropped)+len(s.Late) == 0 {
		next.see(j.now.Add(storeWait)) // due, and nothing to be done: look again, but not at once
		return false, nil
	}
	if err := j.n.o.Store.Settle(ctx, j.name, s); err != nil {
		return false, err
	}
	next.see(j.now) // there may be more
	return s.Letter != nil, nil
}

// limits says when the incident may be told of again.
func (j *job) limits(recent []Letter, f folded) time.Time {
	hour := j.counted(recent, time.Hour)
	limit := FlapLimit
	if f.notice.Kind == Escalated {
		limit *= 2
	}
	number := f.notice.Incident.Number
	own := slices.DeleteFunc(j.counted(recent, FlapWindow), func(l Letter) bool { return !slices.Contains(l.Incidents, number) })
	at := j.room(own, FlapWindow, limit)
	for i := range j.routes {
		if r := &j.routes[i]; r.Name == f.route && r.Rate > 0 {
			hour = slices.DeleteFunc(hour, func(l Letter) bool { return !slices.Contains(l.Routes, r.Name) })
			if free := j.room(hour, time.Hour, r.Rate); free.After(at) {
				at = free
			}
		}
	}
	return at
}

// byIncident groups items, both in the order they came in.
func byIncident(all []Item) [][]Item {
	var out [][]Item
	at := map[int64]int{}
	for _, it := range all {
		n := it.Announcement.Incident.Number
		i, ok := at[n]
		if !ok {
			i, at[n] = len(out), len(out)
			out = append(out, nil)
		}
		out[i] = append(out[i], it)
	}
	return out
}

type fate int

const (
	told   fate = iota // people are to hear of it
	moot               // nobody needs to
	unripe             // not yet
)

// folded is what waits about one incident, as one notice.
type folded struct {
	notice  Notice
	route   string
	numbers []int64
}

// fold makes one notice of a group, or says that none is needed.
func fold(group []Item, now time.Time) (folded, fate) {
	last := &group[len(group)-1]
	f := folded{route: last.Route}
	ripe, loud := false, 0
	var raised *Item // by a person
	for i := range group {
		it := &group[i]
		f.numbers = append(f.numbers, it.No)
		if it.Quiet {
			continue
		}
		loud++
		ripe = ripe || !it.Hold.After(now) || it.Hold.After(now.Add(Sane))
		if it.Announcement.Kind == Escalated {
			raised = it
		}
	}
	over := last.Announcement.Kind == Resolved
	heard := last.Told > 0
	switch {
	case loud == 0, over && last.Quiet, over && loud == 1 && !heard:
		// Over, and nobody is waiting to hear that; or nobody knew of it.
		return f, moot
	case !ripe:
		return f, unripe
	}
	main := last
	if raised != nil && !over {
		main = raised
	}
	f.notice = Notice{Announcement: main.Announcement, Elsewhere: last.Elsewhere}
	f.notice.Incident = last.Announcement.Incident
	for i := range group {
		if it := &group[i]; it != main {
			f.notice.Past = append(f.notice.Past, Step{it.Announcement.Kind, it.Announcement.At})
		}
	}
	const most = 12 // of an incident that flapped all night
	if extra := len(f.notice.Past) - most; extra > 0 {
		f.notice.Past = slices.Delete(f.notice.Past, 1, 1+extra)
	}
	return f, told
}

// compose makes a letter.
func (j *job) compose(ready []folded, storm bool) *Letter {
	slices.SortStableFunc(ready, func(a, b folded) int {
		return cmp.Or(
			cmp.Compare(urgency(&b.notice), urgency(&a.notice)),
			cmp.Compare(a.notice.Incident.Number, b.notice.Incident.Number))
	})
	m := Message{Kind: Notices, At: j.now, URL: j.n.o.URL, Zone: j.zone}
	l := &Letter{Channel: j.name, Formed: j.now, Since: j.now, State: Unsent}
	if storm {
		m.Kind, m.Until = Storm, j.now.Add(j.outlet.Brake.Hold)
	}
	h := sha256.New()
	h.Write([]byte(j.name))
	for i := range ready {
		f := &ready[i]
		h.Write([]byte("\n" + f.notice.ID))
		l.Incidents = append(l.Incidents, f.notice.Incident.Number)
		if !slices.Contains(l.Routes, f.route) {
			l.Routes = append(l.Routes, f.route)
		}
		if i < maxListed {
			m.Notices = append(m.Notices, f.notice)
			continue
		}
		m.Numbers = append(m.Numbers, f.notice.Incident.Number)
		m.More = tally(m.More, f.notice.Incident.place(), f.notice.Incident.Severity)
	}
	sum := h.Sum(nil)
	m.ID = "n-" + hex.EncodeToString(sum[:12])
	l.ID, l.Kind, l.Message = m.ID, m.Kind, m
	l.Subject = m.Subject()
	return l
}

// urgency orders notices: what is over comes last.
func urgency(n *Notice) int {
	u := 2 * n.Incident.Severity.rank()
	switch n.Kind {
	case Resolved:
		return 0
	case Escalated:
		return u + 1
	}
	return u
}

// tally counts one more; beyond a number of places they are counted together.
func tally(in []Tally, place string, s Severity) []Tally {
	const most = 50
	for _, where := range []string{place, "other places"} {
		for i := range in {
			if in[i].Place == where && in[i].Severity == s {
				in[i].Count++
				return in
			}
		}
		if len(in) < most || where != place {
			return append(in, Tally{where, s, 1})
		}
	}
	return in
}
