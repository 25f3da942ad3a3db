package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/agent/spool"
	"muster/agent/watch"
	"muster/internal/backoff"
	"muster/internal/inventory"
	"muster/internal/report"
	"muster/internal/segment"
)

// recorder turns time into reports: it samples each minute, reads the sections
// that are due, and puts reports into the spool. It does not know whether a
// collector can be reached.
type recorder struct {
	host     *host.Host
	log      *slog.Logger
	now      func() time.Time
	readings *readings
	samplers []gather.Sampler
	sheet    sheet
	spool    *spool.Spool
	kept     *kept
	machine  func() [8]byte
	boot     [8]byte
	wake     func() // tells the sender that something waits
	watch    watcher
	urgent   chan struct{} // an event that is to be sent at once

	mu      sync.Mutex // guards what the sender hands over
	wanted  []string
	hashes  bool
	every   time.Duration // between samples
	next    time.Duration // between reports
	phase   time.Duration // of this device in next
	changed bool
	off     []string
	cadence map[string]time.Duration
	turned  chan struct{} // the rhythm is another

	samples []sampled
	layouts []report.Layout // not in a report yet
	events  []watch.Event
	errors  int64
	took    time.Duration
	hanging map[string]chan error // samplers that were given up, by name
	rest    func()                // nothing is to be done for a while; may be nil
}

type sampled struct {
	at     time.Time
	sample report.Sample
}

// watcher gives events. What Take gave it gives again after a restart, until
// Keep, before a report is written, and Told, after it.
type watcher interface {
	Take() []watch.Event
	Keep(epoch, seq uint64) error
	Told()
}

// maxWaiting bounds the samples that wait for the next report, maxEvents the
// events, should reports not be kept for long.
const (
	maxWaiting = 60
	maxEvents  = 1000
)

// Run records until ctx ends, then once more.
func (r *recorder) Run(ctx context.Context) error {
	r.sample(ctx) // the first reading of counters that are told by difference
	if !pause(ctx, 2*time.Second) {
		return nil
	}
	r.sample(ctx)
	if err := r.report(ctx); err != nil {
		return err
	}
	every, next, phase := r.rhythm()
	sampleAt := r.now().Add(every)
	reportAt := backoff.NextAt(r.now(), phase, next)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.turned:
			// A shorter interval holds now, not after the longer one is over.
			every, next, phase = r.rhythm()
			if at := backoff.NextAt(r.now(), phase, every); at.Before(sampleAt) {
				sampleAt = at
			}
			reportAt = backoff.NextAt(r.now(), phase, next)
			continue
		case <-r.urgent:
			if err := r.report(ctx); err != nil {
				return err
			}
			continue
		case <-time.After(max(sampleAt.Sub(r.now()), 0)):
		}
		r.sample(ctx)
		every, n, p := r.rhythm()
		if n != next || p != phase {
			next, phase = n, p
			reportAt = backoff.NextAt(r.now(), phase, next)
		}
		if !r.now().Before(reportAt.Add(-every / 2)) {
			if err := r.report(ctx); err != nil {
				return err
			}
			reportAt = backoff.NextAt(r.now().Add(every/2), phase, next)
		} else {
			r.rested() // after a report it is its delivery that ends the work
		}
		// At the moments of the phase, so that a report carries fresh samples;
		// never at those slept through, which would be a burst.
		sampleAt = backoff.NextAt(r.now().Add(every/4), phase, every)
	}
}

func (r *recorder) rested() {
	if r.rest != nil {
		r.rest()
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func (r *recorder) rhythm() (every, next, phase time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.every, r.next, r.phase
}

// sample reads all numbers once.
func (r *recorder) sample(ctx context.Context) {
	r.sheet.begin()
	at := r.now()
	for _, s := range r.samplers {
		if err := r.one(ctx, s); err != nil {
			r.errors++
			r.log.Debug("numbers could not be read", "sampler", s.Name(), "error", err)
		}
	}
	smp, layout := r.sheet.end()
	if len(smp.Values) == 0 {
		return
	}
	if layout != nil {
		fresh, err := r.kept.AddLayout(layout)
		if err != nil {
			r.log.Error("the names of the numbers could not be kept", "error", err)
		}
		if fresh {
			r.layouts = append(r.layouts, layout)
		}
	}
	r.samples = append(r.samples, sampled{at, smp})
	if len(r.samples) > maxWaiting {
		r.samples = r.samples[1:]
	}
}

// samplerLimit is how long a sampler may take. They read what the kernel has
// at hand, in microseconds.
const samplerLimit = 10 * time.Second

// one runs a sampler so that its crash or hang costs only its own numbers. One
// that hangs is left out until it comes back.
func (r *recorder) one(ctx context.Context, s gather.Sampler) error {
	if hangs, ok := r.hanging[s.Name()]; ok {
		select {
		case <-hangs:
			delete(r.hanging, s.Name())
		default:
			return errors.New("it still hangs")
		}
	}
	ctx, cancel := context.WithTimeout(ctx, samplerLimit)
	defer cancel()
	g := &gate{to: &r.sheet}
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				r.log.Error("sampler crashed", "sampler", s.Name(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				done <- fmt.Errorf("sampler crashed: %v", p)
			}
		}()
		debug.SetPanicOnFault(true)
		done <- s.Sample(ctx, r.host, g)
	}()
	t := time.NewTimer(samplerLimit + grace)
	defer t.Stop()
	select {
	case err := <-done:
		return err
	case <-t.C:
	}
	g.shut()
	if r.hanging == nil {
		r.hanging = map[string]chan error{}
	}
	r.hanging[s.Name()] = done
	r.log.Warn("a sampler hangs: its numbers are left out until it comes back", "sampler", s.Name())
	return noAnswer(samplerLimit)
}

// gate stands between a sampler and the sheet, so that one that was given up
// puts nothing into another sampling.
type gate struct {
	mu     sync.Mutex
	to     gather.Sink
	closed bool
}

// Put passes a number on.
func (g *gate) Put(measurement, field string, value float64, labels ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.to.Put(measurement, field, value, labels...)
	}
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

// report puts what was gathered into the spool as one report.
func (r *recorder) report(ctx context.Context) error {
	start := r.now()
	r.mu.Lock()
	wanted, hashes := r.wanted, r.hashes
	r.wanted, r.hashes = nil, false
	if r.changed {
		r.readings.settle(r.off, r.cadence)
		r.changed = false
	}
	r.mu.Unlock()
	r.readings.ask(append(wanted, r.lost()...))

	sections := r.readings.read(ctx, start)
	for i := range sections {
		if s := &sections[i]; s.Status == report.Failed {
			r.errors++
			r.log.Warn("section could not be read", "section", s.Name, "reason", s.Reason)
		}
	}
	if len(sections) > 0 {
		r.rested() // readers and what encodes are other pages
	}
	if r.watch != nil {
		r.events = append(r.events, r.watch.Take()...)
		r.events = r.events[max(len(r.events)-maxEvents, 0):]
	}
	if len(sections)+len(r.samples)+len(r.layouts)+len(r.events) == 0 && !hashes {
		return nil // somebody hurried for nothing
	}
	now := r.now()
	rep := report.Report{Time: now.UnixMilli(), Boot: r.boot, Machine: r.machine(), Sections: sections,
		Layouts: r.layouts, Events: happened(r.events, now)}
	for i := range sections {
		sections[i].At += now.Sub(start).Milliseconds()
	}
	if r.host.Mono != nil {
		if up, err := r.host.Mono(); err == nil {
			rep.Mono = up.Milliseconds()
		}
	}
	all := r.readings.hashes()
	if len(all) > 0 {
		rep.Root = inventory.Root(all)
	}
	if hashes {
		rep.Hashes = all
	}
	for _, s := range r.samples {
		s.sample.At = max(now.Sub(s.at).Milliseconds(), 0)
		rep.Samples = append(rep.Samples, s.sample)
	}
	var names []string
	for _, s := range sections {
		names = append(names, s.Name)
	}
	kind := spool.Kind(0)
	if len(rep.Samples) > 0 {
		kind |= spool.Samples
	}
	if len(sections) > 0 {
		kind |= spool.Inventory
	}
	if len(rep.Events) > 0 {
		kind |= spool.Events
	}
	_, err := r.spool.Add(kind, names, func(at spool.Slot) ([]byte, error) {
		rep.Seq = at.Seq
		for _, g := range at.Gaps {
			rep.Gaps = append(rep.Gaps, report.Gap{From: g.From, To: g.To})
		}
		if r.watch != nil && len(rep.Events) > 0 {
			if err := r.watch.Keep(at.Epoch, at.Seq); err != nil {
				r.log.Error("events of this report may be told twice after a crash", "error", err)
			}
		}
		return rep.Encode()
	})
	if err != nil {
		r.want(names) // the samples stay for the next report
		return r.full(err)
	}
	r.spool.Found(names...)
	r.samples, r.layouts, r.events = nil, nil, nil
	if r.watch != nil {
		r.watch.Told()
	}
	r.took = r.now().Sub(start)
	if len(sections) > 0 {
		// An inventory leaves more behind than a minute's numbers. After those
		// it would cost twice the cycle's own time for 0.7 MiB
		// (docs/performance/agent.md).
		sections, rep = nil, report.Report{}
		debug.FreeOSMemory()
		r.rested()
	}
	r.wake()
	return nil
}

// happened lays events out as they travel: their times before the report's.
func happened(list []watch.Event, now time.Time) []report.Event {
	if len(list) == 0 {
		return nil
	}
	out := make([]report.Event, 0, len(list))
	for _, e := range list {
		r := report.Event{Kind: e.Kind, Attributes: e.Attributes, At: max(now.Sub(e.At).Milliseconds(), 0)}
		if e.Count > 1 {
			r.Count = e.Count
		}
		out = append(out, r)
	}
	return out
}

// hurry has a report made at once.
func (r *recorder) hurry() {
	select {
	case r.urgent <- struct{}{}:
	default: // it is about to be
	}
}

// lost names the sections whose newest report had to be dropped.
func (r *recorder) lost() []string {
	names := r.spool.Missing()
	if !slices.Contains(names, spool.AllSections) {
		return names
	}
	r.spool.Found(spool.AllSections)
	names = nil
	for _, s := range r.readings.slots {
		names = append(names, s.Name)
	}
	return names
}

// want asks for sections at the next report.
func (r *recorder) want(names []string) {
	if len(names) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range names {
		if n == report.WantHashes {
			r.hashes = true
		} else if !slices.Contains(r.wanted, n) {
			r.wanted = append(r.wanted, n)
		}
	}
}

// settle takes a collector's or a file's settings to heart.
func (r *recorder) settle(every time.Duration, off []string, cadence map[string]time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.every != every {
		r.turn()
	}
	r.every, r.off, r.cadence, r.changed = every, off, cadence, true
}

// turn tells Run that its rhythm is another. mu is held.
func (r *recorder) turn() {
	select {
	case r.turned <- struct{}{}:
	default:
	}
}

// pace sets how often a report is welcome, and this device's place in it.
func (r *recorder) pace(next, phase time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next != next || r.phase != phase {
		r.turn()
	}
	r.next, r.phase = next, phase
}

// full decides what a failed Add means: a full disk is waited out, anything
// else ends the process so that the service manager starts it anew.
func (r *recorder) full(err error) error {
	if segment.NoSpace(err) {
		r.log.Error("report could not be kept: the disk is full", "error", err)
		return nil
	}
	return fmt.Errorf("keep report: %w", err)
}
