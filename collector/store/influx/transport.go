package influx

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode"

	influxhttp "github.com/influxdata/influxdb-client-go/v2/api/http"

	"muster/collector/store"
	"muster/internal/backoff"
)

const (
	// dialPatience is for a connection, its TLS included; requests have their
	// own limits.
	dialPatience = 10 * time.Second
	// mostRefusal is how much is read of an answer that refuses.
	mostRefusal = 64 << 10
	// mostText is how much of a server's words people are shown.
	mostText = 300
)

// newHTTPClient makes the client of one server. Redirects are not followed:
// they would carry the secret elsewhere.
func newHTTPClient(roots *x509.CertPool, compress bool) *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: plainRefusals{&http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: dialPatience}).DialContext,
			TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
			TLSHandshakeTimeout:   dialPatience,
			MaxIdleConnsPerHost:   8,
			IdleConnTimeout:       90 * time.Second,
			ExpectContinueTimeout: time.Second,
			DisableCompression:    !compress,
			ForceAttemptHTTP2:     true,
		}},
	}
}

// plainRefusals brings the refusals of all servers into the one form that the
// client library reads, and bounds them: 1.8 answers {"error"}, 2.x {"code",
// "message"}, 3.x {"error","data":[{"error_message"}]}, proxies a page.
type plainRefusals struct{ next http.RoundTripper }

func (p plainRefusals) RoundTrip(rq *http.Request) (*http.Response, error) {
	rs, err := p.next.RoundTrip(rq)
	if err != nil || rs.StatusCode < 300 {
		return rs, err
	}
	raw, _ := io.ReadAll(io.LimitReader(rs.Body, mostRefusal)) // what came of it is enough
	_ = rs.Body.Close()
	body, err := json.Marshal(struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}{rs.Status, refusal(raw, rs.Header.Get("X-Influxdb-Error"))})
	if err != nil {
		return nil, err
	}
	rs.Header.Set("Content-Type", "application/json")
	rs.Header.Del("Content-Encoding")
	rs.Body, rs.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return rs, nil
}

// refusal finds the words in a refusal.
func refusal(body []byte, header string) string {
	var x struct {
		Error   string `json:"error"`
		Message string `json:"message"`
		Data    []struct {
			Message string `json:"error_message"`
		} `json:"data"`
	}
	text := header
	if json.Unmarshal(body, &x) == nil {
		if x.Error != "" {
			text = x.Error
		}
		if x.Message != "" {
			text = x.Message
		}
		if len(x.Data) > 0 && x.Data[0].Message != "" {
			text += ": " + x.Data[0].Message
		}
	} else if text == "" {
		text = string(body)
	}
	return plain(text)
}

// plain is a server's text for people: one line, printable, not long.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if r := []rune(strings.TrimSpace(text)); len(r) > mostText {
		return string(r[:mostText]) + "…"
	} else {
		return string(r)
	}
}

// sorted makes an error of the client library one of the kinds of the
// contract. What refuses only for its size, or only says that points were too
// old, is for the writer to handle: tooLarge and beyondRetention.
func sorted(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var x *influxhttp.Error
	if !errors.As(err, &x) || x.StatusCode == 0 {
		return unreached(err)
	}
	text := x.Message
	if text == "" {
		text = http.StatusText(x.StatusCode)
	}
	refused := func(format string, a ...any) error {
		return fmt.Errorf("%w: %s", store.ErrConfiguration, fmt.Sprintf(format, a...))
	}
	low := strings.ToLower(text)
	switch code := x.StatusCode; {
	case code == http.StatusUnauthorized:
		return refused("InfluxDB does not know the token or password: put the right one into the file influx.secret_file and restart the collector (it said: %s)", text)
	case code == http.StatusForbidden:
		return refused("InfluxDB does not let this account do it: give it read and write on the database (it said: %s)", text)
	case strings.Contains(low, "max-values-per-tag") || strings.Contains(low, "max-series-per-database"):
		return refused("a limit of InfluxDB is reached: set max-values-per-tag = 0 and max-series-per-database = 0 in its [data] section and restart it (it said: %s)", text)
	case strings.Contains(low, "field type conflict") || strings.Contains(low, "column type") && strings.Contains(low, "conflict"):
		return refused("somebody else keeps a field of the same name as another type in this database: give Muster one of its own with influx.database (InfluxDB said: %s)", text)
	case strings.Contains(low, "beyond retention policy"), strings.Contains(low, "outside retention policy"):
		return &beyondRetention{text}
	case code == http.StatusRequestEntityTooLarge:
		return errTooLarge
	case code == http.StatusNotFound:
		return refused("the database is not there: make it, or let the account make it (InfluxDB said: %s)", text)
	case code == http.StatusTooManyRequests || code >= 500:
		after := min(time.Duration(x.RetryAfter)*time.Second, backoff.MaxRetryAfter)
		return &store.Unavailable{After: after, Err: fmt.Errorf("InfluxDB answers with status %d: %s", code, text)}
	case code == http.StatusBadRequest || code == http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: InfluxDB said: %s", store.ErrPoison, text)
	default:
		return refused("what answers at influx.url does not answer like InfluxDB (status %d: %s)", code, text)
	}
}

// errTooLarge is a request with more than the server takes.
var errTooLarge = errors.New("InfluxDB finds the request too large")

// beyondRetention says that some points of a request were older than the
// server keeps, and that all others are in.
type beyondRetention struct{ text string }

func (e *beyondRetention) Error() string { return e.text }

// unreached sorts errors of a server that did not answer.
func unreached(err error) error {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("%w: its certificate is of a CA that this machine does not know: name the CA's PEM file with influx.ca_file: %w", store.ErrConfiguration, unknown)
	case errors.As(err, &name):
		return fmt.Errorf("%w: its certificate is for another name: write influx.url as the certificate has it: %w", store.ErrConfiguration, name)
	case errors.As(err, &invalid):
		return fmt.Errorf("%w: its certificate is not good: %w", store.ErrConfiguration, invalid)
	}
	return &store.Unavailable{Err: fmt.Errorf("InfluxDB cannot be reached: %w", err)}
}
