// Package tsdb keeps series in the Prometheus TSDB, inside the collector: the
// store.Series of those who run nothing beside it. It owns its data directory
// (locked against a second process), which series stands behind each value of
// a layout, how far opening has come, and when the database has to be opened
// anew.
//
// It must not know who reports, the wire, or why a number is asked for; names
// come from internal/metric, the counting of steps from collector/store. The
// build tag dedupelabels must never be set: with it each series was measured
// to cost 60 KB.
//
// # What is durable when
//
// A commit writes to the log (wal, for points behind their series wbl) without
// fsync: it survives the end of the process, not a power cut. The database
// itself syncs a log segment when it is full and at Close. Sync does so for
// all segments. Blocks and checkpoints are synced before what they replace is
// deleted.
//
// # Order of locks
//
// door, life, turn, mu. Nothing is taken while mu is held.
package tsdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	promtsdb "github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/compression"

	"muster/collector/store"
)

// Options of a Store.
type Options struct {
	// Dir is the directory of the series, made if it is not there. Nothing
	// else may be in it.
	Dir string
	// Keep is how long points are going to be kept (Retain does it); it only
	// sizes the largest block, as a tenth of it. 0: for ever.
	Keep time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Log takes what a person should know; nil is silent.
	Log *slog.Logger
}

const (
	// blockSpan is the shortest block. The head spans up to one and a half.
	blockSpan = 2 * time.Hour
	// longestBlock bounds what one compaction has to handle.
	longestBlock = 31 * 24 * time.Hour
	// segmentBytes is small against the database's own 128 MiB, so that
	// opening has steps to show and Sync has little to open.
	segmentBytes = 16 << 20
	// stripes of the head's maps: enough for one writer, and 2.5 MB less than
	// the database's own 16384.
	stripes = 2048
	// chunkBuffer is what waits in memory before head chunks are written.
	chunkBuffer = 1 << 20
	// samplesPerChunk is an hour of one a minute. The chunk being filled is
	// all that is in memory of a series' points: with the database's own 120
	// it was measured to hold 1 KB of noisy numbers at worst, so half.
	samplesPerChunk = 60

	// replayGarbage is how much log makes it worth giving memory back at once:
	// reading it leaves as much garbage as series, and in the quiet after it
	// the collector of garbage may not come for long.
	replayGarbage = 32 << 20

	tidyEvery = 10 * time.Minute

	// roomAgain is between two looks whether a full disk has room again.
	roomAgain = 2 * time.Second
)

type phase uint8

const (
	opening phase = iota // also before Run
	open
	closed
)

// Store is a store.Series. Make it with New and keep Run going: it opens the
// database, so that a collector can listen long before its log is read.
type Store struct {
	o       Options
	log     *slog.Logger
	logFail atomic.Bool // the database said that it could not log out-of-order points
	cutoff  atomic.Int64
	hourly  hourly

	door sync.Mutex   // held while db is being opened or closed
	life sync.RWMutex // read-held while db is in use, held while it is closed
	turn chan struct{}
	w    writer // whoever has the turn

	mu      sync.Mutex
	phase   phase
	running bool
	db      *promtsdb.DB
	fail    error         // opening failed for good
	changed chan struct{} // closed and replaced when any of these changes
	plan    replay        // of the opening under way

	synced map[string]int // directory: segments below were synced; guarded by syncing
	syncMu sync.Mutex

	// Tests make these fail, or shorten them.
	commit func(appender) error
	fsync  func(*os.File) error
	pause  time.Duration // before a broken database is opened again
}

var _ store.Series = (*Store)(nil)

// New looks at the directory and starts nothing. An error says that the
// directory cannot be used.
func New(o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(o.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("make directory of series: %w", err)
	}
	probe, err := os.CreateTemp(o.Dir, ".probe-*")
	if err != nil {
		return nil, fmt.Errorf("write to directory of series, which must be writable for this user: %w", err)
	}
	_ = probe.Close()
	if err := os.Remove(probe.Name()); err != nil {
		return nil, fmt.Errorf("delete in directory of series: %w", err)
	}
	s := &Store{
		o:       o,
		turn:    make(chan struct{}, 1),
		changed: make(chan struct{}),
		synced:  map[string]int{},
		commit:  appender.Commit,
		fsync:   (*os.File).Sync,
		pause:   time.Second,
	}
	s.log = slog.New(quiet{o.Log.Handler(), &s.logFail})
	s.cutoff.Store(math.MinInt64)
	s.hourly = hourly{dir: filepath.Join(o.Dir, hourlyDir), log: s.log, rolled: math.MinInt64, cut: math.MinInt64}
	s.w.reset()
	return s, nil
}

// Run opens the database and looks after it until ctx ends. It returns an
// error when the database cannot be opened; an opening under way is not cut
// short. Compaction and deletion go on until Close.
//
// When the log cannot be written (a full disk), the database is closed and
// opened again until it can: what it would write after a torn record would be
// thrown away at the next start.
func (s *Store) Run(ctx context.Context) error {
	s.mu.Lock()
	if s.running {
		s.mu.Unlock()
		return errors.New("series store is already running")
	}
	s.running = true
	s.mu.Unlock()

	first := true
	for wait := s.pause; ; wait = min(2*wait, time.Minute) {
		for err := s.room(); err != nil; err = s.room() {
			s.o.Log.Error("series store waits for room on its disk before it is opened", "error", err)
			if !sleep(ctx, roomAgain) {
				return nil
			}
		}
		err := s.openOnce()
		switch {
		case errors.Is(err, store.ErrClosed):
			return nil
		case err != nil && first:
			s.change(func() { s.fail = err })
			return err
		case err != nil:
			s.o.Log.Error("series store cannot be opened again, trying on", "error", err)
			if !sleep(ctx, wait) {
				return nil
			}
			continue
		}
		first = false
		if !s.look(ctx) {
			return nil
		}
		if !sleep(ctx, wait) { // it was broken: give the disk a moment
			return nil
		}
	}
}

// openOnce opens the database unless it is open or the store closed.
func (s *Store) openOnce() error {
	s.door.Lock()
	defer s.door.Unlock()
	s.mu.Lock()
	gone, old := s.phase == closed, s.db
	s.mu.Unlock()
	if gone {
		return store.ErrClosed
	}
	if old != nil { // broken
		s.life.Lock()
		err := old.Close()
		s.life.Unlock()
		if err != nil {
			s.o.Log.Warn("closing the broken series store", "error", err)
		}
		s.change(func() { s.db = nil })
	}
	stats := promtsdb.NewDBStats()
	plan := newReplay(s.o.Dir, stats)
	s.change(func() { s.plan = plan })
	began := time.Now()
	db, err := promtsdb.Open(s.o.Dir, s.log, nil, s.settings(), stats)
	if err != nil {
		if strings.Contains(err.Error(), "lock DB directory") {
			return fmt.Errorf("open series store: %s is in use by another process; stop that one or choose another data directory: %w", s.o.Dir, err)
		}
		return fmt.Errorf("open series store in %s: %w", s.o.Dir, err)
	}
	if err := s.hourly.open(); err != nil {
		return errors.Join(fmt.Errorf("open series store in %s: %w", s.o.Dir, err), db.Close())
	}
	s.raise(s.hourly.till())
	s.turn <- struct{}{}
	s.w.reset() // references are of one opening
	<-s.turn
	s.change(func() {
		s.db = db
		if s.phase != closed { // else Close is waiting at the door
			s.phase = open
		}
	})
	if plan.total > replayGarbage {
		debug.FreeOSMemory()
	}
	s.o.Log.Info("series store is open", "series", db.Head().NumSeries(), "took", time.Since(began).Round(time.Millisecond).String())
	return nil
}

func (s *Store) settings() *promtsdb.Options {
	o := promtsdb.DefaultOptions()
	o.WALSegmentSize = segmentBytes
	o.WALCompression = compression.Snappy
	o.StripeSize = stripes
	o.SamplesPerChunk = samplesPerChunk
	o.HeadChunksWriteBufferSize = chunkBuffer
	o.OutOfOrderTimeWindow = store.Window.Milliseconds()
	o.MinBlockDuration = blockSpan.Milliseconds()
	o.MaxBlockDuration = longestBlock.Milliseconds()
	if s.o.Keep > 0 {
		o.MaxBlockDuration = max(min(s.o.Keep/10, longestBlock), blockSpan).Milliseconds()
	}
	// Isolation hides half-written commits from readers. Nobody here needs
	// that, and it costs 64 bytes a series. Compaction asks it, too, for
	// writers whose points might fall into the range being moved: there is one
	// writer at a time, whose bounds come from the newest point of the head,
	// and only its own commit moves that.
	o.IsolationDisabled = true
	o.RetentionDuration = 0
	o.BlocksToDelete = outdated(promtsdb.BlockMeta{}.ULID, &s.cutoff)
	return o
}

// outdated chooses the blocks that lie before the cutoff as a whole. ID is the
// database's own name for a block, taken from an example, so that no other
// library has to be imported for it.
func outdated[ID comparable](_ ID, cutoff *atomic.Int64) func([]*promtsdb.Block) map[ID]struct{} {
	return func(blocks []*promtsdb.Block) map[ID]struct{} {
		out := map[ID]struct{}{}
		for _, b := range blocks {
			if m := b.Meta(); m.Compaction.Deletable || m.MaxTime <= cutoff.Load() {
				out[any(m.ULID).(ID)] = struct{}{}
			}
		}
		return out
	}
}

// look keeps an open database until ctx ends (false) or it is broken (true).
func (s *Store) look(ctx context.Context) bool {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	s.warnFuture()
	for {
		s.mu.Lock()
		p, ch := s.phase, s.changed
		s.mu.Unlock()
		switch p {
		case opening:
			return true
		case closed:
			return false
		}
		select {
		case <-ctx.Done():
			return false
		case <-ch:
		case <-tick.C:
			s.turn <- struct{}{}
			s.w.tidy(s.o.Now())
			<-s.turn
			s.warnFuture()
		}
	}
}

// warnFuture tells of a clock that was once years ahead: until it gets there
// again, every point is too old for the head.
func (s *Store) warnFuture() {
	db, release, err := s.acquire(context.Background(), false)
	if err != nil {
		return
	}
	defer release()
	now := s.o.Now()
	newest := db.Head().MaxTime()
	if newest == math.MinInt64 || newest <= now.Add(store.Window).UnixMilli() {
		return
	}
	s.o.Log.Error("the series store holds points from the future, and takes none until then; if this machine's clock is right now, stop muster, move the directory of the series away and start again",
		"newest", time.UnixMilli(newest).UTC().Format(time.RFC3339), "clock", now.UTC().Format(time.RFC3339), "dir", s.o.Dir)
}

// acquire gives the open database for use until release is called. While the
// store is opening it waits, or answers ErrLoading.
func (s *Store) acquire(ctx context.Context, wait bool) (*promtsdb.DB, func(), error) {
	for {
		s.life.RLock()
		s.mu.Lock()
		p, db, fail, ch, plan := s.phase, s.db, s.fail, s.changed, s.plan
		s.mu.Unlock()
		if p == open {
			return db, s.life.RUnlock, nil
		}
		s.life.RUnlock()
		switch {
		case p == closed:
			return nil, nil, store.ErrClosed
		case fail != nil:
			return nil, nil, fail
		case !wait:
			return nil, nil, fmt.Errorf("%w: %.0f %%", store.ErrLoading, math.Floor(100*plan.done()))
		}
		select {
		case <-ctx.Done():
			return nil, nil, fmt.Errorf("wait for series store to open: %w", ctx.Err())
		case <-ch:
		}
	}
}

func (s *Store) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

// broken has the database closed and opened anew by Run.
func (s *Store) broken() {
	s.change(func() {
		if s.phase == open {
			s.phase = opening
		}
	})
}

// Close makes everything durable and ends the store. It waits for an opening
// under way, and for reads and writes.
func (s *Store) Close() error {
	s.change(func() { s.phase = closed })
	s.door.Lock()
	defer s.door.Unlock()
	s.life.Lock()
	defer s.life.Unlock()
	s.mu.Lock()
	db := s.db
	s.db = nil
	s.mu.Unlock()
	if db == nil {
		return nil
	}
	if err := errors.Join(db.Close(), s.hourly.close()); err != nil {
		return fmt.Errorf("close series store: %w", err)
	}
	return nil
}

// Retain implements store.Series. Queries stop seeing dropped points at once;
// the database deletes a block within a minute after all of it is old. Where
// hourly figures are to be made it waits until the store is open.
func (s *Store) Retain(ctx context.Context, keep store.SeriesRetention, now time.Time) error {
	s.mu.Lock()
	p := s.phase
	s.mu.Unlock()
	if p == closed {
		return store.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	cuts := keep.Cuts(now)
	if !cuts.Rolls {
		s.cutoff.Store(max(cuts.Raw, s.hourly.till()))
	}
	if !cuts.Rolls && p != open {
		return nil
	}
	take := func() (*promtsdb.DB, func(), error) { return s.acquire(ctx, true) }
	if cuts.Rolls {
		if err := s.hourly.roll(ctx, take, cuts.Raw, s.raise); err != nil {
			return err
		}
	}
	_, release, err := take() // figures are closed with the database
	if err != nil {
		return err
	}
	defer release()
	return s.hourly.retain(cuts.Hours)
}

// raise moves the time before which no points are kept forward.
func (s *Store) raise(to int64) {
	for {
		old := s.cutoff.Load()
		if to <= old || s.cutoff.CompareAndSwap(old, to) {
			return
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
