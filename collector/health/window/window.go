// Package window keeps the recent past of one number in bounded memory and
// answers for times that end now: its least, its 95th percentile, its rise. It
// owns what is kept how finely.
//
// It must not know what the number means, whose it is, or where older points
// could be had.
package window

import (
	"math"
	"slices"
	"time"
)

// Spec says what is kept of a number.
type Spec struct {
	// Recent is how long points are kept as they came.
	Recent time.Duration
	// Bucket and Keep: beyond Recent points are kept in steps of Bucket, for
	// Keep. Zero keeps none. A day's steps begin at midnight UTC.
	Bucket, Keep time.Duration
	// Most bounds the points, whatever Recent says: the oldest go first.
	Most int
	// Counter says that the number only grows until its source restarts.
	Counter bool
}

// Point is a value at a time.
type Point struct {
	At int64 // Unix seconds
	V  float64
}

// Bucket is a step of the past.
type Bucket struct {
	Start                 uint32 // Unix seconds
	N                     uint32
	Min, Max, First, Last float32
	Sum, Rise             float32 // Rise to each of its points from the one before
}

// Track is the past of one number. The zero value is empty. Points come in the
// order of time; one that is not newer than the last is dropped.
type Track struct {
	points  []point
	buckets []Bucket
	began   uint32 // time of the first point ever seen
}

type point struct {
	at uint32 // Unix seconds: two points a second are one
	v  float64
}

// Add takes a point in. It answers false for one that is not newer than the
// last, or no number.
func (t *Track) Add(s *Spec, at time.Time, v float64) bool {
	sec := at.Unix()
	if math.IsNaN(v) || math.IsInf(v, 0) || sec <= 0 || sec > math.MaxUint32 {
		return false
	}
	x := uint32(sec)
	rise := 0.0
	if n := len(t.points); n > 0 {
		last := t.points[n-1]
		if x <= last.at {
			return false
		}
		rise = max(v-last.v, 0)
	} else {
		t.began = x
	}
	t.points = append(t.points, point{x, v})
	t.bucket(s, x, v, rise)
	t.trim(s, x)
	return true
}

func (t *Track) bucket(s *Spec, at uint32, v, rise float64) {
	if s.Bucket <= 0 {
		return
	}
	step := uint32(s.Bucket / time.Second)
	start := at - at%step
	f := float32(v)
	if n := len(t.buckets); n > 0 && t.buckets[n-1].Start == start {
		b := &t.buckets[n-1]
		b.N++
		b.Min, b.Max, b.Last = min(b.Min, f), max(b.Max, f), f
		b.Sum += f
		b.Rise += float32(rise)
		return
	}
	t.buckets = append(t.buckets, Bucket{Start: start, N: 1, Min: f, Max: f, First: f, Last: f, Sum: f, Rise: float32(rise)})
}

func (t *Track) trim(s *Spec, now uint32) {
	oldest := now - min(now, uint32(s.Recent/time.Second))
	i := 0
	// The last point before the window stays: rises need it.
	for i+1 < len(t.points) && t.points[i+1].at <= oldest {
		i++
	}
	if s.Most > 0 && len(t.points)-i > s.Most {
		i = len(t.points) - s.Most
	}
	if i > 0 {
		t.points = append(t.points[:0], t.points[i:]...)
		if cap(t.points) > 4*len(t.points)+16 {
			t.points = slices.Clip(slices.Clone(t.points))
		}
	}
	if s.Bucket <= 0 {
		return
	}
	oldest = now - min(now, uint32(s.Keep/time.Second))
	i = 0
	for i < len(t.buckets) && t.buckets[i].Start+uint32(s.Bucket/time.Second) <= oldest {
		i++
	}
	if i > 0 {
		t.buckets = append(t.buckets[:0], t.buckets[i:]...)
	}
}

// Len is the number of points that are kept as they came.
func (t *Track) Len() int { return len(t.points) }

// Began is the time of the oldest point ever seen; zero when there is none.
func (t *Track) Began() time.Time {
	if t.began == 0 {
		return time.Time{}
	}
	return time.Unix(int64(t.began), 0)
}

// Last is the newest point.
func (t *Track) Last() (Point, bool) {
	if len(t.points) == 0 {
		return Point{}, false
	}
	p := t.points[len(t.points)-1]
	return Point{int64(p.at), p.v}, true
}

// Points are those after from, as they came, oldest first.
func (t *Track) Points(from time.Time) []Point {
	out := []Point{}
	for _, p := range t.since(from) {
		out = append(out, Point{int64(p.at), p.v})
	}
	return out
}

func (t *Track) since(from time.Time) []point {
	f := from.Unix()
	i := len(t.points)
	for i > 0 && int64(t.points[i-1].at) > f {
		i--
	}
	return t.points[i:]
}

// Buckets are the steps that end after from, oldest first. Shared: not to be
// changed.
func (t *Track) Buckets(s *Spec, from time.Time) []Bucket {
	f, i := from.Unix(), len(t.buckets)
	for i > 0 && int64(t.buckets[i-1].Start)+int64(s.Bucket/time.Second) > f {
		i--
	}
	return t.buckets[i:]
}

// Remember puts the past before what is there, as it is had from a store when
// a source is met again: as if its points had come in their time. Points not
// older than the first that is there are passed over.
func (t *Track) Remember(s *Spec, past []Point) {
	var whole Track
	for _, p := range past {
		if len(t.points) > 0 && p.At >= int64(t.began) {
			break
		}
		whole.Add(s, time.Unix(p.At, 0), p.V)
	}
	if len(whole.points) == 0 {
		return
	}
	if len(t.points) > 0 && t.points[0].at == t.began {
		for _, p := range t.points {
			whole.Add(s, time.Unix(int64(p.at), 0), p.v)
		}
		*t = whole
		return
	}
	// It comes so late that the first points are in steps already: the step in
	// which the two meet has points of both, and the rise from one to the other.
	for i, b := range t.buckets {
		n := len(whole.buckets)
		if i == 0 && n > 0 {
			b.Rise += max(b.First-whole.buckets[n-1].Last, 0)
		}
		if n == 0 || whole.buckets[n-1].Start < b.Start {
			whole.buckets = append(whole.buckets, b)
			continue
		}
		w := &whole.buckets[n-1]
		w.N, w.Min, w.Max, w.Last, w.Sum, w.Rise = w.N+b.N, min(w.Min, b.Min), max(w.Max, b.Max), b.Last, w.Sum+b.Sum, w.Rise+b.Rise
	}
	whole.points = append(whole.points, t.points...)
	if n := len(t.points); n > 0 {
		whole.trim(s, t.points[n-1].at)
	}
	*t = whole
}
