// Package utmp reads the records of who is and was signed in: /run/utmp,
// /var/log/wtmp (utmp(5)). It is for several readers: of sessions, of users,
// and of how a run of the machine ended.
//
// It owns the two layouts that Linux has. It must not know what a record means
// to its readers.
package utmp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"time"
)

// The types of records that matter (utmp(5)).
const (
	RunLevel = 1 // with the user "shutdown": the machine goes down
	Boot     = 2 // the machine started
	Login    = 6 // a terminal waits for somebody
	User     = 7 // somebody is signed in
	Dead     = 8 // and went
)

// Record is one record. Texts come from whoever signed in.
type Record struct {
	Type    int
	PID     int
	Line    string // terminal without /dev/, or :0
	ID      string
	User    string
	Host    string
	Session int
	At      time.Time
}

// Sizes of a record. Most 64-bit architectures keep the times of 32 bits that
// their 32-bit forerunners had; those without a forerunner, such as arm64 and
// riscv64, do not (glibc, __WORDSIZE_TIME64_COMPAT32).
const (
	Short = 384
	Long  = 400
)

// Parse reads one record of either size.
func Parse(b []byte) (Record, bool) {
	if len(b) != Short && len(b) != Long {
		return Record{}, false
	}
	le := binary.LittleEndian
	r := Record{
		Type: int(int16(le.Uint16(b))), PID: int(int32(le.Uint32(b[4:]))),
		Line: text(b[8:40]), ID: text(b[40:44]), User: text(b[44:76]), Host: text(b[76:332]),
	}
	var s, us int64
	if len(b) == Short {
		r.Session = int(int32(le.Uint32(b[336:])))
		s, us = int64(le.Uint32(b[340:])), int64(le.Uint32(b[344:]))
	} else {
		r.Session = int(int64(le.Uint64(b[336:])))
		s, us = int64(le.Uint64(b[344:])), int64(le.Uint64(b[352:]))
	}
	if r.Type < 0 || r.Type > 9 || s < 0 || s > 1<<36 || us < 0 || us >= 1e6 {
		return Record{}, false
	}
	if s > 0 {
		r.At = time.Unix(s, us*1000).UTC()
	}
	return r, true
}

// text is what stands before the first zero, if it is text.
func text(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	for _, c := range b {
		if c < ' ' || c == 0x7f {
			return ""
		}
	}
	return string(bytes.ToValidUTF8(b, nil))
}

// Layout tells the size of records by the first ones: only in their own size
// do several in a row make sense.
func Layout(b []byte) int {
	for _, size := range []int{Short, Long} {
		good, n := 0, 0
		for at := 0; at+size <= len(b) && n < 4; at += size {
			n++
			if r, ok := Parse(b[at : at+size]); ok && r.Type > 0 && !r.At.IsZero() && r.At.Year() > 1990 {
				good++
			}
		}
		if n > 0 && good == n {
			return size
		}
	}
	return 0
}

// ErrLayout says that a file holds no records of utmp(5), such as the empty
// one that musl's systems have.
var ErrLayout = errors.New("no records of a known size")

// Each reads records of a file from an offset on, at most most of them, and
// answers the offset behind the last.
func Each(r io.ReaderAt, from int64, most int, each func(Record)) (int64, error) {
	head := make([]byte, 4*Long)
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return from, err
	}
	if n == 0 {
		return 0, nil
	}
	size := Layout(head[:n])
	if size == 0 {
		return from, ErrLayout
	}
	from -= from % int64(size)
	buf := make([]byte, 20*size)
	for most > 0 {
		n, err := r.ReadAt(buf[:min(20, most)*size], from)
		for at := 0; at+size <= n; at += size {
			if rec, ok := Parse(buf[at : at+size]); ok {
				each(rec)
			}
			from += int64(size)
			most--
		}
		if errors.Is(err, io.EOF) || err == nil && n < size {
			return from, nil
		}
		if err != nil {
			return from, err
		}
	}
	return from, nil
}

// Tail is the offset of the last most records of a file of some size.
func Tail(length int64, most int) int64 {
	return max(length-int64(most)*Long, 0)
}
