// Package message is a second opinion of SNMP on the wire, for tests: names,
// values, messages of versions 1, 2c and 3, and what makes version 3 secure (RFC
// 1157, 3412, 3414, 3416, 3417, 3826, 7860). It shares nothing with the library
// that programs use, since two ends with one mistake would agree. Agents and
// senders of tests speak through it.
//
// It must not know sockets, who asks whom, or when a message is a good answer.
package message

import "fmt"

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

	Variables []Variable
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
	if n > len(b)-head {
		return v, fmt.Errorf("%w: value of %d bytes, %d are there", ErrForm, n, len(b)-head)
	}
	v.Value = b[head : head+n : head+n]
	return v, nil
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
	w.int(int64(p.Index))
	w.int(int64(p.Status))
	w.int(int64(p.ID))
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
