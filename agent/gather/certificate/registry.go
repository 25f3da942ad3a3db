package certificate

import (
	"context"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"unicode/utf16"

	"muster/agent/host"
	"muster/internal/inventory"
)

// shelf is a store of the machine in the registry. The system's own list of
// roots that it fetches by need (AuthRoot) is left out: it is the same
// everywhere.
type shelf struct{ Name, Key string }

func shelves() []shelf {
	const machine, office, policy = `HKLM\SOFTWARE\Microsoft\SystemCertificates\`, `HKLM\SOFTWARE\Microsoft\EnterpriseCertificates\`, `HKLM\SOFTWARE\Policies\Microsoft\SystemCertificates\`
	return []shelf{
		{"LocalMachine/My", machine + "MY"},
		{"LocalMachine/Root", machine + "ROOT"},
		{"LocalMachine/Remote Desktop", machine + "Remote Desktop"},
		{"LocalMachine/WebHosting", machine + "WebHosting"},
		{"Enterprise/Root", office + "Root"},
		{"GroupPolicy/Root", policy + "Root"},
	}
}

// fromRegistry reads the machine's stores.
func fromRegistry(ctx context.Context, h *host.Host) (rows []inventory.Certificate, asked, faults []string, err error) {
	rows = []inventory.Certificate{}
	for _, s := range shelves() {
		at := s.Key + `\Certificates`
		k, err := h.Key(host.View64, at, "no value")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if errors.Is(err, errors.ErrUnsupported) {
			return nil, nil, nil, err
		}
		if err != nil {
			faults = append(faults, err.Error())
			continue
		}
		strange := 0
		for _, name := range k.Subkeys {
			if ctx.Err() != nil {
				return nil, nil, nil, ctx.Err()
			}
			if len(rows) >= maxRows {
				faults = append(faults, fmt.Sprintf("only the first %d certificates are read", maxRows))
				return rows, []string{"registry"}, faults, nil
			}
			one, err := h.Key(host.View64, at+`\`+name, "Blob")
			if err != nil {
				continue // it went just now
			}
			der, key := parseBlob(one.Bytes("Blob"))
			c, err := x509.ParseCertificate(der)
			if err != nil {
				strange++
				continue
			}
			r := row(s.Name, c, key)
			r.Template = template(c)
			rows = append(rows, r)
		}
		if strange > 0 {
			faults = append(faults, fmt.Sprintf("%s: %d entries are no certificates that are understood", s.Name, strange))
		}
	}
	return rows, []string{"registry"}, faults, nil
}

// parseBlob reads an entry of a store: properties with their number, a 1 and
// their length, four bytes each (wincrypt.h). Property 32 is the certificate,
// and 2 says where its private key is kept.
func parseBlob(b []byte) (der []byte, key bool) {
	const head, certificate, provider = 12, 32, 2
	for len(b) >= head {
		id, n := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[8:])
		if b = b[head:]; uint64(n) > uint64(len(b)) {
			return der, key
		}
		switch id {
		case certificate:
			if n <= maxDER {
				der = b[:n]
			}
		case provider:
			key = true
		}
		b = b[n:]
	}
	return der, key
}

// template is what a certificate authority of Windows made a certificate from:
// the name in the older extension, or the number in the newer (Microsoft,
// "szOID_ENROLL_CERTTYPE_EXTENSION", "szOID_CERTIFICATE_TEMPLATE").
func template(c *x509.Certificate) string {
	named, numbered := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2}, asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 21, 7}
	number := ""
	for _, e := range c.Extensions {
		switch {
		case e.Id.Equal(named):
			var v asn1.RawValue
			if rest, err := asn1.Unmarshal(e.Value, &v); err == nil && len(rest) == 0 && v.Tag == asn1.TagBMPString && len(v.Bytes) <= 512 {
				var u []uint16
				for b := v.Bytes; len(b) > 1; b = b[2:] {
					u = append(u, binary.BigEndian.Uint16(b))
				}
				return string(utf16.Decode(u))
			}
		case e.Id.Equal(numbered):
			var v struct {
				ID           asn1.ObjectIdentifier
				Major, Minor int `asn1:"optional"`
			}
			if _, err := asn1.Unmarshal(e.Value, &v); err == nil {
				number = v.ID.String()
			}
		}
	}
	return number
}
