package encryption

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

// source is what is asked.
const source = "system"

func (s *Volumes) read(context.Context, *host.Host) ([]inventory.Encryption, []string, error) {
	return nil, nil, fmt.Errorf("encryption is not read on macOS yet: %w", errors.ErrUnsupported)
}
