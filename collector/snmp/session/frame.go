package session

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/gosnmp/gosnmp"
)

// ErrForm: bytes that are no SNMP message.
var ErrForm = errors.New("malformed SNMP message")

// Limits of what is handed to the decoder. UDP carries no more bytes (RFC 768
// over IPv4).
const (
	maxBytes     = 65507
	maxVariables = 4096
	maxEngineID  = 32 // RFC 3411 §5, as is minEngineID
	minEngineID  = 5
	maxUser      = 32 // RFC 3414 §5, usmUserName
)

// Flags of a message of version 3 (RFC 3412 §6.4).
const (
	flagAuth       = byte(gosnmp.AuthNoPriv)
	flagPriv       = byte(gosnmp.AuthPriv &^ gosnmp.AuthNoPriv)
	flagReportable = byte(gosnmp.Reportable)
)

// frame is the outside of a packet. It is looked at before the decoder sees
// the packet: where the message ends, that it is not too much, and of version 3
// which keys it takes. Nothing in it is proven. It refers to the packet.
type frame struct {
	whole     []byte // without what follows the message: some agents pad
	version   gosnmp.SnmpVersion
	community []byte // versions 1 and 2c

	// Version 3.
	id           int32
	flags        byte
	engine, user []byte
	boots, time  int32
	digest       []byte
	scoped       int // where the scoped PDU begins in whole, plain or sealed

	contextEngine, context []byte // once the scoped PDU is plain

	pdu int // where the PDU begins in whole; 0 while that is sealed
}

// look reads the outside of a packet.
func look(b []byte) (f frame, err error) {
	if len(b) > maxBytes {
		return f, fmt.Errorf("%w: %d bytes", ErrForm, len(b))
	}
	body, rest, err := want(b, byte(gosnmp.Sequence))
	if err != nil {
		return f, err
	}
	f.whole = b[: len(b)-len(rest) : len(b)-len(rest)]
	version, body, err := wantInt(body)
	if err != nil {
		return f, err
	}
	f.version = gosnmp.SnmpVersion(version)
	switch {
	case version == int32(gosnmp.Version1), version == int32(gosnmp.Version2c):
		if f.community, body, err = want(body, byte(gosnmp.OctetString)); err != nil {
			return f, err
		}
		f.pdu = f.at(body)
	case version == int32(gosnmp.Version3):
		if err := f.lookSecure(body); err != nil {
			return f, err
		}
	default:
		return f, fmt.Errorf("%w: version %d", ErrForm, version)
	}
	if f.pdu > 0 {
		_, err = variablesOf(f.whole[f.pdu:])
	}
	return f, err
}

// at is where a rest of the message begins.
func (f *frame) at(rest []byte) int { return len(f.whole) - len(rest) }

// lookSecure reads the head of version 3 (RFC 3412 §6, RFC 3414 §2.4).
func (f *frame) lookSecure(b []byte) error {
	head, b, err := want(b, byte(gosnmp.Sequence))
	if err != nil {
		return err
	}
	if f.id, head, err = wantInt(head); err != nil {
		return err
	}
	if _, head, err = wantInt(head); err != nil { // the size that it takes
		return err
	}
	flags, head, err := want(head, byte(gosnmp.OctetString))
	if err != nil {
		return err
	}
	if len(flags) != 1 {
		return fmt.Errorf("%w: flags of %d bytes", ErrForm, len(flags))
	}
	f.flags = flags[0] & (flagAuth | flagPriv | flagReportable)
	model, _, err := wantInt(head)
	if err != nil {
		return err
	}
	if model != int32(gosnmp.UserSecurityModel) {
		return fmt.Errorf("%w: security model %d", ErrForm, model)
	}
	params, b, err := want(b, byte(gosnmp.OctetString))
	if err != nil {
		return err
	}
	if err := f.lookUser(params); err != nil {
		return err
	}
	f.scoped = f.at(b)
	tag, _, _, err := take(b)
	if err != nil {
		return err
	}
	// gosnmp goes by the tag alone: a plain text under flags that promise a
	// sealed one would pass.
	sealed := tag == byte(gosnmp.OctetString)
	if sealed != (f.flags&flagPriv != 0) || f.flags&(flagAuth|flagPriv) == flagPriv {
		return fmt.Errorf("%w: flags %#02x do not fit the message", ErrForm, f.flags)
	}
	if sealed {
		return nil
	}
	return f.enter()
}

// enter finds the PDU in a scoped PDU that is plain.
func (f *frame) enter() error {
	b, after, err := want(f.whole[f.scoped:], byte(gosnmp.Sequence))
	if err != nil {
		return err
	}
	if f.contextEngine, b, err = want(b, byte(gosnmp.OctetString)); err != nil {
		return err
	}
	if f.context, b, err = want(b, byte(gosnmp.OctetString)); err != nil {
		return err
	}
	f.pdu = f.at(after) - len(b)
	return nil
}

func (f *frame) lookUser(b []byte) (err error) {
	if b, _, err = want(b, byte(gosnmp.Sequence)); err != nil {
		return err
	}
	if f.engine, b, err = want(b, byte(gosnmp.OctetString)); err != nil {
		return err
	}
	if n := len(f.engine); n > maxEngineID {
		return fmt.Errorf("%w: engine id of %d bytes", ErrForm, n)
	}
	if f.boots, b, err = wantInt(b); err != nil {
		return err
	}
	if f.time, b, err = wantInt(b); err != nil {
		return err
	}
	if f.user, b, err = want(b, byte(gosnmp.OctetString)); err != nil {
		return err
	}
	if n := len(f.user); n > maxUser {
		return fmt.Errorf("%w: user name of %d bytes", ErrForm, n)
	}
	f.digest, _, err = want(b, byte(gosnmp.OctetString))
	return err
}

// GoodEngine says whether an engine id can be one (RFC 3411 §5), and one that
// gosnmp can talk to.
func GoodEngine(id []byte) bool {
	return len(id) >= minEngineID && len(id) <= maxEngineID && !looksBlank(id)
}

// looksBlank says whether gosnmp would take a text for the place of the digest,
// or a part of it: it seeks the first one that is tag, length and zeros. No
// digest is shorter than 12 bytes (RFC 3414 §6).
func looksBlank(text []byte) bool {
	b := append([]byte{byte(gosnmp.OctetString), byte(len(text))}, text...)
	for i := range b {
		if rest := b[i:]; len(rest) >= 14 && rest[0] == byte(gosnmp.OctetString) && rest[1] >= 12 && bytes.Equal(rest[2:14], make([]byte, 12)) {
			return true
		}
	}
	return false
}

// pduParts is a PDU taken apart: all that stands before its list of variables, and
// that list.
type pduParts struct {
	tag        byte
	head, list []byte
}

// takeApart finds the list of variables in a PDU.
func takeApart(b []byte) (p pduParts, err error) {
	tag, body, _, err := take(b)
	if err != nil {
		return p, err
	}
	fields := 3 // request-id, error-status, error-index
	if tag == byte(gosnmp.Trap) {
		fields = 5 // RFC 1157 §4.1.6
	}
	rest := body
	for range fields {
		if _, _, rest, err = take(rest); err != nil {
			return p, err
		}
	}
	list, _, err := want(rest, byte(gosnmp.Sequence))
	return pduParts{tag, body[:len(body)-len(rest)], list}, err
}

// variablesOf counts the variables of a PDU.
func variablesOf(b []byte) (n int, err error) {
	p, err := takeApart(b)
	for list := p.list; err == nil && len(list) > 0; n++ {
		if n >= maxVariables {
			return n, fmt.Errorf("%w: more than %d variables", ErrForm, maxVariables)
		}
		_, list, err = want(list, byte(gosnmp.Sequence))
	}
	return n, err
}

// take cuts the first element off: its tag, its value, what follows.
func take(b []byte) (tag byte, value, rest []byte, err error) {
	if len(b) < 2 {
		return 0, nil, nil, fmt.Errorf("%w: cut short", ErrForm)
	}
	head, n := 2, int(b[1])
	if n >= 0x80 {
		// The indefinite form is not for SNMP (RFC 3417 §8). Four bytes hold
		// more than any message; there are agents that always write as many.
		size := n & 0x7f
		if size == 0 || size > 4 || len(b) < 2+size {
			return 0, nil, nil, fmt.Errorf("%w: length", ErrForm)
		}
		var long uint64
		for _, x := range b[2 : 2+size] {
			long = long<<8 | uint64(x)
		}
		head, n = 2+size, int(min(long, maxBytes+1))
	}
	if n > len(b)-head {
		return 0, nil, nil, fmt.Errorf("%w: %d bytes announced, %d are there", ErrForm, n, len(b)-head)
	}
	return b[0], b[head : head+n], b[head+n:], nil
}

// want cuts the first element off and holds it to a tag.
func want(b []byte, tag byte) (value, rest []byte, err error) {
	t, value, rest, err := take(b)
	if err == nil && t != tag {
		err = fmt.Errorf("%w: tag %#02x where %#02x belongs", ErrForm, t, tag)
	}
	return value, rest, err
}

// wantInt cuts a number of 32 bits off. Agents that take request-id for unsigned
// send five bytes.
func wantInt(b []byte) (int32, []byte, error) {
	v, rest, err := want(b, byte(gosnmp.Integer))
	if err == nil && (len(v) == 0 || len(v) > 5 || len(v) == 5 && v[0] != 0) {
		err = fmt.Errorf("%w: number of %d bytes", ErrForm, len(v))
	}
	if err != nil {
		return 0, nil, err
	}
	n := int32(int8(v[0]))
	for _, x := range v[1:] {
		n = n<<8 | int32(x)
	}
	return n, rest, nil
}
