package snmptest

import (
	"encoding/binary"
	"net/netip"

	"muster/collector/snmp/session"
	"muster/collector/snmp/snmptest/message"
)

// Of is the walk of what a session would have read. What no agent could send,
// such as an address that was blackened, is left out.
func Of(list []session.Variable) Walk {
	var out []message.Variable
	for _, v := range list {
		if x, ok := onWire(v); ok {
			out = append(out, x)
		}
	}
	return Sorted(out)
}

// onWire is a variable as an agent sends it. False: no agent could, such as an
// address that was blackened.
func onWire(v session.Variable) (out message.Variable, ok bool) {
	var err error
	if out.Name, err = message.ParseOID(v.OID); err != nil {
		return out, false
	}
	unsigned := func(tag byte) {
		out.Tag, out.Value = tag, shortest(append([]byte{0}, binary.BigEndian.AppendUint64(nil, v.U)...))
	}
	switch v.Kind {
	case session.Integer:
		out.Tag, out.Value = message.Integer, shortest(binary.BigEndian.AppendUint64(nil, uint64(v.N)))
	case session.OctetString:
		out.Tag, out.Value = message.OctetString, v.B
	case session.Opaque:
		out.Tag, out.Value = message.Opaque, v.B
	case session.Null:
		out.Tag = message.Null
	case session.ObjectID:
		out.Tag = message.ObjectIdentifier
		out.Value, err = message.ParseOID(v.S)
	case session.IPAddress:
		var a netip.Addr
		a, err = netip.ParseAddr(v.S)
		out.Tag, out.Value = message.IPAddress, a.AsSlice()
	case session.Counter32:
		unsigned(message.Counter32)
	case session.Gauge32:
		unsigned(message.Gauge32)
	case session.TimeTicks:
		unsigned(message.TimeTicks)
	case session.Counter64:
		unsigned(message.Counter64)
	default:
		return out, false
	}
	return out, err == nil
}

// shortest leaves out leading bytes that say nothing (ITU-T X.690 §8.3.2).
func shortest(b []byte) []byte {
	for len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80) {
		b = b[1:]
	}
	return b
}
