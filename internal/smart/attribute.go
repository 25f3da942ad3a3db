package smart

import (
	"fmt"
	"math"

	"muster/internal/inventory"
)

// Attribute is one line of an ATA drive's SMART data.
type Attribute struct {
	ID         uint8
	Name       string // as somebody who knows the model calls it; empty for the usual name
	Flags      uint16
	Normalized uint8
	Worst      uint8

	// Raw is the maker's value, little-endian: 48 bits, and the reserved
	// eighth byte above them, which some Seagate use for milliseconds.
	Raw uint64

	// Threshold is nil when the drive gave none.
	Threshold *uint8
}

// raw48 is what all but milliseconds is in.
func (a Attribute) raw48() uint64 { return a.Raw & (1<<48 - 1) }

// word is one of the three 16-bit numbers that many makers pack together, the
// lowest first.
func (a Attribute) word(i int) int64 { return int64(a.Raw >> (16 * i) & 0xffff) }

// Flags of an attribute: SFF-8035i, "status flags"; ATA leaves them to the
// maker, and all makers kept them.
const (
	Prefailure   = 1 << 0 // reaching the threshold predicts failure; else it tells of age
	Online       = 1 << 1 // updated while the drive works
	Performance  = 1 << 2
	ErrorRate    = 1 << 3
	EventCount   = 1 << 4
	SelfKeeping  = 1 << 5
	flagsInBrief = 6
)

// Brief writes flags as smartctl --format=brief does.
func Brief(flags uint16) string {
	b := []byte("POSRCK")
	for i := range b {
		if flags>>i&1 == 0 {
			b[i] = '-'
		}
	}
	if flags>>flagsInBrief != 0 {
		b = append(b, '+')
	}
	return string(b)
}

// Failed says whether an attribute has reached its threshold: never, past or
// now. A threshold of 0 is never reached; 254 and 255 are no thresholds, and
// normalized values go from 1 to 253 (SFF-8035i).
func (a Attribute) Failed() string {
	if a.Threshold == nil || *a.Threshold == 0 || *a.Threshold > 253 || a.Normalized > 253 {
		return "never"
	}
	switch {
	case a.Normalized <= *a.Threshold:
		return "now"
	case a.Worst <= *a.Threshold && a.Worst > 0:
		return "past"
	}
	return "never"
}

// attributes fills in the rows and samples of attributes, and which failed.
func (r *Reading) attributes(d Drive, f family, list []Attribute) {
	seen := map[uint8]bool{}
	for _, a := range list {
		if a.ID == 0 || a.ID == 255 || seen[a.ID] {
			continue
		}
		seen[a.ID] = true
		name := a.Name
		if name == "" {
			name = nameIn(f, a.ID, d.Medium)
		}
		failed := a.Failed()
		row := inventory.SmartAttribute{
			Disk: d.Disk, Attribute: int64(a.ID), Name: name,
			Prefailure: new(a.Flags&Prefailure != 0), Failed: failed,
			Normalized: new(int64(a.Normalized)), Worst: new(int64(a.Worst)), Raw: new(int64(a.raw48())),
			RawText: rawText(a, f),
		}
		sample := AttributeSample{
			ID: a.ID, Name: name, Flags: Brief(a.Flags), Fail: failed,
			Raw: float64(a.raw48()), Value: float64(a.Normalized), Worst: float64(a.Worst), Threshold: math.NaN(),
		}
		if a.Threshold != nil {
			row.Threshold = new(int64(*a.Threshold))
			sample.Threshold = float64(*a.Threshold)
		}
		if failed == "never" {
			sample.Fail = "-"
		} else {
			r.Health.FailingAttributes = append(r.Health.FailingAttributes, fmt.Sprintf("%d %s", a.ID, name))
		}
		r.Attributes = append(r.Attributes, row)
		r.Samples = append(r.Samples, sample)
	}
}
