// Package segmenttest is a disk in memory for tests of what stands on
// internal/segment: it can fail at any call, run full, and lose power. It owns
// the model of what a crash may leave; it must not know any file format.
package segmenttest

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"muster/internal/segment"
)

// Op is a kind of call.
type Op string

// The calls that can fail.
const (
	Open    Op = "open"
	Create  Op = "create"
	Read    Op = "read"
	Write   Op = "write"
	Cut     Op = "truncate"
	Sync    Op = "sync"
	Remove  Op = "remove"
	Rename  Op = "rename"
	List    Op = "list"
	MakeDir Op = "mkdir"
	SyncDir Op = "syncdir"
	Lock    Op = "lock"
)

// Call is one call, numbered from 1 in the order they came.
type Call struct {
	Op   Op
	Name string
	N    int
}

// Disk is a segment.FS. Its zero value is not usable: use New.
type Disk struct {
	mu     sync.Mutex
	now    map[string]*inode // what a process sees
	later  map[string]*inode // what of the names is durable
	dirs   map[string]bool
	locked map[string]bool
	calls  int
	dead   bool
	fault  func(Call) error
	limit  int64 // bytes, 0 for none
	others int64 // bytes that others use
}

// inode is a file. durable is what of it a power cut leaves for sure.
type inode struct{ data, durable []byte }

var _ segment.FS = (*Disk)(nil)

// New makes an empty disk.
func New() *Disk {
	return &Disk{now: map[string]*inode{}, later: map[string]*inode{}, dirs: map[string]bool{"/": true, ".": true}, locked: map[string]bool{}}
}

// Fault is asked before each call; what it returns is the call's error. A
// failing write writes half.
func (d *Disk) Fault(f func(Call) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = f
}

// FailAt lets call n, counted from now on, fail with err.
func (d *Disk) FailAt(n int, err error) {
	d.mu.Lock()
	n += d.calls
	d.mu.Unlock()
	d.Fault(func(c Call) error {
		if c.N == n {
			return err
		}
		return nil
	})
}

// DieAt cuts the power at call n, counted from now on: it and all later ones
// fail, and nothing they would have done is done, except half a write.
func (d *Disk) DieAt(n int) {
	d.mu.Lock()
	n += d.calls
	d.mu.Unlock()
	d.Fault(func(c Call) error {
		if c.N >= n {
			return errDead
		}
		return nil
	})
}

var errDead = fmt.Errorf("power is off: %w", syscall.EIO)

// Dead says whether DieAt has struck.
func (d *Disk) Dead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

// Calls is how many calls there were.
func (d *Disk) Calls() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls
}

// Limit sets the size of the disk and how much of it others use, in bytes.
func (d *Disk) Limit(size, others int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.limit, d.others = size, others
}

// Used is the bytes of all files.
func (d *Disk) Used() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.used()
}

func (d *Disk) used() int64 {
	n := int64(0)
	for _, f := range d.now {
		n += int64(len(f.data))
	}
	return n
}

// Crash is the disk after a power cut. Without a source of chance, exactly
// what was synced is there; with one, of everything else some is, some is
// not, and some is zeros.
func (d *Disk) Crash(chance *rand.Rand) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := New()
	for dir := range d.dirs {
		c.dirs[dir] = true
	}
	names := map[string]bool{}
	for n := range d.now {
		names[n] = true
	}
	for n := range d.later {
		names[n] = true
	}
	order := make([]string, 0, len(names))
	for n := range names {
		order = append(order, n)
	}
	slices.Sort(order) // so that a seed repeats
	for _, n := range order {
		f := d.later[n]
		if chance != nil && chance.IntN(2) == 0 {
			f = d.now[n]
		}
		if f == nil {
			continue
		}
		b := f.left(chance)
		g := &inode{data: b, durable: bytes.Clone(b)}
		c.now[n], c.later[n] = g, g
	}
	return c
}

// left is what remains of a file's contents.
func (f *inode) left(chance *rand.Rand) []byte {
	if chance == nil || bytes.Equal(f.data, f.durable) {
		return bytes.Clone(f.durable)
	}
	if !bytes.HasPrefix(f.data, f.durable) {
		// Rewritten or cut: the one or the other.
		if chance.IntN(2) == 0 {
			return bytes.Clone(f.data)
		}
		return bytes.Clone(f.durable)
	}
	b := bytes.Clone(f.data[:len(f.durable)+chance.IntN(len(f.data)-len(f.durable)+1)])
	if fresh := b[len(f.durable):]; len(fresh) > 0 && chance.IntN(4) == 0 {
		// The size was written, the contents were not.
		clear(fresh[chance.IntN(len(fresh)):])
	}
	return b
}

// Kill is the disk after the process died and the machine did not: all that
// was written is there.
func (d *Disk) Kill() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := New()
	for dir := range d.dirs {
		c.dirs[dir] = true
	}
	for n, f := range d.now {
		g := &inode{data: bytes.Clone(f.data), durable: bytes.Clone(f.data)}
		c.now[n], c.later[n] = g, g
	}
	return c
}

// Files lists the files below a folder.
func (d *Disk) Files(dir string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	for n := range d.now {
		if strings.HasPrefix(n, filepath.Clean(dir)+string(filepath.Separator)) {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names
}

// Bytes are the contents of a file; changing them is damage.
func (d *Disk) Bytes(name string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.now[filepath.Clean(name)]; f != nil {
		return f.data
	}
	return nil
}

// Put makes a file or replaces its contents, durably.
func (d *Disk) Put(name string, b []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name = filepath.Clean(name)
	d.dirs[filepath.Dir(name)] = true
	f := &inode{data: bytes.Clone(b), durable: bytes.Clone(b)}
	d.now[name], d.later[name] = f, f
}

// call counts and fails. Called with mu held.
func (d *Disk) call(op Op, name string) error {
	d.calls++
	if d.fault == nil {
		return nil
	}
	err := d.fault(Call{op, name, d.calls})
	if err == nil {
		return nil
	}
	if err == errDead {
		d.dead = true
	}
	return &fs.PathError{Op: string(op), Path: name, Err: err}
}

// OpenFile opens or makes a file.
func (d *Disk) OpenFile(name string, flag int, _ fs.FileMode) (segment.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name = filepath.Clean(name)
	f := d.now[name]
	op := Open
	if f == nil && flag&os.O_CREATE != 0 {
		op = Create
	}
	if err := d.call(op, name); err != nil {
		return nil, err
	}
	switch {
	case f == nil && flag&os.O_CREATE == 0, f == nil && !d.dirs[filepath.Dir(name)]:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case f != nil && flag&os.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrExist}
	case f == nil:
		f = &inode{}
		d.now[name] = f
	case flag&os.O_TRUNC != 0:
		f.data = nil
	}
	return &file{d, f, name}, nil
}

// Remove removes a file.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	name = filepath.Clean(name)
	if err := d.call(Remove, name); err != nil {
		return err
	}
	if d.now[name] == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	delete(d.now, name)
	return nil
}

// Rename moves a file over another.
func (d *Disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	from, to = filepath.Clean(from), filepath.Clean(to)
	if err := d.call(Rename, from); err != nil {
		return err
	}
	f := d.now[from]
	if f == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	delete(d.now, from)
	d.now[to] = f
	return nil
}

// ReadDir lists a folder.
func (d *Disk) ReadDir(name string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name = filepath.Clean(name)
	if err := d.call(List, name); err != nil {
		return nil, err
	}
	if !d.dirs[name] {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	var names []string
	for n := range d.now {
		if filepath.Dir(n) == name {
			names = append(names, filepath.Base(n))
		}
	}
	slices.Sort(names)
	return names, nil
}

// MkdirAll makes folders.
func (d *Disk) MkdirAll(name string, _ fs.FileMode) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	name = filepath.Clean(name)
	if err := d.call(MakeDir, name); err != nil {
		return err
	}
	for !d.dirs[name] {
		d.dirs[name] = true
		name = filepath.Dir(name)
	}
	return nil
}

// SyncDir makes the names in a folder durable.
func (d *Disk) SyncDir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	name = filepath.Clean(name)
	if err := d.call(SyncDir, name); err != nil {
		return err
	}
	for n := range d.later {
		if filepath.Dir(n) == name {
			delete(d.later, n)
		}
	}
	for n, f := range d.now {
		if filepath.Dir(n) == name {
			d.later[n] = f
		}
	}
	return nil
}

// Lock takes a lock.
func (d *Disk) Lock(name string) (io.Closer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name = filepath.Clean(name)
	if err := d.call(Lock, name); err != nil {
		return nil, err
	}
	if d.locked[name] {
		return nil, segment.ErrLocked
	}
	d.locked[name] = true
	return unlock(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.locked, name)
	}), nil
}

type unlock func()

func (u unlock) Close() error { u(); return nil }

type file struct {
	d    *Disk
	f    *inode
	name string
}

func (f *file) ReadAt(b []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.call(Read, f.name); err != nil {
		return 0, err
	}
	if off >= int64(len(f.f.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.f.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(b []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	n := len(b)
	if f.d.dead {
		n = 0
	}
	err := f.d.call(Write, f.name)
	if err != nil {
		n /= 2
	}
	if grow := off + int64(n) - int64(len(f.f.data)); f.d.limit > 0 && grow > 0 {
		if over := f.d.used() + f.d.others + grow - f.d.limit; over > 0 {
			n -= int(min(over, int64(n)))
			err = &fs.PathError{Op: "write", Path: f.name, Err: syscall.ENOSPC}
		}
	}
	if end := off + int64(n); n > 0 && end > int64(len(f.f.data)) {
		f.f.data = append(f.f.data, make([]byte, end-int64(len(f.f.data)))...)
	}
	if n > 0 {
		copy(f.f.data[off:], b[:n])
	}
	return n, err
}

func (f *file) Truncate(size int64) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.call(Cut, f.name); err != nil {
		return err
	}
	if size < int64(len(f.f.data)) {
		f.f.data = bytes.Clone(f.f.data[:size])
	}
	return nil
}

func (f *file) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.call(Sync, f.name); err != nil {
		return err
	}
	f.f.durable = bytes.Clone(f.f.data)
	return nil
}

func (f *file) Size() (int64, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return int64(len(f.f.data)), nil
}

func (f *file) Close() error { return nil }
