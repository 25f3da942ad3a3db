package simulate

import (
	"fmt"
	"hash/fnv"
	"time"

	"muster/internal/inventory"
	"muster/internal/report"
)

// chapter is one section of a device and how it is read.
type chapter[T any] struct {
	name string
	read func(d T, now time.Time) (inventory.Table, error)
}

// slot is a section on its way: when it is read next and what was last said,
// as a real agent keeps it.
type slot struct {
	name   string
	due    time.Time
	hash   inventory.Hash
	latest uint64
	sent   time.Time
}

// When sections travel, as for the real agent: when their content changed;
// when columns without history did, each hour at most; once a day.
const (
	refresh   = time.Hour
	fullCheck = 24 * time.Hour
	// leastRead is how often a section is read at most that nothing touched:
	// what a real agent reads each minute a machine of ours knows to be new.
	leastRead = time.Hour
)

// shelf is all sections of a device.
type shelf struct {
	slots   []slot
	refresh time.Duration
}

func newShelf(names []string, every time.Duration) shelf {
	s := shelf{refresh: every}
	if s.refresh == 0 {
		s.refresh = refresh
	}
	for _, n := range names {
		s.slots = append(s.slots, slot{name: n})
	}
	return s
}

// hashes are those of all that was said.
func (s *shelf) hashes() map[string]inventory.Hash {
	out := make(map[string]inventory.Hash, len(s.slots))
	for _, x := range s.slots {
		if !x.hash.IsZero() {
			out[x.name] = x.hash
		}
	}
	return out
}

// forget makes all be said again.
func (s *shelf) forget() {
	for i := range s.slots {
		s.slots[i] = slot{name: s.slots[i].name}
	}
}

// read reads what is due, touched or wanted, and answers what is to be sent.
func (s *shelf) read(now time.Time, touched, wanted func(name string) bool, read func(name string) (inventory.Table, error)) ([]report.Section, error) {
	var out []report.Section
	for i := range s.slots {
		x := &s.slots[i]
		ask := wanted(x.name)
		if now.Before(x.due) && !ask && !touched(x.name) {
			continue
		}
		sec, ok := inventory.Lookup(x.name)
		if !ok {
			return nil, fmt.Errorf("section %s is not in the catalogue", x.name)
		}
		t, err := read(x.name)
		if err != nil {
			return nil, fmt.Errorf("section %s: %w", x.name, err)
		}
		x.due = now.Add(max(sec.Cadence, leastRead, s.refresh))
		c, _, err := sec.Conform(t)
		if err != nil {
			return nil, err
		}
		r := report.Section{Name: x.name, Sources: []string{"simulated"}, Columns: t.Columns, Rows: t.Rows}
		r.Seal(sec, c)
		latest, age := latestOf(sec, c), now.Sub(x.sent)
		if r.Hash == x.hash && !ask && age < fullCheck && (latest == x.latest || age < s.refresh && !touched(x.name)) {
			continue
		}
		x.hash, x.latest, x.sent = r.Hash, latest, now
		out = append(out, r)
	}
	return out, nil
}

// latestOf is over the columns that a section's hash leaves out.
func latestOf(s *inventory.Section, t inventory.Table) uint64 {
	h := fnv.New64a()
	for _, r := range t.Rows {
		for j, c := range s.Columns {
			if c.Latest && r[j] != nil {
				fmt.Fprint(h, j, r[j], "|")
			}
		}
	}
	return h.Sum64()
}
