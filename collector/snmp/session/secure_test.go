package session_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/snmp/session"
	"muster/collector/snmp/snmptest"
	"muster/collector/snmp/snmptest/message"
)

// kinds is what came, for what is counted in packets.
func kinds(a *snmptest.Agent) (out []string) {
	for _, r := range a.Requests() {
		switch {
		case r.Report == snmptest.UnknownEngine:
			out = append(out, "engine")
		case r.Report == snmptest.NotInWindow:
			out = append(out, "clock")
		case r.Report != "":
			out = append(out, "report")
		default:
			out = append(out, "answer")
		}
	}
	return out
}

// sees holds what came against what should have.
func sees(t *testing.T, a *snmptest.Agent, want ...string) {
	t.Helper()
	if got := kinds(a); !slices.Equal(got, want) {
		t.Errorf("packets %v, want %v", got, want)
	}
	a.Forget()
}

func asks(t *testing.T, s *session.Session) {
	t.Helper()
	if got, err := s.Get(t.Context(), systemN+"7.0"); err != nil || got[0].N != -1 {
		t.Fatal(got, err)
	}
}

func TestAllProtocols(t *testing.T) {
	var pass session.Passwords
	for _, auth := range append([]string{""}, message.AuthProtocols()...) {
		for _, priv := range append([]string{""}, message.PrivProtocols()...) {
			if auth == "" && priv != "" {
				continue
			}
			synctest.Test(t, func(t *testing.T) {
				a := snmptest.New(t, table(3, 60))
				a.Users = []message.User{{Name: "u", Auth: auth, AuthPass: "authpass1", Priv: priv, PrivPass: "privpass1"}}
				s := open(t, a, func(o *session.Options) {
					o.Credential = session.Credential{Version: "3", User: "u", AuthProtocol: strings.ToLower(auth), AuthSecret: "authpass1", PrivProtocol: priv, PrivSecret: "privpass1"}
					o.Passwords = &pass
				})
				got, err := s.Table(t.Context(), columns(3), session.Limits{})
				if err := errors.Join(err, got.Fault, holds(got, 3, 60)); err != nil {
					t.Errorf("%s %s: %v", auth, priv, err)
				}
				for _, r := range a.Requests()[1:] {
					if r.Sealed != (priv != "") {
						t.Errorf("%s %s: sealed %v", auth, priv, r.Sealed)
					}
				}
			})
		}
	}
}

// The engine is found out once, and not again by the session after it.
func TestEngineIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, system)
		c := as(a, "3")
		s := open(t, a, func(o *session.Options) { o.Credential = c })
		asks(t, s)
		asks(t, s)
		sees(t, a, "engine", "answer", "answer")

		// Days later its clock has gone on, and so has what is known of it.
		b, err := json.Marshal(s.Learned())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Hour)
		var back session.Learned
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		s = open(t, a, func(o *session.Options) { o.Credential, o.Learned = c, &back })
		asks(t, s)
		sees(t, a, "answer")

		// Idle for longer than the window is wide.
		time.Sleep(10 * time.Minute)
		asks(t, s)
		sees(t, a, "answer")

		// A reboot costs one packet more, without a retry.
		a.Reboot()
		asks(t, s)
		asks(t, s)
		sees(t, a, "clock", "answer", "answer")
		if n := s.Stats(); n.Reports != 1 || n.Timeouts != 0 {
			t.Errorf("%+v", n)
		}

		// So does another box at its address.
		a.Replace([]byte{0x80, 0, 0, 0, 5, 'n', 'e', 'w'})
		asks(t, s)
		asks(t, s)
		sees(t, a, "engine", "answer", "answer")
		if e := s.Learned().Engine; string(e.ID[5:]) != "new" {
			t.Errorf("engine %x", e.ID)
		}
	})
}

// Another box that says nothing to those who know the old one's engine.
func TestReplacedAndSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, system)
		c := as(a, "3")
		s := open(t, a, func(o *session.Options) { o.Credential = c })
		asks(t, s)
		l := s.Learned()
		a.Replace([]byte{0x80, 0, 0, 0, 5, 'n', 'e', 'w'})
		a.Set(snmptest.Faults{StrangeSilent: true})
		a.Forget()
		s = open(t, a, func(o *session.Options) { o.Credential, o.Learned, o.Retries = c, l, 1 })
		asks(t, s)
		sees(t, a, "engine", "engine", "answer") // the first was not answered

		// Without a retry it is the next question that finds it out.
		s = open(t, a, func(o *session.Options) { o.Credential, o.Learned, o.Retries = c, l, 0 })
		if _, err := s.Get(t.Context(), systemN+"1.0"); !errors.Is(err, session.ErrTimeout) {
			t.Error(err)
		}
		asks(t, open(t, a, func(o *session.Options) { o.Credential, o.Learned, o.Retries = c, s.Learned(), 0 }))
	})
}

// A box that forgot how often it booted has a lower count than is known of it.
func TestAmnesia(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, system)
		a.Boots = 7
		s := open(t, a, func(o *session.Options) { o.Credential = as(a, "3"); o.Retries = 0 })
		asks(t, s)
		a.Boots = 0
		a.Reboot()
		a.Forget()
		asks(t, s)
		sees(t, a, "clock", "answer")
		if e := s.Learned().Engine; e.Boots != 1 {
			t.Errorf("boots %d", e.Boots)
		}
		// One whose clock stands still is asked twice each time it falls out of
		// the window, and answers.
		a.Set(snmptest.Faults{Amnesia: true})
		for range 3 {
			asks(t, s)
			time.Sleep(time.Hour)
		}
	})
}

// Clones with one engine id and clocks of their own do not disturb each other.
func TestClonedEngines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pass session.Passwords
		var agents []*snmptest.Agent
		var sessions []*session.Session
		for i := range 3 {
			a := snmptest.New(t, system)
			a.Boots = int32(10 * i)
			time.Sleep(time.Duration(i) * time.Hour)
			agents = append(agents, a)
			sessions = append(sessions, open(t, a, func(o *session.Options) { o.Credential, o.Passwords, o.Retries = as(a, "3"), &pass, 0 }))
		}
		for range 4 {
			for _, s := range sessions {
				asks(t, s)
			}
			time.Sleep(time.Minute)
		}
		for _, a := range agents {
			sees(t, a, "engine", "answer", "answer", "answer", "answer")
		}
	})
}

// An engine that cannot be talked to is told, whether it was known before or not.
func TestEngineOfZeros(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, system)
		a.Engine = make([]byte, 12)
		for _, l := range []*session.Learned{nil, {Engine: &session.Engine{ID: a.Engine, Boots: 1}}} {
			s := open(t, a, func(o *session.Options) { o.Credential, o.Learned = as(a, "3"), l })
			_, err := s.Get(t.Context(), systemN+"1.0")
			if !errors.Is(err, session.ErrGarbage) || !strings.Contains(err.Error(), "000000000000000000000000") {
				t.Error(err)
			}
		}
	})
}

func TestRefusedCredentials(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*session.Credential)
		want   string
	}{
		{"user", func(c *session.Credential) { c.User = "nobody" }, "does not know user"},
		{"password of the digest", func(c *session.Credential) { c.AuthSecret = "another password" }, "its digest"},
		{"digest", func(c *session.Credential) { c.AuthProtocol = "MD5" }, "its digest"},
		{"level", func(c *session.Credential) { c.PrivProtocol = "" }, "level of security"},
		{"no level", func(c *session.Credential) { c.PrivProtocol, c.AuthProtocol = "", "" }, "level of security"},
		{"password of the cipher", func(c *session.Credential) { c.PrivSecret = "another password" }, "its cipher"},
		{"cipher", func(c *session.Credential) { c.PrivProtocol = "DES" }, "its cipher"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := snmptest.New(t, system)
				cred := as(a, "3")
				c.change(&cred)
				s := open(t, a, func(o *session.Options) { o.Credential = cred })
				got, err := s.Get(t.Context(), systemN+"1.0")
				if !errors.Is(err, session.ErrCredential) || errors.Is(err, session.ErrTimeout) || !strings.Contains(err.Error(), c.want) || len(got) > 0 {
					t.Errorf("%v %v, want %q", got, err, c.want)
				}
				if strings.Contains(fmt.Sprint(err), "pass1") || strings.Contains(fmt.Sprint(err), "another password") {
					t.Errorf("%v tells a secret", err)
				}
			})
		})
	}
}

// A dead device is never taken for a wrong password, whether its engine is known
// or not.
func TestDeadIsNotRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, system)
		c := as(a, "3")
		s := open(t, a, func(o *session.Options) { o.Credential = c })
		asks(t, s)
		l := s.Learned()
		a.Set(snmptest.Faults{Dead: true})
		for range 2 {
			s = open(t, a, func(o *session.Options) { o.Credential, o.Learned, o.Retries = c, l, 3 })
			if _, err := s.Get(t.Context(), systemN+"1.0"); !errors.Is(err, session.ErrTimeout) || errors.Is(err, session.ErrCredential) {
				t.Error(err)
			}
			l = nil
		}
	})
}

// Nobody who sees the packets can answer for the device.
func TestForgedAnswers(t *testing.T) {
	forge := func(change func(*message.Message)) func(int, []byte) [][]byte {
		return func(_ int, p []byte) [][]byte {
			var m message.Message
			if err := m.Parse(bytes.Clone(p)); err != nil {
				panic(err)
			}
			if m.Secure.Flags&message.Auth == 0 {
				return [][]byte{p} // who it is may be said by anybody
			}
			lie := message.Message{Version: message.V3, Secure: message.Secure{ID: m.Secure.ID, Engine: m.Secure.Engine, Boots: m.Secure.Boots, Time: m.Secure.Time, User: m.Secure.User,
				ContextEngine: m.Secure.Engine}}
			lie.PDU.Type, lie.PDU.ID = message.Response, m.Secure.ID
			name, err := message.ParseOID(systemN + "7.0")
			if err != nil {
				panic(err)
			}
			lie.PDU.Variables = []message.Variable{{Name: name, Tag: message.Integer, Value: []byte{66}}}
			change(&lie)
			b, err := lie.Append(nil, nil)
			if err != nil {
				panic(err)
			}
			return [][]byte{b, p}
		}
	}
	report := func(about string) func(*message.Message) {
		return func(m *message.Message) {
			name, err := message.ParseOID(about)
			if err != nil {
				panic(err)
			}
			m.PDU.Type = message.Report
			m.PDU.Variables = []message.Variable{{Name: name, Tag: message.Counter32, Value: []byte{1}}}
			m.Secure.Boots, m.Secure.Time = 1<<31-1, 1<<31-1
		}
	}
	// One who has the key of the digest alone.
	var pass message.Passwords
	signed := func(_ int, p []byte) [][]byte {
		var m message.Message
		if err := m.Parse(bytes.Clone(p)); err != nil {
			panic(err)
		}
		if m.Secure.Flags&message.Auth == 0 {
			return [][]byte{p}
		}
		k, err := pass.Local(message.User{Name: "muster", Auth: "SHA256", AuthPass: "authpass1"}, m.Secure.Engine)
		if err != nil {
			panic(err)
		}
		m.Secure.Flags = message.Auth
		m.PDU.Type, m.PDU.ID = message.Response, m.Secure.ID
		name, err := message.ParseOID(systemN + "7.0")
		if err != nil {
			panic(err)
		}
		m.PDU.Variables = []message.Variable{{Name: name, Tag: message.Integer, Value: []byte{66}}}
		b, err := m.Append(nil, k)
		if err != nil {
			panic(err)
		}
		return [][]byte{b, p}
	}
	flip := func(n int, p []byte) [][]byte {
		q := bytes.Clone(p)
		q[len(q)-1] ^= 1
		return [][]byte{q, p}
	}
	for name, tamper := range map[string]func(int, []byte) [][]byte{
		"unsigned answer":   forge(func(*message.Message) {}),
		"unsigned clock":    forge(report(snmptest.NotInWindow)),
		"our own engine":    forge(report(snmptest.UnknownEngine)),
		"changed bit":       flip,
		"not sealed":        signed,
		"unsigned, no user": forge(func(m *message.Message) { m.Secure.User = nil }),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := snmptest.New(t, system)
				s := open(t, a, func(o *session.Options) { o.Credential = as(a, "3"); o.Retries = 0 })
				asks(t, s)
				a.Set(snmptest.Faults{Tamper: tamper})
				asks(t, s)
				if n := s.Stats(); n.Strange+n.Garbage == 0 {
					t.Errorf("%+v: nothing was refused", n)
				}
				a.Forget()
				a.Set(snmptest.Faults{})
				asks(t, s)
				sees(t, a, "answer")
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, system)
		a.Set(snmptest.Faults{Unsigned: true})
		s := open(t, a, func(o *session.Options) { o.Credential = as(a, "3"); o.Retries = 0 })
		if _, err := s.Get(t.Context(), systemN+"7.0"); err == nil {
			t.Error("an agent that does not protect its answers is believed")
		}
	})
}

// The slow part of a password is done once for all devices.
func TestPasswordsAreShared(t *testing.T) {
	var pass session.Passwords
	first := func() time.Duration {
		a := snmptest.New(t, system)
		c := as(a, "3")
		began := time.Now()
		s := open(t, a, func(o *session.Options) { o.Credential, o.Passwords = c, &pass })
		asks(t, s)
		return time.Since(began)
	}
	// The agent works the password out for itself each time, so only a count
	// tells.
	first()
	n := pass.Worked()
	for range 20 {
		first()
	}
	if again := pass.Worked(); n != 2 || again != n {
		t.Errorf("%d passwords worked out for the first device, %d after twenty more; want 2 and 2", n, again)
	}
}
