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
	return s.askFor(ctx, db, rp, q, false, each)
}

// askFor is ask, of an answer that the server may make whole before it sends it
// when it is short: chunked, it sends each series by itself.
func (s *Store) askFor(ctx context.Context, db, rp, q string, short bool, each func(*row) error) error {
	form := url.Values{"q": {q}, "epoch": {"ms"}}
	if !short {
		form.Set("chunked", "true")
		form.Set("chunk_size", strconv.Itoa(chunk))
	}
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
			return readPieces(rs.Body, mostPiece, short, func(r *row) error {
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
	case errors.Is(refused, errPartial):
		return errPartial
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
	if g.past, err = s.past(ctx, p, q); err != nil {
		return nil, s.unanswered(err)
	}
	if a, some := s.statement(q, p, len(g.past) > 0); some {
		g.steps, g.form = store.NewSteps(q), a.form
		err := s.askFor(ctx, p.db, p.rp, a.text, a.short, g.row)
		if errors.Is(err, errPartial) { // the server's [http] max-row-limit: in pieces it has none
			g = gathering{q: q, limit: g.limit, name: g.name, matchers: g.matchers, steps: store.NewSteps(q), form: a.form}
			err = s.ask(ctx, p.db, p.rp, a.text, g.row)
		}
		if err != nil && !absent(err) {
			return nil, s.unanswered(err)
		}
	}
	return g.done()
}

// unanswered sorts the error of a question.
func (s *Store) unanswered(err error) error {
	var said *statementError
	if errors.As(err, &said) {
		err = fmt.Errorf("%w: %w", store.ErrConfiguration, said)
	}
	s.suspect(err)
	return fmt.Errorf("query series store: %w", err)
}

// asked is a statement, and what its rows are.
type asked struct {
	text  string
	form  form
	short bool // the server can hold the answer
}

// mostShort is how many steps an answer has that is asked for whole: 100,000
// devices with a step of each of a day's hours are some 40 MB of the server's
// memory. Of devices that are named, there may be more steps.
const (
	mostShort      = 24
	mostShortNamed = 100_000
)

// short says whether an answer of so many steps a series can be asked for whole.
func short(steps int64, matchers []store.Matcher) bool {
	if steps <= mostShort {
		return true
	}
	for _, m := range matchers {
		if m.Label == store.LabelDevice && !m.Not {
			return steps*int64(len(m.Values)) <= mostShortNamed
		}
	}
	return false
}

// form is what the rows of an answer hold.
type form int

const (
	points form = iota // as stored
	steps              // made by the server
	hours              // the same figures as of the past, to be joined with it
)

// statement writes the question for what is there as it came; some is false when
// no point can be there. With a past before it, steps are made here, of hours
// that the server makes where hours fit into steps.
func (s *Store) statement(q store.SeriesQuery, p place, past bool) (a asked, some bool) {
	_, f, _ := metric.Lookup(q.Measurement, q.Field)
	from, to := q.Span()
	from = max(from-q.Reach().Milliseconds(), s.cutoff.Load(), earliest)
	if to = min(to, latest); from >= to {
		return a, false
	}
	field := identifier(q.Field)
	what, group := field, "*"
	switch made := q.Step > 0 && f.Type != metric.Bool && q.Aggregate != store.Rate; {
	case made && !past:
		a.form = steps
		what = string(cmp.Or(q.Aggregate, store.Last)) + "(" + field + ")"
		group = fmt.Sprintf("time(%dms), * fill(none)", q.Step.Milliseconds())
		a.short = short((to-from)/q.Step.Milliseconds()+1, q.Matchers)
	case made && q.Step%time.Hour == 0:
		a.form = hours
		var list []string
		for _, n := range q.Figures() {
			list = append(list, n+"("+field+")")
		}
		what, group = strings.Join(list, ", "), fmt.Sprintf("time(%dms), * fill(none)", hourMS)
	}
	a.text = fmt.Sprintf("SELECT %s FROM %s WHERE time >= %dms AND time < %dms%s GROUP BY %s",
		what, source(p.db, p.rp, q.Measurement), from, to, conditions(q.Matchers), group)
	return a, true
}

// source names a measurement.
func source(db, rp, measurement string) string {
	if rp == "" {
		return identifier(measurement)
	}
	return identifier(db) + "." + identifier(rp) + "." + identifier(measurement)
}

// conditions are those of the matchers that the server shall look up: a label
// that must have one of some values. The others are held against the answer. What
// has no device is not Muster's; where devices are named it need not be said, and
// would cost the server a walk over all series.
func conditions(list []store.Matcher) string {
	var b strings.Builder
	named := false
	for _, m := range list {
		if m.Not || len(m.Values) == 0 || slices.Contains(m.Values, "") {
			continue
		}
		named = named || m.Label == store.LabelDevice
		b.WriteString(" AND ")
		either(&b, identifier(m.Label), m.Values)
	}
	if !named {
		b.WriteString(" AND " + identifier(store.LabelDevice) + " != ''")
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

// keptMatcher holds an answer's labels against a matcher whose values are as labels are
// kept. Some scopes name ten thousand devices, so they are a set.
type keptMatcher struct {
	label  string
	not    bool
	values map[string]bool
}

func keptMatchers(list []store.Matcher) []keptMatcher {
	out := make([]keptMatcher, len(list))
	for i, m := range list {
		out[i] = keptMatcher{m.Label, m.Not, make(map[string]bool, len(m.Values))}
		for _, v := range m.Values {
			out[i].values[kept(v)] = true
		}
	}
	return out
}

func (m keptMatcher) match(tags map[string]string) bool { return m.values[tags[m.label]] != m.not }

// gathering makes rows into results.
type gathering struct {
	q        store.SeriesQuery
	matchers []keptMatcher
	limit    int
	name     string
	form     form
	past     map[string]*pastSeries // that no row was met of yet

	out   []store.SeriesResult
	total int
	open  bool
	tags  map[string]string
	skip  bool
	steps *store.Steps
	ready []store.TimeValue // steps that the server made
}

// row takes a stretch of a series.
func (g *gathering) row(x *row) error {
	if !g.open || !maps.Equal(g.tags, x.Tags) {
		if err := g.close(); err != nil {
			return err
		}
		g.begin(x.Tags)
	}
	if g.skip {
		return nil
	}
	if g.form == hours {
		list, err := readHours(x, g.q.Figures())
		for _, h := range list {
			g.steps.AddHour(h)
		}
		return err
	}
	for _, v := range x.Values {
		if len(v) < 2 || !v[0].ok || !v[1].ok {
			continue
		}
		at := int64(v[0].number)
		if g.form == steps {
			g.ready = append(g.ready, store.TimeValue{At: time.UnixMilli(at).UTC(), Value: v[1].number})
		} else {
			g.steps.Add(at, v[1].number)
		}
	}
	return nil
}

// begin begins a series, with its past if it has one.
func (g *gathering) begin(tags map[string]string) {
	g.open, g.tags = true, tags
	g.skip = slices.ContainsFunc(g.matchers, func(m keptMatcher) bool { return !m.match(tags) })
	if len(g.past) == 0 {
		return
	}
	key := labelText(tags)
	if p := g.past[key]; p != nil {
		for _, h := range p.hours {
			g.steps.AddHour(h)
		}
		delete(g.past, key)
	}
}

// close ends the series that is open.
func (g *gathering) close() error {
	if !g.open {
		return nil
	}
	g.open = false
	points := append(g.ready, g.steps.Done()...)
	g.ready = nil
	if g.skip || len(points) == 0 {
		return nil
	}
	if len(g.out) == g.limit {
		return fmt.Errorf("%w: more than %d of %s", store.ErrLimit, g.limit, g.name)
	}
	if g.total += len(points); g.total > store.MaxPoints {
		return fmt.Errorf("%w: more than %d points of %s", store.ErrLimit, store.MaxPoints, g.name)
	}
	labels := maps.Clone(g.tags)
	maps.DeleteFunc(labels, func(_, v string) bool { return v == "" })
	g.out = append(g.out, store.SeriesResult{Labels: labels, Points: points})
	return nil
}

// done gives the answer in order.
func (g *gathering) done() ([]store.SeriesResult, error) {
	if err := g.close(); err != nil {
		return nil, err
	}
	g.steps = store.NewSteps(g.q)
	for len(g.past) > 0 { // of which there are no points
		for _, p := range g.past {
			g.begin(p.tags)
			if err := g.close(); err != nil {
				return nil, err
			}
			break
		}
	}
	slices.SortFunc(g.out, func(a, b store.SeriesResult) int { return store.CompareLabels(a.Labels, b.Labels) })
	return g.out, nil
}
