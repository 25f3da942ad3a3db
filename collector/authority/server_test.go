package authority_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/authority"
	"muster/internal/enroll"
)

// listener is the agents' listener of a world: it answers 200 or the refusal.
type listener struct{ addr string }

func serve(t *testing.T, w *world) listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	srv := &http.Server{
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, rq *http.Request) {
			if len(rq.TLS.PeerCertificates) == 0 {
				fmt.Fprint(rw, "anonymous")
				return
			}
			id, err := w.Check(rq.Context(), rq.TLS.PeerCertificates[0])
			var no *enroll.Refusal
			if errors.As(err, &no) {
				http.Error(rw, string(no.Code), no.Code.Status())
				return
			}
			if err != nil {
				http.Error(rw, err.Error(), http.StatusServiceUnavailable)
				return
			}
			fmt.Fprintf(rw, "%s %v", id.Device, rq.TLS.DidResume)
		}),
	}
	go srv.Serve(tls.NewListener(l, w.ServerTLS()))
	t.Cleanup(func() { srv.Close() })
	return listener{l.Addr().String()}
}

// get asks once over a client that is kept.
func (l listener) get(c *http.Client) (string, error) {
	r, err := c.Get("https://" + l.addr + "/")
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return strings.TrimSpace(string(b)), err
}

// dial makes one handshake as an agent at a time.
func (l listener) dial(t *testing.T, g *agent, now func() time.Time) error {
	t.Helper()
	c, err := tls.Dial("tcp", l.addr, g.tls(enroll.NewClock(now, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Time{})))
	if err != nil {
		return err
	}
	return c.Close()
}

func TestTheListenerOverTLS(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w)
	l := serve(t, w)
	clock := enroll.NewClock(w.now, w.now(), time.Time{})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: g.tls(clock)}}
	for range 2 {
		if got, err := l.get(client); err != nil || got != string(g.id)+" false" {
			t.Fatalf("%q %v", got, err)
		}
	}
	client.CloseIdleConnections()
	if got, err := l.get(client); err != nil || got != string(g.id)+" true" {
		t.Errorf("a resumed session: %q %v", got, err)
	}
	// F26: on the connection that is open, and on a session that is resumed.
	ok(t, w.Revoke(t.Context(), g.id, "ada", "stolen"))
	if got, err := l.get(client); err != nil || got != string(enroll.CodeRevoked) {
		t.Errorf("kept alive: %q %v", got, err)
	}
	client.CloseIdleConnections()
	if got, err := l.get(client); err != nil || got != string(enroll.CodeRevoked) {
		t.Errorf("resumed: %q %v", got, err)
	}
	stranger := newAgent(w)
	stranger.pins = g.pins
	anonymous := &http.Client{Transport: &http.Transport{TLSClientConfig: stranger.tls(clock)}}
	if got, err := l.get(anonymous); err != nil || got != "anonymous" {
		t.Errorf("without a certificate: %q %v", got, err)
	}
}

func TestAgentsKnowTheirCollector(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w)
	l := serve(t, w)
	right := w.now()
	at := func(x time.Time) func() time.Time { return func() time.Time { return x } }
	other := g.clone()
	other.pins = enrolled(newWorld(t)).pins
	for _, c := range []struct {
		name string
		g    *agent
		now  time.Time
		want error
	}{
		{"all is well", g, right, nil},
		{"the clock is at 1970", g, time.Unix(0, 0), nil},
		{"the clock is in 2060", g, right.AddDate(34, 0, 0), nil},
		{"the clock is a month ahead", g, right.Add(40 * day), enroll.ErrServerExpired},
		{"another collector", other, right, enroll.ErrWrongCollector},
	} {
		if err := l.dial(t, c.g, at(c.now)); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", c.name, err)
		} else if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than a line: %v", c.name, err)
		}
	}
	// A device of ours poses as the collector, with our own CA beside it.
	ders, _ := w.Set()
	fake, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{g.cert.Raw, ders[0]}, PrivateKey: g.key}}, NextProtos: enroll.Protocols()})
	ok(t, err)
	defer fake.Close()
	go func() {
		for {
			c, err := fake.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = bufio.NewReader(c).ReadByte(); c.Close() }()
		}
	}()
	if err := (listener{fake.Addr().String()}).dial(t, g, at(right)); !errors.Is(err, enroll.ErrNotCollector) {
		t.Errorf("a device as collector: %v", err)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	w := newWorld(t)
	l := serve(t, w)
	c, err := tls.Dial("tcp", l.addr, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	if err == nil {
		c.Close()
		t.Error("TLS 1.2 is taken")
	}
	// A script that pins nothing and speaks no ALPN sees the active CA.
	c, err = tls.Dial("tcp", l.addr, &tls.Config{InsecureSkipVerify: true})
	ok(t, err)
	defer c.Close()
	shown := c.ConnectionState().PeerCertificates
	if len(shown) != 2 || enroll.CertificateKey(shown[1]) != w.Active() {
		t.Errorf("shown %d certificates", len(shown))
	}
	for _, host := range []string{"localhost", "127.0.0.1", "::1", enroll.ServerName} {
		if err := shown[0].VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
}

func TestTheListenersCertificateIsRenewed(t *testing.T) {
	w := newWorld(t, func(o *authority.Options) { o.Names = []string{"muster.example.org", "10.1.2.3"} })
	cfg := w.ServerTLS()
	get := func() *tls.Certificate {
		c, err := cfg.GetCertificate(&tls.ClientHelloInfo{})
		ok(t, err)
		return c
	}
	var wg sync.WaitGroup
	same := make([]*tls.Certificate, 20)
	for i := range same {
		wg.Go(func() { same[i] = get() })
	}
	wg.Wait()
	for _, c := range same {
		if c != same[0] {
			t.Fatal("several certificates were made")
		}
	}
	first := same[0]
	ok(t, first.Leaf.VerifyHostname("muster.example.org"))
	ok(t, first.Leaf.VerifyHostname("10.1.2.3"))
	w.pass(19 * day)
	if get() != first {
		t.Error("renewed too early")
	}
	w.pass(2 * day)
	if second := get(); second == first || second.Leaf.NotAfter.Before(w.now().Add(29*day)) {
		t.Error("not renewed")
	}
	w.pass(-400 * day) // the collector's clock is set back
	if c := get(); c.Leaf.NotBefore.After(w.now()) {
		t.Error("not valid yet")
	}
}

// An agent that slept through rotations pins only the CA of its day, and comes
// back by itself.
func TestAnAgentFromADrawerMeetsItsOwnCA(t *testing.T) {
	w := newWorld(t)
	sleeper, awake := enrolled(w, box(1)...), enrolled(w, box(2)...)
	ok(t, sleeper.report())
	for range 2 {
		ok(t, w.Rotate(t.Context(), authority.StagePublish, false))
		w.pass(10 * day)
		ok(t, w.Advance(t.Context()))
		ok(t, awake.renew(false, false))
		ok(t, awake.report())
		w.pass(30 * day)
	}
	l := serve(t, w)
	ok(t, l.dial(t, awake, w.now))
	ok(t, l.dial(t, sleeper, w.now))
	ok(t, sleeper.renew(false, false))
	ok(t, sleeper.report())
	if len(sleeper.pins) != 3 {
		t.Errorf("pins %d CAs", len(sleeper.pins))
	}
	ok(t, w.Advance(t.Context()))
	if states(t, w) != "active" && states(t, w) != "active retired" {
		t.Error(states(t, w))
	}
	ok(t, l.dial(t, sleeper, w.now))
}

// Run takes the steps that are due.
func TestRunAdvances(t *testing.T) {
	w := newWorld(t, func(o *authority.Options) { o.Periods.Poll = time.Millisecond })
	ok(t, w.Rotate(t.Context(), "", false))
	w.pass(8 * day)
	first := w.Active()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.Run(ctx) }()
	for deadline := time.Now().Add(5 * time.Second); w.Active() == first; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the new CA does not sign")
		}
	}
	stop()
	ok(t, <-done)
}
