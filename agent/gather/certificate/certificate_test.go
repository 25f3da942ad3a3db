package certificate

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// made is a certificate made for the test, with a key nobody keeps.
func made(t testing.TB) []byte {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(0xabc), Subject: pkix.Name{CommonName: "www.agency.example"},
		NotBefore: time.Unix(1.7e9, 0), NotAfter: time.Unix(1.8e9, 0), DNSNames: []string{"www.agency.example"}, IPAddresses: []net.IP{net.IPv4(10, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(nil, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestParse(t *testing.T) {
	der := made(t)
	cert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	secret := "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"
	list, key, strange := parse(strings.NewReader("text\n" + cert + secret + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + cert))
	if len(list) != 2 || !key || strange != 1 {
		t.Errorf("%d certificates, key %v, %d strange", len(list), key, strange)
	}
	list, key, strange = parse(bytes.NewReader(der))
	if len(list) != 1 || key || strange != 0 {
		t.Fatalf("bare: %d certificates, key %v, %d strange", len(list), key, strange)
	}
	r := row("/x", list[0], false)
	if r.Serial != "abc" || r.KeyKind != "ed25519" || !*r.SelfSigned || fmt.Sprint(r.Names) != "[www.agency.example 10.0.0.1]" || fmt.Sprint(r.Usages) != "[server_auth]" {
		t.Errorf("%+v", r)
	}
}

func TestParseSettings(t *testing.T) {
	for _, c := range []struct{ text, cert, key, want string }{
		{"  ssl_certificate /etc/a.pem;\n  ssl_certificate_key \"/etc/a.key\";\n# ssl_certificate /no;\nssl_certificate $var;", "ssl_certificate", "ssl_certificate_key", "[{/etc/a.pem /etc/a.key}]"},
		{"SSLCertificateKeyFile k.pem\nSSLCertificateFile c.pem\n", "SSLCertificateFile", "SSLCertificateKeyFile", "[{/b/c.pem /b/k.pem}]"},
		{"ssl_cert = </etc/d.crt\nssl_key=</etc/d.key", "ssl_cert", "ssl_key", "[{/etc/d.crt /etc/d.key}]"},
		{"client-cert=file:///home/x/y.pem\npsk=secret\nclient-cert=pkcs11:token", "client-cert", "private-key", "[{/home/x/y.pem }]"},
	} {
		if got := fmt.Sprint(parseSettings(strings.NewReader(c.text), c.cert, c.key, "/b")); got != c.want {
			t.Errorf("%q: %s, want %s", c.text, got, c.want)
		}
	}
}

func FuzzCertificates(f *testing.F) {
	f.Add(made(f))
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made(f)}))
	f.Add([]byte("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, _, _ := parse(bytes.NewReader(b))
		for _, c := range list {
			if r := row("x", c, false); len(r.Fingerprint) != 64 || len(r.Names) > maxNames {
				t.Errorf("%+v", r)
			}
		}
	})
}

func FuzzSettings(f *testing.F) {
	f.Add("ssl_certificate /a;\nssl_certificate_key b;")
	f.Fuzz(func(t *testing.T, text string) {
		for _, u := range parseSettings(strings.NewReader(text), "ssl_certificate", "ssl_certificate_key", "/b") {
			if !strings.HasPrefix(u.Cert, "/") || u.Key != "" && !strings.HasPrefix(u.Key, "/") {
				t.Errorf("%+v", u)
			}
		}
	})
}
