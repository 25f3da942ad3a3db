package poll

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/collector/snmp/session"
)

// Lane is how a target is treated.
type Lane string

// The lanes; see the package comment.
const (
	Untried Lane = "untried"
	Live    Lane = "live"
	Suspect Lane = "suspect"
	Dead    Lane = "dead"
)

// Reason says how a target fails; empty when it does not.
type Reason string

// The reasons. All but Unidentified are those of the event target_lost.
const (
	Silent       Reason = "silent"       // no answer: off, another community, or the network between
	Unreachable  Reason = "unreachable"  // the network or the machine says that nobody is there
	Credentials  Reason = "credentials"  // it answers that user, key or level are wrong
	Lying        Reason = "lying"        // garbage, loops, more than can be
	TooSlow      Reason = "too_slow"     // not done within its seconds
	Unidentified Reason = "unidentified" // it answers, but people have to say which device it is
)

const (
	// doubts is how many single questions a suspect target may leave without
	// an answer before it is dead.
	doubts = 2
	// deadEvery is how often a dead target is sent its one packet, at most.
	deadEvery = time.Minute
)

// reasonOf sorts an error of a session.
func reasonOf(err error) Reason {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, session.ErrCredential):
		return Credentials
	case errors.Is(err, session.ErrRefused):
		return Unreachable
	case errors.Is(err, session.ErrTimeout):
		return Silent
	case errors.Is(err, context.DeadlineExceeded):
		return TooSlow
	}
	return Lying
}

// standing is where a target stands, and since when.
type standing struct {
	Lane       Lane      `json:"lane"`
	Reason     Reason    `json:"reason,omitempty"`
	Detail     string    `json:"detail,omitempty"`
	Since      time.Time `json:"since"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	Misses     int       `json:"misses,omitempty"` // rounds without an answer, in a row
	Lost       bool      `json:"lost,omitempty"`   // target_lost was told
}

// change is what became of a standing that people are told of.
type change uint8

const (
	nothing change = iota
	lost
	returned
	first // it answers for the first time
)

// answered: it answered, perhaps not well.
func (s *standing) answered(now time.Time, fault Reason, detail string) (c change, silent time.Duration) {
	switch {
	case s.Lane == Untried || s.AnsweredAt.IsZero():
		c = first
	case s.Lost:
		c = returned
		silent = now.Sub(s.AnsweredAt)
	}
	s.to(Live, fault, detail, now)
	s.AnsweredAt, s.Misses, s.Lost = now, 0, false
	return c, silent
}

// missed: a round went by without an answer that says anything.
func (s *standing) missed(now time.Time, why Reason, detail string) change {
	s.Misses++
	switch {
	case s.AnsweredAt.IsZero():
		s.to(Dead, why, detail, now) // it never was anything else
	case s.Misses > doubts:
		s.to(Dead, why, detail, now)
		if !s.Lost {
			s.Lost = true
			return lost
		}
	default:
		s.to(Suspect, why, detail, now)
	}
	return nothing
}

func (s *standing) to(l Lane, why Reason, detail string, now time.Time) {
	if s.Lane != l || s.Reason != why {
		s.Since = now
	}
	s.Lane, s.Reason, s.Detail = l, why, detail
}

// wait is how long until the next round, when it is not the next regular one.
func (s *standing) wait(every time.Duration) (time.Duration, bool) {
	if s.Lane == Suspect {
		return max(every/4, time.Second), true
	}
	return 0, false
}

// echoes is what is known of a target's answers to ICMP.
type echoes struct {
	Ever    bool `json:"ever,omitempty"`    // it answered one
	Now     bool `json:"now,omitempty"`     // it answered the last one
	Asked   bool `json:"asked,omitempty"`   // one was sent
	Unasked int  `json:"unasked,omitempty"` // rounds since one was sent to a target that never answered any
}

// rarely is how many rounds pass between two echoes to a target that answers
// SNMP and never answered an echo.
const rarely = 15

// due says whether this round sends an echo.
func (e *echoes) due() bool {
	if e.Ever || !e.Asked {
		return true
	}
	e.Unasked++
	if e.Unasked >= rarely {
		e.Unasked = 0
		return true
	}
	return false
}

func (e *echoes) took(answered bool) {
	e.Asked, e.Now = true, answered
	e.Ever = e.Ever || answered
}

// question says which one packet a dead target gets in its n-th round: an echo
// or a question over SNMP. One that used to answer echoes gets mostly those:
// they tell sooner that something is there again, whatever became of its agent.
func (e *echoes) question(n int) (echo bool) {
	switch {
	case !e.Ever:
		return false
	case e.Now:
		return n%2 == 0
	}
	return n%8 != 7
}

// words is what a state says of a fault.
func words(err error) string {
	if err == nil {
		return ""
	}
	s := fmt.Sprint(err)
	if len(s) > 300 {
		s = s[:300]
	}
	return s
}
