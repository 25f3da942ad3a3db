package trap

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"muster/collector/snmp/session"
)

// Options of a Listener.
type Options struct {
	// Allowed says whether an address may send at all. It is asked for each
	// packet, so it must be quick.
	Allowed func(netip.Addr) bool
	// Communities that traps of versions 1 and 2c may come with; none: any.
	Communities []string
	// Users lists the credentials of version 3 that may be sent with; asked
	// again every half minute.
	Users func() []session.Credential
	// Passwords keeps what the users' passwords come to.
	Passwords *session.Passwords
	// Heard is told what passed. It must not wait.
	Heard  func(Notice)
	Engine Engine
	Log    *slog.Logger
	Now    func() time.Time

	Rate, Burst       float64 // messages a second of one source, default 5, and at once, default 50
	AllRate, AllBurst float64 // of all sources, default 500 and 2000
}

// Engine is who we are to those who send informs (RFC 3411 §5).
type Engine struct {
	ID    []byte `json:"id"`    // 5 to 32 bytes, for ever the same
	Boots int32  `json:"boots"` // how often we started
}

// NewEngineID makes an engine id: the form for ids given by administrators (RFC
// 3411 §5, format 5) under the enterprise number 0, for Muster has none.
func NewEngineID() []byte {
	id := append([]byte{0x80, 0, 0, 0, 5}, make([]byte, 12)...)
	rand.Read(id[5:])
	return id
}

// Stats counts packets by what became of them.
type Stats struct {
	Heard      int64 // passed, repetitions not counted
	Repeated   int64 // seen before
	Strangers  int64 // from an address that may not
	Limited    int64 // above the rate
	Malformed  int64
	Refused    int64 // wrong community, user, key or level
	Stale      int64 // outside the window
	Answered   int64 // informs
	Discovered int64 // reports about our engine
}

// Listener hears traps. Make it with New, keep it going with Run.
type Listener struct {
	o       Options
	started time.Time

	mu    sync.Mutex
	stats Stats

	// Below is used by Run alone.
	seen    seen
	engines engines
	buckets map[netip.Addr]*bucket
	total   bucket
	known   []session.Credential
	usersAt time.Time
	reports uint32
}

// mostSources bounds the buckets; only sources that may send have one.
const mostSources = 1 << 16

// New makes a listener. Nothing is heard until Run.
func New(o Options) *Listener {
	o.Rate, o.Burst = cmp.Or(o.Rate, 5), cmp.Or(o.Burst, 50)
	o.AllRate, o.AllBurst = cmp.Or(o.AllRate, 500), cmp.Or(o.AllBurst, 2000)
	if o.Passwords == nil {
		o.Passwords = &session.Passwords{}
	}
	return &Listener{o: o, started: o.Now(), buckets: map[netip.Addr]*bucket{}}
}

// Stats is what was heard so far.
func (l *Listener) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats
}

func (l *Listener) count(f func(*Stats)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.stats)
}

// Run reads packets from a socket until ctx ends, then closes it.
func (l *Listener) Run(ctx context.Context, c net.PacketConn) error {
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	b := make([]byte, session.MaxUnasked+1)
	for {
		n, from, err := c.ReadFrom(b)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if errors.Is(err, net.ErrClosed) {
				return fmt.Errorf("read traps: %w", err)
			}
			// An ICMP error about an answer that was sent comes back as an error
			// of reading on some systems.
			l.o.Log.Debug("read of a trap failed", "error", err)
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(10 * time.Millisecond):
			}
			continue
		}
		u, ok := from.(*net.UDPAddr)
		if !ok {
			continue
		}
		if answer := l.take(b[:n], u.AddrPort().Addr().Unmap().WithZone("")); answer != nil {
			if _, err := c.WriteTo(answer, from); err != nil {
				l.o.Log.Debug("answer to an inform could not be sent", "to", from.String(), "error", err)
			}
		}
	}
}

// take judges one packet and says what to answer, if anything.
func (l *Listener) take(b []byte, from netip.Addr) (answer []byte) {
	defer func() {
		// The decoder is bounded and fuzzed; still, one packet must never end
		// the listening to all others.
		if v := recover(); v != nil {
			l.o.Log.Error("a trap made the decoder crash", "from", from.String(), "panic", fmt.Sprint(v))
			l.count(func(s *Stats) { s.Malformed++ })
			answer = nil
		}
	}()
	now := l.o.Now()
	if l.o.Allowed == nil || !l.o.Allowed(from) {
		l.count(func(s *Stats) { s.Strangers++ })
		return nil
	}
	if !l.may(from, now) {
		l.count(func(s *Stats) { s.Limited++ })
		return nil
	}
	n, reply, answer, err := l.judge(b, from, now)
	switch {
	case err == nil:
	case errors.Is(err, errSilently):
		return answer
	default:
		l.o.Log.Debug("a trap is not heard", "from", from.String(), "error", err)
		l.count(func(s *Stats) {
			switch {
			case errors.Is(err, errStale):
				s.Stale++
			case errors.Is(err, session.ErrForm) && !errors.Is(err, session.ErrDecrypt):
				s.Malformed++
			default:
				s.Refused++
			}
		})
		return answer
	}
	fresh := l.seen.add(from, b, now)
	l.count(func(s *Stats) {
		if fresh {
			s.Heard++
		} else {
			s.Repeated++
		}
		if n.Inform {
			s.Answered++
		}
	})
	if fresh {
		l.o.Heard(n)
	}
	if n.Inform {
		// A repetition is answered too: it means that our answer was lost.
		return reply()
	}
	return nil
}

// Errors of judge besides those of messages.
var (
	errCommunity = errors.New("wrong community")
	errSilently  = errors.New("not a trap, and nothing to note") // a sender that learns our engine
)

// judge reads a packet and says whether it is to be heard. answer goes back even
// with an error, if there is one.
func (l *Listener) judge(b []byte, from netip.Addr, now time.Time) (n Notice, reply func() []byte, answer []byte, err error) {
	n = Notice{At: now, From: from}
	m, err := session.HearUnasked(b)
	if err != nil {
		return n, nil, nil, err
	}
	n.Version = m.Version
	if m.Version == "3" {
		if reply, answer, err = l.third(m, &n); err != nil {
			return n, nil, answer, err
		}
	} else {
		if !l.community(m.Community) {
			return n, nil, nil, errCommunity
		}
		if err = m.Open(nil, nil); err != nil {
			return n, nil, nil, err
		}
		reply = func() []byte { return l.written(m.Answer(session.Clock{})) }
	}
	s, err := read(m)
	n.OID, n.Agent, n.Variables, n.Inform = s.oid, s.agent, s.variables, s.inform
	return n, reply, nil, err
}

// may takes a token of the source and one of all.
func (l *Listener) may(from netip.Addr, now time.Time) bool {
	b := l.buckets[from]
	if b == nil {
		if len(l.buckets) >= mostSources {
			clear(l.buckets)
		}
		b = &bucket{}
		l.buckets[from] = b
	}
	return b.take(l.o.Rate, l.o.Burst, now) && l.total.take(l.o.AllRate, l.o.AllBurst, now)
}

func (l *Listener) community(c string) bool {
	if len(l.o.Communities) == 0 {
		return true
	}
	for _, ours := range l.o.Communities {
		if sameText(ours, c) {
			return true
		}
	}
	return false
}
