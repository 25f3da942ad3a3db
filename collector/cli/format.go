package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// unitAgo is the unit of a time that is shown as how long ago it was. The
// catalogues do not have it.
const unitAgo = "ago"

// look is how values are shown to people.
type look struct {
	now time.Time // its zone is the zone that times are shown in
	utc bool      // say so behind each time
}

// human is a value in a table: sizes and ages as people say them, times in
// their zone, nothing for what is not known.
func (l look) human(v any, unit string) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		if unit == unitAgo || unit == "time" {
			if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
				return l.human(t, unit)
			}
		}
		return clean(v)
	case *string:
		if v == nil {
			return ""
		}
		return clean(*v)
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case time.Time:
		if v.IsZero() {
			return ""
		}
		if unit == unitAgo {
			return l.age(v)
		}
		return l.time(v)
	case time.Duration:
		return length(v)
	case int:
		return number(float64(v), strconv.Itoa(v), unit)
	case int64:
		return number(float64(v), strconv.FormatInt(v, 10), unit)
	case uint64:
		return number(float64(v), strconv.FormatUint(v, 10), unit)
	case float64:
		return number(v, "", unit)
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			return clean(v.String())
		}
		if strings.ContainsAny(v.String(), ".eE") {
			return number(f, "", unit)
		}
		return number(f, v.String(), unit)
	case measured:
		return l.human(v.n, v.unit)
	case []string:
		return clean(strings.Join(v, ", "))
	case []any:
		words := make([]string, len(v))
		for i, x := range v {
			words[i] = l.human(x, unit)
		}
		return strings.Join(words, ", ")
	case map[string]any:
		words := make([]string, 0, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			words = append(words, clean(k)+"="+l.human(v[k], ""))
		}
		return strings.Join(words, " ")
	case map[string]string:
		words := make([]string, 0, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			words = append(words, clean(k)+"="+clean(v[k]))
		}
		return strings.Join(words, " ")
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.String {
		return clean(r.String())
	}
	return clean(fmt.Sprint(v))
}

// time is a moment in the zone of the reader.
func (l look) time(t time.Time) string {
	t = t.In(l.now.Location())
	if l.utc {
		return t.Format("2006-01-02 15:04:05Z")
	}
	return t.Format(time.DateTime)
}

// age is how long ago something was; from 60 days on the date says more.
func (l look) age(t time.Time) string {
	d := l.now.Sub(t)
	form := "%s ago"
	if d < 0 {
		d, form = -d, "in %s"
	}
	switch {
	case d < 5*time.Second:
		return "now"
	case d < time.Minute:
		return fmt.Sprintf(form, strconv.Itoa(int(d/time.Second))+" s")
	case d < time.Hour:
		return fmt.Sprintf(form, strconv.Itoa(int(d/time.Minute))+" min")
	case d < 48*time.Hour:
		return fmt.Sprintf(form, strconv.Itoa(int(d/time.Hour))+" h")
	case d < 60*24*time.Hour:
		return fmt.Sprintf(form, strconv.Itoa(int(d/(24*time.Hour)))+" d")
	}
	return t.In(l.now.Location()).Format(time.DateOnly)
}

// length is a duration in its two largest units.
func length(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	s := int64(d / time.Second)
	switch {
	case d < time.Second && d > 0:
		return sign + strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	case s < 60:
		return sign + strconv.FormatInt(s, 10) + " s"
	case s < 3600:
		return sign + two(s/60, "min", s%60, "s")
	case s < 48*3600:
		return sign + two(s/3600, "h", s%3600/60, "min")
	}
	return sign + two(s/86400, "d", s%86400/3600, "h")
}

func two(a int64, unitA string, b int64, unitB string) string {
	if b == 0 {
		return fmt.Sprintf("%d %s", a, unitA)
	}
	return fmt.Sprintf("%d %s %d %s", a, unitA, b, unitB)
}

// number is a quantity with its unit. exact is how a whole number reads; it is
// kept where the unit is not scaled.
func number(f float64, exact, unit string) string {
	if exact == "" {
		exact = short(f)
	}
	switch unit {
	case "byte":
		if math.Abs(f) < 10_000 { // 1500 B of a packet, 4096 B of a sector
			return exact + " B"
		}
		return scaled(f, exact, 1024, "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
	case "bit_per_second":
		return scaled(f, exact, 1000, "bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s")
	case "byte_per_second":
		return scaled(f, exact, 1024, "B/s", "KiB/s", "MiB/s", "GiB/s")
	case "hertz":
		return scaled(f, exact, 1000, "Hz", "kHz", "MHz", "GHz", "THz")
	case "transfer_per_second": // the trade counts memory in millions, even thousands of them
		return short(f/1e6) + " MT/s"
	case "second":
		if math.Abs(f) < 1e9 && f == math.Trunc(f) {
			return length(time.Duration(f) * time.Second)
		}
		return exact + " s"
	}
	if unit == "nanosecond" && math.Abs(f) >= 1e9 && math.Abs(f) < 1e18 {
		return length(time.Duration(f))
	}
	if sign, ok := signs()[unit]; ok {
		return exact + " " + sign
	}
	return exact
}

// quantity is a value that the collector wrote as a number and a unit of the
// catalogues, as other numbers are shown; any other text stays.
func quantity(text string) string {
	count, unit, ok := strings.Cut(text, " ")
	if _, known := signs()[unit]; !ok || !known {
		return text
	}
	f, err := strconv.ParseFloat(count, 64)
	if err != nil {
		return text
	}
	return number(f, count, unit)
}

// signs are the units that are written behind a number.
func signs() map[string]string {
	return map[string]string{
		"ampere": "A", "celsius": "°C", "cubic_meter_per_second": "m³/s", "day": "d", "dbm": "dBm", "decibel": "dB", "hour": "h",
		"megabit_per_second": "Mbit/s", "microsecond": "µs", "milliampere": "mA", "millimeter": "mm",
		"millisecond": "ms", "millivolt": "mV", "minute": "min", "nanosecond": "ns", "pascal": "Pa",
		"percent": "%", "pixel": "px", "rpm": "rpm", "volt": "V", "volt_ampere": "VA", "watt": "W",
		"watt_hour": "Wh",
	}
}

// scaled writes a number in the largest of units that leaves one digit before
// the point, with one digit behind it.
func scaled(f float64, exact string, by float64, units ...string) string {
	i := 0
	for x := math.Abs(f); i < len(units)-1 && x >= by; i++ {
		x /= by
		f /= by
	}
	// 1023.97 would be written as 1024.0 of the smaller unit.
	if i > 0 && i < len(units)-1 && math.Round(math.Abs(f)*10)/10 >= by {
		f /= by
		i++
	}
	if i == 0 {
		return exact + " " + units[0]
	}
	return strconv.FormatFloat(f, 'f', 1, 64) + " " + units[i]
}

// short is a number with no more digits than somebody reads.
func short(f float64) string {
	a := math.Abs(f)
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return "?"
	case a != 0 && a < 0.01:
		return strconv.FormatFloat(f, 'g', 3, 64)
	case a >= 1e15:
		return strconv.FormatFloat(f, 'g', 6, 64)
	case a >= 1000:
		return trimPoint(strconv.FormatFloat(f, 'f', 1, 64))
	}
	return trimPoint(strconv.FormatFloat(f, 'f', 2, 64))
}

func trimPoint(s string) string {
	if strings.Contains(s, ".") {
		return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// exact is a value in CSV: times as RFC 3339 in UTC, numbers with all digits,
// lists joined by ;, texts guarded against formulas.
func exact(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return guarded(tame(v))
	case *string:
		if v == nil {
			return ""
		}
		return guarded(tame(*v))
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case uint64:
		return strconv.FormatUint(v, 10)
	case float64:
		// As encoding/json: exponents only where digits would be many.
		if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
			return strconv.FormatFloat(v, 'e', -1, 64)
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	case json.Number:
		return v.String()
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format(time.RFC3339Nano)
	case time.Duration:
		return strconv.FormatFloat(v.Seconds(), 'f', -1, 64)
	case []string:
		return guarded(tame(strings.Join(v, ";")))
	case []any:
		words := make([]string, len(v))
		for i, x := range v {
			if t, ok := x.(string); ok {
				words[i] = tame(t)
			} else {
				words[i] = exact(x)
			}
		}
		return guarded(strings.Join(words, ";"))
	}
	r := reflect.ValueOf(v)
	switch {
	case r.Kind() == reflect.String:
		return guarded(tame(r.String()))
	case r.Kind() == reflect.Map && r.Len() == 0:
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return guarded(tame(string(b)))
}
