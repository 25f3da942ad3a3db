package wifi

import (
	"context"

	"muster/agent/host"
)

func (s *Radios) look(ctx context.Context, h *host.Host, _ bool) ([]link, []string, error) {
	return s.fromMac(ctx, h)
}
