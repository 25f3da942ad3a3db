package web

import (
	"context"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"muster/collector/api"
	"muster/collector/store"
	"muster/collector/web/texts"
)

// patience is how long a page waits for numbers over time, all of them together:
// one whose store is slow or lies behind a dead cable says that they are missing,
// and shows the rest.
const patience = 4 * time.Second

// series asks for numbers over time, as long as the page has patience.
func (s *Site) series(v *visit, in api.SeriesQueryInput) (api.SeriesAnswer, error) {
	v.numbers.Do(func() { v.until = time.Now().Add(s.patience) })
	ctx, stop := context.WithDeadline(v.ctx(), v.until)
	defer stop()
	return v.api.SeriesQuery(ctx, in)
}

// away says that the store of numbers over time is what failed, not a question.
func away(err error) bool {
	p, ok := asProblem(err)
	return err != nil && (!ok || p.Status >= http.StatusInternalServerError)
}

// chartName is what a chart shows.
func chartName(e store.Evidence) texts.T {
	if e.Label != "" {
		return texts.As(e.Label)
	}
	if w := numberWord(e.Measurement, e.Field); w != "" {
		return w
	}
	return texts.As(words(e.Field))
}

// young lets a line begin where its numbers do, when most of its time has none:
// of a device that came today, a month would be a dot at the right.
func young(l *line) bool {
	if len(l.At) == 0 || l.At[0].Sub(l.From) < l.To.Sub(l.From)*3/4 {
		return false
	}
	l.From = l.At[0]
	return true
}

// line asks for the numbers of an evidence's chart.
func (s *Site) line(v *visit, f store.Finding, e store.Evidence, points int) (line, string, error) {
	hours := max(e.Hours, 1)
	to := v.now
	if !f.ResolvedAt.IsZero() {
		to = f.ResolvedAt
	}
	from := to.Add(-time.Duration(hours) * time.Hour)
	step := max(time.Duration(hours)*time.Hour/time.Duration(points), time.Minute).Truncate(time.Minute)
	in := api.SeriesQueryInput{Measurement: e.Measurement, Field: e.Field, Device: string(f.Device),
		From: from.UTC().Format(time.RFC3339), To: to.UTC().Format(time.RFC3339), Step: step.String(), Limit: 20}
	for k, x := range e.Labels {
		in.Labels = append(in.Labels, k+"="+x)
	}
	a, err := s.series(v, in)
	l := line{From: from, To: to, Limit: math.NaN(), Bottom: math.NaN()}
	if err != nil || len(a.Series) == 0 {
		return l, "", err
	}
	for _, p := range a.Series[0].Points {
		l.At, l.Value = append(l.At, p.At), append(l.Value, p.Value)
	}
	return l, a.Unit, nil
}

func last(v []float64) float64 {
	for _, x := range slices.Backward(v) {
		if !math.IsNaN(x) {
			return x
		}
	}
	return math.NaN()
}

func firstOf(v []float64) float64 {
	for _, x := range v {
		if !math.IsNaN(x) {
			return x
		}
	}
	return math.NaN()
}

// spanWord is hours as people count them.
func spanWord(hours int) texts.T {
	switch {
	case hours <= 1:
		return "1 hour"
	case hours < 48:
		return count(hours, "hour", "hours")
	case hours < 24*60:
		return count(hours/24, "day", "days")
	}
	return count(hours/24/30, "month", "months")
}

func lower(s string) string {
	if len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z' {
		return s // an abbreviation
	}
	return strings.ToLower(s[:min(len(s), 1)]) + s[min(len(s), 1):]
}
