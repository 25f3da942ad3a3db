package volume

import (
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

// Mounted lists volumes with nothing but where they are.
func Mounted(*host.Host) ([]inventory.Volume, error) {
	return nil, fmt.Errorf("volumes are not listed on this system yet: %w", errors.ErrUnsupported)
}
