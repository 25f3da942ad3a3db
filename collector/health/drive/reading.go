// Package drive says how much a drive looks like drives that failed: points
// that add up, each with the reading it comes from. It owns what the counters
// of a drive mean for that, what of their past is kept, and the model's
// coefficients with their provenance; drive/train makes those.
//
// It must not know how a drive is read (the agent), who asks, or from how many
// points somebody is told (the rules).
package drive

import (
	"math"
	"time"
)

// Reading is what a drive told at one time. What it did not tell is NaN. The
// numbers are those of the attributes of SMART (ATA), raw.
type Reading struct {
	At            time.Time
	Reallocated   float64 // 5: sectors replaced by spares
	Pending       float64 // 197: sectors that wait to be read or replaced
	Offline       float64 // 198: sectors that the drive's own scan could not read
	Uncorrectable float64 // 187: reads that failed after all repair
}

// Counter is one of those that are kept.
type Counter int

// The counters of a Reading.
const (
	Reallocated Counter = iota
	Pending
	Offline
	Uncorrectable
	counters
)

// Count is v if it can be a count of sectors or errors, else NaN. Raw values
// lie: 0xFFF0 to 0xFFFF (65528, 65535) and values about 2³² stand for
// "unknown", several counters packed into one are in the billions, and on some
// controllers 187 is an error rate of hundreds of millions. No count of a drive
// that still answers comes near a million: drives have some ten thousand spare
// sectors.
func Count(v float64) float64 {
	const unknownFrom, unknownTo, absurd = 0xFFF0, 0xFFFF, 1e6
	if !(v >= 0) || v >= unknownFrom && v <= unknownTo || v >= absurd {
		return math.NaN()
	}
	return v
}

func (r Reading) counts() [counters]float32 {
	return [counters]float32{
		float32(Count(r.Reallocated)), float32(Count(r.Pending)),
		float32(Count(r.Offline)), float32(Count(r.Uncorrectable)),
	}
}
