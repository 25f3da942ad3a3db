package trap

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"muster/collector/snmp/session"
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
func (l *Listener) third(m *session.Unasked, n *Notice) (reply func() []byte, answer []byte, err error) {
	ours := bytes.Equal(m.Engine, l.o.Engine.ID)
	if m.Reportable && !ours {
		l.count(func(s *Stats) { s.Discovered++ })
		return nil, l.report(m, false, unknownEngines), errSilently
	}
	if !session.GoodEngine(m.Engine) || m.Boots < 0 || m.Time < 0 {
		return nil, nil, fmt.Errorf("%w: engine", session.ErrForm)
	}
	if err := l.open(m); err != nil {
		return nil, nil, err
	}
	if m.Signed {
		n.Authentic = true
		if ours {
			now := l.clock(n.At)
			if m.Boots != l.o.Engine.Boots || max(m.Time-now, now-m.Time) > int32(window/time.Second) {
				return nil, l.report(m, true, notInWindows), errStale
			}
		} else {
			switch l.engines.follow(string(m.Engine), n.From, int64(m.Boots), int64(m.Time), n.At) {
			case stale:
				return nil, nil, errStale
			case doubtful:
				n.Authentic = false
			}
		}
	}
	if ours != (m.Kind == session.Inform) {
		return nil, nil, fmt.Errorf("%w: a PDU that does not belong here", session.ErrForm)
	}
	return func() []byte { return l.written(m.Answer(l.who())) }, nil, nil
}

// open finds the user whose key signed the message, and reads it: two
// credentials may share a name. A user who has a key is not heard without.
func (l *Listener) open(m *session.Unasked) error {
	err := errUser
	for _, c := range l.users() {
		if c.User != m.User {
			continue
		}
		if err = m.Open(l.o.Passwords, &c); err == nil {
			return nil
		}
	}
	return err
}

// usersEvery is how often the users are asked for anew.
const usersEvery = 30 * time.Second

func (l *Listener) users() []session.Credential {
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

// who is our engine and its clock.
func (l *Listener) who() session.Clock {
	return session.Clock{Engine: l.o.Engine.ID, Boots: l.o.Engine.Boots, Time: l.clock(l.o.Now())}
}

// report says to a sender what it has to learn: our engine or its clock.
func (l *Listener) report(to *session.Unasked, signed bool, counter string) []byte {
	l.reports++
	return l.written(to.Report(l.who(), signed, counter, l.reports))
}

// written is a message as bytes; what cannot be made is not sent.
func (l *Listener) written(b []byte, err error) []byte {
	if err != nil {
		l.o.Log.Debug("answer to an inform could not be made", "error", err)
		return nil
	}
	return b
}

// sameText compares in a time that does not tell where they differ.
func sameText(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
