package outbox

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"muster/internal/segment"
)

// Sink is a reader of the outbox.
type Sink struct {
	Name string // of small letters, digits and hyphens
	// Replay: it may lose what it took last in a crash, and is given all that
	// is kept again at each start.
	Replay bool
}

// Options of an Outbox. Zero fields take the defaults.
type Options struct {
	MaxBytes     int64         // of segment files; 8 GiB
	SegmentBytes int64         // 64 MiB
	Keep         time.Duration // after all sinks are done; 1 hour, below 0 for none
	MinKeep      time.Duration // instead of Keep while there is no room; 5 minutes or Keep, and none without a sink with Replay
	AsideBytes   int64         // of records that sinks refuse, at most; 64 MiB
	AsideRecords int           // that sinks refuse, at most; 10,000
	Sinks        []Sink        // nothing goes before all of these are done with it
	Now          func() time.Time
	FS           segment.FS
}

// MaxGroup is how many records share one fsync when many append at a time.
const MaxGroup = 500

// ErrFull is an outbox whose room is taken by what sinks still want.
var ErrFull = errors.New("the outbox is full: a store that it feeds is down or too slow")

// Later says whether Append may succeed later without anything being done to
// this process: the outbox or the disk is full.
func Later(err error) bool { return errors.Is(err, ErrFull) || segment.NoSpace(err) }

// Outbox is an open outbox. All methods may be called at any time by anyone.
type Outbox struct {
	dir   string
	o     Options
	log   *segment.Log
	group *segment.Group
	aside *aside

	saving sync.Mutex // held while cursors are written; taken before mu

	mu      sync.Mutex
	cursors []*Cursor
	handed  map[uint64]time.Time // first id of a segment: when all sinks were done with it
	active  uint64               // first id of the segment being written …
	since   time.Time            // … and when we first saw it
	tidied  time.Time
	rolled  time.Time
	marks   []mark
	early   int
	broken  error // a cursor whose fsync failed
}

// mark is when a record was appended, at most one a second.
type mark struct {
	id uint64
	at time.Time
}

// maxMarks is two hours of them.
const maxMarks = 7200

// Open opens the outbox in dir, which is made if need be.
func Open(dir string, o Options) (*Outbox, error) {
	o.MaxBytes = cmp.Or(o.MaxBytes, 8<<30)
	o.SegmentBytes = cmp.Or(o.SegmentBytes, min(64<<20, max(o.MaxBytes/16, 64<<10)))
	o.Keep = max(cmp.Or(o.Keep, time.Hour), 0)
	o.MinKeep = min(cmp.Or(o.MinKeep, 5*time.Minute), o.Keep)
	if !slices.ContainsFunc(o.Sinks, func(s Sink) bool { return s.Replay }) {
		o.MinKeep = 0 // they have what they are done with
	}
	o.AsideBytes = cmp.Or(o.AsideBytes, 64<<20)
	o.AsideRecords = cmp.Or(o.AsideRecords, maxAside)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.FS == nil {
		o.FS = segment.OS()
	}
	if len(o.Sinks) == 0 {
		return nil, errors.New("open outbox: no sink is named, nothing would ever leave it")
	}
	log, _, err := segment.Open(dir, segment.Options{SegmentBytes: o.SegmentBytes, FS: o.FS})
	if err != nil {
		return nil, fmt.Errorf("open outbox: %w", err)
	}
	b := &Outbox{dir: dir, o: o, log: log, group: segment.NewGroup(log, MaxGroup), handed: map[uint64]time.Time{},
		aside: &aside{dir: filepath.Join(dir, "aside"), o: o}}
	if err := b.aside.open(false); err != nil {
		log.Close()
		return nil, fmt.Errorf("open outbox: %w", err)
	}
	for _, s := range o.Sinks {
		c, err := b.load(s)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open outbox %s: %w", dir, err), b.aside.close(), log.Close())
		}
		b.cursors = append(b.cursors, c)
	}
	return b, nil
}

// Append makes records durable, with one fsync for all of them and those of
// others who append meanwhile, and answers the ids they were given, which are
// in order and without a gap. Errors: ErrFull, segment.NoSpace (see Later),
// segment.ErrTooLarge; segment.ErrBroken, after which the process has to end.
func (b *Outbox) Append(recs [][]byte) (first, last uint64, err error) {
	if err := b.Err(); err != nil || len(recs) == 0 {
		return 0, 0, err
	}
	now := b.o.Now()
	need := int64(0)
	for _, r := range recs {
		need += int64(len(r)) + 64
	}
	b.roll(now)
	if b.log.Bytes()+need > b.o.MaxBytes && !b.squeeze(now, need) {
		return 0, 0, fmt.Errorf("append %d records: %w", len(recs), ErrFull)
	}
	flags := uint32(max(now.Unix(), 0))
	first, last, err = b.group.Append(flags, recs...)
	if segment.NoSpace(err) && b.squeeze(now, b.o.MaxBytes) {
		first, last, err = b.group.Append(flags, recs...)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("append %d records: %w", len(recs), err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.marks); n == 0 || now.Sub(b.marks[n-1].at) >= time.Second && first > b.marks[n-1].id {
		b.marks = append(b.marks, mark{first, now})
		if n > maxMarks {
			b.marks = slices.Delete(b.marks, 0, maxMarks/2)
		}
	}
	return first, last, nil
}

// roll ends a segment that is being written for long, so that it can go in
// time, and tidies now and then when no sink does. It looks once a second.
func (b *Outbox) roll(now time.Time) {
	b.mu.Lock()
	if !b.rolled.IsZero() && now.Sub(b.rolled).Abs() < time.Second {
		b.mu.Unlock()
		return
	}
	b.rolled = now
	b.mu.Unlock()
	segs := b.log.Segments()
	b.mu.Lock()
	n := len(segs)
	seal := false
	if n > 0 && segs[n-1].Active {
		if b.active != segs[n-1].First {
			b.active, b.since = segs[n-1].First, now
		}
		seal = now.Sub(b.since) > b.o.Keep/4 && b.o.Keep > 0
	}
	tidy := now.Sub(b.tidied) > b.o.Keep/8
	b.mu.Unlock()
	if seal {
		b.log.Seal()
	}
	if tidy {
		_ = b.tidy(now, b.o.Keep, b.o.MaxBytes) // Err tells if it was an fsync
	}
}

// squeeze lets go of what no sink wants any more before its time, until n more
// bytes fit, and says whether they do.
func (b *Outbox) squeeze(now time.Time, n int64) bool {
	before := b.log.Bytes()
	_ = b.tidy(now, b.o.MinKeep, n)
	after := b.log.Bytes()
	return after+n <= b.o.MaxBytes || n >= b.o.MaxBytes && after < before
}

// tidy removes the oldest segments that all sinks have been done with for so
// long, as many as needed that n more bytes fit. The newest one stays: its ids
// say what comes next.
func (b *Outbox) tidy(now time.Time, keep time.Duration, n int64) error {
	segs := b.log.Segments()
	size := b.log.Bytes()
	b.mu.Lock()
	b.tidied = now
	b.note(segs, now)
	to := uint64(0)
	for _, s := range segs[:max(len(segs)-1, 0)] {
		at, ok := b.handed[s.First]
		if !ok || now.Sub(at) < keep || size+n <= b.o.MaxBytes {
			break
		}
		if now.Sub(at) < b.o.Keep {
			b.early++
		}
		to = s.Last
		size -= s.Bytes
		delete(b.handed, s.First)
	}
	b.mu.Unlock()
	if to == 0 {
		return nil
	}
	// A cursor that cannot be written for want of room is no reason to keep
	// it short: a sink begins at the oldest record at the latest.
	if err := b.save(true); err != nil && !segment.NoSpace(err) {
		return err
	}
	return b.log.Trim(to)
}

// note says of which segments all sinks are done by now. Called with mu held.
func (b *Outbox) note(segs []segment.Info, now time.Time) {
	done := b.log.Newest()
	for _, c := range b.cursors {
		done = min(done, c.done)
	}
	for _, s := range segs {
		if s.Active || s.Last > done {
			break
		}
		if _, ok := b.handed[s.First]; !ok {
			b.handed[s.First] = now
		}
	}
}

// wanted is the bytes that could not be given up now.
func (b *Outbox) wanted() int64 {
	now := b.o.Now()
	segs := b.log.Segments()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.note(segs, now)
	n := int64(0)
	for i, s := range segs {
		if at, ok := b.handed[s.First]; !ok || now.Sub(at) < b.o.MinKeep || i == len(segs)-1 {
			n += s.Bytes
		}
	}
	return n
}

// Fill is how much of the room is taken by what cannot be given up: 1 is full.
// Agents should be asked to wait from 0.8 on.
func (b *Outbox) Fill() float64 { return float64(b.wanted()) / float64(b.o.MaxBytes) }

// Full says whether Append would answer ErrFull.
func (b *Outbox) Full() bool { return b.wanted() >= b.o.MaxBytes }

// Newest is the id of the newest record; 0: there was none yet.
func (b *Outbox) Newest() uint64 { return b.log.Newest() }

// Err is the failed fsync that ended the outbox, or nil.
func (b *Outbox) Err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken != nil {
		return b.broken
	}
	return b.log.Err()
}

// Close writes the cursors and lets go of the folder; Next of each cursor
// ends. Everything appended is durable already.
func (b *Outbox) Close() error {
	err := b.save(true)
	if segment.NoSpace(err) {
		err = nil
	}
	return errors.Join(err, b.aside.close(), b.log.Close())
}
