package segment

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

const (
	magic    = "MUSTRSEG"
	version  = 1 // 1: 2026-11, first form
	fileHead = 16
	recHead  = 28
	// marker is no text, no CBOR map and no zstd frame, so that it is rare in
	// payloads; that it is absent from them is not needed.
	marker = "\xfe\x6d\xc1\x9a"
)

// castagnoli is CRC32C, RFC 3720 appendix B.4; processors compute it.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Record is one entry of a log.
type Record struct {
	ID    uint64 // strictly increasing within a log, from 1
	Flags uint32 // the caller's
	Data  []byte
}

// appendFileHead writes the head of a segment file.
func appendFileHead(b []byte, seed uint32) []byte {
	at := len(b)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, version)
	return binary.LittleEndian.AppendUint32(b, crc32.Update(seed, castagnoli, b[at:]))
}

// checkFileHead refuses a segment of a format that this program cannot know.
// A damaged head says nothing and is no reason to give up the records.
func checkFileHead(name string, b []byte, seed uint32) error {
	if len(b) < fileHead || string(b[:8]) != magic ||
		crc32.Update(seed, castagnoli, b[:12]) != binary.LittleEndian.Uint32(b[12:]) {
		return nil
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != version {
		return fmt.Errorf("segment %s has format %d and this program reads format %d: start the newer program again, or move the folder aside", name, v, version)
	}
	return nil
}

// appendRecord writes one record.
func appendRecord(b []byte, seed uint32, r Record) []byte {
	at := len(b)
	b = append(b, marker...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(r.Data)))
	b = binary.LittleEndian.AppendUint64(b, r.ID)
	b = binary.LittleEndian.AppendUint32(b, r.Flags)
	sum := crc32.Update(seed, castagnoli, b[at+4:at+20])
	b = binary.LittleEndian.AppendUint32(b, crc32.Update(sum, castagnoli, r.Data))
	b = binary.LittleEndian.AppendUint32(b, crc32.Update(seed, castagnoli, b[at:at+24]))
	return append(b, r.Data...)
}

// head is the head of a record whose sum holds.
type head struct {
	length int
	id     uint64
	flags  uint32
}

func parseHead(b []byte, seed uint32, maxRecord int) (head, bool) {
	if len(b) < recHead || string(b[:4]) != marker ||
		crc32.Update(seed, castagnoli, b[:24]) != binary.LittleEndian.Uint32(b[24:]) {
		return head{}, false
	}
	n := binary.LittleEndian.Uint32(b[4:])
	if uint64(n) > uint64(maxRecord) {
		return head{}, false
	}
	return head{int(n), binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint32(b[16:])}, true
}

// bodyHolds checks a whole record.
func bodyHolds(b []byte, seed uint32) bool {
	sum := crc32.Update(seed, castagnoli, b[4:20])
	return crc32.Update(sum, castagnoli, b[recHead:]) == binary.LittleEndian.Uint32(b[20:])
}

// segmentName is the file of a segment.
func segmentName(first uint64, seed uint32) string { return fmt.Sprintf("%016x-%08x.seg", first, seed) }

func parseSegmentName(name string) (first uint64, seed uint32, ok bool) {
	if _, err := fmt.Sscanf(name, "%16x-%8x.seg", &first, &seed); err != nil {
		return 0, 0, false
	}
	return first, seed, first > 0 && name == segmentName(first, seed)
}

// markers counts how many records may have begun in b.
func markers(b []byte) int { return bytes.Count(b, []byte(marker)) }
