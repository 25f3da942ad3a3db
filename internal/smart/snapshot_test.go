package smart

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// snapshot is one line for each of 33,117 drives, of reports people sent to
// linux-hardware.org (CC BY 4.0). Raw values are the first number of what
// smartctl printed, so 9 is in hours whatever the drive counts in.
var snapshot = filepath.Join("..", "..", "..", "shared", "healthdata", "dev", "linuxhw_drive_snapshot.csv.gz")

// line is a line of it.
type line map[string]string

func (l line) number(column string) (float64, bool) {
	s := l[column]
	if hex, ok := strings.CutPrefix(s, "0x"); ok {
		n, err := strconv.ParseUint(hex, 16, 64)
		return float64(n), err == nil
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

func (l line) reading() Reading {
	d := Drive{Disk: l["drive_id"], Model: l["vendor"] + " " + l["model"], Medium: SSD}
	if l["kind"] == "NVMe" {
		n := NVMe{}
		for column, to := range map[string]**uint64{
			"nv_units_written": &n.DataWritten, "nv_power_cycles": &n.PowerCycles, "nv_poh": &n.PowerOnHours, "nv_unsafe": &n.Unsafe,
			"nv_media": &n.MediaErrors, "nv_errlog": &n.LogEntries, "nv_warn_temp_min": &n.WarningTime, "nv_crit_temp_min": &n.CriticalTime,
		} {
			if f, ok := l.number(column); ok {
				*to = new(uint64(f))
			}
		}
		for column, to := range map[string]**int64{"nv_temp": &n.Celsius, "nv_spare": &n.Spare, "nv_spare_thr": &n.SpareThreshold, "nv_used": &n.Used} {
			if f, ok := l.number(column); ok {
				*to = new(int64(f))
			}
		}
		warning, _ := l.number("nv_crit")
		n.Warning = uint8(warning)
		return n.Reading(d)
	}
	if l["kind"] == "HDD" {
		d.Medium = HDD
	}
	var t ATA
	for id := range 256 {
		column := "s" + strconv.Itoa(id)
		raw, ok := l.number(column)
		if !ok {
			continue
		}
		a := Attribute{ID: uint8(id), Raw: uint64(raw), Normalized: 100, Worst: 100}
		if n, ok := l.number(column + "n"); ok {
			a.Normalized = uint8(n)
		}
		switch id {
		case 9: // back to what the drive counts in
			a.Raw *= [...]uint64{hours: 1, minutes: 60, halfMinutes: 120, seconds: 3600}[familyOf(d).hours]
		case 190: // the normalized value is not there; on drives with a sensor it is this
			a.Normalized = uint8(100 - int64(int8(a.Raw)))
		}
		t.Attributes = append(t.Attributes, a)
	}
	return t.Reading(d)
}

// What is derived of many models' numbers is possible. What would not be is
// absent; and little that drives tell is lost so.
func TestSnapshot(t *testing.T) {
	file, err := os.Open(snapshot)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the drives (../shared/healthdata/dev/linuxhw_drive_snapshot.csv.gz) are not beside this repository: meaning was tested on single drives only")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	zip, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	rows := csv.NewReader(zip)
	rows.ReuseRecord = true
	head, err := rows.Read()
	if err != nil {
		t.Fatal(err)
	}
	head = slices.Clone(head)

	possible := map[string]func(float64) bool{
		"power_on_hours":             func(v float64) bool { return v <= 15*365*24 },
		"temp_c":                     func(v float64) bool { return v >= -20 && v <= 100 },
		"percentage_used":            func(v float64) bool { return v <= 600 },
		"power_cycle_count":          func(v float64) bool { return v < 1e6 },
		"reallocated_sectors_count":  func(v float64) bool { return v <= 65535 },
		"uncorrectable_errors":       func(v float64) bool { return v < 1e6 },
		"pending_sector_count":       func(v float64) bool { return v < 1e6 },
		"uncorrectable_sector_count": func(v float64) bool { return v < 1e6 },
		"command_timeout":            func(v float64) bool { return v <= 65535 },
		"spin_retry_count":           func(v float64) bool { return v < 10000 },
		"written_bytes":              func(v float64) bool { return v < 2e17 },
		"available_spare":            func(v float64) bool { return v <= 100 },
	}
	type tally struct{ told, odd, asked int }
	fields := map[string]*tally{}
	for f := range possible {
		fields[f] = &tally{}
	}
	wear := map[string]*tally{} // SATA SSDs by maker
	drives := map[string]int{}
	for {
		record, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		l := line{}
		for i, column := range head {
			l[column] = record[i]
		}
		drives[l["kind"]]++
		r := l.reading()
		for f, ok := range possible {
			v := r.Number(f)
			if math.IsNaN(v) {
				continue
			}
			fields[f].told++
			if v < 0 && f != "temp_c" || !ok(v) {
				fields[f].odd++
				if fields[f].odd < 5 {
					t.Logf("%s %s: %s %g", l["vendor"], l["model"], f, v)
				}
			}
		}
		for f, columns := range map[string][]string{"power_on_hours": {"s9", "nv_poh"}, "temp_c": {"s194", "nv_temp"}} {
			for _, c := range columns {
				if l[c] != "" {
					fields[f].asked++
				}
			}
		}
		if l["kind"] == "SSD" {
			w := wear[l["vendor"]]
			if w == nil {
				w = &tally{}
				wear[l["vendor"]] = w
			}
			w.asked++
			if !math.IsNaN(r.Number("percentage_used")) {
				w.told++
			}
		}
	}
	if drives["HDD"] != 15171 || drives["SSD"] != 11916 || drives["NVMe"] != 6030 {
		t.Errorf("%v drives: is this another file?", drives)
	}
	for f, n := range fields {
		t.Logf("%-28s told by %5d, not possible %d, lost %d", f, n.told, n.odd, max(n.asked-n.told, 0))
		// One in ten thousand: a drive can lie.
		if n.told < 1000 || n.odd > n.told/10000 {
			t.Errorf("%s: %d of %d are not possible", f, n.odd, n.told)
		}
	}
	for _, f := range []string{"power_on_hours", "temp_c"} {
		if n := fields[f]; n.told < n.asked*95/100 {
			t.Errorf("%s: %d of %d drives that have it, the rest is lost", f, n.told, n.asked)
		}
	}
	told, all := 0, 0
	for vendor, w := range wear {
		told, all = told+w.told, all+w.asked
		if w.asked >= 20 {
			t.Logf("wear of %-12s known of %5d of %5d", vendor, w.told, w.asked)
		}
	}
	t.Logf("wear of SATA SSDs known of %d of %d", told, all)
	if told < all*85/100 {
		t.Errorf("wear is known of only %d of %d SSDs", told, all)
	}
}
