package simulate

import (
	"slices"
	"strings"
	"sync"

	"muster/internal/report"
)

// number is one number of a kind of device, and how it is read at a moment.
type number[T any] struct {
	series report.Series
	read   func(x T) float64
}

// board is the numbers of devices of one shape: they share its layout.
type board[T any] struct {
	list   []number[T]
	layout report.Layout
	hash   report.LayoutHash
}

func newBoard[T any](list []number[T]) *board[T] {
	b := &board[T]{list: list}
	for _, n := range list {
		b.layout = append(b.layout, n.series)
	}
	b.hash = b.layout.Hash()
	return b
}

// read gives the values at a moment.
func (b *board[T]) read(x T) told {
	v := make(report.Values, len(b.list))
	for i, n := range b.list {
		v[i] = n.read(x)
	}
	return told{layout: b.layout, hash: b.hash, values: v}
}

// told is a sample with the names of its values.
type told struct {
	layout report.Layout
	hash   report.LayoutHash
	values report.Values
	before int64 // ms before the report
}

// boards are those in use, by shape.
type boards[K comparable, T any] struct {
	make func(K) []number[T]

	mu sync.Mutex
	by map[K]*board[T]
}

func (b *boards[K, T]) of(shape K) *board[T] {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.by == nil {
		b.by = map[K]*board[T]{}
	}
	if b.by[shape] == nil {
		b.by[shape] = newBoard(b.make(shape))
	}
	return b.by[shape]
}

// series names one: measurement, field, then labels in pairs.
func series(measurement, field string, pairs ...string) report.Series {
	s := report.Series{Measurement: measurement, Field: field, Labels: []report.Label{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		s.Labels = append(s.Labels, report.Label{Key: pairs[i], Value: pairs[i+1]})
	}
	slices.SortFunc(s.Labels, func(a, b report.Label) int { return strings.Compare(a.Key, b.Key) })
	return s
}

// list gathers numbers.
type list[T any] []number[T]

func (l *list[T]) add(measurement, field string, read func(x T) float64, pairs ...string) {
	*l = append(*l, number[T]{series(measurement, field, pairs...), read})
}
