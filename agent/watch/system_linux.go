package watch

import (
	"io/fs"
	"syscall"
	"time"

	"muster/agent/host"
	"muster/agent/watch/kmsg"
)

func openKernel(h *host.Host) (kernelLog, error) {
	l, err := kmsg.Open(h.Path("/dev/kmsg"))
	if err != nil {
		return nil, err
	}
	return l, nil
}

// bootName names this start of the machine.
func bootName(h *host.Host) string { return h.Line("/proc/sys/kernel/random/boot_id") }

func awake() (time.Duration, error) { return kmsg.Awake() }

func inode(fi fs.FileInfo) uint64 {
	if s, ok := fi.Sys().(*syscall.Stat_t); ok {
		return s.Ino
	}
	return 1
}
