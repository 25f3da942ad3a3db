package trap

import (
	"errors"
	"fmt"
	"strconv"
)

// Limits of one message. A device that says more is broken or hostile.
const (
	maxMessage   = 16 << 10 // bytes
	maxVariables = 128
	maxSubIDs    = 128 // of a name (RFC 2578 §3.5)
	maxText      = 1 << 10
)

// Tags (ITU-T X.690; RFC 2578 §7.1, RFC 3416 §3).
const (
	tagInteger  = 0x02
	tagOctets   = 0x04
	tagNull     = 0x05
	tagOID      = 0x06
	tagSequence = 0x30
	tagAddress  = 0x40
	tagCounter  = 0x41
	tagGauge    = 0x42
	tagTicks    = 0x43
	tagOpaque   = 0x44
	tagLong     = 0x46

	tagGet      = 0xa0
	tagNext     = 0xa1
	tagResponse = 0xa2
	tagTrap1    = 0xa4
	tagBulk     = 0xa5
	tagInform   = 0xa6
	tagTrap2    = 0xa7
	tagReport   = 0xa8
)

var errForm = errors.New("malformed")

// element is one tag, length and value; all is the three together.
type element struct {
	tag   byte
	value []byte
	all   []byte
}

// take cuts the first element off.
func take(b []byte) (e element, rest []byte, err error) {
	if len(b) < 2 {
		return e, nil, fmt.Errorf("%w: cut short", errForm)
	}
	if b[0]&0x1f == 0x1f {
		return e, nil, fmt.Errorf("%w: tag of several bytes", errForm)
	}
	n, head := int(b[1]), 2
	if n >= 0x80 {
		size := n & 0x7f
		// The indefinite form is not for SNMP (RFC 3417 §8), and nothing here
		// needs more than four bytes of length.
		if size == 0 || size > 4 || len(b) < 2+size {
			return e, nil, fmt.Errorf("%w: length", errForm)
		}
		n = 0
		for _, x := range b[2 : 2+size] {
			n = n<<8 | int(x)
		}
		head += size
	}
	if n < 0 || n > len(b)-head {
		return e, nil, fmt.Errorf("%w: %d bytes announced, %d are there", errForm, n, len(b)-head)
	}
	return element{b[0], b[head : head+n], b[:head+n]}, b[head+n:], nil
}

// want cuts the first element off and holds it to a tag.
func want(b []byte, tag byte) ([]byte, []byte, error) {
	e, rest, err := take(b)
	if err != nil {
		return nil, nil, err
	}
	if e.tag != tag {
		return nil, nil, fmt.Errorf("%w: tag %#02x where %#02x is expected", errForm, e.tag, tag)
	}
	return e.value, rest, nil
}

// integer cuts a whole number off.
func integer(b []byte) (int64, []byte, error) {
	v, rest, err := want(b, tagInteger)
	if err != nil {
		return 0, nil, err
	}
	n, err := signed(v)
	return n, rest, err
}

func signed(v []byte) (int64, error) {
	if len(v) == 0 || len(v) > 8 {
		return 0, fmt.Errorf("%w: number of %d bytes", errForm, len(v))
	}
	n := int64(int8(v[0]))
	for _, x := range v[1:] {
		n = n<<8 | int64(x)
	}
	return n, nil
}

func unsigned(v []byte) (uint64, error) {
	if len(v) == 9 && v[0] == 0 {
		v = v[1:]
	}
	if len(v) == 0 || len(v) > 8 {
		return 0, fmt.Errorf("%w: number of %d bytes", errForm, len(v))
	}
	var n uint64
	for _, x := range v {
		n = n<<8 | uint64(x)
	}
	return n, nil
}

// dotted reads a name.
func dotted(v []byte) (string, error) {
	if len(v) == 0 {
		return "", fmt.Errorf("%w: empty name", errForm)
	}
	out := make([]byte, 0, 4*len(v))
	var n uint64
	count := 0
	for i, x := range v {
		n = n<<7 | uint64(x&0x7f)
		if n > 1<<32+80 {
			return "", fmt.Errorf("%w: part of a name above 32 bits", errForm)
		}
		if x&0x80 != 0 {
			if i == len(v)-1 {
				return "", fmt.Errorf("%w: name cut short", errForm)
			}
			continue
		}
		if count == 0 {
			// The first number is two: 40 times the first, plus the second.
			a := min(n/40, 2)
			out = strconv.AppendUint(out, a, 10)
			n -= 40 * a
		}
		out = append(out, '.')
		out = strconv.AppendUint(out, n, 10)
		n = 0
		if count++; count > maxSubIDs {
			return "", fmt.Errorf("%w: name of more than %d parts", errForm, maxSubIDs)
		}
	}
	return string(out), nil
}

// wrap puts a tag and a length before bytes.
func wrap(tag byte, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	var b []byte
	switch {
	case n < 0x80:
		b = append(b, tag, byte(n))
	case n < 1<<8:
		b = append(b, tag, 0x81, byte(n))
	default:
		b = append(b, tag, 0x82, byte(n>>8), byte(n))
	}
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// number encodes a whole number in as few bytes as hold it.
func number(tag byte, n int64) []byte {
	b := []byte{byte(n)}
	for n > 0x7f || n < -0x80 {
		n >>= 8
		b = append([]byte{byte(n)}, b...)
	}
	return wrap(tag, b)
}
