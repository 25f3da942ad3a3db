package session_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/collector/snmp/session"
	"muster/collector/snmp/snmptest/message"
)

// free is a port on 127.0.0.1 that nobody has.
func free(t testing.TB) netip.AddrPort {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

// command finds a command of the administrator.
func command(t testing.TB, name string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin") {
		if p, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return p
		}
	}
	t.Fatalf("%s is not there; packaging/test-deps installs it", name)
	return ""
}

// start runs a command until the test ends.
func start(t testing.TB, c *exec.Cmd) {
	t.Helper()
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Logf("%s: %s", c.Path, out.String())
		}
	})
}

// up waits until a device answers.
func up(t testing.TB, at netip.AddrPort, c session.Credential, oid string) {
	t.Helper()
	var err error
	for range 100 {
		var s *session.Session
		if s, err = session.Open(session.Options{Address: at, Credential: c, Timeout: 200 * time.Millisecond}); err != nil {
			t.Fatal(err)
		}
		_, err = s.Get(t.Context(), oid)
		s.Close()
		if err == nil {
			return
		}
		// Refused at once: it does not listen yet.
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal(err)
}

// snmpd starts one with a configuration of its own.
func snmpd(t testing.TB) netip.AddrPort {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a real snmpd")
	}
	dir := t.TempDir()
	at := free(t)
	var conf strings.Builder
	fmt.Fprintf(&conf, "rocommunity public 127.0.0.1\nsysName real\nsysLocation here\nsysServices 72\n")
	for _, u := range snmpdUsers() {
		auth := map[string]string{"SHA224": "SHA-224", "SHA256": "SHA-256", "SHA384": "SHA-384", "SHA512": "SHA-512"}[u.Auth]
		if auth == "" {
			auth = u.Auth
		}
		level := "authpriv"
		line := fmt.Sprintf("createUser %s %s %s", u.Name, auth, u.AuthPass)
		if u.Priv == "" {
			level = "auth"
		} else {
			priv := map[string]string{"AES192": "AES-192", "AES256": "AES-256", "AES192C": "AES-192-C", "AES256C": "AES-256-C"}[u.Priv]
			if priv == "" {
				priv = u.Priv
			}
			line += fmt.Sprintf(" %s %s", priv, u.PrivPass)
		}
		fmt.Fprintf(&conf, "%s\nrouser %s %s\n", line, u.Name, level)
	}
	file := filepath.Join(dir, "snmpd.conf")
	if err := os.WriteFile(file, []byte(conf.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(command(t, "snmpd"), "-f", "-Le", "-C", "-c", file, "-I", "-smux", "udp:"+at.String())
	c.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+dir, "SNMPCONFPATH="+dir, "MIBS=")
	start(t, c)
	up(t, at, session.Credential{Version: "2c", Community: "public"}, systemN+"5.0")
	return at
}

// snmpdUsers is a user for each pair of protocols that Debian's snmpd has. Its
// passwords differ, so that no key serves for another.
func snmpdUsers() (out []message.User) {
	for _, auth := range message.AuthProtocols() {
		for _, priv := range []string{"", "DES", "AES", "AES192", "AES256"} {
			n := auth + priv
			out = append(out, message.User{Name: n, Auth: auth, AuthPass: "auth-" + n, Priv: priv, PrivPass: "priv-" + n})
		}
	}
	return out
}

func credential(u message.User) session.Credential {
	return session.Credential{Version: "3", User: u.Name, AuthProtocol: u.Auth, AuthSecret: session.Secret(u.AuthPass), PrivProtocol: u.Priv, PrivSecret: session.Secret(u.PrivPass)}
}

// A real agent is asked in all versions and with all users.
func TestSnmpd(t *testing.T) {
	at := snmpd(t)
	credentials := []session.Credential{{Version: "1", Community: "public"}, {Version: "2c", Community: "public"}}
	for _, u := range snmpdUsers() {
		credentials = append(credentials, credential(u))
	}
	var pass session.Passwords
	var first session.Table
	for _, c := range credentials {
		s, err := session.Open(session.Options{Address: at, Credential: c, Retries: 2, Passwords: &pass})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Get(t.Context(), systemN+"5.0", systemN+"99.0", systemN+"7.0", systemN+"6.0")
		if err != nil || len(got) != 4 || string(got[0].B) != "real" || got[1].Kind != session.Missing || got[2].N != 72 || string(got[3].B) != "here" {
			t.Errorf("%s %s%s: %+v, %v", c.Version, c.AuthProtocol, c.PrivProtocol, got, err)
		}
		// sysORTable: two columns that stay as they are.
		tab, err := s.Table(t.Context(), []string{"1.3.6.1.2.1.1.9.1.2", "1.3.6.1.2.1.1.9.1.3"}, session.Limits{})
		if err := errors.Join(err, tab.Fault); err != nil || len(tab.Rows) < 5 {
			t.Errorf("%s %s%s: %d rows, %v", c.Version, c.AuthProtocol, c.PrivProtocol, len(tab.Rows), err)
		}
		if first.Rows == nil {
			first = tab
		} else if fmt.Sprint(first.Rows) != fmt.Sprint(tab.Rows) {
			t.Errorf("%s %s%s: %v", c.Version, c.AuthProtocol, c.PrivProtocol, tab.Rows)
		}
		if n := s.Stats(); n.Timeouts+n.Garbage+n.Strange > 0 {
			t.Errorf("%s %s%s: %+v", c.Version, c.AuthProtocol, c.PrivProtocol, n)
		}
		s.Close()
	}
}

// What a walk brings is what net-snmp's own brings.
func TestSnmpdWalk(t *testing.T) {
	at := snmpd(t)
	s, err := session.Open(session.Options{Address: at, Credential: session.Credential{Version: "2c", Community: "public"}, Retries: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, root := range []string{"1.3.6.1.2.1.1", "1.3.6.1.2.1.2", "1.3.6.1.2.1.4.20", "1.3.6.1.6.3.16", "1.3.6.1.4.1.2021.10"} {
		b, err := exec.Command(command(t, "snmpbulkwalk"), "-v2c", "-c", "public", "-Onq", "-m", "", at.String(), root).Output()
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for line := range strings.Lines(string(b)) {
			if name, _, _ := strings.Cut(line, " "); strings.HasPrefix(name, ".1.") && !strings.Contains(line, "No more variables") {
				want = append(want, name[1:])
			}
		}
		got, err := s.Walk(t.Context(), root, session.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, v := range got {
			names = append(names, v.OID)
		}
		if len(want) == 0 || fmt.Sprint(names) != fmt.Sprint(want) {
			t.Errorf("%s: %d names, net-snmp has %d", root, len(names), len(want))
		}
	}
}

func TestSnmpdRefuses(t *testing.T) {
	at := snmpd(t)
	good := snmpdUsers()[3] // MD5 and AES192
	for what, change := range map[string]func(*session.Credential){
		"user":            func(c *session.Credential) { c.User = "nobody" },
		"digest password": func(c *session.Credential) { c.AuthSecret = "another-password" },
		"digest":          func(c *session.Credential) { c.AuthProtocol = "SHA512" },
		"level":           func(c *session.Credential) { c.AuthProtocol, c.PrivProtocol = "", "" },
		"cipher password": func(c *session.Credential) { c.PrivSecret = "another-password" },
		"cipher":          func(c *session.Credential) { c.PrivProtocol = "AES256" },
		"key extension":   func(c *session.Credential) { c.PrivProtocol = "AES192C" },
	} {
		c := credential(good)
		change(&c)
		s, err := session.Open(session.Options{Address: at, Credential: c, Retries: 1, Timeout: 300 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Get(t.Context(), systemN+"5.0"); !errors.Is(err, session.ErrCredential) {
			t.Errorf("%s: %v, %v", what, got, err)
		} else {
			t.Logf("%s: %v", what, err)
		}
		s.Close()
	}
	s, err := session.Open(session.Options{Address: at, Credential: session.Credential{Version: "2c", Community: "private"}, Timeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Get(t.Context(), systemN+"5.0"); !errors.Is(err, session.ErrTimeout) {
		t.Errorf("wrong community: %v", err)
	}
}

// Nobody there is told from nobody who answers.
func TestRefusedByICMP(t *testing.T) {
	for _, retries := range []int{0, 2} {
		s, err := session.Open(session.Options{Address: free(t), Credential: session.Credential{Version: "2c", Community: "public"}, Retries: retries, Timeout: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Get(t.Context(), systemN+"5.0")
		if !errors.Is(err, session.ErrRefused) || errors.Is(err, session.ErrTimeout) {
			t.Error(err)
		}
		if n := s.Stats(); n.Refused != int64(retries)+1 || n.Requests != int64(retries)+1 || n.Timeouts != 0 {
			t.Errorf("%+v", n)
		}
		s.Close()
	}
}
