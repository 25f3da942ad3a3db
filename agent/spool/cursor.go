package spool

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"muster/internal/segment"
)

// cursor is what has to be known beside the records.
type cursor struct {
	Epoch    uint64   `json:"epoch"`
	Next     uint64   `json:"next"` // number of the next report
	Head     uint64   `json:"head"` // numbers below are done with
	Gaps     gaps     `json:"gaps,omitempty"`
	Aside    []uint64 `json:"aside,omitempty"`   // poison at or behind head
	Missing  []string `json:"missing,omitempty"` // sections whose newest copy was lost
	Dropped  uint64   `json:"dropped"`           // reports lost since the spool was made
	Poisoned uint64   `json:"poisoned"`          // of them, those put aside
}

// load reads the cursor. Without one, or with a damaged one, it answers false.
func (s *Spool) load() (bool, error) {
	b, err := segment.ReadState(s.o.FS, s.path("cursor"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &s.c)
		if err == nil && s.c.Epoch != 0 && s.c.Head > 0 && s.c.Next >= s.c.Head {
			for _, name := range s.c.Missing {
				s.missing[name] = true
			}
			return true, nil
		}
		err = segment.ErrDamaged
	}
	if !errors.Is(err, segment.ErrDamaged) {
		return false, err
	}
	s.c = cursor{}
	s.cursorDamaged = true
	return false, nil
}

// save writes the cursor. On a full disk it gives up the reserve for it.
func (s *Spool) save() error {
	if s.broken != nil {
		return s.broken
	}
	s.c.Missing = slices.Sorted(maps.Keys(s.missing))
	b, err := json.Marshal(s.c)
	if err != nil {
		return fmt.Errorf("encode cursor: %w", err)
	}
	err = segment.WriteState(s.o.FS, s.path("cursor"), b)
	if segment.NoSpace(err) && s.release() {
		err = segment.WriteState(s.o.FS, s.path("cursor"), b)
	}
	if errors.Is(err, segment.ErrBroken) {
		s.broken = err
	}
	return err
}

func (s *Spool) path(name string) string { return filepath.Join(s.dir, name) }
