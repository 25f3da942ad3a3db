package segment

import (
	"errors"
	"os"
	"syscall"
)

// syncFile is File.Sync, which asks for F_FULLFSYNC here: fsync(2) alone leaves
// the data in the drive's cache (man 2 fsync).
func syncFile(f *os.File) error { return f.Sync() }

func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func lockFile(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == syscall.EWOULDBLOCK {
		return ErrLocked
	}
	return os.NewSyscallError("flock", err)
}

func noSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
