package collector

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"muster/collector/config"
	"muster/collector/migrate"
	"muster/collector/store"
	"muster/collector/store/influx/influxtest"
	"muster/internal/inventory"
)

// BenchmarkMigrateNumbers moves six hours of 100 devices with 40 numbers a
// minute from the embedded store to a real InfluxDB, each hour read back; and
// then compares the source with the journal, which is what unchanged numbers
// cost in another round. It ends with one JSON line a figure.
func BenchmarkMigrateNumbers(b *testing.B) {
	c := config.Default()
	c.Data = b.TempDir()
	layout := benchLayout()
	now := time.Now().Truncate(time.Hour)
	s, err := openSeries(c.Data, c, time.Now, nil)
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx) }()
	total := 0
	for m := range 6 * 60 {
		var list []store.Batch
		for d := range 100 {
			p := store.Point{At: now.Add(time.Duration(m-6*60) * time.Minute).UnixMilli()}
			for i := range layout {
				p.Values = append(p.Values, float64((m*d)%97)*1.37*float64(i+1))
			}
			total += len(layout)
			list = append(list, store.Batch{Device: inventory.DeviceID(fmt.Sprintf("01900000-0000-7000-8000-%012d", d)), Host: fmt.Sprintf("pc-%04d", d), Hash: layout.Hash(), Layout: layout, Points: []store.Point{p}})
		}
		if _, err := s.Append(b.Context(), list); err != nil {
			b.Fatal(err)
		}
	}
	stop()
	if err := <-ran; err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	next := c
	next.Stores.Series, next.Influx.URL = "influx", influxtest.Start(b, influxtest.Options{}).URL
	x := &mover{dir: c.Data, o: MigrateOrder{Config: next, Log: slog.New(slog.DiscardHandler), Now: time.Now}}
	var numbers int64
	x.o.Tell = func(p migrate.Progress) { numbers = max(numbers, p.Numbers) }
	if err := x.plan(); err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"points_per_second", "points_compared_per_second"} {
		begin := time.Now()
		// Of what is in blocks by now nothing has to be read again.
		if err := x.numbersOffline(b.Context()); err != nil || numbers == 0 || name == "points_per_second" && numbers != int64(total) {
			b.Fatalf("%d of %d numbers, %v", numbers, total, err)
		}
		fmt.Printf("{\"figure\":\"migrate_%s\",\"value\":%.3g,\"unit\":\"1/s\"}\n", name, float64(numbers)/time.Since(begin).Seconds())
		numbers = 0
	}
}
