package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/notify"
	"muster/collector/outgoing"
	"muster/internal/backoff"
	"muster/internal/buildinfo"
)

// Kind is notify.ChannelRecord.Kind.
const Kind = "webhook"

// Config of a channel. What is secret is in Secrets.
type Config struct {
	Form     string `json:"form"`               // json, slack, teams or template
	Template string `json:"template,omitempty"` // for the form template
	CA       string `json:"ca,omitempty"`       // PEM file of who vouches for the server, beside the system's own
	Plain    bool   `json:"plain,omitempty"`    // http:// is allowed: for a network that is to be trusted
}

// Secrets of a channel.
type Secrets struct {
	URL           string
	Key           string // for Muster-Signature; json and template
	Authorization string // the whole header, such as "Bearer …"
}

// SecretNames lists what Secrets holds, as names for notify.ChannelRecord.
func SecretNames() []string { return []string{"url", "key", "authorization"} }

// leastKey is how long a key has to be: shorter ones are guessed.
const leastKey = 16

// Check says what is wrong with settings, in words for who wrote them.
func (c Config) Check() error {
	if !slices.Contains([]string{"json", "slack", "teams", "template"}, c.Form) {
		return fmt.Errorf("form %q: json, slack, teams or template is expected", c.Form)
	}
	if (c.Form == "template") != (c.Template != "") {
		return errors.New("the form template and a template go together")
	}
	if c.Template != "" {
		_, err := newForm(c.Template)
		return err
	}
	return nil
}

func (s Secrets) check(c Config) (*url.URL, error) {
	u, err := url.Parse(s.URL)
	switch {
	case err != nil || u.Host == "" || u.Fragment != "" || u.Opaque != "":
		return nil, errors.New("url: a web address such as https://chat.example.org/hooks/… is expected") // without what was given: it may be a secret
	case u.User != nil:
		return nil, errors.New("url: no user and password stand in it; use the secret authorization")
	case u.Scheme != "https" && !(c.Plain && u.Scheme == "http"):
		return nil, errors.New("url: https:// is expected; http:// only with plain, on a network that is to be trusted")
	case s.Key != "" && len(s.Key) < leastKey:
		return nil, fmt.Errorf("key: at least %d letters are expected", leastKey)
	case c.Form == "json" && s.Key == "":
		return nil, errors.New("key: the form json is signed, and needs one")
	case strings.ContainsAny(s.Authorization, "\r\n\x00"):
		return nil, errors.New("authorization: one line is expected")
	}
	return u, nil
}

// Channel posts to one address.
type Channel struct {
	c      Config
	s      Secrets
	url    *url.URL
	form   func(*notify.Message) ([]byte, error)
	client *http.Client

	// Now is the clock of signatures; nil: time.Now. Set it before use.
	Now func() time.Time
}

var _ notify.Channel = (*Channel)(nil)

// timeout is for one request with its answer.
const timeout = 15 * time.Second

// New checks the settings and reads the CA file.
func New(c Config, s Secrets, d *outgoing.Dialer) (*Channel, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	u, err := s.check(c)
	if err != nil {
		return nil, err
	}
	roots, err := outgoing.Roots(c.CA)
	if err != nil {
		return nil, err
	}
	ch := &Channel{c: c, s: s, url: u, client: d.Client(outgoing.Options{Timeout: timeout, Plain: c.Plain, Roots: roots})}
	switch c.Form {
	case "slack":
		ch.form = slack
	case "teams":
		ch.form = teams
	case "json":
		ch.form = plain
	default:
		t, err := newForm(c.Template)
		if err != nil {
			return nil, err
		}
		ch.form = t.write
	}
	return ch, nil
}

// Send implements notify.Channel.
func (c *Channel) Send(ctx context.Context, m notify.Message) error {
	body, err := c.form(&m)
	if err != nil {
		return &notify.Failure{Fate: notify.Permanent, Err: fmt.Errorf("write the message: %w", err)}
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url.String(), bytes.NewReader(body))
	if err != nil {
		return &notify.Failure{Fate: notify.Setup, Err: errors.New("the web address cannot be used")}
	}
	q.Close = true // messages are rare, and one on a connection that has just died would be doubtful
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("User-Agent", "Muster/"+buildinfo.Read().Version)
	q.Header.Set("Idempotency-Key", strconv.Quote(m.ID)) // a string of RFC 8941, as draft-ietf-httpapi-idempotency-key-header has it
	if c.s.Authorization != "" {
		q.Header.Set("Authorization", c.s.Authorization)
	}
	if c.s.Key != "" {
		q.Header.Set("Muster-Signature", sign(c.s.Key, c.now(), body))
	}
	r, err := c.client.Do(q)
	if err != nil {
		return c.unreached(err)
	}
	defer r.Body.Close()
	said, _ := io.ReadAll(r.Body) // bounded by the client; what cannot be read is not needed
	if r.StatusCode/100 == 2 {
		return nil
	}
	return c.judge(r, string(said))
}

func (c *Channel) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// unreached says why there was no answer, without the address, which the
// errors of net/http carry.
func (c *Channel) unreached(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	f := &notify.Failure{Fate: notify.Temporary, Err: fmt.Errorf("post to %s: %w", c.url.Host, err)}
	var refused *outgoing.Refused
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &refused) || errors.As(err, &certificate) {
		f.Fate = notify.Setup
	}
	return f
}

// judge says what an answer means that is not 2xx (RFC 9110 §15, RFC 6585 §4).
func (c *Channel) judge(r *http.Response, said string) error {
	f := &notify.Failure{Fate: notify.Permanent, Err: fmt.Errorf("post to %s", c.url.Host)}
	f.Said = notify.Line(r.Status+" "+c.conceal(said), 500)
	switch code := r.StatusCode; {
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		f.Fate = notify.Temporary
		f.After, _ = backoff.RetryAfter(r.Header.Get("Retry-After"), c.now())
	case code/100 == 3:
		f.Fate = notify.Setup
		f.Err = fmt.Errorf("post to %s: the server sends on to another address, which is not followed; enter that address", c.url.Host)
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusNotFound, code == http.StatusMethodNotAllowed,
		code == http.StatusProxyAuthRequired, code == http.StatusGone:
		f.Fate = notify.Setup
	}
	return f
}

// conceal takes secrets out of what a server says: some repeat the request.
func (c *Channel) conceal(said string) string {
	for _, secret := range []string{c.s.URL, c.url.RequestURI(), c.url.Path, c.s.Key, c.s.Authorization} {
		if len(secret) > 3 {
			said = strings.ReplaceAll(said, secret, "…")
		}
	}
	return said
}

func sign(key string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(t + "."))
	h.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(h.Sum(nil))
}

// Verify is for receivers: it checks the header Muster-Signature of a request
// against its body. tolerance is how far the sender's clock may be from now.
func Verify(key, header string, body []byte, now time.Time, tolerance time.Duration) error {
	stamp, _, ok := strings.Cut(strings.TrimPrefix(header, "t="), ",v1=")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if !ok || err != nil || !strings.HasPrefix(header, "t=") {
		return errors.New("the signature has not the form t=…,v1=…")
	}
	at := time.Unix(seconds, 0)
	if now.Sub(at).Abs() > tolerance {
		return fmt.Errorf("the signature is of %s", at.UTC().Format(time.RFC3339))
	}
	if !hmac.Equal([]byte(sign(key, at, body)), []byte(header)) {
		return errors.New("the signature is wrong")
	}
	return nil
}
