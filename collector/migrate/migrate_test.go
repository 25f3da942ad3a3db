package migrate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/store"
	"muster/internal/report"
)

// side is a store in memory: numbers of one series by time.
type side struct {
	points map[int64]float64
	hours  map[int64]store.Hour
	rolled int64
	state  string // of all that is there

	wrote   int                 // calls of Append
	refuse  func() error        // of each call
	spoil   func(int64) bool    // times whose numbers arrive as others
	keeps   int64               // nothing older is kept
	onWrite func()              // told before each write
	lost    func(at int64) bool // times that are not read back
}

func newSide() *side {
	return &side{points: map[int64]float64{}, hours: map[int64]store.Hour{}, state: "one"}
}

func key() store.SeriesKey { return store.KeyOf("used_percent", nil) }

func (s *side) Span() store.Past {
	p := store.Past{From: 1 << 60, To: -1 << 60, Rolled: s.rolled}
	for at := range s.points {
		p.From, p.To = min(p.From, at), max(p.To, at+1)
	}
	for at := range s.hours {
		p.From, p.To = min(p.From, at), max(p.To, at+hourMS)
	}
	return p
}

func (s *side) State(from, to int64) string {
	for at := range s.points {
		if at >= from && at < to {
			return s.state
		}
	}
	for at := range s.hours {
		if at >= from && at < to {
			return s.state
		}
	}
	return Nothing
}

func (s *side) Points(_ context.Context, from, to int64, f func(*store.Batch) error) error {
	b := store.Batch{Device: "d", Layout: report.Layout{{Measurement: "mem", Field: "used_percent"}}}
	for at, v := range s.points {
		if at >= from && at < to {
			b.Points = append(b.Points, store.Point{At: at, Values: []float64{v}})
		}
	}
	if len(b.Points) == 0 {
		return nil
	}
	return f(&b)
}

func (s *side) Hours(_ context.Context, from, to int64, f func(*store.HourBatch) error) error {
	x := store.HourSeries{Series: report.Series{Measurement: "mem", Field: "used_percent"}}
	for at, h := range s.hours {
		if at >= from && at < to {
			x.Hours = append(x.Hours, h)
		}
	}
	if len(x.Hours) == 0 {
		return nil
	}
	return f(&store.HourBatch{Device: "d", Series: []store.HourSeries{x}})
}

func (s *side) write() error {
	s.wrote++
	if s.onWrite != nil {
		s.onWrite()
	}
	if s.refuse != nil {
		return s.refuse()
	}
	return nil
}

func (s *side) Append(_ context.Context, list []store.Batch) (a store.Appended, err error) {
	if err := s.write(); err != nil {
		return a, err
	}
	for _, b := range list {
		for _, p := range b.Points {
			v := p.Values[0]
			if s.spoil != nil && s.spoil(p.At) {
				v++
			}
			if p.At < s.keeps {
				a.TooOld++
				continue
			}
			s.points[p.At] = v
			a.Samples++
		}
	}
	return a, nil
}

func (s *side) AppendHours(_ context.Context, list []store.HourBatch) (gone int, err error) {
	if err := s.write(); err != nil {
		return 0, err
	}
	for _, b := range list {
		for _, h := range b.Series[0].Hours {
			if h.At < s.keeps {
				gone++
				continue
			}
			s.hours[h.At] = h
		}
	}
	return gone, nil
}

func (s *side) Reckon(into store.Tallies, b *store.Batch) {
	for _, p := range b.Points {
		into.Of("mem").Add(key(), p.At, p.Values[0])
	}
}

func (s *side) ReckonHours(into store.Tallies, b *store.HourBatch) {
	for _, h := range b.Series[0].Hours {
		into.Of("mem").Add(key(), h.At, h.Mean)
	}
}

func (s *side) Tally(_ context.Context, _ string, from, to int64) (t store.Tally, err error) {
	for at, v := range s.points {
		if at >= from && at < to && (s.lost == nil || !s.lost(at)) {
			t.Add(key(), at, v)
		}
	}
	return t, nil
}

func (s *side) TallyHours(_ context.Context, _ string, from, to int64) (t store.Tally, err error) {
	for at, h := range s.hours {
		if at >= from && at < to {
			t.Add(key(), at, h.Mean)
		}
	}
	return t, nil
}

// filled has ten days of figures and three of points, one each ten minutes.
func filled() *side {
	s := newSide()
	s.rolled = 20_010 * dayMS
	for at := 20_000 * dayMS; at < s.rolled; at += hourMS {
		s.hours[at] = store.Hour{At: at, Count: 6, Mean: float64(at % 997)}
	}
	for at := s.rolled; at < s.rolled+3*dayMS; at += hourMS / 6 {
		s.points[at] = float64(at % 991)
	}
	return s
}

func openJournal(t *testing.T, path string) *Journal {
	t.Helper()
	j, err := OpenJournal(path, "one", "there")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func round(t *testing.T, from, to *side, j *Journal) Result {
	t.Helper()
	n := &Numbers{Source: from, Target: to, Journal: j, Now: time.Now}
	if err := n.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := n.Round(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(to.points) != len(from.points) || len(to.hours) != len(from.hours) {
		t.Fatalf("%d and %d arrived of %d and %d", len(to.points), len(to.hours), len(from.points), len(from.hours))
	}
	for at, v := range from.points {
		if to.points[at] != v {
			t.Fatalf("%d arrived as %g, not %g", at, to.points[at], v)
		}
	}
	return r
}

// What is there is not written again; what changed is; what only moved into
// another block is read and not written.
func TestRounds(t *testing.T) {
	from, to, j := filled(), newSide(), openJournal(t, filepath.Join(t.TempDir(), "j"))
	if r := round(t, from, to, j); r.Pieces != 10+72 || r.Written != r.Pieces || r.Numbers != 10*24+3*144 {
		t.Errorf("at first %+v", r)
	}
	wrote := to.wrote
	if r := round(t, from, to, j); r.Written != 0 || r.Pieces != 82 || to.wrote != wrote {
		t.Errorf("again %+v, %d writes", r, to.wrote-wrote)
	}
	from.state = "joined"
	from.points[from.rolled+5] = 1 // late
	if r := round(t, from, to, j); r.Written != 1 || to.wrote != wrote+1 {
		t.Errorf("a late one: %+v, %d writes", r, to.wrote-wrote)
	}
	// What cannot be told is read each time.
	from.state = ""
	from.points[from.rolled+2*dayMS+7] = 1
	if r := round(t, from, to, j); r.Written != 1 {
		t.Errorf("without a state: %+v", r)
	}
	// A source that does not see the newest takes nothing away.
	all, late := from.points, from.rolled+2*dayMS+7
	from.points, from.state = maps.Clone(all), "blocks"
	delete(from.points, late)
	n := &Numbers{Source: from, Target: to, Journal: j, Now: time.Now}
	if _, err := n.Round(t.Context()); err != nil {
		t.Error(err)
	}
	wrote = to.wrote
	from.points, from.state = all, ""
	if r := round(t, from, to, j); to.wrote != wrote {
		t.Errorf("what was seen again: %+v, %d writes", r, to.wrote-wrote)
	}
	// A day becomes figures while it is moved.
	from.rolled += dayMS
	for at := from.rolled - dayMS; at < from.rolled; at += hourMS {
		from.hours[at] = store.Hour{At: at, Count: 6, Mean: 1}
	}
	if r := round(t, from, to, j); r.Pieces != 11+48 {
		t.Errorf("a day later: %+v", r)
	}
	if d := j.Days(); len(d) < 13 || d[0].Numbers != 24 || d[0].Kind != "hours" {
		t.Errorf("%+v", d)
	}
}

// A round that is cut off at any write, with a torn line at the end of its
// journal, goes on where it was.
func TestCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	from, to := filled(), newSide()
	for cut := 1; ; cut += 7 {
		j := openJournal(t, path)
		ctx, cancel := context.WithCancel(t.Context())
		left := cut
		to.onWrite = func() {
			if left--; left == 0 {
				cancel()
			}
		}
		to.refuse = func() error { return ctx.Err() }
		n := &Numbers{Source: from, Target: to, Journal: j, Now: time.Now}
		_, err := n.Round(ctx)
		cancel()
		j.Close()
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(f, `{"at":1,"su`)
		f.Close()
	}
	to.onWrite, to.refuse = nil, nil
	if r := round(t, from, to, openJournal(t, path)); r.Written != 0 {
		t.Errorf("%+v", r)
	}
}

// Numbers that arrive as others, or not at all, are an error; those that the
// target does not keep so long are counted.
func TestWhatDoesNotArrive(t *testing.T) {
	from := filled()
	bad := from.rolled + dayMS
	for name, x := range map[string]struct {
		to   func(*side)
		says string
	}{
		"spoilt": {func(s *side) { s.spoil = func(at int64) bool { return at == bad } }, "some numbers are others"},
		"lost":   {func(s *side) { s.lost = func(at int64) bool { return at == bad } }, "6 numbers were read and 5 are there"},
		"full":   {func(s *side) { s.refuse = func() error { return fmt.Errorf("%w: full", store.ErrConfiguration) } }, "full"},
	} {
		to, j := newSide(), openJournal(t, filepath.Join(t.TempDir(), "j"))
		x.to(to)
		if _, err := (&Numbers{Source: from, Target: to, Journal: j, Now: time.Now}).Round(t.Context()); err == nil || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	to, j := newSide(), openJournal(t, filepath.Join(t.TempDir(), "j"))
	to.keeps = 20_001 * dayMS
	r, err := (&Numbers{Source: from, Target: to, Journal: j, Now: time.Now}).Round(t.Context())
	if err != nil || r.Gone != 24 {
		t.Errorf("%+v, %v", r, err)
	}
	// Somebody empties the target.
	clear(to.points)
	if err := (&Numbers{Source: from, Target: to, Journal: j, Now: time.Now}).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "not there any more") {
		t.Errorf("emptied: %v", err)
	}
}

// A target that is away is waited for, five minutes and no longer.
func TestPatience(t *testing.T) {
	for _, away := range []time.Duration{time.Minute, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			from, to := filled(), newSide()
			j, err := OpenJournal(filepath.Join(t.TempDir(), "j"), "one", "there")
			if err != nil {
				t.Fatal(err)
			}
			defer j.Close()
			until := time.Now().Add(away)
			to.refuse = func() error {
				if time.Now().Before(until) {
					return &store.Unavailable{Err: errors.New("away")}
				}
				return nil
			}
			waits := 0
			n := &Numbers{Source: from, Target: to, Journal: j, Now: time.Now, Tell: func(s Step) {
				if s.Waits != "" {
					waits++
				}
			}}
			_, err = n.Round(t.Context())
			if waits == 0 || (err == nil) != (away < patience) || err != nil && !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("away for %s: %d waits, %v", away, waits, err)
			}
		})
	}
}

// A journal of another move or target is not gone on with.
func TestJournalOfAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openJournal(t, path)
	if j.Begun() {
		t.Error("begun")
	}
	if err := j.Begin(); err != nil {
		t.Fatal(err)
	}
	j.Close()
	if j := openJournal(t, path); !j.Begun() {
		t.Error("not begun after it was")
	}
	if _, err := OpenJournal(path, "one", "elsewhere"); err == nil || !strings.Contains(err.Error(), "moved to there, not to elsewhere") {
		t.Error(err)
	}
	if err := RemoveJournal(path); err != nil {
		t.Error(err)
	}
	if err := RemoveJournal(path); err != nil {
		t.Error(err)
	}
}

// FuzzJournal holds that no file makes reading fail otherwise than by an error.
func FuzzJournal(f *testing.F) {
	f.Add([]byte("{\"move\":\"one\",\"to\":\"there\"}\n{\"at\":3600000,\"state\":\"x\",\"sums\":{\"mem\":{\"n\":1,\"h\":[1,2]}}}\n"))
	f.Add([]byte("{\"move\":\"one\",\"to\":\"there\"}\n{\"at\":1,\"sums\":{\"mem\":null}}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "j")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := OpenJournal(path, "one", "there")
		if err != nil {
			return
		}
		defer j.Close()
		j.Days()
		from, to := filled(), newSide()
		if _, err := (&Numbers{Source: from, Target: to, Journal: j, Now: time.Now}).Round(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
