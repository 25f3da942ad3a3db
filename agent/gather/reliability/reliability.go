// Package reliability reads what Windows itself makes of its stability
// (measurement reliability).
//
// It owns which of Windows' hourly figures counts. It must only be used in a
// process of its own, because it asks WMI; and it must not judge the figure.
package reliability

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/agent/gather"
	"muster/agent/gather/wmi"
	"muster/agent/host"
)

// Name is that of the measurement.
const Name = "reliability"

// fresh is how old a figure may be: an older one would be put at a time at
// which it was not so. Windows makes one an hour while it runs, and catches up
// after a start.
const fresh = 48 * time.Hour

// Read puts the newest index. The error wraps errors.ErrUnsupported where
// Windows keeps none, as servers do unless they are told to.
func Read(_ context.Context, h *host.Host, to gather.Sink) error {
	return read(h.Now(), wmi.Rows, to)
}

func read(now time.Time, ask func(wmi.Question) ([]wmi.Row, error), to gather.Sink) error {
	rows, err := ask(wmi.Stability(now.Add(-fresh)))
	if err != nil {
		return err
	}
	index, ok := newest(rows, now)
	if !ok {
		return fmt.Errorf("no index of stability was made for %s: %w", fresh, errors.ErrUnsupported)
	}
	to.Put(Name, "stability_index", index)
	return nil
}

// newest is the index of the last of the rows of
// Win32_ReliabilityStabilityMetrics (Microsoft, "Reliability WMI provider"):
// from 1 to 10. What is beyond, or from the future, is none.
func newest(rows []wmi.Row, now time.Time) (index float64, ok bool) {
	var at time.Time
	for _, r := range rows {
		made := r.Time("TimeGenerated")
		v, told := r.Real("SystemStabilityIndex")
		if !told || !(v >= 0 && v <= 10) || made.IsZero() || now.Sub(made) > fresh || made.Sub(now) > time.Hour || !made.After(at) {
			continue
		}
		index, at, ok = v, made, true
	}
	return index, ok
}
