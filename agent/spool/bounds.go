package spool

import (
	"errors"
	"fmt"
	"time"
)

// errKeep is a spool too small to gain anything by dropping from it.
var errKeep = errors.New("nothing to drop")

// lose notes that the reports in [from, to] are gone for ever, and answers how
// many of them were not known to be.
func (s *Spool) lose(from, to uint64) uint64 {
	n := s.c.Gaps.add(from, to)
	s.c.Dropped += n
	s.c.Gaps.lost(from, to)
	for name, seq := range s.newest {
		if seq >= from && seq <= to {
			s.missing[name] = true
			delete(s.newest, name)
		}
	}
	return n
}

// advance moves the head to seq; reports between are lost.
func (s *Spool) advance(seq uint64) {
	if seq <= s.c.Head {
		return
	}
	s.lose(s.c.Head, seq-1)
	s.c.Head = seq
	s.forget()
}

// makeRoom drops segments until n more bytes keep the bound.
func (s *Spool) makeRoom(n int64) error {
	for s.log.Bytes() > 0 && s.log.Bytes()+n+64 > s.o.MaxBytes {
		if err := s.dropOldest(); err != nil {
			return fmt.Errorf("make room: %w", err)
		}
	}
	return nil
}

// dropOldest removes the oldest segment, whatever waits in it. The last one
// stays while it is small: on a disk that others have filled, a whole spool
// would be given for one report.
func (s *Spool) dropOldest() error {
	segs := s.log.Segments()
	if len(segs) == 0 || len(segs) == 1 && segs[0].Bytes < s.segmentBytes()/4 {
		return errKeep
	}
	if segs[0].Active {
		s.log.Seal()
	}
	s.advance(segs[0].Last + 1)
	if err := s.save(); err != nil {
		return err
	}
	return s.log.Trim(segs[0].Last)
}

// expire drops reports above the age that is kept, one by one, and their files
// when they are empty.
func (s *Spool) expire() {
	now := s.o.Now()
	s.watchClock(now)
	if s.c.Head >= s.c.Next || s.head.seq == s.c.Head && !s.old(now, s.head.seq, s.head.at) {
		return
	}
	r := s.log.Reader(s.c.Head)
	defer r.Close()
	head := s.c.Head
	for {
		rec, err := r.Next()
		if err != nil {
			break
		}
		e, _, err := parseEntry(rec.Data)
		if err != nil {
			continue
		}
		if !s.old(now, rec.ID, e.Added) {
			s.head.seq, s.head.at = s.c.Head, e.Added
			break
		}
		s.advance(rec.ID + 1)
	}
	if s.c.Head > head && s.save() == nil {
		_ = s.log.Trim(s.c.Head - 1)
	}
}

// clockSet is how far wall clock and time since boot must part to be called a
// clock that was set; less may be a suspended machine.
const clockSet = 60 * 24 * time.Hour

// watchClock notes when the wall clock was set while we ran: machines that
// start in 1970 learn the year later, and their reports are not that old.
func (s *Spool) watchClock(now time.Time) {
	drift := s.drift(now)
	if by := drift - s.seen; by.Abs() > clockSet {
		s.steps = append(s.steps, step{s.c.Next, by})
	}
	s.seen = drift
}

// drift changes when the wall clock is set. It saturates after 292 years.
func (s *Spool) drift(now time.Time) time.Duration {
	return now.Round(0).Sub(time.Unix(0, 0)) - s.o.Elapsed()
}

// old says whether a report is too old to be kept. One from before this
// program was written comes from a clock that was not set.
func (s *Spool) old(now time.Time, seq uint64, added time.Time) bool {
	if added.Year() < 2026 {
		return false
	}
	age := now.Round(0).Sub(added.Round(0))
	for _, x := range s.steps {
		if seq < x.below {
			age -= x.by
		}
	}
	return age > s.o.MaxAge
}
