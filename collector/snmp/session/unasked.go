package session

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/gosnmp/gosnmp"
)

// Unasked is a message that nobody here asked for: a trap, an inform, or the
// question of its sender who we are. Before Open it is only what the outside of
// the packet claims.
type Unasked struct {
	Version   string // 1, 2c, 3
	Community string // versions 1 and 2c

	// Version 3: the engine whose clock and keys hold, its clock in starts and
	// seconds, whether a report is wanted, whether it claims to be signed.
	Engine      []byte
	Boots, Time int32
	User        string
	Reportable  bool
	Signed      bool

	// After Open.
	Kind      UnaskedKind
	V1        V1Trap
	Variables []Variable

	frame frame
	heard *gosnmp.SnmpPacket
	keys  *keys
}

// UnaskedKind is what a message without a question is.
type UnaskedKind uint8

// The kinds of them. NoTrap is whatever belongs elsewhere.
const (
	NoTrap UnaskedKind = iota
	TrapV1
	TrapV2
	Inform
)

// MaxUnasked is how many bytes such a message may have. A device that says more
// is broken or hostile.
const MaxUnasked = 16 << 10

// V1Trap is the head of a trap of version 1 (RFC 1157 §4.1.6).
type V1Trap struct {
	Enterprise        string // dotted, without a leading dot
	Agent             netip.Addr
	Generic, Specific int
}

// Clock is an engine and its clock, ours when we answer (RFC 3414 §2.2).
type Clock struct {
	Engine      []byte
	Boots, Time int32
}

// HearUnasked looks at the outside of a packet, which must stay as it is while
// the message is used. Its error is ErrForm.
func HearUnasked(packet []byte) (*Unasked, error) {
	if len(packet) > MaxUnasked {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrForm, MaxUnasked)
	}
	f, err := look(packet)
	if err != nil {
		return nil, err
	}
	return &Unasked{frame: f, Version: map[gosnmp.SnmpVersion]string{gosnmp.Version1: "1", gosnmp.Version2c: "2c", gosnmp.Version3: "3"}[f.version],
		Community: string(f.community), Engine: f.engine, Boots: f.boots, Time: f.time, User: string(f.user),
		Reportable: f.flags&flagReportable != 0, Signed: f.flags&flagAuth != 0}, nil
}

// Open reads what the message says. Of version 3 it must come from the user of a
// credential and be protected as that says; else the error is ErrLevel,
// ErrDigest or ErrDecrypt. Before the digest is right, nothing is worked out for
// the cipher, which can be slow, and nothing is kept about its engine. The
// packet is not changed, so that another credential can be tried.
func (u *Unasked) Open(p *Passwords, c *Credential) error {
	f, err := look(slices.Clone(u.frame.whole))
	if err != nil {
		return err
	}
	var k *keys
	if f.version == gosnmp.Version3 {
		if k, err = p.prove(c, &f); err != nil {
			return err
		}
	}
	var d decoder
	m, err := d.read(&f, k)
	if err != nil {
		return err
	}
	u.frame, u.heard, u.keys = f, m, k
	u.Kind, u.Variables = NoTrap, make([]Variable, len(m.Variables))
	for i := range m.Variables {
		u.Variables[i] = Variable{OID: m.Variables[i].Name, Value: valueOf(&m.Variables[i])}
	}
	switch first := f.version == gosnmp.Version1; {
	case m.PDUType == gosnmp.Trap && first:
		u.Kind = TrapV1
		u.V1 = V1Trap{Enterprise: strings.TrimPrefix(m.Enterprise, "."), Generic: m.GenericTrap, Specific: m.SpecificTrap}
		u.V1.Agent, _ = netip.ParseAddr(m.AgentAddress) // some send none
	case m.PDUType == gosnmp.SNMPv2Trap && !first:
		u.Kind = TrapV2
	case m.PDUType == gosnmp.InformRequest && !first:
		u.Kind = Inform
	}
	return nil
}

// prove holds a message against a credential, and makes its keys.
func (p *Passwords) prove(c *Credential, f *frame) (*keys, error) {
	if err := c.checkUser(); err != nil {
		return nil, err
	}
	if string(f.user) != c.User {
		return nil, fmt.Errorf("%w: of another user", ErrDigest)
	}
	if f.flags&(flagAuth|flagPriv) != c.level() {
		return nil, ErrLevel
	}
	if f.flags&flagAuth != 0 {
		key, err := p.authKey(c, string(f.engine))
		if err != nil {
			return nil, err
		}
		a := authProtocol(c.AuthProtocol)
		if err := verify(f, macOf(a, key), digestBytes(a)); err != nil {
			return nil, err
		}
	}
	return p.local(c, string(f.engine))
}

// Answer is the response to an inform that was opened: the same variables under
// another tag (RFC 3416 §4.2.7), protected as the inform was. It refers to
// nothing.
func (u *Unasked) Answer(by Clock) ([]byte, error) {
	if u.Kind != Inform || len(u.Community) > maxCommunity {
		return nil, fmt.Errorf("answer SNMP message: it is no inform, or its community has more than %d bytes", maxCommunity)
	}
	m := gosnmp.SnmpPacket{Version: u.frame.version, Community: u.Community, PDUType: gosnmp.GetResponse, RequestID: u.heard.RequestID,
		ContextEngineID: string(u.frame.contextEngine), ContextName: string(u.frame.context)}
	for _, v := range u.heard.Variables {
		if !writable(&v) {
			v.Type, v.Value = gosnmp.Null, nil
		}
		m.Variables = append(m.Variables, v)
	}
	if u.keys != nil {
		if string(by.Engine) != u.keys.engine {
			return nil, errors.New("answer SNMP message: it was not for our engine")
		}
		u.protect(&m, by, u.keys.level)
	}
	return written(&m)
}

// Report says to the sender of a message of version 3 what it has to learn: our
// engine or its clock, under the name of a counter and its value. Signed, which
// takes a message that was opened, it is authentic (RFC 3414 §3.2, 3b and 7a).
func (u *Unasked) Report(by Clock, signed bool, counter string, n uint32) ([]byte, error) {
	m := gosnmp.SnmpPacket{Version: gosnmp.Version3, PDUType: gosnmp.Report, ContextEngineID: string(by.Engine),
		Variables: []gosnmp.SnmpPDU{{Name: counter, Type: gosnmp.Counter32, Value: n}}}
	if signed = signed && u.keys != nil && u.keys.mac != nil; signed {
		u.protect(&m, by, flagAuth)
	} else {
		m.SecurityParameters = &gosnmp.UsmSecurityParameters{AuthoritativeEngineID: string(by.Engine), UserName: u.User,
			AuthoritativeEngineBoots: uint32(by.Boots), AuthoritativeEngineTime: uint32(by.Time)}
		m.MsgID, m.SecurityModel, m.MsgMaxSize = uint32(u.frame.id), gosnmp.UserSecurityModel, MaxUnasked
	}
	return written(&m)
}

func (u *Unasked) protect(m *gosnmp.SnmpPacket, by Clock, level byte) {
	u.keys.stamp(by.Boots, by.Time)
	m.SecurityParameters, m.MsgFlags = &u.keys.sp, gosnmp.SnmpV3MsgFlags(level)
	m.MsgID, m.SecurityModel, m.MsgMaxSize = uint32(u.frame.id), gosnmp.UserSecurityModel, MaxUnasked
}

func written(m *gosnmp.SnmpPacket) ([]byte, error) {
	b, err := m.MarshalMsg()
	if err != nil {
		return nil, fmt.Errorf("write SNMP message: %w", err)
	}
	return b, nil
}

// writable says whether gosnmp writes a value as it read it.
func writable(v *gosnmp.SnmpPDU) bool {
	switch n := v.Value.(type) {
	case nil:
		return missing(v.Type) || v.Type == gosnmp.Null
	case int:
		return n == int(int32(n))
	case string:
		a, err := netip.ParseAddr(n)
		return v.Type == gosnmp.ObjectIdentifier || v.Type == gosnmp.IPAddress && err == nil && a.Is4()
	}
	return true
}
