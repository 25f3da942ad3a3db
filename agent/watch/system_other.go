//go:build !linux && !windows

package watch

import (
	"errors"
	"io/fs"
	"time"

	"muster/agent/host"
)

// The logs of other systems are not read here yet.

func openKernel(*host.Host) (kernelLog, error) { return nil, errors.ErrUnsupported }

func awake() (time.Duration, error) { return 0, errors.ErrUnsupported }

func inode(fs.FileInfo) uint64 { return 1 }
