package poll

import (
	"testing"
	"time"
)

func TestStartsAreToldFromWrapsAndLies(t *testing.T) {
	const day = 24 * time.Hour
	tick := func(d time.Duration) *uint32 { return new(uint32(int64(d / (10 * time.Millisecond)))) }
	sec := func(d time.Duration) *int64 { return new(int64(d / time.Second)) }
	boots := func(n int64) *int64 { return &n }
	wrap := time.Duration(wrapTicks) * 10 * time.Millisecond // 497 days
	for _, c := range []struct {
		name          string
		before, after Clocks
		elapsed       time.Duration
		rebooted      bool
		up            time.Duration
	}{
		{"goes on", Clocks{System: tick(day)}, Clocks{System: tick(day + time.Minute)}, time.Minute, false, day + time.Minute},
		{"started", Clocks{System: tick(day)}, Clocks{System: tick(20 * time.Second)}, time.Minute, true, 20 * time.Second},
		{"started while nobody looked", Clocks{System: tick(90 * day)}, Clocks{System: tick(2 * day)}, 3 * day, true, 2 * day},
		{"wrapped", Clocks{System: tick(wrap - 30*time.Second)}, Clocks{System: tick(30 * time.Second)}, time.Minute, false, wrap + 30*time.Second},
		{"started close to a wrap", Clocks{System: tick(wrap - 20*day)}, Clocks{System: tick(30 * time.Second)}, time.Minute, true, 30 * time.Second},
		{"the agent alone was restarted", Clocks{System: tick(day), Host: tick(90 * day)}, Clocks{System: tick(5 * time.Second), Host: tick(90*day + time.Minute)}, time.Minute, false, 90*day + time.Minute},
		{"the engine tells past a wrap", Clocks{System: tick(wrap - time.Minute), Engine: sec(wrap - time.Minute)}, Clocks{System: tick(0), Engine: sec(wrap)}, time.Minute, false, wrap},
		{"no answer", Clocks{System: tick(day)}, Clocks{}, time.Minute, false, 0},
		{"one clock is missing now", Clocks{System: tick(5 * time.Minute), Host: tick(90 * day)}, Clocks{System: tick(6 * time.Minute)}, time.Minute, false, 6 * time.Minute},
		{"another clock is there now", Clocks{System: tick(5 * time.Minute)}, Clocks{System: tick(6 * time.Minute), Engine: sec(time.Minute)}, time.Minute, false, 6 * time.Minute},
		{"a negative engine", Clocks{System: tick(day), Engine: boots(-5)}, Clocks{System: tick(day + time.Minute), Engine: boots(-70)}, time.Minute, false, day + time.Minute},
		{"a clock that jumps back and lies", Clocks{System: tick(90 * day)}, Clocks{System: tick(40 * day)}, time.Minute, false, 40 * day},
		{"a clock that jitters", Clocks{System: tick(day + 3*time.Second)}, Clocks{System: tick(day + 62*time.Second)}, time.Minute, false, day + 62*time.Second},
		{"twice within an interval", Clocks{System: tick(30 * time.Second), Boots: boots(7)}, Clocks{System: tick(45 * time.Second), Boots: boots(8)}, time.Minute, true, 45 * time.Second},
		{"the count rose, the clock went on", Clocks{System: tick(day), Boots: boots(7)}, Clocks{System: tick(day + time.Minute), Boots: boots(8)}, time.Minute, false, day + time.Minute},
		{"stands still", Clocks{System: tick(0)}, Clocks{System: tick(0)}, time.Minute, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var u uptime
			now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
			if first := u.follow(c.before, now); first.Rebooted || first.Grew {
				t.Fatalf("the first reading tells %+v", first)
			}
			got := u.follow(c.after, now.Add(c.elapsed))
			if got.Rebooted != c.rebooted || got.Up.Truncate(time.Second) != c.up.Truncate(time.Second) {
				t.Errorf("%+v, want rebooted %v, up %s", got, c.rebooted, c.up)
			}
		})
	}
}

func TestAClockIsFollowedOverSeveralWraps(t *testing.T) {
	var u uptime
	at := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	up := time.Duration(0)
	for range 300 { // 5.7 years
		n := uint32(int64(up/(10*time.Millisecond)) % wrapTicks)
		if got := u.follow(Clocks{System: &n}, at); got.Rebooted || got.Up != up {
			t.Fatalf("after %s: %+v", up, got)
		}
		at, up = at.Add(7*24*time.Hour), up+7*24*time.Hour
	}
}
