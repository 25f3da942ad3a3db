package snmptest

import (
	"context"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"muster/collector/snmp/session"
)

// Listen answers over UDP on 127.0.0.1, until the test ends.
func (a *Agent) Listen(t testing.TB) netip.AddrPort {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.Serve(c)
	}()
	t.Cleanup(func() {
		c.Close()
		<-done
	})
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

// Serve answers what comes over a socket, until that is closed.
func (a *Agent) Serve(c *net.UDPConn) {
	b := make([]byte, 1<<16)
	for {
		n, from, err := c.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		answers, after := a.Answer(b[:n])
		send := func() {
			for _, p := range answers {
				_, _ = c.WriteToUDPAddrPort(p, from)
			}
		}
		if after > 0 {
			time.AfterFunc(after, send)
		} else {
			send()
		}
	}
}

// Dial is a link to the agent, for session.Options.Dial. It works in virtual
// time.
func (a *Agent) Dial(netip.AddrPort) (session.Link, error) {
	return &link{agent: a, in: make(chan []byte, 1024), closed: make(chan struct{})}, nil
}

type link struct {
	agent  *Agent
	in     chan []byte
	closed chan struct{}
}

func (l *link) Send(packet []byte) error {
	answers, after := l.agent.Answer(packet)
	send := func() {
		for _, p := range answers {
			select {
			case l.in <- p:
			default: // as a socket whose buffer is full
			}
		}
	}
	if after > 0 {
		time.AfterFunc(after, send)
	} else {
		send()
	}
	return nil
}

func (l *link) Receive(ctx context.Context, until time.Time, take func([]byte)) error {
	l.agent.mu.Lock()
	refuse := l.agent.faults.Refuse
	l.agent.mu.Unlock()
	if refuse {
		return session.ErrRefused
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case p := <-l.in:
		take(p)
		return nil
	case <-timer.C:
		return os.ErrDeadlineExceeded
	case <-ctx.Done():
		return ctx.Err()
	case <-l.closed:
		return session.ErrClosed
	}
}

func (l *link) Close() error {
	close(l.closed)
	return nil
}
