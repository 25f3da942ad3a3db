package session

import (
	"encoding/binary"
	"math"
	"net/netip"

	"muster/collector/snmp/message"
)

// valueOf reads a value. What cannot be read as what its tag says is Null: one
// broken value does not spoil those beside it.
func valueOf(v message.Variable) Value {
	switch v.Tag {
	case message.NoSuchObject, message.NoSuchInstance, message.EndOfMibView:
		return Value{Kind: Missing}
	case message.Integer:
		if n, err := message.Signed(v.Value); err == nil {
			return Value{Kind: Integer, N: n}
		}
	case message.OctetString:
		return Value{Kind: OctetString, B: append([]byte{}, v.Value...)}
	case message.ObjectIdentifier:
		// Some agents send an empty one for 0.0.
		if len(v.Value) == 0 {
			return Value{Kind: ObjectID, S: "0.0"}
		}
		o := message.OID(v.Value)
		if o.Check() == nil {
			return Value{Kind: ObjectID, S: o.String()}
		}
	case message.IPAddress:
		if a, ok := netip.AddrFromSlice(v.Value); ok {
			return Value{Kind: IPAddress, S: a.String()}
		}
	case message.Counter32, message.Gauge32, message.TimeTicks:
		if n, err := message.Uint32(v.Value); err == nil {
			return Value{Kind: kindOf(v.Tag), U: uint64(n)}
		}
	case message.Counter64:
		if n, err := message.Unsigned(v.Value); err == nil {
			return Value{Kind: Counter64, U: n}
		}
	case message.Opaque:
		return opaqueOf(v.Value)
	}
	return Value{Kind: Null}
}

func kindOf(tag byte) Kind {
	switch tag {
	case message.Counter32:
		return Counter32
	case message.Gauge32:
		return Gauge32
	}
	return TimeTicks
}

// opaqueOf reads what net-snmp wraps into Opaque: a tag of two bytes, a length
// of one, and a number (draft-perkins-opaque-01; NET-SNMP-TC).
func opaqueOf(b []byte) Value {
	if len(b) > 3 && b[0] == 0x9f && int(b[2]) == len(b)-3 {
		switch in := b[3:]; {
		case b[1] == 0x78 && len(in) == 4:
			return Value{Kind: OpaqueFloat, F: float64(math.Float32frombits(binary.BigEndian.Uint32(in)))}
		case b[1] == 0x79 && len(in) == 8:
			return Value{Kind: OpaqueDouble, F: math.Float64frombits(binary.BigEndian.Uint64(in))}
		case b[1] == 0x76:
			if n, err := message.Unsigned(in); err == nil {
				return Value{Kind: Counter64, U: n}
			}
		case b[1] == 0x7a:
			if n, err := message.Signed(in); err == nil {
				return Value{Kind: Integer, N: n}
			}
		}
	}
	return Value{Kind: Opaque, B: append([]byte{}, b...)}
}
