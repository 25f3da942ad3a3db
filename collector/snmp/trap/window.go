package trap

import (
	"crypto/sha256"
	"net/netip"
	"time"
)

const (
	// window is how far behind its engine's clock a message may be (RFC 3414
	// §2.2.3).
	window = 150 * time.Second
	// mostSeen bounds the messages remembered as seen, in each of two halves.
	mostSeen = 1 << 15
	// mostEngines bounds the engines whose clocks are followed. Only messages
	// with a right digest come here.
	mostEngines = 1 << 15
)

// seen remembers messages for at least window and at most twice as long: what
// comes again from the same source is a repetition or a replay.
type seen struct {
	now, before map[[16]byte]struct{}
	turned      time.Time
}

// add says whether a message is new.
func (s *seen) add(from netip.Addr, packet []byte, at time.Time) bool {
	if s.now == nil || at.Sub(s.turned) > window || len(s.now) >= mostSeen {
		s.before, s.now, s.turned = s.now, map[[16]byte]struct{}{}, at
	}
	h := sha256.New()
	a := from.As16()
	h.Write(a[:])
	h.Write(packet)
	k := [16]byte(h.Sum(nil)[:16])
	if _, old := s.now[k]; old {
		return false
	}
	if _, old := s.before[k]; old {
		return false
	}
	s.now[k] = struct{}{}
	return true
}

// clock is how far an engine's clock is known to be, and who it belongs to.
type clock struct {
	boots, time int64
	at          time.Time // when that was heard
	from        netip.Addr
}

// engines follows the clocks of those who send (RFC 3414 §3.2, 7b). Boxes that
// were cloned share an engine id. The address heard first owns it: what comes
// from another is heard and never authentic, since it may as well be what the
// first one said once. An owner that says nothing for a day loses it.
type engines struct {
	clocks map[string]clock
}

// ownership is how long an engine's owner may be silent.
const ownership = 24 * time.Hour

// judged is what the window says of a message.
type judged uint8

const (
	timely judged = iota
	doubtful
	stale
)

// follow takes in the clock of a message whose digest was right.
func (e *engines) follow(engine string, from netip.Addr, boots, t int64, at time.Time) judged {
	if boots >= maxBoots {
		return stale // such an engine has to be set up anew (RFC 3414 §2.2.2)
	}
	c, known := e.clocks[engine]
	if known {
		if from != c.from && at.Sub(c.at) < ownership {
			return doubtful
		}
		expected := c.time + int64(at.Sub(c.at)/time.Second)
		if boots < c.boots || boots == c.boots && t < expected-int64(window/time.Second) {
			return stale
		}
	}
	if e.clocks == nil {
		e.clocks = map[string]clock{}
	}
	if !known && len(e.clocks) >= mostEngines {
		for other := range e.clocks { // any one: it is learned again by its next message
			delete(e.clocks, other)
			break
		}
	}
	if !known || boots > c.boots || t > c.time || from != c.from {
		e.clocks[engine] = clock{boots, t, at, from}
	}
	return timely
}

// bucket is a token bucket.
type bucket struct {
	tokens float64
	at     time.Time
}

// take takes a token when there is one; rate is tokens a second, burst how many
// there can be.
func (b *bucket) take(rate, burst float64, at time.Time) bool {
	if b.at.IsZero() {
		b.tokens = burst
	} else {
		b.tokens = min(burst, b.tokens+max(at.Sub(b.at).Seconds(), 0)*rate)
	}
	b.at = at
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
