// Package journal reads the files of systemd's journal as they lie on the
// disk, without libsystemd: entries in order, from a place that is kept over
// restarts, through rotated and damaged files, in bounded memory.
//
// It owns the format of the files (systemd, docs/JOURNAL_FILE_FORMAT.md) and
// which files follow each other. It must not know what an entry means.
package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrDamaged wraps what is wrong with a file.
var ErrDamaged = errors.New("journal file is damaged")

func damaged(format string, a ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, a...))
}

// ID is a 128-bit id of systemd.
type ID [16]byte

// State of a file.
type State uint8

// The states. A file that is Online while nobody writes to it was not closed.
const (
	Offline State = iota
	Online
	Archived
)

// Header is what is used of a file's beginning.
type Header struct {
	State      State
	SeqnumID   ID     // entries with equal ids are numbered together
	Entries    uint64 // in this file
	First      uint64 // number of the first entry
	Last       uint64 // and of the last
	FirstAt    time.Time
	LastAt     time.Time
	incompat   uint32
	size       uint64
	entryArray uint64
}

// Flags of the header (incompatible ones) and of objects.
const (
	withXZ = 1 << iota
	withLZ4
	keyedHash
	withZSTD
	compact
)

const (
	objectXZ = 1 << iota
	objectLZ4
	objectZSTD
)

const (
	headerLeast = 208 // up to tail_entry_monotonic, in every version
	headerMost  = 1 << 12

	typeData       = 1
	typeEntry      = 3
	typeEntryArray = 6

	// maxObject bounds one object. Fields of 64 MiB are possible and never of
	// use here; only their beginning is read.
	maxObject = 768 << 20
	maxItems  = 1024 // fields of an entry (journald: 1024)
	maxArrays = 256  // arrays grow by doubling
)

var le = binary.LittleEndian

func parseHeader(b []byte) (Header, error) {
	var h Header
	if len(b) < headerLeast {
		return h, damaged("%d bytes are no header", len(b))
	}
	if string(b[:8]) != "LPKSHHRH" {
		return h, damaged("no signature")
	}
	h.incompat = le.Uint32(b[12:])
	if unknown := h.incompat &^ (withXZ | withLZ4 | keyedHash | withZSTD | compact); unknown != 0 {
		return h, fmt.Errorf("journal file has features %#x that are not known: %w", unknown, errors.ErrUnsupported)
	}
	h.State = State(b[16])
	copy(h.SeqnumID[:], b[72:])
	h.size = le.Uint64(b[88:])
	if h.size < headerLeast || h.size > headerMost {
		return h, damaged("header of %d bytes", h.size)
	}
	h.Entries = le.Uint64(b[152:])
	h.Last = le.Uint64(b[160:])
	h.First = le.Uint64(b[168:])
	h.entryArray = le.Uint64(b[176:])
	h.FirstAt = micro(le.Uint64(b[184:]))
	h.LastAt = micro(le.Uint64(b[192:]))
	return h, nil
}

// micro is a time in microseconds since 1970; what no clock can say is zero.
func micro(n uint64) time.Time {
	if n == 0 || n > 1<<53 {
		return time.Time{}
	}
	return time.UnixMicro(int64(n)).UTC()
}

// File is one open file. It is used from one goroutine.
type File struct {
	Header
	r     io.ReaderAt
	cache cache
	at    place

	// Data objects never change, and most entries refer to the same few: those
	// whose field nobody wants are known by their offset.
	boring [1024]uint64
	sealed uint64 // fields that were asked for and cannot be unpacked
}

// place is where the next entry stands.
type place struct {
	array uint64 // offset of the array
	index uint64 // in it
	count uint64 // entries before it in the file
}

// Open reads the header and stands before the first entry.
func Open(r io.ReaderAt) (*File, error) {
	f := &File{r: r}
	f.cache.r = r
	if err := f.Refresh(); err != nil {
		return nil, err
	}
	f.at = place{array: f.entryArray}
	return f, nil
}

// Refresh reads the header again: what was written since can be read then.
func (f *File) Refresh() error {
	f.cache.forget()
	b, err := f.cache.get(0, headerLeast)
	if err != nil {
		return err
	}
	h, err := parseHeader(b)
	if err != nil {
		return err
	}
	f.Header = h
	if f.at.array == 0 {
		f.at.array = h.entryArray
	}
	return nil
}

// Read says how many entries were passed.
func (f *File) Read() uint64 { return f.at.count }

// object reads the first n bytes of an object and checks its type.
func (f *File) object(at uint64, kind byte, n int) (b []byte, size uint64, err error) {
	if at < f.size || at%8 != 0 || at > 1<<50 {
		return nil, 0, damaged("no object can be at %d", at)
	}
	b, err = f.cache.get(int64(at), n)
	if err != nil {
		return nil, 0, err
	}
	if b[0] != kind {
		return nil, 0, damaged("object of type %d at %d, want %d", b[0], at, kind)
	}
	size = le.Uint64(b[8:])
	if size < uint64(n) || size > maxObject {
		return nil, 0, damaged("object of %d bytes at %d", size, at)
	}
	return b, size, nil
}

func (f *File) item() uint64 {
	if f.incompat&compact != 0 {
		return 4
	}
	return 8
}

const arrayHead = 24 // object header and next array

// array reads the head of an array of entries.
func (f *File) array(at uint64) (next, room uint64, err error) {
	b, size, err := f.object(at, typeEntryArray, arrayHead)
	if err != nil {
		return 0, 0, err
	}
	next = le.Uint64(b[16:])
	if next != 0 && next <= at {
		return 0, 0, damaged("arrays of entries go in a circle at %d", at)
	}
	return next, (size - arrayHead) / f.item(), nil
}

// slot reads the offset of an entry; 0 is one that is not written yet.
func (f *File) slot(array, index uint64) (uint64, error) {
	n := f.item()
	b, err := f.cache.get(int64(array+arrayHead+index*n), int(n))
	if err != nil {
		return 0, err
	}
	if n == 4 {
		return uint64(le.Uint32(b)), nil
	}
	return le.Uint64(b), nil
}

// Next gives the next entry, io.EOF when there is none yet. After an error
// that wraps ErrDamaged the damaged entry is passed; further calls go on
// behind it as far as that is possible.
func (f *File) Next() (Entry, error) {
	for {
		if f.at.array == 0 || f.at.count >= f.Entries {
			return Entry{}, io.EOF
		}
		next, room, err := f.array(f.at.array)
		if err != nil {
			f.at.count = f.Entries // nothing behind can be found
			return Entry{}, err
		}
		if f.at.index >= room {
			if next == 0 {
				return Entry{}, io.EOF
			}
			f.at.array, f.at.index = next, 0
			continue
		}
		at, err := f.slot(f.at.array, f.at.index)
		if err != nil {
			f.at.count = f.Entries
			return Entry{}, err
		}
		if at == 0 {
			return Entry{}, io.EOF
		}
		f.at.index++
		f.at.count++
		return f.entry(at)
	}
}

// Seek stands before the first entry for which is holds. Entries are ordered
// by number, and nearly so by time.
func (f *File) Seek(is func(number uint64, at time.Time) bool) error {
	test := func(array, index uint64) (bool, error) {
		at, err := f.slot(array, index)
		if err != nil || at == 0 {
			return true, err
		}
		b, _, err := f.object(at, typeEntry, entryHead)
		if err != nil {
			return false, err
		}
		return is(le.Uint64(b[16:]), micro(le.Uint64(b[24:]))), nil
	}
	p := place{array: f.entryArray}
	room, left := uint64(0), f.Entries
	for a, before, n := f.entryArray, uint64(0), 0; a != 0 && left > 0 && n < maxArrays; n++ {
		next, size, err := f.array(a)
		if err != nil {
			return err
		}
		behind, err := test(a, 0)
		if err != nil {
			return err
		}
		if behind && n > 0 {
			break
		}
		p, room = place{array: a, count: before}, min(size, left)
		if behind {
			break
		}
		before += room
		left -= room
		a = next
	}
	lo, hi := uint64(0), room
	for lo < hi {
		mid := (lo + hi) / 2
		behind, err := test(p.array, mid)
		if err != nil {
			return err
		}
		if behind {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	p.index = lo
	p.count += lo
	f.at = p
	return nil
}
