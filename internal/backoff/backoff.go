// Package backoff says when to try again and when to come by: full-jitter
// waits after failures, obedience to Retry-After, and a fixed phase per device
// so that a fleet spreads over its interval. It knows neither HTTP clients nor
// reports; it only counts and draws.
package backoff

import (
	"context"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// DefaultMin is the ceiling of the first wait.
	DefaultMin = 5 * time.Second
	// DefaultMax is the ceiling of every later wait: the first wait doubled
	// until here.
	DefaultMax = 15 * time.Minute
	// MaxRetryAfter bounds what a server may ask for. Without a bound one
	// wrong header of a proxy in between would silence a device for good.
	MaxRetryAfter = 24 * time.Hour
)

// Backoff draws the waits of one thing that is tried again and again. The zero
// value is ready with the defaults. It is not safe for concurrent use: each
// loop has its own.
type Backoff struct {
	Min  time.Duration  // ceiling of the first wait; 0 means DefaultMin
	Max  time.Duration  // ceiling of all waits; 0 means DefaultMax
	Rand func() float64 // in [0, 1); nil means math/rand/v2

	failures int
}

// Next counts one more failure and returns how long to wait: a uniform draw
// between a fifth of Min and the ceiling Min·2ⁿ, never above Max ("full jitter",
// AWS Architecture Blog 2015). The lower end keeps a lucky draw from becoming a
// tight loop.
func (b *Backoff) Next() time.Duration {
	first, last := b.bounds()
	ceiling := last
	// A shift beyond the width of the type would wrap: 2³⁰ × 5 s is past any Max.
	if b.failures < 30 {
		if grown := first << b.failures; grown > 0 && grown < last {
			ceiling = grown
		}
	}
	b.failures++
	floor := first / 5
	if floor > ceiling {
		floor = ceiling
	}
	return floor + time.Duration(b.draw()*float64(ceiling-floor))
}

// Obey counts one more failure and returns the wait for a server that asked
// for one: at least what it asked, up to half as much more, so that everybody
// who was sent away at once does not return at once. Zero or less is answered
// as Next would.
func (b *Backoff) Obey(retryAfter time.Duration) time.Duration {
	if retryAfter <= 0 {
		return b.Next()
	}
	b.failures++
	asked := min(retryAfter, MaxRetryAfter)
	return asked + time.Duration(b.draw()*float64(asked)/2)
}

// Reset forgets all failures; call it after a success.
func (b *Backoff) Reset() { b.failures = 0 }

// Failures is how many waits were drawn since the last Reset.
func (b *Backoff) Failures() int { return b.failures }

func (b *Backoff) bounds() (first, last time.Duration) {
	first, last = b.Min, b.Max
	if first <= 0 {
		first = DefaultMin
	}
	if last <= 0 {
		last = DefaultMax
	}
	return min(first, last), last
}

func (b *Backoff) draw() float64 {
	if b.Rand != nil {
		return b.Rand()
	}
	return rand.Float64()
}

// RetryAfter reads the Retry-After header (RFC 9110 §10.2.3): whole seconds or
// an HTTP date, relative to now. The second value is false when the header is
// missing or cannot be read. A date that has passed is a wait of zero.
func RetryAfter(header string, now time.Time) (time.Duration, bool) {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0, false
	}
	if strings.Trim(header, "0123456789") == "" {
		seconds, err := strconv.ParseInt(header, 10, 64)
		if err != nil || seconds > int64(MaxRetryAfter/time.Second) {
			return MaxRetryAfter, true // more digits than a number holds is "very long"
		}
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(now), 0), MaxRetryAfter), true
}

// Phase is the device's place in the interval, in [0, interval): the same
// after every restart and spread evenly over a fleet (FNV-1a, 64 bit, of the
// device's id). Zero for an interval of zero or less.
func Phase(device string, interval time.Duration) time.Duration {
	if interval <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(device)) // a hash never returns an error
	// FNV's low bits of ids that differ in the last letters are close to each
	// other; one round of a finalizer (MurmurHash3 fmix64) spreads them.
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return time.Duration(x % uint64(interval))
}

// NextAt is the first moment after now that lies phase into an interval, with
// intervals counted from the Unix epoch. An interval of zero or less is now.
func NextAt(now time.Time, phase, interval time.Duration) time.Time {
	if interval <= 0 {
		return now
	}
	into := (time.Duration(now.UnixNano()) - phase) % interval
	if into < 0 {
		into += interval
	}
	return now.Add(interval - into)
}

// Sleep waits for d or until ctx ends, and then returns the context's error.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
