package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gosnmp/gosnmp"
)

// errAgain: the device said what it takes to ask it; it is known now.
var errAgain = errors.New("asked with an engine or clock that is not the device's")

// What a report is about (RFC 3414 §5, RFC 3412 §5, RFC 3413 §4.1.2).
const (
	unsupportedLevel = "1.3.6.1.6.3.15.1.1.1.0"
	notInWindow      = "1.3.6.1.6.3.15.1.1.2.0"
	unknownUser      = "1.3.6.1.6.3.15.1.1.3.0"
	unknownEngine    = "1.3.6.1.6.3.15.1.1.4.0"
	wrongDigest      = "1.3.6.1.6.3.15.1.1.5.0"
	decryptionError  = "1.3.6.1.6.3.15.1.1.6.0"
	unknownContext   = "1.3.6.1.6.3.12.1.5.0"
)

// discover asks for the engine's identity and clock (RFC 3414 §4).
func (x *exchange) discover(ctx context.Context, timeout time.Duration) error {
	id := x.nextID()
	m := gosnmp.SnmpPacket{Version: gosnmp.Version3, MsgFlags: gosnmp.Reportable, SecurityModel: gosnmp.UserSecurityModel, MsgMaxSize: maxBytes,
		SecurityParameters: &gosnmp.UsmSecurityParameters{}, PDUType: gosnmp.GetRequest, MsgID: uint32(id), RequestID: uint32(id)}
	var err error
	if x.packet, err = m.MarshalMsg(); err != nil {
		return fmt.Errorf("write SNMP message: %w", err)
	}
	var at time.Time
	if err := x.send(ctx, &at); err != nil {
		return err
	}
	return x.receive(ctx, timeout, func() (err error) {
		f := &x.frame
		// Whatever it reports, its engine stands in the head: some switches say
		// that the user is unknown instead. What is signed here is not ours.
		if f.version != gosnmp.Version3 || f.id != id || f.flags&flagAuth != 0 {
			return errStrange
		}
		if x.heard, err = x.decoder.read(f, nil); err != nil {
			return err
		}
		if x.heard.PDUType != gosnmp.Report {
			return errStrange
		}
		if looksBlank(f.engine) {
			return fmt.Errorf("%w: the device's engine id %x is of zeros, which no engine may have (RFC 3411 §5); give it another", ErrGarbage, f.engine)
		}
		if !GoodEngine(f.engine) {
			return errStrange
		}
		x.meet()
		return nil
	})
}

// meet takes engine and clock from a message.
func (x *exchange) meet() {
	h := &x.frame
	x.met = true
	x.learn(func(l *Learned) {
		if l.Engine == nil || !bytes.Equal(l.Engine.ID, h.engine) {
			x.proven = false
			l.Engine = &Engine{ID: append([]byte(nil), h.engine...)}
		}
		l.Engine.Boots, l.Engine.Time, l.Engine.At = max(h.boots, 0), max(h.time, 0), x.o.Now()
	})
}

// protect fills the head of a message of version 3.
func (x *exchange) protect(id int32) error {
	e := x.learned.Engine
	if x.keys == nil || x.keys.engine != string(e.ID) {
		k, err := x.o.Passwords.local(&x.o.Credential, string(e.ID))
		if err != nil {
			return err
		}
		x.keys = k
	}
	k, m := x.keys, &x.said
	k.stamp(e.Boots, e.now(x.o.Now()))
	m.SecurityModel, m.SecurityParameters, m.MsgFlags = gosnmp.UserSecurityModel, &k.sp, gosnmp.SnmpV3MsgFlags(k.level|flagReportable)
	m.MsgID, m.MsgMaxSize, m.ContextEngineID, m.ContextName = uint32(id), maxBytes, k.engine, x.name
	return nil
}

// now is the engine's clock. It ends at 2³¹−1 (RFC 3414 §2.2.1), which is 68
// years.
func (e *Engine) now(at time.Time) int32 {
	t := int64(e.Time) + int64(at.Sub(e.At)/time.Second)
	return int32(min(max(t, 0), 1<<31-1))
}

// open reads a message of version 3, holds it to what was asked, and takes in
// reports.
func (x *exchange) open() error {
	f := &x.frame
	ours := false
	for i := range x.ways {
		ours = ours || x.ways[i].id == f.id
	}
	if !ours {
		return errStrange
	}
	k := x.keys
	same := string(f.engine) == k.engine && string(f.user) == x.o.Credential.User
	if !same && f.flags&flagAuth != 0 {
		return errStrange // signed by an engine or user whose keys we did not ask with
	}
	heard, err := x.decoder.read(f, k)
	if err != nil {
		if errors.Is(err, ErrDigest) {
			return errStrange
		}
		return err
	}
	x.heard = heard
	if heard.PDUType == gosnmp.Report {
		return x.report()
	}
	// An answer that is protected less than the question may be anybody's.
	if f.flags&k.level != k.level || !same || string(f.context) != x.name {
		return errStrange
	}
	if k.level&flagAuth != 0 {
		x.meet()
	}
	return nil
}

// report takes in why a question was not answered.
func (x *exchange) report() error {
	f, user := &x.frame, x.o.Credential.User
	if len(x.heard.Variables) == 0 {
		return errStrange
	}
	switch about := x.heard.Variables[0].Name; about {
	case unknownEngine:
		if !GoodEngine(f.engine) || string(f.engine) == x.keys.engine {
			return errStrange
		}
		x.meet()
		return errAgain
	case notInWindow:
		// RFC 3414 §3.2 7a: it is signed. A box that forgot how often it booted
		// has a lower count than we know of; believing it costs nothing, since
		// only it could sign an answer to this very question.
		if f.flags&flagAuth == 0 {
			return errStrange
		}
		x.meet()
		return errAgain
	case unknownUser:
		return fmt.Errorf("%w: device does not know user %q", ErrCredential, user)
	case wrongDigest:
		return fmt.Errorf("%w: the password of user %q or its digest is another", ErrCredential, user)
	case unsupportedLevel:
		return fmt.Errorf("%w: device does not take this level of security from user %q", ErrCredential, user)
	case decryptionError:
		return fmt.Errorf("%w: cipher of user %q or the password of it is another", ErrCredential, user)
	case unknownContext:
		return fmt.Errorf("%w: it has no context %q", ErrStatus, x.name)
	default:
		return fmt.Errorf("%w: report %s", ErrStatus, about)
	}
}
