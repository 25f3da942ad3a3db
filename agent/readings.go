package agent

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync/atomic"
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
	// section's cadence is shorter. It doubles with each further failure, up to
	// longest: a broken reader is not to cost each hour what it cost once.
	again, longest = 15 * time.Minute, 6 * time.Hour
	// patience is how long a report waits for one section. One that takes
	// longer goes on beside, and comes with a later report.
	patience = 5 * time.Second
	// grace is what a reader that honours its context needs to come back.
	grace = time.Second
	// longRound is after how long a report takes what it has, and leaves the
	// other sections for the next one.
	longRound = 20 * time.Second
	// maxReason bounds why a section is not whole, in bytes.
	maxReason = 300
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
	asked   bool   // the collector wants it whole
	failed  int    // readings in a row that failed
	run     *under // a reading under way
}

// under is a reading under way.
type under struct {
	begun time.Time
	done  chan outcome
	late  bool // given up, and told as failed; nobody waits for it any more

	beside atomic.Bool // the report went on without it, and is to be told when it ends
}

type outcome struct {
	reading gather.Reading
	err     error
	ended   time.Time
}

// readings schedules sections. It is used from one goroutine.
type readings struct {
	host  *host.Host
	slots []*slot
	limit time.Duration // a reading may take this long
	now   func() time.Time
	log   *slog.Logger // may be nil

	child    *child        // reads sections that are read apart; nil: nothing is
	patience time.Duration // a report waits this long for one section
	pacer    pacer
	ready    func() // told when a reading that no report waited for has ended; may be nil

	saving   func(context.Context) bool // whether inventory waits for better times; nil: never
	whole    func() time.Time           // when nothing was held back last; zero: never
	nowWhole func(time.Time) error      // keeps that
}

func newReadings(h *host.Host, sections []gather.Section, limit time.Duration, now func() time.Time) (*readings, error) {
	rs := &readings{host: h, limit: limit, now: now, patience: patience}
	for _, s := range sections {
		schema, ok := inventory.Lookup(s.Name)
		if !ok {
			return nil, fmt.Errorf("section %s is not in the catalogue", s.Name)
		}
		x := &slot{Section: s, schema: schema, cadence: schema.Cadence}
		if !schema.OnRequest {
			x.due = now()
		}
		rs.slots = append(rs.slots, x)
	}
	return rs, nil
}

// settle applies which sections are read, and how often; those that are read on
// request are where a cadence is set for them. Sections that come back on are
// due at once.
func (rs *readings) settle(off []string, every map[string]time.Duration) {
	for _, s := range rs.slots {
		s.cadence = s.schema.Cadence
		d, wished := every[s.Name]
		if wished {
			s.cadence = d
		}
		switch {
		case slices.Contains(off, s.Name), s.schema.OnRequest && !wished:
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

// read reads every section that is due and answers those to be sent, among
// them those whose reading began earlier and has ended.
func (rs *readings) read(ctx context.Context, at time.Time) []report.Section {
	var out []report.Section
	begin := rs.now()
	rs.pacer.begin(begin)
	held := rs.holds(ctx, begin)
	for _, s := range rs.slots {
		if ctx.Err() != nil {
			break
		}
		wait := rs.patience
		if s.run != nil {
			wait = 0 // it was waited for when it began
		} else {
			if s.due.IsZero() || s.due.After(at) || held && !s.asked || rs.waits(s) {
				continue
			}
			if rs.patience < rs.limit && rs.now().Sub(begin) > longRound {
				if rs.ready != nil {
					rs.ready() // the next round comes at once, with a report of its own
				}
				break
			}
			rs.start(ctx, s)
		}
		o, ok := rs.await(ctx, s, wait)
		if !ok {
			continue
		}
		if sec, ok := rs.told(s, o, at); ok {
			out = append(out, sec)
		}
		rs.pacer.rest(ctx, rs.now)
	}
	if rs.nowWhole != nil && !held && len(out) > 0 && ctx.Err() == nil {
		if err := rs.nowWhole(begin); err != nil && rs.log != nil {
			rs.log.Warn("it is not kept when inventory was last made", "error", err)
		}
	}
	return out
}

// holds says whether sections wait for better times, all but those that
// somebody asks for: while power is short or the network costs, and no longer
// than a day, so that a machine that knows no better times is known too. One
// that was never told of is not held back.
func (rs *readings) holds(ctx context.Context, now time.Time) bool {
	if rs.saving == nil || !rs.saving(ctx) {
		return false
	}
	last := rs.whole()
	return !last.IsZero() && now.Sub(last).Abs() < mostHeld
}

// waits says whether a section that is due is to be read later.
func (rs *readings) waits(s *slot) bool {
	if !s.Apart {
		return false
	}
	// One process at a time: each has its share of memory.
	return rs.child != nil && slices.ContainsFunc(rs.slots, func(o *slot) bool { return o.Apart && o.run != nil && !o.run.late })
}

// told turns an outcome into the section, plans the next reading, and says
// whether the section has to be sent.
func (rs *readings) told(s *slot, o outcome, at time.Time) (report.Section, bool) {
	begun := s.run.begun
	if !s.run.late {
		s.run = nil
	}
	if s.due.IsZero() { // turned off meanwhile
		return report.Section{}, false
	}
	r := o.reading
	status, reason := gather.StatusOf(r, o.err)
	sec := report.Section{Name: s.Name, Status: status, Reason: cut(reason, maxReason), Sources: r.Sources,
		At: at.Sub(begun).Milliseconds(), Took: o.ended.Sub(begun).Milliseconds()}
	t, faults, cerr := s.schema.Conform(r.Table)
	if cerr != nil {
		sec.Status, sec.Reason = report.Failed, cut(cerr.Error(), maxReason)
		t, _, _ = s.schema.Conform(inventory.Table{})
	} else if len(faults) > 0 && sec.Status == report.OK {
		sec.Status, sec.Reason = report.Partial, cut(faults.String(), maxReason)
	}
	sec.Seal(s.schema, t)
	sec.Columns, sec.Rows = slim(t)

	wait := s.cadence
	if sec.Status == report.Failed {
		wait = min(wait, again)
		for range s.failed {
			wait = min(2*wait, longest)
		}
		s.failed = min(s.failed+1, 10)
	} else {
		s.failed = 0
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

// start begins a reading so that neither a panic nor a hang costs more than
// this section.
func (rs *readings) start(ctx context.Context, s *slot) {
	u := &under{begun: rs.now(), done: make(chan outcome, 1)}
	s.run = u
	go func() {
		defer func() {
			if p := recover(); p != nil {
				if rs.log != nil {
					rs.log.Error("reader crashed", "section", s.Name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				}
				u.done <- outcome{err: fmt.Errorf("reader crashed: %v", p), ended: rs.now()}
			}
		}()
		// A file that is cut short while it is mapped, or a wild pointer, is a
		// panic too then, which ends this reading and not the agent.
		debug.SetPanicOnFault(true)
		ctx, cancel := context.WithTimeout(ctx, rs.limit)
		defer cancel()
		var o outcome
		if s.Apart && rs.child != nil {
			o.reading, o.err = rs.child.read(ctx, s.Name)
		} else {
			o.reading, o.err = s.Read(ctx, rs.host)
		}
		o.ended = rs.now()
		u.done <- o
		if u.beside.Load() && rs.ready != nil {
			rs.ready()
		}
	}()
}

// await waits for a reading under way, for a while. One that is beyond its
// limit is given up and told as failed, once; until it comes back, if ever,
// the section is not read again.
func (rs *readings) await(ctx context.Context, s *slot, wait time.Duration) (outcome, bool) {
	u := s.run
	if u.late {
		select {
		case <-u.done: // of another time by now
			s.run = nil
		default:
		}
		return outcome{}, false
	}
	left := rs.limit + grace - rs.now().Sub(u.begun)
	if wait >= rs.limit {
		wait = left
	}
	var o outcome
	select {
	case o = <-u.done:
	default:
		t := time.NewTimer(max(min(wait, left), 0))
		defer t.Stop()
		select {
		case o = <-u.done:
		case <-ctx.Done():
			return o, false
		case <-t.C:
			if rs.now().Sub(u.begun) < rs.limit+grace {
				u.beside.Store(true)
				select {
				case o := <-u.done: // just now
					return o, true
				default:
				}
				return o, false
			}
			u.late = true
			return outcome{err: noAnswer(rs.limit), ended: rs.now()}, true
		}
	}
	// One that gave in to its context was over its limit as well.
	if errors.Is(o.err, context.DeadlineExceeded) && o.ended.Sub(u.begun) >= rs.limit {
		o.err = noAnswer(rs.limit)
	}
	return o, true
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
