package tsdb

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	promtsdb "github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
)

type numberAt struct {
	t int64
	v float64
}

func (n numberAt) T() int64                    { return n.t }
func (n numberAt) F() float64                  { return n.v }
func (numberAt) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (n numberAt) Copy() chunks.Sample         { return n }
func (numberAt) H() *histogram.Histogram       { return nil }
func (numberAt) FH() *histogram.FloatHistogram { return nil }

// One flipped byte in the numbers of a block is found, and by a deep look only.
func TestExamineFindsADamagedBlock(t *testing.T) {
	dir := t.TempDir()
	var list []chunks.Sample
	for i := range int64(200) {
		list = append(list, numberAt{i * 1000, float64(i * i)})
	}
	block, err := promtsdb.CreateBlock([]storage.Series{storage.NewListSeries(labels.FromStrings("__name__", "x"), list)}, dir, 0, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	look := func(deep bool) Examination {
		t.Helper()
		x, err := Examine(context.Background(), dir, deep, false)
		if err != nil || x.Blocks != 1 {
			t.Fatalf("%+v, %v", x, err)
		}
		return x
	}
	if x := look(true); len(x.Faults) != 0 || x.Chunks < 2 {
		t.Errorf("of a whole block: %+v", x)
	}
	file := filepath.Join(block, "chunks", "000001")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 0x10
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if x := look(true); len(x.Faults) != 1 {
		t.Errorf("of a flipped bit: %+v", x)
	}
	if x := look(false); len(x.Faults) != 0 {
		t.Errorf("a quick look reads all numbers: %+v", x)
	}
	if err := os.Truncate(filepath.Join(block, "index"), 40); err != nil {
		t.Fatal(err)
	}
	if x := look(false); len(x.Faults) != 1 {
		t.Errorf("of a cut index: %+v", x)
	}
}
