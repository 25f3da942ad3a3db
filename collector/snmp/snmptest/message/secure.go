package message

import (
	"crypto/des"
	"crypto/hmac"
	"errors"
	"fmt"
)

// Flags of a message of version 3 (RFC 3412 §6.4).
const (
	Auth       = 1
	Priv       = 2
	Reportable = 4
)

// userModel is the User-based Security Model (RFC 3411 §6.1), the only one read
// here.
const userModel = 3

// Errors of Open.
var (
	// ErrDigest: the message is not signed with the user's key.
	ErrDigest = errors.New("wrong digest")
	// ErrDecrypt: it does not decrypt to a message.
	ErrDecrypt = errors.New("cannot be decrypted")
)

// Secure is the head of a message of version 3 (RFC 3412 §6, RFC 3414 §2.4).
type Secure struct {
	ID      int32
	MaxSize int32 // bytes that the sender takes
	Flags   byte

	Engine      []byte // the one whose clock and keys hold
	Boots, Time int32
	User        []byte

	ContextEngine, Context []byte // after Open

	digest []byte // within whole
	salt   []byte
	scoped []byte // plain: tag to end; sealed: the bytes of the cipher
	sealed bool
	whole  []byte
}

func (s *Secure) parse(whole, b []byte) error {
	s.whole = whole
	head, b, err := want(b, sequence)
	if err != nil {
		return err
	}
	if s.ID, head, err = wantInt(head); err != nil {
		return err
	}
	if s.MaxSize, head, err = wantInt(head); err != nil {
		return err
	}
	flags, head, err := want(head, OctetString)
	if err != nil {
		return err
	}
	if len(flags) != 1 {
		return fmt.Errorf("%w: flags of %d bytes", ErrForm, len(flags))
	}
	s.Flags = flags[0] & (Auth | Priv | Reportable)
	model, _, err := wantInt(head)
	if err != nil {
		return err
	}
	if model != userModel {
		return fmt.Errorf("%w: security model %d", ErrForm, model)
	}
	params, b, err := want(b, OctetString)
	if err != nil {
		return err
	}
	if err := s.parseParams(params); err != nil {
		return err
	}
	tag, value, rest, err := take(b)
	if err != nil {
		return err
	}
	switch s.sealed = tag == OctetString; {
	case s.sealed:
		s.scoped = value
	case tag == sequence:
		s.scoped = b[:len(b)-len(rest)]
	default:
		return fmt.Errorf("%w: tag %#02x where a scoped PDU belongs", ErrForm, tag)
	}
	if s.sealed != (s.Flags&Priv != 0) || s.Flags&(Auth|Priv) == Priv {
		return fmt.Errorf("%w: flags %#02x do not fit the message", ErrForm, s.Flags)
	}
	return nil
}

func (s *Secure) parseParams(b []byte) (err error) {
	if b, _, err = want(b, sequence); err != nil {
		return err
	}
	if s.Engine, b, err = want(b, OctetString); err != nil {
		return err
	}
	if n := len(s.Engine); n > maxEngineID {
		return fmt.Errorf("%w: engine id of %d bytes", ErrForm, n)
	}
	if s.Boots, b, err = wantInt(b); err != nil {
		return err
	}
	if s.Time, b, err = wantInt(b); err != nil {
		return err
	}
	if s.User, b, err = want(b, OctetString); err != nil {
		return err
	}
	if s.digest, b, err = want(b, OctetString); err != nil {
		return err
	}
	s.salt, _, err = want(b, OctetString)
	return err
}

// Open reads what a message of version 3 says. With keys, all that its flags
// claim is checked; nil opens only what is not protected. Flags itself may claim
// too little: that is for the caller to judge. After an error the head
// still stands.
func (m *Message) Open(keys *Keys) error {
	s := &m.Secure
	if m.Version != V3 || s.whole == nil {
		return fmt.Errorf("%w: not of version 3", ErrForm)
	}
	scoped := s.scoped
	if s.Flags&Auth != 0 {
		if keys == nil || keys.mac == nil {
			return fmt.Errorf("%w: signed, and there is no key", ErrDigest)
		}
		if err := s.check(keys); err != nil {
			return err
		}
	}
	if s.sealed {
		if keys.block == nil {
			return fmt.Errorf("%w: there is no key", ErrDecrypt)
		}
		plain, err := keys.unseal(scoped, s.Boots, s.Time, s.salt)
		if err != nil {
			return err
		}
		scoped = plain
	}
	err := m.parseScoped(scoped)
	if err != nil && s.sealed {
		// Nothing in it says whether the key was right but its form.
		return fmt.Errorf("%w: %w", ErrDecrypt, err)
	}
	return err
}

func (m *Message) parseScoped(b []byte) error {
	b, _, err := want(b, sequence)
	if err != nil {
		return err
	}
	if m.Secure.ContextEngine, b, err = want(b, OctetString); err != nil {
		return err
	}
	if m.Secure.Context, b, err = want(b, OctetString); err != nil {
		return err
	}
	m.PDU.Variables = m.PDU.Variables[:0]
	return m.PDU.parse(b)
}

// check holds the message against its digest. The place of it in the packet is
// blank for a moment.
func (s *Secure) check(keys *Keys) error {
	if len(s.digest) != keys.cut {
		return fmt.Errorf("%w: of %d bytes, not %d", ErrDigest, len(s.digest), keys.cut)
	}
	var kept [64]byte
	n := copy(kept[:], s.digest)
	clear(s.digest)
	ours := keys.digest(s.whole)
	copy(s.digest, kept[:n])
	if !hmac.Equal(ours, kept[:n]) {
		return ErrDigest
	}
	return nil
}

// maxSize is how large an answer may be, as we tell agents.
const maxSize = MaxBytes

// writeSecure writes a message of version 3.
func (m *Message) writeSecure(w *writer, keys *Keys) error {
	s := &m.Secure
	if s.Flags&Auth != 0 && (keys == nil || keys.mac == nil) || s.Flags&Priv != 0 && keys.block == nil {
		return fmt.Errorf("write SNMP message: no key for flags %#02x", s.Flags)
	}
	if err := m.PDU.write(w); err != nil {
		return err
	}
	w.element(OctetString, s.Context)
	w.element(OctetString, s.ContextEngine)
	w.wrap(sequence, 0)
	var salt []byte
	if s.Flags&Priv != 0 {
		salt = keys.nextSalt(s.Boots)
		if keys.des {
			w.pad(des.BlockSize)
		}
		keys.seal(w.b[w.at:], s.Boots, s.Time, salt)
		w.wrap(OctetString, 0)
	}
	params := w.mark()
	w.element(OctetString, salt)
	var blank [64]byte
	n := 0
	if s.Flags&Auth != 0 {
		n = keys.cut
	}
	w.bytes(blank[:n])
	digest := w.mark() // from the end, since more comes before it
	w.wrap(OctetString, digest-n)
	w.element(OctetString, s.User)
	w.int(int64(s.Time))
	w.int(int64(s.Boots))
	w.element(OctetString, s.Engine)
	w.wrap(sequence, params)
	w.wrap(OctetString, params)
	head := w.mark()
	w.int(userModel)
	w.element(OctetString, []byte{s.Flags})
	size := s.MaxSize
	if size == 0 {
		size = maxSize
	}
	w.int(int64(size))
	w.int(int64(s.ID))
	w.wrap(sequence, head)
	w.int(V3)
	w.wrap(sequence, 0)
	if n > 0 {
		at := len(w.b) - digest
		copy(w.b[at:at+n], keys.digest(w.b[w.at:]))
	}
	return nil
}

// pad puts zeros behind all that is written, up to whole blocks.
func (w *writer) pad(block int) {
	n := w.mark()
	more := (block - n%block) % block
	if more == 0 {
		return
	}
	w.room(more)
	copy(w.b[w.at-more:], w.b[w.at:])
	w.at -= more
	clear(w.b[len(w.b)-more:])
}
