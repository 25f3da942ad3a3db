//go:build !windows

package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Limits of the file that launchd writes what a program prints to. launchd holds
// it open and newsyslog(8) would leave the program writing to the old one, so
// the program shortens it itself.
const (
	mostLog  = 8 << 20 // bytes; the one before stays beside it
	lookAtIt = 10 * time.Minute
)

// keepShort looks after the file until ctx ends.
func keepShort(ctx context.Context, path string) {
	for {
		if err := shorten(os.Stderr, path, mostLog); err != nil {
			slog.Warn("the log could not be shortened", "file", path, "error", err)
		}
		t := time.NewTimer(lookAtIt)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
	}
}

// shorten moves what a log holds to PATH.1 when it has more than most bytes, and
// empties it. Nothing is done where f, what the program writes to, is another
// file: a terminal, or somebody's own redirection.
func shorten(f *os.File, path string, most int64) error {
	mine, err := f.Stat()
	if err != nil {
		return err
	}
	there, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && !os.SameFile(mine, there) {
		return nil
	}
	if err != nil || !mine.Mode().IsRegular() || mine.Size() <= most {
		return err
	}
	// Else the next line would be written behind a hole of the old length.
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	if err == nil && flags&unix.O_APPEND == 0 {
		_, err = unix.FcntlInt(f.Fd(), unix.F_SETFL, flags|unix.O_APPEND)
	}
	if err != nil {
		return fmt.Errorf("write at the end: %w", err)
	}
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	if _, err := from.Seek(max(mine.Size()-2*most, 0), io.SeekStart); err != nil { // the newest of a very long one
		return err
	}
	// A name that is a link is not followed: the folder may be others' too.
	to, err := os.OpenFile(path+".1", os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, io.LimitReader(from, 2*most))
	if err = errors.Join(err, to.Close()); err != nil {
		// Without room for a copy the log is emptied all the same: a full disk is
		// not made fuller.
		err = fmt.Errorf("keep the log before: %w", err)
	}
	return errors.Join(err, f.Truncate(0))
}
