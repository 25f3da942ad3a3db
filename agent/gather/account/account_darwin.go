package account

import (
	"context"

	"muster/agent/host"
	"muster/internal/inventory"
)

func users(ctx context.Context, h *host.Host) ([]inventory.User, []string, []string, error) {
	return usersMac(ctx, h)
}

func groups(ctx context.Context, h *host.Host) ([]inventory.UserGroup, []string, error) {
	return groupsMac(ctx, h)
}

func members(ctx context.Context, h *host.Host) ([]inventory.GroupMember, []string, error) {
	return membersMac(ctx, h)
}
