package collector

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/api"
	"muster/collector/drain"
	"muster/collector/outbox"
	"muster/collector/store"
	"muster/collector/store/memory"
	"muster/internal/inventory"
	"muster/internal/report"
	"muster/internal/segment/segmenttest"
)

// F10 in virtual time: the series store is gone for four hours while reports
// come. All are taken, people are told how far behind numbers are and, once it
// is back, when it will be through; then everything is there, once.
func TestF10_SeriesStoreGoneForHours(t *testing.T) {
	perSecond := 1
	if os.Getenv("MUSTER_FAULTS") == "full" {
		perSecond = 40
	}
	synctest.Test(t, func(t *testing.T) {
		const gone, devices = 4 * time.Hour, 50
		start := time.Now()
		layout := report.Layout{{Measurement: "system", Field: "load1"}}
		b, err := outbox.Open("/data/outbox", outbox.Options{FS: segmenttest.New(), Now: time.Now, Sinks: []outbox.Sink{{Name: "influx"}}})
		if err != nil {
			t.Fatal(err)
		}
		cur, err := b.Cursor("influx")
		if err != nil {
			t.Fatal(err)
		}
		// Back again, it takes six times what arrives.
		takes := 6 * float64(perSecond)
		series := memory.New()
		series.Fail = func(bs []store.Batch) error {
			if since := time.Since(start); since >= time.Minute && since < time.Minute+gone {
				return &store.Unavailable{Err: errors.New("connection refused")}
			}
			n := 0
			for i := range bs {
				n += len(bs[i].Points)
			}
			time.Sleep(time.Duration(float64(n) / takes * float64(time.Second)))
			return nil
		}
		d := drain.New(drain.Options{Source: outboxSource{cur}, Series: series, Log: slog.New(slog.DiscardHandler),
			Layouts: func(context.Context, report.LayoutHash) (report.Layout, error) { return layout, nil }})
		c := &collector{outbox: b, drain: d, now: time.Now}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()

		sent := 0
		report := func(from, to time.Duration) {
			t.Helper()
			time.Sleep(time.Until(start.Add(from)))
			for time.Since(start) < to {
				var group [][]byte
				for range perSecond {
					s := store.Samples{Device: inventory.DeviceID(fmt.Sprint("d", sent%devices)), Host: "pc", Time: start.UnixMilli() + int64(sent),
						Samples: []report.Sample{{Layout: layout.Hash(), Values: report.Values{float64(sent)}}}}
					body, err := s.Encode()
					if err != nil {
						t.Fatal(err)
					}
					group = append(group, body)
					sent++
				}
				if err := (outboxSide{b, &c.emptying}).Append(group); err != nil {
					t.Fatalf("after %s: %v", time.Since(start), err)
				}
				time.Sleep(time.Second)
			}
		}
		store1 := func() api.OutboxStore { return c.outboxStatus().Stores[0] }

		report(0, time.Minute)
		synctest.Wait()
		if x := store1(); x.State != api.StoreCurrent || x.Since != nil || x.Rate < takes/2 {
			t.Errorf("in its first minute it is said to be %+v", x)
		}
		report(time.Minute, time.Minute+gone/2)
		x := store1()
		if behind := gone / 2; x.State != api.StoreUnavailable || x.Records < int64(behind.Seconds())*int64(perSecond)-int64(perSecond) ||
			x.BehindSeconds < behind.Seconds()-5 || x.BehindSeconds > behind.Seconds()+5 || !x.OldestAt.Before(x.Since.Add(time.Second)) || x.Since.Sub(start) < time.Minute || x.Since.Sub(start) > time.Minute+5*time.Second ||
			x.Tries < 100 || x.Error != "series store is not available: connection refused" || x.CaughtUpIn != nil || x.NextAt.Before(time.Now()) {
			t.Errorf("gone for %s it is said to be %+v", behind, x)
		}
		if r := c.outboxStatus().Arriving; r < 0.9*float64(perSecond) || r > 1.1*float64(perSecond) {
			t.Errorf("%d a second arrive, %.2f are told", perSecond, r)
		}
		back := time.Minute + gone
		report(time.Minute+gone/2, back+time.Minute)
		x = store1()
		if x.State != api.StoreBehind || x.Since != nil || x.Error != "" || x.CaughtUpIn == nil {
			t.Fatalf("a minute after it was back it is said to be %+v", x)
		}
		// Five times what arrives is gained: four hours take 48 minutes.
		told := time.Since(start) + time.Duration(*x.CaughtUpIn*float64(time.Second))
		var through time.Duration
		for at := back + time.Minute; through == 0 && at < back+2*time.Hour; at += 10 * time.Second {
			report(at, at+10*time.Second)
			if store1().State == api.StoreCurrent {
				through = time.Since(start)
			}
		}
		if through == 0 || (through-told).Abs() > 10*time.Minute {
			t.Errorf("it was through %s after it was back, %s was told", through-back, told-back)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if st := c.outboxStatus(); st.Records != 0 || st.Poisoned != 0 || st.Stores[0].Done != uint64(sent) {
			t.Errorf("at the end: %+v", st)
		}
		got, err := series.Query(t.Context(), store.SeriesQuery{Measurement: "system", Field: "load1", From: start, To: start.Add(24 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		points := 0
		for _, s := range got {
			points += len(s.Points)
		}
		if len(got) != devices || points != sent {
			t.Errorf("%d series with %d points, of %d reports", len(got), points, sent)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}
