// Package syslog is the channel that writes to a syslog server: RFC 5424
// messages over UDP (RFC 5426), TCP with octet counting (RFC 6587 §3.4.1) or
// TLS (RFC 5425). It owns these forms. It must not know routes, retries or
// where settings are kept. It needs nothing of the system it runs on, as
// log/syslog of the standard library does.
//
// Syslog has no answer. Over TCP and TLS the channel ends its side when all is
// written and waits until the server has ended the other: a server that was
// cut off, or that no longer reads, does not do that, and the message is sent
// again. Over UDP nothing can be known.
//
// One notice makes one line. What incidents it is about stands in structured
// data, so that no receiver has to read our sentences:
//
//	<130>1 2026-03-04T14:05:00Z host muster - opened [muster@32473 id="…" incident="142" severity="critical" …] …
package syslog

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"muster/collector/notify"
	"muster/collector/outgoing"
)

// Kind is notify.ChannelRecord.Kind.
const Kind = "syslog"

// Config of a channel. There are no secrets.
type Config struct {
	Host       string `json:"host"`
	Port       int    `json:"port,omitempty"`       // 0: 514, or 6514 with tls
	Transport  string `json:"transport,omitempty"`  // tls (the default), tcp, udp
	CA         string `json:"ca,omitempty"`         // PEM file of who vouches for the server, beside the system's own
	Facility   string `json:"facility,omitempty"`   // user, daemon, local0 … local7; empty: local0
	App        string `json:"app,omitempty"`        // APP-NAME; empty: muster
	Enterprise int    `json:"enterprise,omitempty"` // the number in muster@NUMBER; 0: 32473, which is for documentation (RFC 5612)
}

// facilities are the codes of RFC 5424 §6.2.1 that fit.
func facilities() map[string]int {
	m := map[string]int{"user": 1, "daemon": 3}
	for n := range 8 {
		m["local"+strconv.Itoa(n)] = 16 + n
	}
	return m
}

const documentation = 32473 // RFC 5612 §2

// Check says what is wrong with settings, in words for who wrote them.
func (c Config) Check() error {
	switch {
	case c.Host == "" || strings.ContainsAny(c.Host, " \r\n\t/:@") && net.ParseIP(c.Host) == nil:
		return fmt.Errorf("host %q: the name of a syslog server is expected, such as logs.example.org", c.Host)
	case c.Port < 0 || c.Port > 65535:
		return fmt.Errorf("port %d: 1 to 65535 is expected", c.Port)
	case !slices.Contains([]string{"", "tls", "tcp", "udp"}, c.Transport):
		return fmt.Errorf("transport %q: tls, tcp or udp is expected", c.Transport)
	case c.Facility != "" && facilities()[c.Facility] == 0:
		return fmt.Errorf("facility %q: user, daemon or local0 to local7 is expected", c.Facility)
	case len(c.App) > 48 || name(c.App, 48) != c.App:
		return fmt.Errorf("app %q: at most 48 letters without spaces are expected", c.App)
	case c.Enterprise < 0:
		return fmt.Errorf("enterprise %d: a number that IANA gave out is expected", c.Enterprise)
	}
	return nil
}

func (c Config) transport() string {
	if c.Transport == "" {
		return "tls"
	}
	return c.Transport
}

func (c Config) server() string {
	port := c.Port
	if port == 0 {
		port = 514
		if c.transport() == "tls" {
			port = 6514
		}
	}
	return net.JoinHostPort(c.Host, strconv.Itoa(port))
}

// Channel writes to one server.
type Channel struct {
	c      Config
	dialer *outgoing.Dialer
	roots  *x509.CertPool
	host   string // HOSTNAME of the lines
}

var _ notify.Channel = (*Channel)(nil)

// New checks the settings and reads the CA file.
func New(c Config, d *outgoing.Dialer) (*Channel, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	roots, err := outgoing.Roots(c.CA)
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	return &Channel{c: c, dialer: d, roots: roots, host: name(host, 255)}, nil
}

const (
	// maxDatagram is what a receiver over UDP should take (RFC 5424 §6.1).
	maxDatagram = 2048
	// maxLine is ours for TCP and TLS; rsyslog and syslog-ng cut at 8 KiB and
	// 64 KiB unless they are told otherwise.
	maxLine = 8000
)

// Send implements notify.Channel.
func (c *Channel) Send(ctx context.Context, m notify.Message) error {
	if err := ctx.Err(); err != nil {
		return &notify.Failure{Fate: notify.Temporary, Err: err}
	}
	network, most := "tcp", maxLine
	if c.c.transport() == "udp" {
		network, most = "udp", maxDatagram
	}
	raw, err := c.dialer.DialContext(ctx, network, c.c.server())
	if err != nil {
		return judge("connect to the syslog server", err)
	}
	defer raw.Close()
	lines := c.lines(&m, most)
	if network == "udp" {
		for _, l := range lines {
			if _, err := raw.Write(l); err != nil {
				return judge("write to the syslog server", err)
			}
		}
		return nil
	}
	conn, stop := outgoing.Bound(ctx, raw, 64<<10)
	defer stop()
	end := func() error { return raw.(interface{ CloseWrite() error }).CloseWrite() }
	if c.c.transport() == "tls" {
		t := tls.Client(conn, &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.c.Host, RootCAs: c.roots})
		if err := t.HandshakeContext(ctx); err != nil {
			return judge("make the connection to the syslog server secure", err)
		}
		inner := end
		conn, end = t, func() error { return errors.Join(t.CloseWrite(), inner()) }
	}
	var all []byte
	for _, l := range lines {
		all = append(strconv.AppendInt(all, int64(len(l)), 10), ' ')
		all = append(all, l...)
	}
	if _, err := conn.Write(all); err != nil {
		return judge("write to the syslog server", err)
	}
	if err := end(); err != nil {
		return judge("end the connection to the syslog server", err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		// A server that closes without a word of TLS has ended too.
		return judge("wait until the syslog server has taken it", err)
	}
	return nil
}

func judge(act string, err error) error {
	f := &notify.Failure{Fate: notify.Temporary, Err: fmt.Errorf("%s: %w", act, err)}
	var refused *outgoing.Refused
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &refused) || errors.As(err, &certificate) {
		f.Fate = notify.Setup
	}
	return f
}
