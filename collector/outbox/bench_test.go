package outbox_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"muster/collector/outbox"
)

// BenchmarkThrough is the outbox in an ingest path: groups of 350 bytes
// records appended by one, drained by another.
func BenchmarkThrough(b *testing.B) {
	for _, group := range []int{1, 20, 500} {
		b.Run(fmt.Sprint(group), func(b *testing.B) {
			o, err := outbox.Open(b.TempDir(), outbox.Options{Sinks: []outbox.Sink{{Name: "tsdb", Replay: true}}})
			if err != nil {
				b.Fatal(err)
			}
			defer o.Close()
			recs := make([][]byte, group)
			for i := range recs {
				recs[i] = make([]byte, 350)
			}
			start := time.Now()
			var wg sync.WaitGroup
			n := uint64(0)
			stop := make(chan struct{})
			wg.Go(func() {
				c, err := o.Cursor("tsdb")
				if err != nil {
					b.Error(err)
					return
				}
				defer c.Close()
				for {
					got, err := c.Next(b.Context(), 1000, 4<<20)
					if err != nil {
						b.Error(err)
						return
					}
					last := got[len(got)-1].ID
					if err := c.Done(last); err != nil {
						b.Error(err)
					}
					select {
					case <-stop:
						if last >= n {
							return
						}
					default:
					}
				}
			})
			for b.Loop() {
				if _, last, err := o.Append(recs); err != nil {
					b.Fatal(err)
				} else {
					n = last
				}
			}
			close(stop)
			// One more, so that the drain looks at stop.
			if _, last, err := o.Append(recs[:1]); err != nil {
				b.Fatal(err)
			} else if last <= n {
				b.Fatal("ids do not rise")
			}
			wg.Wait()
			b.ReportMetric(float64(n)/time.Since(start).Seconds(), "records/s")
		})
	}
}
