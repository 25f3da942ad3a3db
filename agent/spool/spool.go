package spool

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"muster/internal/segment"
)

// Options of a Spool. Zero fields take the defaults.
type Options struct {
	MaxBytes int64         // of segment files; 64 MiB, at least 256 KiB
	MaxAge   time.Duration // after which a report is dropped; 7 days
	Reserve  int64         // bytes set aside for writing the cursor on a full disk; 1 MiB
	Now      func() time.Time
	// Elapsed is a clock that nobody sets, from any beginning.
	Elapsed func() time.Duration
	FS      segment.FS
}

// AllSections in Missing means that it is not known which were lost.
const AllSections = "*"

// ErrAhead is a collector that has seen numbers which this spool has not given
// out: the folder was restored from a copy. Renew helps.
var ErrAhead = errors.New("the collector knows later reports than this spool: its folder was restored from a copy")

// Spool is an open spool. All methods may be called at any time by anyone.
type Spool struct {
	dir string
	o   Options

	mu            sync.Mutex
	log           *segment.Log
	c             cursor
	missing       map[string]bool
	newest        map[string]uint64 // section: the latest waiting report with it
	broken        error
	cursorDamaged bool
	torn          int64
	reserved      bool
	reserveTried  time.Time
	head          struct { // when the report at the head was added
		seq uint64
		at  time.Time
	}
	seen  time.Duration // wall clock less elapsed time, at the last look
	steps []step
}

// step is a clock that was set while we ran.
type step struct {
	below uint64 // numbers added before
	by    time.Duration
}

// Stats of a spool.
type Stats struct {
	Epoch    uint64
	Head     uint64 // oldest waiting number, or Next
	Next     uint64
	Waiting  uint64 // reports
	Bytes    int64  // of segment files
	Dropped  uint64 // reports lost since the spool was made, Poisoned included
	Poisoned uint64
	Damaged  int   // unreadable stretches met since Open
	Torn     int64 // bytes of an unfinished write that Open cut off
}

// Open opens the spool in dir, which is made if need be.
func Open(dir string, o Options) (*Spool, error) {
	o.MaxBytes = max(cmp.Or(o.MaxBytes, 64<<20), minBytes)
	o.Reserve = cmp.Or(o.Reserve, 1<<20)
	o.MaxAge = cmp.Or(o.MaxAge, 7*24*time.Hour)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Elapsed == nil {
		begin := time.Now()
		o.Elapsed = func() time.Duration { return time.Since(begin) }
	}
	if o.FS == nil {
		o.FS = segment.OS()
	}
	s := &Spool{dir: dir, o: o, missing: map[string]bool{}, newest: map[string]uint64{}}
	log, rec, err := segment.Open(dir, segment.Options{SegmentBytes: s.segmentBytes(), FS: o.FS})
	if err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	s.log = log
	s.torn = rec.Torn
	if err := s.recover(rec.Next); err != nil {
		log.Close()
		return nil, fmt.Errorf("open spool %s: %w", dir, err)
	}
	return s, nil
}

// segmentBytes is the step in which the spool shrinks.
func (s *Spool) segmentBytes() int64 { return min(max(s.o.MaxBytes/16, 64<<10), 1<<20) }

// recover reads all that waits.
func (s *Spool) recover(next uint64) error {
	known, err := s.load()
	if err != nil {
		return err
	}
	if !known {
		s.c.Head, s.c.Next = max(s.log.Oldest(), 1), 1
		if s.cursorDamaged {
			s.missing[AllSections] = true
		}
	}
	s.c.Next = max(s.c.Next, next, s.c.Head)
	// A crash may have come before the report that was to tell of a gap.
	s.c.Gaps.lost(s.c.Next, math.MaxUint64)
	epoch := s.scan()
	if !known {
		// The epoch of the records, so that reports which were sent already
		// are known as repeats. With neither cursor nor records the numbers
		// that were used are not known: a new epoch has its own.
		if s.c.Epoch = epoch; epoch == 0 {
			if s.c.Epoch, err = newEpoch(); err != nil {
				return err
			}
		}
		if err := s.save(); err != nil {
			return err
		}
	}
	s.reserve()
	_ = s.log.Trim(s.c.Head - 1)
	s.seen = s.drift(s.o.Now())
	return nil
}

// scan indexes the waiting reports, notes those that are not there any more,
// and answers the epoch of the newest.
func (s *Spool) scan() (epoch uint64) {
	r := s.log.Reader(s.c.Head)
	defer r.Close()
	want := s.c.Head
	hole := func(to uint64) {
		if to > want && s.lose(want, to-1) > 0 {
			s.missing[AllSections] = true
		}
	}
	for tries := 0; ; {
		rec, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			if tries++; tries == readTries {
				r.Skip()
				tries = 0
			}
			continue
		}
		e, ep, err := parseEntry(rec.Data)
		if err != nil {
			continue
		}
		hole(rec.ID)
		epoch, want = ep, rec.ID+1
		for _, name := range e.Sections {
			s.newest[name] = rec.ID
		}
	}
	hole(s.c.Next)
	return epoch
}

func newEpoch() (uint64, error) {
	for {
		var b [8]byte
		if _, err := rand.Read(b[:]); err != nil {
			return 0, fmt.Errorf("make epoch: %w", err)
		}
		if e := binary.LittleEndian.Uint64(b[:]); e != 0 {
			return e, nil
		}
	}
}

// Slot is the place of a report that is being added.
type Slot struct {
	Seq    uint64
	Epoch  uint64
	Oldest uint64 // first number that still waits, this one at the latest
	Gaps   []Gap  // to be told in this report
}

// Add gives a report the next number and keeps it; when it returns nil, the
// report is on the disk. body encodes the report for its slot and is called
// once. If it fails, nothing happened. If the report cannot be kept, it counts
// as dropped, its number stands in a gap, and the error says why: NoSpace when
// the disk is full, segment.ErrBroken when the process has to end.
func (s *Spool) Add(kind Kind, sections []string, body func(Slot) ([]byte, error)) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return 0, s.broken
	}
	s.expire()
	now := s.o.Now()
	slot := Slot{Seq: s.c.Next, Epoch: s.c.Epoch, Oldest: min(s.c.Head, s.c.Next), Gaps: s.c.Gaps.untold()}
	data, err := s.encode(slot, now, sections, body)
	if err != nil {
		return 0, err
	}
	// What making room drops now is told by the next report, not by this one.
	s.c.Gaps.tell(slot.Seq)
	if err = s.makeRoom(int64(len(data))); err == nil {
		err = s.log.Append(segment.Record{ID: slot.Seq, Flags: uint32(kind), Data: data})
		if segment.NoSpace(err) && s.dropOldest() == nil {
			err = s.log.Append(segment.Record{ID: slot.Seq, Flags: uint32(kind), Data: data})
		}
	}
	if errors.Is(err, segment.ErrBroken) {
		s.broken = err
	}
	if s.broken != nil {
		return 0, fmt.Errorf("spool report %d: %w", slot.Seq, s.broken)
	}
	s.c.Next++
	if err != nil {
		s.lose(slot.Seq, slot.Seq)
		for _, name := range sections {
			s.missing[name] = true
		}
		_ = s.save() // if not now, then with the next one
		return 0, fmt.Errorf("spool report %d: %w", slot.Seq, err)
	}
	changed := len(slot.Gaps) > 0
	for _, name := range sections {
		s.newest[name] = slot.Seq
		changed = changed || s.missing[name]
		delete(s.missing, name)
	}
	if changed {
		_ = s.save() // or with the next one: at worst it is told twice
	}
	if s.c.Head == slot.Seq {
		s.head.seq, s.head.at = slot.Seq, now
	}
	s.reserve()
	return slot.Seq, nil
}

func (s *Spool) encode(slot Slot, now time.Time, sections []string, body func(Slot) ([]byte, error)) ([]byte, error) {
	b, err := body(slot)
	if err != nil {
		return nil, fmt.Errorf("encode report: %w", err)
	}
	data, err := appendEntry(make([]byte, 0, len(b)+256), now, slot.Epoch, sections)
	if err != nil {
		return nil, err
	}
	data = append(data, b...)
	if int64(len(data)) > min(s.o.MaxBytes/2, maxReport) {
		return nil, fmt.Errorf("spool a report of %d bytes: %w", len(data), segment.ErrTooLarge)
	}
	return data, nil
}

const (
	// maxReport is what a collector takes (report.MaxBody is 8 MiB too).
	maxReport = 8<<20 - 64<<10
	minBytes  = 256 << 10
	// readTries is how often a disk may fail to read before the segment's rest
	// is given up.
	readTries = 3
)

// Peek gives the oldest waiting reports in order and without a hole in their
// numbers, at most so many and so many bytes, but at least one if any waits.
// They wait until Acked. What the disk does not read after some tries is given
// up, so the only errors are those that end a process.
func (s *Spool) Peek(maxReports, maxBytes int) ([]Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return nil, s.broken
	}
	s.expire()
	r := s.log.Reader(s.c.Head)
	defer r.Close()
	var list []Entry
	size, tries := 0, 0
	for len(list) < max(maxReports, 1) {
		rec, err := r.Next()
		if err == io.EOF {
			if len(list) == 0 {
				s.advance(s.c.Next) // what should still come is damaged
			}
			break
		}
		if err != nil {
			if len(list) > 0 {
				break // first what there is
			}
			if tries++; tries == readTries {
				r.Skip()
				tries = 0
			}
			continue
		}
		e, _, err := parseEntry(rec.Data)
		if err != nil || slices.Contains(s.c.Aside, rec.ID) {
			continue
		}
		if want := s.c.Head + uint64(len(list)); rec.ID != want {
			if len(list) > 0 {
				break
			}
			s.advance(rec.ID)
		}
		if size += len(e.Body); len(list) > 0 && size > maxBytes {
			break
		}
		e.Seq, e.Kind, e.Body = rec.ID, Kind(rec.Flags), bytes.Clone(e.Body)
		list = append(list, e)
	}
	return list, nil
}

// Acked says that the collector has everything up to seq. If the disk is too
// full to write that down, it is known to this process and written with the
// next one: at worst a report is sent twice. ErrAhead changes nothing.
func (s *Spool) Acked(seq uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acked(seq)
}

func (s *Spool) acked(seq uint64) error {
	if seq >= s.c.Next {
		return fmt.Errorf("report %d acknowledged, the next is %d: %w", seq, s.c.Next, ErrAhead)
	}
	if seq < s.c.Head {
		return s.broken
	}
	s.c.Head = seq + 1
	s.c.Gaps.told(seq)
	s.forget()
	if err := s.save(); segment.NoSpace(err) {
		return nil // and nothing is removed before it is written
	} else if err != nil {
		return fmt.Errorf("save cursor of spool: %w", err)
	}
	_ = s.log.Trim(seq) // what cannot be removed is tried again
	s.reserve()
	return nil
}

// forget drops what is known about numbers below the head.
func (s *Spool) forget() {
	s.c.Aside = slices.DeleteFunc(s.c.Aside, func(q uint64) bool { return q < s.c.Head })
	maps.DeleteFunc(s.newest, func(_ string, q uint64) bool { return q < s.c.Head })
	s.steps = slices.DeleteFunc(s.steps, func(x step) bool { return x.below <= s.c.Head })
}

// Rewind is the collector's "send again from seq on". It answers the oldest
// number that now waits; what lies before is gone.
func (s *Spool) Rewind(seq uint64) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return 0, s.broken
	}
	if seq > s.c.Head {
		if seq > s.c.Next {
			return 0, fmt.Errorf("report %d wanted, the next is %d: %w", seq, s.c.Next, ErrAhead)
		}
		return seq, s.acked(seq - 1)
	}
	r := s.log.Reader(max(seq, 1))
	defer r.Close()
	if rec, err := r.Next(); err == nil && rec.ID < s.c.Head {
		s.c.Head = rec.ID
	}
	return s.c.Head, nil
}

// Poison puts a report aside that the collector will never take, so that it
// does not block the others. It counts as dropped.
func (s *Spool) Poison(seq uint64, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	if seq < s.c.Head || seq >= s.c.Next || slices.Contains(s.c.Aside, seq) {
		return nil
	}
	r := s.log.Reader(seq)
	defer r.Close()
	if rec, err := r.Next(); err == nil && rec.ID == seq {
		// Best effort: whether or not a copy can be kept, it must not block.
		_ = s.log.Quarantine(seq, "poison", append([]byte(reason+"\n"), rec.Data...))
	}
	s.c.Poisoned++
	s.lose(seq, seq)
	s.c.Aside = append(s.c.Aside, seq)
	for s.c.Head < s.c.Next && slices.Contains(s.c.Aside, s.c.Head) {
		s.c.Head++
	}
	s.forget()
	if err := s.save(); err != nil && !segment.NoSpace(err) {
		return fmt.Errorf("put report %d aside: %w", seq, err)
	}
	return nil
}

// Renew begins a new epoch, in which all waiting reports are sent under their
// old numbers: for a spool that came back from a copy, or a device that became
// another one.
func (s *Spool) Renew() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := newEpoch()
	if err != nil {
		return err
	}
	old := s.c.Epoch
	s.c.Epoch = e
	if err := s.save(); err != nil {
		s.c.Epoch = old
		return fmt.Errorf("renew spool: %w", err)
	}
	return nil
}

// Epoch is the random number, never 0, that this spool's numbers belong to.
func (s *Spool) Epoch() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.c.Epoch
}

// Missing lists sections whose newest report was dropped unsent, sorted: read
// and add them again, which takes them off the list. AllSections stands for
// not knowing which.
func (s *Spool) Missing() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.missing))
}

// Found takes sections off the list of Missing, AllSections among them.
func (s *Spool) Found(sections ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range sections {
		delete(s.missing, name)
	}
}

// Gaps lists what is lost and not yet told in an acknowledged report.
func (s *Spool) Gaps() []Gap {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone([]Gap(s.c.Gaps))
}

// Stats of now.
func (s *Spool) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Epoch: s.c.Epoch, Head: s.c.Head, Next: s.c.Next,
		Waiting: s.c.Next - s.c.Head - s.c.Gaps.within(s.c.Head), Bytes: s.log.Bytes(),
		Dropped: s.c.Dropped, Poisoned: s.c.Poisoned, Damaged: s.log.Damage().Stretches, Torn: s.torn}
}

// Close lets go of the folder. Everything added is durable already.
func (s *Spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken == nil {
		s.broken = segment.ErrClosed
	}
	return s.log.Close()
}
