package wifi

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
)

func (s *Radios) look(context.Context, *host.Host, bool) ([]link, []string, error) {
	return nil, nil, fmt.Errorf("wireless cards are not read on Windows yet: %w", errors.ErrUnsupported)
}
