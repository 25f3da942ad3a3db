package agent

import (
	"context"
	"fmt"
	"hash/fnv"
	"runtime/debug"
	"slices"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/report"
)

const (
	// fullCheck is how often a section is read and sent even if nothing asks
	// for it, so that an error in what was kept cannot live longer.
	fullCheck = 24 * time.Hour
	// refresh is how often columns kept as latest may travel: they are not
	// worth a section each minute, but free space of yesterday helps nobody.
	refresh = time.Hour
	// again is how long after a failed reading the next try comes, unless the
	// section's cadence is shorter.
	again = 15 * time.Minute
)

// slot is a section on its way: when it is read next and what was last said.
type slot struct {
	gather.Section
	schema  *inventory.Section
	cadence time.Duration
	due     time.Time
	sent    inventory.Hash // hash of what last went into the spool
	latest  uint64         // and of its columns kept as latest
	sentAt  time.Time
	asked   bool // the collector wants it whole
	busy    bool // a reading that did not end in time is still running
	done    chan outcome
}

type outcome struct {
	reading gather.Reading
	err     error
}

// readings schedules sections. It is used from one goroutine.
type readings struct {
	host  *host.Host
	slots []*slot
	limit time.Duration // a reading may take this long
	now   func() time.Time
}

func newReadings(h *host.Host, sections []gather.Section, limit time.Duration, now func() time.Time) (*readings, error) {
	rs := &readings{host: h, limit: limit, now: now}
	for _, s := range sections {
		schema, ok := inventory.Lookup(s.Name)
		if !ok {
			return nil, fmt.Errorf("section %s is not in the catalogue", s.Name)
		}
		rs.slots = append(rs.slots, &slot{Section: s, schema: schema, cadence: schema.Cadence, due: now()})
	}
	return rs, nil
}

// settle applies which sections are read, and how often. Sections that come
// back on are due at once.
func (rs *readings) settle(off []string, every map[string]time.Duration) {
	for _, s := range rs.slots {
		s.cadence = s.schema.Cadence
		if d, ok := every[s.Name]; ok {
			s.cadence = d
		}
		switch {
		case slices.Contains(off, s.Name):
			s.due = time.Time{}
			s.sent = inventory.Hash{}
		case s.due.IsZero():
			s.due = rs.now()
		case s.due.Sub(rs.now()) > s.cadence:
			s.due = rs.now().Add(s.cadence)
		}
	}
}

// ask marks sections that the collector wants whole; they are due at once.
func (rs *readings) ask(names []string) {
	for _, s := range rs.slots {
		if slices.Contains(names, s.Name) && !s.due.IsZero() {
			s.asked = true
			s.due = rs.now()
		}
	}
}

// read reads every section that is due and answers those to be sent.
func (rs *readings) read(ctx context.Context, at time.Time) []report.Section {
	var out []report.Section
	for _, s := range rs.slots {
		if s.due.IsZero() || s.due.After(at) || ctx.Err() != nil {
			continue
		}
		if sec, ok := rs.one(ctx, s, at); ok {
			out = append(out, sec)
		}
	}
	return out
}

// one reads a section, and says whether it has to be sent.
func (rs *readings) one(ctx context.Context, s *slot, at time.Time) (report.Section, bool) {
	start := rs.now()
	r, err := rs.guarded(ctx, s)
	status, reason := gather.StatusOf(r, err)
	sec := report.Section{Name: s.Name, Status: status, Reason: cut(reason, 300), Sources: r.Sources,
		At: at.Sub(start).Milliseconds(), Took: rs.now().Sub(start).Milliseconds()}
	t, faults, cerr := s.schema.Conform(r.Table)
	if cerr != nil {
		sec.Status, sec.Reason = report.Failed, cut(cerr.Error(), 300)
		t, _, _ = s.schema.Conform(inventory.Table{})
	} else if len(faults) > 0 && sec.Status == report.OK {
		sec.Status, sec.Reason = report.Partial, cut(faults.String(), 300)
	}
	sec.Seal(s.schema, t)
	sec.Columns, sec.Rows = slim(t)

	wait := s.cadence
	if sec.Status == report.Failed {
		wait = min(wait, again)
	}
	// Spread over the fleet: a third of the cadence, by the section's name and
	// the process's start, so that not all is read in the same second.
	s.due = at.Add(wait - spread(s.Name, wait/8))
	latest, age := latestHash(s.schema, t), at.Sub(s.sentAt)
	if sec.Hash == s.sent && !s.asked && age < fullCheck && (latest == s.latest || age < refresh) {
		return report.Section{}, false
	}
	s.sent, s.latest, s.sentAt, s.asked = sec.Hash, latest, at, false
	return sec, true
}

// latestHash is over the columns that the section's own hash leaves out. It
// never leaves this process.
func latestHash(s *inventory.Section, t inventory.Table) uint64 {
	h := fnv.New64a()
	for _, r := range t.Rows {
		for j, c := range s.Columns {
			if c.Latest {
				fmt.Fprint(h, j, r[j], "|")
			}
		}
	}
	return h.Sum64()
}

func spread(name string, within time.Duration) time.Duration {
	if within <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	return time.Duration(h.Sum64() % uint64(within))
}

// guarded runs a reading so that neither a panic nor a hang costs more than
// this section. A reading that does not come back in time is left behind; the
// section counts as failed until it does, and is not started twice.
func (rs *readings) guarded(ctx context.Context, s *slot) (gather.Reading, error) {
	if s.busy {
		select {
		case <-s.done: // late, and by now of another time
			s.busy = false
		default:
			return gather.Reading{}, fmt.Errorf("the reading before is still running")
		}
	}
	ctx, cancel := context.WithTimeout(ctx, rs.limit)
	defer cancel()
	s.done = make(chan outcome, 1)
	done := s.done
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- outcome{err: fmt.Errorf("reader crashed: %v\n%s", p, debug.Stack())}
			}
		}()
		r, err := s.Read(ctx, rs.host)
		done <- outcome{r, err}
	}()
	select {
	case o := <-done:
		return o.reading, o.err
	case <-ctx.Done():
	}
	// A reader that honours its context ends within a moment; give it that.
	t := time.NewTimer(time.Second)
	defer t.Stop()
	select {
	case o := <-done:
		if o.err == nil {
			return o.reading, nil
		}
	case <-t.C:
		s.busy = true
	}
	return gather.Reading{}, fmt.Errorf("no answer within %s", rs.limit)
}

// hashes are those of all sections that are read.
func (rs *readings) hashes() map[string]inventory.Hash {
	m := make(map[string]inventory.Hash, len(rs.slots))
	for _, s := range rs.slots {
		if !s.sent.IsZero() {
			m[s.Name] = s.sent
		}
	}
	return m
}

// slim takes the columns away that no row fills.
func slim(t inventory.Table) ([]string, [][]any) {
	var keep []int
	var names []string
	for j, c := range t.Columns {
		for _, r := range t.Rows {
			if r[j] != nil {
				keep = append(keep, j)
				names = append(names, c)
				break
			}
		}
	}
	rows := make([][]any, len(t.Rows))
	for i, r := range t.Rows {
		row := make([]any, len(keep))
		for n, j := range keep {
			row[n] = r[j]
		}
		rows[i] = row
	}
	return names, rows
}

func cut(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return s
}
