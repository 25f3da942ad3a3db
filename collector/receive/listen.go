package receive

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/time/rate"
)

// Serve answers agents on a listener until ctx ends, then lets requests that
// have begun come to their end for a few seconds.
func (r *Receiver) Serve(ctx context.Context, l net.Listener, t *tls.Config) error {
	srv := &http.Server{
		Handler: r.Handler(),
		// A slow sender holds a connection, never for long; bodies see to
		// that themselves.
		ReadHeaderTimeout: patience, // handshakes too
		ReadTimeout:       wholeRequest,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       11 * time.Minute, // above twice the slowest rhythm, so that connections are kept
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          log.New(quiet{r.o.Log}, "", 0),
		Protocols:         new(http.Protocols),
		ConnState:         r.crowd.changed,
	}
	srv.Protocols.SetHTTP1(true)
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		wait, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		stopped <- srv.Shutdown(wait)
	}()
	gate := &gate{Listener: l, limit: rate.NewLimiter(rate.Limit(r.o.Limits.Handshake), r.o.Limits.Handshake)}
	err := srv.Serve(tls.NewListener(gate, t))
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve agents: %w", err)
	}
	if err := <-stopped; err != nil {
		srv.Close()
	}
	return nil
}

// gate admits new connections at a bounded rate: a full handshake costs a
// hundred times a report, and after an outage all agents come at once. Those
// over the rate wait in the kernel's queue.
type gate struct {
	net.Listener
	limit *rate.Limiter
}

func (g *gate) Accept() (net.Conn, error) {
	c, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if err := g.limit.Wait(context.Background()); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// quiet brings the server's own lines, such as failed handshakes, into the
// log at a level where a port scan fills no disk.
type quiet struct{ log *slog.Logger }

func (q quiet) Write(b []byte) (int, error) {
	q.log.Debug("agents' listener", "message", string(b))
	return len(b), nil
}
