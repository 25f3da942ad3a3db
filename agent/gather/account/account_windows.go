package account

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
	"muster/internal/inventory"
)

var errNotYet = fmt.Errorf("accounts are not read on Windows yet: %w", errors.ErrUnsupported)

func users(context.Context, *host.Host) ([]inventory.User, []string, []string, error) {
	return nil, nil, nil, errNotYet
}

func groups(context.Context, *host.Host) ([]inventory.UserGroup, []string, error) {
	return nil, nil, errNotYet
}

func members(context.Context, *host.Host) ([]inventory.GroupMember, []string, error) {
	return nil, nil, errNotYet
}
