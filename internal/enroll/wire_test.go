package enroll

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

func csr(t testing.TB) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	k, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	der, err := CSR(k)
	if err != nil {
		t.Fatal(err)
	}
	return der, k
}

func TestRequestRoundTrip(t *testing.T) {
	der, _ := csr(t)
	in := Request{Token: NewSecret(), CSR: der, Hostname: strings.Repeat("ü", 200), OS: "linux", Arch: "amd64", AgentVersion: "1.2",
		Evidence: Evidence{Items: []Item{{Kind: PCIMAC, Value: "A4-BB-6D-01-02-03"}, {Kind: SMBIOSUUID, Value: "4C4C4544-0042-3510-8052-B4C04F4E4D32"}, {Kind: BoardSerial, Value: "None"}}}}
	b, err := in.Encode()
	if err != nil {
		t.Fatal(err)
	}
	out, err := DecodeRequest(b)
	if err != nil {
		t.Fatal(err)
	}
	if !out.Token.Equal(in.Token) || out.Hostname != strings.Repeat("ü", 127) || string(out.CSR) != string(der) || out.Version != Version {
		t.Fatalf("got %+v", out)
	}
	want := []Item{{Kind: SMBIOSUUID, Value: "4c4c4544-0042-3510-8052-b4c04f4e4d32"}, {Kind: PCIMAC, Value: "a4:bb:6d:01:02:03"}}
	if !reflect.DeepEqual(out.Evidence.Items, want) {
		t.Fatalf("evidence %v", out.Evidence)
	}
	if len(b) > 700 {
		t.Errorf("a request has %d bytes", len(b))
	}
}

func TestLargestRequestFits(t *testing.T) {
	der, _ := csr(t)
	e := Evidence{}
	for i := range 40 {
		e.Items = append(e.Items, Item{Kind: BootDisk, Value: strings.Repeat(string(rune('A'+i%26)), 90) + string(rune('A'+i/26)) + "Q7"})
	}
	long := strings.Repeat("h", 300)
	b, err := Request{Token: NewSecret(), CSR: der, Hostname: long, OS: long, Arch: long, AgentVersion: long, Evidence: e}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeRequest(b); err != nil {
		t.Fatal(err)
	}
}

func TestHostileMessagesAreRefused(t *testing.T) {
	der, _ := csr(t)
	enc := func(v any) []byte {
		b, err := cbor.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"empty":         {nil, ErrMalformed},
		"json":          {[]byte(`{"1":1}`), ErrMalformed},
		"other version": {enc(map[int]any{1: 2, 3: "not even bytes"}), ErrVersion},
		"no version":    {enc(map[int]any{3: der}), ErrVersion},
		"trailing":      {append(enc(map[int]any{1: 1}), 0), ErrMalformed},
		"huge csr":      {enc(map[int]any{1: 1, 3: make([]byte, 2000)}), ErrMalformed},
		"too large":     {enc(map[int]any{1: 1, 3: make([]byte, 5000)}), ErrMalformed},
		"long name":     {enc(map[int]any{1: 1, 4: strings.Repeat("x", 256)}), ErrMalformed},
		"short token":   {enc(map[int]any{1: 1, 2: []byte("abc")}), ErrMalformed},
		"text token":    {enc(map[int]any{1: 1, 2: "0123456789abcdef"}), ErrMalformed},
		"bomb":          {[]byte{0xa1, 0x08, 0xa1, 0x01, 0x9b, 0, 0, 0, 1, 0, 0, 0, 0}, ErrMalformed},
		"deep":          {append([]byte{0xa2, 0x01, 0x01, 0x18, 99}, []byte(strings.Repeat("\x81", 500)+"\x00")...), ErrMalformed},
		"double key":    {[]byte{0xa2, 0x01, 0x01, 0x01, 0x01}, ErrMalformed},
	} {
		if _, err := DecodeRequest(c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := DecodeRequest(enc(map[int]any{1: 1, 99: "of a later version"})); err != nil {
		t.Errorf("an unknown field: %v", err)
	}
}

func TestParseCSR(t *testing.T) {
	der, k := csr(t)
	pub, err := ParseCSR(der)
	if err != nil || !pub.Equal(&k.PublicKey) {
		t.Fatalf("%v %v", pub, err)
	}
	rk, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsaCSR, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, rk)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := CSR(p384)
	if err != nil {
		t.Fatal(err)
	}
	broken := append([]byte(nil), der...)
	broken[len(broken)-3] ^= 1
	for name, c := range map[string]struct {
		der  []byte
		want error
	}{
		"rsa": {rsaCSR, ErrKey}, "p384": {curve, ErrKey}, "signature": {broken, ErrCSR}, "cut": {der[:50], ErrCSR}, "none": {nil, ErrCSR}, "large": {make([]byte, 5000), ErrCSR},
	} {
		if _, err := ParseCSR(c.der); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeyRoundTrip(t *testing.T) {
	_, k := csr(t)
	b, err := MarshalKey(k)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseKey(b)
	if err != nil || !got.Equal(k) {
		t.Fatalf("%v", err)
	}
	for _, bad := range []string{"", "x", strings.ReplaceAll(string(b), "PRIVATE KEY", "CERTIFICATE"), string(b[:60])} {
		if _, err := ParseKey([]byte(bad)); err == nil {
			t.Errorf("%.20q: taken", bad)
		}
	}
}

func TestEveryRefusalSaysWhatToDo(t *testing.T) {
	seen := map[Code]bool{}
	for _, c := range Codes() {
		r := Refuse(c)
		if seen[c] || r.Message == "" || strings.ContainsAny(r.Message, "\n") || c.Status() < 400 {
			t.Errorf("%s: %q, status %d", c, r.Message, c.Status())
		}
		seen[c] = true
		b, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeRefusal(b)
		if err != nil || back.Code != c || back.Message != r.Message {
			t.Errorf("%s: %v %v", c, back, err)
		}
	}
	if c := Code("of_tomorrow"); c.Action() != DoLater || c.Status() != http.StatusForbidden {
		t.Errorf("an unknown code: %v", c.Action())
	}
}

func FuzzDecode(f *testing.F) {
	der, _ := csr(f)
	a, err := Request{Token: NewSecret(), CSR: der, Hostname: "pc-1", Evidence: NewEvidence(Item{Kind: BootDisk, Value: "S4EWNX0R"})}.Encode()
	if err != nil {
		f.Fatal(err)
	}
	b, err := RenewRequest{CSR: der, Fork: true, Evidence: NewEvidence(Item{Kind: BootDisk, Value: "S4EWNX0R"})}.Encode()
	if err != nil {
		f.Fatal(err)
	}
	c, err := Reply{DeviceID: "d", Certificate: der, CAs: [][]byte{der}, Addresses: []string{"h:1"}}.Encode()
	if err != nil {
		f.Fatal(err)
	}
	d, err := Refuse(CodeForked).Encode()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range [][]byte{a, b, c, d, {0xa1, 0x01, 0x01}, {0x9f}, {}} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if r, err := DecodeRequest(in); err == nil {
			if e := r.Evidence.Clean(); !reflect.DeepEqual(e.Items, r.Evidence.Items) && len(e.Items)+len(r.Evidence.Items) > 0 {
				t.Fatalf("evidence is not canonical: %v, %v", r.Evidence, e)
			}
			out, err := r.Encode()
			if err != nil {
				t.Fatalf("taken but not given: %v", err)
			}
			if _, err := DecodeRequest(out); err != nil {
				t.Fatal(err)
			}
		}
		if r, err := DecodeRenewRequest(in); err == nil {
			if _, err := r.Encode(); err != nil {
				t.Fatal(err)
			}
			Compare(r.Evidence, r.Evidence)
		}
		if r, err := DecodeReply(in); err == nil {
			k, err := NewKey()
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := r.Identity(k); err == nil {
				t.Fatal("a certificate for a key that was just made")
			}
		}
		DecodeRefusal(in)
		ParseCSR(in)
	})
}

func FuzzParseKey(f *testing.F) {
	_, k := csr(f)
	b, err := MarshalKey(k)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\n\n-----END PRIVATE KEY-----"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if k, err := ParseKey(in); err == nil {
			if _, err := MarshalKey(k); err != nil {
				t.Fatal(err)
			}
		}
	})
}
