package session

import (
	"io/fs"
	"syscall"
	"time"
)

func readAt(fi fs.FileInfo) time.Time {
	if s, ok := fi.Sys().(*syscall.Stat_t); ok && fi.Mode()&fs.ModeCharDevice != 0 {
		return time.Unix(s.Atim.Unix())
	}
	return time.Time{}
}
