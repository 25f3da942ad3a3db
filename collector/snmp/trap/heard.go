package trap

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"muster/collector/snmp/session"
)

// Limits of one message. A device that says more is broken or hostile.
const (
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

// read names what a message says. A trap of version 1 is named as RFC 3584 §3.1
// says, others say it themselves (RFC 3416 §4.2.6).
func read(m *session.Unasked) (said, error) {
	var s said
	if len(m.Variables) > maxVariables {
		return s, fmt.Errorf("%w: %d variables, at most %d", session.ErrForm, len(m.Variables), maxVariables)
	}
	for _, v := range m.Variables {
		text := shown(v.Value)
		if v.OID == snmpTrapOID && m.Kind != session.TrapV1 && s.oid == "" {
			s.oid = text
			continue
		}
		s.variables = append(s.variables, Variable{v.OID, text})
	}
	switch m.Kind {
	case session.TrapV1:
		s.agent = m.V1.Agent
		switch g := m.V1.Generic; {
		case g >= 0 && g <= 5:
			s.oid = standardTraps + "." + strconv.Itoa(g+1)
		case g == 6 && m.V1.Specific >= 0:
			s.oid = m.V1.Enterprise + ".0." + strconv.Itoa(m.V1.Specific)
		}
	case session.Inform:
		s.inform = true
	case session.TrapV2:
	default:
		return s, fmt.Errorf("%w: no trap of its version", session.ErrForm)
	}
	if s.oid == "" {
		return s, fmt.Errorf("%w: it does not say which trap it is", session.ErrForm)
	}
	return s, nil
}

// shown is a value as text; what could not be read has none.
func shown(v session.Value) string {
	switch v.Kind {
	case session.Integer:
		return strconv.FormatInt(v.N, 10)
	case session.Counter32, session.Gauge32, session.TimeTicks, session.Counter64:
		return strconv.FormatUint(v.U, 10)
	case session.ObjectID, session.IPAddress:
		return v.S
	case session.OpaqueFloat, session.OpaqueDouble:
		return strconv.FormatFloat(v.F, 'g', -1, 64)
	}
	b := v.B[:min(len(v.B), maxText)]
	s := strings.Trim(string(b), "\x00 \r\n\t")
	for _, r := range s {
		if r == utf8.RuneError || r < ' ' && r != '\t' && r != '\n' && r != '\r' {
			return hex.EncodeToString(b)
		}
	}
	return s
}
