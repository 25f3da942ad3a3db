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
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	promtsdb "github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/metric"
	"muster/internal/report"
)

// Past is all that series hold, read device by device in the order of time, for
// another store to take it. Points are those from the mark of the hourly
// figures on, figures those before it.
type Past struct {
	blocks []*promtsdb.Block // open, in no order
	hours  []*promtsdb.Block
	rolled int64
	head   *promtsdb.DB // nil: blocks alone are read
	known  []string     // devices that have points; nil: not asked yet
	open   func(from, to int64) (storage.Querier, error)
	close  func() error
}

// Look reads the blocks in a directory of series that another process may be
// working with: what is not in a block yet, some hours, is not seen. Blocks
// that are joined meanwhile may be missed; State tells.
func Look(dir string, log *slog.Logger) (_ *Past, err error) {
	p := &Past{rolled: math.MinInt64}
	p.close = func() error {
		var errs []error
		for _, b := range append(p.blocks, p.hours...) {
			errs = append(errs, b.Close())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if p.blocks, err = lookBlocks(dir, log); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, hourlyDir, hourlyMark))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("read how far hourly figures go: %w", err)
	default:
		if p.rolled, err = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err != nil {
			return nil, fmt.Errorf("read how far hourly figures go: %w", err)
		}
	}
	if p.hours, err = lookBlocks(filepath.Join(dir, hourlyDir), log); err != nil {
		return nil, err
	}
	p.open = func(from, to int64) (storage.Querier, error) { return merged(p.blocks, from, to) }
	return p, nil
}

func lookBlocks(dir string, log *slog.Logger) (out []*promtsdb.Block, err error) {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list series: %w", err)
	}
	for _, d := range list {
		if !d.IsDir() || len(d.Name()) != blockName || strings.Contains(d.Name(), ".") {
			continue
		}
		at := filepath.Join(dir, d.Name())
		b, err := promtsdb.OpenBlock(log, at, nil, nil)
		if _, gone := os.Stat(filepath.Join(at, "meta.json")); errors.Is(gone, fs.ErrNotExist) && err != nil {
			continue // it was joined with others just now, or is not whole
		}
		if err != nil {
			for _, b := range out {
				err = errors.Join(err, b.Close())
			}
			return nil, fmt.Errorf("open series in %s: %w", at, err)
		}
		out = append(out, b)
	}
	return out, nil
}

// merged is a querier over the blocks that have something between from and to
// (which is not in).
func merged(blocks []*promtsdb.Block, from, to int64) (storage.Querier, error) {
	var qs []storage.Querier
	for _, b := range blocks {
		if m := b.Meta(); m.MaxTime <= from || m.MinTime >= to {
			continue
		}
		q, err := promtsdb.NewBlockQuerier(b, from, to-1)
		if err != nil {
			for _, q := range qs {
				err = errors.Join(err, q.Close())
			}
			return nil, err
		}
		qs = append(qs, q)
	}
	return storage.NewMergeQuerier(qs, nil, storage.ChainedSeriesMerge), nil
}

// Past reads all of an open store; it waits until it is open. Compaction
// stands still until it is closed.
func (s *Store) Past(ctx context.Context) (*Past, error) {
	db, release, err := s.acquire(ctx, true)
	if err != nil {
		return nil, err
	}
	db.DisableCompactions()
	s.hourly.making.Lock()
	s.hourly.mu.RLock()
	return &Past{blocks: db.Blocks(), hours: slices.Clone(s.hourly.blocks), rolled: s.hourly.rolled, head: db,
		open: func(from, to int64) (storage.Querier, error) { return db.Querier(from, to-1) },
		close: func() error {
			s.hourly.mu.RUnlock()
			s.hourly.making.Unlock()
			db.EnableCompactions()
			release()
			return nil
		}}, nil
}

// Close lets go of what is read.
func (p *Past) Close() error { return p.close() }

// Span says where the numbers are.
func (p *Past) Span() store.Past {
	out := store.Past{From: math.MaxInt64, Rolled: p.rolled, To: math.MinInt64}
	for _, b := range append(slices.Clone(p.blocks), p.hours...) {
		out.From, out.To = min(out.From, b.MinTime()), max(out.To, b.MaxTime())
	}
	if p.head != nil && p.head.Head().NumSeries() > 0 {
		h := p.head.Head()
		if h.MinTime() <= h.MaxTime() {
			out.From, out.To = min(out.From, h.MinTime()), max(out.To, h.MaxTime()+1)
		}
		if h.MinOOOTime() <= h.MaxOOOTime() {
			out.From, out.To = min(out.From, h.MinOOOTime()), max(out.To, h.MaxOOOTime()+1)
		}
	}
	return out
}

// State stands for what is there from from to to: two readings with the same
// one have the same numbers there. It is empty when that cannot be told,
// because some are not in a block yet, and "-" when there is nothing.
func (p *Past) State(from, to int64) string {
	if p.head != nil {
		h := p.head.Head()
		if h.MinTime() < to && h.MaxTime() >= from || h.MinOOOTime() < to && h.MaxOOOTime() >= from {
			return ""
		}
	}
	var list []string
	for _, b := range append(slices.Clone(p.blocks), p.hours...) {
		if m := b.Meta(); m.MaxTime > from && m.MinTime < to {
			list = append(list, m.ULID.String())
		}
	}
	if len(list) == 0 {
		return "-"
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// Points hands on the points from from to to (which is not in): a batch for
// each device and host name that has some, which is the receiver's to keep. It
// fails when these were not as many as all series together have.
func (p *Past) Points(ctx context.Context, from, to int64, f func(*store.Batch) error) error {
	if from = max(from, p.rolled); from >= to {
		return nil
	}
	q, err := p.open(from, to)
	if err != nil {
		return fmt.Errorf("read series: %w", err)
	}
	defer q.Close()
	if p.known == nil {
		if p.known, err = p.everybody(ctx); err != nil {
			return err
		}
	}
	handed := int64(0)
	err = devices(ctx, q, p.known, func(device string, set storage.SeriesSet) error {
		of := map[string]*gathered{}
		var it chunkenc.Iterator
		for set.Next() {
			x := set.At()
			s, host, ok := seriesOf(x.Labels())
			if !ok {
				continue
			}
			g := of[host]
			if g == nil {
				g = &gathered{rows: map[int64]int{}}
				of[host] = g
			}
			it = x.Iterator(it)
			some := false
			for it.Next() != chunkenc.ValNone {
				at, v := it.At()
				if at >= from && at < to && store.Usable(v) {
					g.add(at, v)
					some = true
					handed++
				}
			}
			if err := it.Err(); err != nil {
				return err
			}
			if some {
				g.layout = append(g.layout, s)
			}
		}
		if err := set.Err(); err != nil {
			return err
		}
		for host, g := range of {
			if len(g.layout) == 0 {
				continue
			}
			if err := f(g.batch(inventory.DeviceID(device), host)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	all, err := counted(ctx, q, from, to)
	if err == nil && all != handed {
		err = fmt.Errorf("of %d points %d belong to a device that is known", all, handed)
	}
	if err != nil {
		return fmt.Errorf("read series: %w", err)
	}
	return nil
}

// counted counts points without asking for devices.
func counted(ctx context.Context, q storage.Querier, from, to int64) (n int64, err error) {
	set := q.Select(ctx, false, nil, labels.MustNewMatcher(labels.MatchNotEqual, labels.MetricName, ""))
	var it chunkenc.Iterator
	for set.Next() {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		x := set.At()
		if _, _, ok := seriesOf(x.Labels()); !ok || x.Labels().Get(store.LabelDevice) == "" {
			continue
		}
		it = x.Iterator(it)
		for it.Next() != chunkenc.ValNone {
			if at, v := it.At(); at >= from && at < to && store.Usable(v) {
				n++
			}
		}
		if err := it.Err(); err != nil {
			return n, err
		}
	}
	return n, set.Err()
}

// everybody lists the devices that have points at any time: asked about a time
// in which it has late points only, the newest part of the database names none.
func (p *Past) everybody(ctx context.Context) ([]string, error) {
	span := p.Span()
	q, err := p.open(span.From, span.To)
	if err != nil {
		return nil, fmt.Errorf("read series: %w", err)
	}
	defer q.Close()
	return named(ctx, q)
}

func named(ctx context.Context, q storage.Querier) ([]string, error) {
	list, _, err := q.LabelValues(ctx, store.LabelDevice, nil)
	if err != nil {
		return nil, fmt.Errorf("read series: %w", err)
	}
	out := make([]string, len(list))
	for i, d := range list {
		out[i] = strings.Clone(d) // blocks hand out their mapped memory
	}
	slices.Sort(out)
	return out, nil
}

// devices selects device by device.
func devices(ctx context.Context, q storage.Querier, list []string, f func(device string, set storage.SeriesSet) error) error {
	for _, d := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(d, q.Select(ctx, true, nil, labels.MustNewMatcher(labels.MatchEqual, store.LabelDevice, d))); err != nil {
			return fmt.Errorf("read series of device %s: %w", d, err)
		}
	}
	return nil
}

// seriesOf takes a set of labels apart; false when its name is of an older
// catalogue, which no store takes.
func seriesOf(l labels.Labels) (s report.Series, host string, ok bool) {
	m, f, ok := metric.Parse(l.Get(labels.MetricName))
	if !ok {
		return s, "", false
	}
	s.Measurement, s.Field = m.Name, f.Name
	l.Range(func(x labels.Label) {
		switch x.Name {
		case labels.MetricName, store.LabelDevice, figureLabel:
		case store.LabelHost:
			host = strings.Clone(x.Value)
		default:
			s.Labels = append(s.Labels, report.Label{Key: strings.Clone(x.Name), Value: strings.Clone(x.Value)})
		}
	})
	return s, host, store.Listed(s)
}

// gathered are points of one device and host name, by time.
type gathered struct {
	layout report.Layout
	rows   map[int64]int // place in points by time
	points []store.Point
}

// add adds a value of the series that comes next into the layout.
func (g *gathered) add(at int64, v float64) {
	i, ok := g.rows[at]
	if !ok {
		i = len(g.points)
		g.rows[at] = i
		g.points = append(g.points, store.Point{At: at})
	}
	p := &g.points[i]
	for len(p.Values) < len(g.layout) {
		p.Values = append(p.Values, math.NaN())
	}
	if len(p.Values) == len(g.layout) { // of two at one time the first stays
		p.Values = append(p.Values, v)
	}
}

func (g *gathered) batch(device inventory.DeviceID, host string) *store.Batch {
	for i := range g.points {
		p := &g.points[i]
		for len(p.Values) < len(g.layout) {
			p.Values = append(p.Values, math.NaN())
		}
	}
	slices.SortFunc(g.points, func(a, b store.Point) int { return int(min(max(a.At-b.At, -1), 1)) })
	return &store.Batch{Device: device, Host: host, Layout: g.layout, Points: g.points}
}

// Hours hands on the hourly figures from from to to, as Points does points.
func (p *Past) Hours(ctx context.Context, from, to int64, f func(*store.HourBatch) error) error {
	if to = min(to, p.rolled); from >= to {
		return nil
	}
	joined := map[string]bool{}
	for _, b := range p.hours {
		for _, x := range b.Meta().Compaction.Parents {
			joined[x.ULID.String()] = true
		}
	}
	blocks := slices.DeleteFunc(slices.Clone(p.hours), func(b *promtsdb.Block) bool { return joined[b.Meta().ULID.String()] })
	q, err := merged(blocks, from, to)
	if err != nil {
		return fmt.Errorf("read hourly figures: %w", err)
	}
	defer q.Close()
	list, err := named(ctx, q)
	if err != nil {
		return err
	}
	return devices(ctx, q, list, func(device string, set storage.SeriesSet) error {
		type one struct {
			series report.Series
			host   string
			hours  map[int64]*store.Hour
		}
		of := map[string]*one{}
		var it chunkenc.Iterator
		for set.Next() {
			x := set.At()
			s, host, ok := seriesOf(x.Labels())
			if !ok {
				continue
			}
			figure := x.Labels().Get(figureLabel)
			key := labels.NewBuilder(x.Labels()).Del(figureLabel).Labels().String()
			o := of[key]
			if o == nil {
				o = &one{s, host, map[int64]*store.Hour{}}
				of[key] = o
			}
			it = x.Iterator(it)
			if err := takeFigures(it, from, to, figure, o.hours); err != nil {
				return err
			}
		}
		if err := set.Err(); err != nil {
			return err
		}
		batches := map[string]*store.HourBatch{}
		for _, o := range of {
			h := store.HourSeries{Series: o.series}
			for _, x := range o.hours {
				if x.Count > 0 {
					h.Hours = append(h.Hours, *x)
				}
			}
			if len(h.Hours) == 0 {
				continue
			}
			slices.SortFunc(h.Hours, func(a, b store.Hour) int { return int(min(max(a.At-b.At, -1), 1)) })
			if batches[o.host] == nil {
				batches[o.host] = &store.HourBatch{Device: inventory.DeviceID(device), Host: o.host}
			}
			batches[o.host].Series = append(batches[o.host].Series, h)
		}
		for _, b := range batches {
			if err := f(b); err != nil {
				return err
			}
		}
		return nil
	})
}
