package inventory

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
)

// Hash is the first half of a SHA-256 over a section's canonical encoding, or
// over a device's section hashes (Root). 128 bits are ample where a collision
// could only hide a device's change from itself.
type Hash [16]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// IsZero tells the hash of nothing known from a real one.
func (h Hash) IsZero() bool { return h == Hash{} }

// HashTable hashes the state of a section: rows in key order, each as its
// known columns by name. Columns kept as latest do not count, and neither do
// columns that are nil everywhere, so that a column added by a newer version
// does not change the hash of what an older one sent.
//
// The table must conform (Section.Conform). Encoding of a row: for each known
// state column in the catalogue's order, its name, a byte for its kind, and
// the value, texts and names with a length before them; then a zero byte.
func (s *Section) HashTable(t Table) Hash {
	h := sha256.New()
	var b []byte
	b = appendText(b, s.Name)
	for _, r := range t.Rows {
		for j, c := range s.Columns {
			if c.Latest || r[j] == nil {
				continue
			}
			b = appendText(b, c.Name)
			b = append(b, byte(c.Kind)+1)
			switch x := r[j].(type) {
			case string:
				b = appendText(b, x)
			case []byte:
				b = appendText(b, string(x))
			case int64:
				b = binary.BigEndian.AppendUint64(b, uint64(x))
			case float64:
				b = binary.BigEndian.AppendUint64(b, math.Float64bits(x))
			case bool:
				if x {
					b = append(b, 1)
				} else {
					b = append(b, 0)
				}
			}
		}
		b = append(b, 0)
		h.Write(b)
		b = b[:0]
	}
	h.Write(b)
	var out Hash
	copy(out[:], h.Sum(nil))
	return out
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// Root folds a device's section hashes into one, so that every report can
// carry 16 bytes that say whether the collector still knows all of it.
func Root(sections map[string]Hash) Hash {
	names := make([]string, 0, len(sections))
	for n := range sections {
		names = append(names, n)
	}
	slices.Sort(names)
	h := sha256.New()
	for _, n := range names {
		h.Write(appendText(nil, n))
		x := sections[n]
		h.Write(x[:])
	}
	var out Hash
	copy(out[:], h.Sum(nil))
	return out
}
