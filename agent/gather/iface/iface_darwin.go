package iface

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

// The programs that are asked have limits of their own.

func kernelOf(*host.Host) kernel { return kernel{} }

func interfaces(h *host.Host, _ kernel) ([]inventory.Interface, []string, []string, error) {
	return macInterfaces(context.Background(), h)
}

func addresses(h *host.Host, _ kernel) ([]inventory.Address, []string, error) {
	return macAddresses(context.Background(), h)
}

func network(h *host.Host, _ kernel) (inventory.Network, []string, error) {
	return macNetwork(context.Background(), h)
}

func routing(h *host.Host, _ kernel) ([]inventory.Route, []string, []string, error) {
	return macRoutes(context.Background(), h)
}
