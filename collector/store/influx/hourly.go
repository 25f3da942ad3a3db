package influx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/store"
	"muster/internal/metric"
)

// Hourly figures stand in a retention policy (1.8), bucket (2.x) or database
// (3.x) of their own, in measurements of the same names: field used_percent has
// used_percent_mean, _min, _max, _last and _count, and a counter _rise and
// _seconds. They are made here and not by the server: SELECT INTO and continuous
// queries are of 1.x alone, and tell no rise from a reset.
//
// How far they go is a point of its own there, so that it outlasts this
// process.
const (
	markMeasurement = "muster_hourly"
	markField       = "till" // Unix ms
	dayMS           = 24 * 3600 * 1000
	hourMS          = 3600 * 1000
)

// figureField is a figure's field.
func figureField(field, figure string) string { return field + "_" + figure }

// marked reads how far hourly figures go.
func (s *Store) marked(ctx context.Context, p place) (int64, error) {
	till := int64(math.MinInt64)
	err := s.ask(ctx, p.hourly, p.hourlyRP, "SELECT last("+identifier(markField)+") FROM "+source(p.hourly, p.hourlyRP, markMeasurement), func(x *row) error {
		for _, v := range x.Values {
			if len(v) > 1 && v[1].ok {
				till = max(till, int64(v[1].number))
			}
		}
		return nil
	})
	if absent(err) {
		err = nil
	}
	return till, err
}

// absent says that 3.x does not know a table or database yet.
func absent(err error) bool {
	var said *statementError
	return errors.As(err, &said) && strings.Contains(strings.ToLower(said.text), "not found")
}

// Retain implements store.Series. The server deletes by its own clock what is
// older than the retention of its databases; queries see nothing of it before.
func (s *Store) Retain(ctx context.Context, keep store.SeriesRetention, now time.Time) error {
	ctx, done, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	cuts := keep.Cuts(now)
	s.hours.Store(cuts.Hours)
	if cuts.Rolls {
		if err := s.roll(ctx, cuts.Raw); err != nil {
			return fmt.Errorf("make hourly figures: %w", err)
		}
		return nil
	}
	s.cutoff.Store(max(cuts.Raw, s.rolled.Load()))
	return nil
}

// roll makes the figures of the days before to that are not made yet.
func (s *Store) roll(ctx context.Context, to int64) error {
	p, _, err := s.ready(ctx)
	if err != nil {
		return err
	}
	s.rolling.Lock()
	defer s.rolling.Unlock()
	from := s.rolled.Load()
	if from >= to {
		return nil
	}
	fields, err := s.fields(ctx, p)
	if err != nil {
		return err
	}
	if from == math.MinInt64 {
		if from, err = s.oldest(ctx, p, fields); err != nil {
			return err
		}
		from = min(from-from%dayMS, to)
	}
	for day := from; day < to; day += dayMS {
		for _, m := range slices.Sorted(maps.Keys(fields)) {
			if err := s.day(ctx, p, m, fields[m], day); err != nil {
				return fmt.Errorf("%s of %s: %w", m, time.UnixMilli(day).UTC().Format(time.DateOnly), err)
			}
		}
		if err := s.mark(ctx, p, day+dayMS); err != nil {
			return err
		}
	}
	if from == to {
		return s.mark(ctx, p, to)
	}
	return nil
}

// mark notes how far figures go, and ends the points before.
func (s *Store) mark(ctx context.Context, p place, till int64) error {
	line := fmt.Sprintf("%s %s=%di %d", markMeasurement, markField, till, till)
	if err := s.send(ctx, s.client.WriteAPIBlocking(s.o.Organization, p.hourlyBucket), line); err != nil {
		return s.failed(err)
	}
	s.rolled.Store(till)
	s.cutoff.Store(max(s.cutoff.Load(), till))
	return nil
}

// fields are those of the catalogue that are there, by measurement.
func (s *Store) fields(ctx context.Context, p place) (map[string][]metric.Field, error) {
	out := map[string][]metric.Field{}
	err := s.ask(ctx, p.db, p.rp, "SHOW FIELD KEYS", func(x *row) error {
		for _, v := range x.Values {
			if len(v) == 0 {
				continue
			}
			_, f, ok := metric.Lookup(x.Name, v[0].text)
			if ok && !slices.ContainsFunc(out[x.Name], func(o metric.Field) bool { return o.Name == f.Name }) {
				out[x.Name] = append(out[x.Name], f)
			}
		}
		return nil
	})
	if absent(err) {
		err = nil
	}
	return out, err
}

// oldest is the time of the oldest point, or the end of time.
func (s *Store) oldest(ctx context.Context, p place, fields map[string][]metric.Field) (int64, error) {
	at := int64(latest)
	for m, list := range fields {
		for _, f := range list {
			err := s.ask(ctx, p.db, p.rp, fmt.Sprintf("SELECT first(%s) FROM %s", identifier(f.Name), source(p.db, p.rp, m)), func(x *row) error {
				for _, v := range x.Values {
					if len(v) > 0 && v[0].ok {
						at = min(at, int64(v[0].number))
					}
				}
				return nil
			})
			if err != nil {
				return 0, err
			}
		}
	}
	return at, nil
}

// day makes the figures of one measurement and day.
func (s *Store) day(ctx context.Context, p place, measurement string, fields []metric.Field, day int64) error {
	var names []string
	for _, f := range fields {
		names = append(names, identifier(f.Name))
	}
	out := figures{measurement: measurement, fields: fields, hours: make([]*store.Hours, len(fields)),
		send: func(text string) error {
			return s.send(ctx, s.client.WriteAPIBlocking(s.o.Organization, p.hourlyBucket), text)
		}}
	for i := range fields {
		out.hours[i] = store.NewHours(day, day+dayMS)
	}
	err := s.ask(ctx, p.db, p.rp, fmt.Sprintf("SELECT %s FROM %s WHERE time >= %dms AND time < %dms AND %s != '' GROUP BY *",
		strings.Join(names, ", "), source(p.db, p.rp, measurement), day-store.HourReach.Milliseconds(), day+dayMS, identifier(store.LabelDevice)), out.row)
	if err == nil {
		err = cmp.Or(out.close(), out.flush())
	}
	if err != nil && !absent(err) {
		return s.failed(err)
	}
	return nil
}

// figures gathers the hours of one measurement's series, and sends lines.
type figures struct {
	measurement string
	fields      []metric.Field
	hours       []*store.Hours // of fields
	send        func(string) error

	open  bool
	tags  map[string]string
	buf   []byte
	lines int
	gone  int // lines that the server let go of
}

func (g *figures) row(x *row) error {
	if !g.open || !maps.Equal(g.tags, x.Tags) {
		if err := g.close(); err != nil {
			return err
		}
		g.open, g.tags = true, x.Tags
	}
	for _, v := range x.Values {
		if len(v) != 1+len(g.fields) || !v[0].ok {
			return fmt.Errorf("%w: a row has not the columns that were asked for", errAnswer)
		}
		for i := range g.fields {
			if v[1+i].ok {
				g.hours[i].Add(int64(v[0].number), v[1+i].number)
			}
		}
	}
	return nil
}

// close writes the lines of the series that is open.
func (g *figures) close() error {
	if !g.open {
		return nil
	}
	g.open = false
	at := map[int64][]byte{} // fields of each hour
	for i, f := range g.fields {
		for _, h := range g.hours[i].Done() {
			b := at[h.At]
			for _, name := range store.FiguresOf(f) {
				if len(b) > 0 {
					b = append(b, ',')
				}
				b = append(b, tagEscaper().Replace(figureField(f.Name, name))...)
				b = append(b, '=')
				b = strconv.AppendFloat(b, h.Figure(name), 'g', -1, 64)
			}
			at[h.At] = b
		}
	}
	head := measurementEscaper().Replace(g.measurement)
	for _, k := range slices.Sorted(maps.Keys(g.tags)) {
		if v := g.tags[k]; v != "" {
			head += "," + tagEscaper().Replace(k) + "=" + tagValue(v)
		}
	}
	for _, ms := range slices.Sorted(maps.Keys(at)) {
		g.buf = append(g.buf, head...)
		g.buf = append(g.buf, ' ')
		g.buf = append(g.buf, at[ms]...)
		g.buf = append(g.buf, ' ')
		g.buf = strconv.AppendInt(g.buf, ms, 10)
		g.buf = append(g.buf, '\n')
		if g.lines++; g.lines >= mostLines/2 || len(g.buf) >= mostBytes { // lines of figures are long
			if err := g.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *figures) flush() error {
	if g.lines == 0 {
		return nil
	}
	err := g.send(string(g.buf[:len(g.buf)-1]))
	g.buf, g.lines = g.buf[:0], 0
	var old *beyondRetention
	if errors.As(err, &old) {
		g.gone += dropped(old.text)
		return nil // it is deleted already what should be made
	}
	return err
}

// past gives the hours that a query wants, by the text of their labels.
func (s *Store) past(ctx context.Context, p place, q store.SeriesQuery) (map[string]*pastSeries, error) {
	out := map[string]*pastSeries{}
	from, to := q.Span()
	from, to = max(from, s.hours.Load(), earliest), min(to, s.rolled.Load())
	if from >= to {
		return out, nil
	}
	names := q.Figures()
	var columns []string
	for _, n := range names {
		columns = append(columns, identifier(figureField(q.Field, n)))
	}
	text := fmt.Sprintf("SELECT %s FROM %s WHERE time >= %dms AND time < %dms%s GROUP BY *",
		strings.Join(columns, ", "), source(p.hourly, p.hourlyRP, q.Measurement), from, to, conditions(q.Matchers))
	total := 0
	err := s.ask(ctx, p.hourly, p.hourlyRP, text, func(x *row) error {
		key := labelText(x.Tags)
		o := out[key]
		if o == nil {
			o = &pastSeries{tags: x.Tags}
			out[key] = o
		}
		hours, err := readHours(x, names)
		if err != nil {
			return err
		}
		o.hours = append(o.hours, hours...)
		if total += len(hours); total > store.MaxPoints {
			return fmt.Errorf("%w: more than %d hours of it", store.ErrLimit, store.MaxPoints)
		}
		return nil
	})
	if absent(err) {
		err = nil
	}
	return out, err
}

// pastSeries is a series' hours, in the order of time.
type pastSeries struct {
	tags  map[string]string
	hours []store.Hour
}

// readHours reads rows whose columns are the time and figures.
func readHours(x *row, names []string) ([]store.Hour, error) {
	var out []store.Hour
	for _, v := range x.Values {
		if len(v) != 1+len(names) || !v[0].ok {
			return nil, fmt.Errorf("%w: a row has not the columns that were asked for", errAnswer)
		}
		h := store.Hour{At: int64(v[0].number)}
		for i, n := range names {
			if v[1+i].ok {
				h.Set(n, v[1+i].number)
			}
		}
		out = append(out, h)
	}
	return out, nil
}

// labelText is a set of labels as a key; a label without text is none.
func labelText(tags map[string]string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		if v := tags[k]; v != "" {
			b.WriteString(strconv.Quote(k))
			b.WriteString(strconv.Quote(v))
		}
	}
	return b.String()
}
