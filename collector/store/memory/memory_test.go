package memory

import (
	"testing"

	"muster/collector/store"
	"muster/collector/store/storetest"
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
