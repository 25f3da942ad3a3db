package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"muster/agent/send"
	"muster/agent/spool"
	"muster/internal/backoff"
	"muster/internal/enroll"
	"muster/internal/report"
)

// deliverer brings what waits to the collector. It does not know how reports
// come to be.
type deliverer struct {
	member   *send.Member
	spool    *spool.Spool
	log      *slog.Logger
	now      func() time.Time
	hostname func() string
	mono     func() (time.Duration, error)
	boot     [8]byte
	layouts  func() []report.Layout // all that waiting reports may use
	wake     chan struct{}

	// What an answer means for the recorder.
	want   func(sections []string)
	policy func(p report.Policy, known [8]byte) error
	pace   func(next time.Duration)
	told   func() // something came of it: an identity, a delivery, a fault

	thrifty func() bool // what waits goes in small pieces; nil: never

	known   [8]byte // of the last policy taken to heart
	resend  bool    // the next envelope carries the layouts
	refused map[uint64]int
	single  uint64 // up to this number reports go one by one, to find the one at fault
	over    bool   // the identity is: the collector asked for an enrolment

	sentReports, sentBytes, failures atomic.Int64
	last                             atomic.Pointer[exchange]
	clock                            atomic.Pointer[against]
}

// exchange is the outcome of the last try, for status.
type exchange struct {
	At      time.Time `json:"at"`
	Verdict string    `json:"verdict"`
	Error   string    `json:"error,omitempty"`
	Address string    `json:"address,omitempty"`
	OKAt    time.Time `json:"last_success,omitzero"`
}

// Bounds of one envelope: small enough for a slow line, large enough that a
// week in the drawer takes few round trips.
const (
	batchReports = 200
	batchBytes   = 512 << 10
	sparedBytes  = 16 << 10 // where it costs: an hour of numbers
	poisonTries  = 3
)

// Run delivers until ctx ends.
func (d *deliverer) Run(ctx context.Context) error {
	var wait backoff.Backoff
	for {
		out, err := d.round(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !isTransient(err) {
			return err
		}
		d.note(out, err)
		var pauseFor time.Duration
		switch {
		case out.Verdict == send.Accepted && err == nil:
			d.over = false
			wait.Reset()
			if d.waiting() && !d.sparing() {
				continue
			}
			select {
			case <-ctx.Done():
				return nil
			case <-d.wake:
			}
			continue
		case out.After > 0:
			pauseFor = wait.Obey(out.After)
		default:
			pauseFor = wait.Next()
		}
		if d.reinvited(out, err) {
			continue
		}
		if out.Verdict == send.Enroll {
			// Somebody has to do something; trying often helps nobody
			// (trust.md F27: at most one try in ten minutes).
			pauseFor = max(pauseFor, 10*time.Minute)
		}
		if err := backoff.Sleep(ctx, pauseFor); err != nil {
			return nil
		}
	}
}

// sparing says that little is to be sent: one small envelope for each report
// that is made. What has waited for long takes longer, and nothing is lost.
func (d *deliverer) sparing() bool { return d.thrifty != nil && d.thrifty() }

// most is how much an envelope may hold, in bytes.
func (d *deliverer) most() int {
	if d.sparing() {
		return sparedBytes
	}
	return batchBytes
}

// reinvited notes that the identity is over, and says whether somebody has
// already done what is to be done: given another invitation. It is over when
// the collector says so, and when a collector that was set up anew is not the
// one that this device trusts.
func (d *deliverer) reinvited(out send.Outcome, err error) bool {
	if out.Verdict != send.Enroll && !errors.Is(err, enroll.ErrWrongCollector) || d.over || d.member.Identity() == nil {
		return false
	}
	d.over = true
	return d.member.Invited()
}

func (d *deliverer) waiting() bool {
	es, err := d.spool.Peek(1, batchBytes)
	return err == nil && len(es) > 0
}

// fatal marks the errors after which the process must end: the spool cannot
// promise anything any more.
type fatal struct{ error }

func (f fatal) Unwrap() error { return f.error }

func isTransient(err error) bool {
	var f fatal
	return !errors.As(err, &f)
}

// round does what is due: enrol, renew, or send one envelope.
func (d *deliverer) round(ctx context.Context) (send.Outcome, error) {
	id := d.member.Identity()
	if id == nil || d.over && d.member.Invited() {
		out, err := d.member.Enroll(ctx, d.hostname())
		if err == nil {
			d.over = false
			d.settlePhase()
		}
		return out, err
	}
	if id.Due(d.member.Time()) {
		out, err := d.member.Renew(ctx, false)
		if err != nil && out.Verdict != send.Later {
			return out, fmt.Errorf("renew certificate: %w", err)
		}
		if err != nil {
			// Not now; the present certificate may still do.
			d.log.Warn("certificate could not be renewed yet", "error", err)
		}
	}
	return d.send(ctx)
}

func (d *deliverer) settlePhase() {
	if id := d.member.Identity(); id != nil {
		d.log.Info("enrolled", "device_id", id.Device)
		d.told()
	}
}

// send brings one envelope up.
func (d *deliverer) send(ctx context.Context) (send.Outcome, error) {
	es, err := d.spool.Peek(batchReports, d.most())
	if err != nil {
		return send.Outcome{Verdict: send.Later}, fatal{fmt.Errorf("read spool: %w", err)}
	}
	if len(es) == 0 {
		return send.Outcome{Verdict: send.Accepted}, nil
	}
	if es[0].Seq <= d.single {
		es = es[:1]
	}
	return d.sendThese(ctx, es)
}

// sendThese sends some of what waits as one envelope.
func (d *deliverer) sendThese(ctx context.Context, es []spool.Entry) (send.Outcome, error) {
	e := report.Envelope{Epoch: d.spool.Epoch(), Oldest: es[0].Seq, Known: d.known, Sent: d.now().UnixMilli(), Boot: d.boot}
	if up, err := d.mono(); err == nil {
		e.Mono = up.Milliseconds()
	}
	if d.resend {
		e.Layouts = d.layouts()
	}
	bodies := make([][]byte, len(es))
	for i := range es {
		bodies[i] = es[i].Body
	}
	body, err := report.Pack(e, bodies)
	if err != nil {
		return send.Outcome{Verdict: send.Later}, fmt.Errorf("pack reports: %w", err)
	}
	asked := d.now()
	out := d.member.Client().Post(ctx, send.PathReports, body)
	switch out.Verdict {
	case send.Accepted:
		return d.accepted(ctx, es, out, int64(len(body)), len(e.Layouts) > 0, asked)
	case send.Never:
		return d.never(es, out)
	case send.Conflict:
		// Our numbers were taken by other bytes: a copy of this spool lives
		// somewhere, or this disk was set back. New numbers end that.
		d.log.Warn("sequence numbers were taken; beginning a new epoch", "error", out.Err)
		if err := d.spool.Renew(); err != nil {
			return out, fatal{fmt.Errorf("begin new epoch: %w", err)}
		}
		return send.Outcome{Verdict: send.Accepted}, nil
	case send.Renew:
		return d.member.Renew(ctx, false)
	}
	d.failures.Add(1)
	return out, out.Err
}

// accepted takes an answer to heart. named says that the layouts went along,
// asked when it all was sent.
func (d *deliverer) accepted(ctx context.Context, es []spool.Entry, out send.Outcome, size int64, named bool, asked time.Time) (send.Outcome, error) {
	answered := d.now()
	var a report.Answer
	if err := report.Unmarshal(out.Body, &a); err != nil {
		return send.Outcome{Verdict: send.Later}, fmt.Errorf("answer of the collector: %w", err)
	}
	d.sentBytes.Add(size)
	d.compare(asked, answered, time.UnixMilli(a.Now))
	if err := d.member.Heard(time.UnixMilli(a.Now)); err != nil {
		d.log.Error("the collector's time could not be kept", "error", err)
	}
	d.resend = a.Layouts
	if a.Rekey {
		d.log.Warn("the collector sees another machine behind this key; asking for an identity of our own")
		fork, err := d.member.Renew(ctx, true)
		if err != nil {
			return fork, fmt.Errorf("ask for an identity of our own: %w", err)
		}
		if err := d.spool.Renew(); err != nil {
			return out, fatal{fmt.Errorf("begin new epoch: %w", err)}
		}
		if err := d.forget(); err != nil {
			return out, fatal{fmt.Errorf("put the other machine's reports aside: %w", err)}
		}
		d.want([]string{report.WantHashes})
		return send.Outcome{Verdict: send.Accepted}, nil
	}
	for _, r := range a.Refused {
		d.log.Error("a report was refused for good", "seq", r.Seq, "reason", r.Reason)
		if err := d.spool.Poison(r.Seq, r.Reason); err != nil {
			return out, fatal{fmt.Errorf("put report aside: %w", err)}
		}
	}
	if last := es[len(es)-1].Seq; a.Acked > last {
		return d.beyond(ctx, last, a.Acked)
	}
	if a.Acked >= es[0].Seq {
		if err := d.spool.Acked(a.Acked); errors.Is(err, spool.ErrAhead) {
			return d.behind(a.Acked)
		} else if err != nil {
			return out, fatal{fmt.Errorf("forget delivered reports: %w", err)}
		}
		n := 0
		for _, e := range es {
			if e.Seq <= a.Acked {
				n++
				delete(d.refused, e.Seq)
			}
		}
		d.sentReports.Add(int64(n))
	} else if a.Resend > 0 && a.Resend < es[0].Seq {
		// It misses what is no longer here; the next envelope says from where
		// on there is something.
		if _, err := d.spool.Rewind(a.Resend); err != nil {
			return out, fatal{fmt.Errorf("go back in spool: %w", err)}
		}
	} else if a.Layouts && named {
		// It got all the names that are kept, and asks again: those of the
		// first report are gone. Asking each other for ever moves nothing.
		out.Err = errors.New("the names of this report's numbers are known neither here nor there")
		out.Verdict, out.Refusal.Message = send.Never, out.Err.Error()
		return d.never(es[:1], out)
	} else if !a.Layouts && a.Resend == 0 {
		// Nothing moved and nothing was asked for: do not spin.
		return send.Outcome{Verdict: send.Later}, errors.New("the collector took none of the reports and did not say why")
	}
	if a.Policy != nil {
		if err := d.member.Trust(a.Policy.CAs, a.Policy.Addresses); err != nil {
			d.log.Error("the collector's CAs were not taken", "error", err)
		} else if err := d.policy(*a.Policy, a.Known); err != nil {
			d.log.Error("the collector's settings were not kept", "error", err)
		} else {
			d.known = a.Known
		}
	}
	d.want(a.Want)
	if a.Next > 0 {
		d.pace(min(max(time.Duration(a.Next)*time.Second, 10*time.Second), 24*time.Hour))
	}
	return send.Outcome{Verdict: send.Accepted, Address: out.Address}, nil
}

// forget puts reports aside that were made on another machine, before this
// disk was copied: they are not ours to tell.
func (d *deliverer) forget() error {
	mine := d.member.Identity().Machine
	for {
		es, err := d.spool.Peek(1, batchBytes)
		if err != nil || len(es) == 0 {
			return err
		}
		r, err := report.DecodeReport(es[0].Body)
		if err == nil && (r.Machine == mine || r.Machine == [8]byte{}) {
			return nil // they are in order: from here on all is ours
		}
		if err := d.spool.Poison(es[0].Seq, "made on another machine"); err != nil {
			return err
		}
	}
}

// beyond handles a collector that has more reports of this epoch than it was
// just sent. Either the spool's cursor was lost and these are sent again, or
// this disk was set back and the same numbers now stand for other reports,
// which it must not forget as delivered. The report numbered acked tells: if
// it is the one the collector has, all before it are too; if it is another,
// the answer is a conflict, and everything goes under a new epoch.
func (d *deliverer) beyond(ctx context.Context, sent, acked uint64) (send.Outcome, error) {
	es, err := d.spool.Peek(everything, everything)
	if err != nil {
		return send.Outcome{Verdict: send.Later}, fatal{fmt.Errorf("read spool: %w", err)}
	}
	for _, e := range es {
		if e.Seq == acked {
			return d.sendThese(ctx, []spool.Entry{e})
		}
	}
	if err := d.spool.Acked(acked); errors.Is(err, spool.ErrAhead) {
		return d.behind(acked)
	}
	// The report in question waits no more: it was delivered, or it is told
	// as lost. What was just sent is known to the collector by number.
	if err := d.spool.Acked(sent); err != nil {
		return send.Outcome{Verdict: send.Later}, fatal{fmt.Errorf("forget delivered reports: %w", err)}
	}
	return send.Outcome{Verdict: send.Accepted}, nil
}

// everything is more than a spool can hold.
const everything = 1 << 30

// behind begins a new epoch: the collector knows numbers of ours that we do
// not, so this disk was set back to an older state, and the same numbers must
// not be used for other reports.
func (d *deliverer) behind(acked uint64) (send.Outcome, error) {
	d.log.Warn("the collector has later reports of this spool; beginning a new epoch", "acknowledged", acked)
	if err := d.spool.Renew(); err != nil {
		return send.Outcome{Verdict: send.Later}, fatal{fmt.Errorf("begin new epoch: %w", err)}
	}
	return send.Outcome{Verdict: send.Accepted}, nil
}

// never handles bytes that will not be taken: it finds the report at fault by
// sending singly, and puts it aside after three refusals.
func (d *deliverer) never(es []spool.Entry, out send.Outcome) (send.Outcome, error) {
	d.failures.Add(1)
	if len(es) > 1 {
		d.log.Warn("an envelope was refused; looking for the report at fault", "reports", len(es), "error", out.Err)
		d.single = es[len(es)-1].Seq
		return send.Outcome{Verdict: send.Accepted}, nil
	}
	seq := es[0].Seq
	if d.refused == nil {
		d.refused = map[uint64]int{}
	}
	d.refused[seq]++
	if d.refused[seq] < poisonTries {
		return out, out.Err
	}
	delete(d.refused, seq)
	d.log.Error("a report is put aside after three refusals", "seq", seq, "error", out.Err)
	if err := d.spool.Poison(seq, out.Refusal.Message); err != nil {
		return out, fatal{fmt.Errorf("put report aside: %w", err)}
	}
	return send.Outcome{Verdict: send.Accepted}, nil
}

// note keeps the outcome for status and the log.
func (d *deliverer) note(out send.Outcome, err error) {
	e := &exchange{At: d.now(), Verdict: out.Verdict.String(), Address: out.Address}
	if before := d.last.Load(); before != nil {
		e.OKAt = before.OKAt
	}
	if err != nil {
		e.Error = err.Error()
		before := d.last.Load()
		if before == nil || before.Error != e.Error {
			d.log.Warn("delivery is waiting", "verdict", e.Verdict, "reason", e.Error)
		}
	} else if out.Verdict == send.Accepted {
		e.OKAt = e.At
		if before := d.last.Load(); before != nil && before.Error != "" {
			d.log.Info("delivery goes on")
		}
	}
	d.last.Store(e)
	d.told()
}
