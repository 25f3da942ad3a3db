package encryption

import (
	"context"

	"muster/agent/gather/wmi"
	"muster/agent/host"
	"muster/internal/inventory"
)

// source is what is asked.
const source = "wmi"

func (s *Volumes) read(_ context.Context, h *host.Host) ([]inventory.Encryption, []string, error) {
	return fromWMI(h, wmi.Rows)
}
