package segment_test

import (
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"muster/internal/segment"
)

// BenchmarkAppenders is the journal of an ingest path: n goroutines append
// records of 350 bytes and each waits until its own is on the disk. There is
// no timer; reference/ingest.md §3 has the figures of other windows.
func BenchmarkAppenders(b *testing.B) {
	for _, n := range []int{1, 64, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l, _, err := segment.Open(b.TempDir(), segment.Options{SegmentBytes: 64 << 20})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			g := segment.NewGroup(l, 500)
			data := payload(1, 350)
			var wg sync.WaitGroup
			b.SetBytes(int64(len(data)))
			start := time.Now()
			for w := range n {
				wg.Go(func() {
					for range b.N/n + min(1, max(0, b.N%n-w)) {
						if _, _, err := g.Append(0, data); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "records/s")
		})
	}
}

func BenchmarkRead(b *testing.B) {
	l, _, err := segment.Open(b.TempDir(), segment.Options{SegmentBytes: 64 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	var batch []segment.Record
	for id := uint64(1); id <= 10_000; id++ {
		batch = append(batch, segment.Record{ID: id, Data: payload(1, 350)})
	}
	if err := l.Append(batch...); err != nil {
		b.Fatal(err)
	}
	r := l.Reader(0)
	for b.Loop() {
		if _, err := r.Next(); err == io.EOF {
			r.Close()
			r = l.Reader(0)
		} else if err != nil {
			b.Fatal(err)
		}
	}
	r.Close()
}
