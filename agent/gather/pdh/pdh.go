// Package pdh reads Windows' performance counters by their English names, for
// several gatherers.
//
// It owns the questions and what they cost: a query stays open, since what
// most counters tell is the change since the last look. It must not know what
// any counter means.
package pdh

import "sync"

// Value is one counter of one instance.
type Value struct {
	Instance string // such as _Total, or \_TZ.THM0
	Value    float64
}

// Query is a list of counters that are read together; make one by New. It is
// safe for several goroutines.
type Query struct {
	mu   sync.Mutex
	read func() ([][]Value, error)
}

// New makes a query of counters, such as
// \Processor Information(_Total)\% Processor Utility. Nothing is opened before
// the first Read.
func New(paths ...string) *Query { return &Query{read: reader(paths)} }

// Read gives the values of each path. A counter that this Windows does not
// have, or that needs two looks and had one, has none. The error wraps
// errors.ErrUnsupported on other systems, and where nothing counts at all.
func (q *Query) Read() ([][]Value, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.read()
}
