package poll

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/snmp/session"
	"muster/collector/snmp/snmptest"
	"muster/collector/snmp/snmptest/message"
)

// The poller over real sessions, and an agent that they reach in virtual time.
func overSessions(t *testing.T, c session.Credential) (*world, *snmptest.Agent, *Poller, Target) {
	agent := snmptest.New(t, `
1.3.6.1.2.1.1.1.0  text  "a switch"
1.3.6.1.2.1.1.3.0  ticks 8640000
1.3.6.1.2.1.2.2.1.1.1  int 1
`)
	agent.Users = []message.User{{Name: "operator", Auth: "SHA256", AuthPass: "authpass1", Priv: "AES", PrivPass: "privpass1"}}
	w := newWorld()
	x := w.add(1)[0]
	x.Credential = c
	passwords := &session.Passwords{}
	p := w.poller(func(o *Options) {
		o.Pinger = nil
		o.Reader = plain{}
		o.Dial = func(t Target, l *session.Learned, retries int, timeout time.Duration) (Asker, error) {
			return session.Open(session.Options{Address: t.Address, Credential: t.Credential, Learned: l, Retries: retries, Timeout: timeout, Passwords: passwords, Dial: agent.Dial})
		}
	})
	return w, agent, p, x
}

// plain reads the clock and a column.
type plain struct{}

func (plain) Identify(ctx context.Context, a session.Asker, _ []byte) (Device, error) {
	_, err := a.Get(ctx, "1.3.6.1.2.1.1.1.0")
	return plain{}, err
}
func (plain) Identity() Identity    { return Identity{Serial: "FOC0000"} }
func (plain) Keep() ([]byte, error) { return nil, nil }
func (plain) Paces() []Pace         { return []Pace{{"fast", time.Minute}} }
func (plain) Read(ctx context.Context, a session.Asker, _ []string) (Reading, error) {
	v, err := a.Get(ctx, sysUpTime)
	if err != nil {
		return Reading{}, err
	}
	_, err = a.Table(ctx, []string{"1.3.6.1.2.1.2.2.1.1"}, session.Limits{})
	return Reading{Clocks: Clocks{System: new(uint32(v[0].U))}}, err
}

func TestOverRealSessions(t *testing.T) {
	for _, c := range []session.Credential{
		{Name: "public", Version: "2c", Community: "public"},
		{Name: "core", Version: "3", User: "operator", AuthProtocol: "SHA256", AuthSecret: "authpass1", PrivProtocol: "AES", PrivSecret: "privpass1"},
	} {
		t.Run(c.Version, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, agent, p, x := overSessions(t, c)
				defer w.start(t, p)()
				p.Set([]Target{x})
				w.pass(10 * time.Minute)
				s, _ := p.State(x.ID)
				if s.Lane != Live || s.Reason != "" || s.Device != device0 {
					t.Fatalf("%+v", s)
				}
				before := p.Stats()
				w.pass(time.Hour)
				// A clock and a table that ends: three packets, whatever the version.
				if n := p.Stats().Requests - before.Requests; n > 60*3 {
					t.Errorf("%d packets in 60 rounds", n)
				}
				agent.Set(snmptest.Faults{Dead: true})
				w.pass(2 * time.Minute)
				if s, _ := p.State(x.ID); s.Lane != Dead || s.Reason != Silent {
					t.Fatalf("%+v", s)
				}
				before = p.Stats()
				w.pass(24 * time.Hour)
				if n := p.Stats().Requests - before.Requests; n > 24*60 {
					t.Errorf("a dead target got %d packets in %d minutes", n, 24*60)
				}
				agent.Set(snmptest.Faults{})
				agent.Reboot()
				w.pass(3 * time.Minute)
				if s, _ := p.State(x.ID); s.Lane != Live || s.Reason != "" {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

func TestAWrongKeyIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _, p, x := overSessions(t, session.Credential{Name: "core", Version: "3", User: "operator", AuthProtocol: "SHA256", AuthSecret: "another password", PrivProtocol: "AES", PrivSecret: "privpass1"})
		defer w.start(t, p)()
		p.Set([]Target{x})
		w.pass(3 * time.Minute)
		s, _ := p.State(x.ID)
		if s.Lane != Dead || s.Reason != Credentials || s.Detail == "" {
			t.Errorf("%+v", s)
		}
	})
}
