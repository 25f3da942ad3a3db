// Package order sorts lists of structs with one piece of code for all of them.
//
// It owns nothing but that: slices.SortFunc is compiled anew for each type, 15
// KB of program each time, and the agent sorts two dozen kinds of lists that
// are short. It must not know what is sorted.
package order

import "sort"

// By sorts a list; what compares as equal may change places.
func By[E any](list []E, compare func(a, b E) int) { sort.Sort(of(list, compare)) }

// Stable sorts a list and leaves in its order what compares as equal.
func Stable[E any](list []E, compare func(a, b E) int) { sort.Stable(of(list, compare)) }

func of[E any](list []E, compare func(a, b E) int) sorted {
	return sorted{
		n:    len(list),
		less: func(i, j int) bool { return compare(list[i], list[j]) < 0 },
		swap: func(i, j int) { list[i], list[j] = list[j], list[i] },
	}
}

// sorted is a list as package sort wants it.
type sorted struct {
	n    int
	less func(i, j int) bool
	swap func(i, j int)
}

// Len is the number of items.
func (s sorted) Len() int { return s.n }

// Less says whether one stands before another.
func (s sorted) Less(i, j int) bool { return s.less(i, j) }

// Swap lets two change places.
func (s sorted) Swap(i, j int) { s.swap(i, j) }
