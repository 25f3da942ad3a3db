package health

import (
	"slices"
	"strings"
	"time"

	"muster/collector/health/rule"
	"muster/collector/health/window"
	"muster/internal/metric"
	"muster/internal/report"
)

// watcher follows one number for what is unusual of it.
type watcher struct {
	part  part // as a component of the rules about series
	track *window.Track
	step  time.Duration // between two points that it looks at
	next  int64         // Unix seconds of the next
	last  window.Point  // looked at, of a counter
	began bool
	det   detector

	score float64
	until time.Time // an alert holds
}

// detector says how unusual each value of a series is; package anomaly has it.
type detector interface {
	// Add takes the next value and says how unusual it is, 0 to 1, and whether
	// that is worth saying.
	Add(at time.Time, v float64) (score float64, alert bool)
}

const (
	watchStep = 5 * time.Minute
	alertFor  = time.Hour
)

// watcher finds or makes the watcher of a number.
func (d *device) watcher(key trackKey, s report.Series) *watcher {
	w := d.watch[key]
	if w == nil {
		name := s.Measurement + "." + s.Field
		if key.part != "" {
			name += " " + key.part
		}
		w = &watcher{step: watchStep, det: newDetector(), part: part{key: name, label: seriesWords(s), first: d.info.FirstSeen}}
		d.watch[key] = w
	}
	return w
}

// add looks at a new point; of a counter at what it rose by in a second.
func (w *watcher) add(np *numberPlan, t *window.Track, at time.Time, v float64) {
	sec := at.Unix()
	if sec < w.next {
		return
	}
	w.next = sec - sec%int64(w.step/time.Second) + int64(w.step/time.Second)
	x := v
	if np.spec.Counter {
		before := w.last
		w.last = window.Point{At: sec, V: v}
		if !w.began || v < before.V || sec <= before.At || sec-before.At > 4*int64(w.step/time.Second) {
			w.began = true
			return
		}
		x = (v - before.V) / float64(sec-before.At)
	}
	var alert bool
	w.score, alert = w.det.Add(at, x)
	if alert {
		w.until = at.Add(alertFor)
	}
}

// watchedParts are the numbers of a device that are watched, as components.
func (d *device) watchedParts() []*part {
	out := make([]*part, 0, len(d.watch))
	for _, w := range d.watch {
		out = append(out, &w.part)
	}
	slices.SortFunc(out, func(a, b *part) int { return compareText(a.key, b.key) })
	return out
}

// unusual answers the inputs of rules about series.
func (v *view) unusual(field string) rule.Value {
	for k, w := range v.d.watch {
		if w.part.key != v.part.key {
			continue
		}
		switch field {
		case "alert":
			return rule.Value{Known: true, F: v.now.Before(w.until)}
		case "score":
			return known(w.score)
		}
		n := v.j.plan.numbers[k.number]
		t := v.d.tracks[k]
		in := rule.Input{Kind: rule.Window, Source: n.ref.Measurement, Field: n.ref.Field, Op: "peers_z"}
		if t == nil {
			return rule.Value{}
		}
		x, ok := v.j.peers.compared(v.j, v.d, &in, k.part, t, v.now)
		if !ok {
			return rule.Value{}
		}
		return v.j.peers.value(v, &in, x)
	}
	return rule.Value{}
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
