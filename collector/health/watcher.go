package health

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"muster/collector/health/anomaly"
	"muster/collector/health/rule"
	"muster/collector/health/window"
	"muster/internal/metric"
	"muster/internal/report"
)

// watcher follows one number for what is unusual of it.
type watcher struct {
	part  part // as a component of the rules about series
	det   *anomaly.Detector
	next  int64        // Unix seconds of the next point it looks at
	last  window.Point // looked at, of a counter
	began bool
	ready bool // its past has been had from the store

	score float64
	until time.Time // an alert holds
}

const (
	watchStep = 5 * time.Minute // between two points that are looked at
	alertFor  = time.Hour       // after the last point that is more likely unusual than not
	watchPast = 28 * 24 * time.Hour
)

// newWatcher makes the watcher of a number of a device. Until its past is
// there, or for a number that no rule asks the detector of, it takes nothing.
func newWatcher(np *numberPlan, key trackKey, s report.Series, first time.Time, ready bool) *watcher {
	name := s.Measurement + "." + s.Field
	if key.part != "" {
		name += " " + key.part
	}
	w := &watcher{part: part{key: name, label: seriesWords(s), first: first}, ready: ready}
	if np.detected {
		o := anomaly.Default()
		o.Least = nobodyMinds(np, rule.Ref{})
		w.det = anomaly.New(o)
	}
	return w
}

// nobodyMinds is a difference of a number, or of its ratio to another, that is
// not worth a word.
func nobodyMinds(np *numberPlan, per rule.Ref) float64 {
	_, f, _ := metric.Lookup(np.ref.Measurement, np.ref.Field)
	if per.Field != "" {
		if f.Unit == "millisecond" {
			return 1 // of each read, say
		}
		return 0
	}
	switch f.Unit {
	case "percent":
		return 3
	case "celsius":
		return 3
	case "count":
		return 10
	case "millisecond":
		if np.spec.Counter {
			return 30 // in a second: three percent of the time
		}
		return 5
	}
	return 0
}

// add looks at a new point; of a counter at what it rose by in a second.
func (w *watcher) add(np *numberPlan, at time.Time, v float64) {
	sec := at.Unix()
	if w.det == nil || !w.ready || sec < w.next {
		return
	}
	step := int64(watchStep / time.Second)
	w.next = sec - sec%step + step
	x := v
	if np.spec.Counter {
		before := w.last
		w.last = window.Point{At: sec, V: v}
		if !w.began || v < before.V || sec <= before.At || sec-before.At > 4*step {
			w.began = true
			return
		}
		x = (v - before.V) / float64(sec-before.At)
	}
	w.look(at, x)
}

// look hands a value to the detector.
func (w *watcher) look(at time.Time, x float64) {
	var alert bool
	w.score, alert = w.det.Add(at, x)
	if alert || w.score >= 0.5 && at.Before(w.until) {
		w.until = at.Add(alertFor)
	}
}

// watchedParts are the numbers of a device that are watched, as components of
// one rule.
func (d *device) watchedParts(r *rule.Rule) []*part {
	var out []*part
	for k, w := range d.watch {
		if slices.Contains(r.Series, k.ref.Measurement+"."+k.ref.Field) {
			out = append(out, &w.part)
		}
	}
	slices.SortFunc(out, func(a, b *part) int { return compareText(a.key, b.key) })
	return out
}

// unusual answers the inputs of rules about series.
func (v *view) unusual(field string) rule.Value {
	for k, w := range v.d.watch {
		if w.part.key == v.part.key {
			return v.unusualOf(k, w, field)
		}
	}
	return rule.Value{}
}

func (v *view) unusualOf(k watchKey, w *watcher, field string) rule.Value {
	n, ok := v.j.plan.byNumber[k.ref]
	if !ok {
		return rule.Value{}
	}
	np := &v.j.plan.numbers[n]
	unit := np.unit()
	switch field {
	case "alert", "score", "words":
		if w.det == nil {
			return rule.Value{}
		}
		switch field {
		case "alert":
			return rule.Value{Known: true, F: v.now.Before(w.until)}
		case "score":
			return known(w.score)
		}
		return rule.Value{Known: true, T: w.det.Reading().Words(func(x float64) string { return Quantity(x, unit) })}
	}
	t := v.d.tracks[trackKey{n, k.part}]
	if t == nil {
		return rule.Value{}
	}
	c := comparison{ref: k.ref}
	x, ok := v.j.peers.compared(v.j, v.d, c, k.part, t, v.now)
	if !ok {
		return rule.Value{}
	}
	if field == "peers_words" {
		s, ok := v.j.peers.groups[peerKey{c, peersOf(v.d)}]
		if !ok {
			return rule.Value{}
		}
		return rule.Value{Known: true, T: fmt.Sprintf("%s; on %d devices of the same model %s is usual", Quantity(x, unit), s.n, Quantity(s.median, unit))}
	}
	return v.j.peers.value(v, c, field, x)
}

// unit is that in which a number is compared.
func (np *numberPlan) unit() string {
	_, f, _ := metric.Lookup(np.ref.Measurement, np.ref.Field)
	if np.spec.Counter {
		return f.Unit + " a second"
	}
	return f.Unit
}

// learnUsual shows the past of numbers that are watched to their detectors,
// which then know four weeks at once. It takes at most so many devices.
func (j *Judge) learnUsual(ctx context.Context, most int) error {
	j.mu.Lock()
	n := min(most, len(j.unlearnt))
	list := slices.Clone(j.unlearnt[:n])
	j.unlearnt = slices.Delete(j.unlearnt, 0, n)
	now := j.o.Now()
	j.mu.Unlock()
	for i, d := range list {
		if err := j.learnUsualOf(ctx, d, now); err != nil && !j.postponed(ctx, d, itsUsual, err) {
			j.mu.Lock()
			j.unlearnt = append(list[i:], j.unlearnt...)
			j.mu.Unlock()
			return err
		}
	}
	return nil
}

func (j *Judge) learnUsualOf(ctx context.Context, d *device, now time.Time) error {
	j.mu.Lock()
	list := map[watchKey]*watcher{}
	for k, w := range d.watch {
		if w.det != nil && !w.ready {
			list[k] = w
		}
	}
	p := j.plan
	j.mu.Unlock()
	for k, w := range list {
		n, ok := p.byNumber[k.ref]
		if !ok {
			continue
		}
		past, err := j.past(ctx, d, p.numbers[n], k.part, now.Add(-watchPast), now, watchStep)
		if err != nil {
			return fmt.Errorf("recall what is usual of %s: %w", d.id, err)
		}
		j.mu.Lock()
		for _, x := range past {
			if !math.IsNaN(x.Value) {
				w.look(x.At, x.Value)
			}
		}
		w.ready = true
		j.mu.Unlock()
	}
	return nil
}

// familyOfSeries is which family of rules a number belongs to, for counting
// signs that do not depend on each other.
func familyOfSeries(key string) string {
	name, _, _ := strings.Cut(key, " ")
	m, _, _ := strings.Cut(name, ".")
	switch m {
	case "disk", "diskio", "smart_device":
		return "drive"
	case "mem", "swap", "paging":
		return "memory"
	case "net", "ping", "dns_query", "wifi", "interface":
		return "network"
	case "temp", "throttle", "battery", "cpu", "sensor":
		return "crash"
	}
	if _, ok := metric.Find(m); ok {
		return "system"
	}
	return m
}
