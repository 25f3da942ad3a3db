package main

import (
	"fmt"
	"math"
	"sort"
	"time"

	"muster/collector/health/drive"
	"muster/collector/health/forecast"
)

// past is what is known of one drive, in the order of time.
type past struct {
	id, model, kind string
	readings        []drive.Reading
	flagged         []bool // reading by reading: it says itself that it fails, or a self-test did
	fails           bool   // it fails on the day of the last reading
	wear            []forecast.Worn
}

const day = 24 * time.Hour

// daily are the drives of Backblaze, a reading a day, April and May 2013.
func daily(dir string) ([]past, drive.Data, error) {
	var out []past
	by := map[string]int{}
	d, err := read(dir, "backblaze_2013q2_daily.csv.gz",
		[]string{"serial", "model", "date", "failure", "smart_5_raw", "smart_197_raw"},
		func(r row) error {
			at, err := time.Parse(time.DateOnly, r.text("date"))
			if err != nil {
				return err
			}
			i, ok := by[r.text("serial")]
			if !ok {
				i = len(out)
				by[r.text("serial")] = i
				out = append(out, past{id: r.text("serial"), model: r.text("model"), kind: "hdd"})
			}
			out[i].readings = append(out[i].readings, drive.Reading{
				At: at, Reallocated: r.num("smart_5_raw"), Pending: r.num("smart_197_raw"),
				Offline: math.NaN(), Uncorrectable: math.NaN(),
			})
			out[i].fails = out[i].fails || r.num("failure") == 1
			return nil
		})
	if err != nil {
		return nil, d, err
	}
	for _, p := range out {
		sort.SliceStable(p.readings, func(a, b int) bool { return p.readings[a].At.Before(p.readings[b].At) })
	}
	count(&d, out)
	return out, d, nil
}

// failed are drives of Backblaze that failed in early 2019, up to 88 days back.
func failed(dir string) ([]past, drive.Data, error) {
	epoch := time.Date(2019, 4, 1, 0, 0, 0, 0, time.UTC)
	var out []past
	by := map[string]int{}
	d, err := read(dir, "backblaze_2019q1_failed_history.csv.gz",
		[]string{"drive_id", "days_to_failure", "smart_5_raw", "smart_197_raw", "smart_198_raw"},
		func(r row) error {
			left := r.num("days_to_failure")
			if math.IsNaN(left) {
				return fmt.Errorf("no days to failure")
			}
			i, ok := by[r.text("drive_id")]
			if !ok {
				i = len(out)
				by[r.text("drive_id")] = i
				out = append(out, past{id: r.text("drive_id"), kind: "hdd", fails: true})
			}
			out[i].readings = append(out[i].readings, drive.Reading{
				At:          epoch.Add(-time.Duration(left) * day),
				Reallocated: r.num("smart_5_raw"), Pending: r.num("smart_197_raw"),
				Offline: r.num("smart_198_raw"), Uncorrectable: math.NaN(),
			})
			return nil
		})
	if err != nil {
		return nil, d, err
	}
	for _, p := range out {
		sort.SliceStable(p.readings, func(a, b int) bool { return p.readings[a].At.Before(p.readings[b].At) })
	}
	count(&d, out)
	return out, d, nil
}

// lastDay are drives of Backblaze with their last day in 2019: no past, but the
// only set with 187.
func lastDay(dir string) ([]past, drive.Data, error) {
	var out []past
	d, err := read(dir, "backblaze_2019_lastday_crosssection.csv.gz",
		[]string{"serial_number", "model", "date", "failure", "smart_5_raw", "smart_187_raw", "smart_197_raw", "smart_198_raw"},
		func(r row) error {
			at, err := time.Parse(time.DateOnly, r.text("date"))
			if err != nil {
				return err
			}
			out = append(out, past{
				id: r.text("serial_number"), model: r.text("model"), kind: "hdd", fails: r.num("failure") == 1,
				readings: []drive.Reading{{
					At: at, Reallocated: r.num("smart_5_raw"), Pending: r.num("smart_197_raw"),
					Offline: r.num("smart_198_raw"), Uncorrectable: r.num("smart_187_raw"),
				}},
			})
			return nil
		})
	if err == nil {
		count(&d, out)
	}
	return out, d, err
}

// repeated are drives of linux-hardware.org with some readings months apart.
// Their hours of running stand for time.
func repeated(dir string) ([]past, drive.Data, error) {
	var out []past
	by := map[string]int{}
	d, err := read(dir, "linuxhw_drive_longitudinal.csv.gz",
		[]string{"drive", "kind", "model", "poh", "health", "selftest_fail", "s5", "s187", "s197", "s198", "nv_used", "nv_duw"},
		func(r row) error {
			i, ok := by[r.text("drive")]
			if !ok {
				i = len(out)
				by[r.text("drive")] = i
				kind := map[string]string{"HDD": "hdd", "SSD": "ssd", "NVMe": "nvme"}[r.text("kind")]
				out = append(out, past{id: r.text("drive"), model: r.text("model"), kind: kind})
			}
			p := &out[i]
			hours := r.num("poh")
			if p.kind == "nvme" {
				p.wear = append(p.wear, forecast.Worn{Hours: hours, Used: r.num("nv_used"), Written: r.num("nv_duw")})
			}
			p.readings = append(p.readings, drive.Reading{
				At:          time.Unix(daySeconds+int64(max(0, hours)*3600), 0),
				Reallocated: r.num("s5"), Pending: r.num("s197"),
				Offline: r.num("s198"), Uncorrectable: r.num("s187"),
			})
			p.flagged = append(p.flagged, r.text("health") == "FAILED" || r.num("selftest_fail") > 0)
			return nil
		})
	if err == nil {
		d.Drives = len(out)
	}
	return out, d, err
}

const daySeconds = 24 * 60 * 60

func count(d *drive.Data, ps []past) {
	d.Drives = len(ps)
	for _, p := range ps {
		if p.fails {
			d.Failures++
		}
	}
}

// worsens says what the last of some readings is held to against the one
// before it: ten more sectors replaced, more that do not read, or it newly says
// that it fails.
func worsens(p past) bool {
	n := len(p.readings)
	a, b := p.readings[n-2], p.readings[n-1]
	return b.Reallocated-a.Reallocated >= 10 || b.Pending > a.Pending || b.Offline > a.Offline ||
		p.flagged[n-1] && !p.flagged[n-2]
}
