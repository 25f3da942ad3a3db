package outbox

import "time"

// Stats of an outbox.
type Stats struct {
	Bytes   int64 // of segment files, those kept for replay included
	Limit   int64
	Fill    float64 // as Outbox.Fill
	Early   int     // segments that were not kept for Options.Keep, for want of room
	Damaged int     // unreadable stretches met since Open
	Sinks   []SinkStats
}

// SinkStats is how far one sink is behind.
type SinkStats struct {
	Name     string
	Records  uint64        // not done
	Bytes    int64         // of these, about
	Age      time.Duration // of the oldest of them
	Poisoned uint64        // put aside since the outbox was made
}

// Stats of now.
func (b *Outbox) Stats() Stats {
	now := b.o.Now()
	newest := b.log.Newest()
	segs := b.log.Segments()
	st := Stats{Bytes: b.log.Bytes(), Limit: b.o.MaxBytes, Fill: b.Fill(), Damaged: b.log.Damage().Stretches}
	b.mu.Lock()
	st.Early = b.early
	for _, c := range b.cursors {
		s := SinkStats{Name: c.sink.Name, Poisoned: c.poisoned}
		if newest > c.done {
			s.Records = newest - c.done
		}
		for _, g := range segs {
			if g.Last > c.done {
				left := g.Last - max(c.done, g.First-1)
				s.Bytes += int64(float64(g.Bytes) * float64(left) / float64(g.Last-g.First+1))
			}
		}
		st.Sinks = append(st.Sinks, s)
	}
	done := make([]uint64, len(b.cursors))
	for i, c := range b.cursors {
		done[i] = c.done
	}
	b.mu.Unlock()
	for i := range st.Sinks {
		if st.Sinks[i].Records > 0 {
			st.Sinks[i].Age = max(now.Sub(b.appended(done[i]+1)), 0)
		}
	}
	return st
}

// appended is when a record was appended: within a second if that was lately,
// else when its segment was begun.
func (b *Outbox) appended(id uint64) time.Time {
	b.mu.Lock()
	for i := len(b.marks) - 1; i >= 0; i-- {
		if b.marks[i].id <= id {
			defer b.mu.Unlock()
			return b.marks[i].at
		}
	}
	b.mu.Unlock()
	for _, g := range b.log.Segments() {
		if g.Last < id {
			continue
		}
		r := b.log.Reader(g.First)
		defer r.Close()
		if rec, err := r.Next(); err == nil {
			return time.Unix(int64(rec.Flags), 0)
		}
		break
	}
	return b.o.Now()
}
