package trap

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Variable is one value that came with a trap, as text: it is only shown.
type Variable struct {
	OID, Text string
}

// message is what a packet says before any of it is believed.
type message struct {
	version   int64 // 0 is 1, 1 is 2c, 3 is 3
	community string
	v3        v3
	pdu       pdu
}

// v3 is the head of a message of version 3 (RFC 3412 §6, RFC 3414 §2.4).
type v3 struct {
	id         int64
	flags      byte
	engine     []byte
	boots      int64
	time       int64
	user       string
	digest     []byte // in the packet itself, so that it can be blanked
	salt       []byte
	scoped     []byte // the scoped PDU, plain or encrypted
	sealed     bool
	ctxEngine  []byte
	ctxName    []byte
	reportable bool
}

// pdu is what a device says.
type pdu struct {
	kind      byte
	oid       string // snmpTrapOID
	agent     netip.Addr
	variables []Variable
	raw       []byte // tag to end
}

// parse reads a packet as far as it can be read without keys.
func parse(b []byte) (*message, error) {
	if len(b) > maxMessage {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", errForm, len(b), maxMessage)
	}
	body, rest, err := want(b, tagSequence)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%w: %d bytes after the end", errForm, len(rest))
	}
	m := &message{}
	if m.version, body, err = integer(body); err != nil {
		return nil, err
	}
	switch m.version {
	case 0, 1:
		c, rest, err := want(body, tagOctets)
		if err != nil {
			return nil, err
		}
		if len(c) > maxText {
			return nil, fmt.Errorf("%w: community of %d bytes", errForm, len(c))
		}
		m.community = string(c)
		m.pdu, err = parsePDU(rest)
		return m, err
	case 3:
		return m, m.v3.parse(body)
	}
	return nil, fmt.Errorf("%w: version %d", errForm, m.version)
}

func (v *v3) parse(b []byte) error {
	head, b, err := want(b, tagSequence)
	if err != nil {
		return err
	}
	if v.id, head, err = integer(head); err != nil {
		return err
	}
	if _, head, err = integer(head); err != nil { // how much the sender takes
		return err
	}
	flags, head, err := want(head, tagOctets)
	if err != nil {
		return err
	}
	if len(flags) != 1 {
		return fmt.Errorf("%w: flags of %d bytes", errForm, len(flags))
	}
	v.flags, v.reportable = flags[0], flags[0]&flagReportable != 0
	model, _, err := integer(head)
	if err != nil {
		return err
	}
	if model != userModel {
		return fmt.Errorf("%w: security model %d", errForm, model)
	}
	sec, b, err := want(b, tagOctets)
	if err != nil {
		return err
	}
	if err := v.parseSecurity(sec); err != nil {
		return err
	}
	e, _, err := take(b)
	if err != nil {
		return err
	}
	v.scoped, v.sealed = e.all, e.tag == tagOctets
	if v.sealed {
		v.scoped = e.value
	} else if e.tag != tagSequence {
		return fmt.Errorf("%w: tag %#02x where a scoped PDU is expected", errForm, e.tag)
	}
	if v.sealed != (v.flags&flagPriv != 0) || v.flags&(flagAuth|flagPriv) == flagPriv {
		return fmt.Errorf("%w: flags %#02x do not fit the message", errForm, v.flags)
	}
	return nil
}

func (v *v3) parseSecurity(b []byte) (err error) {
	b, _, err = want(b, tagSequence)
	if err != nil {
		return err
	}
	if v.engine, b, err = want(b, tagOctets); err != nil {
		return err
	}
	// RFC 3411 §5: 5 to 32 bytes, or none while it is not known.
	if n := len(v.engine); n != 0 && (n < 5 || n > 32) {
		return fmt.Errorf("%w: engine id of %d bytes", errForm, n)
	}
	if v.boots, b, err = integer(b); err != nil {
		return err
	}
	if v.time, b, err = integer(b); err != nil {
		return err
	}
	if v.boots < 0 || v.boots > maxBoots || v.time < 0 || v.time > maxBoots {
		return fmt.Errorf("%w: engine's clock", errForm)
	}
	user, b, err := want(b, tagOctets)
	if err != nil {
		return err
	}
	if len(user) > 32 { // RFC 3414 §2.4
		return fmt.Errorf("%w: user name of %d bytes", errForm, len(user))
	}
	v.user = string(user)
	if v.digest, b, err = want(b, tagOctets); err != nil {
		return err
	}
	v.salt, _, err = want(b, tagOctets)
	return err
}

// open reads the scoped PDU, in the clear.
func (v *v3) open(scoped []byte) (pdu, error) {
	b, _, err := want(scoped, tagSequence)
	if err != nil {
		return pdu{}, err
	}
	if v.ctxEngine, b, err = want(b, tagOctets); err != nil {
		return pdu{}, err
	}
	if v.ctxName, b, err = want(b, tagOctets); err != nil {
		return pdu{}, err
	}
	return parsePDU(b)
}

func parsePDU(b []byte) (pdu, error) {
	e, _, err := take(b)
	if err != nil {
		return pdu{}, err
	}
	p := pdu{kind: e.tag, raw: e.all}
	switch e.tag {
	case tagTrap1:
		return p, p.first(e.value)
	case tagInform, tagTrap2:
		return p, p.second(e.value)
	case tagGet, tagNext, tagBulk:
		return p, nil // how a sender asks for our engine
	}
	return pdu{}, fmt.Errorf("%w: %#02x is no trap", errForm, e.tag)
}

// first reads a trap of version 1 and names it as RFC 3584 §3.1 says.
func (p *pdu) first(b []byte) error {
	oid, b, err := want(b, tagOID)
	if err != nil {
		return err
	}
	enterprise, err := dotted(oid)
	if err != nil {
		return err
	}
	addr, b, err := want(b, tagAddress)
	if err != nil {
		return err
	}
	p.agent, _ = netip.AddrFromSlice(addr)
	generic, b, err := integer(b)
	if err != nil {
		return err
	}
	specific, b, err := integer(b)
	if err != nil {
		return err
	}
	switch {
	case generic >= 0 && generic <= 5:
		p.oid = standardTraps + "." + strconv.FormatInt(generic+1, 10)
	case generic == 6 && specific >= 0:
		p.oid = enterprise + ".0." + strconv.FormatInt(specific, 10)
	default:
		return fmt.Errorf("%w: trap %d.%d", errForm, generic, specific)
	}
	if _, b, err = want(b, tagTicks); err != nil {
		return err
	}
	return p.list(b)
}

// second reads a trap or inform of version 2: the first variables are
// sysUpTime and snmpTrapOID (RFC 3416 §4.2.6).
func (p *pdu) second(b []byte) error {
	var err error
	for range 3 { // request id, error status, error index
		if _, b, err = integer(b); err != nil {
			return err
		}
	}
	if err := p.list(b); err != nil {
		return err
	}
	for i, v := range p.variables {
		if v.OID == snmpTrapOID {
			p.oid = v.Text
			p.variables = append(p.variables[:i:i], p.variables[i+1:]...)
			break
		}
	}
	if p.oid == "" {
		return fmt.Errorf("%w: it does not say which trap it is", errForm)
	}
	return nil
}

func (p *pdu) list(b []byte) error {
	b, _, err := want(b, tagSequence)
	if err != nil {
		return err
	}
	for len(b) > 0 {
		if len(p.variables) == maxVariables {
			return fmt.Errorf("%w: more than %d variables", errForm, maxVariables)
		}
		var pair []byte
		if pair, b, err = want(b, tagSequence); err != nil {
			return err
		}
		name, pair, err := want(pair, tagOID)
		if err != nil {
			return err
		}
		v := Variable{}
		if v.OID, err = dotted(name); err != nil {
			return err
		}
		e, _, err := take(pair)
		if err != nil {
			return err
		}
		if v.Text, err = shown(e); err != nil {
			return err
		}
		p.variables = append(p.variables, v)
	}
	return nil
}

// shown is a value as text.
func shown(e element) (string, error) {
	switch e.tag {
	case tagInteger:
		n, err := signed(e.value)
		return strconv.FormatInt(n, 10), err
	case tagCounter, tagGauge, tagTicks, tagLong:
		n, err := unsigned(e.value)
		return strconv.FormatUint(n, 10), err
	case tagOID:
		return dotted(e.value)
	case tagAddress:
		a, ok := netip.AddrFromSlice(e.value)
		if !ok {
			return "", fmt.Errorf("%w: address of %d bytes", errForm, len(e.value))
		}
		return a.String(), nil
	}
	v := e.value
	if len(v) > maxText {
		v = v[:maxText]
	}
	s := strings.Trim(string(v), "\x00 \r\n\t")
	for _, r := range s {
		if r == utf8.RuneError || r < ' ' && r != '\t' && r != '\n' && r != '\r' {
			return hex.EncodeToString(v), nil
		}
	}
	return s, nil
}
