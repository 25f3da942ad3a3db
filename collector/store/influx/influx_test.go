package influx

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"muster/collector/store"
	"muster/collector/store/influx/influxtest"
	"muster/collector/store/storetest"
)

// databases counts those that tests made on the servers.
var databases atomic.Int64

func open(t *testing.T, o Options) *Store {
	t.Helper()
	if o.Database == "" {
		o.Database = fmt.Sprintf("muster%d", databases.Add(1))
	}
	if o.Now == nil {
		o.Now = storetest.Now
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// TestSeries holds the store over a real InfluxDB 1.8 to the suite.
func TestSeries(t *testing.T) {
	server := influxtest.Start(t, influxtest.Options{})
	storetest.RunSeries(t, storetest.SeriesStore{
		Open: func(t *testing.T) store.Series { return open(t, Options{URL: server.URL}) },
		Reopen: func(t *testing.T, s store.Series) store.Series {
			o := s.(*Store).o
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, o)
		},
	})
}
