package syslog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"
)

// Mark is how far a file was read.
type Mark struct {
	File   uint64 `json:"file"` // its inode
	Offset int64  `json:"offset"`
}

// Source is an open file.
type Source interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
}

// Follower reads one file and, when it was rotated, the rest of the one
// before.
type Follower struct {
	Name  string
	Open  func(name string) (Source, error)
	Inode func(fs.FileInfo) uint64
	Place *time.Location
	Mark  Mark
	// Raw takes every line as it is, and how far reading is behind it, in the
	// place of each: for logs of another form.
	Raw func(line []byte, behind Mark)
}

// Outcome of a pass.
type Outcome struct {
	Lines      int
	More       bool
	TooMany    bool // bytes were passed over because they are too many
	Compressed bool // the file that was read before is not there any more
}

// MaxBacklog is how many bytes are made up for at most.
const MaxBacklog = 32 << 20

// Pass reads what is new, at most most lines. Of a file that is met for the
// first time it reads what is not older than from, within the last MaxBacklog.
func (f *Follower) Pass(ctx context.Context, now, from time.Time, most int, each func(Line)) (Outcome, error) {
	var out Outcome
	src, err := f.Open(f.Name)
	if err != nil {
		return out, fmt.Errorf("open %s: %w", f.Name, err)
	}
	defer src.Close()
	fi, err := src.Stat()
	if err != nil {
		return out, fmt.Errorf("open %s: %w", f.Name, err)
	}
	inode := f.Inode(fi)
	if f.Mark.File != 0 && f.Mark.File != inode {
		if err := f.before(ctx, now, from, most, &out, each); err != nil || out.More {
			return out, err
		}
		f.Mark = Mark{File: inode}
	}
	if f.Mark.File == 0 || f.Mark.Offset > fi.Size() { // met first, or cut short
		f.Mark = Mark{File: inode}
	}
	return out, f.read(ctx, src, fi.Size(), now, from, most, &out, each)
}

// before reads the rest of the file that stood here, under the names that
// rotation gives.
func (f *Follower) before(ctx context.Context, now, from time.Time, most int, out *Outcome, each func(Line)) error {
	for _, name := range []string{f.Name + ".1", f.Name + ".0"} {
		src, err := f.Open(name)
		if err != nil {
			continue
		}
		fi, err := src.Stat()
		if err == nil && f.Inode(fi) == f.Mark.File && f.Mark.Offset <= fi.Size() {
			err = f.read(ctx, src, fi.Size(), now, from, most, out, each)
			src.Close()
			return err
		}
		src.Close()
	}
	out.Compressed = true
	return nil
}

func (f *Follower) read(ctx context.Context, src io.ReaderAt, size int64, now, from time.Time, most int, out *Outcome, each func(Line)) error {
	if size-f.Mark.Offset > MaxBacklog {
		out.TooMany = f.Mark.Offset > 0
		f.Mark.Offset = size - MaxBacklog
	}
	if f.Mark.Offset >= size {
		return nil
	}
	buf := make([]byte, 16<<10)
	if f.Raw != nil {
		buf = make([]byte, 128<<10) // a line of apt names every package of a run
	}
	for f.Mark.Offset < size {
		if out.Lines >= most || ctx.Err() != nil {
			out.More = true
			return nil
		}
		n, err := src.ReadAt(buf[:min(int64(len(buf)), size-f.Mark.Offset)], f.Mark.Offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read %s: %w", f.Name, err)
		}
		b := buf[:n]
		if n == 0 {
			return nil
		}
		for len(b) > 0 {
			i := bytes.IndexByte(b, '\n')
			if i < 0 {
				break
			}
			f.Mark.Offset += int64(i + 1)
			if f.Raw != nil {
				f.Raw(b[:i], f.Mark)
			} else if l, ok := Parse(b[:i], now, f.Place); ok && !l.At.Before(from) {
				each(l)
			}
			out.Lines++
			b = b[i+1:]
		}
		if len(b) == n { // no line ends here: it is not whole yet, or no line
			if n < len(buf) {
				return nil
			}
			f.Mark.Offset += int64(n)
		}
	}
	return nil
}
