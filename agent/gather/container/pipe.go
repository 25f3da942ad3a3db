package container

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

// fromPipe asks Docker on Windows: that of a server, or that of Docker Desktop,
// which runs while its user is signed in. Where nobody answers at the pipe, it
// is not known whether there are containers that rest.
func fromPipe(ctx context.Context, h *host.Host) ([]inventory.Container, []string, []string, error) {
	b, err := h.AskPipe(ctx, "docker")
	if err != nil {
		return nil, nil, nil, err
	}
	rows, err := parseDocker(b)
	if err != nil {
		return nil, nil, nil, err
	}
	return rows, []string{"docker"}, nil, nil
}
