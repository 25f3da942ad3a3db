package receive

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are in memory, so that their time is
// that of the test.
type pipes struct {
	conns chan net.Conn
	over  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.over:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { close(p.over); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// served runs the handler behind a server with the deadlines of Serve, as if
// each connection had brought a certificate.
func served(r *Receiver) (dial func() net.Conn, stop func()) {
	p := &pipes{make(chan net.Conn), make(chan struct{})}
	h := r.Handler()
	srv := &http.Server{ReadHeaderTimeout: patience, ReadTimeout: wholeRequest, ConnState: r.crowd.changed,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, rq *http.Request) {
			rq.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{}}}
			h.ServeHTTP(w, rq)
		})}
	go srv.Serve(p)
	return func() net.Conn {
			near, far := net.Pipe()
			p.conns <- far
			return near
		}, func() {
			srv.Close()
			time.Sleep(time.Second) // virtual: the server lingers for half of it over a connection that it ends
		}
}

// trickle writes a body's header and then so many bytes every so often, and
// answers how long the connection lived and what was answered.
func trickle(c net.Conn, body []byte, piece int, every time.Duration) (time.Duration, string) {
	begin := time.Now()
	said := make(chan string)
	go func() {
		rs, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			said <- err.Error()
			return
		}
		io.Copy(io.Discard, rs.Body)
		said <- rs.Status
	}()
	fmt.Fprintf(c, "POST /v1/reports HTTP/1.1\r\nHost: c\r\nContent-Length: %d\r\n\r\n", len(body))
	var writer sync.WaitGroup
	defer writer.Wait()
	writer.Go(func() {
		for len(body) > 0 {
			n := min(piece, len(body))
			if _, err := c.Write(body[:n]); err != nil {
				return
			}
			body = body[n:]
			time.Sleep(every)
		}
	})
	answer := <-said
	took := time.Since(begin)
	c.Close()
	return took, answer
}

// F18 at the bodies, where header and handshake are done: what comes a byte
// each ten seconds is gone after them; what is slow as the slowest line is not.
func TestBodiesHaveToComeOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{}
		r := receiver(gatekeeper{}, d)
		dial, stop := served(r)
		defer stop()
		took, answer := trickle(dial(), make([]byte, 1000), 1, 10*time.Second)
		if took > 2*patience || !strings.HasPrefix(answer, "400") {
			t.Errorf("a byte each ten seconds: %s after %s", answer, took)
		}
		long := append(good(t), bytes.Repeat([]byte{0}, 20<<10)...) // refused, once all of it came
		took, answer = trickle(dial(), long, 200, time.Second)
		if !strings.HasPrefix(answer, "400") || took < 100*time.Second {
			t.Errorf("20 KiB at 200 B/s: %s after %s", answer, took)
		}
		took, answer = trickle(dial(), long, 150, time.Second)
		if !strings.HasPrefix(answer, "400") || took < wholeRequest-patience || took > wholeRequest+patience {
			t.Errorf("a request of more than %s: %s after %s", wholeRequest, answer, took)
		}
		if took, answer = trickle(dial(), good(t), 10, time.Second); !strings.HasPrefix(answer, "200") {
			t.Errorf("a small report, 10 B/s: %s after %s", answer, took)
		}
		if used := r.flight.used.Load(); used != 0 {
			t.Errorf("%d bytes of the budget are lost", used)
		}
		if d.got != 1 {
			t.Errorf("%d reports were taken, want 1", d.got)
		}
	})
}

// A device gone bad promises much, on many connections, and sends nothing.
func TestPromisesTakeNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receiver(gatekeeper{}, &door{}, func(o *Options) { o.Limits.InFlight = 2 << 20 })
		dial, stop := served(r)
		defer stop()
		for range 200 {
			c := dial()
			defer c.Close()
			fmt.Fprint(c, "POST /v1/reports HTTP/1.1\r\nHost: c\r\nContent-Length: 1048576\r\n\r\n")
		}
		synctest.Wait()
		if used := r.flight.used.Load(); used < 200*1000 {
			t.Errorf("only %d bytes are held: the connections do not wait for bodies", used)
		}
		if _, answer := trickle(dial(), good(t), 1<<20, time.Second); !strings.HasPrefix(answer, "200") {
			t.Errorf("an honest report meanwhile: %s", answer)
		}
	})
}

// Too many connections: of those that are idle for a while the one that was
// heard last goes, then the others, and if none is idle, the new one.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		r := receiver(gatekeeper{}, &door{}, func(o *Options) {
			o.Limits.Open = 3
			o.Log = slog.New(slog.NewTextHandler(&log, nil))
		})
		dial, stop := served(r)
		defer stop()
		send := func(c net.Conn) string {
			b := good(t)
			go fmt.Fprintf(c, "POST /v1/reports HTTP/1.1\r\nHost: c\r\nContent-Length: %d\r\n\r\n%s", len(b), b)
			rs, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				return err.Error()
			}
			io.Copy(io.Discard, rs.Body)
			return rs.Status
		}
		arrive := func() net.Conn {
			c := dial()
			t.Cleanup(func() { c.Close() })
			if s := send(c); s != "200 OK" {
				t.Errorf("a newcomer: %s", s)
			}
			time.Sleep(8 * time.Second)
			return c
		}
		a, b, c := arrive(), arrive(), arrive() // idle for 24, 16 and 8 s
		d := arrive()
		if s := send(b); s == "200 OK" {
			t.Error("the one that is settled and was heard last is still open")
		}
		for name, c := range map[string]net.Conn{"first": a, "third": c, "fourth": d} {
			if s := send(c); s != "200 OK" {
				t.Errorf("the %s: %s", name, s)
			}
		}
		// None has settled: the one that is idle longest.
		time.Sleep(time.Second)
		send(c)
		time.Sleep(time.Second)
		send(d)
		e := arrive()
		if s := send(a); s == "200 OK" {
			t.Error("the one that is idle longest is still open")
		}
		if open, gone := r.Connections(); open != 3 || gone != 2 {
			t.Errorf("%d open, %d ended, want 3 and 2", open, gone)
		}
		for _, c := range []net.Conn{c, d, e} { // all at work
			fmt.Fprint(c, "POST /v1/reports HTTP/1.1\r\nHost: c\r\nContent-Length: 9\r\n\r\n")
		}
		synctest.Wait()
		fifth := dial()
		defer fifth.Close()
		if s := send(fifth); s == "200 OK" {
			t.Error("a fifth was let in while three are at work")
		}
		if n := strings.Count(log.String(), "limits.connections"); n != 1 {
			t.Errorf("the log tells of it %d times:\n%s", n, log.String())
		}
	})
}
