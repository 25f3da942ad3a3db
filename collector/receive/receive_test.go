package receive

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"muster/internal/inventory"
	"muster/internal/report"
)

// gatekeeper knows one certificate: any.
type gatekeeper struct{ refuse error }

func (g gatekeeper) Check(context.Context, *x509.Certificate) (Device, error) {
	return Device{ID: "d1"}, g.refuse
}
func (g gatekeeper) Enroll(_ context.Context, b []byte, _ netip.Addr) ([]byte, error) {
	return b, g.refuse
}
func (g gatekeeper) Renew(_ context.Context, _ *x509.Certificate, b []byte, _ netip.Addr) ([]byte, error) {
	return b, g.refuse
}

// door acknowledges everything, or fails as told.
type door struct {
	err   error
	panic bool
	got   int
}

func (d *door) Accept(_ context.Context, from Device, e *report.Envelope) (report.Answer, error) {
	if d.panic {
		panic("nil pointer")
	}
	if d.err != nil {
		return report.Answer{}, d.err
	}
	d.got += len(e.Reports)
	return report.Answer{Acked: e.Reports[len(e.Reports)-1].Seq}, nil
}

func receiver(g gatekeeper, d *door, change ...func(*Options)) *Receiver {
	o := Options{Identities: g, Door: d, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Limits: Limits{Body: 1 << 20, InFlight: 64 << 20, Enroll: 1000, PerMinute: 1000}}
	for _, f := range change {
		f(&o)
	}
	return New(o)
}

// ask sends a request as one over TLS with a client certificate.
func ask(r *Receiver, path string, body []byte, certificate bool) (int, report.Refusal, http.Header) {
	rq := httptest.NewRequest(http.MethodPost, "https://c"+path, bytes.NewReader(body))
	rq.TLS = &tls.ConnectionState{}
	if certificate {
		rq.TLS.PeerCertificates = []*x509.Certificate{{}}
	}
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, rq)
	var no report.Refusal
	if w.Code != http.StatusOK {
		if err := report.Unmarshal(w.Body.Bytes(), &no); err != nil {
			no.Message = "not a refusal: " + w.Body.String()
		}
	}
	return w.Code, no, w.Result().Header
}

func good(t *testing.T) []byte {
	r := report.Report{Seq: 1, Time: 1_790_000_000_000, Root: inventory.Hash{1}}
	b, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	body, err := report.Pack(report.Envelope{Epoch: 5}, [][]byte{b})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestRefusals(t *testing.T) {
	w, err := zstd.NewWriter(nil, zstd.WithWindowSize(32<<10))
	if err != nil {
		t.Fatal(err)
	}
	bomb := w.EncodeAll(make([]byte, 64<<20), nil)
	for name, c := range map[string]struct {
		path        string
		body        []byte
		certificate bool
		g           gatekeeper
		d           *door
		change      func(*Options)
		status      int
		code        string
	}{
		"taken":              {path: "/v1/reports", body: good(t), certificate: true, status: 200},
		"no certificate":     {path: "/v1/reports", body: good(t), status: 401, code: report.CodeUnknown},
		"revoked":            {path: "/v1/reports", body: good(t), certificate: true, g: gatekeeper{&Refused{Status: 403, Code: report.CodeRevoked}}, status: 403, code: report.CodeRevoked},
		"garbage":            {path: "/v1/reports", body: []byte("hello"), certificate: true, status: 400, code: report.CodeMalformed},
		"cut":                {path: "/v1/reports", body: good(t)[:20], certificate: true, status: 400, code: report.CodeMalformed},
		"version":            {path: "/v1/reports", body: []byte{0xa1, 0x01, 0x18, 0x63}, certificate: true, status: 400, code: report.CodeVersion},
		"too large":          {path: "/v1/reports", body: make([]byte, 2<<20), certificate: true, status: 413, code: report.CodeTooLarge},
		"bomb":               {path: "/v1/reports", body: bomb, certificate: true, status: 413, code: report.CodeTooLarge},
		"store failed":       {path: "/v1/reports", body: good(t), certificate: true, d: &door{err: errors.New("disk I/O error on /var/lib/muster")}, status: 503, code: report.CodeBusy},
		"crash":              {path: "/v1/reports", body: good(t), certificate: true, d: &door{panic: true}, status: 500, code: "internal"},
		"closed":             {path: "/v1/reports", body: good(t), certificate: true, change: func(o *Options) { o.Closed = func() (string, bool) { return "disk", true } }, status: 503, code: report.CodeBusy},
		"no room":            {path: "/v1/reports", body: good(t), certificate: true, change: func(o *Options) { o.Limits.InFlight = 10 }, status: 503, code: report.CodeBusy},
		"enrolled":           {path: "/v1/enroll", body: []byte("x"), status: 200},
		"enrolment large":    {path: "/v1/enroll", body: make([]byte, 5<<10), status: 413, code: report.CodeTooLarge},
		"renewal, anonymous": {path: "/v1/renew", body: []byte("x"), status: 401, code: report.CodeUnknown},
		"another path":       {path: "/index.html", body: nil, certificate: true, status: 404, code: "not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			d := c.d
			if d == nil {
				d = &door{}
			}
			var change []func(*Options)
			if c.change != nil {
				change = append(change, c.change)
			}
			status, no, _ := ask(receiver(c.g, d, change...), c.path, c.body, c.certificate)
			if status != c.status || no.Code != c.code {
				t.Errorf("%d %s (%s), want %d %s", status, no.Code, no.Message, c.status, c.code)
			}
			if strings.Contains(no.Message, "/var/lib") {
				t.Errorf("the collector's inside is told to a device: %s", no.Message)
			}
		})
	}
}

func TestOneDeviceIsSlowedDown(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 30, 0, time.UTC)
	r := receiver(gatekeeper{}, &door{}, func(o *Options) { o.Limits.PerMinute = 3; o.Now = func() time.Time { return now } })
	for i := range 4 {
		status, _, h := ask(r, "/v1/reports", good(t), true)
		if want := map[bool]int{true: 200, false: 429}[i < 3]; status != want {
			t.Errorf("request %d: %d, want %d", i+1, status, want)
		}
		if i == 3 && h.Get("Retry-After") != "30" {
			t.Errorf("Retry-After %q", h.Get("Retry-After"))
		}
	}
	now = now.Add(time.Minute)
	if status, _, _ := ask(r, "/v1/reports", good(t), true); status != 200 {
		t.Errorf("a minute later: %d", status)
	}
}

func TestEnrolmentIsPaced(t *testing.T) {
	r := receiver(gatekeeper{}, &door{}, func(o *Options) { o.Limits.Enroll = 2 })
	busy := 0
	for range 20 {
		if status, _, _ := ask(r, "/v1/enroll", []byte("x"), false); status == 503 {
			busy++
		}
	}
	if busy < 10 {
		t.Errorf("only %d of 20 were asked to come later", busy)
	}
}

func TestRoomIsGivenBack(t *testing.T) {
	r := receiver(gatekeeper{}, &door{})
	for range 50 {
		ask(r, "/v1/reports", []byte("garbage"), true)
		ask(r, "/v1/reports", good(t), true)
	}
	if used := r.flight.used.Load(); used != 0 {
		t.Errorf("%d bytes of the budget are lost", used)
	}
}

func FuzzReports(f *testing.F) {
	r := receiver(gatekeeper{}, &door{})
	h := r.Handler()
	f.Add([]byte{0xa1, 0x01, 0x01})
	f.Add([]byte(`{"version":1,"epoch":1,"reports":[{"seq":1,"time":"2026-01-01T00:00:00Z"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		rq := httptest.NewRequest(http.MethodPost, "https://c/v1/reports", io.NopCloser(bytes.NewReader(b)))
		rq.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{}}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, rq)
		if w.Code >= 500 && w.Code != http.StatusServiceUnavailable {
			t.Errorf("status %d for %x", w.Code, b)
		}
	})
}
