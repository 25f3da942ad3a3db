package segment

import (
	"encoding/binary"
	"hash/crc32"
	"path/filepath"
)

// Marker is for payloads that look like records.
const Marker = marker

// Encode is a segment file.
func Encode(seed uint32, recs ...Record) []byte {
	b := appendFileHead(nil, seed)
	for _, r := range recs {
		b = appendRecord(b, seed, r)
	}
	return b
}

// FutureHead is the head of a file of the next format.
func FutureHead(path string) []byte {
	_, seed, _ := parseSegmentName(filepath.Base(path))
	b := appendFileHead(nil, seed)
	binary.LittleEndian.PutUint32(b[8:], version+1)
	binary.LittleEndian.PutUint32(b[12:], crc32.Update(seed, castagnoli, b[:12]))
	return b
}
