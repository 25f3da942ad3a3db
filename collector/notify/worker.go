package notify

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"muster/internal/backoff"
)

// Rhythms of trying again.
const (
	firstRetry = 30 * time.Second
	lastRetry  = time.Hour
	setupRetry = 5 * time.Minute // at least, when a person has to change something: no account shall be locked
	// GiveUp is how long a letter is tried; it is put aside then, but not
	// before it was tried leastTries times: a clock that jumped ages nothing.
	GiveUp     = 24 * time.Hour
	leastTries = 10
	// farNext is further than any wait: a time set while the clock was wrong.
	farNext = backoff.MaxRetryAfter*3/2 + time.Hour
)

// worker sees to one channel. Its fields without a lock are of its goroutine.
type worker struct {
	n    *Notifier
	name string
	wake chan struct{}
	stop func()

	mu     sync.Mutex
	outlet Outlet
	routes []Route
	zone   string
	fresh  bool // the outlet was changed: waits are over

	failures int    // different letters that failed in a row
	failed   string // the last of them
}

func (w *worker) set(o Outlet, s Settings) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fresh = w.fresh || w.outlet.Version != o.Version
	w.outlet, w.zone = o, s.Zone
	w.routes = nil
	for _, r := range s.Routes {
		if r.Channel == o.Name && !r.Off {
			w.routes = append(w.routes, r)
		}
	}
}

func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		next, err := w.step(ctx)
		now := w.n.o.Now()
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			w.n.o.Log.Error("notices wait: the store cannot be read or written", "channel", w.name, "error", err)
			next = now.Add(storeWait)
		}
		nap := longestNap
		if !next.IsZero() {
			nap = min(max(next.Sub(now), time.Millisecond), longestNap)
		}
		timer := time.NewTimer(nap)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-w.wake:
		}
		timer.Stop()
	}
}

// earliest collects when something is to be done next.
type earliest struct{ at time.Time }

func (e *earliest) see(t time.Time) {
	if !t.IsZero() && (e.at.IsZero() || t.Before(e.at)) {
		e.at = t
	}
}

// step does all that is to be done now and says when to come back; zero is
// when something happens.
func (w *worker) step(ctx context.Context) (time.Time, error) {
	w.mu.Lock()
	j := &job{worker: w, outlet: w.outlet, routes: w.routes, zone: w.zone, now: w.n.o.Now()}
	fresh := w.fresh
	w.fresh = false
	w.mu.Unlock()
	j.outlet.Brake = j.outlet.Brake.orDefault()
	at, err := j.do(ctx, fresh)
	if err != nil && fresh {
		w.mu.Lock()
		w.fresh = true
		w.mu.Unlock()
	}
	return at, err
}

// job is one step of a worker.
type job struct {
	*worker
	outlet Outlet
	routes []Route
	zone   string
	now    time.Time
}

func (j *job) do(ctx context.Context, fresh bool) (time.Time, error) {
	store := j.n.o.Store
	var next earliest
	state, err := store.State(ctx, j.name, j.now.Add(-j.memory()))
	if err != nil {
		return time.Time{}, err
	}
	if fresh || len(state.Unsent) == 0 {
		j.failures, j.failed = 0, ""
	}
	formed, err := j.digests(ctx, state, &next)
	if err != nil {
		return time.Time{}, err
	}
	// A channel that is down is not fed: what comes meanwhile goes as one
	// letter when it is up again.
	if j.failures < 2 {
		more, err := j.form(ctx, state, &next)
		if err != nil {
			return time.Time{}, err
		}
		formed = formed || more
	}
	if formed {
		if state, err = store.State(ctx, j.name, j.now.Add(-j.memory())); err != nil {
			return time.Time{}, err
		}
	}
	down := j.failures >= 2
	if err := j.deliver(ctx, state.Unsent, fresh, &next); err != nil {
		return time.Time{}, err
	}
	if down && j.failures == 0 {
		return j.now, nil // up again: there may be much to form
	}
	return next.at, nil
}

// deliver tries the unsent letters in order.
func (j *job) deliver(ctx context.Context, unsent []Letter, fresh bool, next *earliest) error {
	var blocked []int64 // incidents of letters that have to go first
	wait := func(l *Letter) {
		blocked = append(blocked, l.Incidents...)
	}
	tried := false
	for i := range unsent {
		l := &unsent[i]
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if slices.ContainsFunc(l.Incidents, func(n int64) bool { return slices.Contains(blocked, n) }) {
			wait(l)
			continue
		}
		if ahead := l.Next.Sub(j.now); !fresh && ahead > 0 && ahead < farNext {
			next.see(l.Next)
			wait(l)
			continue
		}
		if j.failures >= 2 && tried {
			wait(l) // the channel is down: the rest is tried when this one's turn comes
			continue
		}
		tried = true
		m, err := j.attempt(ctx, l)
		if err != nil {
			return err
		}
		if m.State == Unsent {
			next.see(m.Next)
			wait(l)
		}
	}
	return nil
}

// attempt tries one letter and notes what came of it.
func (j *job) attempt(ctx context.Context, l *Letter) (Mark, error) {
	log := j.n.o.Log.With("channel", j.name, "letter", l.ID)
	m := l.Message
	m.Attempt = l.Attempts + 1
	trying, cancel := context.WithTimeout(context.WithoutCancel(ctx), SendTimeout)
	defer cancel()
	// A process that ends lets the far side answer, or the letter comes twice.
	defer context.AfterFunc(ctx, func() {
		grace := time.AfterFunc(sendGrace, cancel)
		context.AfterFunc(trying, func() { grace.Stop() })
	})()
	err := send(trying, j.outlet, m)
	now := j.n.o.Now()
	mark := Mark{State: Sent, At: now}
	var partly *Partly
	permanent := false // a fault of this letter, which says nothing about the channel
	switch {
	case err == nil:
	case errors.As(err, &partly):
		mark.Said = Line(partly.Note, maxText)
		log.Warn("a notice did not reach everybody", "left out", mark.Said)
	default:
		f := failure(err)
		permanent = f.Fate == Permanent
		mark.Said = Line(f.Error(), maxText)
		mark.State, mark.Next = j.verdict(l, f, now)
		if mark.State == Failed {
			log.Error("a notice was put aside; it is listed, and can be sent again", "attempts", m.Attempt, "error", mark.Said)
		} else {
			log.Warn("a notice waits", "attempts", m.Attempt, "until", mark.Next, "error", mark.Said)
		}
	}
	switch {
	case mark.State == Sent:
		j.failures, j.failed = 0, ""
	case !permanent && l.ID != j.failed:
		j.failures++
		j.failed = l.ID
	}
	return mark, j.note(ctx, l.ID, mark)
}

// note writes the mark down, and does not go on before: a letter whose mark is
// lost would be sent again.
func (j *job) note(ctx context.Context, id string, m Mark) error {
	for {
		lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendGrace)
		err := j.n.o.Store.Mark(lasting, id, m)
		cancel()
		if err == nil {
			return nil
		}
		j.n.o.Log.Error("what became of a notice cannot be written down", "channel", j.name, "letter", id, "error", err)
		if serr := backoff.Sleep(ctx, storeWait); serr != nil {
			return err
		}
	}
}

// verdict says what becomes of a letter that was not taken.
func (j *job) verdict(l *Letter, f *Failure, now time.Time) (LetterState, time.Time) {
	if f.Fate == Permanent || now.Sub(l.Since) >= GiveUp && l.Attempts+1 >= leastTries {
		return Failed, time.Time{}
	}
	b := backoff.Backoff{Min: firstRetry, Max: lastRetry, Rand: j.n.o.Rand}
	for range min(l.Attempts, 10) {
		b.Next()
	}
	wait := b.Obey(f.After) // as Next when nothing was asked
	if f.Fate == Setup {
		wait = max(wait, setupRetry)
	}
	return Unsent, now.Add(wait)
}
