package running

import (
	"encoding/binary"
	"time"
	"unicode/utf16"

	"muster/agent/host"
)

// Entry is one process of Windows' own list.
type Entry struct {
	PID     int64
	Name    string // without path; empty for the idle process
	Started time.Time
	CPU     time.Duration // spent so far by all its threads
	Memory  int64         // working set, bytes
	Private int64         // bytes it shares with nobody
}

// List reads SYSTEM_PROCESS_INFORMATION of 64-bit Windows, one after another:
// the distance to the next, times, the name's length and place, numbers. The
// places of names are counted from the beginning of the list (see
// host.NativeProcesses). What does not fit ends the reading.
func List(b []byte) []Entry {
	const size = 208
	var list []Entry
	for at := 0; at+size <= len(b) && len(list) < maxPrograms; {
		r := b[at : at+size]
		long := func(off int) uint64 { return binary.LittleEndian.Uint64(r[off:]) }
		e := Entry{PID: int64(long(80) & (1<<32 - 1)), Started: host.FileTime(long(32)), Memory: amount(long(144)), Private: amount(long(8))}
		if spent := (long(40)&(1<<61-1) + long(48)&(1<<61-1)); spent < 1<<56 {
			e.CPU = time.Duration(spent) * 100
		}
		if e.Private == 0 {
			e.Private = amount(long(200)) // PrivatePageCount, of older Windows
		}
		e.Name = imageName(b, long(64), binary.LittleEndian.Uint16(r[56:]))
		list = append(list, e)
		next := binary.LittleEndian.Uint32(r)
		if next == 0 || next > 64<<20 {
			break
		}
		at += int(next)
	}
	return list
}

// amount is a number of bytes that can be true.
func amount(n uint64) int64 {
	if n >= 1<<50 {
		return 0
	}
	return int64(n)
}

func imageName(b []byte, at uint64, n uint16) string {
	if n > 520 || at == 0 || at >= uint64(len(b)) || at+uint64(n) > uint64(len(b)) {
		return ""
	}
	var units []uint16
	for i := at; i+1 < at+uint64(n); i += 2 {
		u := binary.LittleEndian.Uint16(b[i:])
		if u < ' ' {
			return ""
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}
