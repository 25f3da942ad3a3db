package drain

import (
	"math"
	"time"
)

const (
	// leastSafe keeps a single slow write from making all later ones small.
	leastSafe = 16
	// rateMemory is after which time a measured rate counts half.
	rateMemory = 30 * time.Second
)

// pace decides how many records go into one write, and measures how fast they
// go. A store that failed is tried with one record, because a large write to a
// store that is gone is work for nothing and one over a slow line may be what
// it failed of. What it took then grows fast up to half of what failed, and
// slowly beyond: slow start and congestion avoidance of TCP (RFC 5681 §3.1),
// with a steeper and a gentler slope.
type pace struct {
	most int // records in a write
	size int // of the next one
	safe int // up to here it grows fast

	moved, took float64 // records, and seconds that they took; both fade
	at          time.Time
}

func newPace(most int) pace { return pace{most: most, size: most, safe: most} }

// failed is called after a write of n records came to nothing; first says that
// the one before it went well.
func (p *pace) failed(n int, first bool) {
	if first {
		p.safe = min(max(n/2, leastSafe), p.most)
	}
	p.size = 1
}

// went is called after a write of n records that took so long.
func (p *pace) went(n int, took time.Duration, now time.Time) {
	if n >= p.size { // a smaller one says nothing of larger ones
		if p.size < p.safe {
			p.size = min(p.size*4, p.safe)
		} else {
			p.size = min(p.size+p.size/8+1, p.most)
			p.safe = max(p.safe, p.size)
		}
	}
	if !p.at.IsZero() {
		fade := math.Exp2(-max(now.Sub(p.at), 0).Seconds() / rateMemory.Seconds())
		p.moved, p.took = p.moved*fade, p.took*fade
	}
	p.at = now
	p.moved += float64(n)
	p.took += took.Seconds()
}

// rate is the records a second while there were some; 0: not known.
func (p *pace) rate() float64 {
	if p.took <= 0 {
		return 0
	}
	return p.moved / p.took
}
