package session_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"muster/collector/snmp/session"
	"muster/collector/snmp/snmptest"
	"muster/collector/snmp/snmptest/message"
)

// Another implementation reads what ours writes, and the other way round, with
// every pair of protocols: two ends of one mistake would agree.
func TestSecondOpinion(t *testing.T) {
	auths := map[string]gosnmp.SnmpV3AuthProtocol{"MD5": gosnmp.MD5, "SHA": gosnmp.SHA, "SHA224": gosnmp.SHA224, "SHA256": gosnmp.SHA256, "SHA384": gosnmp.SHA384, "SHA512": gosnmp.SHA512}
	privs := map[string]gosnmp.SnmpV3PrivProtocol{"": gosnmp.NoPriv, "DES": gosnmp.DES, "AES": gosnmp.AES, "AES192": gosnmp.AES192, "AES256": gosnmp.AES256, "AES192C": gosnmp.AES192C, "AES256C": gosnmp.AES256C}
	a := snmptest.New(t, table(3, 20))
	for _, auth := range message.AuthProtocols() {
		for _, priv := range append([]string{""}, message.PrivProtocols()...) {
			a.Users = append(a.Users, message.User{Name: auth + priv, Auth: auth, AuthPass: "authpass1", Priv: priv, PrivPass: "privpass1"})
		}
	}
	at := a.Listen(t)
	for _, u := range a.Users {
		flags := gosnmp.AuthPriv
		if u.Priv == "" {
			flags = gosnmp.AuthNoPriv
		}
		g := &gosnmp.GoSNMP{Target: at.Addr().String(), Port: at.Port(), Version: gosnmp.Version3, SecurityModel: gosnmp.UserSecurityModel, MsgFlags: flags,
			Timeout: 2 * time.Second, Retries: 2, MaxRepetitions: 10,
			SecurityParameters: &gosnmp.UsmSecurityParameters{UserName: u.Name, AuthenticationProtocol: auths[u.Auth], AuthenticationPassphrase: u.AuthPass,
				PrivacyProtocol: privs[u.Priv], PrivacyPassphrase: u.PrivPass}}
		if u.Priv == "" {
			g.SecurityParameters.(*gosnmp.UsmSecurityParameters).PrivacyPassphrase = ""
		}
		if err := g.Connect(); err != nil {
			t.Fatal(err)
		}
		got, err := g.BulkWalkAll(strings.TrimSuffix(top, "."))
		g.Conn.Close()
		if err != nil || len(got) != 60 {
			t.Errorf("%s: %d variables, %v", u.Name, len(got), err)
		}
	}
	for _, version := range []gosnmp.SnmpVersion{gosnmp.Version1, gosnmp.Version2c} {
		g := &gosnmp.GoSNMP{Target: at.Addr().String(), Port: at.Port(), Version: version, Community: "public", Timeout: 2 * time.Second, Retries: 2, MaxRepetitions: 10}
		if err := g.Connect(); err != nil {
			t.Fatal(err)
		}
		got, err := g.WalkAll(strings.TrimSuffix(top, "."))
		g.Conn.Close()
		if err != nil || len(got) != 60 {
			t.Errorf("version %v: %d variables, %v", version, len(got), err)
		}
	}
}

// Every type of value, as it should be and as some agents write it.
func TestKinds(t *testing.T) {
	base := "1.3.6.1.4.1.99999.3."
	walk := strings.NewReplacer("B.", base).Replace(`
B.1 int -2147483648
B.2 text "\xff\x00é"
B.3 hex
B.4 oid 0.0
B.5 ip 255.0.0.1
B.6 counter 4294967295
B.7 gauge 2147483648
B.8 ticks 0
B.9 counter64 18446744073709551615
B.10 opaque 0102
B.11 float 1.5
B.12 double -2.25
B.13 null
B.14 opaque 9f760a
B.15 opaque 9f78043fc0
B.16 opaque 9f76010a
B.17 opaque 9f7a01ff
`)
	want := []session.Value{
		{Kind: session.Integer, N: -1 << 31},
		{Kind: session.OctetString, B: []byte("\xff\x00é")},
		{Kind: session.OctetString, B: []byte{}},
		{Kind: session.ObjectID, S: "0.0"},
		{Kind: session.IPAddress, S: "255.0.0.1"},
		{Kind: session.Counter32, U: 1<<32 - 1},
		{Kind: session.Gauge32, U: 1 << 31},
		{Kind: session.TimeTicks},
		{Kind: session.Counter64, U: 1<<64 - 1},
		{Kind: session.Opaque, B: []byte{1, 2}},
		{Kind: session.OpaqueFloat, F: 1.5},
		{Kind: session.OpaqueDouble, F: -2.25},
		{Kind: session.Null},
		{Kind: session.Opaque, B: []byte{0x9f, 0x76, 10}},
		{Kind: session.Null}, // a float of two bytes
		{Kind: session.Counter64, U: 10},
		{Kind: session.Integer, N: -1},
	}
	a := snmptest.New(t, walk)
	for _, c := range protections(a) {
		s := open(t, a, func(o *session.Options) { o.Credential = c })
		got, err := s.Walk(t.Context(), strings.TrimSuffix(base, "."), session.Limits{})
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: %d, %v", c.User, len(got), err)
		}
		for i, w := range want {
			if g := got[i]; g.OID != fmt.Sprint(base, i+1) || !reflect.DeepEqual(g.Value, w) {
				t.Errorf("%s %s: %+v, want %+v", c.User, g.OID, g.Value, w)
			}
		}
	}
}

// protections are credentials of version 2c and of each level of 3, with both
// kinds of cipher.
func protections(a *snmptest.Agent) []session.Credential {
	a.Users = []message.User{
		{Name: "open"},
		{Name: "signed", Auth: "SHA", AuthPass: "authpass1"},
		{Name: "stream", Auth: "SHA512", AuthPass: "authpass1", Priv: "AES256", PrivPass: "privpass1"},
		{Name: "blocks", Auth: "MD5", AuthPass: "authpass1", Priv: "DES", PrivPass: "privpass1"},
	}
	out := []session.Credential{{Version: "2c", Community: "public"}}
	for _, u := range a.Users {
		out = append(out, credential(u))
	}
	return out
}

// Broken values are Null, and those beside them are read, in all versions.
func TestBrokenKinds(t *testing.T) {
	base := "1.3.6.1.4.1.99999.3."
	oid := func(s string) message.OID {
		o, err := message.ParseOID(base + s)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	null := session.Value{Kind: session.Null}
	a := snmptest.New(t, system)
	for _, c := range protections(a) {
		s := open(t, a, func(o *session.Options) { o.Credential = c })
		for _, b := range []struct {
			tag   byte
			value string
			want  session.Value
		}{
			{message.Integer, "", null},
			{message.Integer, "123456789", null},
			{message.IPAddress, "abc", null},
			{message.IPAddress, "", null},
			{message.Counter32, "\x01\x00\x00\x00\x00", null},
			{message.Counter64, "", null},
			{message.Counter64, "0123456789", null},
			{message.ObjectIdentifier, "\x2b\x80", null},
			{message.ObjectIdentifier, "", session.Value{Kind: session.ObjectID, S: "0.0"}},
			{message.Opaque, "", null},
			{message.Null, "something", null},
			{0x47, "1", null},
			{0x55, "1", null},
		} {
			a.Play(snmptest.Walk{{Name: oid("1"), Tag: message.Integer, Value: []byte{6}}, {Name: oid("2"), Tag: b.tag, Value: []byte(b.value)}, {Name: oid("3"), Tag: message.OctetString, Value: []byte("x")}})
			got, err := s.Get(t.Context(), base+"1", base+"2", base+"3")
			if err != nil || len(got) != 3 || got[0].N != 6 || !reflect.DeepEqual(got[1].Value, b.want) || string(got[2].B) != "x" {
				t.Errorf("%s, %#02x %q: %+v, %v", c.User, b.tag, b.value, got, err)
			}
		}
	}
}

// Answers stay small enough for any network, and are not much smaller.
func TestAnswerSize(t *testing.T) {
	for _, cols := range []int{1, 6, 12, 21} {
		a := snmptest.New(t, table(cols, 500))
		var most, n, sum int
		a.Set(snmptest.Faults{Tamper: func(_ int, p []byte) [][]byte {
			most, n, sum = max(most, len(p)), n+1, sum+len(p)
			return [][]byte{p}
		}})
		if _, err := open(t, a, nil).Table(t.Context(), columns(cols), session.Limits{}); err != nil {
			t.Fatal(err)
		}
		if most > 1372 || cols > 1 && sum/n < 900 {
			t.Errorf("%d columns: answers of %d bytes at most, %d on average", cols, most, sum/n)
		}
	}
}

// An answer that names request 0 is none: some agents answer so what they could
// not read.
func TestRequestZero(t *testing.T) {
	a := snmptest.New(t, system)
	a.Set(snmptest.Faults{Tamper: func(_ int, p []byte) [][]byte {
		var m message.Message
		if err := m.Parse(p); err != nil {
			t.Error(err)
		}
		m.PDU.ID = 0
		m.PDU.Variables[0].Value = []byte{66}
		b, err := m.Append(nil, nil)
		if err != nil {
			t.Error(err)
		}
		return [][]byte{b, p}
	}})
	s := open(t, a, nil)
	asks(t, s)
	if n := s.Stats(); n.Strange != 1 {
		t.Errorf("%+v", n)
	}
}
