package message

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// OID is a name as it stands in a message: each part in groups of seven bits
// (X.690 §8.19). Check it with Check before the rest is used. A name lies below
// another if it begins with its bytes.
type OID []byte

// ParseOID reads a dotted name, with or without a leading dot. It has two parts
// at least.
func ParseOID(s string) (OID, error) {
	o, err := AppendOID(make(OID, 0, len(s)), s)
	if err != nil {
		return nil, err
	}
	return o, nil
}

// AppendOID is ParseOID into a buffer.
func AppendOID(dst OID, s string) (OID, error) {
	bad := func(why string) (OID, error) { return nil, fmt.Errorf("object identifier %q: %s", s, why) }
	rest := strings.TrimPrefix(s, ".")
	var first uint64
	for n := 0; ; n++ {
		part, after, more := strings.Cut(rest, ".")
		x, err := strconv.ParseUint(part, 10, 32)
		if err != nil || len(part) > 1 && part[0] == '0' {
			return bad("parts are numbers of 32 bits")
		}
		switch {
		case n >= maxSubIDs:
			return bad("too long")
		case n == 0:
			if first = x; x > 2 || !more {
				return bad("it begins with 0, 1 or 2 and has two parts at least")
			}
		case n == 1:
			if first < 2 && x > 39 {
				return bad("below 0 and 1 are 0 to 39 only")
			}
			dst = appendSubID(dst, first*40+x)
		default:
			dst = appendSubID(dst, x)
		}
		if !more {
			return dst, nil
		}
		rest = after
	}
}

func appendSubID(dst OID, x uint64) OID {
	shift := 0
	for x>>shift >= 0x80 {
		shift += 7
	}
	for ; shift > 0; shift -= 7 {
		dst = append(dst, 0x80|byte(x>>shift))
	}
	return append(dst, byte(x&0x7f))
}

// Check says what is wrong with a name that came from outside.
func (o OID) Check() error {
	if len(o) == 0 {
		return fmt.Errorf("%w: empty name", ErrForm)
	}
	if o[len(o)-1] >= 0x80 {
		return fmt.Errorf("%w: name cut short", ErrForm)
	}
	var x uint64
	parts, start := 0, true
	for _, b := range o {
		if start && b == 0x80 {
			// The same name written in two ways would hide a loop.
			return fmt.Errorf("%w: padded part of a name", ErrForm)
		}
		x = x<<7 | uint64(b&0x7f)
		if x > 1<<32+80 {
			return fmt.Errorf("%w: part of a name above 32 bits", ErrForm)
		}
		if start = b < 0x80; start {
			x = 0
			if parts++; parts > maxSubIDs {
				return fmt.Errorf("%w: name of more than %d parts", ErrForm, maxSubIDs)
			}
		}
	}
	return nil
}

// Compare orders names as MIBs do, by the value of their parts.
func (o OID) Compare(p OID) int {
	n := min(len(o), len(p))
	start := 0 // of the part that differs
	for i := range n {
		if o[i] != p[i] {
			// A part that takes more bytes is greater.
			if c := cmp.Compare(partLen(o[start:]), partLen(p[start:])); c != 0 {
				return c
			}
			return cmp.Compare(o[i], p[i])
		}
		if o[i] < 0x80 {
			start = i + 1
		}
	}
	return cmp.Compare(len(o), len(p))
}

func partLen(o OID) int {
	for i, b := range o {
		if b < 0x80 {
			return i + 1
		}
	}
	return len(o)
}

// String is the dotted form, without a leading dot.
func (o OID) String() string {
	out := make([]byte, 0, 3*len(o))
	var x uint64
	for i, first := 0, true; i < len(o); i++ {
		x = x<<7 | uint64(o[i]&0x7f)
		if o[i] >= 0x80 {
			continue
		}
		if first {
			// The first number is two: 40 times the first part, plus the second.
			a := min(x/40, 2)
			out = strconv.AppendUint(out, a, 10)
			x -= 40 * a
		}
		out = append(out, '.')
		out = strconv.AppendUint(out, x, 10)
		x, first = 0, false
	}
	return string(out)
}
