package spool

import (
	"math/rand/v2"
	"os"
	"time"
)

// reserveEvery is how long after a failure the reserve is tried again.
const reserveEvery = time.Minute

// reserve sets room aside, if it is not and can be. Failing is no error: it is
// tried again.
func (s *Spool) reserve() {
	now := s.o.Now()
	if s.reserved || !s.reserveTried.IsZero() && now.Sub(s.reserveTried) < reserveEvery {
		return
	}
	s.reserveTried = now
	f, err := s.o.FS.OpenFile(s.path("reserve"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return
	}
	size, err := f.Size()
	// Bytes that do not compress, or some file systems would keep nothing free.
	b := make([]byte, 32<<10)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	for ; err == nil && size < s.o.Reserve; size += int64(len(b)) {
		_, err = f.WriteAt(b, size)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = s.o.FS.Remove(s.path("reserve"))
		return
	}
	s.reserved = true
}

// release gives the reserved room back to the disk.
func (s *Spool) release() bool {
	if !s.reserved {
		return false
	}
	s.reserved = false
	s.reserveTried = s.o.Now()
	return s.o.FS.Remove(s.path("reserve")) == nil
}
