package channeltest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Relay stands between a channel and its server and can be a bad network.
type Relay struct {
	to string
	l  net.Listener

	mu      sync.Mutex
	weather Weather
	conns   map[net.Conn]bool
	done    chan struct{}
	wg      sync.WaitGroup
}

// Weather is how a Relay behaves to connections that are made from then on.
type Weather int

// The weathers.
const (
	Fair Weather = iota
	Gone         // hangs up at once, as one that nobody listens behind
	Deaf         // takes the connection and all that is sent, and says nothing
	Torn         // cuts when it has passed on some of the message
)

// NewRelay starts one in front of a server; it ends with the test.
func NewRelay(t testing.TB, server string) *Relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Relay{to: server, l: l, conns: map[net.Conn]bool{}, done: make(chan struct{})}
	r.wg.Go(r.accept)
	t.Cleanup(func() {
		l.Close()
		close(r.done)
		r.mu.Lock()
		for c := range r.conns {
			c.Close()
		}
		r.conns = nil
		r.mu.Unlock()
		r.wg.Wait()
	})
	return r
}

// Address is where the relay listens.
func (r *Relay) Address() string { return r.l.Addr().String() }

// Set changes the weather.
func (r *Relay) Set(w Weather) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.weather = w
}

func (r *Relay) accept() {
	for {
		c, err := r.l.Accept()
		if err != nil {
			return
		}
		r.wg.Go(func() { r.serve(c) })
	}
}

// keep remembers a connection so that the end of the test closes it.
func (r *Relay) keep(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conns == nil {
		c.Close()
		return false
	}
	r.conns[c] = true
	return true
}

func (r *Relay) drop(c net.Conn) {
	c.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
}

func (r *Relay) serve(near net.Conn) {
	defer r.drop(near)
	r.mu.Lock()
	now := r.weather
	r.mu.Unlock()
	if !r.keep(near) {
		return
	}
	switch now {
	case Gone:
		return
	case Deaf:
		io.Copy(io.Discard, near)
		<-r.done // and does not hang up either
		return
	}
	far, err := net.Dial("tcp", r.to)
	if err != nil {
		return
	}
	defer r.drop(far)
	if !r.keep(far) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() {
		if now == Torn {
			io.CopyN(far, near, 2500)        // past a handshake and a greeting, not to the end
			near.(*net.TCPConn).SetLinger(0) // a reset, as by a firewall or a crash
			near.Close()
			far.Close()
			return
		}
		io.Copy(far, near)
		far.(*net.TCPConn).CloseWrite()
	})
	both.Go(func() {
		io.Copy(near, far)
		near.(*net.TCPConn).CloseWrite()
	})
	both.Wait()
}
