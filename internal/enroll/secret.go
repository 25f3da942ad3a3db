package enroll

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
)

// SecretBytes is the size of a token: 128 random bits cannot be guessed.
const SecretBytes = 16

const hidden = "(hidden)"

// Secret is an enrolment token. It prints as hidden by every verb, in JSON
// and in logs; Reveal gives it away and is easy to search for. The bytes are
// held by a function: fmt calls no methods on unexported fields, and would
// print bytes, and under some verbs even those behind a pointer.
type Secret struct{ bytes func() [SecretBytes]byte }

func wrap(b [SecretBytes]byte) Secret { return Secret{func() [SecretBytes]byte { return b }} }

// NewSecret makes a random token.
func NewSecret() Secret {
	var b [SecretBytes]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return wrap(b)
}

// SecretOf wraps the bytes of a token.
func SecretOf(b []byte) (Secret, error) {
	if len(b) != SecretBytes {
		return Secret{}, fmt.Errorf("a token has %d bytes, not %d", SecretBytes, len(b))
	}
	return wrap([SecretBytes]byte(b)), nil
}

// Reveal answers the bytes themselves; nil for the zero Secret.
func (s Secret) Reveal() []byte {
	if s.bytes == nil {
		return nil
	}
	b := s.bytes()
	return b[:]
}

// Hash is what a collector keeps: SHA-256 of the bytes. A plain hash is
// enough, for the token itself is random.
func (s Secret) Hash() [32]byte { return sha256.Sum256(s.Reveal()) }

// IsZero says that there is no token.
func (s Secret) IsZero() bool { return s.bytes == nil }

// Equal compares in constant time.
func (s Secret) Equal(o Secret) bool { return subtle.ConstantTimeCompare(s.Reveal(), o.Reveal()) == 1 }

// String hides the token.
func (s Secret) String() string { return hidden }

// Format hides the token under every verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, hidden) }

// LogValue hides the token from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the token from JSON, YAML and the like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalCBOR is for the wire alone: there it is a byte string of 16.
func (s Secret) MarshalCBOR() ([]byte, error) {
	if s.bytes == nil {
		return []byte{0x40}, nil // empty byte string, RFC 8949 §3.1
	}
	return append([]byte{0x40 | SecretBytes}, s.Reveal()...), nil
}

// UnmarshalCBOR is the inverse of MarshalCBOR.
func (s *Secret) UnmarshalCBOR(b []byte) error {
	switch {
	case len(b) == 1 && b[0] == 0x40:
		*s = Secret{}
		return nil
	case len(b) == 1+SecretBytes && b[0] == 0x40|SecretBytes:
		got, err := SecretOf(b[1:])
		*s = got
		return err
	}
	return errors.New("a token is a byte string of 16")
}
