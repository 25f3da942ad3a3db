package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"muster/agent/gather/block"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Codes of winioctl.h that ask for no right.
const (
	layoutEx    = 0x70050  // IOCTL_DISK_GET_DRIVE_LAYOUT_EX
	diskExtents = 0x560000 // IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS
)

func read(ctx context.Context, _ *host.Host) ([]inventory.Disk, []string, error) {
	system := systemDrives()
	rows := []inventory.Disk{}
	err := block.EachStorage(ctx, func(a block.Answers, s block.Storage) {
		more := answers{Answers: a, Trim: s.Property(8), System: slices.Contains(system, a.Number)}
		more.Layout, _ = s.Control(layoutEx, nil)
		if r, ok := windowsRow(more); ok {
			rows = append(rows, r)
		}
	})
	if err != nil {
		return nil, nil, err
	}
	if len(rows) == 0 {
		return nil, nil, fmt.Errorf("no drive tells what it is here: %w", errors.ErrUnsupported)
	}
	return rows, []string{"storage_query"}, nil
}

// systemDrives are the numbers of the drives that Windows lies on.
func systemDrives() []int {
	root := os.Getenv("SystemDrive")
	if root == "" {
		root = "C:"
	}
	s, err := block.OpenStorage(`\\.\` + root)
	if err != nil {
		return nil
	}
	defer s.Close()
	b, _ := s.Control(diskExtents, nil)
	return parseExtents(b)
}
