package health

import (
	"math"
	"time"

	"muster/collector/health/forecast"
	"muster/collector/health/rule"
	"muster/collector/health/window"
)

// foretold is a forecast of one number, in days from when it was made.
type foretold struct {
	at     time.Time
	points int // of the number when it was made
	f      forecast.Forecast
	no     forecast.Refusal
}

type foretellKey struct {
	number int
	part   string
	limit  float64
	days   time.Duration
	manner string
}

// foretellEvery is how often a forecast is made anew: it moves by the day.
const foretellEvery = time.Hour

// forecast answers NUMBER.reaches(…).
func (v *view) forecast(in *rule.Input, t *window.Track, np *numberPlan) rule.Value {
	x := v.foretell(in, t, np)
	if x.no != forecast.None {
		return rule.Value{}
	}
	gone := v.now.Sub(x.at).Hours() / 24
	switch in.Part {
	case "early_days":
		return days(x.f.Early - gone)
	case "likely_days":
		return days(x.f.Likely - gone)
	case "late_days":
		return days(x.f.Late - gone)
	}
	return known(x.f.Slope)
}

// days is a time ahead; what is never is a hundred years.
func days(x float64) rule.Value {
	if math.IsInf(x, 1) {
		x = 36500
	}
	return known(max(x, 0))
}

func (v *view) foretell(in *rule.Input, t *window.Track, np *numberPlan) *foretold {
	key := foretellKey{v.j.plan.byNumber[np.ref], v.key(in), in.Amount, in.Window, in.Word}
	x := v.d.ahead[key]
	if x != nil && (v.now.Sub(x.at) < foretellEvery || np.slow && t.Len() == x.points) && v.now.Sub(x.at) < 24*time.Hour {
		return x
	}
	x = &foretold{at: v.now, points: t.Len()}
	if in.Axis.Field != "" {
		v.wornOut(in, t, x)
	} else {
		v.reaches(in, t, np, x)
	}
	if v.d.ahead == nil {
		v.d.ahead = map[foretellKey]*foretold{}
	}
	v.d.ahead[key] = x
	return x
}

func (v *view) reaches(in *rule.Input, t *window.Track, np *numberPlan, x *foretold) {
	opts, ok := forecast.Manner(in.Word, 1)
	if !ok {
		x.no = forecast.NoNumbers
		return
	}
	d := in.Window
	if in.Word == "memory" {
		// What was before the last restart is another program's.
		if up := v.since("boot", "restarted_at"); up > 0 {
			d = min(d, up)
		}
	}
	o, ok := t.Over(&np.spec, v.now, d)
	if !ok {
		x.no = forecast.NoNumbers
		return
	}
	xs, ys := o.XY(v.now)
	pts := make([]forecast.Point, len(xs))
	for i := range xs {
		pts[i] = forecast.Point{X: xs[i], Y: ys[i]}
	}
	x.f, x.no = forecast.Reaches(pts, in.Amount, 0, opts)
}

// since is how long ago a time of a section of one row was; 0 when it is not
// known.
func (v *view) since(section, column string) time.Duration {
	sp, rs := v.j.plan.sections[section], v.d.rows[section]
	if sp == nil || rs == nil || rs.by[""] == nil {
		return 0
	}
	i, ok := sp.at[column]
	if !ok {
		return 0
	}
	ms, ok := rs.by[""][i].(int64)
	if !ok {
		return 0
	}
	return v.now.Sub(time.UnixMilli(ms))
}

// wornOut foretells over another number instead of time: wear over the hours
// that a drive ran. Days follow from how many hours it runs a day.
func (v *view) wornOut(in *rule.Input, t *window.Track, x *foretold) {
	hours, _ := v.track(in.Axis, v.key(in))
	if hours == nil {
		x.no = forecast.NoNumbers
		return
	}
	from := v.now.Add(-in.Window)
	at := map[int64]float64{}
	ran := hours.Points(from)
	for _, p := range ran {
		at[p.At] = p.V
	}
	var worn []forecast.Worn
	for _, p := range t.Points(from) {
		if h, ok := at[p.At]; ok {
			worn = append(worn, forecast.Worn{Hours: h, Used: p.V, Written: math.NaN()})
		}
	}
	if len(ran) == 0 {
		x.no = forecast.NoNumbers
		return
	}
	first, last := ran[0], ran[len(ran)-1]
	perDay := 24.0 // before it is known: the date is early rather than late
	if span := float64(last.At-first.At) / 86400; span >= 1 && last.V > first.V {
		perDay = min((last.V-first.V)/span, 24)
	}
	x.f, x.no = forecast.WornOut(worn, in.Amount, last.V, 0)
	for _, e := range []*float64{&x.f.Early, &x.f.Likely, &x.f.Late} {
		*e = (*e - last.V) / perDay
	}
	x.f.Slope *= perDay
}

// slope is the change per day, by the median of the slopes of all pairs.
func (v *view) slope(o window.Over) rule.Value {
	xs, ys := o.XY(v.now)
	var s []float64
	for i := range xs {
		for k := i + 1; k < len(xs); k++ {
			if xs[k] > xs[i] {
				s = append(s, (ys[k]-ys[i])/(xs[k]-xs[i]))
			}
		}
	}
	return known(window.Quantile(s, 0.5))
}
