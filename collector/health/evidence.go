package health

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"muster/collector/health/rule"
	"muster/collector/store"
	"muster/internal/metric"
	"muster/internal/report"
)

// evidence is what a finding rests on, in words, and the charts that show it.
// What is not known is left out.
func evidence(r *rule.Rule, v *view) []store.Evidence {
	var out []store.Evidence
	for _, e := range r.Shown {
		if e.Value == nil {
			out = append(out, store.Evidence{Label: e.Label, Measurement: e.Chart.Measurement, Field: e.Chart.Field, Labels: v.labels(e.Chart), Hours: int(e.Over.Hours())})
			continue
		}
		x, err := e.Value.Tell(v)
		if err != nil || !x.Known {
			continue
		}
		text := ""
		switch t := e.Value.Type(); t {
		case rule.Number:
			text = Quantity(x.N, e.Unit)
		case rule.Flag:
			text = map[bool]string{true: "yes", false: "no"}[x.F]
		case rule.Text:
			text = x.T
		case rule.List:
			text = strings.Join(x.L, ", ")
		}
		if text = clip(text, 300); text != "" {
			out = append(out, store.Evidence{Label: e.Label, Value: text, Personal: e.Personal})
		}
	}
	return append(out, v.riskTerms()...)
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}

// labels are those by which a chart finds its series.
func (v *view) labels(ref rule.Ref) map[string]string {
	s := rule.SubjectOfSeries(ref.Measurement)
	if names := s.Series[ref.Measurement]; len(names) > 0 && v.part.key != "" {
		called := v.part.key
		if n, ok := v.j.plan.byNumber[ref]; ok {
			if other := v.d.called[trackKey{n, v.part.key}]; other != "" {
				called = other
			}
		}
		return map[string]string{names[0]: called}
	}
	if whole := s.Whole[ref.Measurement]; whole != "" {
		return map[string]string{ref.Measurement: whole}
	}
	return nil
}

// Quantity is a number with its unit, as people say it. Units are those of the
// metric catalogue; others stand behind the number.
func Quantity(x float64, unit string) string {
	switch unit {
	case "byte":
		return scaled(x, 1024, []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"})
	case "bit_per_second":
		return scaled(x, 1000, []string{"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"})
	case "percent":
		return short(x) + " %"
	case "share":
		return short(100*x) + " %"
	case "celsius":
		return short(x) + " °C"
	case "nanosecond":
		return duration(x / 1e9)
	case "second":
		return duration(x)
	case "minute":
		return duration(x * 60)
	case "hour":
		return short(x) + " h"
	case "day", "days":
		return short(x) + plural(x, " day")
	case "millisecond":
		return short(x) + " ms"
	case "watt_hour":
		return short(x) + " Wh"
	case "dbm":
		return short(x) + " dBm"
	case "decibel":
		return short(x) + " dB"
	case "", "count", "code":
		return short(x)
	}
	return short(x) + " " + unit
}

func plural(x float64, word string) string {
	if x == 1 {
		return word
	}
	return word + "s"
}

// short is a number with three figures, whole ones whole.
func short(x float64) string {
	switch a := math.Abs(x); {
	case x == math.Trunc(x) && a < 1e15:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case a >= 100:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case a >= 10:
		return strings.TrimSuffix(strconv.FormatFloat(x, 'f', 1, 64), ".0")
	case a >= 0.01:
		return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(x, 'f', 2, 64), "0"), ".")
	}
	return strconv.FormatFloat(x, 'g', 2, 64)
}

func scaled(x, step float64, units []string) string {
	i := 0
	for math.Abs(x) >= step && i+1 < len(units) {
		x /= step
		i++
	}
	return short(x) + " " + units[i]
}

func duration(s float64) string {
	switch a := math.Abs(s); {
	case a < 120:
		return short(s) + " s"
	case a < 2*3600:
		return short(math.Round(s/60)) + " min"
	case a < 48*3600:
		return short(math.Round(s/360)/10) + " h"
	}
	return short(math.Round(s/8640)/10) + " days"
}

// words is a name of the catalogues as people say it.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// seriesWords is a series as people say it.
func seriesWords(s report.Series) string {
	doc := words(s.Measurement) + " " + words(s.Field)
	if _, f, ok := metric.Lookup(s.Measurement, s.Field); ok {
		doc = strings.TrimSuffix(f.Doc, ".")
	}
	if len(s.Labels) == 0 {
		return doc
	}
	return fmt.Sprintf("%s (%s)", doc, s.Labels[0].Value)
}
