package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"muster/collector/snmp/message"
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
	m := &x.said
	m.Version = message.V3
	m.Secure = message.Secure{ID: id, Flags: message.Reportable}
	m.PDU.Type, m.PDU.ID, m.PDU.Status, m.PDU.Index = message.GetRequest, id, 0, 0
	m.PDU.Variables = m.PDU.Variables[:0]
	var err error
	if x.packet, err = m.Append(x.packet[:0], nil); err != nil {
		return err
	}
	var at time.Time
	if err := x.send(ctx, &at); err != nil {
		return err
	}
	return x.receive(ctx, timeout, func() error {
		m := &x.heard
		// Whatever it reports, its engine stands in the head: some switches say
		// that the user is unknown instead. What is signed here is not ours.
		if m.Version != message.V3 || m.Secure.ID != id || m.Secure.Flags&message.Auth != 0 {
			return errStrange
		}
		if err := m.Open(nil); err != nil {
			return err
		}
		if m.PDU.Type != message.Report || !message.GoodEngine(m.Secure.Engine) {
			return errStrange
		}
		x.meet()
		return nil
	})
}

// meet takes engine and clock from a message.
func (x *exchange) meet() {
	h := &x.heard.Secure
	x.met = true
	x.learn(func(l *Learned) {
		if l.Engine == nil || !bytes.Equal(l.Engine.ID, h.Engine) {
			x.proven = false
			l.Engine = &Engine{ID: append([]byte(nil), h.Engine...)}
		}
		l.Engine.Boots, l.Engine.Time, l.Engine.At = max(h.Boots, 0), max(h.Time, 0), x.o.Now()
	})
}

// protect fills the head of a message of version 3.
func (x *exchange) protect(id int32) error {
	e := x.learned.Engine
	if x.keys == nil || x.keysFor != string(e.ID) {
		k, err := x.o.Passwords.Local(x.user, e.ID)
		if err != nil {
			return err
		}
		x.keys, x.keysFor = k, string(e.ID)
	}
	x.said.Secure = message.Secure{
		ID: id, Flags: x.user.Flags() | message.Reportable,
		Engine: e.ID, Boots: e.Boots, Time: e.now(x.o.Now()), User: []byte(x.user.Name),
		ContextEngine: e.ID, Context: []byte(x.name),
	}
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
	m := &x.heard
	h := &m.Secure
	ours := false
	for i := range x.ways {
		ours = ours || x.ways[i].id == h.ID
	}
	if !ours {
		return errStrange
	}
	keys := x.keys
	if !bytes.Equal(h.Engine, []byte(x.keysFor)) {
		if h.Flags&message.Auth != 0 {
			return errStrange // signed by an engine whose keys we did not ask with
		}
		keys = nil
	}
	if err := m.Open(keys); err != nil {
		if errors.Is(err, message.ErrDigest) {
			return errStrange
		}
		return err
	}
	level := x.user.Flags()
	if m.PDU.Type == message.Report {
		return x.report()
	}
	// An answer that is protected less than the question may be anybody's.
	if h.Flags&level != level || keys == nil || string(h.User) != x.user.Name || string(h.Context) != x.name {
		return errStrange
	}
	if level&message.Auth != 0 {
		x.meet()
	}
	return nil
}

// report takes in why a question was not answered.
func (x *exchange) report() error {
	m := &x.heard
	if len(m.PDU.Variables) == 0 {
		return errStrange
	}
	switch about := m.PDU.Variables[0].Name.String(); about {
	case unknownEngine:
		if !message.GoodEngine(m.Secure.Engine) || string(m.Secure.Engine) == x.keysFor {
			return errStrange
		}
		x.meet()
		return errAgain
	case notInWindow:
		// RFC 3414 §3.2 7a: it is signed. A box that forgot how often it booted
		// has a lower count than we know of; believing it costs nothing, since
		// only it could sign an answer to this very question.
		if m.Secure.Flags&message.Auth == 0 {
			return errStrange
		}
		x.meet()
		return errAgain
	case unknownUser:
		return fmt.Errorf("%w: device does not know user %q", ErrCredential, x.user.Name)
	case wrongDigest:
		return fmt.Errorf("%w: the password of user %q or its digest is another", ErrCredential, x.user.Name)
	case unsupportedLevel:
		return fmt.Errorf("%w: device does not take this level of security from user %q", ErrCredential, x.user.Name)
	case decryptionError:
		return fmt.Errorf("%w: cipher of user %q or the password of it is another", ErrCredential, x.user.Name)
	case unknownContext:
		return fmt.Errorf("%w: it has no context %q", ErrStatus, x.name)
	default:
		return fmt.Errorf("%w: report %s", ErrStatus, about)
	}
}
