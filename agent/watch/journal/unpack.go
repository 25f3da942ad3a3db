package journal

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/zstd"
)

const (
	// maxPackedBytes is how much of a compressed field is read, and
	// maxWindow how far back its compression may reach.
	maxPackedBytes = 64 << 10
	maxWindow      = 256 << 10
)

// unpack gives at most n bytes of the beginning of a compressed field. What
// cannot be unpacked is nil, and counted: journald compresses with xz only where
// it was built without the others, before 2019.
func (f *File) unpack(o uint64, n int) []byte {
	head := f.dataHead()
	b, size, err := f.object(o, typeData, head)
	if err != nil {
		return nil
	}
	how := b[1]
	src := &section{c: &f.cache, at: int64(o) + int64(head), left: int64(min(size-uint64(head), maxPackedBytes))}
	switch {
	case how&objectXZ != 0:
		f.sealed++
	case how&objectZSTD != 0:
		return unpackZSTD(src, n)
	case how&objectLZ4 != 0:
		packed, err := io.ReadAll(src)
		if err != nil || len(packed) < 8 {
			return nil
		}
		whole := le.Uint64(packed) // its size unpacked stands before the block
		return unpackLZ4(packed[8:], int(min(whole, uint64(n))))
	}
	return nil
}

func unpackZSTD(src io.Reader, n int) []byte {
	d, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil
	}
	defer d.Close()
	var out bytes.Buffer
	// A field cut short ends in an error; what came before it counts.
	io.Copy(&out, io.LimitReader(d, int64(n)))
	return out.Bytes()
}

// section reads a stretch of a file through its cache.
type section struct {
	c    *cache
	at   int64
	left int64
}

func (s *section) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), s.left, 2<<10)
	b, err := s.c.get(s.at, int(n))
	if err != nil {
		return 0, err
	}
	copy(p, b)
	s.at += n
	s.left -= n
	return int(n), nil
}

// unpackLZ4 unpacks a block of LZ4 until it has n bytes (LZ4 block format
// description, lz4/doc/lz4_Block_format.md). A block that is broken gives what
// came before.
func unpackLZ4(b []byte, n int) []byte {
	out := make([]byte, 0, min(n, maxText))
	length := func(l int) (int, bool) {
		if l != 15 {
			return l, true
		}
		for {
			if len(b) == 0 || l > 1<<24 {
				return 0, false
			}
			c := b[0]
			b = b[1:]
			l += int(c)
			if c != 255 {
				return l, true
			}
		}
	}
	for len(b) > 0 && len(out) < n {
		token := b[0]
		b = b[1:]
		literals, ok := length(int(token >> 4))
		if !ok || literals > len(b) {
			return append(out, b[:min(len(b), n-len(out))]...)
		}
		out = append(out, b[:min(literals, n-len(out))]...)
		b = b[literals:]
		if len(b) < 2 || len(out) >= n {
			break
		}
		back := int(b[0]) | int(b[1])<<8
		b = b[2:]
		match, ok := length(int(token & 15))
		if !ok || back == 0 || back > len(out) {
			break
		}
		for range min(match+4, n-len(out)) { // it may overlap what it writes
			out = append(out, out[len(out)-back])
		}
	}
	return out
}
