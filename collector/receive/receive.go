// Package receive is the collector's side of the wire: TLS, which device a
// connection belongs to, limits, decoding, and the words in which a request
// is refused. It hands envelopes to intake through a small interface.
//
// It must not know SQL, rules, or what becomes of a report.
package receive

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"muster/internal/inventory"
	"muster/internal/report"
)

// Device is who a request comes from.
type Device struct {
	ID      inventory.DeviceID
	Machine [8]byte // fingerprint of the machine the key was made on
	Address string
}

// Identities answers who a certificate belongs to, afresh for each request:
// a revoked device is refused on the connection it already has. Refusals are
// errors of type *Refused.
type Identities interface {
	Check(ctx context.Context, cert *x509.Certificate) (Device, error)
	Enroll(ctx context.Context, body []byte, from netip.Addr) (answer []byte, err error)
	Renew(ctx context.Context, cert *x509.Certificate, body []byte, from netip.Addr) (answer []byte, err error)
}

// Refused is a refusal that a device is told.
type Refused struct {
	Status  int
	Code    string
	Message string
	After   time.Duration // Retry-After; 0 for none
}

func (r *Refused) Error() string { return r.Message + " (" + r.Code + ")" }

// Door takes envelopes in; intake.Door does. An error that is a *Refused is
// told; any other is a fault of the collector.
type Door interface {
	Accept(ctx context.Context, from Device, e *report.Envelope) (report.Answer, error)
}

// Limits of a Receiver.
type Limits struct {
	Body      int64 // bytes on the wire
	InFlight  int64 // bytes of decoded bodies worked on at one time
	Enroll    int   // enrolments and renewals per second
	Handshake int   // new connections per second
	PerMinute int   // requests of one device
	Open      int   // connections open at one time; 0: as many as come
}

// Options of a Receiver.
type Options struct {
	Identities Identities
	Door       Door
	Limits     Limits
	Log        *slog.Logger
	Now        func() time.Time
	// Closed is true while nothing more may be taken in, such as on a full
	// disk; the text says why.
	Closed func() (string, bool)
}

// Receiver is the HTTP side of the agents' listener.
type Receiver struct {
	o        Options
	flight   budget
	crowd    crowd
	enroll   *rate.Limiter
	renew    *rate.Limiter // apart, so that strangers at the door keep no device from renewing
	devices  paces
	requests atomic.Int64
	refused  atomic.Int64
	busy     atomic.Int64
	wire     atomic.Int64
	decoded  atomic.Int64

	mu      sync.Mutex
	reasons map[string]int64 // refusals by code
}

// grown is the bytes of memory charged for each decoded byte.
const grown = 16

// Bodies of enrolment and renewal are small (DESIGN: 4 KiB); evidence of a
// machine with many cards makes some room wise.
const (
	maxEnroll = 4 << 10
	maxRenew  = 8 << 10
)

// New makes a receiver.
func New(o Options) *Receiver {
	if o.Closed == nil {
		o.Closed = func() (string, bool) { return "", false }
	}
	return &Receiver{o: o, flight: budget{limit: o.Limits.InFlight}, crowd: crowd{most: o.Limits.Open, log: o.Log, now: o.Now}, enroll: rate.NewLimiter(rate.Limit(o.Limits.Enroll), 2*o.Limits.Enroll),
		renew:   rate.NewLimiter(rate.Limit(o.Limits.Enroll), 2*o.Limits.Enroll),
		devices: paces{perMinute: o.Limits.PerMinute, counts: map[inventory.DeviceID]int{}}, reasons: map[string]int64{}}
}

// Handler serves the three routes of agents.
func (r *Receiver) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/reports", r.reports)
	mux.HandleFunc("POST /v1/enroll", r.enrolment)
	mux.HandleFunc("POST /v1/renew", r.renewal)
	mux.HandleFunc("/", func(w http.ResponseWriter, rq *http.Request) {
		r.refuse(w, rq, &Refused{Status: http.StatusNotFound, Code: "not_found",
			Message: "this is the address for Muster's agents; pages and API are on the web address"})
	})
	return http.HandlerFunc(func(w http.ResponseWriter, rq *http.Request) {
		// One broken request must not end the process, nor another request.
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				r.o.Log.Error("request crashed", "path", rq.URL.Path, "panic", fmt.Sprint(p))
				r.refuse(w, rq, &Refused{Status: http.StatusInternalServerError, Code: "internal", Message: "the collector failed; the report is kept by the agent and sent again"})
			}
		}()
		r.requests.Add(1)
		newWatch(w).soon()
		if peer(rq) == nil {
			// A stranger, or a device that is about to become one of ours and
			// will come again as that: no connection is kept for it.
			w.Header().Set("Connection", "close")
		}
		// Headers that every answer would carry and no agent reads.
		h := w.Header()
		h["Date"] = nil
		mux.ServeHTTP(w, rq)
	})
}

// Busy says how many requests were asked to come later.
func (r *Receiver) Busy() int64 { return r.busy.Load() }

// Bytes says how many bytes of reports came, and what they unfolded to.
func (r *Receiver) Bytes() (wire, decoded int64) { return r.wire.Load(), r.decoded.Load() }

// Connections says how many are open, and how many idle ones were ended
// because there were too many.
func (r *Receiver) Connections() (open int, displaced int64) { return r.crowd.count() }

// Reasons counts refusals by their code; internal is a fault of the collector.
func (r *Receiver) Reasons() map[string]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.reasons)
}

// Counts says how many requests came and how many were refused.
func (r *Receiver) Counts() (requests, refused int64) { return r.requests.Load(), r.refused.Load() }

func (r *Receiver) reports(w http.ResponseWriter, rq *http.Request) {
	dev, err := r.who(rq)
	if err != nil {
		r.refuse(w, rq, err)
		return
	}
	if wait, ok := r.devices.take(dev.ID, r.o.Now()); !ok {
		r.refuse(w, rq, &Refused{Status: http.StatusTooManyRequests, Code: report.CodeBusy, After: wait,
			Message: fmt.Sprintf("this device sends more than %d requests a minute", r.o.Limits.PerMinute)})
		return
	}
	if why, closed := r.o.Closed(); closed {
		r.refuse(w, rq, busy(why, time.Minute))
		return
	}
	// Room is taken twice: for the bytes on the wire as they come, and for what
	// they turn out to unfold to before it is built.
	room := room{of: &r.flight}
	defer room.leave()
	body, err := body{rq.Body, rq.ContentLength, r.o.Limits.Body, &room, newWatch(w)}.read()
	if err != nil {
		r.refuse(w, rq, err)
		return
	}
	r.wire.Add(int64(len(body)))
	plain, err := report.Decompress(body, report.MaxBody)
	if err != nil {
		r.refuse(w, rq, decodeError(err))
		return
	}
	r.decoded.Add(int64(len(plain)))
	// A value of one byte becomes sixteen; one body alone always finds room.
	built := min(int64(len(plain))*grown, r.o.Limits.InFlight/2)
	if !room.take(built) {
		r.refuse(w, rq, tooMany())
		return
	}
	e, err := report.DecodePlain(plain)
	if err != nil {
		r.refuse(w, rq, decodeError(err))
		return
	}
	answer, err := r.o.Door.Accept(rq.Context(), dev, e)
	if err != nil {
		r.refuse(w, rq, err)
		return
	}
	b, err := report.Marshal(answer)
	if err != nil {
		r.refuse(w, rq, err)
		return
	}
	reply(w, http.StatusOK, b)
}

func (r *Receiver) enrolment(w http.ResponseWriter, rq *http.Request) {
	r.small(w, rq, r.enroll, maxEnroll, func(body []byte, from netip.Addr) ([]byte, error) {
		return r.o.Identities.Enroll(rq.Context(), body, from)
	})
}

func (r *Receiver) renewal(w http.ResponseWriter, rq *http.Request) {
	cert := peer(rq)
	if cert == nil {
		r.refuse(w, rq, noCertificate())
		return
	}
	r.small(w, rq, r.renew, maxRenew, func(body []byte, from netip.Addr) ([]byte, error) {
		return r.o.Identities.Renew(rq.Context(), cert, body, from)
	})
}

// small serves the two routes that issue certificates: a bound on the body
// and on the rate, since each costs a signature.
func (r *Receiver) small(w http.ResponseWriter, rq *http.Request, limit *rate.Limiter, most int64, serve func([]byte, netip.Addr) ([]byte, error)) {
	// The body first: what comes a byte at a time takes nobody's turn.
	room := room{of: &r.flight}
	defer room.leave()
	body, err := body{rq.Body, rq.ContentLength, most, &room, newWatch(w)}.read()
	if err == nil && !limit.AllowN(r.o.Now(), 1) {
		err = busy("too many enrolments at once", 2*time.Second)
	}
	if err == nil {
		var from netip.Addr
		if ap, perr := netip.ParseAddrPort(rq.RemoteAddr); perr == nil {
			from = ap.Addr().Unmap()
		}
		var b []byte
		if b, err = serve(body, from); err == nil {
			reply(w, http.StatusOK, b)
			return
		}
	}
	r.refuse(w, rq, err)
}

func (r *Receiver) who(rq *http.Request) (Device, error) {
	cert := peer(rq)
	if cert == nil {
		return Device{}, noCertificate()
	}
	d, err := r.o.Identities.Check(rq.Context(), cert)
	if err != nil {
		return Device{}, err
	}
	if host, _, err := net.SplitHostPort(rq.RemoteAddr); err == nil {
		d.Address = host
	}
	return d, nil
}

func peer(rq *http.Request) *x509.Certificate {
	if rq.TLS == nil || len(rq.TLS.PeerCertificates) == 0 {
		return nil
	}
	return rq.TLS.PeerCertificates[0]
}

func noCertificate() error {
	return &Refused{Status: http.StatusUnauthorized, Code: report.CodeUnknown, Message: "no client certificate: enrol this device first"}
}

func decodeError(err error) error {
	switch {
	case errors.Is(err, report.ErrTooLarge):
		return &Refused{Status: http.StatusRequestEntityTooLarge, Code: report.CodeTooLarge, Message: err.Error()}
	case errors.Is(err, report.ErrVersion):
		return &Refused{Status: http.StatusBadRequest, Code: report.CodeVersion, Message: err.Error() + "; update the collector before the agents"}
	}
	return &Refused{Status: http.StatusBadRequest, Code: report.CodeMalformed, Message: err.Error()}
}

func busy(why string, after time.Duration) *Refused {
	return &Refused{Status: http.StatusServiceUnavailable, Code: report.CodeBusy, Message: why, After: after}
}

// refuse tells a refusal; anything else is logged and told as a fault.
func (r *Receiver) refuse(w http.ResponseWriter, rq *http.Request, err error) {
	r.refused.Add(1)
	reason := "internal"
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.reasons[reason]++
	}()
	var no *Refused
	if !errors.As(err, &no) {
		if rq.Context().Err() != nil {
			reason = "gone"
			return // the device went away; without an answer it would read 200
		}
		r.o.Log.Error("request failed", "path", rq.URL.Path, "error", err)
		no = busy("the collector failed to store the report; it is asked for again", 30*time.Second)
	} else {
		reason = no.Code
		r.o.Log.Debug("request refused", "path", rq.URL.Path, "peer", rq.RemoteAddr, "code", no.Code, "reason", no.Message)
	}
	if no.Code == report.CodeBusy {
		r.busy.Add(1)
	}
	if no.After > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(no.After/time.Second)))
	}
	b, merr := report.Marshal(report.Refusal{Code: no.Code, Message: no.Message, Now: r.o.Now().UnixMilli()})
	if merr != nil {
		b = nil
	}
	reply(w, no.Status, b)
}

func reply(w http.ResponseWriter, status int, b []byte) {
	h := w.Header()
	h["Content-Type"] = nil // said by the route; agents do not read it
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	w.Write(b)
}

// paces counts each device's requests by the minute, so that one agent gone
// mad costs the others nothing.
type paces struct {
	perMinute int
	mu        sync.Mutex
	minute    int64
	counts    map[inventory.DeviceID]int
}

func (p *paces) take(id inventory.DeviceID, now time.Time) (wait time.Duration, ok bool) {
	if p.perMinute <= 0 {
		return 0, true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if m := now.Unix() / 60; m != p.minute {
		p.minute = m
		clear(p.counts)
	}
	if p.counts[id] >= p.perMinute {
		return time.Duration(60-now.Unix()%60) * time.Second, false
	}
	p.counts[id]++
	return 0, true
}

// budget is a count of bytes that may be in work at one time.
type budget struct {
	limit int64
	used  atomic.Int64
}

func (b *budget) take(n int64) bool {
	if b.used.Add(n) > b.limit {
		b.used.Add(-n)
		return false
	}
	return true
}

func (b *budget) give(n int64) { b.used.Add(-n) }
