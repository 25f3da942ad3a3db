package send

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"muster/internal/enroll"
	"muster/internal/report"
)

func refusal(t *testing.T, code string) []byte {
	b, err := report.Marshal(report.Refusal{Code: code, Message: "because"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVerdicts(t *testing.T) {
	type answer struct {
		status int
		after  string
		body   []byte
	}
	for name, c := range map[string]struct {
		answer answer
		want   Verdict
		after  time.Duration
	}{
		"taken":                     {answer{200, "", []byte{0xa0}}, Accepted, 0},
		"busy":                      {answer{503, "30", refusal(t, report.CodeBusy)}, Later, 30 * time.Second},
		"too fast":                  {answer{429, "7", refusal(t, report.CodeBusy)}, Later, 7 * time.Second},
		"broken":                    {answer{400, "", refusal(t, report.CodeMalformed)}, Never, 0},
		"too large":                 {answer{413, "", refusal(t, report.CodeTooLarge)}, Never, 0},
		"an older collector":        {answer{400, "", refusal(t, report.CodeVersion)}, Later, 10 * time.Minute},
		"conflict":                  {answer{409, "", refusal(t, report.CodeConflict)}, Conflict, 0},
		"expired":                   {answer{401, "", refusal(t, report.CodeExpired)}, Renew, 0},
		"revoked":                   {answer{403, "600", refusal(t, report.CodeRevoked)}, Enroll, 10 * time.Minute},
		"token used up":             {answer{403, "600", refusal(t, string(enroll.CodeTokenUsedUp))}, Enroll, 10 * time.Minute},
		"approval":                  {answer{403, "600", refusal(t, string(enroll.CodeApprovalNeeded))}, Later, 10 * time.Minute},
		"a proxy's page":            {answer{403, "", []byte("<html>Access denied by policy</html>")}, Later, 0},
		"another server":            {answer{404, "", []byte("not found")}, Later, 0},
		"a code we do not know":     {answer{403, "", refusal(t, "learned_later")}, Later, 0},
		"retry-after out of bounds": {answer{503, "99999999999", refusal(t, report.CodeBusy)}, Later, 24 * time.Hour},
		"retry-after as nonsense":   {answer{503, "soon", refusal(t, report.CodeBusy)}, Later, 0},
	} {
		t.Run(name, func(t *testing.T) {
			rs := &http.Response{StatusCode: c.answer.status, Header: http.Header{}}
			if c.answer.after != "" {
				rs.Header.Set("Retry-After", c.answer.after)
			}
			o := sort(rs, c.answer.body)
			if o.Verdict != c.want || o.After != c.after {
				t.Errorf("%s after %s, want %s after %s", o.Verdict, o.After, c.want, c.after)
			}
			if (o.Err == nil) != (c.want == Accepted) {
				t.Errorf("error %v", o.Err)
			}
		})
	}
}

// plain is a client whose TLS trusts a test server.
func plain(srv *httptest.Server, addrs ...string) *Client {
	return New(Options{TLS: func() *tls.Config { return srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone() },
		Addresses: func() []string { return addrs }, Timeout: 5 * time.Second})
}

func TestSecondAddressIsTriedAndKept(t *testing.T) {
	hits := 0
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits++
		if r.Header.Get("User-Agent") != "" || r.Header.Get("Accept-Encoding") != "" {
			t.Errorf("headers that nobody reads are sent: %v", r.Header)
		}
		io.Copy(w, r.Body)
	}))
	defer srv.Close()
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	good := strings.TrimPrefix(srv.URL, "https://")
	c := plain(srv, dead.Addr().String(), good)
	defer c.Reset()
	for range 3 {
		o := c.Post(t.Context(), PathReports, []byte("hello"))
		if o.Verdict != Accepted || string(o.Body) != "hello" || o.Address != good {
			t.Fatalf("%+v", o)
		}
	}
	if hits != 3 {
		t.Errorf("%d requests", hits)
	}
	if up, down := c.Bytes(); up == 0 || down == 0 {
		t.Error("bytes are not counted")
	}
}

func TestNobodyAnswers(t *testing.T) {
	c := New(Options{TLS: func() *tls.Config { return nil }, Addresses: func() []string { return nil }})
	if o := c.Post(t.Context(), PathReports, nil); o.Verdict != Later || o.Err == nil {
		t.Errorf("without addresses: %+v", o)
	}
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write(bytes.Repeat([]byte("x"), maxAnswer+10))
	}))
	defer srv.Close()
	c = plain(srv, strings.TrimPrefix(srv.URL, "https://"))
	defer c.Reset()
	if o := c.Post(t.Context(), PathReports, nil); o.Verdict != Later || !strings.Contains(o.Err.Error(), "too long") {
		t.Errorf("an endless answer: %v %v", o.Verdict, o.Err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if o := c.Post(ctx, PathReports, nil); o.Verdict != Later {
		t.Errorf("after the end: %+v", o)
	}
}

func TestIdentityFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := LoadIdentity(dir); err != ErrNoIdentity {
		t.Errorf("an empty folder: %v", err)
	}
}
