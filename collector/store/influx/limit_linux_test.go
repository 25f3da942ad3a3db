package influx

import (
	"testing"
	"time"

	"muster/collector/store"
	"muster/collector/store/influx/influxtest"
	"muster/collector/store/storetest"
	"muster/internal/report"
)

// A server that cuts answers short, as its settings may say, is asked in pieces:
// nothing is missing.
func TestAnswersCutShort(t *testing.T) {
	server := influxtest.Start(t, influxtest.Options{HTTP: "max-row-limit = 3"})
	s, err := New(Options{URL: server.URL, Database: "m", Now: storetest.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	l := report.Layout{{Measurement: "mem", Field: "used_percent"}}
	at := storetest.Now().Add(-time.Hour)
	const devices = 20
	for d := range devices {
		id, host := storetest.PCDevice(d)
		if _, err := s.Append(t.Context(), []store.Batch{{Device: id, Host: host, Hash: l.Hash(), Layout: l, Points: []store.Point{{At: at.UnixMilli(), Values: []float64{float64(d)}}}}}); err != nil {
			t.Fatal(err)
		}
	}
	out, err := s.Query(t.Context(), store.SeriesQuery{Measurement: "mem", Field: "used_percent", From: at.Add(-time.Hour), To: at.Add(time.Hour), Step: time.Hour, Aggregate: store.Mean})
	if err != nil || len(out) != devices {
		t.Fatalf("%d series, %v", len(out), err)
	}
	for i, x := range out {
		if len(x.Points) != 1 || x.Points[0].Value != float64(i) {
			t.Errorf("%d: %+v", i, x)
		}
	}
}
