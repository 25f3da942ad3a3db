package outgoing

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func allow(t testing.TB, networks ...string) Rules {
	t.Helper()
	p, err := ParseAllow(networks)
	if err != nil {
		t.Fatal(err)
	}
	return Rules{Allow: p}
}

func TestRules(t *testing.T) {
	office := allow(t, "10.20.0.0/16", "127.0.0.1", "fd12:3456::/32", "::ffff:192.168.7.0/120", "64:ff9b:1::/48", "100.64.0.0/10", "0.0.0.0/0")
	narrow := allow(t, "10.20.0.0/16", "fd12:3456::/32")
	const public, private, refused = "public", "private", "never"
	for _, c := range []struct{ address, want string }{
		{"8.8.8.8", public},
		{"2606:4700::1111", public},
		{"::ffff:8.8.8.8", public},
		{"64:ff9b::8.8.8.8", public},
		{"2002:808:808::1", public},
		{"172.15.255.255", public},
		{"172.32.0.0", public},
		{"100.63.255.255", public},
		{"100.128.0.0", public},
		{"11.0.0.0", public},
		{"192.167.255.255", public},
		{"fe00::1", public},

		{"127.0.0.1", private},
		{"127.255.255.254", private},
		{"::1", private},
		{"10.0.0.1", private},
		{"10.255.255.255", private},
		{"172.16.0.1", private},
		{"172.31.255.255", private},
		{"192.168.0.1", private},
		{"100.64.0.1", private},
		{"100.127.255.255", private},
		{"fc00::1", private},
		{"fdff::1", private},
		{"198.19.0.1", private},
		{"::ffff:127.0.0.1", private},
		{"::ffff:10.1.2.3", private},
		{"::127.0.0.1", private},
		{"::ffff:0:10.0.0.1", private},
		{"64:ff9b::10.0.0.1", private},
		{"64:ff9b::127.0.0.1", private},
		{"64:ff9b:1::8.8.8.8", private},
		{"2002:a00:1::1", private},
		{"2002:7f00:1::", private},
		{"2001:0:808:808::f5ff:fffe", private},  // Teredo of 10.0.0.1
		{"2001:0:a00:1::f7f7:f7f7", private},    // Teredo by a server 10.0.0.1
		{"2606:4700::5efe:10.0.0.1", private},   // ISATAP
		{"2606:4700::200:5efe:a00:1", private},  // ISATAP, the other form
		{"fd00::5efe:192.168.1.1", private},     // both
		{"2606:4700::300:5efe:7f00:1", private}, // ISATAP with the group bit

		{"0.0.0.0", refused},
		{"0.1.2.3", refused},
		{"::", refused},
		{"169.254.169.254", refused},
		{"169.254.0.1", refused},
		{"::ffff:169.254.169.254", refused},
		{"::169.254.169.254", refused},
		{"::ffff:0:169.254.169.254", refused},
		{"64:ff9b::169.254.169.254", refused},
		{"64:ff9b:1::169.254.169.254", refused},
		{"64:ff9b:1:a9fe:a9:fe00::", refused}, // the form for a /48
		{"64:ff9b:1:a9:fe:a9fe::", refused},   // for a /56
		{"2002:a9fe:a9fe::1", refused},
		{"2001:0:808:808::5601:5601", refused}, // Teredo of 169.254.169.254
		{"2606:4700::5efe:a9fe:a9fe", refused},
		{"fe80::1", refused},
		{"fe80::1%eth0", refused},
		{"fe80::a9fe:a9fe", refused},
		{"febf:ffff::1", refused},
		{"fec0::1", refused},
		{"fd00:ec2::254", refused},
		{"fd00:ec2::253", refused},
		{"fd20:ce::254", refused},
		{"fd00:c1::a9fe:a9fe", refused},
		{"100.100.100.200", refused},
		{"168.63.129.16", refused},
		{"192.0.0.192", refused},
		{"224.0.0.1", refused},
		{"239.255.255.250", refused},
		{"240.0.0.1", refused},
		{"255.255.255.255", refused},
		{"::ffff:255.255.255.255", refused},
		{"ff02::1", refused},
		{"ff0e::1", refused},
		{"100::1", refused},
	} {
		a := netip.MustParseAddr(c.address)
		err := Rules{}.Check(a)
		var r *Refused
		switch {
		case c.want == public && err != nil:
			t.Errorf("%s: %v", a, err)
		case c.want != public && !errors.As(err, &r):
			t.Errorf("%s may be called", a)
		case c.want != public && (r.Never != (c.want == refused) || r.Address != a):
			t.Errorf("%s: %+v", a, r)
		case c.want == private && !strings.Contains(err.Error(), Setting):
			t.Errorf("%s: no setting in %q", a, err)
		case c.want != public && !strings.Contains(err.Error(), a.String()):
			t.Errorf("%s is not named in %q", a, err)
		}
		if err := (Rules{Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}}).Check(a); (err == nil) != (c.want != refused) {
			t.Errorf("%s with everything allowed: %v", a, err)
		}
		_ = office.Check(a) // no panic with any mixture
	}
	for address, want := range map[string]bool{
		"10.20.3.4": true, "10.21.0.1": false, "::ffff:10.20.3.4": true, "64:ff9b::10.20.3.4": true, "fd12:3456:7::1": true, "fd12:3457::1": false,
	} {
		if err := narrow.Check(netip.MustParseAddr(address)); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := office.Check(netip.MustParseAddr("192.168.7.9")); err != nil {
		t.Error(err)
	}
	if err := (Rules{}).Check(netip.Addr{}); err == nil {
		t.Error("no address at all may be called")
	}
}

func TestParseAllow(t *testing.T) {
	for text, part := range map[string]string{
		"10.0.0.0/33":     "no network",
		"printer":         "no network",
		"fe80::1%eth0":    "no network",
		"169.254.0.0/16":  "never called",
		"169.254.169.254": "never called",
		"fe80::/64":       "never called",
		"224.0.0.0/8":     "never called",
		"::ffff:0:0/90":   "mixes",
		"":                "no network",
	} {
		if _, err := ParseAllow([]string{text}); err == nil || !strings.Contains(err.Error(), part) || !strings.Contains(err.Error(), Setting) {
			t.Errorf("%q: %v", text, err)
		}
	}
	got, err := ParseAllow([]string{"10.1.2.3/8", "::1", "::ffff:10.0.0.0/104"})
	if err != nil || fmt.Sprint(got) != "[10.0.0.0/8 ::1/128 10.0.0.0/8]" {
		t.Errorf("%v, %v", got, err)
	}
}

// FuzzRules: whatever form an address has, one that carries metadata's address
// in a place that translators read is never called.
func FuzzRules(f *testing.F) {
	for _, s := range []string{"8.8.8.8", "::1", "64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::", "fe80::1%1"} {
		b, _ := netip.MustParseAddr(s).MarshalBinary()
		f.Add(b)
	}
	everything := Rules{Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}}
	f.Fuzz(func(t *testing.T, b []byte) {
		var a netip.Addr
		if a.UnmarshalBinary(b) != nil || !a.IsValid() {
			return
		}
		u := a.Unmap()
		if everything.Check(a) != nil {
			if (Rules{}).Check(a) == nil {
				t.Fatalf("%s is refused only when more is allowed", a)
			}
			return
		}
		if u.IsLinkLocalUnicast() || u.IsMulticast() || u.IsUnspecified() {
			t.Fatalf("%s may be called", a)
		}
		if (Rules{}).Check(a) == nil && (u.IsPrivate() || u.IsLoopback()) {
			t.Fatalf("%s may be called without leave", a)
		}
	})
}

// trap listens on all addresses of this machine and counts who comes.
func trap(t *testing.T) (port string, hits *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	hits = new(atomic.Int64)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			hits.Add(1)
			c.Close()
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, hits
}

// TestNoConnection: addresses as people write them to slip through. Not one
// byte may reach the machine, which listens on every address.
func TestNoConnection(t *testing.T) {
	port, hits := trap(t)
	c := (&Dialer{Timeout: 2 * time.Second, Resolver: names(t, func(string) []string { return nil })}).Client(Options{Plain: true, Redirects: 3, Timeout: 3 * time.Second})
	var urls []string
	for _, host := range []string{
		"127.0.0.1", "127.0.0.2", "127.1.2.3", "localhost", "LOCALHOST", "localhost.", "127.1", "127.0.1", "0", "0.0.0.0", "0x7f.1",
		"0x7f000001", "2130706433", "017700000001", "0177.0.0.1", "127.0.0.1.", "%31%32%37.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1",
		"[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::1%25lo]", "[::ffff:0:127.0.0.1]",
		"[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "[fe80::1%25lo]", "[fe80::1]", "user@127.0.0.1", "example.org@127.0.0.1",
		"169.254.169.254", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "100.100.100.200", "192.0.0.192", "168.63.129.16",
		"10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "[fc00::1]", "224.0.0.1", "255.255.255.255", "[ff02::1]",
	} {
		for _, scheme := range []string{"http", "https"} {
			urls = append(urls, fmt.Sprintf("%s://%s:%s/latest/meta-data/", scheme, host, port))
		}
	}
	urls = append(urls, "file:///etc/passwd", "gopher://127.0.0.1:"+port+"/_x", "ftp://127.0.0.1/", "unix:///run/x", "//127.0.0.1:"+port, "")
	for _, u := range urls {
		q, err := http.NewRequestWithContext(t.Context(), "POST", u, strings.NewReader("body"))
		if err != nil {
			continue // no URL at all
		}
		if r, err := c.Do(q); err == nil {
			r.Body.Close()
			t.Errorf("%s was called: %s", u, r.Status)
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("%d connections arrived", n)
	}
	d := &Dialer{}
	for _, network := range []string{"unix", "ip4:icmp", "unixgram"} {
		if _, err := d.DialContext(t.Context(), network, "127.0.0.1:"+port); err == nil {
			t.Errorf("%s was called", network)
		}
	}
	for _, network := range []string{"udp", "udp4", "tcp4"} {
		if _, err := d.DialContext(t.Context(), network, "127.0.0.1:"+port); !errors.As(err, new(*Refused)) {
			t.Errorf("%s: %v", network, err)
		}
	}
}

// names is a resolver that asks a server of ours, which answers A questions
// (RFC 1035 §4) by what say tells.
func names(t *testing.T, say func(name string) []string) *net.Resolver {
	t.Helper()
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		b := make([]byte, 1500)
		for {
			n, from, err := l.ReadFrom(b)
			if err != nil {
				return
			}
			if a := answer(b[:n], say); a != nil {
				l.WriteTo(a, from)
			}
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", l.LocalAddr().String())
	}}
}

func answer(q []byte, say func(string) []string) []byte {
	if len(q) < 12 {
		return nil
	}
	var labels []string
	at := 12
	for at < len(q) && q[at] != 0 {
		n := int(q[at])
		if at+1+n > len(q) {
			return nil
		}
		labels = append(labels, string(q[at+1:at+1+n]))
		at += 1 + n
	}
	if at+5 > len(q) {
		return nil
	}
	question := q[12 : at+5]
	var list []string
	if binary.BigEndian.Uint16(q[at+1:]) == 1 { // A; nothing to say of AAAA
		list = say(strings.Join(labels, "."))
	}
	a := []byte{q[0], q[1], 0x81, 0x80, 0, 1, 0, byte(len(list)), 0, 0, 0, 0}
	a = append(a, question...)
	for _, one := range list {
		ip := netip.MustParseAddr(one).As4()
		a = append(a, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4) // pointer to the name, A, IN, TTL 0
		a = append(a, ip[:]...)
	}
	return a
}

// TestRebinding: a name that means an allowed address first and another later.
func TestRebinding(t *testing.T) {
	port, hits := trap(t)
	var turn atomic.Int64
	d := &Dialer{Rules: allow(t, "127.0.0.1/32"), Resolver: names(t, func(name string) []string {
		switch name {
		case "mixed.example":
			return []string{"127.0.0.9", "169.254.169.254", "127.0.0.1"}
		case "rebinds.example":
			if turn.Add(1) > 1 {
				return []string{"127.0.0.9"}
			}
			return []string{"127.0.0.1"}
		}
		return []string{"127.0.0.9"}
	})}
	c, err := d.DialContext(t.Context(), "tcp", "rebinds.example:"+port)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	for range 5 {
		if _, err := d.DialContext(t.Context(), "tcp", "rebinds.example:"+port); !errors.As(err, new(*Refused)) {
			t.Errorf("rebound: %v", err)
		}
	}
	// Of several addresses only the allowed one is used.
	for range 5 {
		c, err := d.DialContext(t.Context(), "tcp", "mixed.example:"+port)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.RemoteAddr().String(); got != "127.0.0.1:"+port {
			t.Errorf("reached %s", got)
		}
		c.Close()
	}
	if n := hits.Load(); n > 6 {
		t.Errorf("%d connections, 6 are allowed", n)
	}
}

func TestRedirects(t *testing.T) {
	port, hits := trap(t)
	var to atomic.Pointer[string]
	var calls atomic.Int64
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		calls.Add(1)
		if target := *to.Load(); target != "" {
			http.Redirect(w, q, target, http.StatusTemporaryRedirect)
		}
	}))
	defer s.Close()
	d := &Dialer{Rules: allow(t, "127.0.0.1/32")}
	client := func(redirects int) *http.Client {
		return d.Client(Options{Redirects: redirects, Plain: true, Roots: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs})
	}
	get := func(c *http.Client, target string) (*http.Response, error) {
		to.Store(&target)
		r, err := c.Post(s.URL, "text/plain", strings.NewReader("x"))
		if err == nil {
			r.Body.Close()
		}
		return r, err
	}
	for target, part := range map[string]string{
		"https://127.0.0.2:" + port:        Setting,
		"http://127.0.0.1:" + port:         "https on to http",
		"https://169.254.169.254/latest/":  "never called",
		"https://[::ffff:10.0.0.1]/":       Setting,
		"file:///etc/passwd":               "http",
		"https://[64:ff9b::a9fe:a9fe]/api": "never called",
		s.URL:                              "more than 3 times",
	} {
		if _, err := get(client(3), target); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("on to %s: %v", target, err)
		}
	}
	calls.Store(0)
	r, err := get(client(0), "https://127.0.0.2:"+port)
	if err != nil || r.StatusCode != http.StatusTemporaryRedirect || calls.Load() != 1 {
		t.Errorf("without redirects: %v, %v", r, err)
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("%d connections arrived where none may go", n)
	}
}

func TestBounds(t *testing.T) {
	stop := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch q.URL.Path {
		case "/bomb":
			for range 1000 {
				io.WriteString(w, strings.Repeat("x", 1000))
			}
		case "/exact":
			io.WriteString(w, strings.Repeat("x", 1000))
		case "/headers":
			for i := range 200 {
				w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("x", 1000))
			}
		case "/hang":
			<-stop
		}
	}))
	defer s.Close()
	defer close(stop)
	d := &Dialer{Rules: allow(t, "127.0.0.1/32", "::1")}
	c := d.Client(Options{Plain: true, Body: 1000, Timeout: 300 * time.Millisecond})
	read := func(path string) (int, error) {
		r, err := c.Get(s.URL + path)
		if err != nil {
			return 0, err
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		return len(b), err
	}
	if n, err := read("/exact"); n != 1000 || err != nil {
		t.Errorf("a body that fits: %d, %v", n, err)
	}
	if n, err := read("/bomb"); n != 1000 || !errors.Is(err, ErrTooLarge) {
		t.Errorf("a body that does not: %d, %v", n, err)
	}
	if _, err := read("/headers"); err == nil {
		t.Error("200 KB of headers were taken")
	}
	begin := time.Now()
	if _, err := read("/hang"); err == nil || time.Since(begin) > 5*time.Second {
		t.Errorf("a server that hangs: %v after %v", err, time.Since(begin))
	}
	if _, err := d.Client(Options{}).Get(s.URL); err == nil || !strings.Contains(err.Error(), "https:// is expected") {
		t.Errorf("plain without leave: %v", err)
	}
}

func TestRoots(t *testing.T) {
	if p, err := Roots(""); p != nil || err != nil {
		t.Errorf("no file: %v, %v", p, err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if _, err := Roots(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if err := os.WriteFile(path, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Roots(path); err == nil || !strings.Contains(err.Error(), "PEM") {
		t.Errorf("no certificate: %v", err)
	}
}
