package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"muster/collector/health"
	"muster/collector/health/rule"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// player is a judge in the data's own time, in which each drive is the only
// one of a machine of its own.
type player struct {
	j   *health.Judge
	now time.Time
	met map[string]bool
	// said is what the rules said of each drive, in its order.
	said map[string][]saying
}

// saying is that a finding fired, or changed its severity.
type saying struct {
	at       time.Time
	rule     string
	severity rule.Severity
	points   float64
	backlog  bool
}

func newPlayer(set *rule.Set) (*player, error) {
	p := &player{met: map[string]bool{}, said: map[string][]saying{}}
	j, err := health.New(health.Options{Rules: set, Now: func() time.Time { return p.now }, Zone: time.UTC, Record: p.record,
		Interval: func() time.Duration { return 24 * time.Hour }})
	p.j = j
	return p, err
}

func (p *player) record(j *store.Judged) {
	for _, f := range j.Findings {
		if f.State != store.Firing || f.Family != "drive" {
			continue
		}
		id := string(f.Device)
		s := saying{at: f.JudgedAt, rule: f.Rule, severity: rule.Severity(f.Severity), points: f.Points, backlog: f.Backlog}
		p.said[id] = append(p.said[id], s)
	}
}

// drive is what is known of a drive besides its numbers.
type driveFacts struct {
	id, model, kind string
}

// observe lets a drive tell its numbers, by field of smart_device; NaN is not
// told. rows are further sections.
func (p *player) observe(ctx context.Context, d driveFacts, at time.Time, numbers map[string]float64, rows ...store.SectionReading) error {
	p.now = at
	id := inventory.DeviceID(d.id)
	o := health.Observation{Device: id, At: at, ReceivedAt: at, Sections: rows}
	if !p.met[d.id] {
		p.met[d.id] = true
		p.j.Meet(health.Info{ID: id, Name: d.id, Kind: "server", OS: "linux", Model: "recorded", FirstSeen: at})
		r, err := reading([]inventory.Disk{{Name: "sda", Serial: d.id, Model: d.model, Kind: d.kind, Internal: new(true)}}, at)
		if err != nil {
			return err
		}
		o.Sections = append(o.Sections, r)
	}
	n := health.Numbers{At: at}
	for _, f := range fields() {
		if x, ok := numbers[f]; ok && !math.IsNaN(x) {
			n.Layout = append(n.Layout, report.Series{Measurement: "smart_device", Field: f, Labels: []report.Label{{Key: "serial_no", Value: d.id}}})
			n.Values = append(n.Values, x)
		}
	}
	if len(n.Values) > 0 {
		n.Hash = n.Layout.Hash()
		o.Samples = []health.Numbers{n}
	}
	if err := p.j.Observe(ctx, o); err != nil {
		return err
	}
	return nil
}

// reading is rows of a section as a store gives them.
func reading[T inventory.Sectioner](rows []T, at time.Time) (store.SectionReading, error) {
	t, err := inventory.Encode(rows)
	if err != nil {
		return store.SectionReading{}, err
	}
	name := rows[0].Section().Name
	sec, ok := inventory.Lookup(name)
	if !ok {
		return store.SectionReading{}, fmt.Errorf("there is no section %s", name)
	}
	t, _, err = sec.Conform(t)
	return store.SectionReading{Section: sec, Status: report.OK, At: at, Table: t}, err
}

// fields are those of smart_device that the data have.
func fields() []string {
	return []string{
		"reallocated_sectors_count",
		"uncorrectable_errors",
		"pending_sector_count",
		"uncorrectable_sector_count",
		"udma_crc_errors",
		"power_on_hours",
		"temp_c",
		"available_spare",
		"percentage_used",
		"media_errors",
	}
}

// first is the first time that a drive was said to be at least so bad.
func first(list []saying, least rule.Severity) (saying, bool) {
	for _, s := range list {
		if s.severity.Rank() >= least.Rank() {
			return s, true
		}
	}
	return saying{}, false
}
