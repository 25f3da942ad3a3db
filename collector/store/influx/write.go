package influx

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/api"

	"muster/collector/store"
	"muster/internal/report"
)

const (
	// mostLines and mostBytes bound one request: servers advise 5,000 to
	// 10,000 lines, and 3.x takes 10 MB at most.
	mostLines = 10_000
	mostBytes = 4 << 20
	// mostPlans is how many layouts are kept at hand, at some 5 KB each.
	mostPlans     = 10_000
	writePatience = 60 * time.Second
)

// Append implements store.Series. Requests are bounded and go one after
// another; the server has synced each when it answers. Of two values for one
// series and time the later stays.
func (s *Store) Append(ctx context.Context, batches []store.Batch) (store.Appended, error) {
	var done store.Appended
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return done, err
	}
	defer end()
	_, w, err := s.ready(ctx)
	if err != nil {
		return done, err
	}
	now := s.o.Now()
	newest, oldest := now.Add(store.Ahead).UnixMilli(), s.cutoff.Load()
	r := request{send: func(text string) error { return s.send(ctx, w, text) }}
	for i := range batches {
		b := &batches[i]
		if len(b.Points) == 0 {
			continue
		}
		p := s.plan(b)
		id, host := who(b.Device, b.Host)
		for j := range b.Points {
			pt := &b.Points[j]
			if done.Add(refused(p, pt, newest, oldest)); !taken(p, pt, newest, oldest) {
				continue
			}
			if err := r.point(p, id, host, pt); err != nil {
				return r.sum(done), s.failed(err)
			}
		}
	}
	if err := r.flush(); err != nil {
		return r.sum(done), s.failed(err)
	}
	return r.sum(done), nil
}

func (s *Store) failed(err error) error {
	s.suspect(err)
	return fmt.Errorf("append to series store: %w", err)
}

// send writes one request.
func (s *Store) send(ctx context.Context, w api.WriteAPIBlocking, text string) error {
	try, cancel := context.WithTimeout(ctx, writePatience)
	defer cancel()
	err := sorted(ctx, w.WriteRecord(try, text))
	if err != nil && ctx.Err() == nil && try.Err() != nil {
		return &store.Unavailable{Err: fmt.Errorf("InfluxDB did not take a write within %s", writePatience)}
	}
	return err
}

// plan gives the plan of a batch's layout.
func (s *Store) plan(b *store.Batch) *plan {
	s.planMu.Lock()
	defer s.planMu.Unlock()
	if p := s.plans[b.Hash]; p != nil && p.length == len(b.Layout) {
		return p
	}
	p := newPlan(b.Layout)
	if b.Hash == (report.LayoutHash{}) {
		return p
	}
	if len(s.plans) >= mostPlans {
		for other := range s.plans { // any one
			delete(s.plans, other)
			break
		}
	}
	s.plans[b.Hash] = p
	return p
}

// taken says whether a point is written at all.
func taken(p *plan, pt *store.Point, newest, oldest int64) bool {
	return len(pt.Values) == p.length && pt.At <= newest && pt.At >= oldest
}

// refused counts the values of a point that are not written.
func refused(p *plan, pt *store.Point, newest, oldest int64) (a store.Appended) {
	usable := 0
	for _, v := range pt.Values {
		if store.Usable(v) {
			usable++
		}
	}
	a.NaN = len(pt.Values) - usable
	if len(pt.Values) != p.length {
		a.Unknown = usable
		return a
	}
	for _, i := range p.unknown {
		if store.Usable(pt.Values[i]) {
			a.Unknown++
		}
	}
	switch usable -= a.Unknown; {
	case pt.At > newest:
		a.Future = usable
	case pt.At < oldest:
		a.TooOld = usable
	}
	return a
}

// request gathers lines and sends them when they are enough.
type request struct {
	send   func(string) error
	buf    []byte
	lines  int
	values int // of buf
	ends   []lineEnd

	samples, tooOld int
}

// lineEnd is where a point's lines end, so that a request can be cut in two.
type lineEnd struct{ bytes, lines, values int }

func (r *request) sum(a store.Appended) store.Appended {
	a.Samples += r.samples
	a.TooOld += r.tooOld
	return a
}

func (r *request) point(p *plan, id, host string, pt *store.Point) error {
	var lines, values int
	r.buf, lines, values = p.add(r.buf, id, host, pt)
	r.lines += lines
	r.values += values
	r.ends = append(r.ends, lineEnd{len(r.buf), r.lines, r.values})
	if r.lines >= mostLines || len(r.buf) >= mostBytes {
		return r.flush()
	}
	return nil
}

// flush sends what was gathered.
func (r *request) flush() error {
	if r.values == 0 {
		r.clear()
		return nil
	}
	err := r.part(lineEnd{}, r.ends)
	r.clear()
	return err
}

func (r *request) clear() {
	r.buf, r.lines, r.values, r.ends = r.buf[:0], 0, 0, r.ends[:0]
}

// part sends the points that end at ends, and by halves what is too large.
func (r *request) part(from lineEnd, ends []lineEnd) error {
	to := ends[len(ends)-1]
	values := to.values - from.values
	if values == 0 {
		return nil
	}
	err := r.send(string(r.buf[from.bytes : to.bytes-1])) // without the last line break
	var old *beyondRetention
	switch {
	case err == nil:
		r.samples += values
	case errors.As(err, &old):
		// The server counts lines, we count values.
		lines := to.lines - from.lines
		gone := values * min(dropped(old.text), lines) / lines
		r.samples += values - gone
		r.tooOld += gone
	case errors.Is(err, errTooLarge) && len(ends) > 1:
		half := len(ends) / 2
		if err := r.part(from, ends[:half]); err != nil {
			return err
		}
		return r.part(ends[half-1], ends[half:])
	case errors.Is(err, errTooLarge):
		return fmt.Errorf("%w: one point is too large for InfluxDB: set max-body-size of its [http] section to 25000000 or more", store.ErrPoison)
	default:
		return err
	}
	return nil
}

// dropped reads how many lines a server left out; all it does not say.
func dropped(text string) int {
	m := regexp.MustCompile(`dropped=(\d{1,6})`).FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1]) // digits
	return n
}
