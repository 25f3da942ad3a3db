package notify

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"time"
)

// Settings are the channels and routes as they are now.
type Settings struct {
	Outlets []Outlet
	Routes  []Route // in the order in which they decide
	Zone    string  // in which messages show times; empty: UTC
}

// Outlet is a channel that is set up.
type Outlet struct {
	Name    string
	Version string  // changes whenever something about it does: what waits is tried at once then
	Channel Channel // nil: it cannot be built, because of Fault; what is for it waits
	Fault   error
	Brake   Brake
}

// Standing is an incident that is open now.
type Standing struct {
	Incident Incident
	Claimed  bool
	State    string // in words: "claimed by ines", "snoozed until 14 Mar"
}

// Options of a Notifier.
type Options struct {
	Store Store
	// Setup reads channels and routes. It is asked at start, after Reload, and
	// now and then. While it fails the last answer stands; before the first
	// good one nothing is dispatched.
	Setup func(context.Context) (Settings, error)
	// Open lists the incidents that are open, for digests.
	Open func(context.Context) ([]Standing, error)
	URL  string // of the list of incidents
	Log  *slog.Logger
	Now  func() time.Time // nil: time.Now
	Rand func() float64   // in [0, 1), for jitter; nil: math/rand/v2
}

// Rhythms of a Notifier.
const (
	poll        = 10 * time.Second // announcements are looked for without a Wake
	reread      = time.Minute      // Setup is asked without a Reload
	longestNap  = time.Minute      // clocks change, machines sleep: look at the time now and then
	storeWait   = 5 * time.Second  // after an error of the store
	batch       = 200              // announcements dispatched in one transaction
	pruneEvery  = time.Hour
	SendTimeout = time.Minute     // for one attempt on one letter
	sendGrace   = 5 * time.Second // that an attempt has left when the process is to end
	Keep        = 90 * 24 * time.Hour
)

// Notifier brings announcements to people.
type Notifier struct {
	o      Options
	wake   chan struct{}
	reload chan struct{}

	// Of Run's goroutine.
	started  time.Time
	settings Settings
	workers  map[string]*worker
}

// New checks the options; it starts nothing.
func New(o Options) (*Notifier, error) {
	if o.Store == nil || o.Setup == nil || o.Open == nil {
		return nil, errors.New("notify needs a store, a set-up and a list of open incidents")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = mathrand.Float64
	}
	o.URL = link(o.URL)
	return &Notifier{o: o, wake: make(chan struct{}, 1), reload: make(chan struct{}, 1), workers: map[string]*worker{}}, nil
}

// Wake says that announcements were committed. It never blocks; without it
// they are found some seconds later.
func (n *Notifier) Wake() { knock(n.wake) }

// Reload says that channels or routes were changed, or that a letter was put
// back in line. It never blocks.
func (n *Notifier) Reload() { knock(n.reload) }

func knock(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run works until ctx ends and returns nil then. It is called once. What
// happens to letters under way is described at the package.
func (n *Notifier) Run(ctx context.Context) error {
	n.started = n.o.Now()
	var running sync.WaitGroup
	defer running.Wait()
	defer func() {
		for _, w := range n.workers {
			w.stop()
		}
	}()
	var read, pruned time.Time
	changed := true
	for ctx.Err() == nil {
		now := n.o.Now()
		if changed || now.Sub(read).Abs() >= reread {
			if n.setUp(ctx, &running, changed) {
				read = now
			}
			changed = false
		}
		if !read.IsZero() {
			n.dispatch(ctx)
		}
		if now.Sub(pruned).Abs() >= pruneEvery {
			if err := n.o.Store.Prune(ctx, now.Add(-Keep)); err != nil && ctx.Err() == nil {
				n.o.Log.Warn("old notices were not dropped", "error", err)
			}
			pruned = now
		}
		timer := time.NewTimer(poll)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-n.wake:
		case <-n.reload:
			changed = true
		}
		timer.Stop()
	}
	return nil
}

// setUp reads the settings and starts, changes and stops workers.
func (n *Notifier) setUp(ctx context.Context, running *sync.WaitGroup, nudge bool) bool {
	s, err := n.o.Setup(ctx)
	if err != nil {
		if ctx.Err() == nil {
			n.o.Log.Error("channels and routes of notices cannot be read; the last ones stay in force", "error", err)
		}
		return false
	}
	n.settings = s
	keep := map[string]bool{}
	for _, o := range s.Outlets {
		keep[o.Name] = true
		w := n.workers[o.Name]
		if w == nil {
			w = &worker{n: n, name: o.Name, wake: make(chan struct{}, 1)}
			n.workers[o.Name] = w
			own, cancel := context.WithCancel(ctx)
			done := make(chan struct{})
			w.stop = func() { cancel(); <-done }
			w.set(o, s)
			running.Go(func() { defer close(done); w.run(own) })
			continue
		}
		w.set(o, s)
		if nudge {
			knock(w.wake)
		}
	}
	for name, w := range n.workers {
		if !keep[name] {
			w.stop()
			delete(n.workers, name)
		}
	}
	return true
}

// dispatch turns announcements into items of channels.
func (n *Notifier) dispatch(ctx context.Context) {
	for ctx.Err() == nil {
		list, err := n.o.Store.Pending(ctx, batch)
		if err == nil && len(list) > 0 {
			err = n.route(ctx, list)
		}
		if err != nil && ctx.Err() == nil {
			n.o.Log.Error("announcements wait: the store cannot be read or written", "error", err)
		}
		if err != nil || len(list) < batch {
			return
		}
	}
}

func (n *Notifier) route(ctx context.Context, list []Announcement) error {
	now := n.o.Now()
	ids := make([]string, len(list))
	var out []Item
	for i, a := range list {
		ids[i] = a.ID
		out = append(out, items(n.settings.Routes, a, now)...)
	}
	if err := n.o.Store.Dispatch(ctx, ids, out); err != nil {
		return err
	}
	for _, it := range out {
		if w := n.workers[it.Channel]; w != nil {
			knock(w.wake)
		}
	}
	return nil
}

// Test sends a message to a channel at once, past all routes and limits. It
// may be called while Run runs or not. The error says what the far side said.
func (n *Notifier) Test(ctx context.Context, channel string) error {
	s, err := n.o.Setup(ctx)
	if err != nil {
		return fmt.Errorf("read channels: %w", err)
	}
	for _, o := range s.Outlets {
		if o.Name != channel {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, SendTimeout)
		defer cancel()
		return send(ctx, o, Message{ID: "test-" + rand.Text(), Kind: Probe, At: n.o.Now(), URL: n.o.URL, Zone: s.Zone, Attempt: 1})
	}
	return fmt.Errorf("there is no channel %q, or it is switched off", channel)
}

// send asks the channel; one that panics has a fault that trying again does
// not mend, and must not take the others with it.
func send(ctx context.Context, o Outlet, m Message) (err error) {
	if o.Channel == nil {
		return &Failure{Fate: Setup, Err: cmp.Or(o.Fault, errors.New("the channel cannot be set up"))}
	}
	defer func() {
		if p := recover(); p != nil {
			err = &Failure{Fate: Permanent, Err: fmt.Errorf("a fault in Muster's channel: %v", p)}
		}
	}()
	return o.Channel.Send(ctx, m)
}
