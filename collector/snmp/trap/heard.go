package trap

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"muster/collector/snmp/message"
)

// Limits of one message. A device that says more is broken or hostile.
const (
	maxMessage   = 16 << 10 // bytes
	maxVariables = 128
	maxText      = 1 << 10
)

// Variable is one value that came with a trap, as text: it is only shown.
type Variable struct {
	OID, Text string
}

// said is what a device says with a trap.
type said struct {
	oid       string // snmpTrapOID
	agent     netip.Addr
	variables []Variable
	inform    bool
}

// read names what a PDU says. A trap of version 1 is named as RFC 3584 §3.1
// says, others say it themselves (RFC 3416 §4.2.6).
func read(m *message.Message) (said, error) {
	p := &m.PDU
	var s said
	if len(p.Variables) > maxVariables {
		return s, fmt.Errorf("%w: %d variables, at most %d", message.ErrForm, len(p.Variables), maxVariables)
	}
	for _, v := range p.Variables {
		text, err := shown(v)
		if err != nil {
			return s, err
		}
		name := v.Name.String()
		if name == snmpTrapOID && p.Type != message.TrapV1 && s.oid == "" {
			s.oid = text
			continue
		}
		s.variables = append(s.variables, Variable{name, text})
	}
	switch {
	case p.Type == message.TrapV1 && m.Version == message.V1:
		s.agent = p.Trap.Agent
		switch g := p.Trap.Generic; {
		case g >= 0 && g <= 5:
			s.oid = standardTraps + "." + strconv.Itoa(int(g)+1)
		case g == 6 && p.Trap.Specific >= 0:
			s.oid = p.Trap.Enterprise.String() + ".0." + strconv.Itoa(int(p.Trap.Specific))
		}
	case p.Type == message.InformRequest && m.Version != message.V1:
		s.inform = true
	case p.Type == message.TrapV2 && m.Version != message.V1:
	default:
		return s, fmt.Errorf("%w: %#02x is no trap of its version", message.ErrForm, p.Type)
	}
	if s.oid == "" {
		return s, fmt.Errorf("%w: it does not say which trap it is", message.ErrForm)
	}
	return s, nil
}

// shown is a value as text.
func shown(v message.Variable) (string, error) {
	switch v.Tag {
	case message.Integer:
		n, err := message.Signed(v.Value)
		return strconv.FormatInt(n, 10), err
	case message.Counter32, message.Gauge32, message.TimeTicks, message.Counter64:
		n, err := message.Unsigned(v.Value)
		return strconv.FormatUint(n, 10), err
	case message.ObjectIdentifier:
		o := message.OID(v.Value)
		if err := o.Check(); err != nil {
			return "", err
		}
		return o.String(), nil
	case message.IPAddress:
		a, ok := netip.AddrFromSlice(v.Value)
		if !ok {
			return "", fmt.Errorf("%w: address of %d bytes", message.ErrForm, len(v.Value))
		}
		return a.String(), nil
	}
	b := v.Value[:min(len(v.Value), maxText)]
	s := strings.Trim(string(b), "\x00 \r\n\t")
	for _, r := range s {
		if r == utf8.RuneError || r < ' ' && r != '\t' && r != '\n' && r != '\r' {
			return hex.EncodeToString(b), nil
		}
	}
	return s, nil
}
