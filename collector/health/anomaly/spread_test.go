package anomaly

import (
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

func short(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

func repeat(n int, v ...float64) []float64 {
	out := make([]float64, 0, n)
	for i := range n {
		out = append(out, v[i%len(v)])
	}
	return out
}

func TestOwnSpread(t *testing.T) {
	for name, c := range map[string]struct {
		values     []float64
		resolution float64
		median     float64
		width      float64
		err        error
	}{
		"too few":                   {repeat(49, 1, 2, 3), 1, 0, 0, ErrTooFew},
		"too few that are numbers":  {append(repeat(49, 1, 2, 3), math.NaN(), math.Inf(1)), 1, 0, 0, ErrTooFew},
		"all the same":              {repeat(50, 7), 0, 0, 0, ErrNoSpread},
		"all the same, in steps":    {repeat(50, 7), 2, 7, 2, nil},
		"even":                      {repeat(60, 8, 10, 12), 0, 10, 2 * byMAD, nil},
		"half a percent is nothing": {repeat(60, 99.999, 100, 100.001), 0, 100, 0.5, nil},
		"mostly the same":           {append(repeat(60, 5), repeat(30, 9)...), 0, 5, 4 / byIQR, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := OwnSpread(c.values, c.resolution)
			if !errors.Is(err, c.err) || err == nil && (s.Median != c.median || math.Abs(s.Width-c.width) > 1e-9) {
				t.Fatalf("%+v %v, want median %v, width %v, %v", s, err, c.median, c.width, c.err)
			}
		})
	}
	random := rand.New(rand.NewPCG(1, 1))
	var normal []float64
	for range 5000 {
		normal = append(normal, 100+10*random.NormFloat64())
	}
	s, err := OwnSpread(normal, 0)
	if err != nil || math.Abs(s.Width-10) > 0.5 {
		t.Fatalf("%+v %v: want a width near 10", s, err)
	}
	if z := s.Z(135); math.Abs(z-3.5) > 0.2 {
		t.Errorf("z %v, want 3.5", z)
	}
}

func TestPeerSpread(t *testing.T) {
	if _, err := PeerSpread(repeat(7, 1, 2), 0, 1); !errors.Is(err, ErrTooFew) {
		t.Errorf("seven peers: %v", err)
	}
	// The one in trouble does not hide itself.
	s, err := PeerSpread([]float64{20, 21, 22, 23, 24, 25, 26, 400}, 30, 0)
	if err != nil || s.N != 7 || s.Median != 23 {
		t.Fatalf("%+v %v: want the median 23 of 7", s, err)
	}
	if z := s.Z(400); z < 50 {
		t.Errorf("z of the one in trouble is %v", z)
	}
	if z := s.Z(29); z != 0 {
		t.Errorf("below the floor z is %v", z)
	}
	if _, err := PeerSpread(repeat(10, 3), 0, 0); !errors.Is(err, ErrNoSpread) {
		t.Errorf("all the same: %v", err)
	}
	if s, err := PeerSpread(repeat(10, 3), 0, 0.5); err != nil || s.Z(5) != 4 {
		t.Errorf("all the same in steps of 0.5: %+v %v", s, err)
	}
	values := []float64{3, 1, 2, 9, 8, 7, 6, 5}
	if _, err := PeerSpread(values, 0, 0); err != nil || values[0] != 3 {
		t.Errorf("%v: the caller's values are now %v", err, values)
	}
}

func TestHourOfWeek(t *testing.T) {
	zone := time.FixedZone("", -5*3600)
	if h := HourOfWeek(time.Date(2026, 3, 2, 3, 30, 0, 0, time.UTC).In(zone)); h != 22 {
		t.Errorf("Sunday half past ten in the evening is class %d, want 22", h)
	}
	if h := HourOfWeek(time.Date(2026, 3, 7, 23, 0, 0, 0, time.UTC)); h != 167 {
		t.Errorf("the last hour of Saturday is class %d, want 167", h)
	}
}
