// Package host is the machine as a gatherer sees it: its files, the few
// programs that may be run, its file systems and its clock, each behind a
// field so that a test can put a recorded machine in its place.
//
// It owns the table of programs and every limit on reading. It must not know
// what any of it means; and there is no way in it to write, to run a shell, or
// to run anything that is not in the table.
package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Host is one machine. Use Local for the real one; a zero field of another is
// a part that machine lacks.
type Host struct {
	Root string // before every path: "/" on the live machine, a folder of fixtures in tests
	Now  func() time.Time
	// Exec runs a program of the table; see Run.
	Exec func(ctx context.Context, c Command, path string) ([]byte, error)
	// Get asks a program of this machine over its socket; see Ask.
	Get func(ctx context.Context, q Question, socket string) ([]byte, error)
	// Connect connects to a server of this machine; see Dial.
	Connect func(ctx context.Context, s Server) (net.Conn, error)
	// Registry reads a key of Windows' registry; see Key.
	Registry func(view View, path string, values []string) (Key, error)
	// Native asks Windows itself; see AskNative.
	Native func(q Native) ([]byte, error)
	// Events asks Windows' event log; see Records.
	Events func(channel, question string, newest bool, most int) (records [][]byte, skipped int, err error)
	// Statfs tells the size of the file system a path is on.
	Statfs func(path string) (Filesystem, error)
	// Mono is the time since boot, sleep included.
	Mono func() (time.Duration, error)
	// Stuck remembers which paths do not tell their size, so that a dead mount
	// costs one waiting thread and not one a minute. May be nil.
	Stuck *Stuck
	// Privileged says that the process may read what only root or SYSTEM may.
	Privileged bool
}

// Filesystem is what statfs(2) or its like says, in bytes and inodes.
type Filesystem struct {
	Size, Free, Available uint64 // Available is what ordinary users can use
	Files, FilesFree      uint64
	ReadOnly              bool
}

// MaxFile is the most that ReadFile reads, in bytes.
const MaxFile = 16 << 20

// Local is the machine this process runs on.
func Local() *Host {
	return &Host{Root: rootOf(runtime.GOOS), Now: time.Now, Exec: execute, Get: get, Connect: connect, Registry: readKey, Native: readNative, Events: readEvents, Statfs: statfs, Mono: mono, Stuck: &Stuck{}, Privileged: privileged()}
}

func rootOf(goos string) string {
	if goos == "windows" {
		return ""
	}
	return "/"
}

// Path is where a path of the machine lies for this process.
func (h *Host) Path(name string) string {
	if h.Root == "" || h.Root == "/" {
		return name
	}
	return filepath.Join(h.Root, name)
}

// ReadFile reads a whole file of at most MaxFile bytes.
func (h *Host) ReadFile(name string) ([]byte, error) {
	f, err := h.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(b) > MaxFile {
		return nil, fmt.Errorf("read %s: more than %d bytes", name, MaxFile)
	}
	return b, nil
}

// Line reads a small file, such as those of sysfs, without its white space at
// the end. A file that cannot be read is the empty text.
func (h *Host) Line(name string) string {
	f, err := h.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	// Nearly all are short, and a section reads hundreds of them: room for the
	// longest is made only when it is needed.
	b := make([]byte, 256)
	n, err := io.ReadFull(f, b)
	if err == nil {
		b = append(b, make([]byte, 4096-len(b))...)
		var more int
		more, err = io.ReadFull(f, b[n:])
		n += more
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return ""
	}
	for n > 0 && (b[n-1] == '\n' || b[n-1] == ' ' || b[n-1] == 0) {
		n--
	}
	return string(b[:n])
}

// foreign says whether a path is one of Unix while this is Windows. There
// /var/log is a folder of the drive, which anybody may make: what lies in it is
// nobody's log, and a program there nobody's that should be run.
func (h *Host) foreign(name string) bool {
	return runtime.GOOS == "windows" && h.Root == "" && strings.HasPrefix(name, "/")
}

func absent(act, name string) error {
	return &fs.PathError{Op: act, Path: name, Err: fs.ErrNotExist}
}

// Open opens a file for reading.
func (h *Host) Open(name string) (*os.File, error) {
	if h.foreign(name) {
		return nil, absent("open", name)
	}
	return os.Open(h.Path(name))
}

// ReadDir lists a folder by name.
func (h *Host) ReadDir(name string) ([]fs.DirEntry, error) {
	if h.foreign(name) {
		return nil, absent("open", name)
	}
	return os.ReadDir(h.Path(name))
}

// Readlink gives what a link points to.
func (h *Host) Readlink(name string) (string, error) {
	if h.foreign(name) {
		return "", absent("readlink", name)
	}
	return os.Readlink(h.Path(name))
}

// Stat follows links.
func (h *Host) Stat(name string) (fs.FileInfo, error) {
	if h.foreign(name) {
		return nil, absent("stat", name)
	}
	return os.Stat(h.Path(name))
}

// Exists says whether there is something at a path.
func (h *Host) Exists(name string) bool {
	_, err := h.Stat(name)
	return err == nil
}

// Glob lists the paths that match, as the machine names them.
func (h *Host) Glob(pattern string) []string {
	if h.foreign(pattern) {
		return nil
	}
	m, err := filepath.Glob(h.Path(pattern))
	if err != nil {
		return nil
	}
	if h.Root == "" || h.Root == "/" {
		return m
	}
	for i := range m {
		if rel, err := filepath.Rel(h.Root, m[i]); err == nil {
			m[i] = "/" + filepath.ToSlash(rel)
		}
	}
	return m
}

// Size asks for the size of the file system at a path, and gives up when a
// dead network mount does not answer within two seconds.
func (h *Host) Size(ctx context.Context, path string) (Filesystem, error) {
	if h.Statfs == nil {
		return Filesystem{}, fmt.Errorf("size of %s: %w", path, errors.ErrUnsupported)
	}
	type answer struct {
		fs  Filesystem
		err error
	}
	if h.Stuck.has(path) {
		return Filesystem{}, fmt.Errorf("size of %s: it was asked for before, and there is no answer yet", path)
	}
	ch := make(chan answer, 1)
	go func() {
		f, err := h.Statfs(h.Path(path))
		ch <- answer{f, err}
		h.Stuck.leave(path)
	}()
	t := time.NewTimer(2 * time.Second)
	defer t.Stop()
	select {
	case a := <-ch:
		return a.fs, a.err
	case <-ctx.Done():
		return Filesystem{}, ctx.Err()
	case <-t.C:
		h.Stuck.enter(path)
		select {
		case a := <-ch: // just now
			h.Stuck.leave(path)
			return a.fs, a.err
		default:
		}
		return Filesystem{}, fmt.Errorf("size of %s: no answer within 2 s", path)
	}
}

// Stuck is the paths that were asked about and have not answered in time.
type Stuck struct {
	mu    sync.Mutex
	paths map[string]bool
}

func (s *Stuck) has(path string) bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paths[path]
}

func (s *Stuck) enter(path string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paths == nil {
		s.paths = map[string]bool{}
	}
	s.paths[path] = true
}

func (s *Stuck) leave(path string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.paths, path)
}
