package store

import (
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
// sources than the last.
//
// Rows of a section with Linger that are absent come back as closing too; the
// store closes them only once they have been absent that long.
func Diff(s *inventory.Section, current, next [][]any, mayClose bool) []RowChange {
	var out []RowChange
	i, j := 0, 0
	for i < len(current) || j < len(next) {
		var c int
		switch {
		case i == len(current):
			c = 1
		case j == len(next):
			c = -1
		case !s.Single:
			c = s.CompareKeys(current[i], next[j])
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
			if state, latest := compare(s, current[i], next[j]); state {
				out = append(out, RowChange{Old: current[i], New: next[j]})
			} else if latest {
				out = append(out, RowChange{Old: current[i], New: next[j], Refresh: true})
			}
			i++
			j++
		}
	}
	return out
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
