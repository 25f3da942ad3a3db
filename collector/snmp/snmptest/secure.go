package snmptest

import (
	"bytes"
	"errors"
	"strconv"
	"time"

	"muster/collector/snmp/snmptest/message"
)

func plusOne(n string) string {
	x, err := strconv.ParseUint(n, 10, 32)
	if err != nil {
		panic(err)
	}
	return strconv.FormatUint(x+1, 10)
}

// Reports (RFC 3414 §5).
const (
	UnsupportedLevel = "1.3.6.1.6.3.15.1.1.1.0"
	NotInWindow      = "1.3.6.1.6.3.15.1.1.2.0"
	UnknownUser      = "1.3.6.1.6.3.15.1.1.3.0"
	UnknownEngine    = "1.3.6.1.6.3.15.1.1.4.0"
	WrongDigest      = "1.3.6.1.6.3.15.1.1.5.0"
	DecryptionError  = "1.3.6.1.6.3.15.1.1.6.0"
	UnknownContext   = "1.3.6.1.6.3.12.1.5.0"
)

// secure is an agent's side of version 3 (RFC 3414 §3.2): it opens m and
// prepares out, or makes it a report.
func (a *Agent) secure(m, out *message.Message, r *Request) (*message.Keys, Walk, bool) {
	in, o := &m.Secure, &out.Secure
	r.Sealed = in.Flags&message.Priv != 0
	clock := int32(time.Since(a.started) / time.Second)
	if a.faults.Amnesia {
		clock = min(clock, 5)
	}
	*o = message.Secure{ID: in.ID, Engine: a.Engine, Boots: a.Boots, Time: clock, User: in.User, ContextEngine: a.Engine}
	report := func(about string, flags byte) {
		r.Report = about
		o.Flags = flags
		name, err := message.ParseOID(about)
		if err != nil {
			panic(err)
		}
		out.PDU = message.PDU{Type: message.Report, ID: m.PDU.ID, Variables: []message.Variable{{Name: name, Tag: message.Counter32, Value: []byte{1}}}}
	}
	if !bytes.Equal(in.Engine, a.Engine) {
		report(UnknownEngine, 0)
		return nil, nil, !a.faults.StrangeSilent || len(in.Engine) == 0
	}
	var user *message.User
	for i := range a.Users {
		if a.Users[i].Name == string(in.User) {
			user = &a.Users[i]
		}
	}
	if user == nil {
		report(UnknownUser, 0)
		return nil, nil, true
	}
	level := user.Flags()
	if in.Flags&level != level {
		report(UnsupportedLevel, 0)
		return nil, nil, true
	}
	keys := a.keys[user.Name]
	if keys == nil {
		var err error
		if keys, err = a.pass.Local(*user, a.Engine); err != nil {
			panic(err)
		}
		a.keys[user.Name] = keys
	}
	switch err := m.Open(keys); {
	case err == nil:
	case errors.Is(err, message.ErrDigest):
		report(WrongDigest, 0)
		return nil, nil, true
	default:
		return nil, nil, false // as net-snmp: what does not decrypt is no message
	}
	if behind := int64(clock) - int64(in.Time); level&message.Auth != 0 && (in.Boots != a.Boots || behind > 150 || behind < -150) {
		report(NotInWindow, message.Auth)
		return keys, nil, true
	}
	o.Flags, o.Context = level, in.Context
	if a.faults.Unsigned {
		o.Flags = 0
	}
	r.Context = string(in.Context)
	walk := a.walk
	if r.Context != "" {
		if walk = a.Contexts[r.Context]; walk == nil {
			report(UnknownContext, level)
			return keys, nil, true
		}
	}
	return keys, walk, true
}
