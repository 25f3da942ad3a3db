// Package journaltest writes files of systemd's journal for tests, without the
// hash tables that a reader of entries in order does not look at.
package journaltest

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

var le = binary.LittleEndian

// The states of a file.
const (
	Offline = iota
	Online
	Archived
)

// The format, once more: tests shall not believe the reader's constants.
const (
	headerNow      = 272
	objectHead     = 16
	dataHead       = 64
	entryHead      = 64
	arrayHead      = 24
	typeData       = 1
	typeEntry      = 3
	typeEntryArray = 6
	flagZSTD       = 4 // of an object
	withKeyedHash  = 4
	withZSTD       = 8
	withCompact    = 16
)

// Writer makes a file as journald does.
type Writer struct {
	b       []byte
	State   int
	Seqnum  [16]byte
	Boot    [16]byte
	compact bool
	zstd    bool
	data    map[string]uint64
	arrays  []uint64 // offsets
	rooms   []int
	filled  int // of the last array
	entries uint64
	first   uint64
	last    uint64
	firstAt time.Time
	lastAt  time.Time
}

// New begins a file: its numbers' id begins with id, that of the start of the
// machine with 7.
func New(id byte, compact, packed bool) *Writer {
	w := &Writer{b: make([]byte, headerNow), compact: compact, zstd: packed, data: map[string]uint64{}, State: Online}
	w.Seqnum[0], w.Boot[0] = id, 7
	return w
}

func (w *Writer) object(kind, flags byte, body []byte) uint64 {
	at := uint64(len(w.b))
	o := make([]byte, 16, 16+len(body))
	o[0], o[1] = kind, flags
	le.PutUint64(o[8:], uint64(16+len(body)))
	w.b = append(append(w.b, o...), body...)
	for len(w.b)%8 != 0 {
		w.b = append(w.b, 0)
	}
	return at
}

func (w *Writer) field(s string) uint64 {
	if at, ok := w.data[s]; ok {
		return at
	}
	head := dataHead - 16
	if w.compact {
		head += 8
	}
	payload, flags := []byte(s), byte(0)
	if w.zstd && len(s) >= 512 {
		e, _ := zstd.NewWriter(nil)
		payload, flags = e.EncodeAll(payload, nil), flagZSTD
	}
	at := w.object(typeData, flags, append(make([]byte, head), payload...))
	w.data[s] = at
	return at
}

// Add writes an entry with fields as NAME=value.
func (w *Writer) Add(number uint64, at time.Time, fields ...string) {
	var items []byte
	for _, f := range fields {
		o := w.field(f)
		if w.compact {
			items = le.AppendUint32(items, uint32(o))
		} else {
			items = le.AppendUint64(le.AppendUint64(items, o), 0)
		}
	}
	head := make([]byte, entryHead-16)
	le.PutUint64(head[0:], number)
	le.PutUint64(head[8:], uint64(at.UnixMicro()))
	le.PutUint64(head[16:], 1_000_000*number)
	copy(head[24:], w.Boot[:])
	w.link(w.object(typeEntry, 0, append(head, items...)))
	if w.entries++; w.entries == 1 {
		w.first, w.firstAt = number, at
	}
	w.last, w.lastAt = number, at
}

func (w *Writer) item() int {
	if w.compact {
		return 4
	}
	return 8
}

func (w *Writer) link(entry uint64) {
	if n := len(w.arrays); n == 0 || w.filled == w.rooms[n-1] {
		room := 4
		if n > 0 {
			room = 2 * w.rooms[n-1]
		}
		at := w.object(typeEntryArray, 0, make([]byte, 8+room*w.item()))
		if n > 0 {
			le.PutUint64(w.b[w.arrays[n-1]+16:], at)
		}
		w.arrays, w.rooms, w.filled = append(w.arrays, at), append(w.rooms, room), 0
	}
	slot := w.arrays[len(w.arrays)-1] + arrayHead + uint64(w.filled*w.item())
	if w.compact {
		le.PutUint32(w.b[slot:], uint32(entry))
	} else {
		le.PutUint64(w.b[slot:], entry)
	}
	w.filled++
}

// Bytes is the file as it stands.
func (w *Writer) Bytes() []byte {
	b := bytes.Clone(w.b)
	copy(b, "LPKSHHRH")
	flags := uint32(withKeyedHash)
	if w.compact {
		flags |= withCompact
	}
	if w.zstd {
		flags |= withZSTD
	}
	le.PutUint32(b[12:], flags)
	b[16] = byte(w.State)
	copy(b[72:], w.Seqnum[:])
	le.PutUint64(b[88:], headerNow)
	le.PutUint64(b[152:], w.entries)
	le.PutUint64(b[160:], w.last)
	le.PutUint64(b[168:], w.first)
	if len(w.arrays) > 0 {
		le.PutUint64(b[176:], w.arrays[0])
	}
	le.PutUint64(b[184:], uint64(w.firstAt.UnixMicro()))
	le.PutUint64(b[192:], uint64(w.lastAt.UnixMicro()))
	// journald sets room aside beyond what is written.
	return append(b, make([]byte, 4096)...)
}

// Save writes the file to a folder.
func (w *Writer) Save(t testing.TB, dir, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), w.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}
