package segment

import (
	"fmt"
	"sync"
)

// Group lets many goroutines append to one log and share its fsyncs, without
// a timer: whoever comes while a group is being written waits for the next
// one, which begins when that one ends (reference/ingest.md §3).
type Group struct {
	l   *Log
	max int

	mu   sync.Mutex // guards open and the members of the open batch
	open *batch     // takes members until its leader gets its turn
}

type batch struct {
	recs []Record
	done chan struct{}
	base uint64
	err  error
}

// NewGroup appends to l in groups of at most limit records, or of one caller's
// if those are more. Nobody else may append to l.
func NewGroup(l *Log, limit int) *Group { return &Group{l: l, max: limit} }

// Append gives the records the next ids, in order and without a gap, and
// returns when they are durable. The data is not kept. Errors are those of
// Log.Append, for the whole group.
func (g *Group) Append(flags uint32, data ...[]byte) (first, last uint64, err error) {
	if len(data) == 0 {
		return 0, 0, g.l.Err()
	}
	for _, d := range data {
		if len(d) > g.l.o.MaxRecord {
			// Found before it can spoil the group for the others.
			return 0, 0, fmt.Errorf("append record of %d bytes, at most %d: %w", len(d), g.l.o.MaxRecord, ErrTooLarge)
		}
	}
	g.mu.Lock()
	b := g.open
	leads := b == nil || len(b.recs)+len(data) > g.max
	if leads {
		b = &batch{done: make(chan struct{})}
		g.open = b
	}
	at := uint64(len(b.recs))
	for _, d := range data {
		b.recs = append(b.recs, Record{Flags: flags, Data: d})
	}
	g.mu.Unlock()
	if leads {
		g.write(b)
	} else {
		<-b.done
	}
	if b.err != nil {
		return 0, 0, b.err
	}
	first = b.base + at
	return first, first + uint64(len(data)) - 1, nil
}

func (g *Group) write(b *batch) {
	g.l.writing.Lock()
	defer g.l.writing.Unlock()
	g.mu.Lock()
	if g.open == b {
		g.open = nil
	}
	g.mu.Unlock()
	b.base = g.l.Newest() + 1
	for i := range b.recs {
		b.recs[i].ID = b.base + uint64(i)
	}
	b.err = g.l.append(b.recs)
	b.recs = nil
	close(b.done)
}
