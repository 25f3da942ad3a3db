package segment

import (
	"fmt"
	"io"
	"os"
)

// Reader reads a log in order and follows its end. It holds one small buffer,
// which grows to the largest record met. It is for one goroutine.
type Reader struct {
	l    *Log
	s    *seg
	sc   *scanner
	want uint64 // the next record has at least this id
}

// Reader begins at the first record whose id is at least from. Close it.
func (l *Log) Reader(from uint64) *Reader { return &Reader{l: l, want: from} }

// Next is the next record, or io.EOF when there is none yet; then, as after an
// error of the disk, it may be called again. Record.Data is valid until then.
// Damaged records are passed over: ids in between are missing.
func (r *Reader) Next() (Record, error) {
	for {
		if r.s == nil {
			if ok, err := r.enter(); err != nil || !ok {
				return Record{}, orEOF(err)
			}
		}
		end, limit, later := r.l.extent(r.s)
		r.sc.end, r.sc.limit = end, limit
		rec, err := r.sc.next()
		if err == nil {
			r.want = rec.ID + 1
			return rec, nil
		}
		if err != io.EOF {
			return Record{}, fmt.Errorf("read segment %s: %w", r.s.name, err)
		}
		if !later {
			return Record{}, io.EOF
		}
		r.leave()
	}
}

// Skip gives up the rest of the segment in which Next failed, so that a bad
// spot of the disk does not block what comes after it.
func (r *Reader) Skip() {
	if r.s == nil {
		// It could not even be opened.
		if s, next := r.l.find(r.want); s != nil {
			r.l.note(s, loss{from: fileHead, to: s.size})
			r.want = max(r.want, next)
		}
		return
	}
	end, limit, _ := r.l.extent(r.s)
	r.l.note(r.s, loss{from: r.sc.off, to: end})
	r.sc.off = end
	if limit != 0 {
		r.want = max(r.want, limit)
	}
}

// Close lets go of the file.
func (r *Reader) Close() {
	if r.s != nil {
		r.leave()
	}
}

func orEOF(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

// enter opens the segment in which the wanted record is.
func (r *Reader) enter() (bool, error) {
	s, err := r.l.at(r.want)
	if s == nil || err != nil {
		return false, err
	}
	r.s = s
	end, _, _ := r.l.extent(s) // it may grow meanwhile
	r.sc = r.l.scanner(s, end, func(x loss) { r.l.note(s, x) })
	r.sc.want = r.want
	return true, nil
}

func (r *Reader) leave() {
	// The next segment begins above all ids of this one.
	if _, limit, _ := r.l.extent(r.s); limit != 0 {
		r.want = max(r.want, limit)
	}
	r.l.release(r.s)
	r.s, r.sc = nil, nil
}

func (l *Log) scanner(s *seg, end int64, lost func(loss)) *scanner {
	return &scanner{src: s.file, seed: s.seed, maxRecord: l.o.MaxRecord, off: fileHead, end: end, lost: lost}
}

// at finds and opens the segment that holds id, or else the next one.
func (l *Log) at(id uint64) (*seg, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, _ := l.locate(id)
	if s == nil {
		return nil, nil
	}
	return s, l.open(s)
}

// find is at without opening; next is the id with which the one after begins.
func (l *Log) find(id uint64) (s *seg, next uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.locate(id)
}

func (l *Log) locate(id uint64) (*seg, uint64) {
	for i, s := range l.segs {
		if last := l.lastOf(i); last >= id {
			return s, last + 1
		}
	}
	return nil, 0
}

// extent is how far a segment is durable, the id that its ids stay below if a
// later segment tells, and whether there is one.
func (l *Log) extent(s *seg) (end int64, limit uint64, later bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.segs {
		if o.first > s.first {
			return s.size, o.first, true
		}
	}
	// Dropped with all that was there: whatever comes next stands in a new one.
	return s.size, 0, s.dead
}

func (l *Log) acquire(s *seg) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open(s)
}

// open is called with mu held.
func (l *Log) open(s *seg) error {
	if s.refs == 0 {
		f, err := l.o.FS.OpenFile(l.path(s.name), os.O_RDWR, 0)
		if err != nil {
			return fmt.Errorf("open segment: %w", err)
		}
		s.file = f
	}
	s.refs++
	return nil
}

// release lets go of a segment; the last one closes it, and removes it if it
// was dropped meanwhile: Windows removes no open file.
func (l *Log) release(s *seg) {
	l.mu.Lock()
	s.refs--
	if s.refs > 0 {
		l.mu.Unlock()
		return
	}
	f, dead := s.file, s.dead
	s.file = nil
	l.mu.Unlock()
	f.Close()
	if !dead {
		return
	}
	l.mu.Lock()
	l.doomed = append(l.doomed, s.name)
	l.mu.Unlock()
	_ = l.sweep() // what fails is tried again by the next Trim
}
