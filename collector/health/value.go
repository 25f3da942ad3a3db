package health

import (
	"math"
	"strings"
	"time"

	"muster/collector/health/rule"
	"muster/collector/health/window"
	"muster/internal/event"
)

// view is what a rule sees of one component at one time. It implements
// rule.Values.
type view struct {
	j    *Judge
	d    *device
	r    *rule.Rule
	part *part
	now  time.Time
	with map[string]rule.Value // derived inputs that are worked out for this judgement alone

	old bool // an input was known once and is too old by now
}

func known(n float64) rule.Value {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return rule.Value{}
	}
	return rule.Value{Known: true, N: n}
}

// Value works an input out.
func (v *view) Value(slot int) rule.Value {
	in := &v.j.plan.set.Inputs[slot]
	if in.Or == nil {
		return v.value(slot, in)
	}
	old := v.old
	v.old = false
	x := v.value(slot, in)
	if !x.Known && !v.old { // what was told once is not what was never told
		x = *in.Or
	}
	v.old = v.old || old
	return x
}

func (v *view) value(slot int, in *rule.Input) rule.Value {
	switch in.Kind {
	case rule.Name:
		return rule.Value{Known: true, T: v.part.key}
	case rule.Column, rule.Age, rule.Past:
		return v.column(in)
	case rule.Rows:
		return v.rowCount(slot, in)
	case rule.Gone:
		return rule.Value{Known: v.d.rows[in.Source] != nil, F: !v.part.gone.IsZero()}
	case rule.Sample, rule.Window, rule.Future:
		return v.number(in)
	case rule.Events:
		return v.happened(in)
	case rule.Firing:
		return rule.Value{Known: true, F: v.d.fires(v.j.plan, in.Source, v.r.Subject, v.part.key, rule.Severity(in.Word))}
	case rule.Limit:
		model := v.part.model
		if v.part.key == "" {
			model = v.d.info.Model
		}
		return known(v.r.Limit(in.Field, model))
	case rule.Derived:
		return v.derived(in)
	}
	return rule.Value{}
}

// key is the component whose an input is.
func (v *view) key(in *rule.Input) string {
	if in.Subject == rule.Device {
		return ""
	}
	return v.part.key
}

func (v *view) column(in *rule.Input) rule.Value {
	sp, rs := v.j.plan.sections[in.Source], v.d.rows[in.Source]
	if sp == nil || rs == nil {
		return rule.Value{}
	}
	row := rs.by[v.key(in)]
	if row == nil {
		return rule.Value{}
	}
	x := row[sp.at[in.Field]]
	switch in.Kind {
	case rule.Age:
		ms, ok := x.(int64)
		if !ok {
			return rule.Value{}
		}
		days := v.now.Sub(time.UnixMilli(ms)).Hours() / 24
		if in.Op == "days_ahead" {
			days = -days
		}
		return known(days)
	case rule.Past:
		best, from := math.NaN(), v.now.Add(-in.Window)
		list := rs.past[v.key(in)+"\x00"+in.Field]
		for i, c := range list {
			// A value counts for the window when it still held within it.
			if i+1 < len(list) && list[i+1].at.Before(from) {
				continue
			}
			if math.IsNaN(best) || in.Op == "highest" && c.v > best || in.Op == "lowest" && c.v < best {
				best = c.v
			}
		}
		return known(best)
	}
	if x == nil {
		return rule.Value{}
	}
	switch in.Type {
	case rule.Number:
		n, ok := numberOf(x)
		return rule.Value{Known: ok, N: n}
	case rule.Flag:
		b, ok := x.(bool)
		return rule.Value{Known: ok, F: b}
	case rule.List:
		return rule.Value{Known: true, L: listOf(x)}
	}
	return rule.Value{Known: true, T: textOf(x)}
}

// rowCount is how many rows of a section pass; of a component's, those that
// name it.
func (v *view) rowCount(slot int, in *rule.Input) rule.Value {
	rs := v.d.rows[in.Source]
	if rs == nil || !rs.read {
		return rule.Value{}
	}
	n := v.d.counts[countKey{slot, v.key(in)}]
	if n == 0 && rs.partial {
		return rule.Value{} // what is absent from it may still be there
	}
	return known(n)
}

// stale is how old the newest sample of a number may be to count as present:
// three that did not come are not one that was lost.
func (v *view) stale(np *numberPlan) time.Duration {
	if np.slow {
		return 3 * 24 * time.Hour
	}
	return max(20*time.Minute, 3*np.every, 3*v.j.o.Interval()) + time.Minute
}

func (v *view) track(ref rule.Ref, key string) (*window.Track, *numberPlan) {
	n, ok := v.j.plan.byNumber[ref]
	if !ok {
		return nil, nil
	}
	return v.d.tracks[trackKey{n, key}], &v.j.plan.numbers[n]
}

func (v *view) number(in *rule.Input) rule.Value {
	ref := rule.Ref{Measurement: in.Source, Field: in.Field}
	t, np := v.track(ref, v.key(in))
	if t == nil {
		return rule.Value{}
	}
	last, ok := t.Last()
	if !ok {
		return rule.Value{}
	}
	if np.ref.Measurement != "boot" && v.now.Sub(time.Unix(last.At, 0)) > v.stale(np) {
		v.old = true
		return rule.Value{} // it was, and nobody knows whether it still is
	}
	switch {
	case in.Kind == rule.Sample:
		return known(last.V)
	case v.d.recall && t.Began().After(v.now.Add(-in.Window)):
		v.old = true
		return rule.Value{} // what was before the start is not remembered yet
	case in.Kind == rule.Future:
		return v.forecast(in, t, np)
	case in.Op == "usual" || in.Op == "spread" || in.Op == "z":
		now, ok := v.atPresent(in, t, np, last.V)
		if !ok && in.Op == "z" {
			return rule.Value{}
		}
		return v.habit(in, t, np, now)
	case strings.HasPrefix(in.Op, "peers_"):
		c := comparison{rule.Ref{Measurement: in.Source, Field: in.Field}, in.Per}
		now, ok := v.j.peers.compared(v.j, v.d, c, v.key(in), t, v.now)
		if !ok && in.Op == "peers_z" {
			return rule.Value{}
		}
		return v.j.peers.value(v, c, in.Op, now)
	case in.Per.Field != "":
		other, _ := v.track(in.Per, v.key(in))
		if other == nil {
			return rule.Value{}
		}
		return over(in, window.Ratios(t, other, v.now, in.Window))
	}
	o, ok := t.Over(&np.spec, v.now, in.Window)
	if !ok {
		return rule.Value{}
	}
	switch in.Op {
	case "min":
		return known(o.Min())
	case "max":
		return known(o.Max())
	case "mean":
		return known(o.Mean())
	case "median":
		return known(o.Quantile(0.5))
	case "p95":
		return known(o.Quantile(0.95))
	case "first":
		return known(o.First())
	case "count":
		return known(o.Count())
	case "delta":
		return known(o.Last() - o.First())
	case "rise":
		return known(o.Rise())
	case "rate":
		return known(o.Rate())
	case "share_above":
		return known(o.ShareAbove(in.Amount))
	case "days_above":
		return known(o.DaysAbove(in.Amount))
	case "slope":
		return v.slope(o)
	}
	return rule.Value{}
}

// present is how far back a value reaches that is compared with habits: of one
// sample too much is chance.
const present = 15 * time.Minute

// atPresent is what is compared with a habit: the newest value; of a counter
// its rate, of one by another their ratio, over the last minutes.
func (v *view) atPresent(in *rule.Input, t *window.Track, np *numberPlan, last float64) (float64, bool) {
	if in.Per.Field != "" {
		other, _ := v.track(in.Per, v.key(in))
		if other == nil {
			return 0, false
		}
		r := window.Ratios(t, other, v.now, present)
		return window.Quantile(r, 0.5), len(r) > 0
	}
	if np.slow || !np.spec.Counter {
		return last, true
	}
	o, ok := t.Over(&np.spec, v.now, present)
	if !ok {
		return 0, false
	}
	x := o.Rate()
	return x, !math.IsNaN(x)
}

// over answers for values that are at hand.
func over(in *rule.Input, values []float64) rule.Value {
	if in.Op == "count" {
		return known(float64(len(values)))
	}
	if len(values) == 0 {
		return rule.Value{}
	}
	switch in.Op {
	case "min":
		return known(window.Quantile(values, 0))
	case "max":
		return known(window.Quantile(values, 1))
	case "median":
		return known(window.Quantile(values, 0.5))
	case "p95":
		return known(window.Quantile(values, 0.95))
	case "mean":
		sum := 0.0
		for _, x := range values {
			sum += x
		}
		return known(sum / float64(len(values)))
	}
	return rule.Value{}
}

// happened counts events. An operating system that cannot tell of a kind is
// one whose count is not known.
func (v *view) happened(in *rule.Input) rule.Value {
	k := v.j.plan.kinds[in.Source]
	if k == nil || !v.j.plan.tells(in.Source, v.d.info) {
		return rule.Value{}
	}
	s := v.r.On
	from := v.now.Add(-in.Window)
	n := 0.0
	by := map[string]float64{}
	for _, h := range v.d.events[in.Source] {
		if h.last.Before(from) || h.at.After(v.now.Add(time.Minute)) {
			continue
		}
		if in.Source == event.UncleanStop && v.j.excused(v.d, h.at) {
			continue // the lights went out for all of them
		}
		if in.Subject != rule.Device && !v.speaksOf(h, s.Events[in.Source]) {
			continue
		}
		ok := true
		for _, m := range in.Match {
			ok = ok && m.Holds(h.attributes[m.Name])
		}
		if !ok {
			continue
		}
		switch in.Op {
		case "count":
			n += float64(h.count)
		case "days":
			by[h.at.UTC().Format(time.DateOnly)]++
			by[h.last.UTC().Format(time.DateOnly)]++
		case "most":
			by[h.attributes[in.Word]] += float64(h.count)
		}
	}
	switch in.Op {
	case "days":
		n = float64(len(by))
	case "most":
		for _, x := range by {
			n = max(n, x)
		}
	}
	return known(n)
}

// speaksOf says whether an event is about the component.
func (v *view) speaksOf(h happening, attributes []string) bool {
	for _, a := range attributes {
		x := h.attributes[a]
		if x == "" {
			continue
		}
		if x == v.part.key {
			return true
		}
		for _, n := range v.part.names {
			if n == x {
				return true
			}
		}
		return false
	}
	return false
}
