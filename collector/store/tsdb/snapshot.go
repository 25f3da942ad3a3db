package tsdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

// Snapshot puts all that is in the store into an empty folder on the same
// volume, as a folder of series of its own. What never changes (blocks, full
// segments of the logs) is linked, so that it costs no room and no time; the
// segments being written are copied as far as they are now. Writes wait for as
// long as it takes to name the files, compaction until the end.
//
// Chunks of the head that are mapped from files (chunks_head) are left out:
// opening makes them again from the logs, which hold all points of the head.
// The logs are taken before the blocks, so that what moves from one to the
// other in between is in both, which does no harm.
func (s *Store) Snapshot(ctx context.Context, dir string) error {
	db, release, err := s.acquire(ctx, true)
	if err != nil {
		return err
	}
	defer release()
	// It waits for a compaction under way.
	db.DisableCompactions()
	defer db.EnableCompactions()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("snapshot of series: %w", err)
	}
	for _, name := range []string{"wal", wlog.WblDirName} {
		if err := s.snapshotLog(ctx, filepath.Join(s.o.Dir, name), filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("snapshot of series: %w", err)
		}
	}
	if err := s.hourly.snapshot(filepath.Join(dir, hourlyDir)); err != nil {
		return fmt.Errorf("snapshot of hourly figures: %w", err)
	}
	for _, b := range db.Blocks() {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := b.Meta().ULID.String()
		err := linkTree(filepath.Join(s.o.Dir, name), filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			// It grew too old and was deleted just now.
			err = os.RemoveAll(filepath.Join(dir, name))
		}
		if err != nil {
			return fmt.Errorf("snapshot of series: %w", err)
		}
	}
	return nil
}

// snapshotLog takes a log as it is while nobody writes.
func (s *Store) snapshotLog(ctx context.Context, from, to string) error {
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	segs, err := segments(from)
	var active *os.File
	var size int64
	if err == nil && len(segs) > 0 {
		last := segs[len(segs)-1]
		size = last.bytes
		active, err = os.Open(wlog.SegmentName(from, last.index))
	}
	<-s.turn
	if err != nil {
		return err
	}
	if active == nil {
		return nil
	}
	defer active.Close()
	for _, g := range segs[:len(segs)-1] {
		if err := link(wlog.SegmentName(from, g.index), wlog.SegmentName(to, g.index)); err != nil {
			return err
		}
	}
	out, err := os.OpenFile(wlog.SegmentName(to, segs[len(segs)-1].index), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, io.LimitReader(active, size))
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	list, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, d := range list {
		if d.IsDir() && strings.HasPrefix(d.Name(), "checkpoint.") && !strings.HasSuffix(d.Name(), ".tmp") {
			if err := linkTree(filepath.Join(from, d.Name()), filepath.Join(to, d.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// linkTree links the files of a folder into another one.
func linkTree(from, to string) error {
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		return link(name, filepath.Join(to, rel))
	})
}

// link links a file, or copies it where the volume has no links.
func link(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// snapshot links the blocks of hourly figures and their mark, while none is
// made. It comes before the blocks of points: a day that is made in between is
// in those too.
func (h *hourly) snapshot(dir string) error {
	h.making.Lock()
	defer h.making.Unlock()
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.rolled == math.MinInt64 {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, b := range h.blocks {
		if err := linkTree(b.Dir(), filepath.Join(dir, filepath.Base(b.Dir()))); err != nil {
			return err
		}
	}
	return link(filepath.Join(h.dir, hourlyMark), filepath.Join(dir, hourlyMark))
}
