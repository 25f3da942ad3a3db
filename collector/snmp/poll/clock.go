package poll

import "time"

// Clocks are the times since a start that a device tells. One that did not
// answer is nil, and no sign of anything.
type Clocks struct {
	System *uint32 // sysUpTime, hundredths of a second since the agent's start
	Host   *uint32 // hrSystemUptime, likewise, since the machine's
	Engine *int64  // snmpEngineTime, seconds; negative ones do occur and count as none
	Boots  *int64  // snmpEngineBoots
}

const (
	// wrapTicks is where TimeTicks pass zero: 497 days (RFC 2578 §7.1.8).
	wrapTicks = 1 << 32
	// slack is how far a device's clock may be off between two readings, plus
	// a hundredth of the time between them.
	slack = 2 * time.Minute
)

// ticks is a clock of hundredths of a second, followed over its wraps.
type ticks struct {
	Value uint32 `json:"value"`
	Wraps int64  `json:"wraps,omitempty"`
}

func (t ticks) since() time.Duration {
	// A clock that wrapped often enough to overflow a Duration wrapped because
	// it lies; 292 years are bound enough.
	return time.Duration(min(t.Wraps*wrapTicks+int64(t.Value), 1<<53)) * 10 * time.Millisecond
}

// follow takes the next value of a clock, elapsed after the last.
func (t *ticks) follow(v uint32, elapsed time.Duration) {
	if v < t.Value {
		expected := int64(t.Value) + int64(elapsed/(10*time.Millisecond))
		off := time.Duration(expected-wrapTicks-int64(v)) * 10 * time.Millisecond
		if expected >= wrapTicks-int64(slack/(10*time.Millisecond)) && off.Abs() <= slack+elapsed/100 {
			t.Wraps++
		} else {
			t.Wraps = 0
		}
	}
	t.Value = v
}

// uptime follows the clocks of a device from reading to reading.
type uptime struct {
	At     time.Time `json:"at"`
	System *ticks    `json:"system,omitempty"`
	Host   *ticks    `json:"host,omitempty"`
	Engine *int64    `json:"engine,omitempty"`
	Boots  *int64    `json:"boots,omitempty"`
}

// turn is what a reading of the clocks tells.
type turn struct {
	Up       time.Duration // the greatest of the clocks; 0 when none answered
	Known    bool          // Up was told
	Rebooted bool          // between the last reading and this one
	Grew     bool          // the agent's own clock went on, so that counters may have wrapped
}

// follow compares the clocks with how they stood before. The machine was
// started anew when the greatest of those told both times fell to what can
// have passed since: sysUpTime alone falls with the agent's process, and any
// may wrap or be missing.
func (u *uptime) follow(c Clocks, now time.Time) turn {
	var t turn
	elapsed := now.Sub(u.At)
	had := !u.At.IsZero() && elapsed >= 0
	var before, after time.Duration // of clocks told both times
	both := false
	compare := func(old, new time.Duration) {
		before, after, both = max(before, old), max(after, new), true
	}
	tick := func(old **ticks, v *uint32) {
		if v == nil {
			return
		}
		if *old == nil || !had {
			*old = &ticks{Value: *v}
		} else {
			was := (*old).since()
			(*old).follow(*v, elapsed)
			compare(was, (*old).since())
		}
		t.Up, t.Known = max(t.Up, (*old).since()), true
	}
	was := u.System
	if was != nil {
		was = new(*was)
	}
	tick(&u.System, c.System)
	t.Grew = had && was != nil && c.System != nil && u.System.since() > was.since()
	tick(&u.Host, c.Host)
	if c.Engine != nil && *c.Engine >= 0 && *c.Engine < 1<<31 {
		up := time.Duration(*c.Engine) * time.Second
		if u.Engine != nil && had {
			compare(time.Duration(*u.Engine)*time.Second, up)
		}
		u.Engine = c.Engine
		t.Up, t.Known = max(t.Up, up), true
	}
	risen := c.Boots != nil && u.Boots != nil && *c.Boots > *u.Boots
	if c.Boots != nil {
		u.Boots = c.Boots
	}
	if both {
		// What fell, but not to a time that can have passed since, is a clock
		// that lies.
		fell := after < before && after <= elapsed+elapsed/100+slack
		// Two starts within one interval leave a clock that did not fall, but
		// is behind; the engine's count of starts tells.
		behind := risen && after+5*time.Second < before+elapsed && after <= elapsed+slack
		t.Rebooted = fell || behind
	}
	u.At = now
	return t
}
