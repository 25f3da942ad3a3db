package tsdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"

	promtsdb "github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/wlog"

	"muster/collector/store"
)

// room answers an error when the database cannot be opened without danger for
// want of space: a log that ends in a torn record is mended by writing its
// segment anew, and what does not fit then is lost.
func (s *Store) room() error {
	need := int64(0)
	for _, name := range []string{"wal", wlog.WblDirName} {
		segs, err := segments(filepath.Join(s.o.Dir, name))
		if err != nil {
			return fmt.Errorf("look at the log of the series: %w", err)
		}
		for _, g := range segs {
			need = max(need, g.bytes)
		}
	}
	if need == 0 {
		return nil
	}
	f, err := os.Create(filepath.Join(s.o.Dir, ".room")) // one name: a crash leaves at most one
	if err != nil {
		return fmt.Errorf("try for room: %w", err)
	}
	block := make([]byte, 256<<10)
	for need += 1 << 20; need > 0 && err == nil; need -= int64(len(block)) {
		_, err = f.Write(block)
	}
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

// Stats implements store.Series.
func (s *Store) Stats(ctx context.Context) (store.SeriesStats, error) {
	if err := ctx.Err(); err != nil {
		return store.SeriesStats{}, err
	}
	out := store.SeriesStats{Engine: "tsdb"}
	db, release, err := s.acquire(ctx, false)
	switch {
	case err == nil:
		out.Series, out.Ready = int64(db.Head().NumSeries()), 1
		release()
	case errors.Is(err, store.ErrLoading):
		s.mu.Lock()
		plan := s.plan
		s.mu.Unlock()
		out.Ready = plan.done()
	default:
		return out, err
	}
	out.Bytes, err = treeBytes(s.o.Dir)
	return out, err
}

func treeBytes(dir string) (int64, error) {
	var n int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			var i fs.FileInfo
			if i, err = d.Info(); err == nil {
				n += i.Size()
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // deleted since it was listed
		}
		return err
	})
	if err != nil {
		return n, fmt.Errorf("measure series on disk: %w", err)
	}
	return n, nil
}

// Sync makes durable what was appended before. The database has no call for
// it, so the segments of its logs are synced as files: every byte of a commit
// has been written to them when the commit returns, and syncing a file is
// about the file, not about who wrote it.
func (s *Store) Sync(ctx context.Context) error {
	_, release, err := s.acquire(ctx, true)
	if err != nil {
		return err
	}
	defer release()
	s.syncMu.Lock()
	defer s.syncMu.Unlock()
	for _, name := range []string{"wal", wlog.WblDirName} {
		if err := s.syncLog(filepath.Join(s.o.Dir, name)); err != nil {
			return fmt.Errorf("sync series store: %w", err)
		}
	}
	return nil
}

func (s *Store) syncLog(dir string) error {
	segs, err := segments(dir)
	if err != nil || len(segs) == 0 {
		return err
	}
	for _, g := range segs {
		if g.index < s.synced[dir] {
			continue
		}
		// Windows flushes only through a handle that may write.
		f, err := os.OpenFile(wlog.SegmentName(dir, g.index), os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue // its points went into a block, which is synced
		}
		if err != nil {
			return err
		}
		err = errors.Join(s.fsync(f), f.Close())
		if err != nil {
			return err
		}
	}
	if runtime.GOOS != "windows" { // which journals its directories itself
		d, err := os.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(s.fsync(d), d.Close()); err != nil {
			return err
		}
	}
	s.synced[dir] = segs[len(segs)-1].index // the last one grows on
	return nil
}

type segment struct {
	index int
	bytes int64
}

// segments lists the segments of a log, oldest first; none if there is no log.
func segments(dir string) ([]segment, error) {
	list, err := os.ReadDir(dir) // sorted by name: 8 digits
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []segment
	for _, d := range list {
		n, err := strconv.Atoi(d.Name())
		if err != nil || !d.Type().IsRegular() {
			continue // a checkpoint
		}
		if i, err := d.Info(); err == nil {
			out = append(out, segment{n, i.Size()})
		}
	}
	return out, nil
}

// replay tells how far an opening is: by bytes of log read, since that is what
// takes the time. Mapping the head's chunks comes before and is not seen.
type replay struct {
	stats    *promtsdb.DBStats
	wal, wbl []segment
	total    int64
	walEnd   int // index of the segment that opening adds
	best     *atomic.Uint64
}

func newReplay(dir string, stats *promtsdb.DBStats) replay {
	r := replay{stats: stats, best: new(atomic.Uint64)}
	walDir := filepath.Join(dir, "wal")
	r.wal, _ = segments(walDir)
	r.wbl, _ = segments(filepath.Join(dir, wlog.WblDirName))
	if check, index, err := wlog.LastCheckpoint(walDir); err == nil {
		n, _ := treeBytes(check)
		r.wal = append([]segment{{index, n}}, r.wal...)
	}
	for _, g := range r.wal {
		r.total += g.bytes
		r.walEnd = g.index + 1
	}
	for _, g := range r.wbl {
		r.total += g.bytes
	}
	return r
}

// done is from 0 to below 1, and never falls. The database counts segments of
// one log and then of the other with the same counter; when both end at one
// number, the second log is taken for the first until it is past it.
func (r replay) done() float64 {
	if r.stats == nil || r.total == 0 {
		return 0
	}
	st := r.stats.Head.WALReplayStatus.GetWALReplayStatus()
	var n int64
	count := func(list []segment) {
		for _, g := range list {
			if g.index < st.Current || g.index == st.Current && st.Current > st.Min {
				n += g.bytes
			}
		}
	}
	if st.Max == r.walEnd || len(r.wbl) == 0 {
		count(r.wal)
	} else if st.Max > 0 {
		for _, g := range r.wal {
			n += g.bytes
		}
		count(r.wbl)
	}
	part := min(float64(n)/float64(r.total), 0.99) // what comes after has no measure
	for {
		old := r.best.Load()
		if math.Float64frombits(old) >= part {
			return math.Float64frombits(old)
		}
		if r.best.CompareAndSwap(old, math.Float64bits(part)) {
			return part
		}
	}
}

// quiet is the database's log for people: its news of every segment and
// compaction are for debugging. It also notices the one failure that a commit
// does not return.
type quiet struct {
	slog.Handler
	logFail *atomic.Bool
}

// lostLog is what the database says when points behind their series are in
// memory but not in their log (head_append.go, Commit).
const lostLog = "Failed to log out of order samples into the WAL"

func lower(l slog.Level) slog.Level {
	if l == slog.LevelInfo {
		return slog.LevelDebug
	}
	return l
}

func (h quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelError || h.Handler.Enabled(ctx, lower(l))
}

func (h quiet) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError && strings.HasPrefix(r.Message, lostLog) {
		h.logFail.Store(true)
	}
	r.Level = lower(r.Level)
	if !h.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	r.Message = "series database: " + r.Message
	return h.Handler.Handle(ctx, r)
}

func (h quiet) WithAttrs(a []slog.Attr) slog.Handler {
	return quiet{h.Handler.WithAttrs(a), h.logFail}
}

func (h quiet) WithGroup(name string) slog.Handler {
	return quiet{h.Handler.WithGroup(name), h.logFail}
}
