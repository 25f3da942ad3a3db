//go:build linux

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"muster/collector/store/influx/influxtest"
)

// overInflux are the settings of a collector whose series are in an InfluxDB.
func overInflux(s *influxtest.Server) string {
	return fmt.Sprintf("stores: {series: influx}\ninflux: {url: %q, compress: false}\n", s.URL)
}

// F11 with the series in a real InfluxDB: the collector and the server are
// killed by turns under a fleet. Nothing acknowledged is lost, and no number is
// another.
func TestF11_KillsOverInfluxDB(t *testing.T) {
	t.Parallel()
	server := influxtest.Start(t, influxtest.Options{})
	o := newOffice(t, overInflux(server))
	o.start()
	or := o.oracle(50, DefaultScript())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- or.Run(ctx, 400*time.Millisecond) }()
	for i := range times(4, 50) {
		time.Sleep(200*time.Millisecond + rand.N(time.Second))
		if i%2 == 0 {
			server.Kill()
			time.Sleep(rand.N(time.Second)) // reports go on being taken
			server.Restart()
		} else {
			o.kill()
			o.start()
		}
	}
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	if out := o.must("status"); !strings.Contains(out, "InfluxDB") {
		t.Errorf("status does not say where series are:\n%s", out)
	}
	o.finish(or)
}

// What a week of troubles comes to is the same when numbers are in InfluxDB;
// in full, under kills, whose judges read their windows from there.
func TestTroublesOfAWeekOverInfluxDB(t *testing.T) {
	if raced && !full() {
		t.Skip("weeks take four times as long under the race detector: make test plays them without, make faults with it")
	}
	c := course{influx: influxtest.Start(t, influxtest.Options{}).URL}
	if full() {
		c.judges, c.kill, c.move = 2, 7*time.Hour, 11*time.Hour
	}
	playTroubles(t, fastTroubles, 7, c, weekExpected(), weekOrder)
}
