// Package account reads sections user, user_group and group_member: who the
// machine itself knows, with which rights.
//
// It owns passwd(5), shadow(5), group(5), login.defs and lastlog. It must
// never keep a password's hash: of that field only its first characters are
// looked at, which say locked or none, and the bytes are dropped with the
// line.
package account

import (
	"context"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Read reads section user.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := users(ctx, h)
	return finish(rows, asked, faults, err)
}

// ReadGroups reads section user_group.
func ReadGroups(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, err := groups(ctx, h)
	return finish(rows, asked, nil, err)
}

// ReadMembers reads section group_member.
func ReadMembers(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, err := members(ctx, h)
	return finish(rows, asked, nil, err)
}

func finish[T inventory.Sectioner](rows []T, asked, faults []string, err error) (gather.Reading, error) {
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}
