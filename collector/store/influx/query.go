package influx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/store"
	"muster/internal/metric"
)

const (
	queryPatience = 60 * time.Second
	// chunk is how many points the server puts into one piece of its answer.
	chunk = 10_000
	// earliest is the first time InfluxDB can be asked for: the least of a
	// signed 64-bit number of nanoseconds, a day later.
	earliest = -9223372036854 + 24*60*60*1000
	latest   = 9223372036854 - 24*60*60*1000
)

// statementError is what the server says of one statement, with status 200.
type statementError struct{ text string }

func (e *statementError) Error() string { return "InfluxDB said: " + e.text }

// ask puts one question in InfluxQL and hands the rows on as they come.
func (s *Store) ask(ctx context.Context, db, rp, q string, each func(*row) error) error {
	form := url.Values{"q": {q}, "epoch": {"ms"}, "chunked": {"true"}, "chunk_size": {strconv.Itoa(chunk)}}
	if db != "" {
		form.Set("db", db)
	}
	if rp != "" {
		form.Set("rp", rp)
	}
	try, cancel := context.WithTimeout(ctx, queryPatience)
	defer cancel()
	var given error // of each
	refused := s.client.HTTPService().DoPostRequest(try, strings.TrimRight(s.o.URL, "/")+"/query", strings.NewReader(form.Encode()),
		func(rq *http.Request) { rq.Header.Set("Content-Type", "application/x-www-form-urlencoded") },
		func(rs *http.Response) error {
			defer rs.Body.Close()
			return readAnswer(rs.Body, func(r *row) error {
				given = each(r)
				return given
			})
		})
	var said *statementError
	switch {
	case given != nil:
		return given
	case refused == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case try.Err() != nil:
		return &store.Unavailable{Err: fmt.Errorf("InfluxDB did not answer a question within %s", queryPatience)}
	case errors.As(refused, &said):
		return said
	case refused.StatusCode == http.StatusBadRequest:
		return &statementError{refused.Message}
	}
	return sorted(ctx, refused)
}

// Query implements store.Series. Steps of everything but rates are made by the
// server where it can; what it cannot is counted here.
func (s *Store) Query(ctx context.Context, q store.SeriesQuery) ([]store.SeriesResult, error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	if err := q.Check(); err != nil {
		return nil, err
	}
	p, _, err := s.ready(ctx)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(q.Matchers, func(m store.Matcher) bool { return len(m.Values) == 0 && !m.Not }) {
		return nil, nil
	}
	g := gathering{q: q, limit: cmp.Or(q.Limit, store.DefaultLimit), name: metric.Series(q.Measurement, q.Field), matchers: keptMatchers(q.Matchers)}
	statement, some := s.statement(q, p)
	if !some {
		return nil, nil
	}
	if err := s.ask(ctx, p.db, p.rp, statement.text, g.raw(statement.stepped)); err != nil {
		var said *statementError
		if errors.As(err, &said) {
			s.suspect(store.ErrConfiguration)
			return nil, fmt.Errorf("query series store: %w: %w", store.ErrConfiguration, said)
		}
		if !errors.Is(err, store.ErrLimit) {
			s.suspect(err)
		}
		return nil, fmt.Errorf("query series store: %w", err)
	}
	return g.done()
}

// asked is a statement, and whether its points are steps already.
type asked struct {
	text    string
	stepped bool
}

// statement writes the question; some is false when no point can be there.
func (s *Store) statement(q store.SeriesQuery, p place) (a asked, some bool) {
	_, f, _ := metric.Lookup(q.Measurement, q.Field)
	from, to := q.Span()
	from = max(from-q.Reach().Milliseconds(), s.cutoff.Load(), earliest)
	if to = min(to, latest); from >= to {
		return a, false
	}
	what, group := identifier(q.Field), "*"
	if q.Step > 0 && f.Type != metric.Bool && q.Aggregate != store.Rate {
		a.stepped = true
		what = string(cmp.Or(q.Aggregate, store.Last)) + "(" + what + ")"
		group = fmt.Sprintf("time(%dms), * fill(none)", q.Step.Milliseconds())
	}
	source := identifier(p.db) + "." + identifier(p.rp) + "." + identifier(q.Measurement)
	if p.rp == "" {
		source = identifier(q.Measurement)
	}
	a.text = fmt.Sprintf("SELECT %s AS v FROM %s WHERE time >= %dms AND time < %dms AND %s != ''%s GROUP BY %s",
		what, source, from, to, identifier(store.LabelDevice), conditions(q.Matchers), group)
	return a, true
}

// conditions are those of the matchers that the server shall look up: a label
// that must have one of some values. The others are held against the answer.
func conditions(list []store.Matcher) string {
	var b strings.Builder
	for _, m := range list {
		if m.Not || len(m.Values) == 0 || slices.Contains(m.Values, "") {
			continue
		}
		b.WriteString(" AND ")
		either(&b, identifier(m.Label), m.Values)
	}
	return b.String()
}

// either writes that a label has one of values, as a balanced tree: the server
// goes through a chain of ten thousand by steps of steps.
func either(b *strings.Builder, label string, values []string) {
	if len(values) == 1 {
		b.WriteString(label + " = " + literal(kept(values[0])))
		return
	}
	b.WriteByte('(')
	either(b, label, values[:len(values)/2])
	b.WriteString(" OR ")
	either(b, label, values[len(values)/2:])
	b.WriteByte(')')
}

// identifier and literal quote names and texts of InfluxQL
// (https://docs.influxdata.com/influxdb/v1/query_language/spec/).
func identifier(s string) string { return `"` + quoted(s, `"`) + `"` }
func literal(s string) string    { return `'` + quoted(s, `'`) + `'` }

func quoted(s, mark string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, mark, `\`+mark).Replace(s)
}

// keptMatchers are matchers whose values are as labels are kept.
func keptMatchers(list []store.Matcher) []store.Matcher {
	out := make([]store.Matcher, len(list))
	for i, m := range list {
		out[i] = m
		out[i].Values = nil
		for _, v := range m.Values {
			out[i].Values = append(out[i].Values, kept(v))
		}
	}
	return out
}

// gathering makes rows into results.
type gathering struct {
	q        store.SeriesQuery
	matchers []store.Matcher
	limit    int
	name     string

	out    []store.SeriesResult
	total  int
	open   bool
	labels map[string]string
	skip   bool
	steps  *store.Steps
	points []store.TimeValue
}

// raw takes rows of points, or of steps that the server made.
func (g *gathering) raw(stepped bool) func(*row) error {
	g.steps = store.NewSteps(g.q)
	return func(x *row) error {
		if !g.open || !sameTags(g.labels, x.Tags) {
			if err := g.close(); err != nil {
				return err
			}
			g.begin(x.Tags)
		}
		if g.skip {
			return nil
		}
		for _, v := range x.Values {
			if len(v) < 2 || !v[0].ok || !v[1].ok {
				continue
			}
			at := int64(v[0].number)
			if stepped {
				g.points = append(g.points, store.TimeValue{At: time.UnixMilli(at).UTC(), Value: v[1].number})
			} else {
				g.steps.Add(at, v[1].number)
			}
		}
		return nil
	}
}

// begin begins a series.
func (g *gathering) begin(tags map[string]string) {
	g.open, g.labels = true, tags
	g.skip = slices.ContainsFunc(g.matchers, func(m store.Matcher) bool { return !m.Match(tags[m.Label]) })
}

// close ends the series that is open.
func (g *gathering) close() error {
	if !g.open {
		return nil
	}
	g.open = false
	points := append(g.points, g.steps.Done()...)
	g.points = nil
	if g.skip || len(points) == 0 {
		return nil
	}
	if len(g.out) == g.limit {
		return fmt.Errorf("%w: more than %d of %s", store.ErrLimit, g.limit, g.name)
	}
	if g.total += len(points); g.total > store.MaxPoints {
		return fmt.Errorf("%w: more than %d points of %s", store.ErrLimit, store.MaxPoints, g.name)
	}
	labels := maps.Clone(g.labels)
	maps.DeleteFunc(labels, func(_, v string) bool { return v == "" })
	g.out = append(g.out, store.SeriesResult{Labels: labels, Points: points})
	return nil
}

// done gives the answer in order.
func (g *gathering) done() ([]store.SeriesResult, error) {
	if err := g.close(); err != nil {
		return nil, err
	}
	slices.SortFunc(g.out, func(a, b store.SeriesResult) int { return store.CompareLabels(a.Labels, b.Labels) })
	return g.out, nil
}

func sameTags(a, b map[string]string) bool { return maps.Equal(a, b) }
