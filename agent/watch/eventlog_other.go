//go:build !windows

package watch

import (
	"errors"

	"muster/agent/host"
)

// Other systems have no event log.
func openEvents(*host.Host) (eventLog, error) { return nil, errors.ErrUnsupported }
