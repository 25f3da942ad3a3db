package segment

import (
	"fmt"
	"os"
	"path/filepath"
)

// quarantineBytes bounds one file: enough to see what went wrong.
const quarantineBytes = 1 << 20

// note counts a stretch that cannot be read and keeps a copy of it.
func (l *Log) note(s *seg, x loss) {
	if x.to <= x.from {
		return
	}
	l.mu.Lock()
	if s.known[x.from] {
		l.mu.Unlock()
		return
	}
	if s.known == nil {
		s.known = map[int64]bool{}
	}
	s.known[x.from] = true
	l.damage.Stretches++
	l.damage.Bytes += x.to - x.from
	err := l.open(s)
	l.mu.Unlock()
	if err != nil {
		return
	}
	defer l.release(s)
	b := make([]byte, min(x.to-x.from, quarantineBytes))
	if _, err := s.file.ReadAt(b, x.from); err != nil {
		return // unreadable, so there is nothing to keep
	}
	// Best effort: the loss is counted whether or not a copy can be kept.
	_ = l.Quarantine(s.first, fmt.Sprintf("%08x-damaged", x.from), b)
}

// Quarantine keeps b, up to 1 MiB of it, in the folder for things to look at
// later. id orders them: when there are too many, the lowest goes.
func (l *Log) Quarantine(id uint64, name string, b []byte) error {
	dir := filepath.Join(l.dir, "quarantine")
	if err := l.o.FS.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make quarantine: %w", err)
	}
	names, err := l.o.FS.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("list quarantine: %w", err)
	}
	for len(names) >= l.o.QuarantineFiles {
		if err := l.o.FS.Remove(filepath.Join(dir, names[0])); err != nil {
			return fmt.Errorf("thin out quarantine: %w", err)
		}
		names = names[1:]
	}
	path := filepath.Join(dir, fmt.Sprintf("%016x-%s", id, name))
	f, err := l.o.FS.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("quarantine: %w", err)
	}
	_, err = f.WriteAt(b[:min(len(b), quarantineBytes)], 0)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = l.o.FS.Remove(path)
		return fmt.Errorf("quarantine: %w", err)
	}
	return nil
}
