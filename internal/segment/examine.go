package segment

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Examination is what was found in a folder of segments that was looked at and
// not touched.
type Examination struct {
	Records int64
	Damaged int   // stretches that cannot be read
	Torn    int64 // bytes of an unfinished write at the end, which Open cuts off
}

// Examine reads all segments of a folder, whether or not a program has the log
// open. A folder that is not there is empty. Its errors are of the disk, and of
// foreign formats.
func Examine(dir string, o Options) (Examination, error) {
	l := &Log{dir: dir, o: o.filled()}
	var x Examination
	names, err := l.o.FS.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return x, nil
	}
	if err != nil {
		return x, fmt.Errorf("list folder %s: %w", dir, err)
	}
	for _, name := range names {
		if _, seed, ok := parseSegmentName(name); ok {
			if err := l.examine(&x, name, seed); err != nil {
				return x, err
			}
		}
	}
	return x, nil
}

func (l *Log) examine(x *Examination, name string, seed uint32) error {
	f, err := l.o.FS.OpenFile(filepath.Join(l.dir, name), os.O_RDONLY, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil // given up since the list was made
	}
	if err != nil {
		return fmt.Errorf("open segment: %w", err)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return fmt.Errorf("size of segment %s: %w", name, err)
	}
	var b [fileHead]byte
	n, err := f.ReadAt(b[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read segment %s: %w", name, err)
	}
	if err := checkFileHead(filepath.Join(l.dir, name), b[:n], seed); err != nil {
		return err
	}
	sc := &scanner{src: f, seed: seed, maxRecord: l.o.MaxRecord, off: min(fileHead, size), end: size, lost: func(s loss) {
		if s.torn {
			x.Torn += s.to - s.from
		} else {
			x.Damaged++
		}
	}}
	for {
		switch _, err := sc.next(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read segment %s: %w", name, err)
		}
		x.Records++
	}
}
