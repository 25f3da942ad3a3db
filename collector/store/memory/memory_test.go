package memory

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"muster/collector/store"
	"muster/collector/store/storetest"
	"muster/internal/report"
)

func TestSeries(t *testing.T) {
	storetest.RunSeries(t, storetest.SeriesStore{
		Open: func(*testing.T) store.Series {
			s := New()
			s.Now = storetest.Now
			return s
		},
		CountsDoubles: true,
	})
}

// TestFail: a store that tests make fail does nothing, and says why in terms
// that callers tell apart.
func TestFail(t *testing.T) {
	s := New()
	s.Now = storetest.Now
	l := report.Layout{{Measurement: "mem", Field: "used_percent"}}
	at := func(host string) store.Batch {
		return store.Batch{Device: "d", Host: host, Hash: l.Hash(), Layout: l, Points: []store.Point{{At: s.Now().UnixMilli(), Values: []float64{1}}}}
	}
	down := false
	s.Fail = func(batches []store.Batch) error {
		if down {
			return &store.Unavailable{After: time.Minute, Err: errors.New("connection refused")}
		}
		if slices.ContainsFunc(batches, func(b store.Batch) bool { return b.Host == "bad" }) {
			return fmt.Errorf("%w: a value too many", store.ErrPoison)
		}
		return nil
	}
	if _, err := s.Append(t.Context(), []store.Batch{at("good"), at("bad")}); !errors.Is(err, store.ErrPoison) {
		t.Errorf("with a bad batch: %v, want ErrPoison", err)
	}
	if done, err := s.Append(t.Context(), []store.Batch{at("good")}); err != nil || done.Samples != 1 {
		t.Errorf("without it: %+v, %v; want that nothing was written before", done, err)
	}
	down = true
	_, err := s.Stats(t.Context())
	var u *store.Unavailable
	if !errors.Is(err, store.ErrUnavailable) || !errors.As(err, &u) || u.After != time.Minute {
		t.Errorf("while it is down: %v, want ErrUnavailable for a minute", err)
	}
}
