package doctor

import (
	"testing"
	"time"

	"muster/collector/api"
	"muster/collector/store"
	"muster/internal/buildinfo"
)

func now() time.Time { return time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC) }

// well is a collector that nothing is wrong with.
func well() *Live {
	l := &Live{Program: "v1"}
	l.Status.Build = buildinfo.Info{Version: "v1"}
	l.Status.Series.Ready = 1
	l.Status.Outbox.LimitBytes = 100
	l.CA.Authorities = []api.CACertificate{{State: "current", NotAfter: now().AddDate(8, 0, 0)}, {State: "old", NotAfter: now().AddDate(0, 0, 1)}}
	l.Status.Certificates = []api.Certificate{{Name: "web", NotAfter: now().AddDate(0, 2, 0)}}
	l.Targets.Targets = []api.Target{{State: "live"}}
	return l
}

func TestEachFaultIsFoundAndNothingElse(t *testing.T) {
	if list := Judge(well(), now()); Worst(list) != OK || len(list) < 8 {
		t.Errorf("nothing is wrong, and yet %+v", list)
	}
	for name, c := range map[string]struct {
		change  func(*Live)
		subject string
		state   State
	}{
		"another version": {func(l *Live) { l.Program = "v2" }, "versions", Warn},
		"series loading":  {func(l *Live) { l.Status.Series.Ready = 0.4 }, "series", Warn},
		"a little behind": {func(l *Live) { l.Status.Outbox.LagSeconds = 120 }, "outbox", Warn},
		"far behind":      {func(l *Live) { l.Status.Outbox.LagSeconds = 2000 }, "outbox", Bad},
		"no room":         {func(l *Live) { l.Status.Outbox.Fill = 0.9 }, "outbox room", Warn},
		"put aside":       {func(l *Live) { l.Status.Outbox.Kept = 1 }, "records put aside", Warn},
		"InfluxDB is gone": {func(l *Live) {
			l.Status.Series = store.SeriesStats{Engine: "influx", Server: "InfluxDB 1.8.10, database muster at http://127.0.0.1:8086", Problem: "series store is not available: connection refused"}
		}, "series", Bad},
		"InfluxDB has a limit": {func(l *Live) {
			l.Status.Series = store.SeriesStats{Engine: "influx", Server: "InfluxDB 1.8.10, database muster", Ready: 1, Warnings: []string{"InfluxDB stops at max-values-per-tag = 100000"}}
		}, "series store", Warn},
		"a problem":             {func(l *Live) { l.Status.Problems = []string{"x"} }, "status", Bad},
		"a notice given up":     {func(l *Live) { l.Notices.Channels = []api.NoticeBacklog{{Channel: "desk", Failed: 2}} }, "notices", Bad},
		"a dead target":         {func(l *Live) { l.Targets.Targets = []api.Target{{State: "dead"}, {State: "live"}} }, "targets", Warn},
		"the CA ends next year": {func(l *Live) { l.CA.Authorities[0].NotAfter = now().AddDate(0, 6, 0) }, "CA", Warn},
		"the CA ends":           {func(l *Live) { l.CA.Authorities[0].NotAfter = now().AddDate(0, 0, 3) }, "CA", Bad},
		"web's ends soon":       {func(l *Live) { l.Status.Certificates[0].NotAfter = now().AddDate(0, 0, 20) }, "certificate of web", Warn},
		"web's has ended":       {func(l *Live) { l.Status.Certificates[0].NotAfter = now().AddDate(0, 0, -1) }, "certificate of web", Bad},
	} {
		l := well()
		c.change(l)
		list := Judge(l, now())
		if Worst(list) != c.state {
			t.Errorf("%s: worst is %s, want %s", name, Worst(list), c.state)
		}
		for _, x := range list {
			if (x.State != OK) != (x.Subject == c.subject) || x.State != OK && (x.Do == "" || x.Found == "") {
				t.Errorf("%s: %+v", name, x)
			}
		}
	}
}
