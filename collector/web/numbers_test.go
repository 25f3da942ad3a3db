package web

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"muster/collector/store"
)

// numbers is a store of numbers over time that can be away, or never answer.
type numbers struct {
	store.Series
	state atomic.Int32
	asked atomic.Int32
}

const (
	there int32 = iota
	absent
	silent
)

func (n *numbers) Query(ctx context.Context, q store.SeriesQuery) ([]store.SeriesResult, error) {
	n.asked.Add(1)
	switch n.state.Load() {
	case absent:
		return nil, store.ErrUnavailable
	case silent:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return n.Series.Query(ctx, q)
}

// TestNumbersAreMissing: pages say that numbers over time cannot be had, be it that
// their store is away or that it never answers, and show all the rest.
func TestNumbersAreMissing(t *testing.T) {
	w := newWorld(t)
	now, key := w.now(), "device:"+device+":space"
	var j store.Judged
	for _, n := range []string{"a", "b", "c"} {
		j.Incidents = append(j.Incidents, store.Incident{Kind: store.DeviceIncident, Key: key + n, Title: "Disk will be full soon", Rule: "S02", Family: "space", Severity: "critical", Status: store.New,
			OpenedAt: now.Add(-time.Hour), UpdatedAt: now, Rank: 9, Count: 1, Devices: []store.IncidentDevice{{ID: device, Name: "front-1"}}})
		j.Findings = append(j.Findings, store.JudgedFinding{Key: key + n, Finding: store.Finding{Device: device, Name: "front-1", Rule: "S02", Family: "space", Title: "Disk will be full soon", Component: n,
			State: store.Firing, Severity: "critical", Worst: "critical", Times: 1, Since: now.Add(-2 * time.Hour), FiredAt: now.Add(-time.Hour), JudgedAt: now,
			Evidence: []store.Evidence{{Label: "Free", Value: "9 GB"}, {Label: "Used", Measurement: "disk", Field: "used_percent", Hours: 24}}}})
	}
	if err := w.inv.Record(t.Context(), &j); err != nil {
		t.Fatal(err)
	}
	b := w.signedIn("intern")
	const missing = "Readings are missing right now"
	pages := map[string][]string{
		"/":                  {"3 incidents need someone today", "Disk will be full soon", "Free: 9 GB", "front-1"},
		"/incidents/1":       {"Disk will be full soon", "<dd>9 GB</dd>", "front-1", "What happened so far"},
		"/devices/" + device: {"front-1", "Disk will be full soon", "Changes"},
	}
	for _, x := range []struct {
		name     string
		state    int32
		patience time.Duration
	}{{"there", there, time.Minute}, {"away", absent, time.Minute}, {"silent", silent, 3 * time.Second}} {
		w.series.state.Store(x.state)
		w.Site.patience = x.patience
		for path, kept := range pages {
			w.series.asked.Store(0)
			resp := w.get(b, path)
			body := w.page(resp)
			if resp.StatusCode != http.StatusOK || w.series.asked.Load() == 0 {
				t.Fatalf("%s, with numbers %s: %s, asked %d times", path, x.name, resp.Status, w.series.asked.Load())
			}
			if says := strings.Contains(body, missing); says != (x.state != there) {
				t.Errorf("%s says that numbers are missing: %t, and they are %s", path, says, x.name)
			}
			for _, k := range kept {
				if !strings.Contains(body, k) {
					t.Errorf("%s, with numbers %s, lacks %q", path, x.name, k)
				}
			}
		}
	}
}
