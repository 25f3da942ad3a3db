package discover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
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
	AtOnce   int           // addresses that are asked at one time, default 512
	Budget   time.Duration // for one address, default 40 s
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
	Nobody  State = "nobody"  // nothing at all
)

// Finding is an address that was asked.
type Finding struct {
	Address    netip.AddrPort
	State      State
	Reason     string // in words, what to do
	Credential string // its name
	Attempts   []Attempt
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
	Done, Total int
	Found       []Finding // since the last one; never Nobody
}

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
// error of ctx. It tells how far it is from one goroutine at a time.
func (s *Scout) Look(ctx context.Context, j Job, tell func(Progress)) error {
	if len(j.Credentials) == 0 {
		return errors.New("there is no credential to ask with")
	}
	total := len(j.Addresses)
	if j.Network.IsValid() {
		total = Size(j.Network)
	}
	pace := &pacer{gap: time.Second / time.Duration(max(cmp.Or(j.Rate, 100), 1)), now: s.o.Now}
	todo := make(chan netip.Addr)
	found := make(chan Finding)
	var wg sync.WaitGroup
	for range min(s.o.AtOnce, max(total, 1)) {
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
		for a := range j.all() {
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
	p := Progress{Total: total}
	asked := 0
	last := s.o.Now()
	for f := range found {
		asked++
		p.Done = asked
		if f.State != Nobody {
			p.Found = append(p.Found, f)
		}
		if now := s.o.Now(); now.Sub(last) >= tellEvery {
			tell(p)
			p.Found, last = nil, now
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	p.Done = total // what is excluded is through as well
	tell(p)
	return nil
}

// all are the addresses of a job: no first and last one of an IPv4 network of
// more than two (RFC 1122 §3.2.1.3), none that is excluded.
func (j Job) all() iter.Seq[netip.Addr] {
	return func(yield func(netip.Addr) bool) {
		out := func(a netip.Addr) bool {
			return slices.ContainsFunc(j.Exclude, func(e netip.Prefix) bool { return e.Contains(a) })
		}
		if !j.Network.IsValid() {
			for _, a := range j.Addresses {
				if !out(a) && !yield(a) {
					return
				}
			}
			return
		}
		n := j.Network.Masked()
		ends := n.Addr().Is4() && n.Bits() < 31
		for a := n.Addr(); a.IsValid() && n.Contains(a); a = a.Next() {
			if ends && (a == n.Addr() || !n.Contains(a.Next())) || out(a) {
				continue
			}
			if !yield(a) {
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
// twice of an address at which nothing answers.
func (s *Scout) one(ctx context.Context, at netip.AddrPort, credentials []session.Credential, pace *pacer) Finding {
	ctx, cancel := context.WithTimeout(ctx, s.o.Budget)
	defer cancel()
	f := Finding{Address: at, State: Nobody}
	if s.o.Pinger != nil && pace.wait(ctx) == nil {
		if d, err := s.o.Pinger.Ping(ctx, at.Addr(), s.o.Patience); err == nil {
			f.Echo = max(d, 1)
		}
	}
	engine := true // something may speak version 3
	for _, c := range credentials {
		third := c.Version == "3"
		if third && !engine || pace.wait(ctx) != nil {
			continue
		}
		said := s.ask(ctx, &f, c)
		f.Attempts = append(f.Attempts, Attempt{c.Name, told(said)})
		switch {
		case said == nil:
			return f
		case errors.Is(said, session.ErrCredential):
			f.State = Refuses
		case errors.Is(said, session.ErrTimeout):
			if third {
				engine = false // no engine introduced itself: other users fare no better
			}
		case errors.Is(said, session.ErrRefused):
			// The machine says that nobody listens at the port.
			if f.State == Nobody {
				f.State = Silent
			}
			f.Reason = fmt.Sprintf("nobody listens at port %d: switch SNMP on, or name another port", at.Port())
			return f
		case ctx.Err() == nil:
			f.State, f.Reason = Lying, told(said)
		}
	}
	switch {
	case f.State == Refuses:
		f.Reason = "it speaks SNMP version 3 and refuses user, key or level: " + f.Attempts[len(f.Attempts)-1].Said
	case f.State == Nobody && f.Echo > 0:
		f.State = Silent
		f.Reason = "it answers echoes, but not SNMP: it is off there, has another community, or admits other addresses only"
	}
	return f
}

// ask tries one credential.
func (s *Scout) ask(ctx context.Context, f *Finding, c session.Credential) error {
	retries := 0
	if f.Echo > 0 {
		retries = 1 // somebody is there, so that a packet may have been lost
	}
	a, err := s.o.Dial(f.Address, c, retries, s.o.Patience)
	if err != nil {
		return err
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
