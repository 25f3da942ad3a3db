package sqlstore

import (
	"context"
	"fmt"
	"sync"

	"muster/collector/store"
)

// together lets writers that wait for the same file share one commit: an fsync
// takes milliseconds, and after an outage thousands of devices show their
// certificates at once. Each has a savepoint (https://www.sqlite.org/lang_savepoint.html),
// so that what one of them cannot do is undone alone.
type together struct {
	mu      sync.Mutex
	waiting []*sharer
}

// sharer is what somebody wants written.
type sharer struct {
	f     func(*tx) error
	after []func()
	err   error
	done  chan struct{}
}

// mostTogether is how many writers share a commit at most, so that the first of
// them does not wait for long.
const mostTogether = 256

// writeTogether is write for many at once. Who gets the turn writes for all that
// wait; the others only wait for the end.
func (d *database) writeTogether(ctx context.Context, f func(*tx) error) error {
	w := &sharer{f: f, done: make(chan struct{})}
	g := d.group
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	g.mu.Unlock()
	for {
		select {
		case <-w.done:
			return w.err
		case <-d.turn:
			d.lead(g.take())
			d.turn <- struct{}{}
		case <-ctx.Done():
			if g.leave(w) {
				return ctx.Err()
			}
			<-w.done // somebody is at it: f may not be left to them
			return w.err
		}
	}
}

// take is those that wait, the first ones first.
func (g *together) take() []*sharer {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.waiting), mostTogether)
	list := g.waiting[:n:n]
	g.waiting = append([]*sharer(nil), g.waiting[n:]...)
	return list
}

// leave takes one out that nobody has taken yet.
func (g *together) leave(w *sharer) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, x := range g.waiting {
		if x == w {
			g.waiting = append(g.waiting[:i:i], g.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// lead writes what several want in one transaction. The caller has the turn.
func (d *database) lead(list []*sharer) {
	defer func() {
		for _, w := range list {
			close(w.done)
		}
	}()
	all := func(err error) {
		for _, w := range list {
			if w.err == nil {
				w.err = err
			}
		}
	}
	if len(list) == 0 {
		return
	}
	if d.broken != nil {
		all(d.broken)
		return
	}
	t := &tx{d: d}
	err := t.do("BEGIN IMMEDIATE")
	if err == nil {
		for _, w := range list {
			if err = t.share(w, len(list) > 1); err != nil {
				break
			}
		}
	}
	if err == nil {
		err = t.do("COMMIT")
	}
	if err != nil {
		// What undoes itself says "no transaction" here, which is what is wanted.
		_ = t.do("ROLLBACK")
		all(err)
	}
	for _, w := range list {
		if fatal(w.err) {
			d.broken = w.err
		}
		if w.err == nil {
			for _, f := range w.after {
				f()
			}
		}
	}
}

// share does what one writer wants. An error is one of all: the transaction is
// lost. The writer's own stands in w.
func (t *tx) share(w *sharer, saved bool) error {
	own := &tx{d: t.d}
	if !saved {
		w.err = own.try(w)
		return w.err
	}
	if err := t.do("SAVEPOINT one"); err != nil {
		return err
	}
	if w.err = own.try(w); w.err == nil {
		return t.do("RELEASE one")
	}
	if fatal(w.err) {
		return w.err
	}
	if err := t.do("ROLLBACK TO one"); err != nil {
		// A full disk, for one, has undone the whole transaction already.
		return fmt.Errorf("%w: what was written with it is undone: %v", store.ErrBusy, w.err)
	}
	return t.do("RELEASE one")
}

func (t *tx) try(w *sharer) error {
	err := w.f(t)
	w.after = t.after
	return err
}
