package certificate

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"strings"
	"testing"
	"time"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
)

func property(id uint32, data []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, id)
	b = binary.LittleEndian.AppendUint32(b, 1)
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(data))), data...)
}

// issued is a certificate that an authority of Windows made from a template.
func issued(t testing.TB, oid []int, value []byte) []byte {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(0x1f), Subject: pkix.Name{CommonName: "fin-pc-0042.office.example"}, DNSNames: []string{"fin-pc-0042.office.example"},
		NotBefore: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC),
		ExtraExtensions: []pkix.Extension{{Id: oid, Value: value}}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func exported(b []byte) string {
	return "hex:" + strings.TrimSuffix(strings.ReplaceAll(fmt.Sprintf("% x", b), " ", ","), ",")
}

func TestWindows(t *testing.T) {
	mine := issued(t, []int{1, 3, 6, 1, 4, 1, 311, 20, 2}, []byte{0x1e, 14, 0, 'M', 0, 'a', 0, 'c', 0, 'h', 0, 'i', 0, 'n', 0, 'e'})
	newer := issued(t, []int{1, 3, 6, 1, 4, 1, 311, 21, 7}, []byte{0x30, 10, 0x06, 5, 0x2b, 0x06, 1, 4, 1, 2, 1, 100})
	h := recorded.Unpack(t, []byte(fmt.Sprintf(`-- reg --
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\SystemCertificates\MY\Certificates\0011]
"Blob"=%s
[HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\SystemCertificates\Root\Certificates\0022]
"Blob"=%s
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\SystemCertificates\ROOT\Certificates\0033]
"Blob"=hex:01,02
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\EnterpriseCertificates\Root\Certificates]
; denied
`, exported(append(property(2, []byte("where the key is")), append(property(3, make([]byte, 20)), property(32, mine)...)...)), exported(property(32, newer)))))
	rows, asked, faults, err := fromRegistry(t.Context(), h)
	if err != nil || len(rows) != 2 || len(faults) != 2 {
		t.Fatalf("%+v %v %v", rows, faults, err)
	}
	r, err := gather.Rows(rows, asked...)
	if err != nil {
		t.Fatal(err)
	}
	recorded.Check(t, "certificate", r)
	a, b := rows[0], rows[1]
	if a.Store != "LocalMachine/My" || !*a.PrivateKey || a.Template != "Machine" || a.CommonName != "fin-pc-0042.office.example" || a.Serial != "1f" || a.Usages[0] != "client_auth" {
		t.Errorf("%+v", a)
	}
	if b.Store != "GroupPolicy/Root" || *b.PrivateKey || b.Template != "1.3.6.1.4.1" {
		t.Errorf("%+v", b)
	}
	if _, _, _, err := fromRegistry(context.Background(), &host.Host{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	// A store that the agent may not read is told of.
	if !strings.Contains(faults[1], fs.ErrPermission.Error()) {
		t.Error(faults)
	}
}

func FuzzBlob(f *testing.F) {
	f.Add(append(property(2, []byte("x")), property(32, made(f))...))
	f.Add([]byte{32, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		der, _ := parseBlob(b)
		if len(der) > len(b) {
			t.Error("more than there was")
		}
		if c, err := x509.ParseCertificate(der); err == nil {
			template(c)
		}
	})
}
