package encryption

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

func (s *Volumes) read(context.Context, *host.Host) ([]inventory.Encryption, []string, error) {
	return nil, nil, fmt.Errorf("encryption is not read on Windows yet: %w", errors.ErrUnsupported)
}
