// Package certificate reads section certificate: certificates that programs of
// the machine are set to use, those of the usual places, and authorities that
// the office added to those the system trusts.
//
// It owns where they are looked for and how one becomes a row. It must never
// keep a private key: of a file that holds one too, those lines are passed
// over as they come, and of files that hold only keys is known that they are
// there.
package certificate

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"io"
	"path"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

// Limits of one file, and of all.
const (
	maxFile    = 1 << 20  // bytes
	maxDER     = 64 << 10 // bytes of one certificate
	maxPerFile = 50
	maxRows    = 2000
	maxNames   = 100 // names one certificate holds for
)

// parse reads certificates of a file, in PEM (RFC 7468) or bare. key says that
// a private key stands among them. strange counts blocks that are none.
func parse(r io.Reader) (list []*x509.Certificate, key bool, strange int) {
	b := bufio.NewReaderSize(io.LimitReader(r, maxFile), 4<<10)
	if head, _ := b.Peek(1); len(head) == 1 && head[0] == 0x30 { // a sequence of ASN.1: bare
		der, err := io.ReadAll(io.LimitReader(b, maxDER))
		if err != nil {
			return nil, false, 1
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, false, 1
		}
		return []*x509.Certificate{c}, false, 0
	}
	var text []byte
	inside := false
	for len(list) < maxPerFile {
		line, err := b.ReadSlice('\n')
		line = bytes.TrimSpace(line)
		switch {
		case bytes.HasPrefix(line, []byte("-----BEGIN ")):
			kind := strings.TrimSuffix(strings.TrimPrefix(string(line[:min(len(line), 100)]), "-----BEGIN "), "-----")
			inside = kind == "CERTIFICATE" || kind == "X509 CERTIFICATE" || kind == "TRUSTED CERTIFICATE"
			key = key || strings.HasSuffix(kind, "PRIVATE KEY")
			text = text[:0]
		case bytes.HasPrefix(line, []byte("-----END ")):
			if inside {
				if c, ok := decode(text); ok {
					list = append(list, c)
				} else {
					strange++
				}
			}
			inside = false
		case inside:
			if len(text)+len(line) <= maxDER*4/3 {
				text = append(text, line...)
			}
		}
		if err != nil && err != bufio.ErrBufferFull {
			break
		}
	}
	return list, key, strange
}

func decode(text []byte) (*x509.Certificate, bool) {
	der := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(der, text)
	if err != nil || n > maxDER {
		return nil, false
	}
	c, err := x509.ParseCertificate(der[:n])
	return c, err == nil
}

// row is a certificate as a row of a store.
func row(store string, c *x509.Certificate, key bool) inventory.Certificate {
	sum := sha256.Sum256(c.Raw)
	own := bytes.Equal(c.RawIssuer, c.RawSubject)
	r := inventory.Certificate{Store: store, Fingerprint: hex.EncodeToString(sum[:]), Subject: c.Subject.String(), CommonName: c.Subject.CommonName,
		Issuer: c.Issuer.String(), NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(),
		Signature: c.SignatureAlgorithm.String(), Authority: &c.IsCA, SelfSigned: &own, PrivateKey: &key}
	if c.SerialNumber != nil && c.SerialNumber.Sign() >= 0 {
		r.Serial = c.SerialNumber.Text(16)
	}
	r.KeyKind, r.KeyBits = keyOf(c)
	names := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	r.Names = names[:min(len(names), maxNames)]
	r.Usages = usages(c)
	return r
}

func keyOf(c *x509.Certificate) (string, *int64) {
	bits := func(n int) *int64 { v := int64(n); return &v }
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return "rsa", bits(k.N.BitLen())
	case *ecdsa.PublicKey:
		return "ecdsa", bits(k.Curve.Params().BitSize)
	case ed25519.PublicKey:
		return "ed25519", bits(256)
	}
	return strings.ToLower(c.PublicKeyAlgorithm.String()), nil
}

func usages(c *x509.Certificate) []string {
	var l []string
	for _, u := range c.ExtKeyUsage {
		switch u {
		case x509.ExtKeyUsageServerAuth:
			l = append(l, "server_auth")
		case x509.ExtKeyUsageClientAuth:
			l = append(l, "client_auth")
		case x509.ExtKeyUsageEmailProtection:
			l = append(l, "email")
		case x509.ExtKeyUsageCodeSigning:
			l = append(l, "code_signing")
		case x509.ExtKeyUsageTimeStamping:
			l = append(l, "time_stamping")
		case x509.ExtKeyUsageOCSPSigning:
			l = append(l, "ocsp_signing")
		case x509.ExtKeyUsageAny:
			l = append(l, "any")
		}
		if len(l) == 20 {
			break
		}
	}
	if c.KeyUsage&x509.KeyUsageCertSign != 0 {
		l = append(l, "cert_sign")
	}
	return l
}

// use is a certificate that a program's settings name.
type use struct{ Cert, Key string }

// parseSettings finds the files that a program's settings name after the words
// cert and key; each key belongs to the certificate named last or next. Paths
// that are not absolute lie below base. All other lines are passed over.
func parseSettings(r io.Reader, cert, key, base string) []use {
	var list []use
	var waits string // a key that came before its certificate
	s := bufio.NewScanner(io.LimitReader(r, maxFile))
	s.Buffer(make([]byte, 0, 1024), 64<<10)
	for s.Scan() && len(list) < maxPerFile {
		word, value := setting(s.Text())
		switch word {
		case cert:
			if p := place(value, base); p != "" {
				list = append(list, use{Cert: p, Key: waits})
				waits = ""
			}
		case key:
			p := place(value, base)
			if n := len(list); n > 0 && list[n-1].Key == "" {
				list[n-1].Key = p
			} else {
				waits = p
			}
		}
	}
	return list
}

// setting splits a line as nginx (word value;), Apache (word value), Postfix
// (word = value), Dovecot (word = <value) and OpenVPN write it.
func setting(line string) (word, value string) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' || line[0] == ';' {
		return "", ""
	}
	end := strings.IndexAny(line, " \t=")
	if end < 0 {
		return "", ""
	}
	value = strings.TrimSpace(strings.TrimLeft(line[end:], " \t="))
	return line[:end], value
}

func place(value, base string) string {
	value = strings.TrimSuffix(strings.TrimSpace(strings.TrimPrefix(value, "<")), ";")
	value = strings.TrimPrefix(strings.Trim(strings.TrimSpace(value), `"'`), "file://")
	if value == "" || len(value) > 1024 || strings.ContainsAny(value, "$\x00 \t") || strings.Contains(value, ":") {
		return "" // a variable, a token of a chip, an engine
	}
	if value[0] != '/' {
		value = base + "/" + value
	}
	return path.Clean(value)
}
