package authority

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"muster/collector/authority/seal"
	"muster/internal/enroll"
	"muster/internal/inventory"
)

// backdate lets a certificate begin before it was signed: clocks of devices
// and of several collectors are never quite the same.
const backdate = time.Hour

// ca is a CA ready to sign.
type ca struct {
	CA
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
	server atomic.Pointer[tls.Certificate] // for the listener
}

// caSet is all CAs at one time; it is replaced, never changed.
type caSet struct {
	list    []*ca // newest first
	active  *ca
	roots   *x509.CertPool
	ders    [][]byte
	version [8]byte
}

func sealedAs(h enroll.KeyHash) string { return "authority/" + h.String() }

// load reads the CAs and makes them the present set. Cached identities go,
// for their CA may have gone.
func (a *Authority) load(ctx context.Context) error {
	all, err := a.o.Store.AllAuthorities(ctx)
	if err != nil {
		return fmt.Errorf("read CAs: %w", err)
	}
	old := a.set.Load()
	s := &caSet{roots: x509.NewCertPool()}
	h := sha256.New()
	for _, row := range all {
		c, err := openCA(a.o.Sealer, row)
		if err != nil {
			return err
		}
		if old != nil {
			if i := slices.IndexFunc(old.list, func(o *ca) bool { return o.Hash == c.Hash }); i >= 0 {
				c.server.Store(old.list[i].server.Load())
			}
		}
		if row.State == Active {
			s.active = c
		}
		s.list = append(s.list, c)
		s.roots.AddCert(c.cert)
		s.ders = append(s.ders, row.Certificate)
	}
	if old != nil && len(old.list) > 0 && s.active == nil {
		return errors.New("the control database holds no CA that signs; restore it from a backup")
	}
	// The version does not depend on the order or on states.
	sorted := slices.SortedFunc(slices.Values(s.ders), bytes.Compare)
	for _, der := range sorted {
		sum := sha256.Sum256(der)
		h.Write(sum[:])
	}
	s.version = [8]byte(h.Sum(nil))
	a.set.Store(s)
	a.forgetAll()
	if old != nil && len(old.list) > 0 && old.version != s.version {
		a.o.Changed()
	}
	return nil
}

// openCA reads a CA as it is kept, and holds its key against its certificate.
func openCA(s *seal.Sealer, row CA) (*ca, error) {
	c := &ca{CA: row}
	var err error
	if c.cert, err = x509.ParseCertificate(row.Certificate); err != nil {
		return nil, fmt.Errorf("read CA %.16s: %w", row.Hash, err)
	}
	pem, err := s.Open(sealedAs(row.Hash), row.SealedKey)
	if err == nil {
		c.key, err = enroll.ParseKey(pem)
	}
	if err != nil {
		return nil, fmt.Errorf("open the key of CA %.16s: %w", row.Hash, err)
	}
	if !c.key.PublicKey.Equal(c.cert.PublicKey) || enroll.CertificateKey(c.cert) != row.Hash {
		return nil, fmt.Errorf("CA %.16s and its key do not belong together; restore the control database from a backup", row.Hash)
	}
	return c, nil
}

// ExamineCAs opens all CAs of a store that nobody need have open, and answers
// when the one that signs ends. Its error says which cannot be used.
func ExamineCAs(ctx context.Context, st Authorities, s *seal.Sealer) (ends time.Time, _ error) {
	all, err := st.AllAuthorities(ctx)
	if err != nil {
		return ends, fmt.Errorf("read CAs: %w", err)
	}
	for _, row := range all {
		c, err := openCA(s, row)
		if err != nil {
			return ends, err
		}
		if row.State == Active {
			ends = c.cert.NotAfter
		}
	}
	if ends.IsZero() {
		return ends, errors.New("there is no CA that signs; restore the control database from a backup")
	}
	return ends, nil
}

// Set is the CAs that agents shall trust, in DER, and a version that is
// another one when the set is: answers carry the set only then.
func (a *Authority) Set() (ders [][]byte, version [8]byte) {
	s := a.set.Load()
	return slices.Clone(s.ders), s.version
}

// Active is the CA that signs, as enrolment strings name it.
func (a *Authority) Active() enroll.KeyHash { return a.set.Load().active.Hash }

// newCA makes a CA. It signs leaves for two uses and nothing else: no CA
// below it, no other usage (RFC 5280 §4.2.1.9, §4.2.1.12).
func (a *Authority) newCA() (CA, error) {
	key, err := enroll.NewKey()
	if err != nil {
		return CA{}, err
	}
	hash, err := enroll.HashKey(&key.PublicKey)
	if err != nil {
		return CA{}, err
	}
	now := a.now()
	tmpl := &x509.Certificate{
		SerialNumber: serial(),
		// The name is of this key alone, so that a chain is never tried with
		// the wrong CA.
		Subject:               pkix.Name{CommonName: "Muster CA " + hash.String()[:16]},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(a.o.Periods.CA),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
		SubjectKeyId:          hash[:20],
		SignatureAlgorithm:    x509.ECDSAWithSHA256,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		return CA{}, fmt.Errorf("sign the CA: %w", err)
	}
	pem, err := enroll.MarshalKey(key)
	if err != nil {
		return CA{}, err
	}
	sealed, err := a.o.Sealer.Seal(sealedAs(hash), pem)
	if err != nil {
		return CA{}, err
	}
	return CA{Hash: hash, Certificate: der, SealedKey: sealed, CreatedAt: now, Since: now}, nil
}

// DeviceURI is what a device's certificate says of itself beside its name:
// for people with openssl. What counts is what the store says of the key.
func DeviceURI(id inventory.DeviceID, generation int) *url.URL {
	return &url.URL{Scheme: "muster", Opaque: "device/" + string(id) + "/gen/" + strconv.Itoa(generation)}
}

// sign makes a device's certificate with the active CA.
func (a *Authority) sign(pub *ecdsa.PublicKey, hash enroll.KeyHash, id inventory.DeviceID, generation int, machine [8]byte) (Key, error) {
	c, now := a.set.Load().active, a.now()
	until := now.Add(a.o.Periods.Client)
	if until.After(c.cert.NotAfter) {
		until = c.cert.NotAfter
	}
	// A certificate's times are whole seconds (RFC 5280 §4.1.2.5).
	until = until.Truncate(time.Second)
	if !until.After(now) {
		return Key{}, errors.New("the CA has expired: run muster ca rotate")
	}
	n := serial()
	tmpl := &x509.Certificate{
		SerialNumber:          n,
		Subject:               pkix.Name{CommonName: string(id)},
		NotBefore:             now.Add(-backdate),
		NotAfter:              until,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		URIs:                  []*url.URL{DeviceURI(id, generation)},
		BasicConstraintsValid: true,
		SignatureAlgorithm:    x509.ECDSAWithSHA256,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, c.cert, pub, c.key)
	if err != nil {
		return Key{}, fmt.Errorf("sign a certificate: %w", err)
	}
	return Key{
		Hash: hash, Device: id, Generation: generation, Serial: n.Text(16), CA: c.Hash,
		Certificate: der, Machine: machine, IssuedAt: now, ExpiresAt: until,
	}, nil
}

// serial is 127 random bits, never zero (RFC 5280 §4.1.2.2: positive, at most
// 20 bytes).
func serial() *big.Int {
	var b [16]byte
	rand.Read(b[:])
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b[:])
}
