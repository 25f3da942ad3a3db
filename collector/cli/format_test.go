package cli

import (
	"encoding/json"
	"testing"
	"time"
)

func TestHumanValues(t *testing.T) {
	l := look{now: noon()}
	name := "dana"
	for _, c := range []struct {
		v    any
		unit string
		want string
	}{
		{int64(8 << 30), "byte", "8.0 GiB"},
		{int64(512), "byte", "512 B"},
		{int64(1<<30 - 1), "byte", "1.0 GiB"}, // not 1024.0 MiB
		{json.Number("1000204886016"), "byte", "931.5 GiB"},
		{json.Number("-153600"), "byte", "-150.0 KiB"},
		{int64(1500), "byte", "1500 B"},
		{int64(1_000_000_000), "bit_per_second", "1.0 Gbit/s"},
		{int64(5_600_000_000), "transfer_per_second", "5600 MT/s"},
		{3.4e9, "hertz", "3.4 GHz"},
		{41.5, "celsius", "41.5 °C"},
		{json.Number("12.50"), "percent", "12.5 %"},
		{int64(93784), "second", "26 h 3 min"},
		{int64(200000), "second", "2 d 7 h"},
		{int64(5_010_000_000_000), "nanosecond", "1 h 23 min"},
		{int64(1200), "nanosecond", "1200 ns"},
		{int64(42), "count", "42"},
		{json.Number("9007199254740993"), "count", "9007199254740993"}, // more than a float holds
		{0.000123456, "", "0.000123"},
		{true, "", "yes"},
		{nil, "byte", ""},
		{(*string)(nil), "", ""},
		{&name, "", "dana"},
		{[]string{"a", "b\x1b"}, "", "a, b"},
		{[]any{"a", json.Number("1")}, "", "a, 1"},
		{map[string]any{"b": json.Number("1"), "a": "x"}, "", "a=x b=1"},
		{noon().Add(-3 * time.Minute), unitAgo, "3 min ago"},
		{noon().Add(-2 * time.Second), unitAgo, "now"},
		{noon().Add(90 * time.Minute), unitAgo, "in 1 h"},
		{noon().AddDate(-1, 0, 0), unitAgo, "2025-11-20"},
		{time.Time{}, unitAgo, ""},
		{"2026-11-20T19:00:00Z", "time", "2026-11-20 14:00:00"},
		{"no time", "time", "no time"},
	} {
		if got := l.human(c.v, c.unit); got != c.want {
			t.Errorf("human(%v, %q) = %q, want %q", c.v, c.unit, got, c.want)
		}
	}
	utc := look{now: noon().UTC(), utc: true}
	if got := utc.time(noon()); got != "2026-11-20 20:00:00Z" {
		t.Errorf("in UTC it is %s", got)
	}
}

func TestQuantities(t *testing.T) {
	for in, want := range map[string]string{
		"5010000000000 nanosecond": "1 h 23 min", "12 percent": "12 %", "24": "24", "98.8 °C": "98.8 °C", "about 3 volt": "about 3 volt", "x percent": "x percent", "": "",
	} {
		if got := quantity(in); got != want {
			t.Errorf("quantity(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestExactValues(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{int64(8 << 30), "8589934592"},
		{-5, "-5"}, // a number is no formula
		{1073741824.0, "1073741824"},
		{0.1, "0.1"},
		{1e300, "1e+300"},
		{json.Number("9007199254740993"), "9007199254740993"},
		{noon(), "2026-11-20T20:00:00Z"},
		{time.Time{}, ""},
		{time.Hour, "3600"},
		{[]string{"=x", "y"}, "'=x;y"},
		{[]any{"a", json.Number("1")}, "a;1"},
		{map[string]any{"a": 1}, `{"a":1}`},
		{map[string]any{}, ""},
		{"line\nbreak\x1b", "line\nbreak"},
	} {
		if got := exact(c.v); got != c.want {
			t.Errorf("exact(%v) = %q, want %q", c.v, got, c.want)
		}
	}
}
