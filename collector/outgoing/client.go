package outgoing

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// Options of a Client. The zero value is good.
type Options struct {
	Timeout   time.Duration  // of a whole call with its answer; 0: 15 s
	Body      int64          // bytes of an answer that are read; 0: 64 KiB
	Redirects int            // how many are followed; 0: none, the answer with the redirect is the caller's
	Plain     bool           // http:// may be called too
	Roots     *x509.CertPool // who may vouch for servers; nil: the system's
}

// ErrTooLarge is an answer that is longer than Options.Body.
var ErrTooLarge = errors.New("the answer is longer than is read")

// Client makes an http.Client whose every connection follows the rules.
// Answers are bounded in time, headers (64 KiB) and body, counted after
// decompression; https is never left for http by a redirect, and no proxy is
// taken from the environment.
func (d *Dialer) Client(o Options) *http.Client {
	if o.Timeout == 0 {
		o.Timeout = 15 * time.Second
	}
	if o.Body == 0 {
		o.Body = 64 << 10
	}
	return &http.Client{
		Timeout: o.Timeout,
		Transport: &bounded{body: o.Body, plain: o.Plain, inner: &http.Transport{
			DialContext:            d.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
			TLSHandshakeTimeout:    o.Timeout,
			ResponseHeaderTimeout:  o.Timeout,
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConns:           4,
			IdleConnTimeout:        30 * time.Second,
			ForceAttemptHTTP2:      true,
		}},
		CheckRedirect: func(to *http.Request, via []*http.Request) error {
			if o.Redirects == 0 {
				return http.ErrUseLastResponse
			}
			if len(via) > o.Redirects {
				return fmt.Errorf("the server sends on more than %d times", o.Redirects)
			}
			if via[0].URL.Scheme == "https" && to.URL.Scheme != "https" {
				return errors.New("the server sends from https on to http, which is not followed")
			}
			return nil
		},
	}
}

// bounded refuses schemes and bounds answers; it stands below redirects.
type bounded struct {
	inner *http.Transport
	body  int64
	plain bool
}

// RoundTrip implements http.RoundTripper.
func (b *bounded) RoundTrip(q *http.Request) (*http.Response, error) {
	if q.URL.Scheme != "https" && !(b.plain && q.URL.Scheme == "http") {
		if q.Body != nil {
			q.Body.Close()
		}
		return nil, fmt.Errorf("%s:// is not called: https:// is expected", q.URL.Scheme)
	}
	r, err := b.inner.RoundTrip(q)
	if err == nil {
		r.Body = &boundedBody{ReadCloser: r.Body, left: b.body}
	}
	return r, err
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach through.
func (b *bounded) CloseIdleConnections() { b.inner.CloseIdleConnections() }

type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one more, to tell the end from too much
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n - 1, ErrTooLarge
	}
	return n, err
}

// Roots reads a PEM file of certificates that may vouch for servers beside the
// system's own; an empty path is nil, the system's alone.
func Roots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read CA file: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("read CA file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a system without one trusts only the file
	}
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("CA file %s holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)", path)
	}
	return pool, nil
}
