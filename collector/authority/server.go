package authority

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"muster/internal/enroll"
)

// maxShown bounds the certificates a client may show: its own, and a CA or
// two that scripts add.
const maxShown = 4

// ServerTLS is the listener's side: TLS 1.3 only, session tickets, and a
// certificate of our own that is renewed by itself. A client certificate is
// asked for and not judged here: Check does that for each request, so that a
// refusal is a sentence instead of an alert, /v1/enroll needs none, and
// /v1/renew takes an expired one.
func (a *Authority) ServerTLS() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS13,
		NextProtos:     enroll.Protocols(),
		ClientAuth:     tls.RequestClientCert,
		GetCertificate: a.serverCertificate,
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) > maxShown {
				return errors.New("too many client certificates")
			}
			return nil
		},
		Time: a.o.Now,
	}
}

// serverCertificate shows a certificate of a CA that the client pins: the
// active one where possible, else the newest. A client that names none is
// shown that of the active CA.
func (a *Authority) serverCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	s := a.set.Load()
	chosen := s.active
	if mine, any := enroll.Offers(hello.SupportedProtos, s.active.Hash); any && !mine {
		for _, c := range s.list {
			if mine, _ := enroll.Offers(hello.SupportedProtos, c.Hash); mine {
				chosen = c
				break
			}
		}
	}
	return a.listenerCertificate(chosen)
}

// listenerCertificate is the listener's certificate from one CA, made anew after two
// thirds of its life.
func (a *Authority) listenerCertificate(c *ca) (*tls.Certificate, error) {
	now := a.o.Now()
	if cert := c.server.Load(); fresh(cert, now) {
		return cert, nil
	}
	a.serving.Lock()
	defer a.serving.Unlock()
	if cert := c.server.Load(); fresh(cert, now) {
		return cert, nil
	}
	cert, err := a.signServer(c, now)
	if err != nil {
		return nil, fmt.Errorf("make the listener's certificate: %w", err)
	}
	c.server.Store(cert)
	return cert, nil
}

func fresh(cert *tls.Certificate, now time.Time) bool {
	if cert == nil || now.Before(cert.Leaf.NotBefore) {
		return false
	}
	life := cert.Leaf.NotAfter.Sub(cert.Leaf.NotBefore)
	return now.Before(cert.Leaf.NotBefore.Add(life * 2 / 3))
}

func (a *Authority) signServer(c *ca, now time.Time) (*tls.Certificate, error) {
	key, err := enroll.NewKey()
	if err != nil {
		return nil, err
	}
	until := now.Add(a.o.Periods.Server)
	if until.After(c.cert.NotAfter) {
		until = c.cert.NotAfter
	}
	tmpl := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: enroll.ServerName},
		NotBefore:             now.Add(-backdate),
		NotAfter:              until,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:              []string{enroll.ServerName, "localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		BasicConstraintsValid: true,
		SignatureAlgorithm:    x509.ECDSAWithSHA256,
	}
	for _, n := range a.o.Names {
		if ip, err := netip.ParseAddr(n); err == nil {
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip.AsSlice())
		} else if !slices.Contains(tmpl.DNSNames, n) {
			tmpl.DNSNames = append(tmpl.DNSNames, n)
		}
	}
	for _, ip := range a.o.IPs {
		tmpl.IPAddresses = append(tmpl.IPAddresses, ip.AsSlice())
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, c.cert, &key.PublicKey, c.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	// The CA goes along: agents that enrol know only the hash of its key.
	return &tls.Certificate{Certificate: [][]byte{der, c.Certificate}, PrivateKey: key, Leaf: leaf}, nil
}
