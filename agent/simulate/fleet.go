package simulate

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"muster/agent/send"
	"muster/internal/backoff"
	"muster/internal/enroll"
	"muster/internal/report"
)

// Options of a Fleet, and of a Play, which needs no invitations and no folder.
type Options struct {
	Agents   int           // PCs; gear of the scenario's sites comes on top
	Programs int           // about so many on each machine; 0: 120
	Interval time.Duration // between two reports of one device
	Sample   time.Duration // between two readings of numbers; 0: one a report
	Refresh  time.Duration // how often columns without history travel at most; 0: 1h
	Scenario Scenario

	// Invitation is for all who have none of their site's.
	Invitation  enroll.Invitation
	Invitations map[string]enroll.Invitation // by site
	Duration    time.Duration                // then the fleet ends; 0: until ctx ends
	Dir         string                       // identities are kept here, so that a second run is the same fleet
	Log         *slog.Logger
}

func (o *Options) check() error {
	switch {
	case o.Agents < 1 || o.Agents > 200_000:
		return fmt.Errorf("%d agents: use 1 to 200000", o.Agents)
	case o.Interval < 100*time.Millisecond:
		return fmt.Errorf("interval %s: use 100ms or more", o.Interval)
	case o.Sample < 0 || o.Sample > o.Interval:
		return fmt.Errorf("readings each %s: use at most the interval", o.Sample)
	}
	if o.Programs == 0 {
		o.Programs = 120
	}
	if o.Scenario.Speed == 0 {
		o.Scenario.Speed, o.Scenario.Rhythm = 1, "always"
	}
	return nil
}

// Stats is what a fleet did.
type Stats struct {
	Enrolled, Sent, Accepted, Failed, Dropped, Bytes int64
	Slowest                                          time.Duration
}

// Fleet is many agents in one process.
type Fleet struct {
	o     Options
	start time.Time

	enrolled, sent, accepted, failed, dropped, bytes atomic.Int64
	slowest                                          atomic.Int64
}

// New makes a fleet that does nothing yet.
func New(o Options) (*Fleet, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	for site := range o.Invitations {
		if !o.Scenario.has(site) {
			return nil, fmt.Errorf("an invitation is for the site %q, which the scenario does not have", site)
		}
	}
	// What a scenario asks for must be possible before anything starts.
	if _, err := newCast(&o.Scenario, o.Agents, o.Programs, time.Now()); err != nil {
		return nil, err
	}
	return &Fleet{o: o}, nil
}

// Stats is what was done so far.
func (f *Fleet) Stats() Stats {
	return Stats{Enrolled: f.enrolled.Load(), Sent: f.sent.Load(), Accepted: f.accepted.Load(), Failed: f.failed.Load(),
		Dropped: f.dropped.Load(), Bytes: f.bytes.Load(), Slowest: time.Duration(f.slowest.Load())}
}

// Run plays until the duration is over or ctx ends.
func (f *Fleet) Run(ctx context.Context) error {
	if f.o.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.o.Duration)
		defer cancel()
	}
	f.start = time.Now()
	c, err := newCast(&f.o.Scenario, f.o.Agents, f.o.Programs, f.start)
	if err != nil {
		return err
	}
	errs := make(chan error, 1)
	var wg sync.WaitGroup
	for n, b := range c.bodies {
		wg.Go(func() {
			if err := f.agent(ctx, n, b); err != nil && ctx.Err() == nil {
				select {
				case errs <- err:
				default:
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

// now is the simulated time.
func (f *Fleet) now() time.Time {
	return f.start.Add(time.Duration(float64(time.Since(f.start)) * f.o.Scenario.Speed))
}

// invitation is the one of a device's site, or that of all.
func (f *Fleet) invitation(b body) enroll.Invitation {
	if p := b.where(); p != nil {
		if v, ok := f.o.Invitations[p.name]; ok {
			return v
		}
	}
	return f.o.Invitation
}

func (f *Fleet) agent(ctx context.Context, n int, b body) error {
	name := b.name()
	dir := filepath.Join(f.o.Dir, fmt.Sprintf("%02d", n%100), name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("folder of a simulated agent: %w", err)
	}
	var random [8]byte
	rand.Read(random[:])
	ev, invitation := b.evidence(), f.invitation(b)
	p := newPlayer(b, binary.BigEndian.Uint64(random[:]), f.o)
	member := &send.Member{Dir: dir, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Invitation: func() (enroll.Invitation, error) { return invitation, nil },
		Evidence:   func(context.Context) enroll.Evidence { return ev }}
	if err := member.Open(); err != nil {
		return err
	}
	if err := f.enroll(ctx, member, name); err != nil {
		return err
	}
	phase := backoff.Phase(string(member.Identity().Device), f.o.Interval)
	var wait backoff.Backoff
	wait.Min = min(f.o.Interval, backoff.DefaultMin)
	for {
		if err := backoff.Sleep(ctx, time.Until(backoff.NextAt(time.Now(), phase, f.o.Interval))); err != nil {
			return nil
		}
		reaches, err := p.live(f.now())
		if err != nil {
			return err
		}
		f.dropped.Add(p.dropped)
		p.dropped = 0
		for reaches && len(p.pending) > 0 && ctx.Err() == nil {
			out := f.deliver(ctx, p, member)
			if out.Verdict == send.Accepted {
				wait.Reset()
				continue
			}
			if out.Verdict == send.Enroll || out.Verdict == send.Never {
				return fmt.Errorf("simulated agent %s: %w", name, out.Err)
			}
			f.failed.Add(1)
			pause := wait.Next()
			if out.After > 0 {
				pause = wait.Obey(out.After)
			}
			if backoff.Sleep(ctx, min(pause, f.o.Interval)) != nil {
				return nil
			}
			break
		}
	}
}

func (f *Fleet) enroll(ctx context.Context, member *send.Member, name string) error {
	var wait backoff.Backoff
	for member.Identity() == nil {
		out, err := member.Enroll(ctx, name)
		if err == nil {
			f.enrolled.Add(1)
			return nil
		}
		if out.Verdict != send.Later {
			return fmt.Errorf("enrol simulated agent %s: %w", name, err)
		}
		pause := wait.Next()
		if out.After > 0 {
			pause = wait.Obey(out.After)
		}
		if err := backoff.Sleep(ctx, pause); err != nil {
			return err
		}
	}
	return nil
}

// deliver sends what waits through the real client.
func (f *Fleet) deliver(ctx context.Context, p *player, member *send.Member) send.Outcome {
	body, n, err := p.body(f.now())
	if err != nil {
		return send.Outcome{Verdict: send.Never, Err: err}
	}
	begin := time.Now()
	f.sent.Add(int64(n))
	f.bytes.Add(int64(len(body)))
	out := member.Client().Post(ctx, send.PathReports, body)
	if took := time.Since(begin); int64(took) > f.slowest.Load() {
		f.slowest.Store(int64(took))
	}
	if out.Verdict == send.Renew {
		out, _ = member.Renew(ctx, false)
		return out
	}
	if out.Verdict != send.Accepted {
		return out
	}
	var a report.Answer
	if err := report.Unmarshal(out.Body, &a); err != nil {
		return send.Outcome{Verdict: send.Later, Err: err}
	}
	acked := p.heard(a)
	f.accepted.Add(int64(acked))
	if acked == 0 && !a.Layouts {
		return send.Outcome{Verdict: send.Later, Err: errors.New("nothing was taken")}
	}
	return out
}
