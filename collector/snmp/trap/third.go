package trap

import (
	"bytes"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Counters of RFC 3414 §5 that a report names.
const (
	notInWindows   = "\x2b\x06\x01\x06\x03\x0f\x01\x01\x02\x00" // usmStatsNotInTimeWindows.0
	unknownEngines = "\x2b\x06\x01\x06\x03\x0f\x01\x01\x04\x00" // usmStatsUnknownEngineIDs.0
)

// third judges a message of version 3. Traps come under the sender's engine,
// informs under ours, which a sender first has to learn.
func (l *Listener) third(b []byte, m *message, n Notice) (_ Notice, reply func() []byte, answer []byte, passed bool) {
	v := &m.v3
	n.Version = "3"
	ours := bytes.Equal(v.engine, l.o.Engine.ID)
	if v.reportable && !ours {
		return n, nil, l.introduce(v), false
	}
	refuse := func(err error) (Notice, func() []byte, []byte, bool) {
		l.o.Log.Debug("a trap is refused", "from", n.From.String(), "user", v.user, "error", err)
		l.count(func(s *Stats) {
			if errors.Is(err, errForm) {
				s.Malformed++
			} else {
				s.Refused++
			}
		})
		return n, nil, nil, false
	}
	k, err := l.key(b, v)
	if err != nil {
		return refuse(err)
	}
	authentic := k.auth != nil
	if authentic {
		if ours {
			if now := l.clock(n.At); v.boots != l.o.Engine.Boots || max(v.time-now, now-v.time) > int64(window/time.Second) {
				l.count(func(s *Stats) { s.Stale++ })
				return n, nil, l.report(v, k, notInWindows), false
			}
		} else {
			switch l.engines.follow(string(v.engine), n.From, v.boots, v.time, n.At) {
			case stale:
				l.count(func(s *Stats) { s.Stale++ })
				return n, nil, nil, false
			case doubtful:
				authentic = false
			}
		}
	}
	scoped := v.scoped
	if v.sealed {
		if scoped, err = k.unseal(v); err != nil {
			return refuse(err)
		}
	}
	if m.pdu, err = v.open(scoped); err != nil {
		return refuse(err)
	}
	if !fits(m) || (m.pdu.kind == tagInform) != ours {
		return refuse(fmt.Errorf("%w: a PDU that does not belong here", errForm))
	}
	n.Authentic = authentic
	return n, func() []byte {
		raw := append([]byte(nil), m.pdu.raw...)
		raw[0] = tagResponse
		return l.message(v, k, v.flags&(flagAuth|flagPriv), raw)
	}, nil, true
}

// key finds the user whose key made the digest: two credentials may share a
// name. A user who has a key is not heard without.
func (l *Listener) key(b []byte, v *v3) (*keys, error) {
	now := l.o.Now()
	if l.users == nil || now.Sub(l.usersAt) > 30*time.Second {
		l.loadUsers(now)
	}
	err := errUser
	for _, k := range l.users[v.user] {
		switch {
		case (k.auth != nil) != (v.flags&flagAuth != 0), (k.priv != nil) != v.sealed:
			err = errLevel
		case k.auth == nil:
			return k, nil
		default:
			if err = k.check(b, v); err == nil {
				return k, nil
			}
		}
	}
	return nil, err
}

// loadUsers asks for the users anew; keys of those who stayed stay, for they
// are slow to make.
func (l *Listener) loadUsers(now time.Time) {
	old := l.users
	l.users, l.usersAt = map[string][]*keys{}, now
	if l.o.Users == nil {
		return
	}
next:
	for _, u := range l.o.Users() {
		for _, k := range old[u.Name] {
			if k.User == u {
				l.users[u.Name] = append(l.users[u.Name], k)
				continue next
			}
		}
		k, err := newKeys(u)
		if err != nil {
			l.o.Log.Warn("traps of a user cannot be heard", "error", err)
			continue
		}
		l.users[u.Name] = append(l.users[u.Name], k)
	}
}

// clock is our engine's time: seconds since its start.
func (l *Listener) clock(now time.Time) int64 { return int64(now.Sub(l.started) / time.Second) }

// introduce says who our engine is, to one that asks (RFC 3414 §4).
func (l *Listener) introduce(v *v3) []byte {
	l.count(func(s *Stats) { s.Discovered++ })
	return l.report(v, nil, unknownEngines)
}

// report makes a report of one counter; with keys it is authentic.
func (l *Listener) report(v *v3, k *keys, counter string) []byte {
	l.bad++
	list := wrap(tagSequence, wrap(tagSequence, wrap(tagOID, []byte(counter)), number(tagCounter, l.bad&maxBoots)))
	pdu := wrap(tagReport, number(tagInteger, 0), number(tagInteger, 0), number(tagInteger, 0), list)
	flags := byte(0)
	if k != nil && k.auth != nil {
		flags = flagAuth
	}
	return l.message(v, k, flags, pdu)
}

// message makes a message of ours that answers v.
func (l *Listener) message(v *v3, k *keys, flags byte, pdu []byte) []byte {
	out := &v3{engine: l.o.Engine.ID, boots: l.o.Engine.Boots, time: l.clock(l.o.Now()), user: v.user}
	ctx := v.ctxEngine
	if len(ctx) == 0 {
		ctx = out.engine
	}
	scoped := wrap(tagSequence, wrap(tagOctets, ctx), wrap(tagOctets, v.ctxName), pdu)
	if flags&flagPriv != 0 {
		l.salt++
		out.salt = binary.BigEndian.AppendUint64(nil, l.salt)
		sealed, err := k.seal(out, scoped)
		if err != nil {
			l.o.Log.Error("answer to an inform could not be encrypted", "error", err)
			return nil
		}
		scoped = wrap(tagOctets, sealed)
	}
	digest := []byte{}
	if flags&flagAuth != 0 {
		digest = make([]byte, k.d.cut)
	}
	before := wrap(tagSequence, wrap(tagOctets, out.engine), number(tagInteger, out.boots), number(tagInteger, out.time), wrap(tagOctets, []byte(out.user)))
	sec := wrap(tagOctets, wrap(tagSequence, inner(before), wrap(tagOctets, digest), wrap(tagOctets, out.salt)))
	head := wrap(tagSequence, number(tagInteger, v.id), number(tagInteger, maxMessage), wrap(tagOctets, []byte{flags}), number(tagInteger, userModel))
	b := wrap(tagSequence, number(tagInteger, 3), head, sec, scoped)
	if flags&flagAuth == 0 {
		return b
	}
	// The digest's place is found by reading what was just written.
	m, err := parse(b)
	if err != nil {
		l.o.Log.Error("answer to an inform could not be made", "error", err)
		return nil
	}
	copy(m.v3.digest, k.digest(out.engine, b))
	return b
}

// inner is the content of an element.
func inner(b []byte) []byte {
	e, _, err := take(b)
	if err != nil {
		return nil
	}
	return e.value
}

// sameText compares in a time that does not tell where they differ.
func sameText(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
