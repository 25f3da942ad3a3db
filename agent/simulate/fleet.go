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
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Options of a Fleet.
type Options struct {
	Invitation enroll.Invitation
	Agents     int
	Interval   time.Duration // between two reports of one agent, real time
	Duration   time.Duration // then the fleet ends; 0: until ctx ends
	Programs   int           // about so many on each machine
	Scenario   Scenario
	Dir        string // identities are kept here, so that a second run is the same fleet
	Log        *slog.Logger
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
	switch {
	case o.Agents < 1 || o.Agents > 200_000:
		return nil, fmt.Errorf("%d agents: use 1 to 200000", o.Agents)
	case o.Interval < 100*time.Millisecond:
		return nil, fmt.Errorf("interval %s: use 100ms or more", o.Interval)
	}
	if o.Programs == 0 {
		o.Programs = 120
	}
	if o.Scenario.Speed == 0 {
		o.Scenario.Speed, o.Scenario.Rhythm = 1, "always"
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
	errs := make(chan error, 1)
	var wg sync.WaitGroup
	for n := range f.o.Agents {
		wg.Go(func() {
			if err := f.agent(ctx, n); err != nil && ctx.Err() == nil {
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

// player is one agent at work.
type player struct {
	f       *Fleet
	m       *machine
	member  *send.Member
	epoch   uint64
	seq     uint64
	pending [][]byte
	first   uint64 // number of pending[0]
	sent    map[string]inventory.Hash
	dirty   bool
	want    []string
	layouts bool // the collector knows the layout
	resend  bool
	events  []report.Event
	known   [8]byte
	done    int // steps taken
	offline time.Time
	machine [8]byte
}

// waitingMost is how many reports a simulated agent keeps while it cannot
// deliver.
const waitingMost = 500

// sampleLayout is the one layout of all machines.
var sampleLayout = sync.OnceValues(func() (report.Layout, report.LayoutHash) { l := layout(); return l, l.Hash() })

func (f *Fleet) agent(ctx context.Context, n int) error {
	m := newMachine(n, f.o.Scenario.Seed, f.o.Programs, f.start)
	dir := filepath.Join(f.o.Dir, fmt.Sprintf("%02d", n%100), m.name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("folder of a simulated agent: %w", err)
	}
	ev := enroll.NewEvidence(enroll.Item{Kind: enroll.SystemSerial, Value: enroll.ModelSerial(models()[m.model].model, m.serial())},
		enroll.Item{Kind: enroll.PCIMAC, Value: m.mac()})
	p := &player{f: f, m: m, sent: map[string]inventory.Hash{}, dirty: true, machine: ev.Fingerprint(), seq: 0, first: 1}
	var b [8]byte
	rand.Read(b[:])
	p.epoch = binary.BigEndian.Uint64(b[:]) | 1
	p.member = &send.Member{Dir: dir, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Invitation: func() (enroll.Invitation, error) { return f.o.Invitation, nil },
		Evidence:   func(context.Context) enroll.Evidence { return ev }}
	if err := p.member.Open(); err != nil {
		return err
	}
	if err := p.enroll(ctx); err != nil {
		return err
	}
	phase := backoff.Phase(string(p.member.Identity().Device), f.o.Interval)
	var wait backoff.Backoff
	wait.Min = min(f.o.Interval, backoff.DefaultMin)
	for {
		if err := backoff.Sleep(ctx, time.Until(backoff.NextAt(time.Now(), phase, f.o.Interval))); err != nil {
			return nil
		}
		now := f.now()
		p.live(now)
		if now.Before(p.offline) {
			continue
		}
		if awake := m.awake(now, f.o.Scenario.Rhythm); awake > 0 {
			if err := p.record(now, awake); err != nil {
				return err
			}
		}
		for len(p.pending) > 0 && ctx.Err() == nil {
			out := p.deliver(ctx)
			if out.Verdict == send.Accepted {
				wait.Reset()
				continue
			}
			if out.Verdict == send.Enroll || out.Verdict == send.Never {
				return fmt.Errorf("simulated agent %s: %w", m.name, out.Err)
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

func (p *player) enroll(ctx context.Context) error {
	var wait backoff.Backoff
	for p.member.Identity() == nil {
		out, err := p.member.Enroll(ctx, p.m.name)
		if err == nil {
			p.f.enrolled.Add(1)
			return nil
		}
		if out.Verdict != send.Later {
			return fmt.Errorf("enrol simulated agent %s: %w", p.m.name, err)
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

// live lets the steps happen whose time has come.
func (p *player) live(now time.Time) {
	steps := p.f.o.Scenario.Steps
	for p.done < len(steps) {
		st := steps[p.done]
		at := p.f.start.Add(time.Duration(st.At))
		if now.Before(at) {
			return
		}
		p.done++
		if !st.Agents.holds(p.m.n, p.f.o.Agents) {
			continue
		}
		switch st.Do {
		case doInstall:
			p.m.extra = append(p.m.extra, program{st.Name, "1.0.0", "Scenario"})
		case doRemove:
			p.m.gone[p.m.n%20] = true
		case doUpgrade:
			p.m.upgraded[p.m.n%20]++
		case doReboot:
			p.m.started = now
			p.m.boots++
			p.events = append(p.events, report.Event{Kind: event.Boot})
		case doOffline:
			p.offline = at.Add(time.Duration(st.For))
		case doFill:
			p.m.filling = float64(models()[p.m.model].disk) / time.Duration(st.For).Seconds()
		case doRename:
			p.m.name += "x"
		case doClock:
			p.m.offset = 3 * 365 * 24 * time.Hour
		}
		p.dirty = true
	}
}

// record makes one report and puts it behind those that wait.
func (p *player) record(now time.Time, awake float64) error {
	l, hash := sampleLayout()
	wall := now.Add(p.m.offset)
	r := report.Report{Seq: p.seq + 1, Time: wall.UnixMilli(), Mono: now.Sub(p.m.started).Milliseconds(), Boot: [8]byte{byte(p.m.boots), byte(p.m.n), 1},
		Machine: p.machine, Events: p.events, Samples: []report.Sample{{Layout: hash, Values: p.m.sample(now, awake)}}}
	if !p.layouts {
		r.Layouts = []report.Layout{l}
	}
	if p.dirty || len(p.want) > 0 {
		if err := p.sections(&r, now); err != nil {
			return err
		}
	}
	r.Root = inventory.Root(p.sent)
	b, err := r.Encode()
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	p.seq++
	p.events, p.dirty, p.want = nil, false, nil
	p.pending = append(p.pending, b)
	if len(p.pending) > waitingMost {
		p.pending = p.pending[1:]
		p.first++
		p.dirty = true // what was dropped may have been inventory
		clear(p.sent)
		p.f.dropped.Add(1)
	}
	return nil
}

// sections adds those that changed or are wanted.
func (p *player) sections(r *report.Report, now time.Time) error {
	all, err := p.m.inventory(now)
	if err != nil {
		return err
	}
	for name, t := range all {
		sec, ok := inventory.Lookup(name)
		if !ok {
			return fmt.Errorf("section %s is not in the catalogue", name)
		}
		c, _, err := sec.Conform(t)
		if err != nil {
			return err
		}
		s := report.Section{Name: name, Sources: []string{"simulated"}, Columns: t.Columns, Rows: t.Rows}
		s.Seal(sec, c)
		wanted := false
		for _, w := range p.want {
			wanted = wanted || w == name
		}
		if s.Hash != p.sent[name] || wanted {
			p.sent[name] = s.Hash
			r.Sections = append(r.Sections, s)
		}
	}
	for _, w := range p.want {
		if w == report.WantHashes {
			r.Hashes = p.sent
		}
	}
	return nil
}

// deliver sends what waits through the real client.
func (p *player) deliver(ctx context.Context) send.Outcome {
	n := min(len(p.pending), 200)
	now := p.f.now()
	e := report.Envelope{Epoch: p.epoch, Oldest: p.first, Known: p.known, Sent: now.Add(p.m.offset).UnixMilli(),
		Mono: now.Sub(p.m.started).Milliseconds(), Boot: [8]byte{byte(p.m.boots), byte(p.m.n), 1}}
	if p.resend {
		l, _ := sampleLayout()
		e.Layouts = []report.Layout{l}
	}
	body, err := report.Pack(e, p.pending[:n])
	if err != nil {
		return send.Outcome{Verdict: send.Never, Err: err}
	}
	begin := time.Now()
	p.f.sent.Add(int64(n))
	p.f.bytes.Add(int64(len(body)))
	out := p.member.Client().Post(ctx, send.PathReports, body)
	if took := time.Since(begin); int64(took) > p.f.slowest.Load() {
		p.f.slowest.Store(int64(took))
	}
	if out.Verdict == send.Renew {
		out, _ = p.member.Renew(ctx, false)
		return out
	}
	if out.Verdict != send.Accepted {
		return out
	}
	var a report.Answer
	if err := report.Unmarshal(out.Body, &a); err != nil {
		return send.Outcome{Verdict: send.Later, Err: err}
	}
	p.resend = a.Layouts
	p.layouts = !a.Layouts
	p.known = a.Known
	p.want = append(p.want, a.Want...)
	if a.Acked < p.first && !a.Layouts {
		return send.Outcome{Verdict: send.Later, Err: errors.New("nothing was taken")}
	}
	if a.Acked >= p.first {
		k := min(a.Acked-p.first+1, uint64(len(p.pending)))
		p.pending = p.pending[k:]
		p.first += k
		p.f.accepted.Add(int64(k))
	}
	return out
}
