package store

import (
	"fmt"
	"time"

	"muster/internal/inventory"
	"muster/internal/report"
)

// Samples is one report's numbers as the outbox carries them to the series
// stores: all that Series needs except the layouts that came in earlier
// reports, which Inventory.Layout finds.
type Samples struct {
	Device  inventory.DeviceID `cbor:"1,keyasint"`
	Host    string             `cbor:"2,keyasint,omitempty"`
	Time    int64              `cbor:"3,keyasint"` // Unix ms, corrected; Samples count back from it
	Samples []report.Sample    `cbor:"4,keyasint"`
	Layouts []report.Layout    `cbor:"5,keyasint,omitempty"` // those that came with the report
	Arrived int64              `cbor:"6,keyasint"`           // Unix ms of receipt
}

// Encode writes the record's bytes.
func (s *Samples) Encode() ([]byte, error) { return report.Marshal(s) }

// DecodeSamples reads a record back.
func DecodeSamples(b []byte) (*Samples, error) {
	var s Samples
	if err := report.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("decode samples record: %w", err)
	}
	return &s, nil
}

// At is the time of one sample of the record, Unix ms.
func (s *Samples) At(i int) int64 { return s.Time - max(s.Samples[i].At, 0) }

// Age is how long ago the record arrived.
func (s *Samples) Age(now time.Time) time.Duration { return now.Sub(time.UnixMilli(s.Arrived)) }
