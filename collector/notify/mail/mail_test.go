package mail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"muster/collector/notify"
	"muster/collector/notify/channeltest"
	"muster/collector/notify/mail/mailtest"
	"muster/collector/outgoing"
)

// local lets a channel reach this machine.
func local() *outgoing.Dialer {
	return &outgoing.Dialer{Rules: outgoing.Rules{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}
}

// exim is a real mail server, and the ways to it.
type exim struct{ *mailtest.Server }

func (x exim) config(server, tls string) Config {
	host, port, _ := net.SplitHostPort(server)
	n, _ := strconv.Atoi(port)
	return Config{Host: host, Port: n, TLS: tls, CA: x.Cert, User: x.User, From: "Muster <muster@example.org>", To: []string{"desk@example.org"}}
}

func (x exim) channel(t testing.TB, c Config) *Channel {
	t.Helper()
	ch, err := New(c, Secrets{Password: x.Pass}, local())
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

// TestSTARTTLS and TestTLS hold the channel to the suite, against Exim.
func TestSTARTTLS(t *testing.T) { testSuite(t, "starttls") }

func TestTLS(t *testing.T) { testSuite(t, "tls") }

func testSuite(t *testing.T, tls string) {
	channeltest.Run(t, func(t *testing.T) channeltest.World {
		x := exim{mailtest.Start(t)}
		return channeltest.World{
			Server:  x.Address(tls == "tls"),
			Channel: func(server string) notify.Channel { return x.channel(t, x.config(server, tls)) },
			Stranger: func(server string) notify.Channel {
				c := x.config(server, tls)
				c.CA = ""
				return x.channel(t, c)
			},
			Taken:  func() []string { return x.Mails(t) },
			Busy:   func(on bool) { x.Mood(t, "busy", on) },
			Refuse: func(on bool) { x.Mood(t, "refuse", on) },
			Check:  check,
		}
	})
}

// parsed is a mail as a reader has it.
type parsed struct {
	mail.Header
	text, html string
}

func parse(t *testing.T, raw string) parsed {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatalf("no mail: %v\n%s", err, raw)
	}
	p := parsed{Header: m.Header}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("it is a %q, %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("parts: %v\n%s", err, raw)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		switch kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind {
		case "text/plain":
			p.text = strings.ReplaceAll(string(b), "\r\n", "\n")
		case "text/html":
			p.html = string(b)
		default:
			t.Errorf("a part of kind %q", kind)
		}
	}
	return p
}

func check(t *testing.T, taken []string, m notify.Message) {
	t.Helper()
	p := parse(t, taken[0])
	subject, err := new(mime.WordDecoder).DecodeHeader(p.Get("Subject"))
	if err != nil || subject != m.Subject() {
		t.Errorf("subject %q, want %q (%v)", subject, m.Subject(), err)
	}
	if strings.TrimRight(p.text, "\n") != strings.TrimRight(m.Text(), "\n") {
		t.Errorf("text\n%s\nwant\n%s", p.text, m.Text())
	}
	for name, want := range map[string]string{
		"Auto-Submitted": "auto-generated", "From": `"Muster" <muster@example.org>`, "To": "<desk@example.org>", "Envelope-To": "desk@example.org",
		"X-Muster-Kind": string(m.Kind), "Return-Path": "<muster@example.org>",
	} {
		if got := p.Get(name); !strings.EqualFold(got, want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := p.Get("Message-Id"); !strings.HasPrefix(got, "<"+m.ID+".") || !strings.HasSuffix(got, "@example.org>") {
		t.Errorf("Message-ID is %q for %s", got, m.ID)
	}
	if n := m.Incident(); (n != 0) != (p.Get("References") != "") || n != 0 && !strings.HasPrefix(p.Get("References"), fmt.Sprintf("<incident-%d.", n)) {
		t.Errorf("References are %q", p.Get("References"))
	}
	if at, err := p.Date(); err != nil || !at.Equal(m.At) {
		t.Errorf("date %v, %v", at, err)
	}
	for _, name := range []string{"Bcc", "Cc", "Reply-To", "Sender"} {
		if p.Get(name) != "" {
			t.Errorf("it has a header %s: %q", name, p.Get(name))
		}
	}
	checkPage(t, p.html)
}

// checkPage: whatever devices say, the page has no tags but ours and nothing
// that loads or runs.
func checkPage(t *testing.T, page string) {
	t.Helper()
	allowed := map[string]bool{"!DOCTYPE": true, "html": true, "head": true, "meta": true, "title": true, "body": true, "div": true, "h2": true, "p": true, "b": true, "ol": true, "li": true, "a": true}
	for _, piece := range strings.Split(page, "<")[1:] {
		name, _, _ := strings.Cut(strings.TrimPrefix(piece, "/"), ">")
		name, rest, _ := strings.Cut(name, " ")
		if !allowed[name] || strings.Contains(rest, "onerror") || strings.Contains(rest, "src=") {
			t.Errorf("a tag of somebody else's: <%.80s", piece)
		}
		if name == "a" && strings.Contains(rest, "href") && !strings.HasPrefix(rest, `href="https://muster.example.org/`) {
			t.Errorf("a link to elsewhere: <%.80s", piece)
		}
	}
	if !strings.HasSuffix(strings.TrimSpace(page), "</html>") {
		t.Error("the page is cut off")
	}
}

func send(t *testing.T, c *Channel, m notify.Message) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return c.Send(ctx, m)
}

func (x exim) waits(t *testing.T, n int) []string {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for len(x.Mails(t)) < n && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	got := x.Mails(t)
	if len(got) != n {
		t.Fatalf("%d mails arrived, want %d", len(got), n)
	}
	return got
}

// TestServerRules: each way to log in, wrong passwords, several recipients of
// whom some are refused, senders that are not welcome, a disk that is full.
func TestServerRules(t *testing.T) {
	x := exim{mailtest.Start(t)}
	arrived := 0
	for _, auth := range []string{"plain", "login", "cram-md5", "auto"} {
		c := x.config(x.Address(false), "starttls")
		c.Auth = auth
		if err := send(t, x.channel(t, c), channeltest.One("auth-"+auth)); err != nil {
			t.Errorf("%s: %v", auth, err)
		}
		arrived++
		bad, err := New(c, Secrets{Password: "wrong"}, local())
		if err != nil {
			t.Fatal(err)
		}
		var f *notify.Failure
		if err := send(t, bad, channeltest.One("wrong-"+auth)); !errors.As(err, &f) || f.Fate != notify.Setup || !strings.HasPrefix(f.Said, "535 ") || strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s with a wrong password: %v", auth, err)
		}
	}
	x.waits(t, arrived)

	c := x.config(x.Address(false), "starttls")
	var f *notify.Failure
	scram := c
	scram.Auth = "scram-sha-256"
	if err := send(t, x.channel(t, scram), channeltest.One("no-scram")); !errors.As(err, &f) || f.Fate != notify.Setup || !strings.Contains(err.Error(), "CRAM-MD5") {
		t.Errorf("a way to log in that the server does not know: %v", err)
	}
	anonymous := c
	anonymous.User = ""
	if err := send(t, x.channel(t, anonymous), channeltest.One("anonymous")); !errors.As(err, &f) || f.Fate != notify.Setup || !strings.Contains(f.Said, "authentication is needed") {
		t.Errorf("without logging in: %v", err)
	}

	// One of several is unknown: the others get it, and it is told.
	several := c
	several.To = []string{"desk@example.org", "nobody@example.org", "Night Shift <night@example.org>"}
	var partly *notify.Partly
	if err := send(t, x.channel(t, several), channeltest.One("several-1")); !errors.As(err, &partly) || !strings.Contains(partly.Note, "nobody@example.org: 550 there is no such mailbox") || strings.Contains(partly.Note, "desk@") {
		t.Errorf("one of three: %v", err)
	}
	arrived += 2
	went := ""
	for _, raw := range x.waits(t, arrived)[arrived-2:] {
		went += parse(t, raw).Get("Envelope-To") + " "
	}
	if !strings.Contains(went, "desk@example.org") || !strings.Contains(went, "night@example.org") {
		t.Errorf("it went to %q", went)
	}
	none := c
	none.To = []string{"nobody@example.org"}
	if err := send(t, x.channel(t, none), channeltest.One("none")); !errors.As(err, &f) || f.Fate != notify.Setup || f.Said != "550 there is no such mailbox" {
		t.Errorf("nobody: %v", err)
	}

	// One that is put off holds the others back at first, and not for ever.
	greylisted := c
	greylisted.To = []string{"later@example.org", "desk@example.org"}
	m := channeltest.One("later-1")
	if err := send(t, x.channel(t, greylisted), m); !errors.As(err, &f) || f.Fate != notify.Temporary {
		t.Errorf("at first: %v", err)
	}
	m.Attempt = patience
	if err := send(t, x.channel(t, greylisted), m); !errors.As(err, &partly) || !strings.Contains(partly.Note, "later@example.org: 451") {
		t.Errorf("later: %v", err)
	}
	arrived++
	x.waits(t, arrived)

	x.Mood(t, "sender", true)
	if err := send(t, x.channel(t, c), channeltest.One("sender")); !errors.As(err, &f) || f.Fate != notify.Setup || f.Said != "550 sender is not welcome" {
		t.Errorf("a sender that is not welcome: %v", err)
	}
	x.Mood(t, "sender", false)
	x.Mood(t, "busydata", true)
	if err := send(t, x.channel(t, c), channeltest.One("full")); !errors.As(err, &f) || f.Fate != notify.Temporary || f.Said != "451 disk is full" {
		t.Errorf("a disk that is full: %v", err)
	}
	x.Mood(t, "busydata", false)
	x.Mood(t, "refuse", true)
	if err := send(t, x.channel(t, c), channeltest.One("spam")); !errors.As(err, &f) || f.Fate != notify.Permanent || f.Said != "550 this looks like spam" {
		t.Errorf("a mail that is refused: %v", err)
	}
	x.Mood(t, "refuse", false)

	// The address rules.
	strict, err := New(c, Secrets{Password: x.Pass}, &outgoing.Dialer{})
	if err != nil {
		t.Fatal(err)
	}
	if err := send(t, strict, channeltest.One("strict")); !errors.As(err, &f) || f.Fate != notify.Setup || !strings.Contains(err.Error(), outgoing.Setting) || !strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("without leave: %v", err)
	}
	// A certificate for another name.
	other := c
	other.Host = "127.0.0.2"
	if err := send(t, x.channel(t, other), channeltest.One("other")); err == nil {
		t.Error("sent to a name that the certificate does not hold")
	}
	x.waits(t, arrived)
}

func TestConfigChecks(t *testing.T) {
	good := Config{Host: "mail.example.org", From: "muster@example.org", To: []string{"desk@example.org"}}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for part, edit := range map[string]func(*Config){
		"host":         func(c *Config) { c.Host = "mail example" },
		"port":         func(c *Config) { c.Port = 70000 },
		"tls":          func(c *Config) { c.TLS = "ssl3" },
		"auth \"":      func(c *Config) { c.Auth = "ntlm" },
		"needs a user": func(c *Config) { c.Auth = "plain" },
		"in the clear": func(c *Config) { c.User, c.TLS = "desk", "none" },
		"one line":     func(c *Config) { c.Helo = "a\r\nMAIL FROM:<x>" },
		"from":         func(c *Config) { c.From = "muster" },
		"to \"":        func(c *Config) { c.To = []string{"a@example.org\r\nRCPT TO:<b@example.org>"} },
		"to: 1":        func(c *Config) { c.To = nil },
		"to: 1 to 50":  func(c *Config) { c.To = make([]string, 51) },
		`to "\"a b\"`:  func(c *Config) { c.To = []string{`"a b"@example.org`} },
	} {
		c := good
		edit(&c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", part, err)
		}
	}
	good.User = "desk"
	if _, err := New(good, Secrets{}, local()); err == nil || !strings.Contains(err.Error(), "password") {
		t.Errorf("no password: %v", err)
	}
	good.CA = filepath.Join(t.TempDir(), "nothing.pem")
	if _, err := New(good, Secrets{Password: "x"}, local()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no CA file: %v", err)
	}
	if a, b := good.Target(), (Config{Host: "evil.example.org"}).Target(); a == b {
		t.Error("another server is the same target")
	}
}

// TestSameBytes: a repeat is the same mail to the byte, apart from nothing.
func TestSameBytes(t *testing.T) {
	c, err := New(Config{Host: "mail.example.org", From: "muster@example.org", To: []string{"desk@example.org"}}, Secrets{}, local())
	if err != nil {
		t.Fatal(err)
	}
	m := channeltest.Many("same")
	first, err := c.write(&m)
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.write(&m)
	if err != nil || string(first) != string(second) {
		t.Errorf("two mails of one message differ (%v)", err)
	}
	m.ID = "other"
	if third, err := c.write(&m); err != nil || string(third) == string(first) {
		t.Errorf("another message is the same mail (%v)", err)
	}
	for _, line := range strings.Split(string(first), "\r\n") {
		if len(line) > 998 { // RFC 5322 §2.1.1
			t.Errorf("a line of %d bytes", len(line))
		}
	}
}

// TestFlood: a server that never stops talking is hung up on.
func TestFlood(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan int, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		n := 0
		for {
			m, err := io.WriteString(c, "220-"+strings.Repeat("x", 60)+"\r\n")
			if n += m; err != nil {
				break
			}
		}
		sent <- n
	}()
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	n, _ := strconv.Atoi(port)
	c, err := New(Config{Host: "127.0.0.1", Port: n, From: "muster@example.org", To: []string{"desk@example.org"}}, Secrets{}, local())
	if err != nil {
		t.Fatal(err)
	}
	var f *notify.Failure
	if err := send(t, c, channeltest.One("flood")); !errors.As(err, &f) || f.Fate != notify.Temporary || len(err.Error()) > 2000 {
		t.Errorf("%.200v", err)
	}
	if n := <-sent; n > 16<<20 {
		t.Errorf("%d bytes were taken", n)
	}
}
