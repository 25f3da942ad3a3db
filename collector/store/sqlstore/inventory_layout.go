package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"muster/internal/report"
)

// maxLayout is the most bytes that a stored layout unfolds to: report.MaxSeries
// series of a few hundred bytes.
const maxLayout = 16 << 20

var layoutEncoder = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(64<<10))
	if err != nil {
		panic(err) // the options are constant
	}
	return e
})

var layoutDecoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxLayout))
	if err != nil {
		panic(err)
	}
	return d
})

// putLayout stores a layout under its hash. Layouts are shared by all devices
// that have the same series, so that a fleet of equal PCs has a few.
func (t *tx) putLayout(l report.Layout) error {
	h := l.Hash()
	var n int
	if found, err := t.one("SELECT 1 FROM layout_rows WHERE hash = ?", []any{h[:]}, &n); err != nil || found {
		return err
	}
	b, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("layout: %w", err)
	}
	return t.do("INSERT INTO layout_rows (hash, body) VALUES (?, ?)", h[:], layoutEncoder().EncodeAll(b, nil))
}

// Layout finds a layout that some Commit brought.
func (x *Inventory) Layout(ctx context.Context, h report.LayoutHash) (report.Layout, error) {
	var l report.Layout
	err := x.d.read(ctx, func(v *view) error {
		var body []byte
		found, err := v.one(ctx, "SELECT body FROM layout_rows WHERE hash = ?", []any{h[:]}, &body)
		if err != nil {
			return err
		}
		if !found {
			return notFound("layout", fmt.Sprintf("%x", h[:]))
		}
		b, err := layoutDecoder().DecodeAll(body, nil)
		if err != nil {
			return fmt.Errorf("layout %x: %w", h[:], err)
		}
		return json.Unmarshal(b, &l)
	})
	return l, err
}
