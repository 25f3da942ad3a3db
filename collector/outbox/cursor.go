package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"muster/internal/segment"
)

const (
	// saveEvery is how often a cursor is written while it moves. After a crash
	// a sink is given again what it took since.
	saveEvery = time.Second
	// saveReplayed is the same for a sink that is given all again anyway.
	saveReplayed = 30 * time.Second
	// maxTries is after how many failed reads the rest of a segment is given up.
	maxTries = 3
	// maxAside is how many records that it refuses each sink remembers, so as
	// not to be given them again.
	maxAside = 10_000
	// readAgain is the pause after a failed read.
	readAgain = time.Second
	// keepArena is the largest buffer of records that is kept.
	keepArena = 8 << 20
)

// Record is one appended record.
type Record struct {
	ID   uint64
	At   time.Time // of Append, whole seconds
	Body []byte
}

// Cursor is one sink's place in the outbox. Next, Done, Failed and Poison are
// for one goroutine.
type Cursor struct {
	b    *Outbox
	sink Sink

	r     *segment.Reader
	pos   uint64 // nothing up to here is still to be read
	given uint64 // last id that Next gave
	batch []Record
	arena []byte

	// The rest is guarded by Outbox.mu.
	done     uint64
	had      uint64   // of a sink with Replay: what it was done with before it was given all again
	head     mark     // the first record that Next gave last
	aside    []uint64 // sorted
	poisoned uint64
	dirty    bool
	saved    time.Time
}

// state is a cursor's file.
type state struct {
	Done     uint64   `json:"done"`
	Aside    []uint64 `json:"aside,omitempty"`
	Poisoned uint64   `json:"poisoned"`
}

// load makes the cursor of a sink.
func (b *Outbox) load(s Sink) (*Cursor, error) {
	if s.Name == "" || strings.Trim(s.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return nil, fmt.Errorf("sink %q: a name is of small letters, digits and hyphens", s.Name)
	}
	var st state
	data, err := segment.ReadState(b.o.FS, b.path(s))
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, segment.ErrDamaged):
		// From the beginning: twice is better than never.
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(data, &st); err != nil {
			st = state{}
		}
	}
	before := max(b.log.Oldest(), 1) - 1
	c := &Cursor{b: b, sink: s, done: max(st.Done, before), poisoned: st.Poisoned}
	if s.Replay {
		c.had, c.done = c.done, before
	}
	for _, id := range st.Aside {
		if id > c.done {
			c.aside = append(c.aside, id)
		}
	}
	newest := b.log.Newest()
	c.had = min(c.had, newest)
	if c.done > newest {
		// The records are gone, and their ids will be used again.
		c.done, c.aside = newest, nil
		c.dirty = true
		if err := b.write(c, c.snapshot()); err != nil {
			return nil, err
		}
	}
	c.pos, c.given = c.done, c.done
	return c, nil
}

func (b *Outbox) path(s Sink) string { return filepath.Join(b.dir, "cursor-"+s.Name) }

// Cursor is the place of one of Options.Sinks.
func (b *Outbox) Cursor(name string) (*Cursor, error) {
	for _, c := range b.cursors {
		if c.sink.Name == name {
			return c, nil
		}
	}
	return nil, fmt.Errorf("outbox has no sink %q", name)
}

// Next gives the oldest records that are not done, at most so many and so many
// bytes, but at least one: it waits until there is one or ctx ends. Asked again
// without Done it gives the same again, so a batch that was refused can be
// asked for in smaller ones. Bodies are valid until the next call. Errors: that
// of ctx, segment.ErrClosed, segment.ErrBroken.
func (c *Cursor) Next(ctx context.Context, maxRecords, maxBytes int) ([]Record, error) {
	for {
		if len(c.batch) == 0 {
			if err := c.read(ctx, maxRecords, maxBytes); err != nil {
				c.Close()
				return nil, err
			}
		}
		n, size := 0, 0
		for n < len(c.batch) && n < max(maxRecords, 1) {
			if size += len(c.batch[n].Body); n > 0 && size > maxBytes {
				break
			}
			n++
		}
		if n > 0 {
			c.given = max(c.given, c.batch[n-1].ID)
			c.b.mu.Lock()
			c.head = mark{c.batch[0].ID, c.batch[0].At}
			c.b.mu.Unlock()
			return slices.Clone(c.batch[:n]), nil
		}
		if err := c.b.log.Wait(ctx, c.pos); err != nil {
			c.Close()
			return nil, fmt.Errorf("wait for records: %w", err)
		}
	}
}

// Close lets go of the file being read, as an error of Next does; a later Next
// opens it again.
func (c *Cursor) Close() {
	if c.r != nil {
		c.r.Close()
		c.r = nil
	}
}

// read fills the batch, or leaves it empty at the end.
func (c *Cursor) read(ctx context.Context, maxRecords, maxBytes int) error {
	if err := c.b.Err(); err != nil {
		return err
	}
	if c.r == nil {
		c.r = c.b.log.Reader(c.pos + 1)
	}
	c.batch = c.batch[:0]
	if cap(c.arena) > keepArena {
		c.arena = nil
	}
	c.arena = c.arena[:0]
	// Ids up to here that the reader does not meet cannot be read at all.
	newest := c.b.log.Newest()
	failed := 0
	for len(c.batch) < max(maxRecords, 1) && len(c.arena) <= maxBytes {
		rec, err := c.r.Next()
		if errors.Is(err, io.EOF) {
			c.pos = max(c.pos, newest)
			if len(c.batch) == 0 {
				c.b.mu.Lock()
				if c.pos > c.done {
					c.done, c.dirty = c.pos, true
				}
				c.b.mu.Unlock()
			}
			return nil
		}
		if err != nil {
			if len(c.batch) > 0 {
				return nil // first what there is
			}
			if failed++; failed == maxTries {
				c.r.Skip()
				failed = 0
				continue
			}
			if !pause(ctx, readAgain) {
				return ctx.Err()
			}
			continue
		}
		c.pos = rec.ID
		if c.isAside(rec.ID) {
			continue
		}
		at := len(c.arena)
		c.arena = append(c.arena, rec.Data...)
		c.batch = append(c.batch, Record{rec.ID, time.Unix(int64(rec.Flags), 0), c.arena[at:len(c.arena):len(c.arena)]})
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// Again goes back to the oldest record that is kept, as at a start: for a sink
// with Replay that lost what it took last. It belongs to those for one
// goroutine.
func (c *Cursor) Again() {
	c.Close()
	before := max(c.b.log.Oldest(), 1) - 1
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	c.done, c.had = min(c.done, before), 0 // nobody knows what it still has
	c.pos, c.given, c.batch = c.done, c.done, nil
	c.dirty = true
	clear(c.b.handed) // this sink is not done with any of them
}

func (c *Cursor) isAside(id uint64) bool {
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	_, ok := slices.BinarySearch(c.aside, id)
	return ok
}

// Done says that the sink has everything up to id. The error is one of
// writing the cursor or of the log; the sink goes on from here all the same.
func (c *Cursor) Done(id uint64) error {
	if id > c.given {
		return fmt.Errorf("sink %s is done with record %d, the last it was given is %d", c.sink.Name, id, c.given)
	}
	n := 0
	for n < len(c.batch) && c.batch[n].ID <= id {
		n++
	}
	c.batch = c.batch[n:]
	b := c.b
	now := b.o.Now()
	segs := b.log.Segments()
	b.mu.Lock()
	if id > c.done {
		c.done = id
		c.dirty = true
	}
	b.note(segs, now)
	tidy := now.Sub(b.tidied) >= saveEvery
	b.mu.Unlock()
	if err := b.save(false); err != nil && !segment.NoSpace(err) {
		return err
	}
	if tidy {
		// What cannot be removed is tried again.
		if err := b.tidy(now, b.o.Keep, b.o.MaxBytes); errors.Is(err, segment.ErrBroken) {
			return err
		}
	}
	return b.Err()
}

// Poison puts a record aside that the sink refuses: it is kept for Retry,
// counted, and not given again, so that it does not block the others. It must
// be one that Next gave and Done did not pass. An error is one of the disk
// after which the process has to end.
func (c *Cursor) Poison(id uint64, reason string) error {
	b := c.b
	for i, r := range c.batch {
		if r.ID != id {
			continue
		}
		e := Aside{Sink: c.sink.Name, Record: id, At: r.At, Since: b.o.Now().UTC(), Reason: reason}
		if err := b.aside.put(e, r.Body); err != nil {
			return err
		}
		c.batch = slices.Concat(c.batch[:i], c.batch[i+1:]) // the caller holds the old one
		break
	}
	b.mu.Lock()
	i, known := slices.BinarySearch(c.aside, id)
	if !known && id > c.done {
		c.poisoned++
		c.dirty = true
		if len(c.aside) < maxAside {
			c.aside = slices.Insert(c.aside, i, id)
		}
	}
	b.mu.Unlock()
	// Should this not be written before a crash, the sink refuses it again.
	if err := b.save(false); err != nil && !segment.NoSpace(err) {
		return err
	}
	return nil
}

// save writes the cursors that moved: all of them, or those whose turn it is.
// Where a sink replays, its place only tells how far behind it is.
func (b *Outbox) save(all bool) error {
	b.saving.Lock()
	defer b.saving.Unlock()
	b.mu.Lock()
	broken := b.broken
	b.mu.Unlock()
	if broken != nil {
		return broken
	}
	now := b.o.Now()
	for _, c := range b.cursors {
		b.mu.Lock()
		every := saveEvery
		if c.sink.Replay {
			every = saveReplayed
		}
		if !c.dirty || !all && now.Sub(c.saved) < every {
			b.mu.Unlock()
			continue
		}
		st := c.snapshot()
		c.dirty = false
		c.saved = now
		b.mu.Unlock()
		if err := b.write(c, st); err != nil {
			b.mu.Lock()
			c.dirty = true
			if errors.Is(err, segment.ErrBroken) {
				b.broken = err
			}
			b.mu.Unlock()
			return err
		}
	}
	return nil
}

// snapshot is called with mu held.
func (c *Cursor) snapshot() state {
	oldest := c.b.log.Oldest()
	// Those that could be replayed are remembered, done or not.
	c.aside = slices.DeleteFunc(c.aside, func(id uint64) bool { return id < oldest })
	return state{Done: c.done, Aside: slices.Clone(c.aside), Poisoned: c.poisoned}
}

func (b *Outbox) write(c *Cursor, st state) error {
	data, err := json.Marshal(st)
	if err != nil {
		return fmt.Errorf("encode cursor: %w", err)
	}
	return segment.WriteState(b.o.FS, b.path(c.sink), data)
}
