package poll

import (
	"hash/fnv"
	"math"
	"time"

	"muster/internal/report"
)

// Bounds by which a fall of a 32-bit counter is a wrap rather than a reset.
const (
	// overrun is how much faster than its speed a port may seem to be, for
	// clocks that are not exact.
	overrun = 1.2
	// leastFrame is the bits of the smallest frame with preamble and gap on
	// Ethernet: 84 bytes (IEEE 802.3 §4.4.2).
	leastFrame = 672
)

// width is what makes a counter of 32 bits one that does not wrap. Devices
// that have 64-bit counters never come here.
type width struct {
	At   time.Time         `json:"at"`
	Last map[uint64]narrow `json:"last,omitempty"`

	Round uint32 `json:"round,omitempty"`
}

type narrow struct {
	Value uint32 `json:"v"`
	Wraps uint32 `json:"w,omitempty"`
	Round uint32 `json:"r,omitempty"` // in which it was seen last
}

// bitsEach is the least bits on the wire that one count of a 32-bit counter
// stands for, and false for a field that has 64 bits or never wraps in
// practice (errors, discards).
func bitsEach(field string) (float64, bool) {
	switch field {
	case "ifInOctets", "ifOutOctets":
		return 8, true
	case "ifInUcastPkts", "ifOutUcastPkts", "ifInNUcastPkts", "ifOutNUcastPkts":
		return leastFrame, true
	}
	return 0, false
}

// widen makes counters that wrapped go on, in place. A fall that can be no
// wrap is a reset: the value stays as it is, a new base, and whoever takes the
// rate sees that it fell. grew says that the agent's clock went on.
func (w *width) widen(l report.Layout, values []float64, now time.Time, grew bool) {
	elapsed := now.Sub(w.At)
	seen := 0
	here := func(k uint64, n narrow) {
		n.Round = w.Round
		w.Last[k] = n
		seen++
	}
	w.Round++
	var speeds map[string]float64 // bit/s by port, worked out when needed
	for i, s := range l {
		each, ok := bitsEach(s.Field)
		if !ok || s.Measurement != "interface" || i >= len(values) || math.IsNaN(values[i]) || values[i] < 0 || values[i] > math.MaxUint32 {
			continue
		}
		if w.Last == nil {
			w.Last = map[uint64]narrow{}
		}
		port := label(s, "ifName")
		k := key(port, s.Field)
		before, had := w.Last[k]
		n := narrow{Value: uint32(values[i]), Wraps: before.Wraps}
		if had && n.Value < before.Value {
			if speeds == nil {
				speeds = portSpeeds(l, values)
			}
			if grew && wrapped(before.Value, n.Value, each, speeds[port], elapsed) {
				n.Wraps++
			} else {
				n.Wraps = 0
			}
		}
		here(k, n)
		values[i] = float64(n.Wraps)*(1<<32) + float64(n.Value)
	}
	w.At = now
	// Ports that are renamed without end must not fill the memory.
	if len(w.Last) > 2*seen+64 {
		for k, n := range w.Last {
			if n.Round != w.Round {
				delete(w.Last, k)
			}
		}
	}
}

// wrapped says whether a counter that fell can have wrapped, and once only.
func wrapped(before, after uint32, each, speed float64, elapsed time.Duration) bool {
	if speed <= 0 || elapsed <= 0 {
		return false
	}
	could := speed * overrun * elapsed.Seconds() // bits that can have passed
	if could > (1<<32)*each {
		return false // more than one wrap would fit, such as of bytes at 1 Gbit/s in a minute
	}
	return float64(after-before)*each <= could // after-before wraps as the counter does
}

// portSpeeds is the bit/s of each port that the same reading tells.
func portSpeeds(l report.Layout, values []float64) map[string]float64 {
	out := map[string]float64{}
	for i, s := range l {
		if s.Measurement != "interface" || i >= len(values) || math.IsNaN(values[i]) {
			continue
		}
		switch s.Field {
		case "ifHighSpeed":
			if values[i] > 0 {
				out[label(s, "ifName")] = values[i] * 1e6
			}
		case "ifSpeed":
			if p := label(s, "ifName"); out[p] == 0 {
				out[p] = values[i]
			}
		}
	}
	return out
}

func label(s report.Series, name string) string {
	for _, l := range s.Labels {
		if l.Key == name {
			return l.Value
		}
	}
	return ""
}

func key(port, field string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(port))
	h.Write([]byte{0})
	h.Write([]byte(field))
	return h.Sum64()
}
