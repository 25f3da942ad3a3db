package simulate

import (
	"fmt"
	"time"

	"muster/internal/inventory"
)

// How a machine is a body.

const smartEvery = 6 * time.Hour // metric smart_device

// numbers implements body.
func (m *machine) numbers(now time.Time) []told {
	x := m.moment(now)
	if m.board == nil || m.boarded != m.shape() {
		m.boarded = m.shape()
		m.board = m.boards.of(m.boarded)
	}
	out := []told{m.board.read(x)}
	if now.Sub(m.asked) >= smartEvery {
		m.asked = now
		for i, d := range m.drives {
			if !d.lost {
				out = append(out, m.smartNumbers(i, now))
			}
		}
	}
	if m.begun.After(m.timed) {
		m.timed = m.begun
		t := m.starts.read(m)
		t.before = max(now.Sub(m.begun), 0).Milliseconds()
		out = append(out, t)
	}
	return out
}

// sections implements body.
func (m *machine) sections() []string { return chapterNames() }

// read implements body.
func (m *machine) read(section string, now time.Time) (inventory.Table, error) {
	for _, c := range chapters() {
		if c.name == section {
			return c.read(m, now)
		}
	}
	return inventory.Table{}, fmt.Errorf("a machine has no section %s", section)
}

// said implements body.
func (m *machine) said() ([]happening, map[string]bool) {
	e, t := m.events, m.touched
	m.events, m.touched = nil, map[string]bool{}
	return e, t
}

// forget implements body: what is lost with a dead agent is not told later.
func (m *machine) forget() {
	m.events = nil
	m.last = m.now
}
