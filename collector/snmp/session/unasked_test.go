package session

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"muster/collector/snmp/snmptest/message"
)

// inform is one to our engine by the other codec.
func inform(t testing.TB, c *Credential, vs ...message.Variable) []byte {
	t.Helper()
	return signedBy(t, c, func(m *message.Message) { m.PDU.Type, m.PDU.Variables = message.InformRequest, vs })
}

// Before the digest is right nothing is kept about an engine: anybody can name
// one after another.
func TestUnprovenEngines(t *testing.T) {
	c := testCredential("SHA", "AES256C")
	b := inform(t, c)
	b[len(b)-1] ^= 1
	var p Passwords
	u, err := HearUnasked(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Open(&p, c); !errors.Is(err, ErrDigest) {
		t.Fatal(err)
	}
	if n := len(p.of(c).engines); n != 0 {
		t.Errorf("keys at %d engines are kept", n)
	}
	b[len(b)-1] ^= 1
	kept := bytes.Clone(b)
	if err := u.Open(&p, testCredential("SHA", "")); !errors.Is(err, ErrLevel) {
		t.Error(err)
	}
	if err := u.Open(&p, testCredential("MD5", "AES")); !errors.Is(err, ErrDigest) {
		t.Error(err)
	}
	if err := u.Open(&p, c); err != nil || u.Kind != Inform {
		t.Error(err)
	}
	if n := len(p.of(c).engines); n != 1 || !bytes.Equal(b, kept) {
		t.Errorf("keys at %d engines are kept; the packet as it came: %v", n, bytes.Equal(b, kept))
	}
}

// An inform is answered with the variables that came, protected as it was; what
// could not be read goes back as Null.
func TestAnswers(t *testing.T) {
	var p Passwords
	var theirs message.Passwords
	vs := []message.Variable{
		variable(t, "1.3.6.1.2.1.1.3.0", message.TimeTicks, "\x00\xff\xff\xff\xff"),
		variable(t, "1.3.6.1.2.1.1.3.1", message.Integer, "\x80\x00\x00\x00"),
		variable(t, "1.3.6.1.2.1.1.3.2", message.Counter64, "\x01\x02\x03\x04\x05"),
		variable(t, "1.3.6.1.2.1.1.3.3", message.IPAddress, "\x0a\x01\x02\x03"),
		variable(t, "1.3.6.1.2.1.1.3.4", message.ObjectIdentifier, "\x2b\x06"),
		variable(t, "1.3.6.1.2.1.1.3.5", message.Opaque, "\x9f\x78\x04\x3f\xc0\x00\x00"),
		variable(t, "1.3.6.1.2.1.1.3.6", message.OctetString, "\x00\xff"),
		variable(t, "1.3.6.1.2.1.1.3.7", message.Null, ""),
	}
	broken := []message.Variable{
		variable(t, "1.3.6.1.2.1.1.4.0", message.Integer, ""),
		variable(t, "1.3.6.1.2.1.1.4.1", message.Integer, "\x01\x00\x00\x00\x00"),
		variable(t, "1.3.6.1.2.1.1.4.2", message.IPAddress, ""),
		variable(t, "1.3.6.1.2.1.1.4.3", message.IPAddress, "0123456789abcdef"),
		variable(t, "1.3.6.1.2.1.1.4.4", 0x55, "1"),
	}
	for _, c := range []*Credential{testCredential("", ""), testCredential("SHA512", ""), testCredential("SHA256", "AES192C"), testCredential("MD5", "DES")} {
		u, err := HearUnasked(inform(t, c, append(vs, broken...)...))
		if err != nil {
			t.Fatal(err)
		}
		if err := u.Open(&p, c); err != nil {
			t.Fatal(err)
		}
		if _, err := u.Answer(Clock{Engine: []byte("another"), Boots: 1}); err == nil {
			t.Error("it is answered by another engine")
		}
		b, err := u.Answer(Clock{Engine: []byte(testEngine), Boots: 8, Time: 1 << 30})
		if err != nil {
			t.Fatal(err)
		}
		k, err := theirs.Local(testUser(c), []byte(testEngine))
		if err != nil {
			t.Fatal(err)
		}
		var m message.Message
		if err := errors.Join(m.Parse(b), m.Open(k)); err != nil {
			t.Fatal(err)
		}
		s := m.Secure
		if m.PDU.Type != message.Response || m.PDU.ID != 7 || s.ID != 7 || s.Flags != testUser(c).Flags() || s.Boots != 8 || s.Time != 1<<30 || s.MaxSize != MaxUnasked ||
			string(s.ContextEngine) != testEngine || len(m.PDU.Variables) != len(vs)+len(broken) {
			t.Fatalf("%+v", m)
		}
		for i, v := range m.PDU.Variables {
			w := message.Variable{Tag: message.Null}
			if i < len(vs) {
				w = vs[i]
			}
			if v.Tag != w.Tag || !bytes.Equal(v.Value, w.Value) {
				t.Errorf("%v: %#02x %x, want %#02x %x", v.Name, v.Tag, v.Value, w.Tag, w.Value)
			}
		}
	}
}

// gosnmp cuts the length of a long community off, so there is no answer.
func TestLongCommunity(t *testing.T) {
	m := message.Message{Version: message.V2c, Community: bytes.Repeat([]byte("c"), maxCommunity+1), PDU: message.PDU{Type: message.InformRequest, ID: 7}}
	b, err := m.Append(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := HearUnasked(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Open(nil, nil); err != nil || u.Kind != Inform || len(u.Community) != maxCommunity+1 {
		t.Fatal(err)
	}
	if b, err := u.Answer(Clock{}); err == nil {
		t.Errorf("%x", b)
	}
	if _, err := Open(Options{Credential: Credential{Version: "2c", Community: Secret(m.Community)}}); err == nil {
		t.Error("a session is opened with it")
	}
	s, err := Open(Options{Address: netip.MustParseAddrPort("127.0.0.1:9"), Credential: Credential{Version: "2c", Community: Secret(m.Community[1:])}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.In("7").Get(t.Context(), "1.3.6"); err == nil || !strings.Contains(err.Error(), "at most 127") || s.Stats().Requests != 0 {
		t.Errorf("%v, %+v", err, s.Stats())
	}
}
