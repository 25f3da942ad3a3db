package patch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// lz4Reader unpacks a frame of LZ4 (lz4/doc/lz4_Frame_format.md), which apt
// uses for its lists where Acquire::GzipIndexes is set. Check sums are not
// looked at: what is wrong in a list is no more than a wrong line.
type lz4Reader struct {
	r       io.Reader
	began   bool
	blocks  int  // most bytes of one, unpacked
	summed  bool // a check sum follows each block
	in, out []byte
	at      int // of out, what was not given yet
	err     error
}

const (
	lz4Magic  = 0x184d2204
	lz4Window = 64 << 10
)

var errLZ4 = errors.New("not LZ4")

func (z *lz4Reader) Read(p []byte) (int, error) {
	for z.at == len(z.out) {
		if z.err == nil {
			z.err = z.next()
		}
		if z.err != nil {
			return 0, z.err
		}
	}
	n := copy(p, z.out[z.at:])
	z.at += n
	return n, nil
}

func (z *lz4Reader) begin() error {
	b := make([]byte, 6)
	if _, err := io.ReadFull(z.r, b); err != nil {
		return fmt.Errorf("%w: %v", errLZ4, err)
	}
	flags, size := b[4], b[5]
	if binary.LittleEndian.Uint32(b) != lz4Magic || flags>>6 != 1 || flags&1 != 0 { // version 1, no dictionary
		return errLZ4
	}
	switch size >> 4 & 7 {
	case 4:
		z.blocks = 64 << 10
	case 5:
		z.blocks = 256 << 10
	case 6:
		z.blocks = 1 << 20
	case 7:
		z.blocks = 4 << 20
	default:
		return errLZ4
	}
	z.summed = flags&0x10 != 0
	rest := 1 // check sum of the header
	if flags&8 != 0 {
		rest += 8 // size of the content
	}
	if _, err := io.CopyN(io.Discard, z.r, int64(rest)); err != nil {
		return fmt.Errorf("%w: %v", errLZ4, err)
	}
	return nil
}

// next unpacks one block. What was unpacked last stays before it: matches may
// reach back over blocks.
func (z *lz4Reader) next() error {
	if !z.began {
		if err := z.begin(); err != nil {
			return err
		}
		z.began = true
	}
	var head [4]byte
	if _, err := io.ReadFull(z.r, head[:]); err != nil {
		return fmt.Errorf("%w: %v", errLZ4, err)
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n == 0 {
		return io.EOF
	}
	plain := n>>31 == 1
	n &= 1<<31 - 1
	if int64(n) > int64(z.blocks)+int64(z.blocks)/255+16 {
		return errLZ4
	}
	if cap(z.in) < int(n) {
		z.in = make([]byte, n)
	}
	z.in = z.in[:n]
	if _, err := io.ReadFull(z.r, z.in); err != nil {
		return fmt.Errorf("%w: %v", errLZ4, err)
	}
	if z.summed {
		if _, err := io.ReadFull(z.r, head[:]); err != nil {
			return fmt.Errorf("%w: %v", errLZ4, err)
		}
	}
	if len(z.out) > lz4Window {
		z.out = append(z.out[:0], z.out[len(z.out)-lz4Window:]...)
	}
	z.at = len(z.out)
	if plain {
		z.out = append(z.out, z.in...)
		return nil
	}
	var err error
	z.out, err = lz4Block(z.out, z.in, z.at+z.blocks)
	return err
}

// lz4Block unpacks a block behind what is in out, up to most bytes in all
// (lz4/doc/lz4_Block_format.md).
func lz4Block(out, b []byte, most int) ([]byte, error) {
	length := func(l int) (int, bool) {
		for more := l == 15; more; {
			if len(b) == 0 || l > 8<<20 {
				return 0, false
			}
			l += int(b[0])
			more = b[0] == 255
			b = b[1:]
		}
		return l, true
	}
	for len(b) > 0 {
		token := b[0]
		b = b[1:]
		n, ok := length(int(token >> 4))
		if !ok || n > len(b) || len(out)+n > most {
			return out, errLZ4
		}
		out = append(out, b[:n]...)
		b = b[n:]
		if len(b) == 0 {
			return out, nil // the last sequence has no match
		}
		if len(b) < 2 {
			return out, errLZ4
		}
		back := int(b[0]) | int(b[1])<<8
		b = b[2:]
		n, ok = length(int(token & 15))
		n += 4
		if !ok || back == 0 || back > len(out) || len(out)+n > most {
			return out, errLZ4
		}
		for n > 0 { // it may overlap what it writes
			chunk := out[len(out)-back:]
			chunk = chunk[:min(len(chunk), n)]
			out = append(out, chunk...)
			n -= len(chunk)
		}
	}
	return out, nil
}
