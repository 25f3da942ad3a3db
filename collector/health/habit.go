package health

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"muster/collector/health/anomaly"
	"muster/collector/health/rule"
	"muster/collector/health/window"
	"muster/collector/store"
)

// habit is what a number of one device usually is, by the hour of the day, on
// working days and on others; what is near to the hour counts too.
type habit struct {
	at    time.Time
	hours [48]usually // working days first
}

// usually is the middle and the spread of a class of hours; n is how many
// steps of a quarter of an hour it rests on.
type usually struct {
	n              int32
	median, spread float32
}

type habitKey struct {
	number int
	per    rule.Ref
	part   string
	days   int
}

const (
	habitEvery  = 24 * time.Hour
	habitStep   = 15 * time.Minute
	leastHabit  = 50 // steps in a class (reference/health.md 3a)
	leastBefore = 5  // points of a number that comes a few times a day or at each start
)

func classOf(local time.Time) int {
	c := local.Hour()
	if d := local.Weekday(); d == time.Saturday || d == time.Sunday {
		c += 24
	}
	return c
}

// habit answers usual, spread and z.
func (v *view) habit(in *rule.Input, t *window.Track, np *numberPlan, last float64) rule.Value {
	var u usually
	if np.slow {
		u = slowHabit(t, np, v.now, in.Window)
	} else {
		key := habitKey{v.j.plan.byNumber[np.ref], in.Per, v.key(in), int(in.Window.Hours() / 24)}
		h := v.d.habits[key]
		if h == nil || v.now.Sub(h.at) > habitEvery {
			v.j.want(v.d, key)
		}
		if h == nil {
			return rule.Value{}
		}
		if u = h.hours[classOf(v.now.In(v.j.o.Zone))]; u.n < leastHabit {
			return rule.Value{}
		}
	}
	if u.n == 0 {
		return rule.Value{}
	}
	switch in.Op {
	case "usual":
		return known(float64(u.median))
	case "spread":
		return known(float64(u.spread))
	}
	if u.spread == 0 {
		return rule.Value{}
	}
	return known((last - float64(u.median)) / float64(u.spread))
}

// slowHabit is that of a number which comes a few times a day or at each
// start: of its window without the last tenth, which is what is compared.
func slowHabit(t *window.Track, np *numberPlan, now time.Time, d time.Duration) usually {
	o, ok := t.Over(&np.spec, now, d)
	if !ok {
		return usually{}
	}
	recent, _ := t.Over(&np.spec, now, d/10)
	v := o.Values()
	v = v[:len(v)-len(recent.Values())]
	if len(v) < leastBefore {
		return usually{}
	}
	return usuallyOf(v, leastBefore, nobodyMinds(np, rule.Ref{}))
}

// usuallyOf sums values up, if they are at least so many. A difference below
// step is none.
func usuallyOf(v []float64, least int, step float64) usually {
	s, err := anomaly.SpreadOf(v, least, step)
	switch {
	case errors.Is(err, anomaly.ErrNoSpread):
		return usually{n: int32(len(v)), median: float32(v[0])}
	case err != nil:
		return usually{}
	}
	return usually{int32(s.N), float32(s.Median), float32(s.Width)}
}

// want asks for a habit, to be worked out from the store beside the judging.
func (j *Judge) want(d *device, key habitKey) {
	if j.o.Series == nil || d.wanted[key] {
		return
	}
	if d.wanted == nil {
		d.wanted = map[habitKey]bool{}
	}
	d.wanted[key] = true
	j.wants = append(j.wants, wish{d, key})
}

type wish struct {
	d   *device
	key habitKey
}

// learnHabits works out what was asked for, at most so many, without holding
// the judge up while the store answers.
func (j *Judge) learnHabits(ctx context.Context, most int) error {
	j.mu.Lock()
	n := min(most, len(j.wants))
	list := slices.Clone(j.wants[:n])
	j.wants = slices.Delete(j.wants, 0, n)
	p, now := j.plan, j.o.Now()
	j.mu.Unlock()
	for i, w := range list {
		h, err := j.learnHabit(ctx, p, w, now)
		j.mu.Lock()
		same := j.plan == p
		if same { // else its key means another number by now
			delete(w.d.wanted, w.key)
			if err == nil {
				w.d.habits[w.key] = h
			} else {
				j.wants = append(list[i+1:], j.wants...) // it is asked for again when a rule wants it
			}
		}
		j.mu.Unlock()
		if err != nil || !same {
			return err
		}
	}
	return nil
}

func (j *Judge) learnHabit(ctx context.Context, p *plan, w wish, now time.Time) (*habit, error) {
	np := p.numbers[w.key.number]
	from := now.AddDate(0, 0, -w.key.days)
	values, err := j.past(ctx, w.d, np, w.key.part, from, now, habitStep)
	if err != nil {
		return nil, err
	}
	if w.key.per.Field != "" {
		other, err := j.past(ctx, w.d, p.numbers[p.byNumber[w.key.per]], w.key.part, from, now, habitStep)
		if err != nil {
			return nil, err
		}
		values = ratio(values, other)
	}
	return habitOf(values, nobodyMinds(&np, w.key.per), now, j.o.Zone), nil
}

// past reads a number of a device from the store: of a counter its rate.
func (j *Judge) past(ctx context.Context, d *device, np numberPlan, part string, from, to time.Time, step time.Duration) ([]store.TimeValue, error) {
	q := store.SeriesQuery{Measurement: np.ref.Measurement, Field: np.ref.Field, From: from, To: to, Step: step, Aggregate: store.Mean,
		Matchers: []store.Matcher{{Label: store.LabelDevice, Values: []string{string(d.id)}}}}
	if np.spec.Counter {
		q.Aggregate = store.Rate
	}
	j.mu.Lock()
	names := []string{part}
	if c := d.parts[np.subject.Name][part]; c != nil {
		names = append(names, c.names...)
	}
	j.mu.Unlock()
	if label := np.subject.Series[np.ref.Measurement]; len(label) > 0 {
		q.Matchers = append(q.Matchers, store.Matcher{Label: label[0], Values: names})
	} else if whole := np.subject.Whole[np.ref.Measurement]; whole != "" {
		q.Matchers = append(q.Matchers, store.Matcher{Label: np.ref.Measurement, Values: []string{whole}})
	}
	list, err := j.o.Series.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	var out []store.TimeValue
	for _, s := range list { // several when the device was renamed
		out = append(out, s.Points...)
	}
	slices.SortFunc(out, func(a, b store.TimeValue) int { return a.At.Compare(b.At) })
	return out, nil
}

func ratio(a, b []store.TimeValue) []store.TimeValue {
	at := map[int64]float64{}
	for _, p := range b {
		at[p.At.Unix()] = p.Value
	}
	var out []store.TimeValue
	for _, p := range a {
		if q := at[p.At.Unix()]; q > 0 {
			out = append(out, store.TimeValue{At: p.At, Value: p.Value / q})
		}
	}
	return out
}

// habitOf sorts values into classes. The last day is left out: it is what is
// compared with the habit.
func habitOf(values []store.TimeValue, least float64, now time.Time, zone *time.Location) *habit {
	var in [48][]float64
	for _, p := range values {
		if now.Sub(p.At) < 24*time.Hour || math.IsNaN(p.Value) {
			continue
		}
		local := p.At.In(zone)
		c := classOf(local)
		in[c] = append(in[c], p.Value)
		for _, near := range []time.Time{local.Add(-30 * time.Minute), local.Add(30 * time.Minute)} {
			if k := classOf(near); k != c {
				in[k] = append(in[k], p.Value)
			}
		}
	}
	h := &habit{at: now}
	for c := range in {
		v := slices.Clone(in[c])
		// Of weekends there are few: the hours around help out.
		for off := 1; off <= 3 && len(v) > 0 && len(v) < leastHabit; off++ {
			day := c / 24 * 24
			v = append(append(v, in[day+(c+off)%24]...), in[day+(c-day-off+24)%24]...)
		}
		h.hours[c] = usuallyOf(v, leastHabit, least)
	}
	return h
}
