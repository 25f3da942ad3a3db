package wifi

import (
	"context"

	"muster/agent/host"
)

func (s *Radios) look(_ context.Context, h *host.Host, _ bool) ([]link, []string, error) {
	return fromNative(h)
}
