package influx

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"muster/collector/store"
	"muster/internal/metric"
	"muster/internal/report"
)

// What another store has is taken over here: its points by Append, its hourly
// figures by AppendHours, and how far they go by Roll. Both are read back by
// Tally and TallyHours, and Reckon and ReckonHours say what that must come to.

// Vacant answers nil when the database has no numbers of any device yet.
func (s *Store) Vacant(ctx context.Context) error {
	ctx, done, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	p, _, err := s.ready(ctx)
	if err != nil {
		return err
	}
	fields, err := s.fields(ctx, p)
	if err != nil {
		return s.unanswered(err)
	}
	for _, m := range slices.Sorted(maps.Keys(fields)) {
		some := false
		err := s.ask(ctx, p.db, p.rp, fmt.Sprintf("SELECT %s FROM %s WHERE %s != '' LIMIT 1", listed1(fields[m]), source(p.db, p.rp, m), identifier(store.LabelDevice)), func(x *row) error {
			some = some || len(x.Values) > 0
			return nil
		})
		if err != nil && !absent(err) {
			return s.unanswered(err)
		}
		if some {
			return fmt.Errorf("%w: %s holds numbers of a collector already (%s): name another influx.database, or drop this one", store.ErrConfiguration, s.About().Place, m)
		}
	}
	if till, err := s.marked(ctx, p); err != nil || till != math.MinInt64 {
		if err != nil {
			return s.unanswered(err)
		}
		return fmt.Errorf("%w: %s holds hourly figures of a collector already: name another influx.database, or drop this one", store.ErrConfiguration, s.About().Place)
	}
	return nil
}

func listed1(fields []metric.Field) string {
	var names []string
	for _, f := range fields {
		names = append(names, identifier(f.Name))
	}
	return strings.Join(names, ", ")
}

// tags are the labels of a device's series as they are kept.
func tags(b report.Series, device, host string) []report.Label {
	out := []report.Label{{Key: store.LabelDevice, Value: kept(device)}, {Key: store.LabelHost, Value: kept(host)}}
	for _, l := range b.Labels {
		out = append(out, report.Label{Key: l.Key, Value: kept(l.Value)})
	}
	return out
}

// Reckon counts a batch as Tally reads it back once it is written. Of two
// series that InfluxDB keeps as one (see kept) the first stays: the values of
// the other are taken out of the batch.
func (*Store) Reckon(into store.Tallies, b *store.Batch) {
	type one struct {
		measurement string
		key         store.SeriesKey
	}
	seen := map[one]bool{}
	for i, x := range b.Layout {
		_, f, ok := metric.Lookup(x.Measurement, x.Field)
		if !ok || !store.Listed(x) {
			continue
		}
		t, k := into.Of(x.Measurement), store.KeyOf(x.Field, tags(x, string(b.Device), b.Host))
		for j := range b.Points {
			v := &b.Points[j].Values[i]
			if seen[one{x.Measurement, k}] {
				*v = math.NaN()
			}
			if store.Usable(*v) {
				t.Add(k, b.Points[j].At, readBack(f.Type, *v))
			}
		}
		seen[one{x.Measurement, k}] = true
	}
}

// readBack is a value as the server answers it.
func readBack(kind metric.Type, v float64) float64 {
	switch kind {
	case metric.Int:
		return min(max(math.Round(v), math.MinInt64), math.MaxInt64)
	case metric.Bool:
		if v != 0 {
			return 1
		}
		return 0
	}
	return v
}

// ReckonHours is Reckon of hourly figures.
func (*Store) ReckonHours(into store.Tallies, b *store.HourBatch) {
	seen := map[string]bool{}
	b.Series = slices.DeleteFunc(b.Series, func(x store.HourSeries) bool {
		k := x.Series.Measurement + " " + fmt.Sprint(store.KeyOf(x.Series.Field, tags(x.Series, string(b.Device), b.Host)))
		twice := seen[k]
		seen[k] = true
		return twice
	})
	for i := range b.Series {
		x := &b.Series[i]
		_, f, ok := metric.Lookup(x.Series.Measurement, x.Series.Field)
		if !ok {
			continue
		}
		for _, name := range store.FiguresOf(f) {
			t, k := into.Of(x.Series.Measurement), store.KeyOf(figureField(f.Name, name), tags(x.Series, string(b.Device), b.Host))
			for j := range x.Hours {
				t.Add(k, x.Hours[j].At, x.Hours[j].Figure(name))
			}
		}
	}
}

// Tally counts what the server has of a measurement's points from from to to
// (Unix ms; to is not in).
func (s *Store) Tally(ctx context.Context, measurement string, from, to int64) (store.Tally, error) {
	m, ok := metric.Find(measurement)
	if !ok {
		return store.Tally{}, fmt.Errorf("%w: no measurement %s", store.ErrQuery, measurement)
	}
	var names []string
	for _, f := range m.Fields {
		names = append(names, f.Name)
	}
	return s.tally(ctx, measurement, names, false, from, to)
}

// TallyHours is Tally of hourly figures.
func (s *Store) TallyHours(ctx context.Context, measurement string, from, to int64) (store.Tally, error) {
	m, ok := metric.Find(measurement)
	if !ok {
		return store.Tally{}, fmt.Errorf("%w: no measurement %s", store.ErrQuery, measurement)
	}
	var names []string
	for _, f := range m.Fields {
		for _, n := range store.FiguresOf(f) {
			names = append(names, figureField(f.Name, n))
		}
	}
	return s.tally(ctx, measurement, names, true, from, to)
}

func (s *Store) tally(ctx context.Context, measurement string, names []string, hourly bool, from, to int64) (t store.Tally, err error) {
	ctx, done, err := s.begin(ctx)
	if err != nil {
		return t, err
	}
	defer done()
	p, _, err := s.ready(ctx)
	if err != nil {
		return t, err
	}
	db, rp := p.db, p.rp
	if hourly {
		db, rp = p.hourly, p.hourlyRP
	}
	var columns []string
	for _, n := range names {
		columns = append(columns, identifier(n))
	}
	keys := make([]store.SeriesKey, len(names))
	var of map[string]string // tags that keys are of
	err = s.ask(ctx, db, rp, fmt.Sprintf("SELECT %s FROM %s WHERE time >= %dms AND time < %dms AND %s != '' GROUP BY *",
		strings.Join(columns, ", "), source(db, rp, measurement), from, to, identifier(store.LabelDevice)), func(x *row) error {
		if of == nil || !maps.Equal(of, x.Tags) {
			var labels []report.Label
			for k, v := range x.Tags {
				labels = append(labels, report.Label{Key: k, Value: v})
			}
			for i, n := range names {
				keys[i] = store.KeyOf(n, labels)
			}
			of = x.Tags
		}
		for _, v := range x.Values {
			if len(v) != 1+len(names) || !v[0].ok {
				return fmt.Errorf("%w: a row has not the columns that were asked for", errAnswer)
			}
			for i := range names {
				if v[1+i].ok {
					t.Add(keys[i], int64(v[0].number), v[1+i].number)
				}
			}
		}
		return nil
	})
	if err != nil && !absent(err) {
		return store.Tally{}, s.unanswered(err)
	}
	return t, nil
}

// AppendHours writes hourly figures, which is idempotent as Append is. It
// answers how many lines the server let go of, because they are older than it
// keeps.
func (s *Store) AppendHours(ctx context.Context, batches []store.HourBatch) (gone int, _ error) {
	ctx, done, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	p, _, err := s.ready(ctx)
	if err != nil {
		return 0, err
	}
	out := figures{send: func(text string) error {
		return s.send(ctx, s.client.WriteAPIBlocking(s.o.Organization, p.hourlyBucket), text)
	}}
	for i := range batches {
		if err := out.batch(&batches[i]); err != nil {
			return out.gone, s.failed(err)
		}
	}
	if err := out.flush(); err != nil {
		return out.gone, s.failed(err)
	}
	return out.gone, nil
}

// batch adds the lines of a batch: one for each hour, measurement and set of
// tags.
func (g *figures) batch(b *store.HourBatch) error {
	type line struct {
		head string
		at   int64
	}
	fields := map[line][]byte{}
	var order []line
	id, host := who(b.Device, b.Host)
	for i := range b.Series {
		x := &b.Series[i]
		_, f, ok := metric.Lookup(x.Series.Measurement, x.Series.Field)
		if !ok {
			continue
		}
		labels := slices.Clone(x.Series.Labels)
		slices.SortFunc(labels, func(a, b report.Label) int { return strings.Compare(a.Key, b.Key) })
		head := measurementEscaper().Replace(x.Series.Measurement) + "," + store.LabelDevice + "=" + id + host
		for _, l := range labels {
			if l.Value != "" {
				head += "," + tagEscaper().Replace(l.Key) + "=" + tagValue(l.Value)
			}
		}
		for j := range x.Hours {
			at := line{head, x.Hours[j].At}
			text, there := fields[at]
			if !there {
				order = append(order, at)
			} else {
				text = append(text, ',')
			}
			for n, name := range store.FiguresOf(f) {
				if n > 0 {
					text = append(text, ',')
				}
				text = append(append(text, tagEscaper().Replace(figureField(f.Name, name))...), '=')
				text = strconv.AppendFloat(text, x.Hours[j].Figure(name), 'g', -1, 64)
			}
			fields[at] = text
		}
	}
	for _, at := range order {
		g.buf = append(append(append(append(g.buf, at.head...), ' '), fields[at]...), ' ')
		g.buf = append(strconv.AppendInt(g.buf, at.at, 10), '\n')
		if g.lines++; g.lines >= mostLines/2 || len(g.buf) >= mostBytes {
			if err := g.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Roll notes that all before till (Unix ms) are hourly figures that are there.
func (s *Store) Roll(ctx context.Context, till int64) error {
	ctx, done, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	p, _, err := s.ready(ctx)
	if err != nil {
		return err
	}
	s.rolling.Lock()
	defer s.rolling.Unlock()
	return s.mark(ctx, p, till)
}
