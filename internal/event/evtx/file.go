package evtx

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"muster/internal/event/windows"
)

// The sizes of the format, and how much of a file is read.
const (
	fileHeader  = 4096
	chunkSize   = 64 << 10
	chunkHeader = 512
	recordHead  = 24
	leastRecord = recordHead + 4 // with the size at its end

	// MaxChunks bounds a file to 256 MiB; Windows' default is 20 MiB.
	MaxChunks = 4096
)

// Log is what a file holds.
type Log struct {
	// Records, in the order of writing, each once.
	Records []windows.Record

	// Dirty is set when the file was not closed, as in a copy of a running
	// system. The file's header is out of date then, and so can be the header
	// of the chunk last written to: its records are taken as far as they are
	// whole and follow each other.
	Dirty bool

	Chunks         int // chunks with records in them
	DamagedChunks  int // left out: a checksum is wrong
	DamagedRecords int // left out: their binary XML breaks a rule or a limit
}

// ErrNotALog is returned for what does not begin as a log does.
var ErrNotALog = errors.New("this is no event log (.evtx) of version 3")

// Read reads a whole log. Damage inside is counted and skipped; the error is
// that of r, of a beginning that is no log's, or of a file above the limit.
func Read(r io.Reader) (Log, error) {
	var log Log
	in := bufio.NewReader(r)
	head := make([]byte, fileHeader)
	if _, err := io.ReadFull(in, head); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return log, ErrNotALog
		}
		return log, fmt.Errorf("read the log's header: %w", err)
	}
	if string(head[:8]) != "ElfFile\x00" || binary.LittleEndian.Uint16(head[38:]) != 3 {
		return log, ErrNotALog
	}
	flags := binary.LittleEndian.Uint32(head[120:])
	log.Dirty = flags&1 != 0
	unchecked := flags&4 != 0 // the writer was told to leave the checksums out

	var last chunk // the one written to when a dirty file was copied
	for n := 0; ; n++ {
		if n == MaxChunks {
			return log, fmt.Errorf("the log is larger than %d chunks of 64 KiB: export a part of it", MaxChunks)
		}
		c := chunk{data: make([]byte, chunkSize)}
		got, err := io.ReadFull(in, c.data)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return log, fmt.Errorf("read chunk %d: %w", n, err)
		}
		if short := got < chunkSize; short || string(c.data[:8]) != "ElfChnk\x00" {
			if short || !empty(c.data) {
				log.DamagedChunks++
			}
			if short {
				break
			}
			continue
		}
		if !unchecked && !c.headerSound() {
			log.DamagedChunks++
			continue
		}
		if log.Dirty && c.highest() >= last.highest() {
			c, last = last, c // held back until it is known which is the last
		}
		log.chunk(c, unchecked, false)
	}
	log.chunk(last, unchecked, true)
	slices.SortStableFunc(log.Records, func(a, b windows.Record) int { return cmp.Compare(a.ID, b.ID) })
	log.Records = slices.CompactFunc(log.Records, func(a, b windows.Record) bool { return a.ID == b.ID })
	return log, nil
}

func empty(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c != 0 })
}

// chunk reads the records of one chunk.
func (l *Log) chunk(c chunk, unchecked, written bool) {
	if c.data == nil {
		return
	}
	end, sound := c.end()
	live := l.Dirty && written
	if !unchecked && !sound && !live {
		l.DamagedChunks++
		return
	}
	l.Chunks++
	d := decoder{chunk: c.data, templates: map[uint32]*template{}}
	expect := c.number(24)
	for at := chunkHeader; at+leastRecord <= chunkSize; {
		// In the chunk that was being written the header can be older than
		// the records: they are taken as long as each is whole and the next.
		if at >= end && !live {
			return
		}
		if binary.LittleEndian.Uint32(c.data[at:]) != 0x00002a2a {
			if at < end {
				l.DamagedRecords++
			}
			return
		}
		size := int(binary.LittleEndian.Uint32(c.data[at+4:]))
		id := binary.LittleEndian.Uint64(c.data[at+8:])
		if size < leastRecord || size > chunkSize-at || binary.LittleEndian.Uint32(c.data[at+size-4:]) != uint32(size) {
			if at < end {
				l.DamagedRecords++
			}
			return
		}
		if live && id != expect {
			return
		}
		expect = id + 1
		rec, err := d.record(at+recordHead, at+size-4)
		if err != nil {
			l.DamagedRecords++
		} else {
			rec.ID = id
			if rec.Time.IsZero() {
				rec.Time = filetime(binary.LittleEndian.Uint64(c.data[at+16:]))
			}
			l.Records = append(l.Records, rec)
		}
		at += size
	}
}

type chunk struct{ data []byte }

func (c chunk) number(at int) uint64 { return binary.LittleEndian.Uint64(c.data[at:]) }

// highest is the identifier of the last record; the chunk with the highest is
// where the log ends, since the file is a ring.
func (c chunk) highest() uint64 {
	if c.data == nil {
		return 0
	}
	return c.number(32)
}

func (c chunk) headerSound() bool {
	sum := crc32.ChecksumIEEE(c.data[:120])
	sum = crc32.Update(sum, crc32.IEEETable, c.data[128:chunkHeader])
	return sum == binary.LittleEndian.Uint32(c.data[124:])
}

// end is where the records end, and whether their checksum is right.
func (c chunk) end() (int, bool) {
	end := binary.LittleEndian.Uint32(c.data[48:])
	if end < chunkHeader || end > chunkSize {
		return chunkHeader, false
	}
	return int(end), crc32.ChecksumIEEE(c.data[chunkHeader:end]) == binary.LittleEndian.Uint32(c.data[52:])
}
