package diskio

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/shirou/gopsutil/v3/disk"
)

// work is what a drive of Windows has done, and how long nothing.
type work struct {
	disk.IOCountersStat
	idle time.Duration
}

// parseWork reads the answer to host.NativeDriveWork: DISK_PERFORMANCE
// (winioctl.h) of each drive, with times in 100 ns. What is left over is left
// out, and so is a drive whose answer is too short.
func parseWork(b []byte) map[string]work {
	const head, least = 8, 64
	le := binary.LittleEndian
	all := map[string]work{}
	for len(b) >= head {
		number, n := le.Uint32(b), le.Uint32(b[4:])
		if b = b[head:]; uint64(n) > uint64(len(b)) {
			break
		}
		d := b[:n]
		b = b[n:]
		if len(d) < least {
			continue
		}
		const perMillisecond = 10_000
		at := func(off int) uint64 { return le.Uint64(d[off:]) }
		name := fmt.Sprintf("PhysicalDrive%d", number)
		all[name] = work{disk.IOCountersStat{Name: name, ReadBytes: at(0), WriteBytes: at(8), ReadTime: at(16) / perMillisecond, WriteTime: at(24) / perMillisecond,
			ReadCount: uint64(le.Uint32(d[40:])), WriteCount: uint64(le.Uint32(d[44:]))}, time.Duration(at(32)%(1<<55)) * 100}
	}
	return all
}

// busy adds up how long a drive was at work.
type busy struct {
	at, idle, total time.Duration
}

// longest is how far apart two looks may be: over a sleep of the machine
// nothing can be said.
const longest = 5 * time.Minute

// look takes the time since boot and how long the drive was idle.
func (b busy) look(now, idle time.Duration) busy {
	passed, rested := now-b.at, idle-b.idle
	if b.at > 0 && passed > 0 && passed <= longest && rested >= 0 && rested <= passed {
		b.total += passed - rested
	}
	b.at, b.idle = now, idle
	return b
}
