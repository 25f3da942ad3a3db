package segment

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Options of a Log. Zero fields take the defaults.
type Options struct {
	SegmentBytes    int64 // a file is full at this size; 1 MiB
	MaxRecord       int   // largest payload in bytes; 8 MiB
	QuarantineFiles int   // at most this many are kept; 8
	FS              FS    // OS()
}

func (o Options) filled() Options {
	o.SegmentBytes = cmp.Or(o.SegmentBytes, 1<<20)
	o.MaxRecord = cmp.Or(o.MaxRecord, 8<<20)
	o.QuarantineFiles = cmp.Or(o.QuarantineFiles, 8)
	if o.FS == nil {
		o.FS = OS()
	}
	return o
}

// Recovery is what Open found at the end of the log.
type Recovery struct {
	Records int   // whole records in the newest segment
	Torn    int64 // bytes of an unfinished write that were cut off
	Damaged int   // stretches of the newest segment that could not be read
	// Next is the smallest id that no readable or damaged record has. Where
	// everything was trimmed away, the caller must know better.
	Next uint64
}

// Info describes one segment.
type Info struct {
	First  uint64 // id of its first record
	Last   uint64 // no record in it has a higher id
	Bytes  int64
	Active bool // still appended to
}

// Damage counts what could not be read since Open.
type Damage struct {
	Stretches int   // each of one or more records
	Bytes     int64 // of them
}

// Log is an open log. All methods may be called at any time by anyone.
type Log struct {
	dir  string
	o    Options
	lock io.Closer

	writing sync.Mutex // held by the one that changes files; taken before mu
	buf     []byte     // guarded by writing

	mu      sync.Mutex
	segs    []*seg // oldest first
	active  *seg   // the last of segs while it is appended to, else nil
	newest  uint64
	broken  error
	damage  Damage
	changed chan struct{} // closed at the next append; nil when nobody waits
	doomed  []string      // dropped, but not removed yet
}

// seg is one segment file. All fields are guarded by Log.mu; contents up to
// size are durable and never change.
type seg struct {
	first uint64
	seed  uint32
	name  string
	size  int64
	file  File // open while refs > 0
	refs  int  // readers, and the log itself while it appends
	dead  bool // dropped: to be removed by the last to leave
	known map[int64]bool
}

// Open opens the log in dir, which is made if need be.
func Open(dir string, o Options) (*Log, Recovery, error) {
	l := &Log{dir: dir, o: o.filled()}
	if err := makeDir(l.o.FS, dir); err != nil {
		return nil, Recovery{}, fmt.Errorf("make folder %s: %w", dir, err)
	}
	lock, err := l.o.FS.Lock(filepath.Join(dir, "LOCK"))
	if errors.Is(err, ErrLocked) {
		return nil, Recovery{}, fmt.Errorf("folder %s is %w: stop that one first", dir, err)
	}
	if err != nil {
		return nil, Recovery{}, fmt.Errorf("lock folder %s: %w", dir, err)
	}
	l.lock = lock
	r, err := l.load()
	if err != nil {
		l.Close()
		return nil, r, err
	}
	return l, r, nil
}

func (l *Log) path(name string) string { return filepath.Join(l.dir, name) }

// load lists the segments and makes the end of the newest one whole.
func (l *Log) load() (r Recovery, err error) {
	names, err := l.o.FS.ReadDir(l.dir)
	if err != nil {
		return r, fmt.Errorf("list folder %s: %w", l.dir, err)
	}
	for _, name := range names {
		first, seed, ok := parseSegmentName(name)
		if !ok {
			continue
		}
		s := &seg{first: first, seed: seed, name: name}
		if err := l.measure(s); err != nil {
			return r, err
		}
		l.segs = append(l.segs, s)
	}
	slices.SortFunc(l.segs, func(a, b *seg) int { return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.name, b.name)) })
	r.Next = 1
	for len(l.segs) > 0 && l.active == nil {
		s := l.segs[len(l.segs)-1]
		empty, err := l.mend(s, &r)
		if err != nil {
			return r, err
		}
		r.Next = max(r.Next, s.first)
		if !empty {
			break
		}
		// A crash came between making the file and its first record.
		l.segs = l.segs[:len(l.segs)-1]
		if err := l.o.FS.Remove(l.path(s.name)); err != nil {
			return r, fmt.Errorf("remove empty segment: %w", err)
		}
		if err := l.syncDir(); err != nil {
			return r, err
		}
	}
	return r, nil
}

// measure learns a segment's size and refuses foreign formats.
func (l *Log) measure(s *seg) error {
	f, err := l.o.FS.OpenFile(l.path(s.name), os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("open segment: %w", err)
	}
	defer f.Close()
	if s.size, err = f.Size(); err != nil {
		return fmt.Errorf("size of segment %s: %w", s.name, err)
	}
	var b [fileHead]byte
	if n, err := f.ReadAt(b[:], 0); err == nil || errors.Is(err, io.EOF) {
		return checkFileHead(l.path(s.name), b[:n], s.seed)
	}
	return nil
}

// mend reads the newest segment through, cuts a torn end, and opens it for
// appending. empty: it holds no record.
func (l *Log) mend(s *seg, r *Recovery) (empty bool, err error) {
	if err := l.acquire(s); err != nil {
		return false, err
	}
	defer l.release(s)
	var tail []loss // after the last good record
	sc := l.scanner(s, s.size, func(x loss) { tail = append(tail, x) })
	good := min(fileHead, s.size)
	keep := func() {
		for _, x := range tail {
			if !x.torn {
				r.Damaged++
				l.note(s, x)
			}
		}
		tail = tail[:0]
	}
	records := 0
	for {
		rec, err := sc.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			// A part of the disk cannot be read, now or ever. Nothing is cut
			// and nothing is appended behind it; new ids keep clear of what
			// may stand there. Readers will try again.
			r.Next = max(r.Next, sc.last+1+uint64((s.size-sc.off)/recHead)+1)
			l.newest = max(l.newest, r.Next-1)
			r.Damaged++
			return false, nil
		}
		keep()
		good = sc.off
		l.newest = rec.ID
		records++
	}
	r.Records += records
	r.Next = max(r.Next, l.newest+1)
	if good < s.size {
		r.Next = max(r.Next, l.idsIn(s, good, tail))
		r.Torn += s.size - good
		keep()
		if records > 0 {
			if err := l.cut(s, good); err != nil {
				return false, fmt.Errorf("cut torn end of segment: %w", err)
			}
		}
	}
	l.newest = max(l.newest, r.Next-1)
	if records == 0 {
		return true, nil
	}
	if s.size < l.o.SegmentBytes {
		s.refs++
		l.active = s
	}
	return false, nil
}

// idsIn is the smallest id above those that a damaged end may have held. What
// is merely torn was never acknowledged, so its id may be used again.
func (l *Log) idsIn(s *seg, from int64, tail []loss) uint64 {
	next := max(l.newest+1, s.first)
	for _, x := range tail {
		switch {
		case x.torn:
		case x.id != 0:
			next = max(next, x.id+1)
		default:
			b := make([]byte, min(x.to-x.from, keepBuf))
			if _, err := s.file.ReadAt(b, x.from); err == nil && !zero(b) {
				next += uint64(max(markers(b), 1))
			}
		}
	}
	return next
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// cut shortens a segment for good.
func (l *Log) cut(s *seg, size int64) error {
	if err := s.file.Truncate(size); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return l.fail("sync segment "+s.name, err)
	}
	s.size = size
	return nil
}

// Append writes records with ids above all before them, together: when it
// returns nil they are durable, otherwise none of them will be read before the
// next Open. Errors: NoSpace and others of writing, after which the log goes
// on; ErrBroken, after which it does not; ErrTooLarge.
func (l *Log) Append(recs ...Record) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.append(recs)
}

func (l *Log) append(recs []Record) error {
	l.mu.Lock()
	s, newest, err := l.active, l.newest, l.broken
	l.mu.Unlock()
	if err != nil || len(recs) == 0 {
		return err
	}
	need := int64(0)
	last := newest
	for _, r := range recs {
		if r.ID <= last {
			return fmt.Errorf("append record %d after %d: ids must rise", r.ID, last)
		}
		if len(r.Data) > l.o.MaxRecord {
			return fmt.Errorf("append record of %d bytes, at most %d: %w", len(r.Data), l.o.MaxRecord, ErrTooLarge)
		}
		last = r.ID
		need += recHead + int64(len(r.Data))
	}
	if s != nil && s.size+need > l.o.SegmentBytes {
		l.seal()
		s = nil
	}
	fresh := s == nil
	l.buf = l.buf[:0]
	if fresh {
		var seed [4]byte
		rand.Read(seed[:])
		s = &seg{first: recs[0].ID, seed: binary.LittleEndian.Uint32(seed[:]), refs: 1}
		s.name = segmentName(s.first, s.seed)
		if s.file, err = l.o.FS.OpenFile(l.path(s.name), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600); err != nil {
			return fmt.Errorf("make segment: %w", err)
		}
		l.buf = appendFileHead(l.buf, s.seed)
	}
	l.buf = slices.Grow(l.buf, int(need))
	for _, r := range recs {
		l.buf = appendRecord(l.buf, s.seed, r)
	}
	n, err := s.file.WriteAt(l.buf, s.size)
	if err == nil && n < len(l.buf) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return l.takeBack(s, fresh, fmt.Errorf("write segment %s: %w", s.name, err))
	}
	written := int64(len(l.buf))
	if int64(cap(l.buf)) > max(l.o.SegmentBytes/16, window) {
		l.buf = nil // one large batch must not stay in memory
	}
	if err := s.file.Sync(); err != nil {
		return l.fail("sync segment "+s.name, err)
	}
	if fresh {
		if err := l.syncDir(); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s.size += written
	if fresh {
		l.segs = append(l.segs, s)
		l.active = s
	}
	l.newest = last
	l.wake()
	return nil
}

// takeBack undoes a write that failed. If even that fails, what stands in the
// file may be read as records that nobody was promised, so the log ends.
func (l *Log) takeBack(s *seg, fresh bool, cause error) error {
	if !fresh {
		if err := s.file.Truncate(s.size); err != nil {
			return l.fail("cut back segment "+s.name, errors.Join(err, cause))
		}
		return cause
	}
	s.file.Close()
	if err := l.o.FS.Remove(l.path(s.name)); err != nil {
		return l.fail("remove segment "+s.name, errors.Join(err, cause))
	}
	return cause
}

// fail ends the log.
func (l *Log) fail(act string, cause error) error {
	err := fmt.Errorf("%w: %s: %w", ErrBroken, act, cause)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = err
	}
	l.wake()
	return err
}

func (l *Log) syncDir() error {
	if err := l.o.FS.SyncDir(l.dir); err != nil {
		return l.fail("sync folder "+l.dir, err)
	}
	return nil
}

// wake is called with mu held.
func (l *Log) wake() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// Err is why the log ended, or nil.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

// Wait blocks until there is a record above id, the log ends, or ctx does.
func (l *Log) Wait(ctx context.Context, id uint64) error {
	for {
		l.mu.Lock()
		if l.broken != nil || l.newest > id {
			defer l.mu.Unlock()
			return l.broken
		}
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		c := l.changed
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c:
		}
	}
}

// Seal ends the newest segment, so that Trim can drop it; the next Append
// makes a new one.
func (l *Log) Seal() {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.seal()
}

func (l *Log) seal() {
	l.mu.Lock()
	s := l.active
	l.active = nil
	l.mu.Unlock()
	if s != nil {
		l.release(s)
	}
}

// Trim drops the sealed segments whose ids are all up to id, from the oldest
// on. Whoever keeps a cursor saves it before. A file that cannot be removed is
// tried again at the next Trim; the error says so and is otherwise harmless.
func (l *Log) Trim(id uint64) error {
	l.mu.Lock()
	n := 0
	for n < len(l.segs) && l.segs[n] != l.active && l.lastOf(n) <= id {
		s := l.segs[n]
		s.dead = true
		if s.refs == 0 {
			l.doomed = append(l.doomed, s.name)
		}
		n++
	}
	l.segs = slices.Delete(l.segs, 0, n)
	l.mu.Unlock()
	return l.sweep()
}

// sweep removes files that were dropped.
func (l *Log) sweep() error {
	l.mu.Lock()
	names := l.doomed
	l.doomed = nil
	l.mu.Unlock()
	var errs []error
	for _, name := range names {
		if err := l.o.FS.Remove(l.path(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fmt.Errorf("remove segment: %w", err))
			l.mu.Lock()
			l.doomed = append(l.doomed, name)
			l.mu.Unlock()
		}
	}
	return errors.Join(errs...)
}

// lastOf bounds the ids of a segment. Called with mu held.
func (l *Log) lastOf(i int) uint64 {
	for _, next := range l.segs[i+1:] {
		if next.first > l.segs[i].first {
			return next.first - 1
		}
	}
	return l.newest
}

// Segments lists the segments, oldest first.
func (l *Log) Segments() []Info {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]Info, len(l.segs))
	for i, s := range l.segs {
		list[i] = Info{First: s.first, Last: l.lastOf(i), Bytes: s.size, Active: s == l.active}
	}
	return list
}

// Bytes is the size of all segments together.
func (l *Log) Bytes() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := int64(0)
	for _, s := range l.segs {
		n += s.size
	}
	return n
}

// Oldest is the id with which the oldest segment began, or 0.
func (l *Log) Oldest() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.segs) == 0 {
		return 0
	}
	return l.segs[0].first
}

// Newest is the highest id that was ever used as far as the log knows: that
// of the last record, or one that a damaged end may have held.
func (l *Log) Newest() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.newest
}

// Damage counts what was found unreadable since Open.
func (l *Log) Damage() Damage {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.damage
}

// Dir is the folder.
func (l *Log) Dir() string { return l.dir }

// FS is the file system in use, for those that keep a state beside the log.
func (l *Log) FS() FS { return l.o.FS }

// Close lets go of the folder. Everything appended is durable already.
func (l *Log) Close() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.seal()
	l.mu.Lock()
	if l.broken == nil {
		l.broken = ErrClosed
	}
	lock := l.lock
	l.lock = nil
	l.wake()
	l.mu.Unlock()
	if lock == nil {
		return nil
	}
	return lock.Close()
}
