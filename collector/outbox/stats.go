package outbox

import "time"

// Stats of an outbox.
type Stats struct {
	Bytes   int64 // of segment files, those kept for replay included
	Limit   int64
	Fill    float64 // as Outbox.Fill
	Early   int     // segments that were not kept for Options.Keep, for want of room
	Damaged int     // unreadable stretches met since Open
	Newest  uint64  // id of the newest record
	Rate    float64 // records appended a second, over the last minute
	Sinks   []SinkStats

	Aside      int    // records put aside that are still kept
	AsideBytes int64  // of them
	AsideLost  uint64 // since Open: let go for want of room, or could not be kept
}

// SinkStats is how far one sink is behind: what it never had. What it is given
// once more after a start is counted apart.
type SinkStats struct {
	Name     string
	Done     uint64        // last id that it has
	Records  uint64        // not done
	Bytes    int64         // of these, about
	Age      time.Duration // of the oldest of them
	Replay   uint64        // records that it had and is still given again
	Poisoned uint64        // put aside since the outbox was made
}

// Stats of now.
func (b *Outbox) Stats() Stats {
	now := b.o.Now()
	newest := b.log.Newest()
	segs := b.log.Segments()
	st := Stats{Bytes: b.log.Bytes(), Limit: b.o.MaxBytes, Fill: b.Fill(), Damaged: b.log.Damage().Stretches, Newest: newest}
	b.aside.mu.Lock()
	st.Aside, st.AsideLost = len(b.aside.list), b.aside.lost
	for _, e := range b.aside.list {
		st.AsideBytes += e.Bytes
	}
	b.aside.mu.Unlock()
	var heads []mark
	b.mu.Lock()
	st.Early = b.early
	st.Rate = b.rate(now, newest)
	for _, c := range b.cursors {
		s := SinkStats{Name: c.sink.Name, Poisoned: c.poisoned, Done: max(c.done, c.had)}
		s.Replay = s.Done - c.done
		if newest > s.Done {
			s.Records = newest - s.Done
		}
		for _, g := range segs {
			if g.Last > s.Done {
				left := g.Last - max(s.Done, g.First-1)
				s.Bytes += int64(float64(g.Bytes) * float64(left) / float64(g.Last-g.First+1))
			}
		}
		st.Sinks = append(st.Sinks, s)
		heads = append(heads, c.head)
	}
	b.mu.Unlock()
	for i, s := range st.Sinks {
		switch {
		case s.Records == 0:
		case heads[i].id > s.Done: // a store that takes nothing is given the oldest again and again
			st.Sinks[i].Age = max(now.Sub(heads[i].at), 0)
		default:
			st.Sinks[i].Age = max(now.Sub(b.appended(s.Done+1)), 0)
		}
	}
	return st
}

// rateOver is the time over which Stats.Rate is taken.
const rateOver = time.Minute

// rate is called with mu held.
func (b *Outbox) rate(now time.Time, newest uint64) float64 {
	for _, m := range b.marks {
		if d := now.Sub(m.at); d <= rateOver {
			if m.id > newest {
				break
			}
			// A mark is the first record of its second.
			return float64(newest-m.id+1) / max(d, time.Second).Seconds()
		}
	}
	return 0
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
