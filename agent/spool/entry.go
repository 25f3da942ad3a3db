package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Kind says what a report holds; the bits combine.
type Kind uint32

// The bits.
const (
	Samples Kind = 1 << iota
	Inventory
	Events
)

// Entry is one waiting report.
type Entry struct {
	Seq      uint64
	Kind     Kind
	Added    time.Time
	Sections []string // whose contents it carries
	Body     []byte
}

const entryHead = 17

// appendEntry writes a record's payload up to the body.
func appendEntry(b []byte, added time.Time, epoch uint64, sections []string) ([]byte, error) {
	if len(sections) > 255 {
		return nil, fmt.Errorf("a report of %d sections, at most 255", len(sections))
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(added.UnixMilli()))
	b = binary.LittleEndian.AppendUint64(b, epoch)
	b = append(b, byte(len(sections)))
	for _, s := range sections {
		if len(s) > 255 {
			return nil, fmt.Errorf("a section's name of %d bytes, at most 255", len(s))
		}
		b = append(append(b, byte(len(s))), s...)
	}
	return b, nil
}

var errEntry = errors.New("not a spooled report")

// parseEntry reads a payload. Body points into b.
func parseEntry(b []byte) (e Entry, epoch uint64, err error) {
	if len(b) < entryHead {
		return e, 0, errEntry
	}
	e.Added = time.UnixMilli(int64(binary.LittleEndian.Uint64(b)))
	epoch = binary.LittleEndian.Uint64(b[8:])
	sections := int(b[16])
	b = b[entryHead:]
	for range sections {
		if len(b) < 1 || len(b) < 1+int(b[0]) {
			return e, 0, errEntry
		}
		end := 1 + int(b[0]) // as an int: a byte would wrap at 255
		e.Sections = append(e.Sections, string(b[1:end]))
		b = b[end:]
	}
	e.Body = b
	return e, epoch, nil
}
