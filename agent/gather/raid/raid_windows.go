package raid

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
)

func read(context.Context, *host.Host) ([]array, []string, error) {
	return nil, nil, fmt.Errorf("arrays are not read on Windows yet: %w", errors.ErrUnsupported)
}
