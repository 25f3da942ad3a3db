package collector

import (
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/config"
	"muster/collector/store"
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/report"
	"muster/internal/settings"
)

// Retention deletes what its settings say, and nothing that is true now.
func TestRetentionDeletesWhatItSays(t *testing.T) {
	const day = 24 * time.Hour
	c := office(t, func(cfg *config.Config) {
		cfg.Retention = config.Retention{Rows: settings.Duration(10 * day), Events: settings.Duration(5 * day), Audit: settings.Duration(20 * day), Series: settings.Duration(6 * day)}
	})
	ctx := t.Context()
	now := time.Now().Truncate(time.Second)
	old := now.Add(-4 * day)
	id := inventory.DeviceID("01900000-0000-7000-8000-000000000001")
	if err := c.inventory.AddDevice(ctx, store.NewDevice{ID: id, Kind: "pc", Name: "pc-1", At: old}); err != nil {
		t.Fatal(err)
	}
	sec, _ := inventory.Lookup("software")
	reading := func(at time.Time, names ...string) store.SectionReading {
		in := inventory.Table{Columns: []string{"source", "name", "version"}}
		for _, n := range names {
			in.Rows = append(in.Rows, []any{"dpkg", n, "1"})
		}
		table, _, err := sec.Conform(in)
		if err != nil {
			t.Fatal(err)
		}
		return store.SectionReading{Section: sec, Status: report.OK, At: at, Hash: sec.HashTable(table), Table: table}
	}
	commit := func(seq uint64, at time.Time, names ...string) {
		t.Helper()
		if err := c.inventory.Commit(ctx, []store.Entry{{Device: id, Head: store.Head{Epoch: 1, Seq: seq}, At: at, ReceivedAt: at, Sections: []store.SectionReading{reading(at, names...)},
			Events: []store.EventReading{{Kind: event.Enrolled, At: at, Count: 1}}}}); err != nil {
			t.Fatal(err)
		}
	}
	commit(1, old, "always", "gone")
	commit(2, old.Add(day), "always")
	commit(3, now, "always", "new")
	for range 3 {
		if err := c.accounts.Audit(ctx, account.Record{Actor: "ada", Action: "x", Outcome: "done"}); err != nil {
			t.Fatal(err)
		}
	}
	layout := report.Layout{{Measurement: "mem", Field: "used_percent"}}
	var points []store.Point
	for at := old; !at.After(now); at = at.Add(time.Hour) {
		points = append(points, store.Point{At: at.UnixMilli(), Values: []float64{1}})
	}
	if _, err := c.series.Append(ctx, []store.Batch{{Device: id, Host: "pc-1", Layout: layout, Hash: layout.Hash(), Points: points}}); err != nil {
		t.Fatal(err)
	}
	type kept struct{ rows, current, events, audit, points int64 }
	have := func() kept {
		t.Helper()
		n, err := c.inventory.Counts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		audit, broken, err := c.accounts.VerifyAudit(ctx)
		if err != nil || broken != 0 {
			t.Fatalf("audit: broken at %d, %v", broken, err)
		}
		out, err := c.series.Query(ctx, store.SeriesQuery{Measurement: "mem", Field: "used_percent", From: old.Add(-time.Hour), To: now.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		k := kept{n.Rows, n.CurrentRows, n.Events, audit, 0}
		for _, s := range out {
			k.points += int64(len(s.Points))
		}
		return k
	}
	before := have()
	if before.rows != 3 || before.current != 2 || before.events < 3 || before.audit < 3 || before.points != 97 {
		t.Fatalf("before: %+v", before)
	}
	// Today nothing is old enough.
	c.retain(ctx, now)
	if k := have(); k != before {
		t.Errorf("today: %+v, before %+v", k, before)
	}
	// In two days: the events of four days ago are six days old.
	c.retain(ctx, now.Add(2*day-time.Hour))
	if k := have(); k.events >= before.events || k.events == 0 || k.rows != 3 || k.points != 97 {
		t.Errorf("in two days: %+v, before %+v", k, before)
	}
	// In three days numbers of more than three days ago go.
	c.retain(ctx, now.Add(3*day))
	if k := have(); k.points != 73 || k.rows != 3 {
		t.Errorf("in three days: %+v", k)
	}
	// In eight days: the row that closed three days ago is eleven days gone.
	c.retain(ctx, now.Add(8*day))
	if k := have(); k.rows != 2 || k.current != 2 || k.events != 0 || k.points != 0 || k.audit != before.audit {
		t.Errorf("in eight days: %+v", k)
	}
	// In three weeks the audit goes too, and what is true now never does.
	c.retain(ctx, now.Add(21*day))
	if k := have(); k.rows != 2 || k.current != 2 || k.audit != 0 {
		t.Errorf("in three weeks: %+v", k)
	}
}
