package reliability

import (
	"errors"
	"io/fs"
	"math"
	"testing"
	"time"

	"muster/agent/gather/wmi"
)

type sink map[string]float64

func (s sink) Put(measurement, field string, value float64, _ ...string) {
	s[measurement+"."+field] = value
}

func TestNewestIndexCounts(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	row := func(index any, at string) wmi.Row {
		return wmi.Row{"SystemStabilityIndex": index, "TimeGenerated": at}
	}
	for name, c := range map[string]struct {
		rows []wmi.Row
		want float64
		none bool
	}{
		"the last by its time, not its place": {rows: []wmi.Row{
			row(7.5, "20260304100000.000000+000"), row(6.25, "20260304110000.000000+000"), row(9.0, "20260303110000.000000+000")}, want: 6.25},
		"another zone":                     {rows: []wmi.Row{row(3.0, "20260304115500.000000+120"), row(4.0, "20260304110000.000000+000")}, want: 4},
		"none":                             {none: true},
		"of last week":                     {rows: []wmi.Row{row(5.0, "20260225110000.000000+000")}, none: true},
		"of tomorrow":                      {rows: []wmi.Row{row(5.0, "20260305150000.000000+000")}, none: true},
		"no number":                        {rows: []wmi.Row{row(math.NaN(), "20260304110000.000000+000"), row("x", "20260304110000.000000+000")}, none: true},
		"beyond ten":                       {rows: []wmi.Row{row(11.0, "20260304110000.000000+000"), row(10.0, "20260304100000.000000+000")}, want: 10},
		"no time":                          {rows: []wmi.Row{row(5.0, ""), {"SystemStabilityIndex": 4.0}}, none: true},
		"a whole number, and 32-bit reals": {rows: []wmi.Row{row(int32(8), "20260304090000.000000+000"), row(float32(2.5), "20260304100000.000000+000")}, want: 2.5},
	} {
		t.Run(name, func(t *testing.T) {
			got := sink{}
			err := read(now, func(q wmi.Question) ([]wmi.Row, error) {
				if q.Class != "Win32_ReliabilityStabilityMetrics" {
					t.Errorf("asked %s", q.Class)
				}
				return c.rows, nil
			}, got)
			v, there := got["reliability.stability_index"]
			if there == c.none || v != c.want || c.none != errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
	if err := read(now, func(wmi.Question) ([]wmi.Row, error) { return nil, fs.ErrPermission }, sink{}); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
}
