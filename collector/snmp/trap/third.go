package trap

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"muster/collector/snmp/message"
)

// Counters of RFC 3414 §5 that a report names.
const (
	notInWindows   = "1.3.6.1.6.3.15.1.1.2.0" // usmStatsNotInTimeWindows
	unknownEngines = "1.3.6.1.6.3.15.1.1.4.0" // usmStatsUnknownEngineIDs
)

// maxBoots is where an engine's count of starts sticks (RFC 3414 §2.2.1).
const maxBoots = 1<<31 - 1

// Errors about users.
var (
	errUser  = errors.New("no such user")
	errStale = errors.New("outside the time window")
)

// third judges a message of version 3. Traps come under the sender's engine,
// informs under ours, which a sender first has to learn: that is answered.
func (l *Listener) third(m *message.Message, n *Notice) (reply func() []byte, answer []byte, err error) {
	s := &m.Secure
	n.Version = "3"
	ours := bytes.Equal(s.Engine, l.o.Engine.ID)
	if s.Flags&message.Reportable != 0 && !ours {
		l.count(func(s *Stats) { s.Discovered++ })
		return nil, l.report(m, nil, unknownEngines), errSilently
	}
	if !message.GoodEngine(s.Engine) || s.Boots < 0 || s.Time < 0 {
		return nil, nil, fmt.Errorf("%w: engine", message.ErrForm)
	}
	k, err := l.open(m)
	if err != nil {
		return nil, nil, err
	}
	if s.Flags&message.Auth != 0 {
		n.Authentic = true
		if ours {
			now := l.clock(n.At)
			if s.Boots != l.o.Engine.Boots || max(s.Time-now, now-s.Time) > int32(window/time.Second) {
				return nil, l.report(m, k, notInWindows), errStale
			}
		} else {
			switch l.engines.follow(string(s.Engine), n.From, int64(s.Boots), int64(s.Time), n.At) {
			case stale:
				return nil, nil, errStale
			case doubtful:
				n.Authentic = false
			}
		}
	}
	if ours != (m.PDU.Type == message.InformRequest) {
		return nil, nil, fmt.Errorf("%w: a PDU that does not belong here", message.ErrForm)
	}
	return func() []byte {
		a := m.Answer()
		l.stamp(a)
		return l.append(a, k)
	}, nil, nil
}

// open finds the user whose key signed the message, and reads it: two
// credentials may share a name. A user who has a key is not heard without. The
// digest is checked before anything is worked out for the cipher, which can be
// slow.
func (l *Listener) open(m *message.Message) (*message.Keys, error) {
	err := errUser
	level := m.Secure.Flags & (message.Auth | message.Priv)
	for _, u := range l.users() {
		if u.Name != string(m.Secure.User) {
			continue
		}
		if u.Flags() != level {
			err = message.ErrLevel
			continue
		}
		signs := u
		signs.Priv, signs.PrivPass = "", ""
		var k *message.Keys
		if k, err = l.o.Passwords.Local(signs, m.Secure.Engine); err != nil {
			continue
		}
		if level&message.Priv == 0 {
			if err = m.Open(k); err == nil {
				return k, nil
			}
			continue
		}
		if err = m.Open(k); !errors.Is(err, message.ErrDecrypt) {
			continue
		}
		if k, err = l.o.Passwords.Local(u, m.Secure.Engine); err != nil {
			continue
		}
		if err = m.Open(k); err == nil {
			return k, nil
		}
	}
	return nil, err
}

// usersEvery is how often the users are asked for anew.
const usersEvery = 30 * time.Second

func (l *Listener) users() []message.User {
	now := l.o.Now()
	if l.o.Users != nil && (l.usersAt.IsZero() || now.Sub(l.usersAt) >= usersEvery) {
		l.known, l.usersAt = l.o.Users(), now
	}
	return l.known
}

// clock is our engine's time: seconds since its start.
func (l *Listener) clock(now time.Time) int32 {
	return int32(min(now.Sub(l.started)/time.Second, maxBoots))
}

// stamp puts our engine and its clock on a message.
func (l *Listener) stamp(m *message.Message) {
	m.Secure.Engine, m.Secure.Boots, m.Secure.Time = l.o.Engine.ID, l.o.Engine.Boots, l.clock(l.o.Now())
	m.Secure.MaxSize = maxMessage
}

// report says to a sender what it has to learn: our engine or its clock. With
// keys it is authentic (RFC 3414 §3.2, 3b and 7a).
func (l *Listener) report(to *message.Message, k *message.Keys, counter string) []byte {
	name, err := message.ParseOID(counter)
	if err != nil {
		return nil
	}
	l.reports++
	m := &message.Message{Version: message.V3}
	m.Secure.ID, m.Secure.User = to.Secure.ID, to.Secure.User
	m.Secure.ContextEngine = l.o.Engine.ID
	if k != nil {
		m.Secure.Flags = to.Secure.Flags & message.Auth
	}
	l.stamp(m)
	n := l.reports
	m.PDU = message.PDU{Type: message.Report, Variables: []message.Variable{{Name: name, Tag: message.Counter32, Value: []byte{0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}}}}
	return l.append(m, k)
}

// append is a message as bytes; what cannot be made is not sent.
func (l *Listener) append(m *message.Message, k *message.Keys) []byte {
	b, err := m.Append(nil, k)
	if err != nil {
		l.o.Log.Error("answer to an inform could not be made", "error", err)
		return nil
	}
	return b
}

// sameText compares in a time that does not tell where they differ.
func sameText(a string, b []byte) bool { return subtle.ConstantTimeCompare([]byte(a), b) == 1 }
