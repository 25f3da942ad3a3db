package host

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
	"unicode/utf16"
)

// View is one of the two faces that the registry of a 64-bit Windows has for
// programs: keys such as HKLM\SOFTWARE are other ones for 32-bit programs.
type View int

const (
	View64 View = iota // that of 64-bit programs
	View32             // that of 32-bit programs (Wow6432Node)
)

// Limits of what is read of one key. A key of programs has a few dozen values;
// the largest folders of keys (services, packages) have some thousands.
const (
	MaxSubkeys = 20_000
	MaxValues  = 4_000
	MaxValue   = 256 << 10 // bytes of one value; a larger one is left out
)

// Key is what stands in one key of the registry.
type Key struct {
	Subkeys   []string
	Values    []Value
	WrittenAt time.Time // last change of the key itself
}

// Value is one value of a key, as the registry keeps it.
type Value struct {
	Name string
	Kind uint32 // one of the Reg constants
	Data []byte
}

// Kinds of values (winnt.h).
const (
	RegText   = 1
	RegExpand = 2 // text with %NAMES% to expand
	RegBinary = 3
	RegNumber = 4
	RegTexts  = 7
	RegLong   = 11
)

// Key reads a key: its subkeys, when it was changed, and the values named, or
// all of them when none is. The path begins with HKLM or HKU. The error wraps
// fs.ErrNotExist when there is no such key, fs.ErrPermission when a right is
// missing, errors.ErrUnsupported on systems without a registry.
func (h *Host) Key(view View, path string, values ...string) (Key, error) {
	if h.Registry == nil {
		return Key{}, fmt.Errorf("registry: %w", errors.ErrUnsupported)
	}
	k, err := h.Registry(view, path, values)
	if err != nil {
		return Key{}, fmt.Errorf("registry key %s: %w", path, err)
	}
	return k, nil
}

// HasKey says whether there is a key. The error is nil when it is not there.
func (h *Host) HasKey(view View, path string) (bool, error) {
	_, err := h.Key(view, path, "no value")
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// value finds a value; names of the registry know no case.
func (k Key) value(name string) (Value, bool) {
	for _, v := range k.Values {
		if strings.EqualFold(v.Name, name) {
			return v, true
		}
	}
	return Value{}, false
}

// Has says whether there is a value of that name.
func (k Key) Has(name string) bool {
	_, ok := k.value(name)
	return ok
}

// Text is a value of text without white space around it; empty when it is not
// there or not text.
func (k Key) Text(name string) string {
	v, _ := k.value(name)
	return v.Text()
}

// Texts is a value of several texts.
func (k Key) Texts(name string) []string {
	v, _ := k.value(name)
	return v.Texts()
}

// Number is a value of 32 or 64 bits; ok is false when it is not there or no
// number.
func (k Key) Number(name string) (n uint64, ok bool) {
	v, _ := k.value(name)
	return v.Number()
}

// Flag is a number as a switch: nil when it is not there.
func (k Key) Flag(name string) *bool {
	n, ok := k.Number(name)
	if !ok {
		return nil
	}
	return new(n != 0)
}

// Bytes is a value as it is kept.
func (k Key) Bytes(name string) []byte {
	v, _ := k.value(name)
	return v.Data
}

// Text of the value; see Key.Text. What follows a NUL is no part of it.
func (v Value) Text() string {
	if v.Kind != RegText && v.Kind != RegExpand {
		return ""
	}
	s, _ := cutText(v.Data)
	return strings.TrimSpace(s)
}

// Texts of the value: texts that end in NUL each, and an empty one at the end.
// Empty ones in between, as renamed files have them, are kept.
func (v Value) Texts() []string {
	if v.Kind != RegTexts {
		return nil
	}
	var list []string
	for b := v.Data; len(b) > 1; {
		var s string
		s, b = cutText(b)
		list = append(list, s)
	}
	if n := len(list); n > 0 && list[n-1] == "" {
		list = list[:n-1]
	}
	return list
}

// Number of the value; see Key.Number.
func (v Value) Number() (uint64, bool) {
	switch {
	case v.Kind == RegNumber && len(v.Data) == 4:
		return uint64(binary.LittleEndian.Uint32(v.Data)), true
	case v.Kind == RegLong && len(v.Data) == 8:
		return binary.LittleEndian.Uint64(v.Data), true
	}
	return 0, false
}

// cutText reads UTF-16 up to a NUL or the end, and gives what follows the NUL.
func cutText(b []byte) (string, []byte) {
	var units []uint16
	for len(b) > 1 {
		c := binary.LittleEndian.Uint16(b)
		b = b[2:]
		if c == 0 {
			break
		}
		units = append(units, c)
	}
	return string(utf16.Decode(units)), b
}

// FileTime is a count of 100 ns since 1601 as time; the zero time for a count
// that Windows uses for never.
func FileTime(n uint64) time.Time {
	const epoch = 116_444_736_000_000_000 // 1970 in the same count
	if n <= epoch || n >= 1<<62 {
		return time.Time{}
	}
	n -= epoch
	return time.Unix(int64(n/1e7), int64(n%1e7)*100).UTC()
}
