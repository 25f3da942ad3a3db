package discover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"muster/collector/snmp/session"
)

// Options of a Scout.
type Options struct {
	// Dial opens a session: no packet yet.
	Dial   func(at netip.AddrPort, c session.Credential, retries int, timeout time.Duration) (Asker, error)
	Reader Reader
	Pinger Pinger // nil: no ICMP here
	Log    *slog.Logger
	Now    func() time.Time

	Patience time.Duration // for one answer, default a second
	AtOnce   int           // addresses that are asked at one time at most, default 512; a low rate allows fewer
	Budget   time.Duration // for one address, of time in which its packets are under way, default 40 s; more when its credentials alone may take more
}

// Asker is one device that is asked.
type Asker interface {
	session.Asker
	Close() error
}

// Reader finds out who answers.
type Reader interface {
	Identify(ctx context.Context, a session.Asker) (Who, error)
}

// Pinger sends one ICMP echo.
type Pinger interface {
	Ping(ctx context.Context, addr netip.Addr, timeout time.Duration) (time.Duration, error)
}

// Job is where to look, and how.
type Job struct {
	Network     netip.Prefix // or Addresses
	Addresses   []netip.Addr // exactly these, when there is no Network
	Port        uint16
	Exclude     []netip.Prefix
	Rate        int                  // packets a second; 0: 100
	Credentials []session.Credential // in the order in which they are tried
}

// State is what an address came to.
type State string

// The states.
const (
	Answers State = "answers" // SNMP, with Finding.Credential
	Refuses State = "refuses" // it answers that no credential is right
	Silent  State = "silent"  // echoes, but not SNMP
	Lying   State = "lying"   // what it answers cannot be read
	Nobody  State = "nobody"  // nothing at all, and all was tried
	// Unfinished: not all was tried to the end, so that nothing is known.
	Unfinished State = "unfinished"
)

// Finding is an address that was asked.
type Finding struct {
	Address    netip.AddrPort
	State      State
	Reason     string // in words, what to do
	Credential string // its name
	Attempts   []Attempt
	Untried    []string      // names of credentials that were not tried to the end, and should have been
	Echo       time.Duration // round trip of the echo; 0: none came
	Answer     time.Duration // time to the first answer over SNMP
	Who        Who
}

// Attempt is what one credential came to.
type Attempt struct {
	Credential string
	Said       string
}

// Progress is how far a look is.
type Progress struct {
	Total      int       // addresses
	Done       int       // of them, through: asked, or left out
	Left       int       // of Done, never asked: excluded, or the first or last of a network
	Unfinished int       // of Done, given up before all was tried; each is in Found, with why
	Found      []Finding // since the last one; never Nobody
}

// ErrUnfinished says that a look went through all addresses, and gave some up
// before all was tried.
var ErrUnfinished = errors.New("not all addresses were asked to the end")

// Scout looks for gear.
type Scout struct{ o Options }

// New makes a scout.
func New(o Options) *Scout {
	o.Patience = cmp.Or(o.Patience, time.Second)
	o.AtOnce = cmp.Or(o.AtOnce, 512)
	o.Budget = cmp.Or(o.Budget, 40*time.Second)
	return &Scout{o}
}

// tellEvery is how often progress is told: what is found meanwhile is told, and
// kept, together.
const tellEvery = 250 * time.Millisecond

// Look asks all addresses of a job and returns when it is through, or with the
// error of ctx. It tells how far it is from one goroutine at a time. With
// ErrUnfinished all was told, and some of it is unknown.
func (s *Scout) Look(ctx context.Context, j Job, tell func(Progress)) error {
	if len(j.Credentials) == 0 {
		return errors.New("there is no credential to ask with")
	}
	p := Progress{Total: len(j.Addresses)}
	if j.Network.IsValid() {
		p.Total = Size(j.Network)
	}
	rate := max(cmp.Or(j.Rate, 100), 1)
	pace := &pacer{gap: time.Second / time.Duration(rate), now: s.o.Now}
	todo := make(chan netip.Addr)
	found := make(chan Finding)
	var left atomic.Int64
	var wg sync.WaitGroup
	for range min(s.workers(rate), max(p.Total, 1)) {
		wg.Go(func() {
			for a := range todo {
				f := s.one(ctx, netip.AddrPortFrom(a, j.Port), j.Credentials, pace)
				select {
				case found <- f:
				case <-ctx.Done():
				}
			}
		})
	}
	wg.Go(func() {
		defer close(todo)
		for a, out := range j.all() {
			if out && ctx.Err() == nil {
				left.Add(1)
				continue
			}
			select {
			case todo <- a:
			case <-ctx.Done():
				return
			}
		}
	})
	go func() {
		wg.Wait()
		close(found)
	}()
	asked := 0
	var first Finding // that was given up
	last := s.o.Now()
	for f := range found {
		asked++
		if len(f.Untried) > 0 || f.State == Unfinished {
			if p.Unfinished++; p.Unfinished == 1 {
				first = f
			}
		}
		if f.State != Nobody {
			p.Found = append(p.Found, f)
		}
		if now := s.o.Now(); now.Sub(last) >= tellEvery {
			p.Left = int(left.Load())
			p.Done = asked + p.Left
			tell(p)
			p.Found, last = nil, now
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	p.Left = int(left.Load())
	p.Done = asked + p.Left
	tell(p)
	if p.Unfinished > 0 {
		return fmt.Errorf("%w: %d of %d, the first %s: %s", ErrUnfinished, p.Unfinished, asked, first.Address.Addr(), first.Reason)
	}
	return nil
}

// workers are how many addresses are asked at one time: as many as it takes to
// keep to the rate while each packet, and its repetition, waits for an answer
// in vain. More would wait for their turn only.
func (s *Scout) workers(rate int) int {
	return min(s.o.AtOnce, 2*int(math.Ceil(float64(rate)*s.o.Patience.Seconds()))+spare)
}

// spare workers have time for those that answer: who they are takes them many
// packets that the rate does not bound.
const spare = 8

// all are the addresses of a job; with true, those that are left out: the first
// and last one of an IPv4 network of more than two (RFC 1122 §3.2.1.3), and
// what is excluded.
func (j Job) all() iter.Seq2[netip.Addr, bool] {
	return func(yield func(netip.Addr, bool) bool) {
		out := func(a netip.Addr) bool {
			return slices.ContainsFunc(j.Exclude, func(e netip.Prefix) bool { return e.Contains(a) })
		}
		if !j.Network.IsValid() {
			for _, a := range j.Addresses {
				if !yield(a, out(a)) {
					return
				}
			}
			return
		}
		n := j.Network.Masked()
		ends := n.Addr().Is4() && n.Bits() < 31
		for a := n.Addr(); a.IsValid() && n.Contains(a); a = a.Next() {
			if !yield(a, ends && (a == n.Addr() || !n.Contains(a.Next())) || out(a)) {
				return
			}
		}
	}
}

// most bounds what Size counts.
const most = 1 << 32

// Size is how many addresses a network has.
func Size(n netip.Prefix) int {
	if free := n.Addr().BitLen() - n.Bits(); free < 32 {
		return 1 << free
	}
	return most
}

// Test asks one address with each credential until one is right, and keeps to
// no rate.
func (s *Scout) Test(ctx context.Context, at netip.AddrPort, credentials []session.Credential) Finding {
	return s.one(ctx, at, credentials, &pacer{now: s.o.Now})
}

// one asks an address: an echo, then each credential in turn. Nothing is asked
// twice of an address at which nothing answers. What an address costs is the
// time in which its packets are under way; waiting for their turn is free, or a
// low rate would leave out all that comes late.
func (s *Scout) one(ctx context.Context, at netip.AddrPort, credentials []session.Credential, pace *pacer) Finding {
	whole := max(s.o.Budget, time.Duration(2*len(credentials)+1)*s.o.Patience)
	b := &budget{left: whole, now: s.o.Now}
	f := Finding{Address: at, State: Nobody}
	if s.o.Pinger != nil && pace.wait(ctx) == nil {
		b.spend(ctx, func(ctx context.Context) {
			if d, err := s.o.Pinger.Ping(ctx, at.Addr(), s.o.Patience); err == nil {
				f.Echo = max(d, 1)
			}
		})
	}
	engine := true // something may speak version 3
	refused, why := "", ""
	for _, c := range credentials {
		third := c.Version == "3"
		if third && !engine {
			continue
		}
		if b.spent || pace.wait(ctx) != nil {
			f.Untried = append(f.Untried, c.Name)
			continue
		}
		var said error
		b.spend(ctx, func(ctx context.Context) { said = s.ask(ctx, &f, c) })
		f.Attempts = append(f.Attempts, Attempt{c.Name, told(said)})
		switch {
		case said == nil:
			f.Untried = nil
			return f
		case b.spent || ctx.Err() != nil:
			f.Untried = append(f.Untried, c.Name)
		case errors.Is(said, errOurs):
			f.Untried = append(f.Untried, c.Name)
			why = told(said)
		case errors.Is(said, session.ErrCredential):
			f.State, refused = Refuses, told(said)
		case errors.Is(said, session.ErrTimeout):
			if third {
				engine = false // no engine introduced itself: other users fare no better
			}
		case errors.Is(said, session.ErrRefused):
			// The machine says that nobody listens at the port.
			if f.State == Nobody {
				f.State = Silent
			}
			f.Untried = nil
			f.Reason = fmt.Sprintf("nobody listens at port %d: switch SNMP on, or name another port", at.Port())
			return f
		default:
			f.State, f.Reason = Lying, told(said)
		}
	}
	switch {
	case ctx.Err() != nil:
		why = "it was broken off"
	case b.spent:
		why = fmt.Sprintf("it answers so slowly that %s were over", whole)
	}
	switch {
	case f.State == Refuses:
		f.Reason = "it speaks SNMP version 3 and refuses user, key or level: " + refused
	case f.State == Lying:
	case len(f.Untried) > 0 || ctx.Err() != nil:
		f.State = Unfinished
		f.Reason = "not asked to the end with " + strings.Join(f.Untried, ", ") + ": " + why
	case f.Echo > 0:
		f.State = Silent
		f.Reason = "it answers echoes, but not SNMP: it is off there, has another community, or admits other addresses only"
	}
	return f
}

// budget is the time that an address has left.
type budget struct {
	left  time.Duration
	spent bool
	now   func() time.Time
}

// spend lets packets be under way.
func (b *budget) spend(ctx context.Context, f func(context.Context)) {
	bounded, cancel := context.WithTimeout(ctx, b.left)
	defer cancel()
	start := b.now()
	f(bounded)
	b.left -= b.now().Sub(start)
	b.spent = b.left <= 0 || bounded.Err() != nil && ctx.Err() == nil
}

// errOurs marks what went wrong on our side: it tells nothing of the address.
var errOurs = errors.New("it could not be asked")

// ask tries one credential.
func (s *Scout) ask(ctx context.Context, f *Finding, c session.Credential) error {
	retries := 0
	if f.Echo > 0 {
		retries = 1 // somebody is there, so that a packet may have been lost
	}
	a, err := s.o.Dial(f.Address, c, retries, s.o.Patience)
	if err != nil {
		return fmt.Errorf("%w: %w", errOurs, err)
	}
	defer a.Close()
	start := s.o.Now()
	if _, err := a.Get(ctx, sysUpTime); err != nil {
		return err
	}
	f.State, f.Reason, f.Credential, f.Answer = Answers, "", c.Name, s.o.Now().Sub(start)
	if f.Who, err = s.o.Reader.Identify(ctx, a); err != nil {
		// It answers with this credential; who it is, polling will find out.
		f.Reason = "it answers, but does not say what it is: " + told(err)
		s.o.Log.Debug("device could not be identified", "address", f.Address, "error", err)
	}
	return nil
}

// sysUpTime is the object that every agent has (RFC 3418).
const sysUpTime = "1.3.6.1.2.1.1.3.0"

// told is what came of a question, for people.
func told(err error) string {
	switch {
	case err == nil:
		return "answered"
	case errors.Is(err, session.ErrTimeout):
		return "no answer"
	case errors.Is(err, session.ErrRefused):
		return "nobody listens there"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "not tried to the end"
	}
	s := strings.ToValidUTF8(err.Error(), "?")
	if len(s) > 200 {
		s = s[:200]
	}
	return s
}

// pacer lets packets go at a rate.
type pacer struct {
	gap time.Duration
	now func() time.Time

	mu   sync.Mutex
	next time.Time
}

// wait waits for the next packet's time.
func (p *pacer) wait(ctx context.Context) error {
	if p.gap <= 0 {
		return ctx.Err()
	}
	p.mu.Lock()
	now := p.now()
	at := p.next
	if at.Before(now) {
		at = now
	}
	p.next = at.Add(p.gap)
	p.mu.Unlock()
	t := time.NewTimer(at.Sub(now))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
