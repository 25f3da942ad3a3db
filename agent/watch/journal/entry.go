package journal

import (
	"bytes"
	"encoding/hex"
	"slices"
	"time"
)

// Entry is one entry. Its fields are read when they are asked for, and only
// until the file is refreshed.
type Entry struct {
	Number uint64
	At     time.Time
	Mono   time.Duration // since boot, without sleep
	Boot   ID

	f     *File
	known []field
	// packed are objects that are compressed: what field they hold is known
	// only when they are unpacked.
	packed []uint64
}

type field struct {
	name string
	at   uint64
}

// Names lists the fields that entries keep: all others are passed over.
func Names() []string {
	return []string{
		"MESSAGE",
		"MESSAGE_ID",
		"SYSLOG_IDENTIFIER",
		"SYSLOG_FACILITY",
		"UNIT",
		"UNIT_RESULT",
		"COREDUMP_COMM",
		"COREDUMP_PID",
		"COREDUMP_SIGNAL",
		"COREDUMP_SIGNAL_NAME",
		"SESSION_ID",
		"USER_ID",
		"_TRANSPORT",
		"_UID",
		"_COMM",
		"_SOURCE_MONOTONIC_TIMESTAMP",
	}
}

const (
	entryHead = 64 // up to the items
	dataHead  = 64
	nameMost  = 32 // longest of Names and its equals sign
	maxPacked = 4  // compressed objects of an entry that are looked into
	// maxText is how much of a field is read.
	maxText = 4 << 10
)

func (f *File) dataHead() int {
	if f.incompat&compact != 0 {
		return dataHead + 8
	}
	return dataHead
}

func (f *File) entry(at uint64) (Entry, error) {
	b, size, err := f.object(at, typeEntry, entryHead)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{f: f, Number: le.Uint64(b[16:]), At: micro(le.Uint64(b[24:])), Mono: time.Duration(min(le.Uint64(b[32:]), 1<<52)) * time.Microsecond}
	copy(e.Boot[:], b[40:56])
	if e.At.IsZero() {
		return Entry{}, damaged("entry at %d has no time", at)
	}
	width := uint64(16)
	if f.incompat&compact != 0 {
		width = 4
	}
	n := (size - entryHead) / width
	if n > maxItems {
		return Entry{}, damaged("entry at %d has %d fields", at, n)
	}
	for i := range n {
		b, err := f.cache.get(int64(at+entryHead+i*width), int(min(width, 8)))
		if err != nil {
			return Entry{}, err
		}
		o := uint64(0)
		if width == 4 {
			o = uint64(le.Uint32(b))
		} else {
			o = le.Uint64(b)
		}
		if f.boring[boringAt(o)] == o {
			continue
		}
		if err := e.look(o); err != nil {
			return Entry{}, err
		}
	}
	return e, nil
}

func boringAt(o uint64) int { return int(o / 8 % 1024) }

// look notes which field an object holds.
func (e *Entry) look(o uint64) error {
	f := e.f
	head := f.dataHead()
	b, size, err := f.object(o, typeData, head)
	if err != nil {
		return err
	}
	if b[1]&(objectXZ|objectLZ4|objectZSTD) != 0 {
		if len(e.packed) < maxPacked {
			e.packed = append(e.packed, o)
		}
		return nil
	}
	b, err = f.cache.get(int64(o)+int64(head), int(min(size-uint64(head), nameMost)))
	if err != nil {
		return err
	}
	if name, _, ok := bytes.Cut(b, []byte("=")); ok {
		if i := slices.IndexFunc(names, func(n string) bool { return n == string(name) }); i >= 0 {
			e.known = append(e.known, field{names[i], o})
			return nil
		}
	}
	f.boring[boringAt(o)] = o
	return nil
}

// names is Names once; nobody changes it.
var names = Names()

// Field gives the beginning of a field as text, empty when there is none or it
// cannot be read.
func (e Entry) Field(name string) string {
	for _, k := range e.known {
		if k.name == name {
			return string(e.value(k.at, name))
		}
	}
	for _, o := range e.packed {
		b := e.f.unpack(o, maxText)
		if v, ok := bytes.CutPrefix(b, []byte(name+"=")); ok {
			return string(v)
		}
	}
	return ""
}

func (e Entry) value(o uint64, name string) []byte {
	head := e.f.dataHead()
	_, size, err := e.f.object(o, typeData, head)
	if err != nil {
		return nil
	}
	skip := head + len(name) + 1
	if size < uint64(skip) {
		return nil
	}
	b, err := e.f.cache.get(int64(o)+int64(skip), int(min(size-uint64(skip), maxText)))
	if err != nil {
		return nil
	}
	return b
}

// String is an id as systemd writes it.
func (id ID) String() string { return hex.EncodeToString(id[:]) }
