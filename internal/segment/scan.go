package segment

import (
	"bytes"
	"errors"
	"io"
)

const (
	window  = 16 << 10 // what is read at a time: the agent has little memory
	keepBuf = 64 << 10 // a buffer that had to grow beyond this is not kept
)

// loss is a stretch of a segment that holds no readable record.
type loss struct {
	from, to int64
	id       uint64 // of the record, if its head could be read; else 0
	torn     bool   // the file ends within a record
}

// scanner reads the records of one segment in order and skips what is damaged.
type scanner struct {
	src       io.ReaderAt
	seed      uint32
	maxRecord int
	off, end  int64
	last      uint64 // ids are above this one …
	limit     uint64 // … and below this one, unless it is 0
	want      uint64 // records below need not be checked or given
	lost      func(loss)

	buf []byte // bytes of src from at on
	at  int64
}

// next is the next record, io.EOF at the end, or an error of the disk. After
// either it may be called again. Data is valid until then.
func (s *scanner) next() (Record, error) {
	for s.off < s.end {
		b, err := s.fill(s.off, recHead)
		if err != nil {
			return Record{}, err
		}
		h, ok := parseHead(b, s.seed, s.maxRecord)
		switch {
		case !ok && len(b) < recHead:
			s.lose(loss{to: s.end, torn: true})
			continue
		case !ok:
			to, err := s.resync(s.off + 1)
			if err != nil {
				return Record{}, err
			}
			s.lose(loss{to: to})
			continue
		}
		size := int64(recHead + h.length)
		if s.off+size > s.end {
			s.lose(loss{to: s.end, id: h.id, torn: true})
			continue
		}
		if !s.fits(h.id) {
			s.lose(loss{to: s.off + size, id: h.id})
			continue
		}
		if h.id < s.want {
			s.last = h.id
			s.off += size
			continue
		}
		if b, err = s.fill(s.off, int(size)); err != nil {
			return Record{}, err
		}
		s.last = h.id
		if !bodyHolds(b, s.seed) {
			s.lose(loss{to: s.off + size, id: h.id})
			continue
		}
		s.off += size
		return Record{ID: h.id, Flags: h.flags, Data: b[recHead:size]}, nil
	}
	return Record{}, io.EOF
}

// fits says whether an id can stand here. What was written is always in order;
// a record out of order is a leftover.
func (s *scanner) fits(id uint64) bool { return id > s.last && (s.limit == 0 || id < s.limit) }

func (s *scanner) lose(l loss) {
	l.from = s.off
	s.off = l.to
	if s.lost != nil {
		s.lost(l)
	}
}

// resync finds the next head that holds, from off on, or the end.
func (s *scanner) resync(off int64) (int64, error) {
	for off+recHead <= s.end {
		if _, err := s.fill(off, recHead); err != nil {
			return 0, err
		}
		// All that is in memory is searched before more is read.
		b := s.buf[off-s.at:]
		i := bytes.Index(b, []byte(marker))
		if i < 0 {
			off += int64(len(b) - len(marker) + 1)
			continue
		}
		off += int64(i)
		b, err := s.fill(off, recHead)
		if err != nil {
			return 0, err
		}
		if h, ok := parseHead(b, s.seed, s.maxRecord); ok && s.fits(h.id) {
			return off, nil
		}
		off++
	}
	return s.end, nil
}

// fill gives n bytes at off, fewer where the segment ends.
func (s *scanner) fill(off int64, n int) ([]byte, error) {
	n = int(min(int64(n), s.end-off))
	if off >= s.at && off+int64(n) <= s.at+int64(len(s.buf)) {
		return s.buf[off-s.at:][:n], nil
	}
	m := int(min(int64(max(n, window)), s.end-off))
	if cap(s.buf) < m || cap(s.buf) > keepBuf && m <= keepBuf {
		s.buf = make([]byte, 0, max(m, window))
	}
	s.at = off
	s.buf = s.buf[:m]
	got, err := s.src.ReadAt(s.buf, off)
	if got < m {
		s.buf = s.buf[:0]
		if err == nil || errors.Is(err, io.EOF) {
			// The file is shorter than what was written to it.
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return s.buf[:n], nil
}
