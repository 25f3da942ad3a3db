package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/gosnmp/gosnmp"
)

// Errors of reading a message, besides ErrForm.
var (
	// ErrDigest: the message is not signed with the user's key.
	ErrDigest = errors.New("wrong digest")
	// ErrLevel: it is protected otherwise than the user's messages are.
	ErrLevel = errors.New("another level of security than the user's")
	// ErrDecrypt: it does not decrypt to a message.
	ErrDecrypt = errors.New("cannot be decrypted")
)

// decoder reads messages with gosnmp. It is used from one goroutine.
type decoder struct {
	plain gosnmp.GoSNMP
}

// read reads a message whose outside was looked at. What gosnmp cannot read for
// the sake of one value is read without that value: it becomes Null. With keys,
// a message that is signed is held against them; without, only one that is not.
// What is read refers to the packet, whose digest is blank and whose sealed part
// is plain then.
func (d *decoder) read(f *frame, k *keys) (*gosnmp.SnmpPacket, error) {
	if f.version != gosnmp.Version3 {
		p, err := d.safely(func() (*gosnmp.SnmpPacket, error) { return d.plain.SnmpDecodePacket(f.whole) })
		return d.mended(f, p, err)
	}
	if f.flags&flagAuth == 0 {
		// Without keys gosnmp takes whatever user and engine it is from; its
		// caller decides what that is worth.
		return d.readPlain(f)
	}
	if k == nil || k.mac == nil {
		return nil, fmt.Errorf("%w: signed, and there is no key", ErrDigest)
	}
	// Of another engine gosnmp would make keys of passwords that it does not
	// have, without an error: of an empty one.
	if string(f.engine) != k.engine || string(f.user) != k.sp.UserName {
		return nil, fmt.Errorf("%w: of another engine or user", ErrDigest)
	}
	if err := verify(f, k.mac, k.cut); err != nil {
		return nil, err
	}
	if f.flags&flagPriv != 0 && k.level&flagPriv == 0 {
		return nil, fmt.Errorf("%w: there is no key", ErrDecrypt)
	}
	p, err := d.safely(func() (*gosnmp.SnmpPacket, error) { return k.reader.UnmarshalTrap(f.whole, true) })
	if f.flags&flagPriv == 0 {
		return d.mended(f, p, err)
	}
	inside := f.enter() // it decrypts in place
	if inside == nil {
		_, inside = variablesOf(f.whole[f.pdu:])
	}
	if inside != nil {
		return nil, fmt.Errorf("%w: %w", ErrDecrypt, errors.Join(err, inside))
	}
	if p, err = d.mended(f, p, err); err != nil {
		// Nothing in it says whether the key was right but its form.
		return nil, fmt.Errorf("%w: %w", ErrDecrypt, err)
	}
	return p, nil
}

// readPlain reads a message of version 3 that is not signed.
func (d *decoder) readPlain(f *frame) (*gosnmp.SnmpPacket, error) {
	x := gosnmp.GoSNMP{Version: gosnmp.Version3, SecurityModel: gosnmp.UserSecurityModel, SecurityParameters: &gosnmp.UsmSecurityParameters{
		UserName: string(f.user), AuthoritativeEngineID: string(f.engine), AuthenticationProtocol: gosnmp.NoAuth, PrivacyProtocol: gosnmp.NoPriv}}
	p, err := d.safely(func() (*gosnmp.SnmpPacket, error) { return x.UnmarshalTrap(f.whole, true) })
	return d.mended(f, p, err)
}

// safely calls the decoder. A mistake in it must cost no more than a packet.
func (d *decoder) safely(f func() (*gosnmp.SnmpPacket, error)) (p *gosnmp.SnmpPacket, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("decoder: %v", r)
		}
	}()
	return f()
}

// mended is what gosnmp read, or what can be read value by value where it gave
// up. Names are those of this package, and few enough.
func (d *decoder) mended(f *frame, p *gosnmp.SnmpPacket, err error) (*gosnmp.SnmpPacket, error) {
	pdu := f.whole[f.pdu:]
	if err != nil {
		if p, err = d.mend(pdu); err != nil {
			return nil, err
		}
	}
	for i := range p.Variables {
		v := &p.Variables[i]
		if v.Name, err = cameName(v.Name); err != nil {
			return nil, err
		}
	}
	corrected(p.Variables, pdu)
	return p, nil
}

// mostMended is how many variables are read one by one. No question is answered
// with more, and it is slow: who sends only what does not decode shall not cost
// us more than that.
const mostMended = 256

// mend reads a PDU that gosnmp does not read as a whole, as a message of its
// own for each variable. Of one that it does not read either, the name alone is
// read; without a name there is no place for it, and all is refused.
func (d *decoder) mend(pdu []byte) (*gosnmp.SnmpPacket, error) {
	parts, err := takeApart(pdu)
	if err != nil {
		return nil, err
	}
	p, err := d.alone(parts.tag, parts.head, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	noError := []byte{byte(gosnmp.Integer), 1, 0, byte(gosnmp.Integer), 1, 0, byte(gosnmp.Integer), 1, 0}
	for list := parts.list; len(list) > 0; {
		if len(p.Variables) >= mostMended {
			return nil, fmt.Errorf("%w: one of more than %d variables does not decode", ErrForm, mostMended)
		}
		variable, rest, err := want(list, byte(gosnmp.Sequence))
		if err != nil {
			return nil, err
		}
		one, err := d.alone(byte(gosnmp.GetResponse), noError, list[:len(list)-len(rest)])
		if err != nil {
			_, value, bad := want(variable, byte(gosnmp.ObjectIdentifier))
			if bad != nil {
				return nil, bad
			}
			name := append([]byte(nil), variable[:len(variable)-len(value)]...)
			one, err = d.alone(byte(gosnmp.GetResponse), noError, element(byte(gosnmp.Sequence), append(name, byte(gosnmp.Null), 0)))
		}
		if err != nil || len(one.Variables) != 1 {
			return nil, fmt.Errorf("%w: variable %d: %w", ErrForm, len(p.Variables)+1, err)
		}
		p.Variables = append(p.Variables, one.Variables[0])
		list = rest
	}
	return p, nil
}

// alone reads a PDU with a list of variables as a message of version 2c. What is
// read refers to what was given.
func (d *decoder) alone(tag byte, head, list []byte) (*gosnmp.SnmpPacket, error) {
	body := append([]byte{byte(gosnmp.Integer), 1, byte(gosnmp.Version2c), byte(gosnmp.OctetString), 0},
		element(tag, append(append([]byte(nil), head...), element(byte(gosnmp.Sequence), list)...))...)
	return d.safely(func() (*gosnmp.SnmpPacket, error) {
		return d.plain.SnmpDecodePacket(element(byte(gosnmp.Sequence), body))
	})
}

// element puts tag and length before bytes.
func element(tag byte, value []byte) []byte {
	switch n := len(value); {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, value...)
	default:
		return append(binary.BigEndian.AppendUint32([]byte{tag, 0x84}, uint32(n)), value...)
	}
}

// corrected puts numbers right that gosnmp reads as what they are not: without a
// byte they are 0 to it, and ticks lose what is above 32 bits; both are Null
// here. Agents that take counters for signed write a great one as a small
// negative number.
func corrected(vs []gosnmp.SnmpPDU, pdu []byte) {
	parts, err := takeApart(pdu)
	if err != nil {
		return
	}
	list := parts.list
	for i := range vs {
		v := &vs[i]
		variable, rest, err := want(list, byte(gosnmp.Sequence))
		if err != nil {
			return
		}
		list = rest
		switch v.Type {
		case gosnmp.Counter32, gosnmp.Gauge32, gosnmp.TimeTicks, gosnmp.Counter64:
		default:
			continue
		}
		_, value, err := want(variable, byte(gosnmp.ObjectIdentifier))
		if err != nil {
			return
		}
		switch _, n, _, err := take(value); {
		case err != nil || len(n) == 0 || v.Type == gosnmp.TimeTicks && len(n) > 4 && (len(n) > 5 || n[0] != 0):
			v.Type, v.Value = gosnmp.Null, nil
		case v.Type == gosnmp.Counter64 || len(n) > 3 || n[0] < 0x80:
		default:
			all := uint32(math.MaxUint32) << (8 * len(n))
			switch x := v.Value.(type) {
			case uint32:
				v.Value = x | all
			case uint:
				v.Value = x | uint(all)
			}
		}
	}
}

// missing says whether a value is that there is none.
func missing(t gosnmp.Asn1BER) bool {
	return t == gosnmp.NoSuchObject || t == gosnmp.NoSuchInstance || t == gosnmp.EndOfMibView
}

// valueOf takes a value over. What cannot be read as what its tag says is Null:
// one broken value does not spoil those beside it.
func valueOf(v *gosnmp.SnmpPDU) Value {
	switch n := v.Value.(type) {
	case int:
		if v.Type == gosnmp.Integer {
			return Value{Kind: Integer, N: int64(n)}
		}
	case uint:
		switch {
		case v.Type == gosnmp.Counter32 && n <= math.MaxUint32:
			return Value{Kind: Counter32, U: uint64(n)}
		case v.Type == gosnmp.Gauge32 && n <= math.MaxUint32:
			return Value{Kind: Gauge32, U: uint64(n)}
		}
	case uint32:
		if v.Type == gosnmp.TimeTicks {
			return Value{Kind: TimeTicks, U: uint64(n)}
		}
	case uint64:
		if v.Type == gosnmp.Counter64 {
			return Value{Kind: Counter64, U: n}
		}
	case float32:
		return Value{Kind: OpaqueFloat, F: float64(n)}
	case float64:
		return Value{Kind: OpaqueDouble, F: n}
	case string:
		switch v.Type {
		case gosnmp.ObjectIdentifier:
			return Value{Kind: ObjectID, S: strings.TrimPrefix(n, ".")}
		case gosnmp.IPAddress:
			return Value{Kind: IPAddress, S: n}
		}
	case []byte: // of the packet
		switch v.Type {
		case gosnmp.OctetString:
			return Value{Kind: OctetString, B: append([]byte{}, n...)}
		case gosnmp.Opaque:
			return opaqueOf(n)
		}
	case nil:
		if missing(v.Type) {
			return Value{Kind: Missing}
		}
	}
	return Value{Kind: Null}
}

// opaqueOf reads what net-snmp wraps into Opaque and gosnmp does not: a tag of
// two bytes, a length of one, and a whole number of at most 64 bits
// (draft-perkins-opaque-01; NET-SNMP-TC).
func opaqueOf(b []byte) Value {
	const counter64, integer64 = 0x76, 0x7a
	if in := len(b) - 3; in >= 1 && in <= 8 && b[0] == gosnmp.AsnExtensionTag && int(b[2]) == in && (b[1] == counter64 || b[1] == integer64) {
		var wide [8]byte
		if b[1] == integer64 && b[3] >= 0x80 {
			wide = [8]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
		}
		copy(wide[8-in:], b[3:])
		if n := binary.BigEndian.Uint64(wide[:]); b[1] == counter64 {
			return Value{Kind: Counter64, U: n}
		} else {
			return Value{Kind: Integer, N: int64(n)}
		}
	}
	return Value{Kind: Opaque, B: append([]byte{}, b...)}
}
