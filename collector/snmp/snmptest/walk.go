package snmptest

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/snmp/snmptest/message"
)

// Walk is what an agent knows, in the order of names.
type Walk []message.Variable

// ParseWalk reads a walk: a line for each variable,
//
//	1.3.6.1.2.1.1.5.0  text   "core-1"
//
// name, type, value. Types: int, text (as Go quotes it), hex, oid, ip,
// counter, gauge, ticks, counter64, opaque (hex), float, double, null. What
// follows # at the beginning of a line is for people.
func ParseWalk(text string) (Walk, error) {
	var w Walk
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		v, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("walk, line %d: %w", i+1, err)
		}
		w = append(w, v)
	}
	slices.SortStableFunc(w, func(a, b message.Variable) int { return a.Name.Compare(b.Name) })
	for i := 1; i < len(w); i++ {
		if w[i].Name.Compare(w[i-1].Name) == 0 {
			return nil, fmt.Errorf("walk: %v is there twice", w[i].Name)
		}
	}
	return w, nil
}

func parseLine(line string) (v message.Variable, err error) {
	name, rest, _ := strings.Cut(line, " ")
	kind, value, _ := strings.Cut(strings.TrimSpace(rest), " ")
	value = strings.TrimSpace(value)
	if v.Name, err = message.ParseOID(name); err != nil {
		return v, err
	}
	number := func(tag byte, bits int) error {
		n, err := strconv.ParseUint(value, 10, bits)
		v.Tag, v.Value = tag, unsigned(n)
		return err
	}
	switch kind {
	case "int":
		var n int64
		n, err = strconv.ParseInt(value, 10, 32)
		v.Tag, v.Value = message.Integer, binary.BigEndian.AppendUint32(nil, uint32(n))
	case "text":
		var s string
		s, err = strconv.Unquote(value)
		v.Tag, v.Value = message.OctetString, []byte(s)
	case "hex":
		v.Tag = message.OctetString
		v.Value, err = hex.DecodeString(strings.ReplaceAll(value, " ", ""))
	case "oid":
		v.Tag = message.ObjectIdentifier
		v.Value, err = message.ParseOID(value)
	case "ip":
		var a netip.Addr
		a, err = netip.ParseAddr(value)
		v.Tag, v.Value = message.IPAddress, a.AsSlice()
	case "counter":
		err = number(message.Counter32, 32)
	case "gauge":
		err = number(message.Gauge32, 32)
	case "ticks":
		err = number(message.TimeTicks, 32)
	case "counter64":
		err = number(message.Counter64, 64)
	case "opaque":
		v.Tag = message.Opaque
		v.Value, err = hex.DecodeString(value)
	case "float":
		var f float64
		f, err = strconv.ParseFloat(value, 32)
		v.Tag, v.Value = message.Opaque, binary.BigEndian.AppendUint32([]byte{0x9f, 0x78, 4}, math.Float32bits(float32(f)))
	case "double":
		var f float64
		f, err = strconv.ParseFloat(value, 64)
		v.Tag, v.Value = message.Opaque, binary.BigEndian.AppendUint64([]byte{0x9f, 0x79, 8}, math.Float64bits(f))
	case "null":
		v.Tag = message.Null
	default:
		err = fmt.Errorf("no type %q", kind)
	}
	if err != nil {
		return v, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}

// Sorted is a walk made of variables in any order. Of two with one name the last
// counts.
func Sorted(list []message.Variable) Walk {
	w := Walk(slices.Clone(list))
	slices.SortStableFunc(w, func(a, b message.Variable) int { return a.Name.Compare(b.Name) })
	out := w[:0]
	for _, v := range w {
		if n := len(out); n > 0 && out[n-1].Name.Compare(v.Name) == 0 {
			out[n-1] = v
		} else {
			out = append(out, v)
		}
	}
	return out
}

// clocks are objects that go on where an agent is Ticking: sysUpTime,
// hrSystemUptime, snmpEngineTime, each with its unit.
func clocks() map[string]time.Duration {
	out := map[string]time.Duration{}
	for name, unit := range map[string]time.Duration{
		"1.3.6.1.2.1.1.3.0":      10 * time.Millisecond,
		"1.3.6.1.2.1.25.1.1.0":   10 * time.Millisecond,
		"1.3.6.1.6.3.10.2.1.3.0": time.Second,
	} {
		o, err := message.ParseOID(name)
		if err != nil {
			panic(err)
		}
		out[string(o)] = unit
	}
	return out
}

// now is a variable as it is at this moment: clocks have gone on.
func (a *Agent) now(v message.Variable) message.Variable {
	unit := a.clocks[string(v.Name)]
	if !a.Ticking || unit == 0 || v.Tag != message.TimeTicks && v.Tag != message.Integer {
		return v
	}
	var n uint64
	for _, b := range v.Value {
		n = n<<8 | uint64(b)
	}
	v.Value = unsigned(uint64(uint32(n + uint64(time.Since(a.started)/unit))))
	return v
}

// unsigned is a number as few bytes as it takes, the first bit being 0.
func unsigned(n uint64) []byte {
	b := binary.BigEndian.AppendUint64([]byte{0}, n)
	for len(b) > 1 && b[0] == 0 && b[1] < 0x80 {
		b = b[1:]
	}
	return b
}

// get finds a variable by its name.
func (w Walk) get(name message.OID) (message.Variable, bool) {
	i, ok := slices.BinarySearchFunc(w, name, func(v message.Variable, n message.OID) int { return v.Name.Compare(n) })
	if !ok {
		return message.Variable{}, false
	}
	return w[i], true
}

// next finds what follows a name.
func (w Walk) next(name message.OID) (message.Variable, bool) {
	i, ok := slices.BinarySearchFunc(w, name, func(v message.Variable, n message.OID) int { return v.Name.Compare(n) })
	if ok {
		i++
	}
	if i >= len(w) {
		return message.Variable{}, false
	}
	return w[i], true
}
