package message

import (
	"errors"
	"fmt"
)

// ErrForm: bytes that are no SNMP message.
var ErrForm = errors.New("malformed SNMP message")

// Limits of what is read. UDP carries no more bytes (RFC 768 over IPv4), and
// no agent sends a name longer than RFC 2578 §3.5 allows.
const (
	MaxBytes     = 65507
	MaxVariables = 4096
	maxSubIDs    = 128
	maxEngineID  = 32 // RFC 3411 §5
)

// Tags (ITU-T X.690; RFC 2578 §7.1, RFC 3416 §3, RFC 1157 §4.1.6).
const (
	Integer          = 0x02
	OctetString      = 0x04
	Null             = 0x05
	ObjectIdentifier = 0x06
	sequence         = 0x30
	IPAddress        = 0x40
	Counter32        = 0x41
	Gauge32          = 0x42
	TimeTicks        = 0x43
	Opaque           = 0x44
	Counter64        = 0x46
	NoSuchObject     = 0x80
	NoSuchInstance   = 0x81
	EndOfMibView     = 0x82

	GetRequest     = 0xa0
	GetNextRequest = 0xa1
	Response       = 0xa2
	SetRequest     = 0xa3
	TrapV1         = 0xa4
	GetBulkRequest = 0xa5
	InformRequest  = 0xa6
	TrapV2         = 0xa7
	Report         = 0xa8
)

// take cuts the first element off: its tag, its value, what follows. The
// value keeps no room behind it.
func take(b []byte) (tag byte, value, rest []byte, err error) {
	head, n, err := length(b)
	if err != nil {
		return 0, nil, nil, err
	}
	if n > len(b)-head {
		return 0, nil, nil, fmt.Errorf("%w: %d bytes announced, %d are there", ErrForm, n, len(b)-head)
	}
	return b[0], b[head : head+n : head+n], b[head+n:], nil
}

// length reads tag and length of the first element: how many bytes they take,
// and how many the value has.
func length(b []byte) (head, n int, err error) {
	if len(b) < 2 {
		return 0, 0, fmt.Errorf("%w: cut short", ErrForm)
	}
	if b[1] < 0x80 {
		return 2, int(b[1]), nil
	}
	// The indefinite form is not for SNMP (RFC 3417 §8). Four bytes hold more
	// than any message; there are agents that always write as many.
	size := int(b[1] & 0x7f)
	if size == 0 || size > 4 || len(b) < 2+size {
		return 0, 0, fmt.Errorf("%w: length", ErrForm)
	}
	var long uint64
	for _, x := range b[2 : 2+size] {
		long = long<<8 | uint64(x)
	}
	if long > MaxBytes {
		return 0, 0, fmt.Errorf("%w: %d bytes announced", ErrForm, long)
	}
	return 2 + size, int(long), nil
}

// want cuts the first element off and holds it to a tag.
func want(b []byte, tag byte) (value, rest []byte, err error) {
	t, value, rest, err := take(b)
	if err != nil {
		return nil, nil, err
	}
	if t != tag {
		return nil, nil, fmt.Errorf("%w: tag %#02x where %#02x belongs", ErrForm, t, tag)
	}
	return value, rest, nil
}

// wantInt cuts a number of 32 bits off.
func wantInt(b []byte) (int32, []byte, error) {
	v, rest, err := want(b, Integer)
	if err != nil {
		return 0, nil, err
	}
	n, err := signed(v)
	if err == nil && n != int64(int32(n)) {
		// Agents that take request-id for unsigned send five bytes.
		if n>>32 != 0 {
			err = fmt.Errorf("%w: number above 32 bits", ErrForm)
		}
	}
	return int32(n), rest, err
}

// signed reads a whole number of two's complement.
func signed(v []byte) (int64, error) {
	if len(v) == 0 || len(v) > 8 {
		return 0, fmt.Errorf("%w: number of %d bytes", ErrForm, len(v))
	}
	n := int64(int8(v[0]))
	for _, x := range v[1:] {
		n = n<<8 | int64(x)
	}
	return n, nil
}

// writer writes from the end to the front, so that each length is known when
// it is written.
type writer struct {
	b  []byte
	at int // what is written begins here
}

// room makes place for n bytes before what is written.
func (w *writer) room(n int) {
	if w.at >= n {
		return
	}
	bigger := make([]byte, 2*len(w.b)+n+64)
	at := len(bigger) - (len(w.b) - w.at)
	copy(bigger[at:], w.b[w.at:])
	w.b, w.at = bigger, at
}

func (w *writer) byte(x byte) {
	w.room(1)
	w.at--
	w.b[w.at] = x
}

func (w *writer) bytes(b []byte) {
	w.room(len(b))
	w.at -= len(b)
	copy(w.b[w.at:], b)
}

// mark is a place that stays valid when more is written.
func (w *writer) mark() int { return len(w.b) - w.at }

// wrap puts tag and length before all that was written since mark.
func (w *writer) wrap(tag byte, mark int) {
	n := w.mark() - mark
	switch {
	case n < 0x80:
		w.byte(byte(n))
	case n < 1<<8:
		w.byte(byte(n))
		w.byte(0x81)
	case n < 1<<16:
		w.byte(byte(n))
		w.byte(byte(n >> 8))
		w.byte(0x82)
	default:
		w.byte(byte(n))
		w.byte(byte(n >> 8))
		w.byte(byte(n >> 16))
		w.byte(0x83)
	}
	w.byte(tag)
}

func (w *writer) element(tag byte, value []byte) {
	m := w.mark()
	w.bytes(value)
	w.wrap(tag, m)
}

func (w *writer) int(n int64) {
	m := w.mark()
	w.byte(byte(n))
	for n > 0x7f || n < -0x80 {
		n >>= 8
		w.byte(byte(n))
	}
	w.wrap(Integer, m)
}
