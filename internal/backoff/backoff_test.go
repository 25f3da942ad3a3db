package backoff

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func always(x float64) func() float64 { return func() float64 { return x } }

func TestCeilingDoublesToMax(t *testing.T) {
	// A draw of (almost) one shows the ceiling itself.
	b := Backoff{Rand: always(1)}
	want := []time.Duration{
		5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second,
		160 * time.Second, 320 * time.Second, 640 * time.Second, 15 * time.Minute, 15 * time.Minute,
	}
	for i, w := range want {
		if got := b.Next(); got != w {
			t.Errorf("wait %d: got %v, want %v", i, got, w)
		}
	}
	for range 100 { // far past the width of a shift
		if got := b.Next(); got != DefaultMax {
			t.Fatalf("after many failures: got %v, want %v", got, DefaultMax)
		}
	}
	b.Reset()
	if got := b.Next(); got != DefaultMin {
		t.Errorf("after Reset: got %v, want %v", got, DefaultMin)
	}
}

func TestJitterIsFull(t *testing.T) {
	b := Backoff{Rand: always(0)}
	for i := range 50 {
		if got := b.Next(); got != time.Second {
			t.Errorf("lowest wait %d: got %v, want 1s", i, got)
		}
	}
	var real Backoff // the real source stays inside the bounds
	for range 1000 {
		if got := real.Next(); got < time.Second || got > DefaultMax {
			t.Fatalf("out of bounds: %v", got)
		}
	}
}

func TestBoundsThatContradict(t *testing.T) {
	b := Backoff{Min: time.Hour, Max: time.Minute, Rand: always(1)}
	if got := b.Next(); got != time.Minute {
		t.Errorf("Max wins: got %v", got)
	}
}

func TestObey(t *testing.T) {
	for _, c := range []struct {
		asked time.Duration
		draw  float64
		want  time.Duration
	}{
		{30 * time.Second, 0, 30 * time.Second},
		{30 * time.Second, 1, 45 * time.Second},
		{90 * 24 * time.Hour, 0, MaxRetryAfter},
		{0, 1, DefaultMin},
		{-time.Second, 1, DefaultMin},
	} {
		b := Backoff{Rand: always(c.draw)}
		if got := b.Obey(c.asked); got != c.want {
			t.Errorf("asked %v, draw %v: got %v, want %v", c.asked, c.draw, got, c.want)
		}
		if b.Failures() != 1 {
			t.Errorf("asked %v: counted %d failures", c.asked, b.Failures())
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, c := range []struct {
		header string
		want   time.Duration
		ok     bool
	}{
		{"120", 2 * time.Minute, true},
		{" 0 ", 0, true},
		{"Wed, 04 Mar 2026 05:07:07 GMT", time.Minute, true},
		{"Wed, 04 Mar 2026 05:00:00 GMT", 0, true},
		{"99999999999999999999999", MaxRetryAfter, true},
		{"8640000", MaxRetryAfter, true},
		{"Wed, 04 Mar 2099 05:00:00 GMT", MaxRetryAfter, true},
		{"", 0, false},
		{"-5", 0, false},
		{"1.5", 0, false},
		{"soon", 0, false},
	} {
		got, ok := RetryAfter(c.header, now)
		if got != c.want || ok != c.ok {
			t.Errorf("%q: got %v %v, want %v %v", c.header, got, ok, c.want, c.ok)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"1", "Wed, 04 Mar 2026 05:07:07 GMT", "-1", "9e9", "", "\x00"} {
		f.Add(seed)
	}
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	f.Fuzz(func(t *testing.T, header string) {
		got, ok := RetryAfter(header, now)
		if got < 0 || got > MaxRetryAfter || (!ok && got != 0) {
			t.Fatalf("%q: %v %v", header, got, ok)
		}
	})
}

// A fleet must spread: over ten slots none may hold much more than its tenth.
func TestPhaseSpreads(t *testing.T) {
	const devices, slots = 20000, 10
	interval := time.Minute
	var count [slots]int
	for i := range devices {
		// Ids that differ only in their last letters, as UUIDv7 of one second do.
		p := Phase(fmt.Sprintf("01890000-0000-7000-8000-%012x", i), interval)
		if p < 0 || p >= interval {
			t.Fatalf("phase %v outside of [0, %v)", p, interval)
		}
		count[int(p*slots/interval)]++
	}
	for slot, n := range count {
		if n < devices/slots*9/10 || n > devices/slots*11/10 {
			t.Errorf("slot %d holds %d of %d devices", slot, n, devices)
		}
	}
	// Written down, because an agent of the next version must not move either.
	if got := Phase("01890000-0000-7000-8000-000000000001", time.Minute); got != 11725576907 {
		t.Errorf("the phase of a device changed to %d", got)
	}
	if Phase("a", 0) != 0 {
		t.Error("no interval has no phase")
	}
}

func TestNextAt(t *testing.T) {
	at := func(s string) time.Time {
		moment, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	for _, c := range []struct {
		now, want string
		phase     time.Duration
	}{
		{"2026-01-01T00:00:10Z", "2026-01-01T00:00:17Z", 17 * time.Second},
		{"2026-01-01T00:00:17Z", "2026-01-01T00:01:17Z", 17 * time.Second}, // strictly after
		{"2026-01-01T00:00:59.5Z", "2026-01-01T00:01:17Z", 17 * time.Second},
		{"1960-01-01T00:00:10Z", "1960-01-01T00:00:17Z", 17 * time.Second}, // clock before 1970
	} {
		if got := NextAt(at(c.now), c.phase, time.Minute); !got.Equal(at(c.want)) {
			t.Errorf("after %s: got %v, want %s", c.now, got, c.want)
		}
	}
}

func TestSleepEndsWithTimeOrContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if err := Sleep(t.Context(), 10*time.Minute); err != nil {
			t.Errorf("whole sleep: %v", err)
		}
		if took := time.Since(start); took != 10*time.Minute {
			t.Errorf("slept %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		if err := Sleep(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cut sleep: %v", err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("was cut after %v", took)
		}
		if err := Sleep(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("no sleep after the end: %v", err)
		}
	})
}

// A fleet that lost its collector: the retries of 2,000 agents in virtual time
// never bunch up. This is what full jitter is for.
func TestRetriesOfAFleetSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const agents = 2000
		perSecond := make([]int, 3600)
		start := time.Now()
		done := make(chan []int)
		for range agents {
			go func() {
				var b Backoff
				var mine []int
				for time.Since(start) < time.Hour {
					if second := int(time.Since(start) / time.Second); second < len(perSecond) {
						mine = append(mine, second)
					}
					Sleep(t.Context(), b.Next())
				}
				done <- mine
			}()
		}
		for range agents {
			for _, second := range <-done {
				perSecond[second]++
			}
		}
		for second, tries := range perSecond[300:] {
			if tries > agents/20 {
				t.Errorf("second %d: %d tries at once", second+300, tries)
			}
		}
	})
}
