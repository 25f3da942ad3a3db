package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"muster/internal/order"
)

// Mark is how far a journal was read. Numbers are counted by each writer of
// files on its own: the key is the name of the file without what rotation
// added, and the id of its numbers.
type Mark struct {
	Read map[string]uint64 `json:"read,omitempty"`
	At   time.Time         `json:"at,omitzero"` // newest entry read: where a file begins that no number is known of
}

// Clone is a copy that shares nothing.
func (m Mark) Clone() Mark {
	c := Mark{Read: make(map[string]uint64, len(m.Read)), At: m.At}
	for k, v := range m.Read {
		c.Read[k] = v
	}
	return c
}

// Bounds of reading.
const (
	// maxFiles bounds a folder, maxKeys what is kept of vanished ones.
	maxFiles = 2000
	maxKeys  = 256
	// maxOpen is how many files that are being written to are followed: the
	// system's own, and one for each user who writes.
	maxOpen = 32
	// MaxBacklog is how many entries of a file are made up for at most.
	MaxBacklog = 300_000
	// relist is how often a folder is looked at anew.
	relist = time.Minute
	// maxDamaged is after how many damaged entries in a row a file is given up.
	maxDamaged = 64
)

// Source is an open file.
type Source interface {
	io.ReaderAt
	io.Closer
}

// Reader follows the files of one journal. It is used from one goroutine.
type Reader struct {
	List func() ([]string, error) // paths of all files, in any order
	Open func(name string) (Source, error)
	Mark Mark

	listed time.Time
	done   map[string]bool // files that nobody writes to any more and that are read
	tails  []*tail
}

// tail is a file that is open.
type tail struct {
	name, key string
	src       Source
	f         *File
	live      bool
}

// Outcome of a pass.
type Outcome struct {
	Entries int
	More    bool   // there is more to read now
	TooOld  bool   // entries before the time given were passed over
	TooMany uint64 // as were so many, about, because they are too many
	Damaged int    // places that could not be read
	Denied  bool   // at least one file may not be read
	Sealed  uint64 // fields that were asked for and are compressed with xz, which is not read
}

// Pass reads what is new, oldest files first: at most most entries, none older
// than from. Each must not keep the entry.
func (r *Reader) Pass(ctx context.Context, now, from time.Time, most int, each func(Entry)) (Outcome, error) {
	var out Outcome
	if r.Mark.Read == nil {
		r.Mark.Read = map[string]uint64{}
	}
	if r.tails == nil || now.Sub(r.listed) >= relist || now.Before(r.listed) {
		if err := r.list(from, &out); err != nil {
			return out, err
		}
		r.listed = now
	}
	for _, t := range slices.Clone(r.tails) {
		if err := r.drain(ctx, t, most, &out, each); err != nil {
			return out, err
		}
		if out.More {
			return out, ctx.Err()
		}
	}
	return out, ctx.Err()
}

// Close gives back what is open.
func (r *Reader) Close() {
	for _, t := range r.tails {
		t.src.Close()
	}
	r.tails = nil
}

// stem is a file's name without what rotation added: "system" of
// system@0123…-0001-0002.journal and of system.journal.
func stem(name string) (s string, live bool) {
	base := path.Base(name)
	s = strings.TrimSuffix(strings.TrimSuffix(base, "~"), ".journal")
	if i := strings.IndexByte(s, '@'); i >= 0 {
		return s[:i], false
	}
	return s, !strings.HasSuffix(base, "~")
}

// list opens what there is to read.
func (r *Reader) list(from time.Time, out *Outcome) error {
	r.Close()
	names, err := r.List()
	if err != nil {
		return fmt.Errorf("list journal: %w", err)
	}
	names = names[:min(len(names), maxFiles)]
	there := make(map[string]bool, len(names))
	keys := map[string]bool{}
	for _, name := range names {
		there[name] = true
		if r.done[name] {
			continue
		}
		t, err := r.open(name)
		if err != nil {
			if isDenied(err) {
				out.Denied = true
			} else if errors.Is(err, ErrDamaged) {
				r.finish(name)
				out.Damaged++
			}
			continue
		}
		keys[t.key] = true
		if !r.wanted(t, from, out) {
			t.src.Close()
			continue
		}
		r.tails = append(r.tails, t)
	}
	for name := range r.done {
		if !there[name] {
			delete(r.done, name)
		}
	}
	// What lies open is bounded: archived ones are read and closed in turn, the
	// others wait for the next listing.
	order.By(r.tails, func(a, b *tail) int { return cmp.Or(a.f.FirstAt.Compare(b.f.FirstAt), cmp.Compare(a.name, b.name)) })
	for _, t := range r.tails[min(len(r.tails), maxOpen):] {
		t.src.Close()
	}
	r.tails = r.tails[:min(len(r.tails), maxOpen)]
	if len(r.Mark.Read) > maxKeys {
		for k := range r.Mark.Read {
			if !keys[k] && len(r.Mark.Read) > maxKeys/2 {
				delete(r.Mark.Read, k)
			}
		}
	}
	return nil
}

func (r *Reader) finish(name string) {
	if _, live := stem(name); live {
		return
	}
	if r.done == nil {
		r.done = map[string]bool{}
	}
	r.done[name] = true
}

func (r *Reader) open(name string) (*tail, error) {
	src, err := r.Open(name)
	if err != nil {
		return nil, err
	}
	f, err := Open(src)
	if err != nil {
		src.Close()
		return nil, err
	}
	s, live := stem(name)
	return &tail{name: name, key: s + "/" + f.SeqnumID.String(), src: src, f: f, live: live}, nil
}

// wanted stands a file where reading goes on, and says whether it is worth to
// be kept open.
func (r *Reader) wanted(t *tail, from time.Time, out *Outcome) bool {
	last, known := r.Mark.Read[t.key]
	if !t.live && (known && t.f.Last <= last || t.f.LastAt.Before(from)) {
		r.finish(t.name)
		return false
	}
	since := from
	if !known && r.Mark.At.After(from) {
		since = r.Mark.At.Add(time.Microsecond)
	}
	seek := func(is func(uint64, time.Time) bool) uint64 {
		if err := t.f.Seek(is); err != nil {
			out.Damaged++ // from the beginning, then, and the numbers tell
			t.f.at = place{array: t.f.entryArray}
		}
		return t.f.Read()
	}
	begin := uint64(0)
	if known {
		begin = seek(func(n uint64, _ time.Time) bool { return n > last })
	}
	if at := seek(func(n uint64, when time.Time) bool { return (!known || n > last) && !when.Before(since) }); known && at > begin {
		out.TooOld = true
	}
	if left := t.f.Entries - min(t.f.Read(), t.f.Entries); left > MaxBacklog {
		out.TooMany += left - MaxBacklog
		least := t.f.Last - min(t.f.Last, MaxBacklog)
		seek(func(n uint64, _ time.Time) bool { return n > least })
	}
	return true
}

// drain reads a file to its present end.
func (r *Reader) drain(ctx context.Context, t *tail, most int, out *Outcome, each func(Entry)) error {
	if err := t.f.Refresh(); err != nil {
		r.drop(t)
		out.Damaged++
		return nil
	}
	bad := 0
	for {
		if out.Entries >= most || ctx.Err() != nil {
			out.More = true
			return nil
		}
		e, err := t.f.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			out.Damaged++
			if bad++; bad >= maxDamaged {
				r.drop(t)
				r.finish(t.name)
				return nil
			}
			continue
		}
		bad = 0
		if last, known := r.Mark.Read[t.key]; known && e.Number <= last {
			continue
		}
		out.Entries++
		before := t.f.sealed
		each(e)
		out.Sealed += t.f.sealed - before
		r.Mark.Read[t.key] = e.Number
		if e.At.After(r.Mark.At) {
			r.Mark.At = e.At
		}
	}
	switch {
	case !t.live:
		r.drop(t)
		r.finish(t.name)
	case t.f.State == Archived:
		r.drop(t)
		r.listed = time.Time{} // another took its place
	}
	return nil
}

func (r *Reader) drop(t *tail) {
	t.src.Close()
	r.tails = slices.DeleteFunc(r.tails, func(o *tail) bool { return o == t })
}

func isDenied(err error) bool { return errors.Is(err, fs.ErrPermission) }
