package kmsg

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Log is the open kernel log.
type Log struct {
	f   *os.File
	buf []byte
}

// Open opens the log and stands before the oldest line that is there.
func Open(path string) (*Log, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open kernel log: %w", err)
	}
	// Containers put /dev/null or a file there.
	if fi, err := f.Stat(); err != nil || fi.Mode()&os.ModeCharDevice == 0 {
		f.Close()
		return nil, fmt.Errorf("open kernel log: %s is no device: %w", path, errors.ErrUnsupported)
	}
	return &Log{f: f}, nil
}

// Close ends a Next that waits.
func (l *Log) Close() error { return l.f.Close() }

// Next gives the next line and waits for it so long, by the clock of the
// process: that of the machine may be wrong. A line that
// was overwritten before it was read is seen by the gap in the numbers.
func (l *Log) Next(wait time.Duration) (Line, error) {
	if l.buf == nil {
		l.buf = make([]byte, maxRecord)
	}
	if err := l.f.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return Line{}, fmt.Errorf("read kernel log: %w", err)
	}
	for range 100 {
		n, err := l.f.Read(l.buf)
		switch {
		case errors.Is(err, unix.EPIPE): // overwritten: the next read gives the oldest
			continue
		case errors.Is(err, os.ErrDeadlineExceeded):
			return Line{}, ErrNone
		case err != nil:
			return Line{}, fmt.Errorf("read kernel log: %w", err)
		}
		return Parse(l.buf[:n])
	}
	return Line{}, ErrNone // lines go by faster than they can be read
}

// Awake is the time since boot without sleep, as the kernel's log counts it.
func Awake() (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return 0, err
	}
	return time.Duration(t.Nano()), nil
}
