package drive

import (
	"math"
	"reflect"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func in(days float64) time.Time { return noon.Add(time.Duration(days * 24 * float64(time.Hour))) }

// told is a reading of a drive that tells 5 and 197.
func told(days, reallocated, pending float64) Reading {
	return Reading{At: in(days), Reallocated: reallocated, Pending: pending, Offline: math.NaN(), Uncorrectable: math.NaN()}
}

func TestCount(t *testing.T) {
	for _, v := range []float64{0, 1, 8, 60400, 65519, 65536, 248384, 999999} {
		if Count(v) != v {
			t.Errorf("%v is no count", v)
		}
	}
	for _, v := range []float64{-1, 65520, 65528, 65535, 1e6, 4294967290, 4294967295, 0x3100200000, math.Inf(1), math.NaN()} {
		if !math.IsNaN(Count(v)) {
			t.Errorf("%v is taken for a count", v)
		}
	}
}

func TestHistory(t *testing.T) {
	var h History
	if !math.IsNaN(h.Now(Pending)) || h.Rise(Pending, week, noon) != 0 || !h.Last().IsZero() {
		t.Error("something is known of nothing")
	}
	for _, r := range []Reading{told(0, 5, 0), told(1, 5, 4), told(2, 9, math.NaN()), told(3, 65535, 1), told(4, 9, 3)} {
		if !h.Add(r) {
			t.Fatalf("%v is not taken", r)
		}
	}
	if h.Now(Reallocated) != 9 || h.Now(Pending) != 3 || !math.IsNaN(h.Now(Offline)) {
		t.Errorf("it stands at %v and %v", h.Now(Reallocated), h.Now(Pending))
	}
	// 0 to 4, down to 1, up to 3: rises of 4 and 2.
	if r := h.Rise(Pending, week, in(4)); r != 6 {
		t.Errorf("pending rose by %v", r)
	}
	if r := h.Rise(Reallocated, week, in(4)); r != 4 {
		t.Errorf("reallocated rose by %v", r)
	}
	if r := h.Rise(Pending, 2*24*time.Hour, in(4)); r != 2 {
		t.Errorf("pending rose by %v in two days", r)
	}
	if h.Known() != 4*24*time.Hour || !h.Last().Equal(in(4)) {
		t.Errorf("known for %v until %v", h.Known(), h.Last())
	}
}

// What happened while nobody looked is seen when the drive is back.
func TestHistoryAfterAHoliday(t *testing.T) {
	var h History
	h.Add(told(0, 0, 0))
	h.Add(told(1, 0, 0))
	h.Add(told(22, 40, 0))
	if r := h.Rise(Reallocated, week, in(22)); r != 40 {
		t.Errorf("rose by %v", r)
	}
}

func TestHistoryOfManyReadings(t *testing.T) {
	var h History
	for i := range 4 * 400 { // one more sector every six hours for 400 days
		h.Add(told(float64(i)/4, float64(i), 0))
	}
	now := h.Last()
	// A day's last reading is at 06:00 of the next, by the noon we count from:
	// a week reaches back to the reading of seven days before or up to a day
	// more.
	if r := h.Rise(Reallocated, week, now); r < 28 || r > 31 {
		t.Errorf("rose by %v in a week", r)
	}
	if r := h.Rise(Reallocated, 29*24*time.Hour, now); r < 4*29 || r > 4*30 {
		t.Errorf("rose by %v in 29 days", r)
	}
}

func TestHistoryAndLateReadings(t *testing.T) {
	var h History
	h.Add(told(10, 5, 0))
	for _, at := range []float64{10, 9, -10} {
		if h.Add(told(at, 500, 0)) || h.Now(Reallocated) != 5 {
			t.Errorf("a reading of day %v is taken after that of day 10", at)
		}
	}
	for _, at := range []time.Time{{}, time.Unix(-5, 0), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if h.Add(Reading{At: at}) {
			t.Errorf("a reading of %v is taken", at)
		}
	}
	// A clock that was two years ahead does not silence the drive for two years.
	h.Add(told(730, 6, 0))
	if !h.Add(told(11, 7, 0)) || h.Now(Reallocated) != 7 || h.Rise(Reallocated, week, in(11)) != 0 {
		t.Errorf("after the clock was put right it stands at %v, risen by %v", h.Now(Reallocated), h.Rise(Reallocated, week, in(11)))
	}
}

func TestHistoryIsSmall(t *testing.T) {
	if n := reflect.TypeFor[History]().Size(); n >= 1024 {
		t.Errorf("it takes %d bytes", n)
	}
}

func BenchmarkAdd(b *testing.B) {
	var h History
	b.ReportAllocs()
	i := 0.0
	for b.Loop() {
		i++
		h.Add(told(i/4, i, 0))
	}
}
