package hive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf16"

	"muster/agent/host"
)

// File reads a file of the registry, "regf" (described by the libregf project
// and by Maxim Suhanov's specification of the format). Cells lie behind a base
// block of 4096 bytes and name each other by their distance from its end; a
// cell begins with its length, negative while it is in use. What is not yet
// written back from the logs beside the file is not seen.
type File struct {
	r    io.ReaderAt
	root uint32
}

// Limits. Names of keys have at most 255 signs, those of values 16,383; depth
// is at most 512.
const (
	base     = 4096
	maxCell  = 1 << 20
	maxDepth = 64
)

var errDamaged = errors.New("the registry file is damaged")

// Open reads the base block.
func Open(r io.ReaderAt) (*File, error) {
	var b [base]byte
	if n, err := r.ReadAt(b[:], 0); n < len(b) {
		return nil, fmt.Errorf("%w: %d bytes: %w", errDamaged, n, err)
	}
	if string(b[:4]) != "regf" {
		return nil, fmt.Errorf("%w: it does not begin with regf", errDamaged)
	}
	return &File{r: r, root: binary.LittleEndian.Uint32(b[36:])}, nil
}

// Key reads a key below the root; see host.Host.Key.
func (f *File) Key(path string, values ...string) (host.Key, error) {
	k, err := f.find(path)
	if err != nil {
		return host.Key{}, fmt.Errorf("registry key %s: %w", path, err)
	}
	out := host.Key{WrittenAt: host.FileTime(binary.LittleEndian.Uint64(k[4:]))}
	list, err := f.subkeys(k)
	if err != nil {
		return host.Key{}, fmt.Errorf("registry key %s: %w", path, err)
	}
	for _, at := range list {
		if c, err := f.node(at); err == nil {
			out.Subkeys = append(out.Subkeys, nodeName(c))
		}
	}
	if out.Values, err = f.values(k, values); err != nil {
		return host.Key{}, fmt.Errorf("registry key %s: %w", path, err)
	}
	return out, nil
}

func (f *File) find(path string) ([]byte, error) {
	k, err := f.node(f.root)
	if err != nil {
		return nil, err
	}
	words := strings.Split(path, `\`)
	if len(words) > maxDepth {
		return nil, fs.ErrInvalid
	}
next:
	for _, word := range words {
		list, err := f.subkeys(k)
		if err != nil {
			return nil, err
		}
		for _, at := range list {
			c, err := f.node(at)
			if err == nil && strings.EqualFold(nodeName(c), word) {
				k = c
				continue next
			}
		}
		return nil, fs.ErrNotExist
	}
	return k, nil
}

// cell reads a cell in use, at least least bytes of it.
func (f *File) cell(at uint32, least int) ([]byte, error) {
	if at >= 1<<31 {
		return nil, errDamaged
	}
	var head [4]byte
	if _, err := f.r.ReadAt(head[:], base+int64(at)); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	n := -int64(int32(binary.LittleEndian.Uint32(head[:]))) - 4
	if n < int64(least) || n > maxCell {
		return nil, fmt.Errorf("%w: a cell of %d bytes", errDamaged, n)
	}
	b := make([]byte, n)
	if _, err := f.r.ReadAt(b, base+int64(at)+4); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return b, nil
}

// node reads a key's cell, "nk".
func (f *File) node(at uint32) ([]byte, error) {
	b, err := f.cell(at, 76)
	if err != nil {
		return nil, err
	}
	if string(b[:2]) != "nk" || 76+int(binary.LittleEndian.Uint16(b[72:])) > len(b) {
		return nil, fmt.Errorf("%w: a key that is none", errDamaged)
	}
	return b, nil
}

func nodeName(b []byte) string {
	const narrow = 0x20 // one byte a sign
	n := int(binary.LittleEndian.Uint16(b[72:]))
	return text(b[76:76+n], binary.LittleEndian.Uint16(b[2:])&narrow != 0)
}

// text is Latin 1 or UTF-16.
func text(b []byte, narrow bool) string {
	if narrow {
		r := make([]rune, len(b))
		for i, c := range b {
			r[i] = rune(c)
		}
		return string(r)
	}
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(u))
}

// subkeys are the cells of a key's subkeys.
func (f *File) subkeys(k []byte) ([]uint32, error) {
	if n := binary.LittleEndian.Uint32(k[20:]); n == 0 {
		return nil, nil
	}
	list, err := f.list(binary.LittleEndian.Uint32(k[28:]), 0)
	if len(list) > host.MaxSubkeys {
		list = list[:host.MaxSubkeys]
	}
	return list, err
}

func (f *File) list(at uint32, depth int) ([]uint32, error) {
	b, err := f.cell(at, 4)
	if err != nil {
		return nil, err
	}
	kind, n, step := string(b[:2]), int(binary.LittleEndian.Uint16(b[2:])), 8
	if kind == "li" || kind == "ri" {
		step = 4
	}
	if kind != "lf" && kind != "lh" && kind != "li" && kind != "ri" || 4+n*step > len(b) || depth > 1 {
		return nil, fmt.Errorf("%w: a list that is none", errDamaged)
	}
	var out []uint32
	for i := range n {
		e := binary.LittleEndian.Uint32(b[4+i*step:])
		if kind != "ri" {
			out = append(out, e)
			continue
		}
		more, err := f.list(e, depth+1)
		if err != nil {
			return nil, err
		}
		if out = append(out, more...); len(out) > host.MaxSubkeys {
			break
		}
	}
	return out, nil
}

// values reads those named, or all.
func (f *File) values(k []byte, names []string) ([]host.Value, error) {
	n := binary.LittleEndian.Uint32(k[36:])
	if n == 0 {
		return nil, nil
	}
	if n > host.MaxValues {
		n = host.MaxValues
	}
	list, err := f.cell(binary.LittleEndian.Uint32(k[40:]), int(n)*4)
	if err != nil {
		return nil, err
	}
	var out []host.Value
	for i := range int(n) {
		v, err := f.value(binary.LittleEndian.Uint32(list[4*i:]), names)
		if err == nil && v != nil {
			out = append(out, *v)
		}
	}
	return out, nil
}

// value reads a value's cell, "vk"; nil when it is none of those named, or too
// long.
func (f *File) value(at uint32, names []string) (*host.Value, error) {
	b, err := f.cell(at, 20)
	if err != nil {
		return nil, err
	}
	n := int(binary.LittleEndian.Uint16(b[2:]))
	if string(b[:2]) != "vk" || 20+n > len(b) {
		return nil, fmt.Errorf("%w: a value that is none", errDamaged)
	}
	v := host.Value{Name: text(b[20:20+n], b[16]&1 != 0), Kind: binary.LittleEndian.Uint32(b[12:])}
	if len(names) > 0 && !slices.ContainsFunc(names, func(s string) bool { return strings.EqualFold(s, v.Name) }) {
		return nil, nil
	}
	const inside = 1 << 31 // the value stands where else its place does
	// Longer ones are cut into segments, which nothing that is read here is.
	const whole = 16_344
	size := binary.LittleEndian.Uint32(b[4:])
	switch {
	case size&inside != 0 && size&^inside <= 4:
		v.Data = b[8 : 8+size&^inside]
	case size > whole:
		return nil, nil
	default:
		data, err := f.cell(binary.LittleEndian.Uint32(b[8:]), int(size))
		if err != nil {
			return nil, err
		}
		v.Data = data[:size]
	}
	return &v, nil
}
