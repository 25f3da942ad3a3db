package syslog

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"muster/collector/notify"
	"muster/collector/notify/channeltest"
	"muster/collector/outgoing"
)

func local() *outgoing.Dialer {
	return &outgoing.Dialer{Rules: outgoing.Rules{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}
}

func build(t testing.TB, transport, server, ca string) *Channel {
	t.Helper()
	host, port, _ := net.SplitHostPort(server)
	n, _ := strconv.Atoi(port)
	c, err := New(Config{Host: host, Port: n, Transport: transport, CA: ca}, local())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func arrivals(m notify.Message) int {
	n := len(m.Notices)
	if m.Kind != notify.Notices || len(m.Numbers) > 0 {
		n++
	}
	return n
}

// TestServers holds the channel to the suite over each transport, against
// rsyslog.
func TestServers(t *testing.T) {
	for _, transport := range []string{"udp", "tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			channeltest.Run(t, func(t *testing.T) channeltest.World {
				r := startRsyslog(t)
				w := channeltest.World{
					Server:    "127.0.0.1:" + map[string]string{"udp": r.udp, "tcp": r.tcp, "tls": r.tls}[transport],
					Channel:   func(server string) notify.Channel { return build(t, transport, server, r.ca) },
					Taken:     func() []string { return r.taken(t) },
					Arrivals:  arrivals,
					Check:     func(t *testing.T, taken []string, m notify.Message) { check(t, taken, m, transport) },
					Datagrams: transport == "udp",
				}
				if transport == "tls" {
					w.Stranger = func(server string) notify.Channel { return build(t, transport, server, "") }
				}
				return w
			})
		})
	}
}

// taken is a line as rsyslog took it apart.
type taken struct {
	Pri, At, Host, App, ProcID, MsgID, Protocol, Data, Text string
}

// check reads lines as a receiver does. Whatever a device says, there is one
// line for each notice, and its parameters hold what they should.
func check(t *testing.T, got []string, m notify.Message, transport string) {
	t.Helper()
	for n, raw := range got {
		var l taken
		if err := json.Unmarshal([]byte(raw), &l); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
		if l.App != "muster" || l.Protocol != "1" || l.Host == "" || l.ProcID != "-" {
			t.Errorf("%+v", l)
		}
		params := elements(t, l.Data)
		if len(params) != 2 || params["origin"]["software"] != "muster" {
			t.Errorf("elements %v of %s", params, l.Data)
		}
		p := params["muster@32473"]
		if n >= len(m.Notices) {
			if p["id"] != m.ID {
				t.Errorf("%v for message %s", p, m.ID)
			}
			continue
		}
		if len(got) < arrivals(m) {
			continue // a part of a message that was cut: whole lines are all that is asked
		}
		one := m.Notices[n]
		pri := 16*8 + map[notify.Severity]int{notify.Critical: 2, notify.Warn: 4, notify.Info: 6}[one.Incident.Severity]
		if one.Kind == notify.Resolved {
			pri = 16*8 + 5
		}
		if p["id"] != one.ID || p["message"] != m.ID || p["incident"] != fmt.Sprint(one.Incident.Number) || l.MsgID != string(one.Kind) || l.Pri != fmt.Sprint(pri) {
			t.Errorf("%+v for %s, %+v", p, one.ID, l)
		}
		room := 40 // over UDP values are cut
		if transport != "udp" {
			room = 100
		}
		if want := one.Incident.Site; !strings.HasPrefix(p["site"], want[:min(len(want), room)]) && !strings.HasPrefix(want, p["site"]) || p["site"] == "" && want != "" {
			t.Errorf("site %q, want %q", p["site"], want)
		}
		if at, err := time.Parse(time.RFC3339, l.At); err != nil || !at.Equal(one.At) {
			t.Errorf("time %s, %v", l.At, err)
		}
		if !strings.Contains(l.Text, one.Incident.Title[:min(len(one.Incident.Title), 20)]) {
			t.Errorf("text %q", l.Text)
		}
	}
}

// elements reads structured data (RFC 5424 §6.3).
func elements(t *testing.T, s string) map[string]map[string]string {
	t.Helper()
	out := map[string]map[string]string{}
	element := regexp.MustCompile(`^\[([^ =\]"]{1,32})((?: [^ =\]"]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*)\]`)
	param := regexp.MustCompile(` ([^ =\]"]{1,32})="((?:[^"\\\]]|\\["\\\]])*)"`)
	unescape := strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\]`, `]`)
	for s != "" {
		m := element.FindStringSubmatch(s)
		if m == nil {
			t.Fatalf("structured data that nobody can read: %s", s)
		}
		out[m[1]] = map[string]string{}
		for _, p := range param.FindAllStringSubmatch(m[2], -1) {
			out[m[1]][p[1]] = unescape.Replace(p[2])
		}
		s = s[len(m[0]):]
	}
	return out
}

func TestSettings(t *testing.T) {
	good := Config{Host: "logs.example.org"}
	if err := good.Check(); err != nil || good.server() != "logs.example.org:6514" {
		t.Errorf("%s, %v", good.server(), err)
	}
	for part, edit := range map[string]func(*Config){
		"host":       func(c *Config) { c.Host = "a b" },
		"port":       func(c *Config) { c.Port = -1 },
		"transport":  func(c *Config) { c.Transport = "relp" },
		"facility":   func(c *Config) { c.Facility = "kern" },
		"app":        func(c *Config) { c.App = "a b" },
		"enterprise": func(c *Config) { c.Enterprise = -1 },
	} {
		c := good
		edit(&c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", part, err)
		}
	}
	c := build(t, "udp", "127.0.0.1:514", "")
	c.dialer = &outgoing.Dialer{}
	var f *notify.Failure
	if err := c.Send(t.Context(), channeltest.One("x")); !errors.As(err, &f) || f.Fate != notify.Setup || !strings.Contains(err.Error(), outgoing.Setting) {
		t.Errorf("without leave: %v", err)
	}
}

// FuzzLine: whatever stands in a notice, the line is within its bound, is
// UTF-8, and can be read.
func FuzzLine(f *testing.F) {
	for _, s := range channeltest.Hostile() {
		f.Add(s, 2048)
	}
	f.Add(strings.Repeat(`]\"`, 3000), 2048)
	f.Fuzz(func(t *testing.T, s string, most int) {
		most = 2000 + most&0x1fff
		s = notify.Line(s, 1000)
		m := channeltest.One("x")
		i := &m.Notices[0].Incident
		i.Title, i.Site, i.Agency, i.Rule, i.Family, i.Meaning, i.Devices[0].Name = s, s, s, s, s, s, s
		c := &Channel{host: name(s, 255)}
		for _, l := range c.lines(&m, most) {
			if len(l) > most || !utf8.Valid(l) || strings.ContainsAny(string(l), "\n\r\x00") {
				t.Fatalf("%d of %d bytes: %q", len(l), most, l)
			}
			head := strings.SplitN(string(l), " ", 7)
			data, _, ok := strings.Cut(head[6], " \ufeff")
			if len(head) != 7 || !ok {
				t.Fatalf("%q", l)
			}
			if p := elements(t, data)["muster@32473"]; p["incident"] != "142" || !strings.HasPrefix(s, p["site"]) {
				t.Fatalf("%q gives %v", s, p)
			}
		}
	})
}
