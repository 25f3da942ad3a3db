//go:build !linux && !windows

package agent

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"muster/agent/config"
)

// bind holds the heap to a goal. Nothing more binds on this system yet.
func bind(l config.Limits) (caps, error) {
	debug.SetMemoryLimit(half(l) * 3 / 4)
	return caps{}, fmt.Errorf("limits of memory and processor time: %w", errors.ErrUnsupported)
}

// spent is not known here yet, so that no rests are made.
func spent() time.Duration { return 0 }
