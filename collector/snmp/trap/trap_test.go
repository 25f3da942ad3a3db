package trap

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var (
	device = netip.MustParseAddr("192.0.2.10")
	twin   = netip.MustParseAddr("192.0.2.11")
	linkUp = oid(1, 3, 6, 1, 6, 3, 1, 1, 5, 4)
)

// oid encodes a name.
func oid(parts ...uint64) []byte {
	b := []byte{byte(40*parts[0] + parts[1])}
	for _, p := range parts[2:] {
		part := []byte{byte(p & 0x7f)}
		for p >>= 7; p > 0; p >>= 7 {
			part = append([]byte{byte(p&0x7f) | 0x80}, part...)
		}
		b = append(b, part...)
	}
	return b
}

func pair(name, value []byte) []byte { return wrap(tagSequence, wrap(tagOID, name), value) }

// pdu2 is a trap or inform of version 2.
func pdu2(tag byte, id int64, trap []byte, more ...[]byte) []byte {
	list := append([][]byte{
		pair(oid(1, 3, 6, 1, 2, 1, 1, 3, 0), number(tagTicks, id)),
		pair(oid(1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0), wrap(tagOID, trap)),
	}, more...)
	return wrap(tag, number(tagInteger, id), number(tagInteger, 0), number(tagInteger, 0), wrap(tagSequence, list...))
}

func v2c(community string, pdu []byte) []byte {
	return wrap(tagSequence, number(tagInteger, 1), wrap(tagOctets, []byte(community)), pdu)
}

func v1(generic, specific int64) []byte {
	pdu := wrap(tagTrap1, wrap(tagOID, oid(1, 3, 6, 1, 4, 1, 8072, 3, 2, 10)), wrap(tagAddress, []byte{10, 1, 2, 3}),
		number(tagInteger, generic), number(tagInteger, specific), number(tagTicks, 1), wrap(tagSequence))
	return wrap(tagSequence, number(tagInteger, 0), wrap(tagOctets, []byte("public")), pdu)
}

// sender is a device with an engine, of whose messages message makes bytes.
type sender struct {
	*Listener
	user User
	id   int64
}

func newSender(t testing.TB, u User, engine string, boots int64) *sender {
	t.Helper()
	return &sender{New(Options{Log: slog.New(slog.DiscardHandler), Now: time.Now, Engine: Engine{[]byte(engine), boots}}), u, 0}
}

// say makes a trap of version 3 under the sender's own engine.
func (s *sender) say(t testing.TB, seconds int64, pdu []byte) []byte {
	t.Helper()
	k, err := newKeys(s.user)
	if err != nil {
		t.Fatal(err)
	}
	flags := byte(0)
	if k.auth != nil {
		flags |= flagAuth
	}
	if k.priv != nil {
		flags |= flagPriv
	}
	s.id++
	s.started = s.o.Now().Add(-time.Duration(seconds) * time.Second)
	return s.message(&v3{id: s.id, user: s.user.Name}, k, flags, pdu)
}

// listener is one that writes down what it heard.
func listener(t testing.TB, change ...func(*Options)) (*Listener, *[]Notice) {
	t.Helper()
	var heard []Notice
	o := Options{Allowed: func(a netip.Addr) bool { return a == device || a == twin }, Heard: func(n Notice) { heard = append(heard, n) },
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
		v2c("public", pdu2(tagTrap2, 1, linkUp, pair(oid(1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1, 7), wrap(tagOctets, []byte("Gi1/0/7\x00"))))),
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

func TestKeysAreThoseOfTheStandard(t *testing.T) {
	engine := append(make([]byte, 11), 2)
	// RFC 3414 §A.3.1 and §A.3.2.
	for name, want := range map[string]string{
		"MD5": "526f5eed9fcce26f8964c2930787d82b",
		"SHA": "6695febc9288e36282235fc7151f128497b38f3f",
	} {
		d, _ := digesterOf(name)
		if got := hex.EncodeToString(localize(d, stretch(d, "maplesyrup"), engine)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestEachDigestAndCipherIsHeard(t *testing.T) {
	for _, auth := range []string{"MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512"} {
		for _, priv := range []string{"", "DES", "AES", "AES192", "AES256", "AES192C", "AES256C"} {
			u := User{"operator", auth, "authpass1", priv, "privpass1"}
			l, heard := listener(t, func(o *Options) { o.Users = func() []User { return []User{u} } })
			l.take(newSender(t, u, "\x80\x00\x1f\x88\x04switch", 3).say(t, 1000, pdu2(tagTrap2, 1, linkUp)), device)
			if len(*heard) != 1 || !(*heard)[0].Authentic || (*heard)[0].OID != "1.3.6.1.6.3.1.1.5.4" {
				t.Errorf("%s with %s: %+v, %+v", auth, priv, *heard, l.Stats())
			}
		}
	}
}

func TestWhoHasNoKeyIsRefused(t *testing.T) {
	good := User{"operator", "SHA256", "authpass1", "AES", "privpass1"}
	say := func(u User) []byte {
		return newSender(t, u, "\x80\x00\x1f\x88\x04switch", 3).say(t, 1000, pdu2(tagTrap2, 1, linkUp))
	}
	changed := say(good)
	changed[len(changed)-1] ^= 1
	for name, b := range map[string][]byte{
		"wrong password":       say(User{"operator", "SHA256", "authpass2", "AES", "privpass1"}),
		"unknown user":         say(User{"nobody", "SHA256", "authpass1", "AES", "privpass1"}),
		"no encryption":        say(User{"operator", "SHA256", "authpass1", "", ""}),
		"no digest":            say(User{"operator", "", "", "", ""}),
		"another digest":       say(User{"operator", "SHA", "authpass1", "AES", "privpass1"}),
		"a changed last byte":  changed,
		"a wrong cipher's key": say(User{"operator", "SHA256", "authpass1", "AES", "privpass2"}),
	} {
		l, heard := listener(t, func(o *Options) { o.Users = func() []User { return []User{good} } })
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
		u := User{"operator", "SHA256", "authpass1", "AES", "privpass1"}
		l, heard := listener(t, func(o *Options) { o.Users = func() []User { return []User{u} } })
		s := newSender(t, u, "\x80\x00\x1f\x88\x04switch", 3)
		first := s.say(t, 1000, pdu2(tagTrap2, 1, linkUp))
		later := s.say(t, 1001, pdu2(tagTrap2, 2, linkUp))
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
		l.take(s.say(t, 900, pdu2(tagTrap2, 3, linkUp)), device) // a clock that went back without a start
		if len(*heard) != 2 || l.Stats().Stale != 3 {
			t.Errorf("an engine's clock may not go back: %+v", l.Stats())
		}
		again := newSender(t, u, "\x80\x00\x1f\x88\x04switch", 4) // started anew
		l.take(again.say(t, 2, pdu2(tagTrap2, 4, linkUp)), device)
		if len(*heard) != 3 || !(*heard)[2].Authentic {
			t.Errorf("a restarted engine is not heard: %+v", l.Stats())
		}
		l.take(s.say(t, 5000, pdu2(tagTrap2, 5, linkUp)), device) // the run before
		if len(*heard) != 3 {
			t.Error("a trap of the engine's former run was heard")
		}
	})
}

func TestATwinOfAnEngineIsHeardButNotBelieved(t *testing.T) {
	u := User{"operator", "SHA256", "authpass1", "AES", "privpass1"}
	l, heard := listener(t, func(o *Options) { o.Users = func() []User { return []User{u} } })
	l.take(newSender(t, u, "\x80\x00\x1f\x88\x04clone", 9).say(t, 5000, pdu2(tagTrap2, 1, linkUp)), device)
	l.take(newSender(t, u, "\x80\x00\x1f\x88\x04clone", 2).say(t, 10, pdu2(tagTrap2, 2, linkUp)), twin)
	l.take(newSender(t, u, "\x80\x00\x1f\x88\x04clone", 9).say(t, 5001, pdu2(tagTrap2, 3, linkUp)), device)
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
			l.take(v2c("public", pdu2(tagTrap2, i, linkUp)), netip.MustParseAddr("198.51.100.1"))
			l.take(v2c("public", pdu2(tagTrap2, i, linkUp)), device)
		}
		if s := l.Stats(); s.Strangers != 1000 || s.Heard != 50 || s.Limited != 950 || len(*heard) != 50 {
			t.Errorf("%+v", s)
		}
		for i := range int64(1000) {
			l.take(v2c("public", pdu2(tagTrap2, i, linkUp)), twin)
		}
		if s := l.Stats(); s.Heard != 80 {
			t.Errorf("all together: %+v", s)
		}
		time.Sleep(2 * time.Second)
		l.take(v2c("public", pdu2(tagTrap2, 5000, linkUp)), device)
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
	l.take(v2c("public", pdu2(tagTrap2, 1, linkUp)), device)
	l.take(v2c("traps", pdu2(tagTrap2, 2, linkUp)), device)
	if len(*heard) != 1 || l.Stats().Refused != 1 {
		t.Errorf("heard %v, %+v", *heard, l.Stats())
	}
}

func TestInformsAreAnsweredEachTimeAndHeardOnce(t *testing.T) {
	l, heard := listener(t)
	inform := v2c("public", pdu2(tagInform, 77, linkUp))
	want := v2c("public", pdu2(tagResponse, 77, linkUp))
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
	u := User{"operator", "SHA256", "authpass1", "AES256", "privpass1"}
	l, heard := listener(t, func(o *Options) { o.Users = func() []User { return []User{u} } })
	k, err := newKeys(u)
	if err != nil {
		t.Fatal(err)
	}
	// A discovery: no engine, no user, reportable.
	s := newSender(t, User{}, "", 0)
	probe := s.message(&v3{id: 1}, nil, flagReportable, wrap(tagGet, number(tagInteger, 1), number(tagInteger, 0), number(tagInteger, 0), wrap(tagSequence)))
	answer, err := parse(l.take(probe, device))
	if err != nil {
		t.Fatal(err)
	}
	if string(answer.v3.engine) != string(l.o.Engine.ID) || answer.v3.boots != 4 || answer.v3.flags != 0 {
		t.Fatalf("introduced as %+v", answer.v3)
	}
	inform := func(boots, seconds int64) []byte {
		s := newSender(t, u, string(answer.v3.engine), boots)
		s.started = time.Now().Add(-time.Duration(seconds) * time.Second)
		return s.message(&v3{id: 2, user: u.Name}, k, flagReportable|flagAuth|flagPriv, pdu2(tagInform, 5, linkUp))
	}
	late, err := parse(l.take(inform(4, 500), device))
	if err != nil {
		t.Fatal(err)
	}
	if late.v3.flags != flagAuth || len(*heard) != 0 || l.Stats().Stale != 1 {
		t.Fatalf("an inform of another time: %+v, %+v", late.v3, l.Stats())
	}
	raw := l.take(inform(4, 0), device)
	done, err := parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.check(raw, &done.v3); err != nil {
		t.Error(err)
	}
	plain, err := k.unseal(&done.v3)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(plain, pdu2(tagResponse, 5, linkUp)) {
		t.Errorf("answer is %x", plain)
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
		many[i] = pair(oid(1, 3, uint64(i)), wrap(tagNull))
	}
	for name, b := range map[string][]byte{
		"nothing":              {},
		"a length of 4 GB":     {tagSequence, 0x84, 0xff, 0xff, 0xff, 0xff, 0},
		"no definite length":   {tagSequence, 0x80, 0, 0},
		"nesting":              deep,
		"too long":             v2c(strings.Repeat("x", maxMessage), nil),
		"bytes after the end":  append(v2c("public", pdu2(tagTrap2, 1, linkUp)), 0),
		"too many variables":   v2c("public", pdu2(tagTrap2, 1, linkUp, many...)),
		"a name without end":   v2c("public", pdu2(tagTrap2, 1, []byte{0x2b, 0x86})),
		"a part above 32 bits": v2c("public", pdu2(tagTrap2, 1, []byte{0x2b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})),
		"a question":           v2c("public", wrap(tagGet, number(tagInteger, 1), number(tagInteger, 0), number(tagInteger, 0), wrap(tagSequence))),
		"a trap of 1 in 2c":    wrap(tagSequence, number(tagInteger, 1), inner(v1(3, 0))[3:]),
		"version 7":            wrap(tagSequence, number(tagInteger, 7)),
	} {
		l, heard := listener(t)
		if a := l.take(b, device); a != nil || len(*heard) != 0 || l.Stats().Malformed != 1 {
			t.Errorf("%s: answer %x, heard %v, %+v", name, a, *heard, l.Stats())
		}
	}
}

func FuzzTake(f *testing.F) {
	u := User{"operator", "SHA256", "authpass1", "AES", "privpass1"}
	f.Add(v1(6, 7))
	f.Add(v2c("public", pdu2(tagInform, 1, linkUp)))
	f.Add(newSender(f, u, "\x80\x00\x1f\x88\x04switch", 3).say(f, 1000, pdu2(tagTrap2, 1, linkUp)))
	f.Add(newSender(f, User{Name: "open"}, "\x80\x00\x1f\x88\x04switch", 3).say(f, 1000, pdu2(tagTrap2, 1, linkUp)))
	l, heard := listener(f, func(o *Options) {
		o.Users = func() []User { return []User{u, {Name: "open"}} }
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
	u := User{"operator", "SHA256", "authpass1", "AES", "privpass1"}
	for name, packet := range map[string][]byte{
		"2c": v2c("public", pdu2(tagTrap2, 1, linkUp)),
		"3":  newSender(b, u, "\x80\x00\x1f\x88\x04switch", 3).say(b, 1000, pdu2(tagTrap2, 1, linkUp)),
	} {
		b.Run(name, func(b *testing.B) {
			l, _ := listener(b, func(o *Options) {
				o.Users = func() []User { return []User{u} }
				o.Rate, o.Burst, o.AllRate, o.AllBurst = 1e9, 1e9, 1e9, 1e9
			})
			for b.Loop() {
				l.take(packet, device)
			}
		})
	}
}
