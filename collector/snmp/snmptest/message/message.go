// Package message is SNMP on the wire: names, values, messages of versions 1,
// 2c and 3, and what makes version 3 secure (RFC 1157, 3412, 3414, 3416, 3417,
// 3826, 7860). Both ends are here, for tests play agents.
//
// It must not know sockets, who asks whom, or when a message is a good answer.
// Everything it reads is hostile: it is bounded, and refers to the packet
// instead of copying it.
package message

import (
	"fmt"
	"net/netip"
)

// Versions as they travel.
const (
	V1  = 0
	V2c = 1
	V3  = 3
)

// Variable is a name and its value, as bytes of the packet.
type Variable struct {
	Name  OID
	Tag   byte
	Value []byte
}

// PDU is what a message says.
type PDU struct {
	Type   byte
	ID     int32
	Status int32 // error-status; of GETBULK non-repeaters
	Index  int32 // error-index; of GETBULK max-repetitions

	// Trap is the head of a trap of version 1; ID, Status and Index are not
	// used then.
	Trap V1Trap

	Variables []Variable
}

// V1Trap is the head of a trap of version 1 (RFC 1157 §4.1.6).
type V1Trap struct {
	Enterprise        OID
	Agent             netip.Addr
	Generic, Specific int32
	Uptime            uint32 // hundredths of a second
}

// Message is one packet.
type Message struct {
	Version   int32
	Community []byte // versions 1 and 2c
	Secure    Secure // version 3
	PDU       PDU

	buf []byte // of Append, kept
}

// Parse reads a packet. What follows the message is ignored: there are agents
// that pad. Of version 3 it reads the head; Open reads the rest. The message
// refers to b, which must stay as it is while the message is used.
func (m *Message) Parse(b []byte) error {
	*m = Message{PDU: PDU{Variables: m.PDU.Variables[:0]}, buf: m.buf}
	if len(b) > MaxBytes {
		return fmt.Errorf("%w: %d bytes", ErrForm, len(b))
	}
	body, rest, err := want(b, sequence)
	if err != nil {
		return err
	}
	whole := b[:len(b)-len(rest)]
	if m.Version, body, err = wantInt(body); err != nil {
		return err
	}
	switch m.Version {
	case V1, V2c:
		if m.Community, body, err = want(body, OctetString); err != nil {
			return err
		}
		return m.PDU.parse(body)
	case V3:
		return m.Secure.parse(whole, body)
	}
	return fmt.Errorf("%w: version %d", ErrForm, m.Version)
}

// parse reads a PDU, which is the last element of what holds it.
func (p *PDU) parse(b []byte) error {
	tag, body, _, err := take(b)
	if err != nil {
		return err
	}
	p.Type = tag
	switch tag {
	case GetRequest, GetNextRequest, Response, SetRequest, GetBulkRequest, InformRequest, TrapV2, Report:
		if p.ID, body, err = wantInt(body); err != nil {
			return err
		}
		if p.Status, body, err = wantInt(body); err != nil {
			return err
		}
		if p.Index, body, err = wantInt(body); err != nil {
			return err
		}
	case TrapV1:
		if body, err = p.Trap.parse(body); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%w: PDU %#02x", ErrForm, tag)
	}
	list, _, err := want(body, sequence)
	if err != nil {
		return err
	}
	for len(list) > 0 {
		if len(p.Variables) >= MaxVariables {
			return fmt.Errorf("%w: more than %d variables", ErrForm, MaxVariables)
		}
		one, after, err := want(list, sequence)
		if err != nil {
			return err
		}
		v, err := parseVariable(one)
		if err != nil {
			return err
		}
		p.Variables = append(p.Variables, v)
		list = after
	}
	return nil
}

func parseVariable(b []byte) (v Variable, err error) {
	name, b, err := want(b, ObjectIdentifier)
	if err != nil {
		return v, err
	}
	v.Name = name
	if err := v.Name.Check(); err != nil {
		return v, err
	}
	head, n, err := length(b)
	if err != nil {
		return v, err
	}
	v.Tag = b[0]
	if n == len(b)-head+1 && v.Tag == OctetString {
		// RouterOS counts one byte too many in some texts; what holds the
		// value says where it ends.
		n--
	}
	if n > len(b)-head {
		return v, fmt.Errorf("%w: value of %d bytes, %d are there", ErrForm, n, len(b)-head)
	}
	v.Value = b[head : head+n : head+n]
	return v, nil
}

func (t *V1Trap) parse(b []byte) ([]byte, error) {
	enterprise, b, err := want(b, ObjectIdentifier)
	if err != nil {
		return nil, err
	}
	t.Enterprise = enterprise
	if err := t.Enterprise.Check(); err != nil {
		return nil, err
	}
	agent, b, err := want(b, IPAddress)
	if err != nil {
		return nil, err
	}
	var ok bool
	if t.Agent, ok = netip.AddrFromSlice(agent); !ok {
		return nil, fmt.Errorf("%w: address of %d bytes", ErrForm, len(agent))
	}
	if t.Generic, b, err = wantInt(b); err != nil {
		return nil, err
	}
	if t.Specific, b, err = wantInt(b); err != nil {
		return nil, err
	}
	up, b, err := want(b, TimeTicks)
	if err != nil {
		return nil, err
	}
	n, err := Unsigned(up)
	t.Uptime = uint32(n)
	return b, err
}

// write writes a PDU.
func (p *PDU) write(w *writer) error {
	end := w.mark()
	for i := len(p.Variables) - 1; i >= 0; i-- {
		v := &p.Variables[i]
		m := w.mark()
		w.element(v.Tag, v.Value)
		w.element(ObjectIdentifier, v.Name)
		w.wrap(sequence, m)
	}
	w.wrap(sequence, end)
	if p.Type == TrapV1 {
		m := w.mark()
		for _, shift := range []int{0, 8, 16, 24} {
			w.byte(byte(p.Trap.Uptime >> shift))
		}
		if p.Trap.Uptime >= 1<<31 {
			w.byte(0)
		}
		w.wrap(TimeTicks, m)
		w.int(int64(p.Trap.Specific))
		w.int(int64(p.Trap.Generic))
		if !p.Trap.Agent.Is4() {
			return fmt.Errorf("trap of version 1 from %v: it carries IPv4 only", p.Trap.Agent)
		}
		a := p.Trap.Agent.As4()
		w.element(IPAddress, a[:])
		w.element(ObjectIdentifier, p.Trap.Enterprise)
	} else {
		w.int(int64(p.Index))
		w.int(int64(p.Status))
		w.int(int64(p.ID))
	}
	w.wrap(p.Type, end)
	return nil
}

// Append writes the message behind dst. Of version 3, keys are those of user and
// engine, and decide with Secure.Flags how it is protected; nil protects
// nothing.
func (m *Message) Append(dst []byte, keys *Keys) ([]byte, error) {
	if m.buf == nil {
		m.buf = make([]byte, 512)
	}
	w := &writer{b: m.buf, at: len(m.buf)}
	defer func() { m.buf = w.b }()
	switch m.Version {
	case V1, V2c:
		if err := m.PDU.write(w); err != nil {
			return nil, err
		}
		w.element(OctetString, m.Community)
		w.int(int64(m.Version))
		w.wrap(sequence, 0)
	case V3:
		if err := m.writeSecure(w, keys); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("write SNMP message: version %d", m.Version)
	}
	if n := w.mark(); n > MaxBytes {
		return nil, fmt.Errorf("write SNMP message: %d bytes are more than a packet holds", n)
	}
	return append(dst, w.b[w.at:]...), nil
}

// Answer makes the response to an inform: the same variables under another tag
// (RFC 3416 §4.2.7), protected as the inform was.
func (m *Message) Answer() *Message {
	a := *m
	a.buf = nil
	a.PDU.Type, a.PDU.Status, a.PDU.Index = Response, 0, 0
	a.Secure.Flags &^= Reportable
	return &a
}

// Uint32 is the value of a Counter32, Gauge32 or TimeTicks. Agents that take
// it for signed leave the sign in or write five bytes.
func Uint32(v []byte) (uint32, error) {
	n, err := Signed(v)
	if err != nil {
		return 0, err
	}
	if n > 1<<32-1 || n < -1<<31 {
		return 0, fmt.Errorf("%w: number above 32 bits", ErrForm)
	}
	return uint32(n), nil
}
