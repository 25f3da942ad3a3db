package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"muster/collector/health/drive"
	"muster/collector/health/rule"
)

const dailyFile = "backblaze_2013q2_daily.csv.gz"

// day is one row: what one drive told on one day.
type day struct {
	drive int32
	date  int16 // days since the first
	fail  bool
	x     [4]float32 // 5, 9, 194, 197; NaN: not told
}

// disk is one drive of the daily set.
type disk struct {
	serial, model string
	first, last   int16
	days          int
	failed        int16 // the day it was removed; -1: it was not
}

type dailySet struct {
	begin time.Time
	disks []disk
	rows  []day // by date, then drive
}

// daily lets the engine watch hard disks day by day.
func (e *evaluation) daily(ctx context.Context) error {
	set, err := e.readDaily()
	if err != nil {
		return err
	}
	p, err := newPlayer(e.set)
	if err != nil {
		return err
	}
	tops, err := p.playDaily(ctx, set)
	if err != nil {
		return err
	}
	return e.scoreDaily(set, p, tops)
}

func (e *evaluation) readDaily() (*dailySet, error) {
	columns := []string{"smart_5_raw", "smart_9_raw", "smart_194_raw", "smart_197_raw"}
	set := &dailySet{}
	at := map[string]int32{}
	var dates []time.Time
	err := e.each(dailyFile, append([]string{"serial", "model", "date", "failure"}, columns...), func(_ int, r record) error {
		date, err := time.Parse(time.DateOnly, r.text("date"))
		if err != nil {
			return err
		}
		serial := r.text("serial")
		i, ok := at[serial]
		if !ok {
			i = int32(len(set.disks))
			at[serial] = i
			set.disks = append(set.disks, disk{serial: serial, model: r.text("model"), failed: -1})
		}
		row := day{drive: i, fail: r.text("failure") == "1"}
		for k, c := range columns {
			row.x[k] = float32(r.number(c))
		}
		set.rows, dates = append(set.rows, row), append(dates, date)
		if set.begin.IsZero() || date.Before(set.begin) {
			set.begin = date
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range set.rows {
		r := &set.rows[i]
		r.date = int16(dates[i].Sub(set.begin).Hours() / 24)
		d := &set.disks[r.drive]
		if d.days == 0 || r.date < d.first {
			d.first = r.date
		}
		d.last = max(d.last, r.date)
		d.days++
		if r.fail {
			d.failed = r.date
		}
	}
	slices.SortFunc(set.rows, func(a, b day) int { return cmp.Or(cmp.Compare(a.date, b.date), cmp.Compare(a.drive, b.drive)) })
	return set, nil
}

// top is a drive among the riskiest hundredth of a day.
type top struct {
	drive  int32
	date   int16
	points float64
}

// playDaily plays all rows, a day after the other. It answers the riskiest
// hundredth of each day.
func (p *player) playDaily(ctx context.Context, set *dailySet) ([]top, error) {
	at := map[string]int32{}
	for i, d := range set.disks {
		at[d.serial] = int32(i)
	}
	var tops []top
	for i := 0; i < len(set.rows); {
		date := set.rows[i].date
		noon := set.begin.Add(time.Duration(date)*24*time.Hour + 12*time.Hour)
		for ; i < len(set.rows) && set.rows[i].date == date; i++ {
			r := set.rows[i]
			d := set.disks[r.drive]
			// The row of the day of failure is no warning: nobody could act on it.
			if r.fail {
				continue
			}
			numbers := map[string]float64{"reallocated_sectors_count": clean(r.x[0]), "power_on_hours": float64(r.x[1]), "temp_c": float64(r.x[2]), "pending_sector_count": clean(r.x[3])}
			if err := p.observe(ctx, driveFacts{d.serial, d.model, "hdd"}, noon, numbers); err != nil {
				return nil, err
			}
		}
		p.now = noon
		if err := p.j.Tick(ctx, noon); err != nil {
			return nil, err
		}
		for _, x := range p.j.DriveRisks() {
			if !x.ListedAt.Equal(noon) {
				continue
			}
			tops = append(tops, top{at[string(x.Device)], date, x.Points})
		}
	}
	return tops, nil
}

// clean is a raw count as the agent's readers take it: no sentinels.
func clean(x float32) float64 {
	if math.IsNaN(float64(x)) {
		return math.NaN()
	}
	return drive.Count(float64(x))
}

// tally is how one way of alerting did.
type tally struct {
	failed, caught, backlogCaught int
	leads                         []float64
	fresh, backlog                int // alerts on drives that did not fail: new ones, and on their first day
	days                          int // of all drives
	drives                        int
}

// alerts finds out about the first alert of each drive; day is -1 for none.
func (s *dailySet) tally(first func(i int) int) tally {
	var t tally
	for i, d := range s.disks {
		t.drives++
		t.days += d.days
		at := first(i)
		if d.failed >= 0 {
			t.failed++
			if at >= 0 && at < int(d.failed) {
				t.caught++
				t.leads = append(t.leads, float64(int(d.failed)-at))
				if at == int(d.first) {
					t.backlogCaught++
				}
			}
			continue
		}
		switch {
		case at < 0:
		case at == int(d.first):
			t.backlog++
		default:
			t.fresh++
		}
	}
	return t
}

func (t tally) perYear() float64 { return float64(t.fresh) / float64(max(t.days, 1)) * 365 }

func (t tally) precision() float64 {
	return float64(t.caught) / float64(max(t.caught+t.fresh+t.backlog, 1))
}

func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	v = slices.Sorted(slices.Values(v))
	return v[int(q*float64(len(v)-1)+0.5)]
}

func (t tally) row(name string) []string {
	return []string{name, ofAll(t.caught, t.failed), fmt.Sprintf("%.4f", t.perYear()), fmt.Sprintf("%d", t.fresh), fmt.Sprintf("%d (%.2f %%)", t.backlog, 100*float64(t.backlog)/float64(max(t.drives, 1))),
		fmt.Sprintf("%.2f", t.precision()), fmt.Sprintf("%.0f d (%.0f d)", quantile(t.leads, 0.5), quantile(t.leads, 0.25))}
}

// firstDay is the first day on which a drive was said to be at least so bad.
func (s *dailySet) firstDay(p *player, least rule.Severity) func(int) int {
	return func(i int) int {
		w, ok := first(p.said[s.disks[i].serial], least)
		if !ok {
			return -1
		}
		return int(w.at.Sub(s.begin).Hours() / 24)
	}
}

// baseline is the first day on which a simple condition on 5 and 197 holds.
func (s *dailySet) baseline(cond func(x5, x197 float64) bool) func(int) int {
	days := make([]int, len(s.disks))
	for i := range days {
		days[i] = -1
	}
	for _, r := range s.rows {
		if days[r.drive] < 0 && !r.fail && cond(clean(r.x[0]), clean(r.x[3])) {
			days[r.drive] = int(r.date)
		}
	}
	return func(i int) int { return days[i] }
}

func (e *evaluation) scoreDaily(set *dailySet, p *player, tops []top) error {
	warn, critical := set.tally(set.firstDay(p, rule.Warn)), set.tally(set.firstDay(p, rule.Critical))
	e.page.section("Hard disks, day by day")
	e.page.say("%d drives, %d drive-days, %d failures. A drive counts as caught when a finding of that severity or worse appeared at least a day before it was taken out. New false alarms begin later than a drive's first day, on drives that did not fail; what is found on the first day is backlog, looked through once.", len(set.disks), warn.days, warn.failed)
	rows := [][]string{warn.row("Muster: warn or worse"), critical.row("Muster: critical")}
	for _, b := range []struct {
		name string
		cond func(x5, x197 float64) bool
	}{
		{"baseline: 197 > 0", func(_, x197 float64) bool { return x197 > 0 }},
		{"baseline: 5 ≥ 16 or 197 > 0", func(x5, x197 float64) bool { return x5 >= 16 || x197 > 0 }},
		{"baseline: 5 ≥ 1100", func(x5, _ float64) bool { return x5 >= 1100 }},
		{"baseline: (5 ≥ 16 and 197 > 0) or 5 ≥ 1100 or 197 ≥ 40", func(x5, x197 float64) bool {
			return x5 >= 16 && x197 > 0 || x5 >= 1100 || x197 >= 40
		}},
	} {
		t := set.tally(set.baseline(b.cond))
		rows = append(rows, t.row(b.name))
	}
	e.page.table([]string{"alerts by", "caught", "new false alarms a drive-year", "new", "backlog (of drives)", "precision, at least", "median lead (lower quartile)"}, rows)
	hit := set.topHits(tops, 14)
	e.page.say("The daily list of the riskiest hundredth, by the drive risk model (a drive that was listed and has not changed rests for two weeks): %s of the failures were on it within 14 days before.", ofAll(hit, warn.failed))
	e.book.share("hdd_recall_at_2pct", warn.caught, warn.failed, 0.60)
	e.book.share("hdd_recall_at_1pct", critical.caught, critical.failed, 0.40)
	e.book.share("hdd_recall_top1pct_day", hit, warn.failed, 0.62)
	e.book.put(figure{Figure: "hdd_median_lead_days", Value: quantile(warn.leads, 0.5), Unit: "d", Goal: 10})
	e.book.put(figure{Figure: "hdd_false_alarms_per_1000_drive_days", Value: 1000 * float64(warn.fresh) / float64(max(warn.days, 1)), Unit: "1/1000 d", Goal: 0.05})
	e.book.put(figure{Figure: "hdd_false_alarms_per_drive_year", Value: warn.perYear(), Unit: "1/y", Goal: 0.02})
	e.book.put(figure{Figure: "hdd_critical_false_alarms_per_drive_year", Value: critical.perYear(), Unit: "1/y", Goal: 0.01})
	e.book.share("hdd_backlog_share", warn.backlog, warn.drives-warn.failed, 0)
	return e.writeAlerts(set, p, tops)
}

// topHits counts failures whose drive was in the riskiest hundredth of a day
// within so many days before.
func (s *dailySet) topHits(tops []top, within int) int {
	hit := map[int32]bool{}
	for _, t := range tops {
		if d := s.disks[t.drive]; d.failed >= 0 && t.date < d.failed && int(d.failed-t.date) <= within {
			hit[t.drive] = true
		}
	}
	return len(hit)
}

// writeAlerts writes a row for each day on which a rule began to say something
// of a drive or changed its severity, and for each day on which a drive was in
// the riskiest hundredth (rule D05, severity info unless the rule said more).
func (e *evaluation) writeAlerts(set *dailySet, p *player, tops []top) error {
	return e.answers("alerts.csv", []string{"drive", "date", "rule", "severity", "score", "backlog"}, func(put func(...string) error) error {
		for _, d := range set.disks {
			for _, s := range p.said[d.serial] {
				if err := put(d.serial, s.at.Format(time.DateOnly), s.rule, string(s.severity), strconv.FormatFloat(s.points, 'f', 3, 64), digit(s.backlog)); err != nil {
					return err
				}
			}
		}
		for _, t := range tops {
			d := set.disks[t.drive]
			if err := put(d.serial, set.begin.AddDate(0, 0, int(t.date)).Format(time.DateOnly), "D05", "info", strconv.FormatFloat(t.points, 'f', 3, 64), digit(t.date == d.first)); err != nil {
				return err
			}
		}
		return nil
	})
}

// digit is a flag as the data have them.
func digit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
