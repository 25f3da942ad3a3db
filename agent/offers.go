package agent

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/report"
	"muster/internal/segment"
)

// offers keeps which updates the system offers: a search that takes minutes of
// other programs' time, in a process of its own, once a day, while the machine
// is on mains and nothing else says to wait. What it found stands until the
// next one, over a restart too. It runs as a sampler, which puts no number.
type offers struct {
	path string
	now  func() time.Time
	log  *slog.Logger
	ask  func(context.Context) ([]byte, error)
	calm func(context.Context) bool // whether it may be searched now
	told func()                     // there is something new

	begun time.Time // first sampling
	next  time.Time // not before, since a search failed or could not tell
	done  chan searched

	mu   sync.Mutex
	kept keptOffers
}

type searched struct {
	answer []byte
	err    error
}

// keptOffers is what was found last.
type keptOffers struct {
	At     int64  `cbor:"1,keyasint"` // Unix time in seconds; 0: never
	Answer []byte `cbor:"2,keyasint"` // report.Section of rows of patch
}

const (
	offersName  = "offers.state"
	searchEvery = 24 * time.Hour
	searchLimit = 10 * time.Minute
)

// Name of the sampler in logs.
func (*offers) Name() string { return "offered updates" }

// load reads what was kept. What is damaged is searched for anew.
func (o *offers) load() {
	b, err := segment.ReadState(segment.OS(), o.path)
	var k keptOffers
	if err == nil {
		err = report.Unmarshal(b, &k)
	}
	if err == nil && k.At != 0 {
		_, err = opened("patch", k.Answer)
	}
	switch {
	case err == nil:
		o.kept = k
	case !errors.Is(err, fs.ErrNotExist):
		o.log.Warn("what was kept of offered updates is damaged; it is searched for anew", "error", err)
	}
}

// last gives the rows that were found, and whether there was a search.
func (o *offers) last() ([]inventory.Patch, bool) {
	o.mu.Lock()
	k := o.kept
	o.mu.Unlock()
	if k.At == 0 {
		return nil, false
	}
	r, err := opened("patch", k.Answer)
	if err != nil {
		return nil, false
	}
	rows, err := inventory.Decode[inventory.Patch](r.Table)
	return rows, err == nil
}

// Sample begins a search when it is time, and takes what one found.
func (o *offers) Sample(ctx context.Context, _ *host.Host, _ gather.Sink) error {
	now := o.now()
	if o.begun.IsZero() {
		o.begun = now
	}
	if o.done != nil {
		select {
		case s := <-o.done:
			o.done = nil
			return o.take(s, now)
		default:
			return nil
		}
	}
	o.mu.Lock()
	at := o.kept.At
	o.mu.Unlock()
	switch {
	case now.Sub(o.begun).Abs() < settled:
	case at != 0 && now.Sub(time.Unix(at, 0)).Abs() < searchEvery:
	case now.Before(o.next) && o.next.Sub(now) <= searchEvery: // unless the clock was set
	case !o.calm(ctx):
	default:
		o.next = now.Add(longest)
		done := make(chan searched, 1)
		o.done = done
		ctx = context.WithoutCancel(ctx) // it ends by its own limit
		go func() {
			b, err := o.ask(ctx)
			done <- searched{b, err}
		}()
	}
	return nil
}

// take keeps what a search found. That a system cannot tell is no fault, and
// is asked again as late as if it had told.
func (o *offers) take(s searched, now time.Time) error {
	if s.err != nil {
		return s.err
	}
	if _, err := opened("patch", s.answer); err != nil {
		if errors.Is(err, errors.ErrUnsupported) {
			o.next = now.Add(searchEvery)
			return nil
		}
		return err
	}
	k := keptOffers{At: now.Unix(), Answer: s.answer}
	o.mu.Lock()
	o.kept = k
	o.mu.Unlock()
	o.told()
	b, err := report.Marshal(k)
	if err != nil {
		return err
	}
	return segment.WriteState(segment.OS(), o.path, b)
}
