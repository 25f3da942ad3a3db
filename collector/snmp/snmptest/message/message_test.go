package message

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func oid(t testing.TB, s string) OID {
	t.Helper()
	o, err := ParseOID(s)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOID(t *testing.T) {
	for text, bytes := range map[string]string{
		"1.3":                        "2b",
		"1.3.6.1.2.1.1.1.0":          "2b06010201010100",
		"0.0":                        "00",
		"1.0.8802.1.1.2":             "28c462010102",
		"2.999.3":                    "883703", // X.690 §8.19.5
		"1.3.6.1.4.1.311.4294967295": "2b060104018237" + "8fffffff7f",
		"2.4294967295":               "908080804f",
		"1.3.127.128.16383.16384":    "2b7f8100ff7f818000",
	} {
		o := oid(t, text)
		if got := hex.EncodeToString(o); got != bytes {
			t.Errorf("%s is %s, want %s", text, got, bytes)
		}
		if err := o.Check(); err != nil || o.String() != text {
			t.Errorf("%s comes back as %s, %v", text, o, err)
		}
	}
	for _, bad := range []string{"", "80", "2b80", "2b8001", "2bff", "2b908080807f7f7f7f7f"[:4] + "9fffffffff7f", strings.Repeat("01", 129)} {
		b, err := hex.DecodeString(bad)
		if err != nil {
			t.Fatal(err)
		}
		if err := OID(b).Check(); !errors.Is(err, ErrForm) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// Names are ordered by the value of their parts, however many bytes those take.
func TestCompare(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	part := func() uint32 {
		return []uint32{0, 1, 2, 127, 128, 129, 16383, 16384, 1 << 21, 1<<32 - 1, random.Uint32()}[random.IntN(11)]
	}
	for range 20_000 {
		var a, b []uint32
		for range random.IntN(6) {
			x := part()
			a, b = append(a, x), append(b, x)
		}
		for range random.IntN(3) {
			a = append(a, part())
		}
		for range random.IntN(3) {
			b = append(b, part())
		}
		name := func(parts []uint32) (o OID) {
			o = OID{0x2b}
			for _, p := range parts {
				o = appendSubID(o, uint64(p))
			}
			return o
		}
		if got, want := name(a).Compare(name(b)), slices.Compare(a, b); got != want {
			t.Fatalf("%v and %v: %d, want %d", name(a), name(b), got, want)
		}
		if below := len(a) >= len(b) && slices.Equal(a[:len(b)], b); below != bytes.HasPrefix(name(a), name(b)) {
			t.Fatalf("%v below %v: %v", name(a), name(b), !below)
		}
	}
}

// RFC 3414 §A.3: the keys of maplesyrup.
func TestKeysOfRFC(t *testing.T) {
	engine, _ := hex.DecodeString("000000000000000000000002")
	for name, want := range map[string][2]string{
		"MD5": {"9faf3283884e92834ebc9847d8edd963", "526f5eed9fcce26f8964c2930787d82b"},
		"SHA": {"9fb5cc0381497b3793528939ff788d5d79145211", "6695febc9288e36282235fc7151f128497b38f3f"},
	} {
		d := digestOf(name)
		var p Passwords
		ku := p.stretch(d, []byte("maplesyrup"))
		if got := hex.EncodeToString(ku); got != want[0] {
			t.Errorf("%s: key %s, want %s", name, got, want[0])
		}
		if got := hex.EncodeToString(localize(d, ku, engine)); got != want[1] {
			t.Errorf("%s: localized key %s, want %s", name, got, want[1])
		}
	}
}

// A packet written by hand, byte for byte.
func TestBytes(t *testing.T) {
	m := Message{Version: V2c, Community: []byte("public"), PDU: PDU{Type: GetBulkRequest, ID: 0x01020304, Index: 10,
		Variables: []Variable{{Name: oid(t, "1.3.6.1.2.1.2.2.1.10"), Tag: Null}}}}
	b, err := m.Append([]byte("before"), nil)
	if err != nil {
		t.Fatal(err)
	}
	const want = "302a" + "020101" + "04067075626c6963" + "a51d" + "020401020304" + "020100" + "02010a" + "300f" + "300d" + "06092b060102010202010a" + "0500"
	if got := hex.EncodeToString(b); got != hex.EncodeToString([]byte("before"))+want {
		t.Errorf("got  %s\nwant %s", got[12:], want)
	}
}

func all(t testing.TB) []Message {
	t.Helper()
	values := []Variable{
		{oid(t, "1.3.6.1.2.1.1.1.0"), OctetString, []byte("text")},
		{oid(t, "1.3.6.1.2.1.1.2.0"), ObjectIdentifier, oid(t, "1.3.6.1.4.1.9")},
		{oid(t, "1.3.6.1.2.1.1.3.0"), TimeTicks, []byte{0, 0xff, 0xff, 0xff, 0xff}},
		{oid(t, "1.3.6.1.2.1.2.2.1.1.4294967295"), Integer, []byte{0xff}},
		{oid(t, "1.3.6.1.2.1.4.20.1.1.10.0.0.1"), IPAddress, []byte{10, 0, 0, 1}},
		{oid(t, "1.3.6.1.2.1.99"), NoSuchObject, []byte{}},
		{oid(t, "1.3.6.1.2.1.98"), OctetString, bytes.Repeat([]byte("x"), 300)},
	}
	return []Message{
		{Version: V1, Community: []byte("public"), PDU: PDU{Type: GetNextRequest, ID: -1, Variables: values}},
		{Version: V2c, Community: nil, PDU: PDU{Type: Response, ID: 1<<31 - 1, Status: 5, Index: 3, Variables: values}},
		{Version: V2c, Community: bytes.Repeat([]byte("c"), 200), PDU: PDU{Type: InformRequest, ID: 128, Variables: nil}},
	}
}

func plain(m *Message) Message {
	out := *m
	out.buf = nil
	out.Secure = Secure{}
	if len(out.Community) == 0 {
		out.Community = nil
	}
	if len(out.PDU.Variables) == 0 {
		out.PDU.Variables = nil
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	for _, m := range all(t) {
		b, err := m.Append(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got Message
		if err := got.Parse(append(b, 0, 0)); err != nil { // padding does no harm
			t.Fatal(err)
		}
		if g, w := plain(&got), plain(&m); !reflect.DeepEqual(g, w) {
			t.Errorf("got  %+v\nwant %+v", g, w)
		}
		for n := range b {
			if err := got.Parse(b[:n]); !errors.Is(err, ErrForm) {
				t.Fatalf("%d bytes of %d: %v", n, len(b), err)
			}
		}
	}
}

func TestSecureRoundTrip(t *testing.T) {
	engine := []byte{0x80, 0, 0, 0, 5, 1, 2, 3}
	var p Passwords
	for _, auth := range append([]string{""}, AuthProtocols()...) {
		for _, priv := range append([]string{""}, PrivProtocols()...) {
			u := User{Name: "u", Auth: auth, Priv: priv, AuthPass: "12345678", PrivPass: "87654321"}
			if auth == "" && priv != "" {
				continue
			}
			ours, err := p.Local(u, engine)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := p.Local(u, engine)
			if err != nil {
				t.Fatal(err)
			}
			u.AuthPass, u.PrivPass = "another one", "87654321"
			strange, err := p.Local(u, engine)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range all(t)[1:] {
				m.Version = V3
				m.Secure = Secure{ID: 7, Flags: u.Flags(), Engine: engine, Boots: 3, Time: 1 << 30, User: []byte("u"), ContextEngine: engine, Context: []byte("vlan-1")}
				b, err := m.Append(nil, ours)
				if err != nil {
					t.Fatal(err)
				}
				if priv != "" && bytes.Contains(b, []byte("text")) {
					t.Errorf("%s %s: not encrypted", auth, priv)
				}
				kept := bytes.Clone(b)
				var got Message
				if err := got.Parse(b); err != nil {
					t.Fatal(err)
				}
				if err := got.Open(theirs); err != nil {
					t.Fatalf("%s %s: %v", auth, priv, err)
				}
				if !bytes.Equal(b, kept) {
					t.Errorf("%s %s: reading changed the packet", auth, priv)
				}
				if g, w := plain(&got), plain(&m); !reflect.DeepEqual(g.PDU, w.PDU) || string(got.Secure.Context) != "vlan-1" || got.Secure.Time != 1<<30 || got.Secure.Boots != 3 {
					t.Errorf("%s %s: got %+v\nwant %+v", auth, priv, g, w)
				}
				if auth == "" {
					continue
				}
				if err := errors.Join(got.Parse(b), got.Open(strange)); !errors.Is(err, ErrDigest) {
					t.Errorf("%s %s: another password: %v", auth, priv, err)
				}
				if err := errors.Join(got.Parse(b), got.Open(nil)); !errors.Is(err, ErrDigest) {
					t.Errorf("%s %s: no key: %v", auth, priv, err)
				}
				for range 40 { // no bit of it may be another
					c := bytes.Clone(b)
					c[rand.IntN(len(c))] ^= 1 << rand.IntN(8)
					var g Message
					err := g.Parse(c)
					if err == nil {
						err = g.Open(theirs)
					}
					// What says that it is not signed is the caller's to refuse.
					if err == nil && g.Secure.Flags&Auth != 0 && !bytes.Equal(c, b) {
						t.Fatalf("%s %s: a changed bit is not seen", auth, priv)
					}
				}
			}
		}
	}
}

// Two messages are never encrypted under the same salt.
func TestSalts(t *testing.T) {
	for _, priv := range []string{"DES", "AES"} {
		var p Passwords
		k, err := p.Local(User{Name: "u", Auth: "SHA", Priv: priv, AuthPass: "12345678", PrivPass: "12345678"}, []byte("engine"))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for range 1000 {
			s := string(k.nextSalt(1))
			if len(s) != 8 || seen[s] {
				t.Fatalf("%s: salt %x", priv, s)
			}
			seen[s] = true
		}
	}
}

// Lengths in more bytes than they need, and request-id as an unsigned number.
func TestLongLengths(t *testing.T) {
	var m Message
	b, _ := hex.DecodeString("3084" + "0000001a" + "020101" + "0400" + "a2820011" + "020500ffffffff" + "020100" + "020100" + "30820000")
	if err := m.Parse(b); err != nil || m.PDU.ID != -1 {
		t.Errorf("%+v, %v", m.PDU, err)
	}
}

// FuzzParse: whatever comes, reading ends, stays within the packet, and what was
// read can be written and read again.
func FuzzParse(f *testing.F) {
	for _, m := range all(f) {
		b, err := m.Append(nil, nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	engine := []byte{0x80, 0, 0, 0, 5, 1}
	open := all(f)[1]
	open.Version, open.Secure = V3, Secure{ID: 1, Engine: engine, User: []byte("u"), ContextEngine: engine}
	b, err := open.Append(nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	var p Passwords
	var keys []*Keys
	for _, priv := range []string{"", "DES", "AES256C"} {
		k, err := p.Local(User{Name: "u", Auth: "SHA256", Priv: priv, AuthPass: "12345678", PrivPass: "12345678"}, engine)
		if err != nil {
			f.Fatal(err)
		}
		keys = append(keys, k)
		m := all(f)[1]
		m.Version, m.Secure = V3, Secure{ID: 1, Engine: engine, User: []byte("u"), Flags: Auth}
		if priv != "" {
			m.Secure.Flags |= Priv
		}
		b, err := m.Append(nil, k)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Message
		if m.Parse(b) != nil {
			return
		}
		if m.Version == V3 {
			for _, k := range keys {
				kept := bytes.Clone(b)
				_ = m.Open(k)
				if !bytes.Equal(b, kept) {
					t.Fatal("reading changed the packet")
				}
			}
			if m.Open(nil) != nil {
				return
			}
		}
		if len(m.PDU.Variables) > MaxVariables {
			t.Fatalf("%d variables", len(m.PDU.Variables))
		}
		for _, v := range m.PDU.Variables {
			if o, err := ParseOID(v.Name.String()); err != nil || !bytes.Equal(o, v.Name) {
				t.Fatalf("%x is %v and that %x, %v", v.Name, v.Name, o, err)
			}
		}
		out, err := m.Append(nil, nil)
		if err != nil {
			if len(b) > MaxBytes-64 {
				return // shorter lengths were longer than ours
			}
			t.Fatal(err)
		}
		var again Message
		if err := again.Parse(out); err != nil {
			t.Fatal(err)
		}
		if again.Version == V3 {
			if err := again.Open(nil); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(plain(&again).PDU, plain(&m).PDU) {
			t.Fatalf("%+v\n%+v", plain(&again).PDU, plain(&m).PDU)
		}
	})
}

// FuzzOID: what can be read as a name is written as it was.
func FuzzOID(f *testing.F) {
	f.Add("1.3.6.1.2.1.1.1.0")
	f.Add("2.999.4294967295")
	f.Fuzz(func(t *testing.T, s string) {
		o, err := ParseOID(s)
		if err != nil {
			return
		}
		if err := o.Check(); err != nil {
			t.Fatal(err)
		}
		if got := o.String(); got != strings.TrimPrefix(s, ".") {
			t.Fatalf("%q comes back as %q", s, got)
		}
	})
}
