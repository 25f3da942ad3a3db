package enroll

import (
	"sync"
	"time"
)

// How far a clock may be from what is known before it is not believed.
const (
	maxBehind = 24 * time.Hour             // behind the collector's last time: clocks are set back by hand, not by days
	maxAhead  = 400 * 24 * time.Hour       // ahead of it: after that an agent has to enrol again anyway
	maxAge    = 8 * 365 * 24 * time.Hour   // ahead of the build, while no collector has told the time
	skew      = 5 * time.Minute            // offset up to which a clock counts as right
	far       = 200 * 365 * 24 * time.Hour // guards arithmetic against absurd clocks
)

// Clock tells the time for checking certificates on a machine whose own clock
// may be wrong by years: a new one with an empty battery has to be able to
// enrol. Safe for use by several goroutines.
type Clock struct {
	now   func() time.Time
	built time.Time

	mu     sync.Mutex
	server time.Time // last the collector told
	local  time.Time // own clock then, with its monotonic reading
}

// NewClock makes a clock. server is the last time a collector told, kept by
// the agent over restarts; zero when none has yet.
func NewClock(now func() time.Time, built, server time.Time) *Clock {
	return &Clock{now: now, built: built, server: server}
}

// Learn takes the collector's time out of an answer.
func (c *Clock) Learn(server time.Time) {
	if server.Before(c.built) || server.Sub(c.built) > far {
		return // nobody's clock is right who is before this build
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.server, c.local = server, c.now()
}

// Server is the last time a collector told; the agent keeps it.
func (c *Clock) Server() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.server
}

// Time is the best guess of the present. sure is false when it is only a
// lower bound, because the own clock is implausible: then it is the later of
// the build time and the last time a collector told, counted on where this
// program itself heard it.
func (c *Clock) Time() (t time.Time, sure bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if !c.local.IsZero() {
		// Heard in this run. A clock that was right then is believed as long as
		// it moves like one; it also counts the time asleep. Otherwise the
		// monotonic clock counts on from what the collector told, and may have
		// missed time asleep.
		right := c.server.Sub(c.local.Round(0)).Abs() <= skew
		if right && !now.Before(c.server.Add(-skew)) && now.Before(c.server.Add(maxAhead)) {
			return now, true
		}
		return c.server.Add(max(0, now.Sub(c.local))), false
	}
	floor, behind, ahead := c.built, time.Duration(0), maxAge
	if c.server.After(floor) {
		floor, behind, ahead = c.server, maxBehind, maxAhead
	}
	if now.Before(floor.Add(-behind)) || now.After(floor.Add(ahead)) {
		return floor, false
	}
	return now, true
}
