//go:build linux

package e2e

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"muster/agent/send"
	"muster/internal/backoff"
	"muster/internal/enroll"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Oracle issues reports of known content for many devices and remembers which
// were acknowledged. What a collector may never do (acknowledge what it was
// not given, ask again for what it acknowledged, take something else for it)
// is noted at once; what must be in its stores is for the judge.
type Oracle struct {
	Script
	dir string
	log *slog.Logger

	Devices []*Device
	// others are devices that the judge shall overlook: real ones.
	others map[string]bool

	mu     sync.Mutex
	faults []string
	counts Counts
	last   error // of the last try that failed
}

// Counts is what was said to the collector and what it said.
type Counts struct {
	Issued, Acknowledged, Tries, Failed, Refused int64
}

// Device is one made-up device. One goroutine works with it at a time.
type Device struct {
	N      int
	ID     inventory.DeviceID
	Epoch  uint64
	Member *send.Member

	o        *Oracle
	machine  [8]byte
	issued   uint64   // highest number made
	first    uint64   // number of waiting[0]
	waiting  [][]byte // made, not acknowledged
	known    [8]byte
	resend   bool // the collector asked for the layouts
	acked    uint64
	renew    atomic.Bool // ask for the next certificate before the next report
	policies int
	policy   report.Policy
}

// NewOracle makes an oracle without devices; identities are kept in dir.
func NewOracle(dir string, s Script, log *slog.Logger) *Oracle {
	return &Oracle{Script: s, dir: dir, log: log}
}

// fault notes that the collector broke a promise.
func (o *Oracle) fault(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.faults) < 50 {
		o.faults = append(o.faults, fmt.Sprintf(format, args...))
	}
}

// Faults are the promises broken so far.
func (o *Oracle) Faults() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.faults...)
}

// Counts is what was said so far.
func (o *Oracle) Counts() Counts {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.counts
}

// lastError is that of the last try that failed.
func (o *Oracle) lastError() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

func (o *Oracle) count(f func(*Counts)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f(&o.counts)
}

// Enrol adds devices until there are n. via replaces the address of the
// invitation, for a broken network in between; nil leaves it.
func (o *Oracle) Enrol(ctx context.Context, n int, v enroll.Invitation) error {
	begin := len(o.Devices)
	for len(o.Devices) < n {
		o.Devices = append(o.Devices, o.device(len(o.Devices)+1, v))
	}
	errs := make(chan error, n)
	gate := make(chan struct{}, 16)
	var wg sync.WaitGroup
	for _, d := range o.Devices[begin:] {
		wg.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			if err := d.enrol(ctx); err != nil {
				errs <- fmt.Errorf("enrol device %d: %w", d.N, err)
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

func (o *Oracle) device(n int, v enroll.Invitation) *Device {
	ev := enroll.NewEvidence(enroll.Item{Kind: enroll.SystemSerial, Value: enroll.ModelSerial("Oracle Box", fmt.Sprintf("ORC-%05d-Q", n))})
	var b [8]byte
	rand.Read(b[:])
	d := &Device{N: n, Epoch: binary.BigEndian.Uint64(b[:])>>1 | 1, o: o, machine: ev.Fingerprint(), first: 1}
	d.Member = &send.Member{Dir: filepath.Join(o.dir, o.Name(n)), Log: o.log, Now: time.Now,
		Invitation: func() (enroll.Invitation, error) { return v, nil },
		Evidence:   func(context.Context) enroll.Evidence { return ev }}
	return d
}

func (d *Device) enrol(ctx context.Context) error {
	if err := os.MkdirAll(d.Member.Dir, 0o700); err != nil {
		return err
	}
	if err := d.Member.Open(); err != nil {
		return err
	}
	for d.Member.Identity() == nil {
		out, err := d.Member.Enroll(ctx, d.o.Name(d.N))
		if err == nil {
			break
		}
		if out.Verdict != send.Later {
			return err
		}
		if err := backoff.Sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	d.ID = d.Member.Identity().Device
	return nil
}

// Issue makes the next report.
func (d *Device) Issue() error {
	r, err := d.o.Report(d.N, d.issued+1, d.machine)
	if err != nil {
		return err
	}
	b, err := r.Encode()
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	d.issued++
	d.waiting = append(d.waiting, b)
	d.o.count(func(c *Counts) { c.Issued++ })
	return nil
}

// Body is an envelope of the reports from a number on, at most n of them. They
// must not be acknowledged yet.
func (d *Device) Body(from uint64, n int) ([]byte, error) {
	i := int(from - d.first)
	e := report.Envelope{Epoch: d.Epoch, Oldest: d.first, Known: d.known, Sent: time.Now().UnixMilli()}
	if d.resend {
		e.Layouts = []report.Layout{d.o.Layout()}
	}
	return report.Pack(e, d.waiting[i:min(i+n, len(d.waiting))])
}

// Deliver sends what waits, once. Nothing waiting is no error.
func (d *Device) Deliver(ctx context.Context) (send.Outcome, error) {
	if len(d.waiting) == 0 {
		return send.Outcome{}, nil
	}
	body, err := d.Body(d.first, 200)
	if err != nil {
		return send.Outcome{}, err
	}
	return d.Post(ctx, body)
}

// Post sends an envelope of this device and takes the answer to heart.
func (d *Device) Post(ctx context.Context, body []byte) (send.Outcome, error) {
	if d.renew.CompareAndSwap(true, false) {
		if out, err := d.Member.Renew(ctx, false); err != nil {
			d.renew.Store(true)
			if out.Verdict != send.Later {
				d.o.count(func(c *Counts) { c.Refused++ })
			}
			return out, err
		}
	}
	d.o.count(func(c *Counts) { c.Tries++ })
	out := d.Member.Client().Post(ctx, send.PathReports, body)
	if out.Verdict != send.Accepted && ctx.Err() != nil {
		return out, ctx.Err() // nobody's fault
	}
	if out.Verdict != send.Accepted {
		d.o.count(func(c *Counts) {
			d.o.last = out.Err
			if out.Verdict == send.Later {
				c.Failed++
			} else {
				c.Refused++
			}
		})
		if out.Err == nil {
			out.Err = fmt.Errorf("the collector says %s", out.Verdict)
		}
		return out, out.Err
	}
	var a report.Answer
	if err := report.Unmarshal(out.Body, &a); err != nil {
		d.o.fault("device %d: answer cannot be read: %v", d.N, err)
		return out, err
	}
	return out, d.heard(a)
}

// heard holds an answer to what a collector may say.
func (d *Device) heard(a report.Answer) error {
	switch {
	case a.Acked > d.issued:
		d.o.fault("device %d: number %d was acknowledged, %d is the last one issued", d.N, a.Acked, d.issued)
	case a.Acked < d.acked:
		d.o.fault("device %d: number %d had been acknowledged, now it is %d", d.N, d.acked, a.Acked)
	case a.Resend != 0 && a.Resend <= d.acked:
		d.o.fault("device %d: asked for number %d again, %d was acknowledged", d.N, a.Resend, d.acked)
	case a.Rekey:
		d.o.fault("device %d: taken for another machine", d.N)
	case len(a.Refused) > 0:
		d.o.fault("device %d: number %d refused: %s", d.N, a.Refused[0].Seq, a.Refused[0].Reason)
	case len(a.Want) > 0:
		d.o.fault("device %d: asked for sections %v that it must have", d.N, a.Want)
	}
	d.resend, d.known = a.Layouts, a.Known
	if a.Policy != nil {
		d.policies++
		d.policy = *a.Policy
		if err := d.Member.Trust(a.Policy.CAs, a.Policy.Addresses); err != nil {
			return fmt.Errorf("trust the collector's CAs: %w", err)
		}
	}
	if a.Acked >= d.first {
		n := min(a.Acked-d.first+1, uint64(len(d.waiting)))
		d.waiting = d.waiting[n:]
		d.first += n
		d.o.count(func(c *Counts) { c.Acknowledged += int64(n) })
	}
	d.acked = max(d.acked, a.Acked)
	return nil
}

// Acked is the highest number that was acknowledged.
func (d *Device) Acked() uint64 { return d.acked }

// Run lets every device issue and deliver at this pace until ctx ends.
// Whatever fails is tried again, as an agent does.
func (o *Oracle) Run(ctx context.Context, every time.Duration) error {
	errs := make(chan error, len(o.Devices))
	var wg sync.WaitGroup
	for _, d := range o.Devices {
		wg.Go(func() {
			if err := d.run(ctx, every); err != nil {
				errs <- fmt.Errorf("device %d: %w", d.N, err)
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

func (d *Device) run(ctx context.Context, every time.Duration) error {
	// Each at its own moment of the interval, as real agents are.
	if backoff.Sleep(ctx, mrand.N(every)) != nil {
		return nil
	}
	for next := time.Now(); ; next = next.Add(every) {
		if backoff.Sleep(ctx, time.Until(next)) != nil {
			return nil
		}
		if err := d.Issue(); err != nil {
			return err
		}
		out, err := d.Deliver(ctx)
		if err != nil && out.Verdict != send.Later && ctx.Err() == nil {
			return err
		}
		if late := time.Since(next); late > every {
			next = time.Now().Add(-every) // slept through: no burst to catch up
		}
	}
}

// Settle delivers all that waits and one fresh report of each device; the
// error names a device that could not within the time.
func (o *Oracle) Settle(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	errs := make(chan error, len(o.Devices))
	var wg sync.WaitGroup
	for _, d := range o.Devices {
		wg.Go(func() {
			if err := d.settle(ctx); err != nil {
				errs <- fmt.Errorf("liveness: device %d: %w", d.N, err)
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

func (d *Device) settle(ctx context.Context) error {
	if err := d.Issue(); err != nil {
		return err
	}
	for len(d.waiting) > 0 {
		out, err := d.Deliver(ctx)
		if err == nil {
			continue
		}
		if ctx.Err() != nil || out.Verdict != send.Later {
			return fmt.Errorf("%d reports still wait: %w", len(d.waiting), err)
		}
		if serr := backoff.Sleep(ctx, 20*time.Millisecond+mrand.N(80*time.Millisecond)); serr != nil {
			return fmt.Errorf("%d reports still wait: %w", len(d.waiting), err)
		}
	}
	return nil
}
