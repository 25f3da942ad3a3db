package report

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/x448/float16"
)

// Values are the numbers of a sample. They are nearly all of a report's bytes
// and of the time its decoding takes, so they are coded by hand: a whole
// number as a CBOR integer, any other in the shortest float that holds it.
type Values []float64

// MarshalCBOR writes an array of numbers (RFC 8949 §3.1, §4.2.2).
func (v Values) MarshalCBOR() ([]byte, error) {
	b := make([]byte, 0, 5+len(v)*6)
	b = appendHead(b, 4, uint64(len(v)))
	for _, f := range v {
		switch {
		case math.IsNaN(f):
			b = append(b, 0xf9, 0x7e, 0x00)
		case f == math.Trunc(f) && math.Abs(f) < 1<<53:
			if f < 0 {
				b = appendHead(b, 1, uint64(-f)-1)
			} else {
				b = appendHead(b, 0, uint64(f))
			}
		default:
			b = appendFloat(b, f)
		}
	}
	return b, nil
}

func appendHead(b []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n <= math.MaxUint8:
		return append(b, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}

func appendFloat(b []byte, f float64) []byte {
	f32 := float32(f)
	if float64(f32) != f {
		return binary.BigEndian.AppendUint64(append(b, 0xfb), math.Float64bits(f))
	}
	if float16.PrecisionFromfloat32(f32) == float16.PrecisionExact {
		return binary.BigEndian.AppendUint16(append(b, 0xf9), float16.Fromfloat32(f32).Bits())
	}
	return binary.BigEndian.AppendUint32(append(b, 0xfa), math.Float32bits(f32))
}

var errValues = errors.New("values are not an array of numbers")

// UnmarshalCBOR reads an array of numbers. null and undefined are NaN.
func (v *Values) UnmarshalCBOR(b []byte) error {
	major, n, b, ok := head(b)
	if !ok || major != 4 || n > MaxSeries {
		return errValues
	}
	out := make(Values, 0, n)
	for range n {
		if len(b) == 0 {
			return errValues
		}
		switch b[0] {
		case 0xf6, 0xf7:
			out = append(out, math.NaN())
			b = b[1:]
			continue
		}
		major, x, rest, ok := head(b)
		if !ok {
			return errValues
		}
		switch major {
		case 0:
			out = append(out, float64(x))
		case 1:
			out = append(out, -1-float64(x))
		case 7:
			switch b[0] {
			case 0xf9:
				out = append(out, float64(float16.Frombits(uint16(x)).Float32()))
			case 0xfa:
				out = append(out, float64(math.Float32frombits(uint32(x))))
			case 0xfb:
				out = append(out, math.Float64frombits(x))
			default:
				return errValues
			}
		default:
			return errValues
		}
		b = rest
	}
	if len(b) != 0 {
		return errValues
	}
	*v = out
	return nil
}

// head reads the first byte of an item and its argument.
func head(b []byte) (major byte, n uint64, rest []byte, ok bool) {
	if len(b) == 0 {
		return 0, 0, nil, false
	}
	major, info := b[0]>>5, b[0]&0x1f
	b = b[1:]
	switch {
	case info < 24:
		return major, uint64(info), b, true
	case info == 24 && len(b) >= 1:
		return major, uint64(b[0]), b[1:], true
	case info == 25 && len(b) >= 2:
		return major, uint64(binary.BigEndian.Uint16(b)), b[2:], true
	case info == 26 && len(b) >= 4:
		return major, uint64(binary.BigEndian.Uint32(b)), b[4:], true
	case info == 27 && len(b) >= 8:
		return major, binary.BigEndian.Uint64(b), b[8:], true
	}
	return 0, 0, nil, false
}
