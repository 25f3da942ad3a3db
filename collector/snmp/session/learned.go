package session

import (
	"maps"
	"time"
)

// Learned is what asking a device taught. It goes to JSON and back, so that a
// session can begin where the one before ended; losing it costs a few packets.
type Learned struct {
	// Repetitions is how many rows it is asked for at once, at most.
	Repetitions int `json:"repetitions,omitempty"`
	// Variables is how many it is asked for at once, at most.
	Variables int `json:"variables,omitempty"`
	// Objects is how many one GET may ask for.
	Objects int `json:"objects,omitempty"`
	// NoBulk says until when it is asked row by row, for it does not answer
	// GETBULK as it should.
	NoBulk time.Time `json:"no_bulk,omitzero"`
	// RoundTrip is the longest usual time of an answer; one that takes longer
	// raises it at once, others bring it down slowly.
	RoundTrip time.Duration `json:"round_trip,omitempty"`
	// Engine is that of version 3; nil: not known.
	Engine *Engine `json:"engine,omitempty"`
	// Unordered lists columns whose rows do not come in the order of their
	// names.
	Unordered []string `json:"unordered,omitempty"`
	// Rows is how many rows tables had, by their first column.
	Rows map[string]int `json:"rows,omitempty"`
	// Checked is the highest Limits.Expect for which asking row by row brought
	// no more rows than GETBULK did.
	Checked int `json:"checked,omitempty"`
}

// Engine is the identity and clock of an agent (RFC 3414 §2.2). With it,
// version 3 needs no packet to find it out.
type Engine struct {
	ID    []byte    `json:"id"`
	Boots int32     `json:"boots"`
	Time  int32     `json:"time"` // seconds since it booted
	At    time.Time `json:"at"`   // when it was so
}

// clone is a copy that shares nothing.
func (l *Learned) clone() *Learned {
	c := *l
	if l.Engine != nil {
		e := *l.Engine
		e.ID = append([]byte(nil), e.ID...)
		c.Engine = &e
	}
	c.Unordered = append([]string(nil), l.Unordered...)
	c.Rows = maps.Clone(l.Rows)
	return &c
}
