package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collector/health/drive"
	"muster/collector/health/forecast"
)

// Coefficients that samples were drawn with are found again; one that would
// have to be negative is zero.
func TestFit(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var in []sample
	draw := func(z func(x []float64) float64) {
		in = in[:0]
		for range 60000 {
			x := []float64{float64(rnd.IntN(4)), rnd.Float64() * 2, rnd.Float64()}
			in = append(in, sample{x: x, y: rnd.Float64() < 1/(1+math.Exp(-z(x))), n: 1})
		}
	}
	draw(func(x []float64) float64 { return -4 + 0.8*x[0] + 0.5*x[1] })
	c, w := fit(in, 3)
	if math.Abs(c+4) > 0.15 || math.Abs(w[0]-0.8) > 0.05 || math.Abs(w[1]-0.5) > 0.1 || w[2] < 0 || w[2] > 0.15 {
		t.Errorf("found %.3f %.3f", c, w)
	}
	draw(func(x []float64) float64 { return -2 + 0.8*x[0] - 2*x[2] })
	if _, w := fit(in, 3); w[2] != 0 || math.Abs(w[0]-0.8) > 0.05 {
		t.Errorf("what falls has %v", w)
	}
}

// Rows without a mark drawn together change nothing.
func TestMerge(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var in []sample
	for range 3000 {
		x := []float64{max(0, float64(rnd.IntN(20)-15)), max(0, float64(rnd.IntN(20)-17))}
		in = append(in, sample{x: x, y: rnd.Float64() < 0.02+0.1*x[0]+0.2*x[1], n: 1})
	}
	less := merge(in)
	c, w := fit(in, 2)
	d, v := fit(less, 2)
	if len(less) >= len(in)/2 || math.Abs(c-d) > 1e-5 || math.Abs(w[0]-v[0]) > 1e-5 || math.Abs(w[1]-v[1]) > 1e-5 {
		t.Errorf("%d rows: %v %v, %d rows: %v %v", len(in), c, w, len(less), d, v)
	}
}

func TestWilson(t *testing.T) {
	// Newcombe 1998, table I: 81 of 263 is 0.2553 to 0.3662, 0 of 20 is 0 to 0.1611.
	for _, c := range []struct{ k, n, low, high float64 }{{81, 263, 0.2553, 0.3662}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}, {29, 29, 0.8830, 1}} {
		low, high := wilson(c.k, c.n)
		if math.Abs(low-c.low) > 1e-4 || math.Abs(high-c.high) > 1e-4 {
			t.Errorf("%v of %v: %.4f to %.4f, not %v to %v", c.k, c.n, low, high, c.low, c.high)
		}
	}
}

func TestFolds(t *testing.T) {
	fails := make([]bool, 100)
	for i := range 12 {
		fails[i*7] = true
	}
	fold := folds(fails, 5, rand.New(rand.NewPCG(1, 1)))
	drives, failing := [5]int{}, [5]int{}
	for i, f := range fold {
		drives[f]++
		if fails[i] {
			failing[f]++
		}
	}
	if slices.Max(drives[:])-slices.Min(drives[:]) > 2 || slices.Max(failing[:])-slices.Min(failing[:]) > 1 {
		t.Errorf("%v drives, %v of them fail", drives, failing)
	}
}

var begin = time.Date(2013, 4, 10, 0, 0, 0, 0, time.UTC)

// made makes a drive of a reading a day; NaN is not told.
func made(fails bool, reallocated, pending []float64) past {
	p := past{kind: "hdd", fails: fails}
	for i := range reallocated {
		p.readings = append(p.readings, drive.Reading{
			At: begin.AddDate(0, 0, i), Reallocated: reallocated[i], Pending: pending[i],
			Offline: math.NaN(), Uncorrectable: math.NaN(),
		})
	}
	return p
}

func days(n int, v ...float64) []float64 {
	for len(v) < n {
		v = append(v, v[len(v)-1])
	}
	return v
}

func TestConditions(t *testing.T) {
	w, c := proposed()
	for name, x := range map[string]struct {
		p              past
		warn, critical int
	}{
		"clean":                     {made(false, days(9, 0), days(9, 0)), -1, -1},
		"one is there":              {made(false, days(9, 0), days(9, 1)), 0, -1},
		"one large sector is there": {made(false, days(9, 0), days(9, 8)), -1, -1},
		"spares are used":           {made(false, days(9, 16), days(9, 0)), 0, -1},
		"few spares are used":       {made(false, days(9, 15), days(9, 0)), -1, -1},
		"much is there":             {made(false, days(9, 200), days(9, 0)), 0, 0},
		"much pending is there":     {made(false, days(9, 0), days(9, 24)), 0, 0},
		"two come":                  {made(false, days(9, 0), days(9, 0, 1, 2)), -1, -1},
		"two large ones come":       {made(false, days(9, 0), days(9, 0, 8, 16)), -1, -1},
		"three come":                {made(false, days(9, 0), days(9, 0, 0, 3)), 2, -1},
		"more come":                 {made(false, days(9, 0), days(9, 0, 0, 16, 17)), 3, -1},
		"many come":                 {made(false, days(9, 0), days(9, 0, 0, 40)), 2, 2},
		"spares go fast":            {made(false, days(9, 0, 0, 10, 20, 32), days(9, 0)), 4, -1},
		"spares go slowly":          {made(false, days(30, 0, 4, 8, 12, 16, 20, 24, 28, 31, 31, 31, 31, 31, 31, 31, 31, 50), days(30, 0)), -1, -1},
		"spares run out":            {made(false, days(9, 100, 100, 1100), days(9, 0)), 0, 2},
		"sentinel":                  {made(false, days(9, 0, 65535, 0), days(9, 0, 65528, 0)), -1, -1},
	} {
		t.Run(name, func(t *testing.T) {
			got := [2]int{}
			for i, l := range []limits{w, c} {
				got[i] = alerts([]past{x.p}, []limits{l}, 1)[0][0]
			}
			if got != [2]int{x.warn, x.critical} {
				t.Errorf("told about on reading %v, not %v, %v", got, x.warn, x.critical)
			}
		})
	}
	// Twice in a row: a day later, and not at all when it was once.
	for want, pending := range map[int][]float64{3: days(9, 0, 0, 40), -1: days(9, 0, 0, 40, 0), 0: days(9, 40)} {
		if got := alerts([]past{made(false, days(9, 0), pending)}, []limits{w}, 2)[0][0]; got != want {
			t.Errorf("%v is told about on reading %d, not %d", pending, got, want)
		}
	}
}

func TestFigures(t *testing.T) {
	var f figures
	ten := func(fails bool) past { return made(fails, days(10, 0), days(10, 0)) }
	f.add(ten(true), 0)   // nine days before, at first sight
	f.add(ten(true), 7)   // two days before
	f.add(ten(true), 9)   // on the day: too late
	f.add(ten(true), -1)  // missed
	f.add(ten(false), 0)  // backlog
	f.add(ten(false), 3)  // a false alarm
	f.add(ten(false), -1) // quiet
	if f.fails != 4 || f.caught != 2 || f.caughtFirst != 1 || f.backlog != 1 || f.falseAlarms != 1 || f.days != 70 || f.drives != 7 {
		t.Errorf("%+v", f)
	}
	if f.recall() != 0.5 || f.precision() != 0.5 || math.Abs(f.perYear()-365.0/70) > 1e-12 || f.per1000Days() != 1000.0/70 || quantile(f.leads, .5) != 5.5 {
		t.Errorf("%v %v %v %v %v", f.recall(), f.precision(), f.perYear(), f.per1000Days(), f.leads)
	}
}

func TestListed(t *testing.T) {
	// Ten drives for three days; the list has room for one a day. Drive 0 fails
	// on the third day and is always second to drive 1.
	var ps []past
	for i := range 10 {
		ps = append(ps, made(i == 0, days(3, 0), days(3, 0)))
	}
	o := observe(ps, dailyTerms())
	score := make([]float64, len(o.rows))
	for i, r := range o.rows {
		score[i] = map[int32]float64{0: 5, 1: 9}[r.drive]
	}
	if n := o.listed(score, 0.1, 0); n != 0 {
		t.Errorf("a list of one has both: %d", n)
	}
	if n := o.listed(score, 0.2, 0); n != 1 {
		t.Errorf("a list of two has %d", n)
	}
	if n := o.listed(score, 0.1, 7); n != 1 {
		t.Errorf("with rest the second has its turn: %d", n)
	}
	for i, r := range o.rows { // it changes for the worse each day, and so stays
		if r.drive == 1 {
			score[i] += float64(r.day)
		}
	}
	if n := o.listed(score, 0.1, 7); n != 0 {
		t.Errorf("one that gets worse makes room: %d", n)
	}
}

func TestRiskiestAndWorsens(t *testing.T) {
	p := made(false, []float64{0, 0, 10}, []float64{0, 0, 0})
	p.flagged = []bool{false, false, false}
	if !worsens(p) {
		t.Error("ten more are not worse")
	}
	p = made(false, []float64{0, 10, 19}, []float64{5, 5, 5})
	p.flagged = []bool{true, true, true}
	if worsens(p) {
		t.Error("nine more, and what was so before, are worse")
	}
	bs := []before{{kind: "hdd", points: 1, worse: true}, {kind: "hdd", points: 3}, {kind: "hdd", points: 5, worse: true}, {kind: "ssd", points: 9, worse: true}}
	if c := riskiest(bs, "hdd", 0.4); c.worse != 2 || c.caught != 1 || c.flagged != 1 || c.drives != 3 {
		t.Errorf("%+v", c)
	}
}

func TestWears(t *testing.T) {
	ps := []past{
		{kind: "nvme", wear: []forecast.Worn{{Hours: 4000, Used: 10}, {Hours: 8000, Used: 20}, {Hours: 12000, Used: 31}}},
		{kind: "nvme", wear: []forecast.Worn{{Hours: 4000, Used: 10}, {Hours: 8000, Used: math.NaN()}}},
		{kind: "hdd"},
	}
	ws := wears(ps, true)
	if len(ws) != 1 || ws[0].prior != 2 || ws[0].told != 31 || ws[0].predicted != 30 || ws[0].line != 30 || ws[0].life != 30 {
		t.Fatalf("%+v", ws)
	}
	if e := sumUp(ws, func(worn) bool { return true }); e.n != 1 || e.mine != 1 || e.line != 1 || e.held != 1 {
		t.Errorf("%+v", e)
	}
}

func TestReadNamesWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const name = "backblaze_2013q2_daily.csv.gz"
	const head = "serial,model,date,failure,smart_5_raw,smart_197_raw\n"
	for says, text := range map[string]string{
		"there is no column date": "serial,model\n",
		"line 3":                  head + "a,b,2013-04-10,0,1,2\na,b,today,0,1,2\n",
		"wrong number of fields":  head + "a,b\n",
	} {
		write(name, text)
		if _, _, err := daily(dir); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), name) {
			t.Errorf("%q is not what it says: %v", says, err)
		}
	}
	write(name, head+"a,m,2013-04-11,1,4,\na,m,2013-04-10,0,3,7\n")
	ps, d, err := daily(dir)
	if err != nil || len(ps) != 1 || !ps[0].fails || d.Rows != 2 || d.Drives != 1 || d.Failures != 1 || len(d.SHA256) != 64 {
		t.Fatalf("%+v, %+v, %v", ps, d, err)
	}
	if r := ps[0].readings; r[0].Reallocated != 3 || r[0].Pending != 7 || r[1].Reallocated != 4 || !math.IsNaN(r[1].Pending) {
		t.Errorf("readings %+v", r)
	}
	if err := run([]string{"-data", filepath.Join(dir, "none")}, &bytes.Buffer{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	if err := run(nil, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "-data DIR") {
		t.Errorf("without a folder: %v", err)
	}
}

// data is where the sets of drives lie, when they do.
const data = "../../../../../shared/healthdata/dev"

// What is shipped is what the program makes of the data, but for the figures,
// which take many fits.
func TestCoefficientsAreWhatTheDataGive(t *testing.T) {
	if _, err := os.Stat(data); errors.Is(err, fs.ErrNotExist) {
		t.Skip("the drives (../shared/healthdata/dev) are not beside this repository: that the coefficients come from them was not tried")
	}
	in, err := load(data)
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := drive.Ours()
	if err != nil {
		t.Fatal(err)
	}
	again := model(in, settings{date: shipped.Made.Date, seed: shipped.Made.Seed})
	for name, k := range again.Kinds {
		k.Figures = shipped.Kinds[name].Figures
		again.Kinds[name] = k
	}
	if fmt.Sprint(again) != fmt.Sprint(shipped) {
		t.Errorf("made again it is\n%+v\nnot\n%+v", again, shipped)
	}
	// What the page about it says of the proposed conditions.
	w, c := proposed()
	for name, x := range map[string]struct {
		l       limits
		recall  float64
		perYear float64
	}{"warn": {w, 0.60, 0.02}, "critical": {c, 0.40, 0.01}} {
		f := all(in.daily, alerts(in.daily, []limits{x.l}, 1)[0])
		if f.recall() < x.recall || f.perYear() > x.perYear || f.per1000Days() > 0.05 || quantile(f.leads, 0.5) < 10 {
			t.Errorf("%s: recall %.3f, %.4f false alarms a drive-year, %.3f in 1000 drive-days, lead %v days", name, f.recall(), f.perYear(), f.per1000Days(), quantile(f.leads, 0.5))
		}
	}
	if e := sumUp(wears(in.repeated, true), func(w worn) bool { return w.prior >= 2 }); e.mine > 0.5 || float64(e.held)/float64(e.n) < 0.85 || float64(e.held)/float64(e.n) > 0.95 {
		t.Errorf("wear: %+v", e)
	}
}
