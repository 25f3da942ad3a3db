package trap

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/snmp/session"
	"muster/collector/snmp/snmptest/message"
)

func operator() message.User {
	return message.User{Name: "operator", Auth: "SHA256", AuthPass: "authpass1", Priv: "AES", PrivPass: "privpass1"}
}

// credentials are those of users.
func credentials(users ...message.User) (out []session.Credential) {
	for _, u := range users {
		out = append(out, session.Credential{Version: "3", User: u.Name, AuthProtocol: u.Auth, AuthSecret: session.Secret(u.AuthPass), PrivProtocol: u.Priv, PrivSecret: session.Secret(u.PrivPass)})
	}
	return out
}

var (
	device = netip.MustParseAddr("192.0.2.10")
	twin   = netip.MustParseAddr("192.0.2.11")
	linkUp = oid(1, 3, 6, 1, 6, 3, 1, 1, 5, 4)
)

// oid encodes a name.
func oid(parts ...uint64) []byte {
	var text []string
	for _, p := range parts {
		text = append(text, fmt.Sprint(p))
	}
	o, err := message.ParseOID(strings.Join(text, "."))
	if err != nil {
		panic(err)
	}
	return o
}

const tagSequence = 0x30

// wrap puts a tag and a length before bytes.
func wrap(tag byte, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	switch n := len(body); {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, body...)
	case n < 1<<8:
		return append([]byte{tag, 0x81, byte(n)}, body...)
	default:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body...)
	}
}

// number encodes a whole number that is not negative.
func number(tag byte, n int64) []byte {
	b := []byte{byte(n)}
	for n > 0x7f {
		n >>= 8
		b = append([]byte{byte(n)}, b...)
	}
	return wrap(tag, b)
}

func pair(name, value []byte) []byte {
	return wrap(tagSequence, wrap(message.ObjectIdentifier, name), value)
}

// pdu2 is a trap or inform of version 2.
func pdu2(tag byte, id int64, trap []byte, more ...[]byte) []byte {
	list := append([][]byte{
		pair(oid(1, 3, 6, 1, 2, 1, 1, 3, 0), number(message.TimeTicks, id)),
		pair(oid(1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0), wrap(message.ObjectIdentifier, trap)),
	}, more...)
	return wrap(tag, number(message.Integer, id), number(message.Integer, 0), number(message.Integer, 0), wrap(tagSequence, list...))
}

func v2c(community string, pdu []byte) []byte {
	return wrap(tagSequence, number(message.Integer, 1), wrap(message.OctetString, []byte(community)), pdu)
}

func trap1(generic, specific int64) []byte {
	return wrap(message.TrapV1, wrap(message.ObjectIdentifier, oid(1, 3, 6, 1, 4, 1, 8072, 3, 2, 10)), wrap(message.IPAddress, []byte{10, 1, 2, 3}),
		number(message.Integer, generic), number(message.Integer, specific), number(message.TimeTicks, 1), wrap(tagSequence))
}

func v1(generic, specific int64) []byte {
	return wrap(tagSequence, number(message.Integer, 0), wrap(message.OctetString, []byte("public")), trap1(generic, specific))
}

var passwords = &message.Passwords{}

// sender is a device with an engine.
type sender struct {
	user   message.User
	engine string
	boots  int32
	id     int32
}

func newSender(u message.User, engine string, boots int32) *sender {
	return &sender{user: u, engine: engine, boots: boots}
}

// say makes a message of version 3 under the sender's engine, or another that
// it speaks to.
func (s *sender) say(t testing.TB, seconds int32, more byte, kind byte, id int32, trap []byte) []byte {
	t.Helper()
	var k *message.Keys
	var err error
	if s.user.Name != "" {
		if k, err = passwords.Local(s.user, []byte(s.engine)); err != nil {
			t.Fatal(err)
		}
	}
	s.id++
	m := &message.Message{Version: message.V3}
	m.Secure = message.Secure{ID: s.id, Flags: s.user.Flags() | more, Engine: []byte(s.engine), Boots: s.boots, Time: seconds, User: []byte(s.user.Name)}
	m.PDU = message.PDU{Type: kind, ID: id}
	if trap != nil {
		m.PDU.Variables = []message.Variable{
			{Name: oid(1, 3, 6, 1, 2, 1, 1, 3, 0), Tag: message.TimeTicks, Value: []byte{byte(id)}},
			{Name: oid(1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0), Tag: message.ObjectIdentifier, Value: trap},
		}
	}
	b, err := m.Append(nil, k)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// trap says a trap.
func (s *sender) trap(t testing.TB, seconds, id int32) []byte {
	t.Helper()
	return s.say(t, seconds, 0, message.TrapV2, id, linkUp)
}

// listener is one that writes down what it heard.
func listener(t testing.TB, change ...func(*Options)) (*Listener, *[]Notice) {
	t.Helper()
	var heard []Notice
	o := Options{Passwords: &session.Passwords{}, Allowed: func(a netip.Addr) bool { return a == device || a == twin }, Heard: func(n Notice) { heard = append(heard, n) },
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Engine: Engine{[]byte("\x80\x00\x00\x00\x05collector"), 4}}
	for _, f := range change {
		f(&o)
	}
	return New(o), &heard
}

func TestTrapsOfEachVersionAreNamedAlike(t *testing.T) {
	l, heard := listener(t)
	for _, b := range [][]byte{
		v1(3, 0),
		v1(6, 7),
		v2c("public", pdu2(message.TrapV2, 1, linkUp, pair(oid(1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1, 7), wrap(message.OctetString, []byte("Gi1/0/7\x00"))))),
	} {
		if a := l.take(b, device); a != nil {
			t.Errorf("a trap is answered with %x", a)
		}
	}
	var got []string
	for _, n := range *heard {
		got = append(got, n.Version+" "+n.OID)
	}
	want := []string{"1 1.3.6.1.6.3.1.1.5.4", "1 1.3.6.1.4.1.8072.3.2.10.0.7", "2c 1.3.6.1.6.3.1.1.5.4"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("heard %q, want %q", got, want)
	}
	if a := (*heard)[0].Agent; a != netip.MustParseAddr("10.1.2.3") {
		t.Errorf("agent is %s", a)
	}
	if v := (*heard)[2].Variables; len(v) != 2 || v[1].Text != "Gi1/0/7" || (*heard)[2].Authentic {
		t.Errorf("variables are %v", v)
	}
}

func TestEachDigestAndCipherIsHeard(t *testing.T) {
	for _, auth := range []string{"MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512"} {
		for _, priv := range []string{"", "DES", "AES", "AES192", "AES256", "AES192C", "AES256C"} {
			u := message.User{Name: "operator", Auth: auth, AuthPass: "authpass1", Priv: priv, PrivPass: "privpass1"}
			l, heard := listener(t, func(o *Options) { o.Users = func() []session.Credential { return credentials(u) } })
			l.take(newSender(u, "\x80\x00\x1f\x88\x04switch", 3).trap(t, 1000, 1), device)
			if len(*heard) != 1 || !(*heard)[0].Authentic || (*heard)[0].OID != "1.3.6.1.6.3.1.1.5.4" {
				t.Errorf("%s with %s: %+v, %+v", auth, priv, *heard, l.Stats())
			}
		}
	}
}

func TestWhoHasNoKeyIsRefused(t *testing.T) {
	good := operator()
	say := func(u message.User) []byte {
		return newSender(u, "\x80\x00\x1f\x88\x04switch", 3).trap(t, 1000, 1)
	}
	changed := say(good)
	changed[len(changed)-1] ^= 1
	for name, b := range map[string][]byte{
		"wrong password":       say(message.User{Name: "operator", Auth: "SHA256", AuthPass: "authpass2", Priv: "AES", PrivPass: "privpass1"}),
		"unknown user":         say(message.User{Name: "nobody", Auth: "SHA256", AuthPass: "authpass1", Priv: "AES", PrivPass: "privpass1"}),
		"no encryption":        say(message.User{Name: "operator", Auth: "SHA256", AuthPass: "authpass1"}),
		"no digest":            say(message.User{Name: "operator"}),
		"another digest":       say(message.User{Name: "operator", Auth: "SHA", AuthPass: "authpass1", Priv: "AES", PrivPass: "privpass1"}),
		"a changed last byte":  changed,
		"a wrong cipher's key": say(message.User{Name: "operator", Auth: "SHA256", AuthPass: "authpass1", Priv: "AES", PrivPass: "privpass2"}),
	} {
		l, heard := listener(t, func(o *Options) { o.Users = func() []session.Credential { return credentials(good) } })
		if a := l.take(b, device); a != nil || len(*heard) != 0 {
			t.Errorf("%s: answer %x, heard %v", name, a, *heard)
		}
		if s := l.Stats(); s.Refused+s.Malformed != 1 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestWhatIsOldOrCameBeforeIsNotHeardAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := operator()
		l, heard := listener(t, func(o *Options) { o.Users = func() []session.Credential { return credentials(u) } })
		s := newSender(u, "\x80\x00\x1f\x88\x04switch", 3)
		first := s.trap(t, 1000, 1)
		later := s.trap(t, 1001, 2)
		for range 5 {
			l.take(first, device)
		}
		if len(*heard) != 1 || l.Stats().Repeated != 4 {
			t.Fatalf("one captured trap was heard %d times: %+v", len(*heard), l.Stats())
		}
		time.Sleep(149 * time.Second)
		l.take(later, device) // 148 s old by its engine's clock
		if len(*heard) != 2 {
			t.Errorf("a trap within the window was not heard: %+v", l.Stats())
		}
		time.Sleep(10 * time.Minute) // the cache has forgotten by now
		l.take(first, device)
		l.take(later, device)
		if len(*heard) != 2 || l.Stats().Stale != 2 {
			t.Errorf("old traps were heard: %d, %+v", len(*heard), l.Stats())
		}
		l.take(s.trap(t, 900, 3), device) // a clock that went back without a start
		if len(*heard) != 2 || l.Stats().Stale != 3 {
			t.Errorf("an engine's clock may not go back: %+v", l.Stats())
		}
		again := newSender(u, "\x80\x00\x1f\x88\x04switch", 4) // started anew
		l.take(again.trap(t, 2, 4), device)
		if len(*heard) != 3 || !(*heard)[2].Authentic {
			t.Errorf("a restarted engine is not heard: %+v", l.Stats())
		}
		l.take(s.trap(t, 5000, 5), device) // the run before
		if len(*heard) != 3 {
			t.Error("a trap of the engine's former run was heard")
		}
	})
}

func TestATwinOfAnEngineIsHeardButNotBelieved(t *testing.T) {
	u := operator()
	l, heard := listener(t, func(o *Options) { o.Users = func() []session.Credential { return credentials(u) } })
	l.take(newSender(u, "\x80\x00\x1f\x88\x04clone", 9).trap(t, 5000, 1), device)
	l.take(newSender(u, "\x80\x00\x1f\x88\x04clone", 2).trap(t, 10, 2), twin)
	l.take(newSender(u, "\x80\x00\x1f\x88\x04clone", 9).trap(t, 5001, 3), device)
	var got []bool
	for _, n := range *heard {
		got = append(got, n.Authentic)
	}
	if fmt.Sprint(got) != "[true false true]" {
		t.Errorf("authentic: %v, %+v", got, l.Stats())
	}
}

func TestStrangersAndFloodsCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, heard := listener(t, func(o *Options) { o.Rate, o.Burst, o.AllRate, o.AllBurst = 5, 50, 100, 80 })
		for i := range int64(1000) {
			l.take(v2c("public", pdu2(message.TrapV2, i, linkUp)), netip.MustParseAddr("198.51.100.1"))
			l.take(v2c("public", pdu2(message.TrapV2, i, linkUp)), device)
		}
		if s := l.Stats(); s.Strangers != 1000 || s.Heard != 50 || s.Limited != 950 || len(*heard) != 50 {
			t.Errorf("%+v", s)
		}
		for i := range int64(1000) {
			l.take(v2c("public", pdu2(message.TrapV2, i, linkUp)), twin)
		}
		if s := l.Stats(); s.Heard != 80 {
			t.Errorf("all together: %+v", s)
		}
		time.Sleep(2 * time.Second)
		l.take(v2c("public", pdu2(message.TrapV2, 5000, linkUp)), device)
		if s := l.Stats(); s.Heard != 81 {
			t.Errorf("after a rest: %+v", s)
		}
		if len(l.buckets) != 2 {
			t.Errorf("%d sources are remembered", len(l.buckets))
		}
	})
}

func TestCommunitiesMayBeBound(t *testing.T) {
	l, heard := listener(t, func(o *Options) { o.Communities = []string{"traps"} })
	l.take(v2c("public", pdu2(message.TrapV2, 1, linkUp)), device)
	l.take(v2c("traps", pdu2(message.TrapV2, 2, linkUp)), device)
	if len(*heard) != 1 || l.Stats().Refused != 1 {
		t.Errorf("heard %v, %+v", *heard, l.Stats())
	}
}

func TestInformsAreAnsweredEachTimeAndHeardOnce(t *testing.T) {
	l, heard := listener(t)
	inform := v2c("public", pdu2(message.InformRequest, 77, linkUp))
	want := v2c("public", pdu2(message.Response, 77, linkUp))
	for range 2 {
		if got := l.take(inform, device); !bytes.Equal(got, want) {
			t.Errorf("answer is %x, want %x", got, want)
		}
	}
	if len(*heard) != 1 || !(*heard)[0].Inform {
		t.Errorf("heard %v", *heard)
	}
}

// A sender of informs knows nothing at first: it learns our engine, then its
// clock, then is believed.
func TestInformsOfVersion3(t *testing.T) {
	u := message.User{Name: "operator", Auth: "SHA256", AuthPass: "authpass1", Priv: "AES256", PrivPass: "privpass1"}
	l, heard := listener(t, func(o *Options) { o.Users = func() []session.Credential { return credentials(u) } })
	read := func(b []byte, k *message.Keys) *message.Message {
		t.Helper()
		m := &message.Message{}
		if err := m.Parse(b); err != nil {
			t.Fatal(err)
		}
		if err := m.Open(k); err != nil {
			t.Fatal(err)
		}
		return m
	}
	// A discovery: no engine, no user, reportable.
	answer := read(l.take(newSender(message.User{}, "", 0).say(t, 0, message.Reportable, message.GetRequest, 1, nil), device), nil)
	s := answer.Secure
	if !bytes.Equal(s.Engine, l.o.Engine.ID) || s.Boots != 4 || s.Flags != 0 || answer.PDU.Variables[0].Name.String() != unknownEngines {
		t.Fatalf("introduced as %+v", answer)
	}
	k, err := passwords.Local(u, s.Engine)
	if err != nil {
		t.Fatal(err)
	}
	inform := func(seconds int32) []byte {
		return newSender(u, string(s.Engine), s.Boots).say(t, seconds, message.Reportable, message.InformRequest, 5, linkUp)
	}
	late := read(l.take(inform(500), device), k)
	if late.Secure.Flags != message.Auth || late.PDU.Variables[0].Name.String() != notInWindows || len(*heard) != 0 || l.Stats().Stale != 1 {
		t.Fatalf("an inform of another time: %+v, %+v", late, l.Stats())
	}
	done := read(l.take(inform(0), device), k)
	if done.PDU.Type != message.Response || done.PDU.ID != 5 || len(done.PDU.Variables) != 2 || done.Secure.Flags != message.Auth|message.Priv {
		t.Errorf("answer is %+v", done)
	}
	if len(*heard) != 1 || !(*heard)[0].Authentic || !(*heard)[0].Inform {
		t.Errorf("heard %+v", *heard)
	}
}

func TestWhatAnEventIsMadeOf(t *testing.T) {
	asker := Variable{"1.3.6.1.4.1.9.2.1.5.0", "10.9.8.7"}
	for name, c := range map[string]struct {
		n    Notice
		want string
	}{
		"a link":                {Notice{OID: standardTraps + ".3"}, ""},
		"a sensor":              {Notice{OID: "1.3.6.1.4.1.9.9.13.3.0.3"}, ""},
		"a stranger's question": {Notice{OID: standardTraps + ".5", Variables: []Variable{asker}}, "authentication_failed map[address:10.9.8.7]"},
		"who does not tell":     {Notice{OID: standardTraps + ".5", Variables: []Variable{{asker.OID, "<script>"}}}, "authentication_failed map[]"},
		"anything else": {Notice{OID: "1.3.6.1.4.1.9.9.999.1", From: device, Authentic: true},
			"trap map[address:192.0.2.10 authentic:true oid:1.3.6.1.4.1.9.9.999.1]"},
	} {
		kind, a, ok := c.n.Event()
		got := ""
		if ok {
			got = kind + " " + fmt.Sprint(a)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestBrokenPackets(t *testing.T) {
	deep := []byte{}
	for range 1000 {
		deep = wrap(tagSequence, deep)
	}
	many := make([][]byte, maxVariables)
	for i := range many {
		many[i] = pair(oid(1, 3, uint64(i)), wrap(message.Null))
	}
	for name, b := range map[string][]byte{
		"nothing":              {},
		"a length of 4 GB":     {tagSequence, 0x84, 0xff, 0xff, 0xff, 0xff, 0},
		"no definite length":   {tagSequence, 0x80, 0, 0},
		"nesting":              deep,
		"too long":             v2c(strings.Repeat("x", session.MaxUnasked), nil),
		"too many variables":   v2c("public", pdu2(message.TrapV2, 1, linkUp, many...)),
		"a name without end":   v2c("public", pdu2(message.TrapV2, 1, []byte{0x2b, 0x86})),
		"a part above 32 bits": v2c("public", pdu2(message.TrapV2, 1, []byte{0x2b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})),
		"a question":           v2c("public", wrap(message.GetRequest, number(message.Integer, 1), number(message.Integer, 0), number(message.Integer, 0), wrap(tagSequence))),
		"a trap of 1 in 2c":    v2c("public", trap1(3, 0)),
		"version 7":            wrap(tagSequence, number(message.Integer, 7)),
	} {
		l, heard := listener(t)
		if a := l.take(b, device); a != nil || len(*heard) != 0 || l.Stats().Malformed != 1 {
			t.Errorf("%s: answer %x, heard %v, %+v", name, a, *heard, l.Stats())
		}
	}
}

func FuzzTake(f *testing.F) {
	u := operator()
	f.Add(v1(6, 7))
	f.Add(v2c("public", pdu2(message.InformRequest, 1, linkUp)))
	f.Add(newSender(u, "\x80\x00\x1f\x88\x04switch", 3).trap(f, 1000, 1))
	f.Add(newSender(message.User{Name: "open"}, "\x80\x00\x1f\x88\x04switch", 3).trap(f, 1000, 1))
	l, heard := listener(f, func(o *Options) {
		o.Users = func() []session.Credential { return credentials(u, message.User{Name: "open"}) }
		o.Rate, o.Burst, o.AllRate, o.AllBurst = 1e9, 1e9, 1e9, 1e9
	})
	f.Fuzz(func(t *testing.T, b []byte) {
		*heard = nil
		a := l.take(bytes.Clone(b), device)
		// What is answered is no longer than a bounded head plus what came, or
		// we would be of use to those who flood a third.
		if len(a) > len(b)+256 {
			t.Errorf("%d bytes are answered with %d", len(b), len(a))
		}
		for _, n := range *heard {
			if n.OID == "" || len(n.Variables) > maxVariables {
				t.Errorf("heard %+v", n)
			}
		}
	})
}

func BenchmarkTrap(b *testing.B) {
	u := operator()
	for name, packet := range map[string][]byte{
		"2c": v2c("public", pdu2(message.TrapV2, 1, linkUp)),
		"3":  newSender(u, "\x80\x00\x1f\x88\x04switch", 3).trap(b, 1000, 1),
	} {
		b.Run(name, func(b *testing.B) {
			l, _ := listener(b, func(o *Options) {
				o.Users = func() []session.Credential { return credentials(u) }
				o.Rate, o.Burst, o.AllRate, o.AllBurst = 1e9, 1e9, 1e9, 1e9
			})
			for b.Loop() {
				l.take(packet, device)
			}
		})
	}
}
