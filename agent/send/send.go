// Package send carries bodies from an agent to its collector and sorts what
// comes back: accepted, later, never, renew, enrol again. It owns addresses,
// connections, the proxy, and the manners of retrying.
//
// It must not know what is in a body, where reports wait, or who this device
// is: identity comes in as a TLS configuration.
package send

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"muster/internal/enroll"
	"muster/internal/report"
)

// Paths of the collector's agent side.
const (
	PathReports = "/v1/reports"
	PathEnroll  = "/v1/enroll"
	PathRenew   = "/v1/renew"
)

// Verdict is what became of a body.
type Verdict uint8

// The verdicts.
const (
	Accepted Verdict = iota
	Later            // not taken now: the same bytes will do later
	Never            // these bytes will never be taken
	Conflict         // the sequence number was taken by another body
	Renew            // the certificate is too old: renew, then send again
	Enroll           // this identity is over: a new invitation is needed
)

func (v Verdict) String() string {
	return [...]string{"accepted", "later", "never", "conflict", "renew", "enroll"}[v]
}

// Outcome of one exchange.
type Outcome struct {
	Verdict Verdict
	Body    []byte         // of an accepted exchange
	After   time.Duration  // from Retry-After; 0 when the collector named none
	Refusal report.Refusal // when it sent one
	Err     error          // why, for the log
	Address string         // that answered
}

// Options of a Client.
type Options struct {
	// TLS makes the configuration of new connections; it is asked again after
	// Reset, so that a renewed certificate or a changed set of CAs is used.
	TLS func() *tls.Config
	// Addresses in the order to try them, host:port.
	Addresses func() []string
	// Proxy is http.Transport.Proxy; nil for none.
	Proxy func(*http.Request) (*url.URL, error)
	// Timeout of a whole exchange. Slow lines need time: 8 MiB over 32 KB/s.
	Timeout time.Duration
}

// Client keeps one connection to the collector.
type Client struct {
	o  Options
	mu sync.Mutex
	tr *http.Transport
	at int // index of the address that answered last

	sent, received atomic.Int64
}

// New makes a client that has not connected yet.
func New(o Options) *Client {
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Minute
	}
	return &Client{o: o}
}

// maxAnswer bounds what a collector may answer: a policy with a set of CAs is
// a few KB.
const maxAnswer = 1 << 20

// Reset drops connections, so that the next one is made with the identity of
// now.
func (c *Client) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tr != nil {
		c.tr.CloseIdleConnections()
		c.tr = nil
	}
}

// Bytes are those of all connections so far, TLS and HTTP included.
func (c *Client) Bytes() (sent, received int64) { return c.sent.Load(), c.received.Load() }

func (c *Client) transport() *http.Transport {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tr != nil {
		return c.tr
	}
	d := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}
	c.tr = &http.Transport{
		Proxy: c.o.Proxy,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := d.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &counted{Conn: conn, c: c}, nil
		},
		TLSClientConfig:       c.o.TLS(),
		TLSHandshakeTimeout:   20 * time.Second,
		ResponseHeaderTimeout: 2 * time.Minute,
		// One connection, kept longer than the slowest rhythm.
		MaxIdleConns: 1, MaxIdleConnsPerHost: 1, MaxConnsPerHost: 1, IdleConnTimeout: 11 * time.Minute,
		DisableCompression: true,
		// HTTP/2 costs twice the processor time for one request at a time.
		ForceAttemptHTTP2: false,
		WriteBufferSize:   4 << 10, ReadBufferSize: 4 << 10,
	}
	return c.tr
}

// Post sends a body to the first address that answers.
func (c *Client) Post(ctx context.Context, path string, body []byte) Outcome {
	addrs := c.o.Addresses()
	if len(addrs) == 0 {
		return Outcome{Verdict: Later, Err: errors.New("no address of a collector is known")}
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	var errs []error
	start := c.at
	for i := range addrs {
		n := (start + i) % len(addrs)
		out, reached := c.post(ctx, addrs[n], path, body)
		if reached {
			c.at = n
			out.Address = addrs[n]
			return out
		}
		errs = append(errs, out.Err)
		if ctx.Err() != nil {
			break
		}
	}
	return Outcome{Verdict: Later, Err: errors.Join(errs...)}
}

func (c *Client) post(ctx context.Context, addr, path string, body []byte) (Outcome, bool) {
	rq, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+addr+path, bytes.NewReader(body))
	if err != nil {
		return Outcome{Verdict: Later, Err: fmt.Errorf("address %q: %w", addr, err)}, false
	}
	// Every byte is sent by every PC every minute.
	rq.Header["User-Agent"] = nil
	rs, err := c.transport().RoundTrip(rq)
	if err != nil {
		return Outcome{Verdict: Later, Err: fmt.Errorf("collector %s: %w", addr, explain(err))}, false
	}
	defer rs.Body.Close()
	b, err := io.ReadAll(io.LimitReader(rs.Body, maxAnswer+1))
	if err != nil || len(b) > maxAnswer {
		return Outcome{Verdict: Later, Err: fmt.Errorf("collector %s: the answer broke off or is too long: %v", addr, err)}, true
	}
	return sort(rs, b), true
}

// sort turns a status into a verdict. What is not known is later: an error
// page of a proxy must not cost a report.
func sort(rs *http.Response, b []byte) Outcome {
	o := Outcome{Verdict: Later, After: retryAfter(rs.Header.Get("Retry-After"))}
	if rs.StatusCode == http.StatusOK {
		o.Verdict, o.Body = Accepted, b
		return o
	}
	if err := report.Unmarshal(b, &o.Refusal); err != nil || o.Refusal.Code == "" {
		// Not from a collector: somebody in between.
		o.Err = fmt.Errorf("status %d, not in the collector's own words: is there a proxy or another server at this address?", rs.StatusCode)
		return o
	}
	o.Err = fmt.Errorf("%s (%s)", o.Refusal.Message, o.Refusal.Code)
	switch rs.StatusCode {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		o.Verdict = Never
		if o.Refusal.Code == report.CodeVersion {
			// Nothing is wrong with the report: the collector is older than
			// this agent, and will be updated.
			o.Verdict, o.After = Later, max(o.After, 10*time.Minute)
		}
	case http.StatusConflict:
		o.Verdict = Conflict
	case http.StatusUnauthorized, http.StatusForbidden:
		switch enroll.Code(o.Refusal.Code).Action() {
		case enroll.DoRenew:
			o.Verdict = Renew
		case enroll.DoEnroll, enroll.DoCorrect:
			o.Verdict = Enroll
		}
	}
	return o
}

// retryAfter reads seconds (RFC 9110 §10.2.3); a date is not used by
// collectors, and whose clock would it be.
func retryAfter(s string) time.Duration {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(min(n, 24*3600)) * time.Second
}

// explain turns the commonest faults of the way into words.
func explain(err error) error {
	var alert tls.AlertError
	var op *net.OpError
	switch {
	case errors.As(err, &alert):
		return fmt.Errorf("it refused the TLS connection: %w", err)
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Errorf("cannot be reached: %w", err)
	}
	return err
}

// counted counts the bytes of a connection.
type counted struct {
	net.Conn
	c *Client
}

func (k *counted) Read(b []byte) (int, error) {
	n, err := k.Conn.Read(b)
	k.c.received.Add(int64(n))
	return n, err
}

func (k *counted) Write(b []byte) (int, error) {
	n, err := k.Conn.Write(b)
	k.c.sent.Add(int64(n))
	return n, err
}
