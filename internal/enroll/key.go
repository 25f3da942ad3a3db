package enroll

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
)

// KeyHash names a public key: SHA-256 of its SubjectPublicKeyInfo (RFC 7469
// §2.4 pins keys the same way). CAs are pinned by it and devices known by it.
type KeyHash [32]byte

// String is 64 hexadecimal digits.
func (h KeyHash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText is String, for JSON.
func (h KeyHash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (h *KeyHash) UnmarshalText(b []byte) error {
	if len(b) != 2*len(h) {
		return fmt.Errorf("a key's fingerprint has %d hexadecimal digits", 2*len(h))
	}
	_, err := hex.Decode(h[:], b)
	return err
}

// CertificateKey is the KeyHash of a certificate's key.
func CertificateKey(c *x509.Certificate) KeyHash { return sha256.Sum256(c.RawSubjectPublicKeyInfo) }

// HashKey is the KeyHash of a public key.
func HashKey(pub *ecdsa.PublicKey) (KeyHash, error) {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return KeyHash{}, fmt.Errorf("hash public key: %w", err)
	}
	return sha256.Sum256(der), nil
}

// NewKey makes a device's key: ECDSA over P-256, the only kind that is taken.
func NewKey() (*ecdsa.PrivateKey, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return k, nil
}

// CSR asks for a certificate over the key (PKCS #10, RFC 2986). It carries no
// name: names are given by the collector.
func CSR(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{SignatureAlgorithm: x509.ECDSAWithSHA256}, key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate request: %w", err)
	}
	return der, nil
}

// MaxCSR bounds a certificate request, in bytes; ours has about 200.
const MaxCSR = 1 << 10

// Errors of ParseCSR.
var (
	ErrCSR = errors.New("this is no certificate request signed by its own key")
	ErrKey = errors.New("the key is not ECDSA over P-256")
)

// ParseCSR answers the key that a request is for, after checking that the
// sender has it. Everything else in the request is ignored.
func ParseCSR(der []byte) (*ecdsa.PublicKey, error) {
	if len(der) > MaxCSR {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrCSR, len(der), MaxCSR)
	}
	r, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCSR, err)
	}
	// The kind of key before its signature: verifying one of a strange kind
	// may cost a hundred times as much.
	pub, ok := r.PublicKey.(*ecdsa.PublicKey)
	if !ok || pub.Curve != elliptic.P256() {
		return nil, ErrKey
	}
	if err := r.CheckSignature(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCSR, err)
	}
	return pub, nil
}

const pemKey = "PRIVATE KEY" // RFC 7468 §10

// MarshalKey writes a key as PEM of PKCS #8.
func MarshalKey(k *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemKey, Bytes: der}), nil
}

// ParseKey reads what MarshalKey wrote.
func ParseKey(b []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(b)
	if block == nil || block.Type != pemKey {
		return nil, errors.New("read key: this is no PEM file of a private key")
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	ec, ok := k.(*ecdsa.PrivateKey)
	if !ok || ec.Curve != elliptic.P256() {
		return nil, fmt.Errorf("read key: %w", ErrKey)
	}
	return ec, nil
}
