package store

import (
	"cmp"
	"errors"
	"slices"
	"testing"
	"time"

	"muster/internal/report"
)

func TestSteps(t *testing.T) {
	at := func(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
	tests := []struct {
		name     string
		from, to int64
		step     time.Duration
		as       Aggregate
		points   []int64 // times, each also its value
		want     []TimeValue
	}{
		{"before 1970", -1500, 1500, time.Second, Max, []int64{-1500, -1001, -1000, -1, 0, 999, 1000, 1500},
			[]TimeValue{{at(-2000), -1001}, {at(-1000), -1}, {at(0), 999}, {at(1000), 1000}}},
		{"the mean of what float64 cannot sum", 0, 1000, time.Second, Mean, nil, nil},
		{"one time twice makes no rate", 0, 2000, time.Second, Rate, []int64{5, 5, 1005}, []TimeValue{{at(1000), 1000}}},
	}
	for _, c := range tests {
		s := NewSteps(SeriesQuery{From: at(c.from), To: at(c.to), Step: c.step, Aggregate: c.as})
		for i := range 2 { // the second series must not see the first
			for _, p := range c.points {
				s.Add(p, float64(p))
			}
			if c.points == nil {
				s.Add(1, 1.7e308)
				s.Add(2, 1.7e308)
			}
			if got := s.Done(); !slices.Equal(got, c.want) {
				t.Errorf("%s, series %d: got %v, want %v", c.name, i, got, c.want)
			}
		}
	}
}

func TestReach(t *testing.T) {
	for _, c := range []struct {
		as         Aggregate
		step, want time.Duration
	}{{Mean, time.Hour, 0}, {Rate, time.Minute, 330 * time.Second}, {Rate, time.Hour, time.Hour}} {
		if got := (SeriesQuery{Aggregate: c.as, Step: c.step}).Reach(); got != c.want {
			t.Errorf("%s in steps of %s reaches %s, want %s", c.as, c.step, got, c.want)
		}
	}
}

func TestSpan(t *testing.T) {
	base := time.UnixMilli(1000)
	for _, c := range []struct {
		add  time.Duration
		want int64
	}{{0, 1000}, {1, 1001}, {time.Millisecond, 1001}, {-1, 1000}, {-time.Millisecond, 999}} {
		if from, _ := (SeriesQuery{From: base.Add(c.add)}).Span(); from != c.want {
			t.Errorf("%s after 1000 ms: from is %d, want %d", c.add, from, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	q := SeriesQuery{Measurement: "cpu", Field: "usage_user", From: time.Unix(0, 0), To: time.Unix(1, 0)}
	if err := q.Check(); err != nil {
		t.Error(err)
	}
	q.Aggregate = "median"
	if err := q.Check(); !errors.Is(err, ErrQuery) {
		t.Errorf("an unknown aggregate: %v", err)
	}
}

func TestListed(t *testing.T) {
	label := func(k, v string) report.Label { return report.Label{Key: k, Value: v} }
	for _, c := range []struct {
		s    report.Series
		want bool
	}{
		{report.Series{Measurement: "mem", Field: "used_percent"}, true},
		{report.Series{Measurement: "mem", Field: "used_percent", Labels: []report.Label{label(LabelHost, "x")}}, false},
		{report.Series{Measurement: "cpu", Field: "usage_user", Labels: []report.Label{label("cpu", "a")}}, true},
		{report.Series{Measurement: "cpu", Field: "usage_user", Labels: []report.Label{label("cpu", "a"), label("cpu", "b")}}, false},
		{report.Series{Measurement: "mem", Field: "no_such"}, false},
	} {
		if got := Listed(c.s); got != c.want {
			t.Errorf("%v: listed is %v", c.s, got)
		}
	}
}

func TestCompareLabels(t *testing.T) {
	sets := []map[string]string{
		{}, {"a": "1"}, {"a": "1", "b": "1"}, {"a": "1", "c": "0"}, {"a": "2"}, {"b": "0"},
	}
	for i, a := range sets {
		for j, b := range sets {
			if got, want := CompareLabels(a, b), cmp.Compare(i, j); got != want {
				t.Errorf("%v with %v: %d, want %d", a, b, got, want)
			}
		}
	}
}
