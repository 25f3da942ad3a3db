package migrate

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"
	"time"

	"muster/collector/store"
)

// mostLine bounds a line of a journal: some 100 measurements of 80 bytes.
const mostLine = 1 << 20

// Journal is a file of what was moved, a line of JSON each. The last line of a
// piece holds.
type Journal struct {
	f     *os.File
	moved map[piece]entry
}

// heading is the first line.
type heading struct {
	Move string `json:"move"` // whose it is
	To   string `json:"to"`
}

// piece is a stretch of time of one kind.
type piece struct {
	Hours bool  `json:"hours,omitempty"` // a day of hourly figures, else an hour of points
	At    int64 `json:"at"`              // Unix ms
}

// entry is what is known of a piece that arrived.
type entry struct {
	piece
	State string        `json:"state,omitempty"` // of the source; empty: not known
	Gone  int64         `json:"gone,omitempty"`  // numbers older than the target keeps
	Sums  store.Tallies `json:"sums"`
}

// OpenJournal opens or makes the file of a move. One of another move, or to
// another place, is an error.
func OpenJournal(path, move, to string) (_ *Journal, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open journal of the move: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	j := &Journal{f: f, moved: map[piece]entry{}}
	good, err := j.read(f, heading{move, to})
	if err != nil {
		return nil, fmt.Errorf("read journal of the move %s: %w", path, err)
	}
	// What a crash left of a line goes.
	if err := f.Truncate(good); err != nil {
		return nil, fmt.Errorf("open journal of the move: %w", err)
	}
	if _, err := f.Seek(good, io.SeekStart); err != nil {
		return nil, fmt.Errorf("open journal of the move: %w", err)
	}
	if good == 0 {
		return j, j.write(heading{move, to})
	}
	return j, nil
}

// read reads the lines that are whole, and answers where they end.
func (j *Journal) read(r io.Reader, want heading) (good int64, _ error) {
	in := bufio.NewReaderSize(r, mostLine)
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF):
			return good, nil
		case err != nil:
			return 0, err
		}
		d := json.NewDecoder(bytes.NewReader(line))
		if first {
			var h heading
			if err := d.Decode(&h); err != nil {
				return 0, fmt.Errorf("its first line: %w", err)
			}
			if h != want {
				return 0, fmt.Errorf("numbers were being moved to %s, not to %s: go on with that, or give the move up first (muster migrate --back)", h.To, want.To)
			}
		} else {
			var e entry
			if err := d.Decode(&e); err != nil || slices.Contains(slices.Collect(maps.Values(e.Sums)), nil) {
				return good, nil // it and what follows is done again
			}
			j.moved[e.piece] = e
		}
		good += int64(len(line))
	}
}

// note makes an entry durable.
func (j *Journal) note(e entry) error {
	if err := j.write(e); err != nil {
		return err
	}
	j.moved[e.piece] = e
	return nil
}

func (j *Journal) write(v any) error {
	line, err := json.Marshal(v)
	if err == nil {
		_, err = j.f.Write(append(line, '\n'))
	}
	if err == nil {
		err = j.f.Sync()
	}
	if err != nil {
		return fmt.Errorf("write journal of the move: %w", err)
	}
	return nil
}

// Begun says whether the target is this move's.
func (j *Journal) Begun() bool { return len(j.moved) > 0 }

// Begin notes that the target was found empty, so that what is in it from now
// on is of this move.
func (j *Journal) Begin() error { return j.note(entry{piece: piece{At: math.MinInt64}}) }

// Close closes the file.
func (j *Journal) Close() error { return j.f.Close() }

// RemoveJournal removes the file of a move; one that is not there is no error.
func RemoveJournal(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove journal of the move: %w", err)
	}
	return nil
}

// Day is what arrived of a measurement in a day (UTC).
type Day struct {
	Day         string `json:"day"`
	Kind        string `json:"kind"` // points, hours
	Measurement string `json:"measurement"`
	Numbers     int64  `json:"numbers"`
	Hash        string `json:"hash"`               // of both sides
	Gone        bool   `json:"left_out,omitempty"` // some that the target does not keep so long
}

// Days lists what arrived.
func (j *Journal) Days() []Day {
	type key struct{ day, kind, measurement string }
	sums := map[key]*store.Tally{}
	gone := map[key]bool{}
	for p, e := range j.moved {
		k := key{day: time.UnixMilli(p.At).UTC().Format(time.DateOnly), kind: "points"}
		if p.Hours {
			k.kind = "hours"
		}
		for m, t := range e.Sums {
			k.measurement = m
			if sums[k] == nil {
				sums[k] = &store.Tally{}
			}
			sums[k].Sum(*t)
			gone[k] = gone[k] || e.Gone > 0
		}
	}
	var out []Day
	for k, t := range sums {
		out = append(out, Day{k.day, k.kind, k.measurement, t.Numbers, fmt.Sprintf("%016x%016x", t.Hash[0], t.Hash[1]), gone[k]})
	}
	slices.SortFunc(out, func(a, b Day) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Measurement, b.Measurement))
	})
	return out
}
