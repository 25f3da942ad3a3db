package session

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gosnmp/gosnmp"

	"muster/collector/snmp/snmptest/message"
)

// These tests hold what gosnmp is known to do badly, and what is done about it.

const testEngine = "\x80\x00\x00\x00\x05test"

func testCredential(auth, priv string) *Credential {
	return &Credential{Version: "3", User: "u", AuthProtocol: auth, AuthSecret: "12345678", PrivProtocol: priv, PrivSecret: "87654321"}
}

func testUser(c *Credential) message.User {
	return message.User{Name: c.User, Auth: c.AuthProtocol, AuthPass: string(c.AuthSecret), Priv: c.PrivProtocol, PrivPass: string(c.PrivSecret)}
}

// signedBy is an answer of version 3 by the other codec.
func signedBy(t testing.TB, c *Credential, change func(*message.Message)) []byte {
	t.Helper()
	var p message.Passwords
	m := message.Message{Version: message.V3, Secure: message.Secure{ID: 7, Flags: testUser(c).Flags(), Engine: []byte(testEngine), Boots: 3, Time: 99, User: []byte(c.User), ContextEngine: []byte(testEngine)},
		PDU: message.PDU{Type: message.Response, ID: 7}}
	m.PDU.Variables = []message.Variable{variable(t, "1.3.6.1.2.1.1.5.0", message.OctetString, "text")}
	change(&m)
	k, err := p.Local(testUser(c), m.Secure.Engine)
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Append(nil, k)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func variable(t testing.TB, name string, tag byte, value string) message.Variable {
	t.Helper()
	o, err := message.ParseOID(name)
	if err != nil {
		t.Fatal(err)
	}
	return message.Variable{Name: o, Tag: tag, Value: []byte(value)}
}

// read looks at a packet and reads it, as a session does.
func read(t testing.TB, b []byte, c *Credential) (*gosnmp.SnmpPacket, error) {
	t.Helper()
	f, err := look(bytes.Clone(b))
	if err != nil {
		return nil, err
	}
	var k *keys
	if c != nil {
		if k, err = new(Passwords).local(c, testEngine); err != nil {
			t.Fatal(err)
		}
	}
	return new(decoder).read(&f, k)
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A decoder that crashes costs one packet.
func TestCrashingDecoder(t *testing.T) {
	p, err := new(decoder).safely(func() (*gosnmp.SnmpPacket, error) {
		var nothing []byte
		return nil, errors.New(string(nothing[3:]))
	})
	if p != nil || err == nil {
		t.Errorf("%v, %v", p, err)
	}
}

// Lengths as agents write them.
func TestStrangeLengths(t *testing.T) {
	const name = "06082b06010201010500"
	for what, c := range map[string]struct{ packet, want string }{
		"RouterOS: one byte too many in the last text": {"3026" + "020101" + "04067075626c6963" + "a219" + "020101020100020100" + "300e" + "300c" + name + "0401", "1"},
		"four bytes for each, request-id unsigned": {"3084" + "00000031" + "020101" + "0400" + "a28400000026" + "020500ffffffff" + "020100" + "020100" +
			"308400000013" + "30840000000d" + name + "040178", "4294967295x"},
		"bytes behind it":                {"3021" + "020101" + "0400" + "a21a" + "020102020100020100" + "300f" + "300d" + name + "040178" + "0000", "2x"},
		"bytes behind the PDU":           {"3023" + "020101" + "0400" + "a21a" + "020103020100020100" + "300f" + "300d" + name + "040178" + "0000", "3x"},
		"bytes behind the list":          {"3023" + "020101" + "0400" + "a21c" + "020104020100020100" + "300f" + "300d" + name + "040178" + "0500", "4x"},
		"bytes behind the value":         {"3023" + "020101" + "0400" + "a21c" + "020105020100020100" + "3011" + "300f" + name + "040178" + "0500", "5"},
		"a value that is longer than it": {"3021" + "020101" + "0400" + "a21a" + "020106020100020100" + "300f" + "300d" + name + "020578", "6"},
	} {
		p, err := read(t, unhex(t, c.packet), nil)
		if err != nil || len(p.Variables) != 1 || p.Variables[0].Name != "1.3.6.1.2.1.1.5.0" {
			t.Errorf("%s: %+v, %v", what, p, err)
			continue
		}
		if got := fmt.Sprint(p.RequestID, string(valueOf(&p.Variables[0]).B)); strings.ReplaceAll(got, " ", "") != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}

// Counters without a byte, with too many, and of agents that take them for
// signed.
func TestCounters(t *testing.T) {
	for value, want := range map[string]Value{
		"":           {Kind: Null},
		"7f":         {Kind: Counter32, U: 127},
		"00ffffffff": {Kind: Counter32, U: 1<<32 - 1},
		"ffffffff":   {Kind: Counter32, U: 1<<32 - 1},
		"ff":         {Kind: Counter32, U: 1<<32 - 1},
		"fffe":       {Kind: Counter32, U: 1<<32 - 2},
		"80000000":   {Kind: Counter32, U: 1 << 31},
		"0100000000": {Kind: Null},
	} {
		for tag, kind := range map[byte]Kind{message.Counter32: Counter32, message.Gauge32: Gauge32, message.TimeTicks: TimeTicks} {
			for _, c := range []*Credential{testCredential("SHA", ""), testCredential("SHA", "AES"), testCredential("SHA", "DES")} {
				p, err := read(t, signedBy(t, c, func(m *message.Message) {
					m.PDU.Variables = append(m.PDU.Variables, variable(t, "1.3.6.1.2.1.1.6.0", tag, string(unhex(t, value))))
				}), c)
				if err != nil || len(p.Variables) != 2 {
					t.Fatal(p, err)
				}
				w := want
				if w.Kind != Null {
					w.Kind = kind
				}
				if got := valueOf(&p.Variables[1]); fmt.Sprint(got) != fmt.Sprint(w) {
					t.Errorf("%q under %#02x: %+v, want %+v", value, tag, got, w)
				}
			}
		}
	}
}

// Too much is refused before gosnmp sees it, or where it is sealed, at once
// after.
func TestTooMuch(t *testing.T) {
	c := testCredential("SHA", "AES")
	many := func(n int) func(*message.Message) {
		return func(m *message.Message) {
			m.PDU.Variables = slices.Repeat([]message.Variable{variable(t, "1.3", message.Null, "")}, n)
		}
	}
	if p, err := read(t, signedBy(t, c, many(maxVariables)), c); err != nil || len(p.Variables) != maxVariables {
		t.Error(err)
	}
	if _, err := read(t, signedBy(t, c, many(maxVariables+1)), c); !errors.Is(err, ErrDecrypt) || !errors.Is(err, ErrForm) {
		t.Error(err)
	}
	plain := signedBy(t, testCredential("", ""), many(maxVariables+1))
	if _, err := look(plain); !errors.Is(err, ErrForm) {
		t.Error(err)
	}
	if _, err := look(make([]byte, maxBytes+1)); !errors.Is(err, ErrForm) {
		t.Error(err)
	}
	long := message.OID(bytes.Repeat([]byte{1}, maxParts+1))
	if _, err := read(t, signedBy(t, c, func(m *message.Message) { m.PDU.Variables[0].Name = long }), c); !errors.Is(err, ErrDecrypt) {
		t.Errorf("a name of %d parts: %v", maxParts+2, err)
	}
}

// What is signed with no key, with that of another engine, or by another user is
// not believed. Of an engine that it has no password for, gosnmp makes the key
// of an empty one.
func TestForeignEngine(t *testing.T) {
	c := testCredential("SHA256", "")
	other := signedBy(t, c, func(m *message.Message) { m.Secure.Engine = []byte("\x80\x00\x00\x00\x05other") })
	f, err := look(bytes.Clone(other))
	if err != nil {
		t.Fatal(err)
	}
	clear(f.digest)
	mac := macOf(gosnmp.SHA256, nil)
	mac.Write(f.whole)
	copy(f.digest, mac.Sum(nil))
	changed := signedBy(t, c, func(*message.Message) {})
	changed[len(changed)-1] ^= 1
	for name, b := range map[string][]byte{
		"a changed byte": changed,
		"another engine": other,
		"an empty key":   f.whole,
		"another user":   signedBy(t, c, func(m *message.Message) { m.Secure.User = []byte("v") }),
		"a longer field": append(bytes.Clone(other), 0),
	} {
		if _, err := read(t, b, c); !errors.Is(err, ErrDigest) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := read(t, b, nil); !errors.Is(err, ErrDigest) {
			t.Errorf("%s, without a key: %v", name, err)
		}
	}
	if _, err := read(t, signedBy(t, c, func(*message.Message) {}), c); err != nil {
		t.Error(err)
	}
}

// Flags that promise more than the message keeps are no message: gosnmp goes by
// the tag.
func TestPlainUnderSealedFlags(t *testing.T) {
	c := testCredential("SHA", "AES")
	signed := signedBy(t, testCredential("SHA", ""), func(*message.Message) {})
	at := bytes.Index(signed, []byte{4, 1, 1}) + 2
	for _, flags := range []byte{3, 2} {
		b := bytes.Clone(signed)
		b[at] = flags
		f, err := look(signed)
		if err != nil {
			t.Fatal(err)
		}
		digest := b[len(f.whole)-len(f.whole[f.scoped:])-2-len(f.digest):][:len(f.digest)]
		if !bytes.Equal(digest, f.digest) {
			t.Fatal("the digest is elsewhere")
		}
		k, err := new(Passwords).local(c, testEngine)
		if err != nil {
			t.Fatal(err)
		}
		clear(digest)
		k.mac.Write(b)
		copy(digest, k.mac.Sum(nil))
		if _, err := read(t, b, c); !errors.Is(err, ErrForm) {
			t.Errorf("flags %d: %v", flags, err)
		}
	}
}

// The place of the digest is sought by gosnmp as the first zeros. Engines whose
// ids look like it are refused, and all others are talked to.
func TestBlankEngines(t *testing.T) {
	bad := []string{strings.Repeat("\x00", 12), "\x80\x00\x00\x00\x05\x04\x0c" + strings.Repeat("\x00", 12), strings.Repeat("\x00", 32), "\x04\x18" + strings.Repeat("\x00", 24)}
	for _, id := range bad {
		if GoodEngine([]byte(id)) {
			t.Errorf("%x is taken", id)
		}
	}
	if c := (Credential{User: strings.Repeat("\x00", 12)}); c.checkUser() == nil {
		t.Error("a user of zeros is taken")
	}
	random := rand.New(rand.NewPCG(3, 4))
	var pass Passwords
	var theirs message.Passwords
	taken := 0
	for range 3000 {
		id := make([]byte, 5+random.IntN(28))
		for i := range id {
			id[i] = []byte{0, 0, 0, 0, 0, 0, 0, 0, 4, 12, 16, 24}[random.IntN(12)]
		}
		if !GoodEngine(id) {
			continue
		}
		taken++
		for _, auth := range AuthProtocols() {
			c := testCredential(auth, "")
			k, err := pass.local(c, string(id))
			if err != nil {
				t.Fatal(err)
			}
			s := gosnmp.SnmpPacket{Version: gosnmp.Version3, PDUType: gosnmp.GetRequest, MsgID: 1, RequestID: 1, ContextEngineID: string(id), SecurityModel: gosnmp.UserSecurityModel,
				SecurityParameters: &k.sp, MsgFlags: gosnmp.AuthNoPriv}
			b, err := s.MarshalMsg()
			if err != nil {
				t.Fatal(err)
			}
			other, err := theirs.Local(testUser(c), id)
			if err != nil {
				t.Fatal(err)
			}
			var m message.Message
			if err := errors.Join(m.Parse(b), m.Open(other)); err != nil {
				t.Fatalf("engine %x, %s: %v", id, auth, err)
			}
		}
	}
	if taken < 500 {
		t.Errorf("only %d engines were tried", taken)
	}
}

// Two messages are never encrypted under the same salt, in one session or two:
// gosnmp's own begin at 0 each time.
func TestSalts(t *testing.T) {
	for _, priv := range []string{"DES", "AES"} {
		var p Passwords
		seen := map[string]bool{}
		for range 3 {
			k, err := p.local(testCredential("SHA", priv), testEngine)
			if err != nil {
				t.Fatal(err)
			}
			for range 300 {
				k.stamp(1, 2)
				s := string(k.sp.PrivacyParameters)
				if len(s) != 8 || seen[s] {
					t.Fatalf("%s: salt %x", priv, s)
				}
				seen[s] = true
			}
		}
	}
}

// The keys are those of the other implementation, of each pair.
func TestLocalKeys(t *testing.T) {
	var p Passwords
	for _, auth := range AuthProtocols() {
		for _, priv := range PrivProtocols() {
			c := testCredential(auth, priv)
			got, err := read(t, signedBy(t, c, func(*message.Message) {}), c)
			if err != nil || string(valueOf(&got.Variables[0]).B) != "text" {
				t.Errorf("%s %s: %v", auth, priv, err)
			}
			a, err := p.pair(c, testEngine)
			if err != nil {
				t.Fatal(err)
			}
			b, err := p.pair(c, testEngine)
			if err != nil || &a.priv[0] != &b.priv[0] {
				t.Errorf("%s %s: keys are worked out twice", auth, priv)
			}
		}
	}
}

// FuzzRead: whatever comes, reading it ends without a crash and within its
// limits; and what the other codec reads too, it reads alike.
func FuzzRead(f *testing.F) {
	c := []*Credential{testCredential("", ""), testCredential("SHA", ""), testCredential("SHA256", "AES"), testCredential("MD5", "DES")}
	var p Passwords
	var theirs message.Passwords
	var ours []*keys
	var others []*message.Keys
	for _, c := range c {
		f.Add(signedBy(f, c, func(*message.Message) {}))
		k, err := p.local(c, testEngine)
		if err != nil {
			f.Fatal(err)
		}
		o, err := theirs.Local(testUser(c), []byte(testEngine))
		if err != nil {
			f.Fatal(err)
		}
		ours, others = append(ours, k), append(others, o)
	}
	m := message.Message{Version: message.V2c, Community: []byte("public"), PDU: message.PDU{Type: message.Response, ID: 5, Variables: []message.Variable{
		variable(f, "1.3.6.1.2.1.1.1.0", message.Integer, ""), variable(f, "1.3.6.1.2.1.1.2.0", message.Counter64, "\x01"), variable(f, "1.3.6.1.2.1.1.3.0", message.IPAddress, "abc"),
		variable(f, "1.3.6.1.2.1.1.4.0", message.Opaque, "\x9f\x78\x04abcd"), variable(f, "1.3.6.1.2.1.1.4.1", message.ObjectIdentifier, "\x2b\x80"),
	}}}
	b, err := m.Append(nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		for i, k := range ours {
			frame, err := look(bytes.Clone(b))
			if err != nil {
				return
			}
			got, err := new(decoder).read(&frame, k)
			if err != nil {
				continue
			}
			if len(got.Variables) > maxVariables {
				t.Fatalf("%d variables", len(got.Variables))
			}
			var m message.Message
			err = m.Parse(b)
			if err == nil && m.Version == message.V3 {
				err = m.Open(others[i])
			}
			if err != nil || len(m.PDU.Variables) != len(got.Variables) {
				continue
			}
			for n := range got.Variables {
				v, w := valueOf(&got.Variables[n]), m.PDU.Variables[n]
				if got.Variables[n].Name != w.Name.String() {
					t.Fatalf("%s and %v", got.Variables[n].Name, w.Name)
				}
				if w.Tag == message.OctetString && !bytes.Equal(v.B, w.Value) {
					t.Fatalf("%x and %x", v.B, w.Value)
				}
			}
		}
	})
}
