package tsdb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	promtsdb "github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"muster/collector/store"
	"muster/internal/metric"
)

// hourly keeps hourly figures: a block of the database's own form for each day,
// and one for each month once it is over. Each figure of a series is a series of
// its own, with a label that names the figure.
//
// A block is there as a whole or not at all; the mark says up to when there are
// blocks, and what is beyond it is of a day that was not finished.
type hourly struct {
	dir string
	log *slog.Logger

	making sync.Mutex // one at a time makes blocks

	mu     sync.RWMutex // read-held while blocks are in use
	blocks []*promtsdb.Block
	rolled int64 // Unix ms; all before it has figures only
	cut    int64 // Unix ms; no figure before it is shown
	opened bool
}

const (
	hourlyDir    = "hourly" // in the directory of the series
	hourlyNew    = "new"    // in it: of the day being made
	hourlyMark   = "rolled" // in it: Unix ms
	figureLabel  = "figure" // no label of the catalogue has the name
	dayMS        = 24 * 3600 * 1000
	hourlyLevels = 32 * dayMS // longest block
	// partSeries is how many figures are gathered in memory, at some 0.8 KB
	// each, before they are written and later joined.
	partSeries = 60_000
)

// open opens the blocks; doing it twice is nothing.
func (h *hourly) open() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.opened {
		return nil
	}
	if err := os.MkdirAll(h.dir, 0o750); err != nil {
		return fmt.Errorf("make directory of hourly figures: %w", err)
	}
	if err := os.RemoveAll(filepath.Join(h.dir, hourlyNew)); err != nil {
		return fmt.Errorf("remove unfinished hourly figures: %w", err)
	}
	h.rolled = math.MinInt64
	text, err := os.ReadFile(filepath.Join(h.dir, hourlyMark))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("read how far hourly figures go: %w", err)
	default:
		if h.rolled, err = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err != nil {
			return fmt.Errorf("read how far hourly figures go: %s: %w", filepath.Join(h.dir, hourlyMark), err)
		}
	}
	list, err := os.ReadDir(h.dir)
	if err != nil {
		return fmt.Errorf("list hourly figures: %w", err)
	}
	joined := map[string]bool{} // blocks that went into another one
	for _, d := range list {
		if !d.IsDir() {
			continue
		}
		dir := filepath.Join(h.dir, d.Name())
		b, err := promtsdb.OpenBlock(h.log, dir, nil, nil)
		if err != nil {
			h.log.Error("hourly figures of some days cannot be read and are left out", "dir", dir, "error", err)
			continue
		}
		h.blocks = append(h.blocks, b)
		for _, p := range b.Meta().Compaction.Parents {
			joined[p.ULID.String()] = true
		}
	}
	h.opened = true
	return h.drop(func(b *promtsdb.Block) bool {
		return joined[b.Meta().ULID.String()] || b.Meta().MinTime >= h.rolled
	})
}

// drop deletes blocks; mu is held.
func (h *hourly) drop(which func(*promtsdb.Block) bool) error {
	var errs []error
	h.blocks = slices.DeleteFunc(h.blocks, func(b *promtsdb.Block) bool {
		if !which(b) {
			return false
		}
		errs = append(errs, b.Close(), os.RemoveAll(b.Dir()))
		return true
	})
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("delete hourly figures: %w", err)
	}
	return nil
}

func (h *hourly) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var errs []error
	for _, b := range h.blocks {
		errs = append(errs, b.Close())
	}
	h.blocks, h.opened = nil, false
	return errors.Join(errs...)
}

// till is up to when there are figures only.
func (h *hourly) till() int64 {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.rolled
}

// roll makes the figures of the days before to, and tells of each day done. It
// takes the database anew for each, since one that broke must be let go.
func (h *hourly) roll(ctx context.Context, take func() (*promtsdb.DB, func(), error), to int64, done func(till int64)) error {
	h.making.Lock()
	defer h.making.Unlock()
	db, release, err := take()
	if err != nil {
		return err
	}
	from, oldest := h.till(), oldestOf(db)
	release()
	if from >= to {
		return nil
	}
	if from < oldest {
		from = max(min(oldest-oldest%dayMS, to), from)
	}
	for day := from; day < to; day += dayMS {
		db, release, err := take()
		if err != nil {
			return err
		}
		err = h.day(ctx, db, day)
		release()
		if err != nil {
			return fmt.Errorf("make hourly figures of %s: %w", time.UnixMilli(day).UTC().Format(time.DateOnly), err)
		}
		if err := h.mark(day + dayMS); err != nil {
			return err
		}
		done(day + dayMS)
	}
	if from == to { // nothing was there
		if err := h.mark(to); err != nil {
			return err
		}
		done(to)
	}
	return h.join(ctx)
}

// oldestOf is the time of the oldest point, or the end of time.
func oldestOf(db *promtsdb.DB) int64 {
	oldest := min(db.Head().MinTime(), db.Head().MinOOOTime())
	for _, b := range db.Blocks() {
		oldest = min(oldest, b.MinTime())
	}
	return oldest
}

func (h *hourly) mark(till int64) error {
	path := filepath.Join(h.dir, hourlyMark)
	f, err := os.Create(path + ".tmp")
	if err != nil {
		return fmt.Errorf("note how far hourly figures go: %w", err)
	}
	_, err = fmt.Fprintln(f, till)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("note how far hourly figures go: %w", err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return fmt.Errorf("note how far hourly figures go: %w", err)
	}
	h.mu.Lock()
	h.rolled = till
	h.mu.Unlock()
	return nil
}

// day makes the block of one day, unless nothing is there. What is read may be
// written elsewhere under its hands; see Query.
func (h *hourly) day(ctx context.Context, db *promtsdb.DB, day int64) error {
	dir := filepath.Join(h.dir, hourlyNew)
	for try := 1; ; try++ {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return err
		}
		err := h.parts(ctx, db, day, dir)
		if err == nil {
			break
		}
		if try == mostTries || !movedAway(err) {
			return err
		}
	}
	parts, err := os.ReadDir(dir)
	if err != nil || len(parts) == 0 {
		return err
	}
	var dirs []string
	for _, p := range parts {
		dirs = append(dirs, filepath.Join(dir, p.Name()))
	}
	if len(dirs) > 1 {
		if dirs, err = h.compacted(ctx, dir, dirs, nil); err != nil {
			return err
		}
	}
	for _, d := range dirs {
		at := filepath.Join(h.dir, filepath.Base(d))
		if err := os.Rename(d, at); err != nil {
			return err
		}
		b, err := promtsdb.OpenBlock(h.log, at, nil, nil)
		if err != nil {
			return err
		}
		h.mu.Lock()
		h.blocks = append(h.blocks, b)
		h.mu.Unlock()
	}
	return os.RemoveAll(dir)
}

// compacted joins blocks into one in dir.
func (h *hourly) compacted(ctx context.Context, dir string, from []string, open []*promtsdb.Block) ([]string, error) {
	c, err := promtsdb.NewLeveledCompactor(ctx, nil, h.log, []int64{hourlyLevels}, chunkenc.NewPool(), nil)
	if err != nil {
		return nil, err
	}
	ids, err := c.Compact(dir, from, open)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, id := range ids {
		dirs = append(dirs, filepath.Join(dir, id.String()))
	}
	return dirs, nil
}

// parts writes the figures of a day as blocks of bounded size.
func (h *hourly) parts(ctx context.Context, db *promtsdb.DB, day int64, dir string) (err error) {
	reader, err := db.Querier(day-store.HourReach.Milliseconds(), day+dayMS-1)
	if err != nil {
		return err
	}
	defer reader.Close()
	p := part{log: h.log, dir: dir}
	defer func() { err = errors.Join(err, p.drop()) }()
	hours := store.NewHours(day, day+dayMS)
	set := reader.Select(ctx, true, nil, labels.MustNewMatcher(labels.MatchNotEqual, labels.MetricName, ""))
	var it chunkenc.Iterator
	for set.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		x := set.At()
		_, f, ok := metric.Parse(x.Labels().Get(labels.MetricName))
		if !ok {
			continue // of an older catalogue
		}
		it = x.Iterator(it)
		for it.Next() != chunkenc.ValNone {
			hours.Add(it.At())
		}
		if err := it.Err(); err != nil {
			return err
		}
		if err := p.add(ctx, x.Labels(), f, hours.Done()); err != nil {
			return err
		}
	}
	if err := set.Err(); err != nil {
		return err
	}
	return p.flush(ctx)
}

// part is a block being made.
type part struct {
	log     *slog.Logger
	dir     string
	w       *promtsdb.BlockWriter
	app     storage.Appender
	series  int
	pending int
}

func (p *part) add(ctx context.Context, l labels.Labels, f metric.Field, hours []store.Hour) (err error) {
	if len(hours) == 0 {
		return nil
	}
	if p.w == nil {
		if p.w, err = promtsdb.NewBlockWriter(p.log, p.dir, 2*dayMS); err != nil {
			return err
		}
		p.app = p.w.Appender(ctx)
	}
	for _, name := range store.FiguresOf(f) {
		with := labels.NewBuilder(l).Set(figureLabel, name).Labels()
		var ref storage.SeriesRef
		for i := range hours {
			if ref, err = p.app.Append(ref, with, hours[i].At, hours[i].Figure(name)); err != nil {
				return err
			}
			p.pending++
		}
		p.series++
	}
	if p.pending >= commitSamples {
		if err := p.app.Commit(); err != nil {
			return err
		}
		p.app, p.pending = p.w.Appender(ctx), 0
	}
	if p.series >= partSeries {
		return p.flush(ctx)
	}
	return nil
}

func (p *part) flush(ctx context.Context) error {
	if p.w == nil {
		return nil
	}
	if err := p.app.Commit(); err != nil {
		return err
	}
	if _, err := p.w.Flush(ctx); err != nil {
		return err
	}
	err := p.w.Close()
	*p = part{log: p.log, dir: p.dir}
	return err
}

// drop gives up what was not flushed.
func (p *part) drop() error {
	if p.w == nil {
		return nil
	}
	return errors.Join(p.app.Rollback(), p.w.Close())
}

// join makes one block of the days of a month that is over.
func (h *hourly) join(ctx context.Context) error {
	month := func(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01") }
	h.mu.RLock()
	of := map[string][]*promtsdb.Block{}
	for _, b := range h.blocks {
		if m := month(b.Meta().MinTime); m < month(h.rolled) {
			of[m] = append(of[m], b)
		}
	}
	h.mu.RUnlock()
	for m, list := range of {
		if len(list) < 2 {
			continue
		}
		slices.SortFunc(list, func(a, b *promtsdb.Block) int { return cmp.Compare(a.Meta().MinTime, b.Meta().MinTime) })
		var from []string
		for _, b := range list {
			from = append(from, b.Dir())
		}
		dirs, err := h.compacted(ctx, h.dir, from, list)
		if err != nil {
			return fmt.Errorf("join hourly figures of %s: %w", m, err)
		}
		var whole []*promtsdb.Block
		for _, d := range dirs {
			b, err := promtsdb.OpenBlock(h.log, d, nil, nil)
			if err != nil {
				return fmt.Errorf("join hourly figures of %s: %w", m, err)
			}
			whole = append(whole, b)
		}
		h.mu.Lock()
		err = h.drop(func(b *promtsdb.Block) bool { return slices.Contains(list, b) })
		h.blocks = append(h.blocks, whole...)
		h.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// retain deletes figures before cut, as far as whole blocks are.
func (h *hourly) retain(cut int64) error {
	h.making.Lock() // a block being joined stays
	defer h.making.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cut = cut
	return h.drop(func(b *promtsdb.Block) bool { return b.Meta().MaxTime <= cut })
}

// past is one series' hours.
type past struct {
	labels labels.Labels
	hours  map[int64]*store.Hour
}

// read gives the hours that a query wants, by the text of their labels.
func (h *hourly) read(ctx context.Context, q store.SeriesQuery, ms []*labels.Matcher) (map[string]*past, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	from, to := q.Span()
	from, to = max(from, h.cut), min(to, h.rolled)
	out := map[string]*past{}
	if from >= to {
		return out, nil
	}
	ms = append(slices.Clone(ms), labels.MustNewMatcher(labels.MatchRegexp, figureLabel, strings.Join(q.Figures(), "|")))
	var it chunkenc.Iterator
	for _, b := range h.blocks {
		if m := b.Meta(); m.MaxTime <= from || m.MinTime >= to {
			continue
		}
		reader, err := promtsdb.NewBlockQuerier(b, from, to-1)
		if err != nil {
			return nil, err
		}
		set := reader.Select(ctx, false, nil, ms...)
		for set.Next() && ctx.Err() == nil {
			x := set.At()
			l := x.Labels()
			name := l.Get(figureLabel)
			l = labels.NewBuilder(l).Del(figureLabel).Labels()
			key := l.String()
			p := out[key]
			if p == nil {
				p = &past{l, map[int64]*store.Hour{}}
				out[key] = p
			}
			it = x.Iterator(it)
			if err := takeFigures(it, from, to, name, p.hours); err != nil {
				return nil, errors.Join(err, reader.Close())
			}
		}
		if err := errors.Join(set.Err(), ctx.Err(), reader.Close()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// feed gives the hours in order.
func (p *past) feed(s *store.Steps) {
	if p == nil {
		return
	}
	for _, at := range slices.Sorted(maps.Keys(p.hours)) {
		s.AddHour(*p.hours[at])
	}
}

// takeFigures puts one figure of a series from one time to before another into
// the hours it belongs to.
func takeFigures(it chunkenc.Iterator, from, to int64, figure string, into map[int64]*store.Hour) error {
	for it.Next() != chunkenc.ValNone {
		at, v := it.At()
		if at < from || at >= to {
			continue
		}
		if into[at] == nil {
			into[at] = &store.Hour{At: at}
		}
		into[at].Set(figure, v)
	}
	return it.Err()
}
