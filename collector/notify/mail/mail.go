// Package mail is the channel that sends mail over SMTP. It owns the
// settings of a mail server, the form of a mail and what a server's answers
// mean. It must not know routes, retries or where settings are kept.
//
// A mail's Message-ID follows from the message's ID alone, so that a repeat is
// recognised by servers and readers that look for it; mails about one incident
// refer to one thread (RFC 5322 §3.6.4); Auto-Submitted keeps automatic
// answers away (RFC 3834).
package mail

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"muster/collector/notify"
	"muster/collector/outgoing"
)

// Kind is notify.ChannelRecord.Kind.
const Kind = "mail"

// Config of a channel. What is secret is in Secrets.
type Config struct {
	Host string   `json:"host"`
	Port int      `json:"port,omitempty"` // 0: 587, or 465 with tls
	TLS  string   `json:"tls,omitempty"`  // starttls (the default), tls (from the first byte), none
	CA   string   `json:"ca,omitempty"`   // PEM file of who vouches for the server, beside the system's own
	Auth string   `json:"auth,omitempty"` // auto, scram-sha-256, scram-sha-1, cram-md5, plain, login; empty: auto with a User, else none
	User string   `json:"user,omitempty"`
	From string   `json:"from"` // address, with a name or without
	To   []string `json:"to"`
	Helo string   `json:"helo,omitempty"` // how this machine calls itself; empty: its name
}

// Secrets of a channel.
type Secrets struct {
	Password string
}

// SecretNames lists what Secrets holds, as names for notify.ChannelRecord.
func SecretNames() []string { return []string{"password"} }

// maxTo is how many addresses a channel has; more people are a list's job.
const maxTo = 50

// Check says what is wrong with settings, in words for who wrote them.
func (c Config) Check() error {
	_, _, err := c.addresses()
	switch {
	case c.Host == "" || strings.ContainsAny(c.Host, " \r\n\t/:@") && net.ParseIP(c.Host) == nil:
		return fmt.Errorf("host %q: the name of a mail server is expected, such as mail.example.org", c.Host)
	case c.Port < 0 || c.Port > 65535:
		return fmt.Errorf("port %d: 1 to 65535 is expected", c.Port)
	case !slices.Contains([]string{"", "starttls", "tls", "none"}, c.TLS):
		return fmt.Errorf("tls %q: starttls, tls or none is expected", c.TLS)
	case !slices.Contains([]string{"", "auto", "scram-sha-256", "scram-sha-1", "cram-md5", "plain", "login"}, c.Auth):
		return fmt.Errorf("auth %q: auto, scram-sha-256, scram-sha-1, cram-md5, plain or login is expected", c.Auth)
	case c.Auth != "" && c.User == "":
		return errors.New("auth needs a user")
	case c.User != "" && c.TLS == "none":
		return errors.New("tls is none: a password would cross the network in the clear; use starttls or tls, or a server that asks for none")
	case strings.ContainsAny(c.User+c.Helo, "\r\n\x00") || strings.ContainsAny(c.Helo, " \t"):
		return errors.New("user and helo are one line each")
	}
	return err
}

func (c Config) addresses() (from *mail.Address, to []*mail.Address, err error) {
	if from, err = address(c.From); err != nil {
		return nil, nil, fmt.Errorf("from %q: an address such as muster@example.org is expected", c.From)
	}
	if len(c.To) == 0 || len(c.To) > maxTo {
		return nil, nil, fmt.Errorf("to: 1 to %d addresses are expected", maxTo)
	}
	for _, text := range c.To {
		a, err := address(text)
		if err != nil {
			return nil, nil, fmt.Errorf("to %q: an address such as desk@example.org is expected", text)
		}
		to = append(to, a)
	}
	return from, to, nil
}

func address(text string) (*mail.Address, error) {
	if strings.ContainsAny(text, "\r\n\x00") {
		return nil, errors.New("more than one line")
	}
	a, err := mail.ParseAddress(text)
	if err == nil && strings.ContainsAny(a.Address, " <>\t") {
		err = errors.New("quoted addresses are not sent to")
	}
	return a, err
}

// recipients are those of a message, or the channel's own.
func (c *Channel) recipients(m *notify.Message) ([]*mail.Address, error) {
	if len(m.To) == 0 {
		return c.to, nil
	}
	var out []*mail.Address
	for _, text := range m.To {
		a, err := address(text)
		if err != nil {
			return nil, fmt.Errorf("to %q: it is no address", notify.Line(text, 100))
		}
		out = append(out, a)
	}
	return out, nil
}

// server is host:port.
func (c Config) server() string {
	port := c.Port
	if port == 0 {
		port = 587
		if c.TLS == "tls" {
			port = 465
		}
	}
	return net.JoinHostPort(c.Host, strconv.Itoa(port))
}

// Target is what the secrets are given to. A change of it asks for the secrets
// anew: otherwise whoever may change settings sends a password to himself.
func (c Config) Target() string { return c.server() + " " + cmp.Or(c.TLS, "starttls") + " " + c.CA }

// Channel sends to one set of addresses through one server.
type Channel struct {
	c       Config
	secrets Secrets
	dialer  *outgoing.Dialer
	roots   *x509.CertPool
	from    *mail.Address
	to      []*mail.Address
	helo    string
}

var _ notify.Channel = (*Channel)(nil)

// New checks the settings and reads the CA file.
func New(c Config, s Secrets, d *outgoing.Dialer) (*Channel, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.User != "" && s.Password == "" {
		return nil, errors.New("there is a user and no password")
	}
	roots, err := outgoing.Roots(c.CA)
	if err != nil {
		return nil, err
	}
	ch := &Channel{c: c, secrets: s, dialer: d, roots: roots, helo: cmp.Or(c.Helo, hostname())}
	ch.from, ch.to, err = c.addresses()
	return ch, err
}

// hostname is this machine's name if it can stand in a HELO (RFC 5321 §4.1.2).
func hostname() string {
	name, err := os.Hostname()
	if err != nil || name == "" || strings.ContainsFunc(name, func(r rune) bool {
		return !(r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}) {
		return "localhost"
	}
	return name
}

const (
	// maxAnswers is what a server may say in one session.
	maxAnswers = 1 << 20
	// patience is how many times all recipients are waited for. Servers that
	// greylist let everybody in after some minutes; one mailbox that is full
	// for days must not keep the mail from the others.
	patience = 4
)

// Send implements notify.Channel.
func (c *Channel) Send(ctx context.Context, m notify.Message) error {
	to, err := c.recipients(&m)
	if err != nil {
		return &notify.Failure{Fate: notify.Permanent, Err: err}
	}
	body, err := c.write(&m)
	if err != nil {
		return &notify.Failure{Fate: notify.Permanent, Err: fmt.Errorf("write mail: %w", err)}
	}
	raw, err := c.dialer.DialContext(ctx, "tcp", c.c.server())
	if err != nil {
		return judge("connect to the mail server", err, false)
	}
	defer raw.Close()
	conn, stop := outgoing.Bound(ctx, raw, maxAnswers)
	defer stop()
	client, err := c.greet(ctx, conn)
	if err != nil {
		if ctx.Err() != nil {
			err = errors.Join(ctx.Err(), err)
		}
		return err
	}
	// Once the server took it, nothing that follows takes it back.
	partly, err := c.transfer(client, to, body, m.Attempt)
	if err != nil {
		return err
	}
	raw.SetDeadline(time.Now().Add(2 * time.Second))
	client.Quit()
	if partly != nil {
		return partly
	}
	return nil
}

// greet opens a session: TLS and who we are.
func (c *Channel) greet(ctx context.Context, conn net.Conn) (*smtp.Client, error) {
	secure := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.c.Host, RootCAs: c.roots}
	if c.c.TLS == "tls" {
		t := tls.Client(conn, secure)
		if err := t.HandshakeContext(ctx); err != nil {
			return nil, judge("make the connection secure", err, false)
		}
		conn = t
	}
	client, err := smtp.NewClient(conn, c.c.Host)
	if err != nil {
		return nil, judge("be greeted by the mail server", err, false)
	}
	client.SkipSMTPUTF8(true) // else every relay on the way has to know it
	if err := client.Hello(c.helo); err != nil {
		return nil, judge("greet the mail server", err, true)
	}
	if c.c.TLS == "" || c.c.TLS == "starttls" {
		if ok, _ := client.Extension("STARTTLS"); !ok {
			return nil, &notify.Failure{Fate: notify.Setup, Err: errors.New("the mail server does not offer STARTTLS: use another port, tls from the first byte, or none if the network is to be trusted")}
		}
		if err := client.StartTLS(secure); err != nil {
			return nil, judge("make the connection secure", err, true)
		}
	}
	if c.c.User == "" {
		return client, nil
	}
	auth, err := c.auth(client)
	if err != nil {
		return nil, &notify.Failure{Fate: notify.Setup, Err: err}
	}
	if err := client.Auth(auth); err != nil {
		return nil, judge("log in to the mail server", err, true)
	}
	return client, nil
}

// auth chooses how to log in: the safest that both sides know.
func (c *Channel) auth(client *smtp.Client) (smtp.Auth, error) {
	_, offered := client.Extension("AUTH")
	known := strings.Fields(strings.ToLower(offered))
	for _, name := range []string{"scram-sha-256", "scram-sha-1", "cram-md5", "plain", "login"} {
		if c.c.Auth != "" && c.c.Auth != "auto" && c.c.Auth != name || !slices.Contains(known, name) {
			continue
		}
		user, password := c.c.User, c.secrets.Password
		switch name {
		case "scram-sha-256":
			return smtp.ScramSHA256Auth(user, password), nil
		case "scram-sha-1":
			return smtp.ScramSHA1Auth(user, password), nil
		case "cram-md5":
			return smtp.CRAMMD5Auth(user, password), nil
		case "plain":
			return smtp.PlainAuth("", user, password, c.c.Host, false), nil
		default:
			return smtp.LoginAuth(user, password, c.c.Host, false), nil
		}
	}
	return nil, fmt.Errorf("the mail server knows no way to log in that was asked for (%s): it offers %q", cmp.Or(c.c.Auth, "auto"), notify.Line(offered, 200))
}

// transfer hands the mail over. Partly tells of recipients who were left out.
func (c *Channel) transfer(client *smtp.Client, recipients []*mail.Address, body []byte, attempt int) (*notify.Partly, error) {
	if err := client.Mail("<" + c.from.Address + ">"); err != nil {
		return nil, judge("send from "+c.from.Address, err, true)
	}
	taken := 0
	var later *notify.Failure
	var left []string
	for _, to := range recipients {
		err := client.Rcpt("<" + to.Address + ">")
		if err == nil {
			taken++
			continue
		}
		f := judge("send to "+to.Address, err, true)
		var p *textproto.Error
		if !errors.As(err, &p) {
			return nil, f // the connection is gone
		}
		left = append(left, to.Address+": "+f.Said)
		if later == nil || f.Fate == notify.Temporary {
			later = f
		}
	}
	if taken == 0 || later != nil && later.Fate == notify.Temporary && attempt < patience {
		return nil, later
	}
	w, err := client.Data()
	if err != nil {
		return nil, judge("send the mail", err, false)
	}
	if _, err := w.Write(body); err != nil {
		return nil, judge("send the mail", err, false)
	}
	if err := w.Close(); err != nil {
		return nil, judge("send the mail", err, false)
	}
	if len(left) > 0 {
		return &notify.Partly{Note: strings.Join(left, "; ")}, nil
	}
	return nil, nil
}

// judge says what an error of a step means. ours is a step whose refusal is a
// matter of settings (who we are, who may send to whom) and not of the mail.
func judge(act string, err error, ours bool) *notify.Failure {
	f := &notify.Failure{Fate: notify.Temporary, Err: fmt.Errorf("%s: %w", act, err)}
	var p *textproto.Error
	var refused *outgoing.Refused
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var bad x509.CertificateInvalidError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &p):
		f.Said = notify.Line(fmt.Sprintf("%d %s", p.Code, p.Msg), 500)
		f.Err = errors.New(act)
		switch {
		case p.Code/100 != 5:
		case ours:
			f.Fate = notify.Setup
		default:
			f.Fate = notify.Permanent
		}
	case errors.As(err, &refused), errors.As(err, &unknown), errors.As(err, &name), errors.As(err, &bad), errors.As(err, &certificate):
		f.Fate = notify.Setup
	}
	return f
}
