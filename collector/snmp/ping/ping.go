// Package ping asks addresses for an ICMP echo: who answers, and how fast. It
// owns the sockets, one for each version of IP and all targets alike, and the
// matching of answers to questions.
//
// It must not know what a target is, how often it is asked, or what an answer
// means for it.
package ping

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// Errors that callers tell apart.
var (
	// ErrNotAllowed: this account may open no socket for ICMP.
	ErrNotAllowed = errors.New("ICMP is not allowed to this account; on Linux set net.ipv4.ping_group_range to its group, or give the program CAP_NET_RAW")
	// ErrSilent: no answer in time.
	ErrSilent = errors.New("no answer to the echo")
	// ErrUnreachable: this machine has no way to the address.
	ErrUnreachable = errors.New("address cannot be reached from here")
)

// ICMP numbers its protocols after RFC 792 and RFC 4443; x/net wants the
// number of the protocol itself to parse (IANA).
const (
	protocol4 = 1
	protocol6 = 58
)

const (
	// payload is what travels in an echo: who sent it, and its number.
	payload = 16
	// gap is the least time between two echoes. Answers to a burst come as a
	// burst, and a socket that nobody enlarged holds some 200 of them.
	gap = 200 * time.Microsecond
)

// Pinger asks. Make it with Open; questions are answered while Run runs.
type Pinger struct {
	v4, v6 *socket
	from   uint64 // of this process, so that answers to another are not ours

	mu      sync.Mutex
	last    uint64
	next    time.Time // when the next echo may go out
	waiting map[uint64]*waiting
}

type socket struct {
	*icmp.PacketConn
	raw      bool
	protocol int
	ask      icmp.Type
	answer   icmp.Type
}

type waiting struct {
	addr netip.Addr
	sent time.Time
	took chan time.Duration
}

// Open opens the sockets that this account may have: those for echoes alone,
// which most systems give to everybody, else raw ones. ErrNotAllowed when it
// may have none for IPv4.
func Open() (*Pinger, error) {
	var b [8]byte
	rand.Read(b[:])
	p := &Pinger{from: binary.BigEndian.Uint64(b[:]), waiting: map[uint64]*waiting{}}
	var err error
	if p.v4, err = open("udp4", "ip4:icmp", "0.0.0.0", protocol4, ipv4.ICMPTypeEcho, ipv4.ICMPTypeEchoReply); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotAllowed, err)
	}
	// A machine without IPv6 has no targets there either.
	p.v6, _ = open("udp6", "ip6:ipv6-icmp", "::", protocol6, ipv6.ICMPTypeEchoRequest, ipv6.ICMPTypeEchoReply)
	return p, nil
}

func open(plain, raw, local string, protocol int, ask, answer icmp.Type) (*socket, error) {
	c, err := icmp.ListenPacket(plain, local)
	if err == nil {
		return &socket{c, false, protocol, ask, answer}, nil
	}
	c, again := icmp.ListenPacket(raw, local)
	if again != nil {
		return nil, errors.Join(err, again)
	}
	s := &socket{c, true, protocol, ask, answer}
	s.onlyAnswers()
	return s, nil
}

// onlyAnswers keeps what is not an answer out of a raw socket, which else gets
// all of this machine's ICMP. Where the system has no such filter, take drops
// it.
func (s *socket) onlyAnswers() {
	if c := s.IPv4PacketConn(); c != nil {
		var f ipv4.ICMPFilter
		f.SetAll(true)
		f.Accept(ipv4.ICMPTypeEchoReply)
		_ = c.SetICMPFilter(&f)
	}
	if c := s.IPv6PacketConn(); c != nil {
		var f ipv6.ICMPFilter
		f.SetAll(true)
		f.Accept(ipv6.ICMPTypeEchoReply)
		_ = c.SetICMPFilter(&f)
	}
}

// Run reads answers until ctx ends, then closes the sockets.
func (p *Pinger) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { p.Close() })
	defer stop()
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, s := range []*socket{p.v4, p.v6} {
		if s != nil {
			wg.Go(func() { errs[i] = p.read(ctx, s) })
		}
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Close closes the sockets; a Pinger whose Run ended is closed already.
func (p *Pinger) Close() {
	p.v4.Close()
	if p.v6 != nil {
		p.v6.Close()
	}
}

func (p *Pinger) read(ctx context.Context, s *socket) error {
	b := make([]byte, 1500)
	for {
		n, from, err := s.ReadFrom(b)
		at := time.Now()
		switch {
		case err == nil:
			p.take(s, b[:n], addrOf(from), at)
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return nil
		default:
			// An error of one packet, such as an ICMP error that the kernel
			// passes on, is not the end of the socket.
			var ne net.Error
			if !errors.As(err, &ne) {
				return fmt.Errorf("read echoes: %w", err)
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
}

// take matches one answer to its question. What is too short, of somebody
// else, or from another address than was asked is nobody's.
func (p *Pinger) take(s *socket, b []byte, from netip.Addr, at time.Time) {
	n, ok := number(s.protocol, s.answer, b, p.from)
	if !ok {
		return
	}
	p.mu.Lock()
	w := p.waiting[n]
	if w == nil || w.addr != from {
		p.mu.Unlock()
		return
	}
	delete(p.waiting, n)
	p.mu.Unlock()
	w.took <- at.Sub(w.sent)
}

// number reads which question an answer belongs to.
func number(protocol int, answer icmp.Type, b []byte, from uint64) (uint64, bool) {
	m, err := icmp.ParseMessage(protocol, b)
	if err != nil || m.Type != answer {
		return 0, false
	}
	e, ok := m.Body.(*icmp.Echo)
	if !ok || len(e.Data) != payload || binary.BigEndian.Uint64(e.Data) != from {
		return 0, false
	}
	return binary.BigEndian.Uint64(e.Data[8:]), true
}

func addrOf(a net.Addr) netip.Addr {
	var ip net.IP
	switch a := a.(type) {
	case *net.UDPAddr:
		ip = a.IP
	case *net.IPAddr:
		ip = a.IP
	}
	out, _ := netip.AddrFromSlice(ip)
	return out.Unmap()
}

// Ping sends one echo and waits for its answer: one packet, never two. The
// error is ErrSilent, ErrUnreachable, or that of ctx.
func (p *Pinger) Ping(ctx context.Context, addr netip.Addr, timeout time.Duration) (time.Duration, error) {
	addr = addr.Unmap()
	s := p.v4
	if addr.Is6() {
		s = p.v6
	}
	if s == nil {
		return 0, fmt.Errorf("%w: no IPv6 here", ErrUnreachable)
	}
	if err := p.turn(ctx); err != nil {
		return 0, err
	}
	w := &waiting{addr: addr.WithZone(""), took: make(chan time.Duration, 1)}
	p.mu.Lock()
	p.last++
	n := p.last
	p.waiting[n] = w
	w.sent = time.Now()
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.waiting, n)
		p.mu.Unlock()
	}()
	data := binary.BigEndian.AppendUint64(nil, p.from)
	data = binary.BigEndian.AppendUint64(data, n)
	// The kernel puts its own id on unprivileged sockets; the payload tells.
	m := icmp.Message{Type: s.ask, Body: &icmp.Echo{ID: int(p.from & 0xffff), Seq: int(n & 0xffff), Data: data}}
	b, err := m.Marshal(nil)
	if err != nil {
		return 0, fmt.Errorf("make echo: %w", err)
	}
	var to net.Addr = &net.UDPAddr{IP: addr.AsSlice(), Zone: addr.Zone()}
	if s.raw {
		to = &net.IPAddr{IP: addr.AsSlice(), Zone: addr.Zone()}
	}
	if _, err := s.WriteTo(b, to); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	t := time.NewTimer(timeout)
	defer t.Stop()
	select {
	case d := <-w.took:
		return d, nil
	case <-t.C:
		return 0, ErrSilent
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// turn waits for the next place in the row of echoes.
func (p *Pinger) turn(ctx context.Context) error {
	p.mu.Lock()
	now := time.Now()
	at := p.next
	if at.Before(now) {
		at = now
	}
	p.next = at.Add(gap)
	p.mu.Unlock()
	if !at.After(now) {
		return ctx.Err()
	}
	t := time.NewTimer(at.Sub(now))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
