package iface

import (
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

var errNotYet = fmt.Errorf("the network is not read on Windows yet: %w", errors.ErrUnsupported)

func kernelOf(*host.Host) kernel { return kernel{} }

func interfaces(*host.Host, kernel) ([]inventory.Interface, []string, []string, error) {
	return nil, nil, nil, errNotYet
}

func addresses(*host.Host, kernel) ([]inventory.Address, []string, error) {
	return nil, nil, errNotYet
}

func network(*host.Host, kernel) (inventory.Network, []string, error) {
	return inventory.Network{}, nil, errNotYet
}

func routing(*host.Host, kernel) ([]inventory.Route, []string, []string, error) {
	return nil, nil, nil, errNoRoutes
}
