package enroll

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ServerName is in every certificate of a collector, whatever the collector
// is called: agents check this name instead of the one they dialled. The
// suffix .internal is never delegated in public DNS (ICANN, July 2024).
const ServerName = "collector.muster.internal"

// Errors of a handshake with a collector. They say what to do.
var (
	ErrWrongCollector = errors.New("the collector's certificate is from an authority this agent does not trust: something stands between, the address is another collector's, or the collector was set up anew (then enrol again with a new enrolment string)")
	ErrNotCollector   = errors.New("what answered has a certificate of our authority, but not that of a collector")
	ErrServerExpired  = errors.New("the collector's certificate does not fit the time of this machine: check the clocks of both")
)

// protoHTTP and protoCA are what agents offer in ALPN (RFC 7301): the
// protocol, and the CAs they pin.
const (
	protoHTTP = "http/1.1"
	protoCA   = "muster-ca-"
	protoHash = 8 // bytes of the key's hash in a protoCA
)

// Protocols is what a collector's listener speaks.
func Protocols() []string { return []string{protoHTTP} }

// Offers says whether a client that offered these protocols pins the CA. any
// is false when the client named no CA at all: a script, not an agent.
func Offers(protos []string, ca KeyHash) (this, any bool) {
	want := protoCA + hex.EncodeToString(ca[:protoHash])
	for _, p := range protos {
		if p == want {
			return true, true
		}
		any = any || strings.HasPrefix(p, protoCA)
	}
	return false, any
}

// ClientTLS is how an agent talks to its collector: TLS 1.3, only to one with
// a certificate from a pinned CA, showing cert when there is one. Make a new
// configuration when the certificate or the pins change, and close idle
// connections: a connection, and a session that is resumed, stay with the
// certificate they began with.
func ClientTLS(pins []KeyHash, cert *tls.Certificate, clock *Clock) *tls.Config {
	pins = slices.Clone(pins[:min(len(pins), MaxCAs)])
	protos := Protocols()
	for _, p := range pins {
		protos = append(protos, protoCA+hex.EncodeToString(p[:protoHash]))
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		NextProtos: protos,
		// The library's own check wants names and a set of whole CA
		// certificates. VerifyConnection takes its place, and unlike
		// VerifyPeerCertificate it also runs when a session is resumed.
		InsecureSkipVerify: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			return VerifyCollector(s.PeerCertificates, pins, clock)
		},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if cert == nil {
				return &tls.Certificate{}, nil
			}
			return cert, nil
		},
		Time:               func() time.Time { t, _ := clock.Time(); return t },
		ClientSessionCache: tls.NewLRUClientSessionCache(MaxAddresses),
	}
}

// VerifyCollector checks the certificates that a collector showed, leaf first.
func VerifyCollector(shown []*x509.Certificate, pins []KeyHash, clock *Clock) error {
	if len(shown) == 0 {
		return ErrNotCollector
	}
	leaf := shown[0]
	now, sure := clock.Time()
	// With only a lower bound of the time, a certificate may begin later than
	// that; it must not have ended before it.
	if !sure && leaf.NotBefore.After(now) {
		now = leaf.NotBefore
	}
	for _, ca := range shown[1:min(len(shown), 1+MaxCAs)] {
		if !slices.Contains(pins, CertificateKey(ca)) {
			continue
		}
		if !P256(ca) {
			return ErrWrongCollector
		}
		roots := x509.NewCertPool()
		roots.AddCert(ca)
		_, err := leaf.Verify(x509.VerifyOptions{
			Roots: roots, CurrentTime: now, DNSName: ServerName,
			KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		})
		return serverError(err, now)
	}
	return fmt.Errorf("%w; the certificate shown is %.16s…", ErrWrongCollector, CertificateKey(shown[len(shown)-1]))
}

func serverError(err error, now time.Time) error {
	if err == nil {
		return nil
	}
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("%w (this machine: %s; certificate: %s to %s)", ErrServerExpired, now.UTC().Format(time.RFC3339),
			invalid.Cert.NotBefore.UTC().Format(time.DateOnly), invalid.Cert.NotAfter.UTC().Format(time.DateOnly))
	case errors.As(err, &invalid), errors.As(err, &name):
		return fmt.Errorf("%w: %w", ErrNotCollector, err)
	}
	return fmt.Errorf("%w: %w", ErrWrongCollector, err)
}

// P256 says that a certificate's key is ECDSA over P-256, the only kind both
// sides make and take.
func P256(c *x509.Certificate) bool {
	pub, ok := c.PublicKey.(*ecdsa.PublicKey)
	return ok && pub.Curve == elliptic.P256()
}
