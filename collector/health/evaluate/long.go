package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/health/drive"
	"muster/collector/health/forecast"
	"muster/collector/health/rule"
	"muster/collector/store"
	"muster/internal/inventory"
)

const longFile = "linuxhw_drive_longitudinal.csv.gz"

// snapshot is what a drive told at one age.
type snapshot struct {
	hours                 float64 // power-on
	health                string
	tests                 float64 // self-tests that failed
	s5, s187, s197, s198  float64
	raw5, raw197, raw198  float64 // as the drive packs them: what the outcome is held to
	used, written, spare  float64
	media, threshold, crc float64
}

type longDrive struct {
	id, kind, model string
	snaps           []snapshot // by age
}

func (e *evaluation) readLong() ([]longDrive, error) {
	at := map[string]int{}
	var list []longDrive
	needed := []string{"drive", "kind", "model", "poh", "health", "selftest_fail", "s5", "s187", "s197", "s198", "nv_used"}
	err := e.each(longFile, needed, func(_ int, r record) error {
		id := r.text("drive")
		i, ok := at[id]
		if !ok {
			i = len(list)
			at[id] = i
			list = append(list, longDrive{id: strings.Clone(id), kind: strings.ToLower(r.text("kind")), model: strings.Clone(r.text("vendor") + " " + r.text("model"))})
		}
		count := func(c string) float64 { return drive.Count(r.number(c)) }
		list[i].snaps = append(list[i].snaps, snapshot{hours: r.number("poh"), health: strings.Clone(r.text("health")), tests: r.number("selftest_fail"),
			s5: count("s5"), s187: count("s187"), s197: count("s197"), s198: count("s198"), crc: count("s199"),
			raw5: r.number("s5"), raw197: r.number("s197"), raw198: r.number("s198"), used: r.number("nv_used"), written: r.number("nv_duw"), spare: r.number("nv_spare"), threshold: r.number("nv_spare_thr"), media: r.number("nv_media")})
		return nil
	})
	for i := range list {
		slices.SortStableFunc(list[i].snaps, func(a, b snapshot) int { return cmp.Compare(a.hours, b.hours) })
	}
	return list, err
}

// flagged is a drive, how it ranks, and whether it then got worse.
type flagged struct {
	id, kind string
	rank     float64
	baseline bool
	worse    bool
}

// worsening lets the engine see all but the last snapshot of each drive, and
// asks whether those that it ranks first are those that got worse.
func (e *evaluation) worsening(ctx context.Context) error {
	list, err := e.readLong()
	if err != nil {
		return err
	}
	var all []flagged
	p, err := newPlayer(e.set)
	if err != nil {
		return err
	}
	begin := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	risk := map[string]float64{}
	for _, d := range list {
		n := len(d.snaps)
		if n < 2 || d.kind != "hdd" && d.kind != "ssd" {
			continue
		}
		for _, s := range d.snaps[:n-1] {
			if math.IsNaN(s.hours) {
				continue
			}
			rows, err := healthRows(d, s, begin)
			if err != nil {
				return err
			}
			at := begin.Add(time.Duration(s.hours * float64(time.Hour)))
			numbers := map[string]float64{"reallocated_sectors_count": s.s5, "uncorrectable_errors": s.s187, "power_on_hours": s.hours, "udma_crc_errors": s.crc}
			numbers["pending_sector_count"] = s.s197
			if d.kind == "hdd" {
				numbers["uncorrectable_sector_count"] = s.s198
			}
			if err := p.observe(ctx, driveFacts{d.id, d.model, d.kind}, at, numbers, rows...); err != nil {
				return err
			}
			if err := p.j.Flush(ctx); err != nil {
				return err
			}
		}
		risk[d.id] = p.j.DrivePoints(inventory.DeviceID(d.id), d.id)
		before, last := d.snaps[n-2], d.snaps[n-1]
		f := flagged{id: d.id, kind: d.kind, worse: gotWorse(before, last)}
		f.baseline = before.s5 >= 16 || before.s187 > 0 || before.s197 > 0 || before.s198 > 0 || before.health == "FAILED" || before.tests > 0
		f.rank = risk[d.id]
		// What a rule says of it now outranks any number of points.
		if worst := standing(p.said[d.id]); worst.Rank() >= rule.Warn.Rank() {
			f.rank += 1000 * float64(worst.Rank()-1)
		}
		all = append(all, f)
	}
	e.page.section("Drives that get worse")
	e.page.say("Given all but the last snapshot of each drive: does it replace ten sectors more, have more that do not read, fail its own verdict or a self-test by the last one? Drives are ranked by the worst finding, then by the points of the drive risk model; the first 3.3 %% are flagged.")
	var rows [][]string
	for _, kind := range []string{"hdd", "ssd", ""} {
		var of []flagged
		for _, f := range all {
			if kind == "" || f.kind == kind {
				of = append(of, f)
			}
		}
		caught, worse, marked := capture(of, 0.033)
		bc, bm := 0, 0
		for _, f := range of {
			if f.baseline {
				bm++
				if f.worse {
					bc++
				}
			}
		}
		name := cmp.Or(strings.ToUpper(kind), "both")
		rows = append(rows, []string{name, strconv.Itoa(len(of)), ofAll(caught, worse), fmt.Sprintf("%.2f %%", 100*float64(marked)/float64(max(len(of), 1))), ofAll(bc, worse), fmt.Sprintf("%.2f %%", 100*float64(bm)/float64(max(len(of), 1)))})
		figure := "worsening_capture"
		if kind != "" {
			figure += "_" + kind
		}
		e.book.share(figure, caught, worse, 0.50)
	}
	e.page.table([]string{"drives", "of them", "captured", "flagged", "baseline: 5 ≥ 16, 187, 197, 198 > 0, FAILED or a failed self-test", "flagged"}, rows)
	return nil
}

// standing is the severity of the newest thing each rule said, the worst.
func standing(list []saying) rule.Severity {
	now := map[string]rule.Severity{}
	for _, s := range list {
		now[s.rule] = s.severity
	}
	worst := rule.Severity("")
	for _, s := range now {
		if s.Rank() > worst.Rank() {
			worst = s
		}
	}
	return worst
}

func gotWorse(a, b snapshot) bool {
	return b.raw5-a.raw5 >= 10 || b.raw197 > a.raw197 || b.raw198 > a.raw198 || b.health == "FAILED" && a.health != "FAILED" || b.tests > a.tests
}

// capture flags the share of drives that rank first; ties are not cut through:
// those that would go beyond it are left out.
func capture(list []flagged, share float64) (caught, worse, marked int) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b flagged) int { return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(a.id, b.id)) })
	room := int(share * float64(len(list)))
	for i := 0; i < len(list); {
		k := i
		for k < len(list) && list[k].rank == list[i].rank {
			k++
		}
		if k <= room {
			marked = k
		}
		i = k
	}
	for i, f := range list {
		if f.worse {
			worse++
			if i < marked {
				caught++
			}
		}
	}
	return caught, worse, marked
}

// healthRows are the drive's verdicts as rows of disk_health.
func healthRows(d longDrive, s snapshot, begin time.Time) ([]store.SectionReading, error) {
	row := inventory.DiskHealth{Disk: "sda", Serial: d.id, Model: d.model, Protocol: "ata"}
	switch s.health {
	case "PASSED":
		row.Passed = new(true)
	case "FAILED":
		row.Passed = new(false)
	}
	if s.tests > 0 {
		row.SelfTestResult = "read"
	}
	r, err := reading([]inventory.DiskHealth{row}, begin.Add(time.Duration(s.hours*float64(time.Hour))))
	return []store.SectionReading{r}, err
}

// wear lets the forecasts say what each NVMe drive's wear is at its last
// snapshot, from those before.
func (e *evaluation) wear(context.Context) error {
	list, err := e.readLong()
	if err != nil {
		return err
	}
	type answer struct {
		id                       string
		predicted, low, high     float64
		actual, baseline, priors float64
	}
	var answers []answer
	// What drives of a model have told before their last snapshots.
	peers := map[string][]forecast.Worn{}
	worn := func(s snapshot) forecast.Worn { return forecast.Worn{Hours: s.hours, Used: s.used, Written: s.written} }
	for _, d := range list {
		if d.kind == "nvme" && len(d.snaps) >= 2 {
			if s := d.snaps[len(d.snaps)-2]; !math.IsNaN(s.used) {
				peers[d.model] = append(peers[d.model], worn(s))
			}
		}
	}
	for _, d := range list {
		if d.kind != "nvme" || len(d.snaps) < 2 {
			continue
		}
		last := d.snaps[len(d.snaps)-1]
		var before []forecast.Worn
		for _, s := range d.snaps[:len(d.snaps)-1] {
			if !math.IsNaN(s.used) && !math.IsNaN(s.hours) {
				before = append(before, worn(s))
			}
		}
		if len(before) == 0 || math.IsNaN(last.used) || math.IsNaN(last.hours) {
			continue
		}
		predicted, low, high, no := forecast.WearAt(before, last.hours, forecast.Endurance(peers[d.model]))
		if no != forecast.None {
			continue
		}
		old := before[len(before)-1]
		base := old.Used
		if old.Hours > 0 {
			base = old.Used / old.Hours * last.hours
		}
		answers = append(answers, answer{d.id, predicted, low, high, last.used, base, float64(len(before))})
	}
	e.page.section("Wear of NVMe drives")
	e.page.say("What a drive says of its used life at its last snapshot, told from those before (%d drives). The interval is to hold nine in ten.", len(answers))
	var rows [][]string
	for _, g := range []struct {
		name string
		from float64
		to   float64
	}{{"all", 1, 99}, {"1 snapshot before", 1, 1}, {"2 or more before", 2, 99}} {
		n, sum, base, in := 0, 0.0, 0.0, 0
		var miss []float64
		for _, a := range answers {
			if a.priors < g.from || a.priors > g.to {
				continue
			}
			n++
			d := math.Abs(a.predicted - a.actual)
			miss = append(miss, d)
			sum += d
			base += math.Abs(a.baseline - a.actual)
			if a.actual >= a.low && a.actual <= a.high {
				in++
			}
		}
		rows = append(rows, []string{g.name, strconv.Itoa(n), fmt.Sprintf("%.3f", sum/float64(max(n, 1))), fmt.Sprintf("%.1f", quantile(miss, 0.9)), ofAll(in, n), fmt.Sprintf("%.3f", base/float64(max(n, 1)))})
		if g.name == "all" {
			e.book.put(figure{Figure: "nvme_wear_mae_points", Value: sum / float64(max(n, 1)), Unit: "percent", Goal: 0.45})
			e.book.share("nvme_wear_coverage", in, n, 0.9)
		}
		if g.from == 2 {
			e.book.put(figure{Figure: "nvme_wear_mae_points_3_snapshots", Value: sum / float64(max(n, 1)), Unit: "percent", Goal: 0.45})
		}
	}
	e.page.table([]string{"drives", "of them", "mean error, points", "90th percentile", "within the interval", "baseline: rate through the origin"}, rows)
	return e.answers("wear.csv", []string{"drive", "predicted", "low", "high"}, func(put func(...string) error) error {
		text := func(x float64) string { return strconv.FormatFloat(x, 'f', 3, 64) }
		for _, a := range answers {
			if err := put(a.id, text(a.predicted), text(a.low), text(a.high)); err != nil {
				return err
			}
		}
		return nil
	})
}

func sortBy[T any](list []T, less func(a, b T) bool) {
	slices.SortStableFunc(list, func(a, b T) int {
		switch {
		case less(a, b):
			return -1
		case less(b, a):
			return 1
		}
		return 0
	})
}
