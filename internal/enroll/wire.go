package enroll

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"

	"muster/internal/inventory"
)

// Version is the version of this wire; see the package comment.
const Version = 1

// Limits of the messages, in bytes unless said otherwise.
const (
	MaxRequest = 4 << 10
	MaxRenew   = 8 << 10
	MaxReply   = 64 << 10
	MaxCAs     = 8   // CAs in one set
	maxText    = 255 // of host name, OS, architecture, version
	maxDER     = 4 << 10
)

// Errors of the decoders.
var (
	ErrMalformed = errors.New("malformed message")
	ErrVersion   = errors.New("unknown version of the enrolment wire")
)

// Request asks to become a device.
type Request struct {
	Version      int      `cbor:"1,keyasint"`
	Token        Secret   `cbor:"2,keyasint"`
	CSR          []byte   `cbor:"3,keyasint"` // DER, see CSR
	Hostname     string   `cbor:"4,keyasint"`
	OS           string   `cbor:"5,keyasint"` // GOOS
	Arch         string   `cbor:"6,keyasint"` // GOARCH
	AgentVersion string   `cbor:"7,keyasint"`
	Evidence     Evidence `cbor:"8,keyasint"`
}

// RenewRequest asks for the next certificate, over a new key.
type RenewRequest struct {
	Version  int      `cbor:"1,keyasint"`
	CSR      []byte   `cbor:"2,keyasint"` // DER, of a new key
	Evidence Evidence `cbor:"3,keyasint"`
	Fork     bool     `cbor:"4,keyasint,omitempty"` // this machine is not the one the old key was made on
}

// Reply gives a certificate. After a fork DeviceID is another one than before.
type Reply struct {
	Version     int                `cbor:"1,keyasint"`
	DeviceID    inventory.DeviceID `cbor:"2,keyasint"`
	Certificate []byte             `cbor:"3,keyasint"` // DER
	CAs         [][]byte           `cbor:"4,keyasint"` // DER; the set to trust from now on
	Now         int64              `cbor:"5,keyasint"` // collector's clock, Unix ms
	NextSeconds int64              `cbor:"6,keyasint"` // until the first report is welcome
	Addresses   []string           `cbor:"7,keyasint"` // host:port of the collectors, best first
}

var encMode = sync.OnceValue(func() cbor.EncMode {
	m, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic(err)
	}
	return m
})

var decMode = sync.OnceValue(func() cbor.DecMode {
	m, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		MaxNestedLevels:   6,
		MaxArrayElements:  64,
		MaxMapPairs:       64,
		ExtraReturnErrors: cbor.ExtraDecErrorNone,
		UTF8:              cbor.UTF8RejectInvalid,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return m
})

// Encode writes the message in this build's version.
func (r Request) Encode() ([]byte, error) {
	r.Version = Version
	r.Evidence = r.Evidence.Clean()
	r.Hostname, r.OS, r.Arch, r.AgentVersion = clip(r.Hostname), clip(r.OS), clip(r.Arch), clip(r.AgentVersion)
	return encode(r, MaxRequest)
}

// Encode writes the message in this build's version.
func (r RenewRequest) Encode() ([]byte, error) {
	r.Version = Version
	r.Evidence = r.Evidence.Clean()
	return encode(r, MaxRenew)
}

// Encode writes the message in this build's version.
func (r Reply) Encode() ([]byte, error) {
	r.Version = Version
	return encode(r, MaxReply)
}

// Encode writes the body of a refused request.
func (r Refusal) Encode() ([]byte, error) { return encode(r, MaxRequest) }

func encode(v any, most int) ([]byte, error) {
	b, err := encMode().Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	if len(b) > most {
		return nil, fmt.Errorf("encode %T: %d bytes are more than %d", v, len(b), most)
	}
	return b, nil
}

// versioned reads the version before all else: what a newer one has changed
// must not be mistaken for garbage.
type versioned struct {
	Version int `cbor:"1,keyasint"`
}

func decode(b []byte, v any, most int) error {
	if len(b) > most {
		return fmt.Errorf("%w: %d bytes are more than %d", ErrMalformed, len(b), most)
	}
	var ver versioned
	if err := decMode().Unmarshal(b, &ver); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if ver.Version != Version {
		return fmt.Errorf("%w: %d; this program reads %d", ErrVersion, ver.Version, Version)
	}
	if err := decMode().Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// DecodeRequest reads a Request. Its errors are ErrMalformed or ErrVersion.
// The CSR is bounded, not parsed: the token comes first.
func DecodeRequest(b []byte) (Request, error) {
	var r Request
	if err := decode(b, &r, MaxRequest); err != nil {
		return Request{}, err
	}
	for _, t := range []string{r.Hostname, r.OS, r.Arch, r.AgentVersion} {
		if len(t) > maxText {
			return Request{}, fmt.Errorf("%w: a text of %d bytes", ErrMalformed, len(t))
		}
	}
	if len(r.CSR) > MaxCSR {
		return Request{}, fmt.Errorf("%w: a certificate request of %d bytes", ErrMalformed, len(r.CSR))
	}
	r.Evidence = r.Evidence.Clean()
	return r, nil
}

// DecodeRenewRequest reads a RenewRequest.
func DecodeRenewRequest(b []byte) (RenewRequest, error) {
	var r RenewRequest
	if err := decode(b, &r, MaxRenew); err != nil {
		return RenewRequest{}, err
	}
	if len(r.CSR) > MaxCSR {
		return RenewRequest{}, fmt.Errorf("%w: a certificate request of %d bytes", ErrMalformed, len(r.CSR))
	}
	r.Evidence = r.Evidence.Clean()
	return r, nil
}

// DecodeReply reads a Reply. Whether its certificate fits is for
// Reply.Identity to say.
func DecodeReply(b []byte) (Reply, error) {
	var r Reply
	if err := decode(b, &r, MaxReply); err != nil {
		return Reply{}, err
	}
	if len(r.CAs) == 0 || len(r.CAs) > MaxCAs || len(r.Addresses) > MaxAddresses {
		return Reply{}, fmt.Errorf("%w: %d CAs, %d addresses", ErrMalformed, len(r.CAs), len(r.Addresses))
	}
	if len(r.Certificate) > maxDER || slices.ContainsFunc(r.CAs, func(c []byte) bool { return len(c) > maxDER }) {
		return Reply{}, fmt.Errorf("%w: a certificate of more than %d bytes", ErrMalformed, maxDER)
	}
	for _, a := range r.Addresses {
		if err := CheckAddress(a); err != nil {
			return Reply{}, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
	r.NextSeconds = min(max(r.NextSeconds, 0), 24*3600)
	return r, nil
}

// DecodeRefusal reads the body of a refused request.
func DecodeRefusal(b []byte) (Refusal, error) {
	var r Refusal
	if len(b) > MaxRequest {
		return Refusal{}, fmt.Errorf("%w: %d bytes are more than %d", ErrMalformed, len(b), MaxRequest)
	}
	if err := decMode().Unmarshal(b, &r); err != nil {
		return Refusal{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return r, nil
}

// Identity is the certificate of a reply with its key, ready for TLS, after
// checking that the certificate is for this key and for the device the reply
// names. The second result is the set of CAs to pin from now on.
func (r Reply) Identity(key *ecdsa.PrivateKey) (tls.Certificate, []KeyHash, error) {
	fail := func(err error) (tls.Certificate, []KeyHash, error) {
		return tls.Certificate{}, nil, fmt.Errorf("certificate from the collector: %w", err)
	}
	leaf, err := x509.ParseCertificate(r.Certificate)
	if err != nil {
		return fail(err)
	}
	if pub, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || !pub.Equal(&key.PublicKey) {
		return fail(errors.New("it is for another key"))
	}
	if r.DeviceID == "" || leaf.Subject.CommonName != string(r.DeviceID) {
		return fail(fmt.Errorf("it names device %.80q and the answer %.80q", leaf.Subject.CommonName, r.DeviceID))
	}
	pins, err := Pins(r.CAs)
	if err != nil {
		return fail(err)
	}
	return tls.Certificate{Certificate: [][]byte{r.Certificate}, PrivateKey: key, Leaf: leaf}, pins, nil
}

// Pins are the key hashes of a set of CAs in DER.
func Pins(cas [][]byte) ([]KeyHash, error) {
	if len(cas) == 0 || len(cas) > MaxCAs {
		return nil, fmt.Errorf("a set of %d CAs; 1 to %d are taken", len(cas), MaxCAs)
	}
	var pins []KeyHash
	for _, der := range cas {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("read a CA: %w", err)
		}
		if !c.IsCA {
			return nil, fmt.Errorf("certificate %.80q in the set of CAs is none", c.Subject.CommonName)
		}
		pins = append(pins, CertificateKey(c))
	}
	return pins, nil
}

// clip shortens a text to what the wire takes, at a character's end.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxText {
		return s
	}
	s = s[:maxText]
	for len(s) > 0 {
		if r, n := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || n > 1 {
			break
		}
		s = s[:len(s)-1]
	}
	return s
}
