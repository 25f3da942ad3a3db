package store

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"muster/internal/inventory"
	"muster/internal/report"
)

// Tally is how many numbers there are, and a hash over them whatever their
// order, by which two stores are held against each other: the sums modulo 2^64
// of two lanes, each of which mixes a series' key with time and value.
type Tally struct {
	Numbers int64     `json:"n"`
	Hash    [2]uint64 `json:"h"`
}

// Tallies are those of a stretch of time, by measurement.
type Tallies map[string]*Tally

// Of is the one of a measurement, which is made if need be.
func (t Tallies) Of(measurement string) *Tally {
	x := t[measurement]
	if x == nil {
		x = &Tally{}
		t[measurement] = x
	}
	return x
}

// SeriesKey stands for a series in a Tally.
type SeriesKey [2]uint64

// KeyOf is the key of a series of a measurement: the first 128 bits of SHA-256
// over the field's name and all labels that have a text, in their order.
func KeyOf(field string, labels []report.Label) SeriesKey {
	labels = slices.Clone(labels)
	slices.SortFunc(labels, func(a, b report.Label) int { return strings.Compare(a.Key, b.Key) })
	b := append(binary.AppendUvarint(nil, uint64(len(field))), field...)
	for _, l := range labels {
		if l.Value == "" {
			continue
		}
		for _, s := range []string{l.Key, l.Value} {
			b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
		}
	}
	h := sha256.Sum256(b)
	return SeriesKey{binary.BigEndian.Uint64(h[0:]), binary.BigEndian.Uint64(h[8:])}
}

// Add counts one number: of a series, at a time in Unix ms.
func (t *Tally) Add(k SeriesKey, at int64, v float64) {
	if v == 0 {
		v = 0 // minus nought is read back as nought
	}
	t.Numbers++
	for i := range t.Hash {
		t.Hash[i] += mixed(mixed(k[i]+uint64(at)) ^ math.Float64bits(v))
	}
}

// Sum adds up two tallies.
func (t *Tally) Sum(o Tally) {
	t.Numbers += o.Numbers
	t.Hash[0] += o.Hash[0]
	t.Hash[1] += o.Hash[1]
}

// mixed spreads the bits of a number: the finalizer of SplitMix64 (Steele, Lea
// and Flood, Fast splittable pseudorandom number generators, 2014).
func mixed(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// HourBatch is hourly figures of one device.
type HourBatch struct {
	Device inventory.DeviceID
	Host   string
	Series []HourSeries
}

// HourSeries is the hours of one series, in the order of time.
type HourSeries struct {
	Series report.Series
	Hours  []Hour
}

// Past is where a store of series stands in time, in Unix ms.
type Past struct {
	From   int64 // of the oldest number
	Rolled int64 // before it there are hourly figures only
	To     int64 // behind the newest number; not behind From: there is none
}
