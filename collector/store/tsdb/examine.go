package tsdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	promtsdb "github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/index"
	"github.com/prometheus/prometheus/tsdb/wlog"
)

// blockName is the length of a block's name, a ULID.
const blockName = 26

// Examination is what was found in a directory of series that was looked at
// and not touched.
type Examination struct {
	Blocks int      // of two hours and more
	Chunks int64    // whose sums were made again
	Faults []string // of blocks, which lose numbers
	Torn   string   // what is wrong with the log of the newest numbers; the next start cuts it there
}

// Examine looks at a directory of series: that the index of each block can be
// read, and with deep all of its chunks and, unless a store runs there and
// writes it, the log of the newest numbers.
func Examine(ctx context.Context, dir string, deep, running bool) (Examination, error) {
	var x Examination
	list, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return x, nil
	}
	if err != nil {
		return x, fmt.Errorf("list series: %w", err)
	}
	var paths []string
	for _, e := range list {
		paths = append(paths, filepath.Join(dir, e.Name()))
	}
	figures, err := filepath.Glob(filepath.Join(dir, hourlyDir, "*"))
	if err != nil {
		return x, fmt.Errorf("list hourly figures: %w", err)
	}
	for _, path := range append(paths, figures...) {
		name := filepath.Base(path)
		if info, err := os.Stat(path); err != nil || !info.IsDir() || len(name) != blockName || strings.Contains(name, ".") {
			continue
		}
		n, err := examineBlock(ctx, path, deep)
		if ctx.Err() != nil {
			return x, ctx.Err()
		}
		if _, gone := os.Stat(path); errors.Is(gone, os.ErrNotExist) {
			continue // made into a larger one meanwhile
		}
		x.Blocks++
		x.Chunks += n
		if err != nil {
			x.Faults = append(x.Faults, fmt.Sprintf("block %s: %v", name, err))
		}
	}
	if deep && !running {
		for _, log := range []string{"wal", wlog.WblDirName} {
			if err := examineLog(filepath.Join(dir, log)); err != nil {
				x.Torn = err.Error()
			}
		}
	}
	return x, nil
}

func examineBlock(ctx context.Context, path string, deep bool) (n int64, err error) {
	b, err := promtsdb.OpenBlock(slog.New(slog.DiscardHandler), path, nil, nil)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	if !deep {
		return 0, nil
	}
	ir, err := b.Index()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, ir.Close()) }()
	cr, err := b.Chunks()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, cr.Close()) }()
	name, value := index.AllPostingsKey()
	p, err := ir.Postings(ctx, name, value)
	if err != nil {
		return 0, err
	}
	var l labels.ScratchBuilder
	var metas []chunks.Meta
	for p.Next() {
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
		if err := ir.Series(p.At(), &l, &metas); err != nil {
			return n, err
		}
		for _, m := range metas {
			if _, _, err := cr.ChunkOrIterable(m); err != nil { // makes its sum again
				return n, err
			}
			n++
		}
	}
	return n, p.Err()
}

func examineLog(dir string) (err error) {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	sr, err := wlog.NewSegmentsReader(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sr.Close()) }()
	r := wlog.NewReader(sr)
	for r.Next() {
	}
	return r.Err()
}
