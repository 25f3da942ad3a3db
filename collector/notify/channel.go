package notify

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Channel is one way out, set up for one destination. Safe for use by several
// goroutines.
type Channel interface {
	// Send hands one message over. Nil means that the far side took it (a
	// datagram has no far side that says so). It returns before long once ctx
	// has ended. Errors are *Failure, or *Partly when only some of several
	// recipients were reached; any other error is taken to be temporary.
	//
	// The same message may be handed over again: everything that the far side
	// can tell repeats by is the same then.
	Send(ctx context.Context, m Message) error
}

// Fate is what can be expected of trying a message again.
type Fate string

// The fates.
const (
	Temporary Fate = "temporary" // it may go through later
	Setup     Fate = "setup"     // a person has to change something, here or there: address, password, certificate, rights
	Permanent Fate = "permanent" // the far side will never take this message
)

// Failure is a message that was not taken.
type Failure struct {
	Fate  Fate
	After time.Duration // the far side asked not to come back before; 0: it did not
	Said  string        // the far side's own words, one line; may be empty
	Err   error         // what happened here; holds no secret
}

// Error implements error.
func (f *Failure) Error() string {
	switch {
	case f.Err == nil:
		return "the server says: " + f.Said
	case f.Said == "":
		return f.Err.Error()
	}
	return fmt.Sprintf("%v; the server says: %s", f.Err, f.Said)
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Partly is a message that the far side took, though not for everybody.
type Partly struct {
	Note string // who was left out and why, one line
}

// Error implements error.
func (p *Partly) Error() string { return p.Note }

// failure sees any error of a channel as a Failure.
func failure(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return &Failure{Fate: Temporary, Err: err}
}
