//go:build linux

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"muster/agent/send"
	"muster/collector/api"
	"muster/collector/store/influx/influxtest"
	"muster/internal/report"
)

// influxOffice is a place whose numbers go to a real InfluxDB, through a
// network with these faults; more is settings of it.
func influxOffice(t *testing.T, more string, list ...toxic) (*office, *influxtest.Server) {
	t.Helper()
	s := influxtest.Start(t, influxtest.Options{})
	url := s.URL
	if len(list) > 0 {
		url = "http://" + brokenNetwork(t, strings.TrimPrefix(s.URL, "http://"), list...).Listen
	}
	return newOffice(t, fmt.Sprintf("stores: {series: influx}\ninflux: {url: %q, database: muster%s}\n", url, more)), s
}

// outboxOf is what the command line tells of the outbox.
func (o *office) outboxOf() (api.OutboxStatus, api.OutboxStore) {
	o.t.Helper()
	var st api.OutboxStatus
	decode(o.t, o.must("outbox", "list", "-o", "json"), &st)
	if len(st.Stores) != 1 {
		o.t.Fatalf("one store is fed, and %d are listed", len(st.Stores))
	}
	return st, st.Stores[0]
}

// F10: InfluxDB is killed while reports come, is gone for a while and comes
// back. Reports are acknowledged as before, people are told how far numbers are
// behind and why, and afterwards every number is there, once.
func TestF10_InfluxKilled(t *testing.T) {
	t.Parallel()
	o, s := influxOffice(t, "")
	o.start()
	or := o.oracle(times(40, 200), DefaultScript())
	run := func(d time.Duration) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		if err := or.Run(ctx, time.Second); err != nil {
			t.Error(err)
		}
	}
	for cycle := range times(1, 20) {
		run(2 * time.Second)
		s.Kill()
		before := or.Counts()
		run(time.Duration(times(3, 30)) * time.Second)
		if now := or.Counts(); now.Acknowledged <= before.Acknowledged || now.Failed > before.Failed {
			t.Errorf("cycle %d: without InfluxDB %d reports were acknowledged and %d tries failed", cycle, now.Acknowledged-before.Acknowledged, now.Failed-before.Failed)
		}
		eventually(t, 30*time.Second, func() error {
			_, x := o.outboxOf()
			if x.State != api.StoreUnavailable || x.Records == 0 || x.Since == nil || x.Error == "" || x.OldestAt == nil {
				return fmt.Errorf("InfluxDB is gone, and the outbox says %+v", x)
			}
			return nil
		})
		if _, err := o.muster("outbox", "drain", "--for", "1s"); err == nil || !strings.Contains(err.Error(), "still wait") {
			t.Errorf("cycle %d: drained into what is not there: %v", cycle, err)
		}
		s.Restart()
		begin := time.Now()
		st, _ := o.outboxOf()
		o.must("outbox", "drain", "--for", "2m")
		t.Logf("cycle %d: %d records drained within %s of the restart, %.0f/s were arriving", cycle, st.Records, time.Since(begin).Round(time.Millisecond), st.Arriving)
	}
	o.finish(or)
}

// F12 between collector and store: one in five answers of InfluxDB is lost
// after it has written. All is written again, and is there once.
func TestF12_InfluxAnswersCut(t *testing.T) {
	t.Parallel()
	o, _ := influxOffice(t, "", toxic{"muster_cut", "downstream", map[string]any{"share": 0.2}})
	o.start()
	or := o.oracle(times(20, 100), DefaultScript())
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(times(5, 300))*time.Second)
	defer cancel()
	if err := or.Run(ctx, 150*time.Millisecond); err != nil {
		t.Error(err)
	}
	o.must("outbox", "drain", "--for", "2m")
	if n := o.metric("muster_drain_failures_total"); n == 0 || cuts.Load() == 0 {
		t.Errorf("%d connections were cut and %.0f writes failed", cuts.Load(), n)
	}
	if st, _ := o.outboxOf(); st.Poisoned != 0 {
		t.Errorf("%d records were put aside for the network's faults", st.Poisoned)
	}
	o.finish(or)
}

// F15 between collector and store: a slow line, late and narrow, that is reset
// now and then. Numbers come late, and all of them come.
func TestF15_InfluxFarAway(t *testing.T) {
	t.Parallel()
	half := times(150, 1000) // milliseconds each way
	var list []toxic
	for _, way := range []string{"upstream", "downstream"} {
		list = append(list, toxic{"latency", way, map[string]any{"latency": half}}, toxic{"bandwidth", way, map[string]any{"rate": 32}},
			toxic{"muster_cut", way, map[string]any{"share": 0.01}})
	}
	o, _ := influxOffice(t, "", list...)
	o.start()
	or := o.oracle(times(10, 50), DefaultScript())
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(times(6, 1800))*time.Second)
	defer cancel()
	before := or.Counts()
	if err := or.Run(ctx, 500*time.Millisecond); err != nil {
		t.Error(err)
	}
	if now := or.Counts(); now.Failed > before.Failed {
		t.Errorf("%d deliveries failed, because the store is slow", now.Failed-before.Failed)
	}
	o.must("outbox", "drain", "--for", "5m")
	if st, x := o.outboxOf(); st.Poisoned != 0 {
		t.Errorf("%d records were put aside for the network's faults", st.Poisoned)
	} else {
		t.Logf("it took %.0f records a second", x.Rate)
	}
	o.finish(or)
}

// What InfluxDB refuses for what it holds stands in nobody's way: the others
// go in, it is listed with the reason, and is taken back once InfluxDB would
// have it. Here that is a report of many numbers, and a server that takes
// small requests only.
func TestInfluxRefusesRecords(t *testing.T) {
	const limit = "INFLUXDB_HTTP_MAX_BODY_SIZE"
	t.Setenv(limit, "4000")
	o, s := influxOffice(t, ", compress: false")
	o.start()
	or := o.oracle(10, DefaultScript())
	big := NewOracle(filepath.Join(o.dir, "big"), or.Script, quiet())
	if err := big.Enrol(t.Context(), 1, o.invite(1)); err != nil {
		t.Fatal(err)
	}
	or.others = map[string]bool{string(big.Devices[0].ID): true}
	const refused = 3
	for seq := uint64(1); seq <= refused; seq++ {
		if _, err := big.tell(t, seq, processors(100, 0)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if err := or.Run(ctx, 200*time.Millisecond); err != nil {
			t.Error(err)
		}
		cancel()
	}
	o.must("outbox", "drain", "--for", "1m")
	st, x := o.outboxOf()
	if st.Kept != refused || x.State != api.StoreCurrent || x.Poisoned != refused || st.Lost != 0 {
		t.Errorf("%d records are refused, and the outbox says %+v", refused, st)
	}
	var list api.OutboxAside
	decode(t, o.must("outbox", "list", "--aside", "-o", "json"), &list)
	if list.Total != refused || list.Records[0].Device != big.Devices[0].ID || list.Records[0].Host != big.Name(1) || !strings.Contains(list.Records[0].Reason, "max-body-size") {
		t.Fatalf("put aside: %+v", list)
	}
	if text := o.must("status"); !strings.Contains(text, "were put aside") {
		t.Errorf("status does not tell:\n%s", text)
	}
	// One is dropped; the others are refused once more before the server is
	// mended, and go in after.
	o.must("outbox", "drop", fmt.Sprint(list.Records[0].Number))
	o.must("outbox", "retry", "--all")
	o.must("outbox", "drain", "--for", "1m")
	if st, x := o.outboxOf(); st.Kept != refused-1 || x.Poisoned != 2*refused-1 {
		t.Errorf("refused again, and the outbox says %+v", st)
	}
	s.Kill()
	t.Setenv(limit, "25000000")
	s.Restart()
	o.must("outbox", "retry", "--all")
	o.must("outbox", "drain", "--for", "1m")
	if st, _ := o.outboxOf(); st.Kept != 0 {
		t.Errorf("mended, and %d are still put aside", st.Kept)
	}
	var a api.SeriesAnswer
	decode(t, o.must("series", "query", "cpu_usage_user", "--device", string(big.Devices[0].ID), "--label", "cpu=cpu7", "--since", or.Time(0).Format(time.RFC3339), "--step", "0", "-o", "json"), &a)
	if len(a.Series) != 1 || len(a.Series[0].Points) != refused-1 {
		t.Errorf("taken back, and the store says %+v", a.Series)
	}
	o.finish(or)
}

// tell lets the only device tell the numbers of one layout; the others only
// come along.
func (o *Oracle) tell(t *testing.T, seq uint64, layouts ...report.Layout) (send.Outcome, error) {
	t.Helper()
	d := o.Devices[0]
	r, err := o.Report(d.N, seq, d.machine)
	if err != nil {
		t.Fatal(err)
	}
	values := make(report.Values, len(layouts[0]))
	for i := range values {
		values[i] = float64(i)
	}
	r.Layouts, r.Samples = layouts, []report.Sample{{Layout: layouts[0].Hash(), Values: values}}
	b, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if d.issued < seq {
		d.issued, d.waiting = seq, append(d.waiting, b)
	}
	return d.Deliver(t.Context())
}

// processors is a layout of so many of them, with a name that long.
func processors(n, name int) (l report.Layout) {
	for i := range n {
		l = append(l, report.Series{Measurement: "cpu", Field: "usage_user", Labels: []report.Label{{Key: "cpu", Value: fmt.Sprintf("%scpu%d", strings.Repeat("x", name), i)}}})
	}
	return l
}

// The outbox is full because InfluxDB is gone: from four fifths on reports are
// answered 503 with a time to come again, what was acknowledged stays, and all
// goes on by itself once there is room.
func TestF10_OutboxFull(t *testing.T) {
	t.Parallel()
	s := influxtest.Start(t, influxtest.Options{})
	o := newOffice(t, fmt.Sprintf("stores: {series: influx}\ninflux: {url: %q, database: muster}\noutbox: {size: 64MiB}\n", s.URL))
	o.start()
	or := o.oracle(1, DefaultScript())
	eventually(t, 30*time.Second, func() error { // the database is made
		_, err := o.muster("series", "query", "cpu_usage_user")
		return err
	})
	s.Kill()
	padding := []report.Layout{processors(2, 0)}
	for i := range 4 {
		padding = append(padding, processors(4000, 60+i))
	}
	seq := uint64(1)
	var out send.Outcome
	for {
		var err error
		if out, err = or.tell(t, seq, padding...); err != nil {
			break
		}
		if seq++; seq > 200 {
			t.Fatalf("200 reports of a megabyte found room in 64 MiB")
		}
	}
	if out.Verdict != send.Later || out.After <= 0 || seq < 20 {
		t.Fatalf("report %d was answered %s, to come again after %s: %v", seq, out.Verdict, out.After, out.Err)
	}
	st, x := o.outboxOf()
	if st.Fill < 0.8 || st.Fill > 1 || x.Records != int64(seq)-1 {
		t.Errorf("full after %d reports, and the outbox says %+v", seq-1, st)
	}
	resp, err := http.Get("http://" + o.web + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("/readyz says %d", resp.StatusCode)
	}
	s.Restart()
	o.must("outbox", "drain", "--for", "2m")
	if _, err := or.tell(t, seq, padding...); err != nil {
		t.Errorf("all is drained, and a report is answered: %v", err)
	}
	o.must("outbox", "drain", "--for", "2m")
	var a api.SeriesAnswer
	decode(t, o.must("series", "query", "cpu_usage_user", "--device", string(or.Devices[0].ID), "--label", "cpu=cpu1", "--since", or.Time(0).Format(time.RFC3339), "--step", "0", "-o", "json"), &a)
	if len(a.Series) != 1 || len(a.Series[0].Points) != int(seq) {
		t.Errorf("%d reports were acknowledged, and the store has %+v", seq, a.Series)
	}
}

// Before a collector is taken away its outbox is emptied: nothing more is
// taken, agents are told to come again, and what was taken is in the store.
func TestOutboxIsEmptied(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	or := o.oracle(5, DefaultScript())
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := or.Run(ctx, 100*time.Millisecond); err != nil {
		t.Error(err)
	}
	o.must("outbox", "drain", "--close", "--for", "1m")
	d := or.Devices[0]
	if err := d.Issue(); err != nil {
		t.Fatal(err)
	}
	if out, err := d.Deliver(t.Context()); out.Verdict != send.Later || out.After <= 0 {
		t.Errorf("emptied, and a report is answered %s, to come again after %s: %v", out.Verdict, out.After, err)
	}
	if st, x := o.outboxOf(); !st.Closed || x.Records != 0 || x.Done != st.Newest {
		t.Errorf("emptied, and the outbox says %+v", st)
	}
	o.must("outbox", "drain", "--open")
	if _, err := d.Deliver(t.Context()); err != nil {
		t.Errorf("opened again: %v", err)
	}
	o.finish(or)
}

// metric is one of the numbers that the collector tells of itself.
func (o *office) metric(name string) float64 {
	o.t.Helper()
	resp, err := http.Get("http://" + o.web + "/metrics")
	if err != nil {
		o.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if text, ok := strings.CutPrefix(line, name+" "); ok {
			f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil {
				o.t.Fatal(err)
			}
			return f
		}
	}
	o.t.Fatalf("%s is not told:\n%.500s", name, b)
	return 0
}
