package store

import (
	"cmp"
	"strings"

	"muster/internal/inventory"
	"muster/internal/report"
)

// RowChange is what Diff says of one key.
type RowChange struct {
	Old, New []any // nil Old opens, nil New closes, both change
	Refresh  bool  // only columns kept as latest differ: overwrite Old in place
}

// Diff compares the rows a store holds for a section with a new reading. Both
// are conforming and sorted by key. A status other than ok closes nothing:
// what could not be read may still be there. So does a reading from other
// sources than the last. For the same reason a column that such a reading does
// not know keeps what is stored.
//
// Rows of a section with Linger that are absent come back as closing too; the
// store closes them only once they have been absent that long.
func Diff(s *inventory.Section, current, next [][]any, mayClose bool) []RowChange {
	var out []RowChange
	order := KeyOrder(s)
	i, j := 0, 0
	for i < len(current) || j < len(next) {
		var c int
		switch {
		case i == len(current):
			c = 1
		case j == len(next):
			c = -1
		case !s.Single:
			c = order(current[i], next[j])
		}
		switch {
		case c < 0:
			if mayClose {
				out = append(out, RowChange{Old: current[i]})
			}
			i++
		case c > 0:
			out = append(out, RowChange{New: next[j]})
			j++
		default:
			now := next[j]
			if !mayClose {
				now = fill(now, current[i])
			}
			if state, latest := compare(s, current[i], now); state {
				out = append(out, RowChange{Old: current[i], New: now})
			} else if latest {
				out = append(out, RowChange{Old: current[i], New: now, Refresh: true})
			}
			i++
			j++
		}
	}
	return out
}

// fill answers row with what it does not know taken from old.
func fill(row, old []any) []any {
	out := row
	for k, v := range row {
		if v == nil && old[k] != nil {
			if &out[0] == &row[0] {
				out = append([]any(nil), row...)
			}
			out[k] = old[k]
		}
	}
	return out
}

// KeyOrder orders conforming rows of a section by key, as Section.CompareKeys
// does, without asking each time which columns the key is.
func KeyOrder(s *inventory.Section) func(a, b []any) int {
	keys := s.Keys()
	return func(a, b []any) int {
		for _, k := range keys {
			if c := compareKey(a[k], b[k]); c != 0 {
				return c
			}
		}
		return 0
	}
}

// compareKey orders two values of a key column: conforming rows hold no other
// types there.
func compareKey(a, b any) int {
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y)
		}
	case int64:
		if y, ok := b.(int64); ok {
			return cmp.Compare(x, y)
		}
	case bool:
		if y, ok := b.(bool); ok && x != y {
			if y {
				return -1
			}
			return 1
		}
	}
	return 0
}

func compare(s *inventory.Section, a, b []any) (state, latest bool) {
	for k, c := range s.Columns {
		if inventory.Equal(a[k], b[k]) {
			continue
		}
		if c.Latest {
			latest = true
		} else {
			return true, latest
		}
	}
	return false, latest
}

// MayClose says whether a reading tells that absent rows are gone: it was ok,
// and asked at least every source that the last good reading asked.
func MayClose(last, now SectionState) bool {
	if now.Status != report.OK {
		return false
	}
	asked := map[string]bool{}
	for _, s := range now.Sources {
		asked[s] = true
	}
	for _, s := range last.Sources {
		if !asked[s] {
			return false
		}
	}
	return true
}
