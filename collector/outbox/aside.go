package outbox

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"muster/internal/segment"
)

const (
	// asideFiles is how many segments share the room: the oldest goes when
	// there is no more of it.
	asideFiles = 16
	// maxReason and maxHead bound what stands before a record.
	maxReason = 1000
	maxHead   = 8 << 10
	// retryGroup is how many bytes are taken back into the outbox together.
	retryGroup = 4 << 20
)

// Kinds of records in the log of those put aside; the flags of package segment.
const (
	asideEntry = iota
	asideGone  // payload: numbers of entries that are gone, uvarints
)

// Aside is a record that a sink refuses. It is kept until somebody takes it
// back or drops it.
type Aside struct {
	Number uint64    // never used again
	Sink   string    // that refuses it
	Record uint64    // its id in the outbox, then
	At     time.Time // of Append
	Since  time.Time // put aside
	Reason string    // in the words of the sink
	Bytes  int64     // of the record
}

// ErrNoAside is a number that none of those put aside has.
var ErrNoAside = errors.New("no such record is put aside")

// asideHead stands before a record as one line of JSON.
type asideHead struct {
	Sink   string    `json:"sink"`
	Record uint64    `json:"record"`
	At     time.Time `json:"at"`
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
}

// aside is the place of records that sinks refuse: a log of its own, made with
// the first of them, of which the oldest go when there is no room.
type aside struct {
	dir string
	o   Options

	acting sync.Mutex // held while it changes; taken before mu

	mu   sync.Mutex
	log  *segment.Log // nil: nothing was put aside yet; written with both held
	list []Aside      // by number
	lost uint64       // since Open
}

func encodeAside(a Aside, body []byte) ([]byte, error) {
	if len(a.Reason) > maxReason {
		a.Reason = a.Reason[:maxReason] + "…"
	}
	head, err := json.Marshal(asideHead{a.Sink, a.Record, a.At, a.Since, a.Reason})
	if err != nil {
		return nil, fmt.Errorf("encode what is put aside: %w", err)
	}
	return slices.Concat(head, []byte("\n"), body), nil
}

func decodeAside(number uint64, b []byte) (Aside, []byte, error) {
	head, body, ok := bytes.Cut(b, []byte("\n"))
	if !ok || len(head) > maxHead {
		return Aside{}, nil, errors.New("decode what is put aside: it has no first line")
	}
	var h asideHead
	if err := json.Unmarshal(head, &h); err != nil {
		return Aside{}, nil, fmt.Errorf("decode what is put aside: %w", err)
	}
	return Aside{Number: number, Sink: h.Sink, Record: h.Record, At: h.At, Since: h.Since, Reason: h.Reason, Bytes: int64(len(body))}, body, nil
}

// open opens the log; make says whether one is made where there is none.
func (a *aside) open(make bool) error {
	if a.log != nil {
		return nil
	}
	if names, err := a.o.FS.ReadDir(a.dir); !make && (err != nil || len(names) == 0) {
		return nil
	}
	log, _, err := segment.Open(a.dir, segment.Options{SegmentBytes: max(a.o.AsideBytes/asideFiles, 4<<10), MaxRecord: 9 << 20, FS: a.o.FS})
	if err != nil {
		return fmt.Errorf("open what was put aside: %w", err)
	}
	var list []Aside
	r := log.Reader(0)
	defer r.Close()
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			// A bad spot of the disk, which must not keep a collector from
			// starting.
			r.Skip()
			continue
		}
		switch rec.Flags {
		case asideEntry:
			if e, _, err := decodeAside(rec.ID, rec.Data); err == nil {
				list = append(list, e)
			}
		case asideGone:
			list = without(list, numbersOf(rec.Data))
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.log, a.list = log, list
	return nil
}

func numbersOf(b []byte) (out []uint64) {
	for len(b) > 0 {
		n, size := binary.Uvarint(b)
		if size <= 0 {
			return out
		}
		out = append(out, n)
		b = b[size:]
	}
	return out
}

// without is the list without these numbers, which rise.
func without(list []Aside, numbers []uint64) []Aside {
	return slices.DeleteFunc(list, func(e Aside) bool {
		_, gone := slices.BinarySearch(numbers, e.Number)
		return gone
	})
}

// put keeps a record. What cannot be kept, because the disk is full or fails,
// is counted as lost: it must not block the others. An error is a failed fsync.
func (a *aside) put(e Aside, body []byte) error {
	a.acting.Lock()
	defer a.acting.Unlock()
	if err := a.open(true); err != nil {
		return a.bear(err)
	}
	a.mu.Lock()
	// After a crash the same record is refused once more.
	known := slices.ContainsFunc(a.list, func(o Aside) bool {
		return o.Record == e.Record && o.Sink == e.Sink && o.At.Equal(e.At) && o.Bytes == int64(len(body))
	})
	a.mu.Unlock()
	if known {
		return nil
	}
	b, err := encodeAside(e, body)
	if err != nil {
		return a.bear(err)
	}
	a.makeRoom(int64(len(b)) + 64)
	e.Number = a.log.Newest() + 1
	e.Bytes = int64(len(body))
	if err := a.log.Append(segment.Record{ID: e.Number, Flags: asideEntry, Data: b}); err != nil {
		return a.bear(fmt.Errorf("put a record aside: %w", err))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, e)
	return nil
}

// bear counts what cannot be kept, unless the process has to end.
func (a *aside) bear(err error) error {
	if errors.Is(err, segment.ErrBroken) {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lost++
	return nil
}

// makeRoom lets segments go in which nothing is left, and when there is no more
// room those with the oldest records. The newest one stays: its numbers say
// what comes next.
func (a *aside) makeRoom(need int64) {
	segs, size := a.log.Segments(), a.log.Bytes()
	trim := uint64(0)
	a.mu.Lock()
	for len(segs) > 1 {
		n, _ := slices.BinarySearchFunc(a.list, segs[0].Last+1, func(e Aside, number uint64) int { return cmp.Compare(e.Number, number) })
		if n > 0 && size+need <= a.o.AsideBytes && len(a.list) < a.o.AsideRecords {
			break
		}
		a.lost += uint64(n)
		a.list = slices.Delete(a.list, 0, n)
		trim, size, segs = segs[0].Last, size-segs[0].Bytes, segs[1:]
	}
	a.mu.Unlock()
	// Many small ones shall not go at once either.
	n := len(segs)
	seal := n > 0 && a.log.Newest()-segs[n-1].First >= uint64(max(a.o.AsideRecords/asideFiles, 1))
	if seal {
		a.log.Seal()
	}
	if trim > 0 {
		_ = a.log.Trim(trim) // what cannot be removed is tried again by the next
	}
}

// chosen is the entries of these numbers, or all; ErrNoAside names the first
// that is not there.
func (a *aside) chosen(numbers []uint64) ([]Aside, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if numbers == nil {
		return slices.Clone(a.list), nil
	}
	var out []Aside
	for _, n := range slices.Compact(slices.Sorted(slices.Values(numbers))) {
		i, ok := slices.BinarySearchFunc(a.list, n, func(e Aside, number uint64) int { return cmp.Compare(e.Number, number) })
		if !ok {
			return nil, fmt.Errorf("%w: %d", ErrNoAside, n)
		}
		out = append(out, a.list[i])
	}
	return out, nil
}

// read reads one of them back.
func (a *aside) read(number uint64) ([]byte, error) {
	a.mu.Lock()
	log := a.log
	a.mu.Unlock()
	if log == nil {
		return nil, fmt.Errorf("%w: %d", ErrNoAside, number)
	}
	r := log.Reader(number)
	defer r.Close()
	rec, err := r.Next()
	if err == nil && rec.ID != number || errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read record %d that was put aside: %w", number, segment.ErrDamaged)
	}
	if err != nil {
		return nil, fmt.Errorf("read record %d that was put aside: %w", number, err)
	}
	_, body, err := decodeAside(number, rec.Data)
	return bytes.Clone(body), err
}

// remove forgets entries for good. Called with acting held.
func (a *aside) remove(list []Aside) error {
	if len(list) == 0 {
		return nil
	}
	var b []byte
	numbers := make([]uint64, len(list))
	for i, e := range list {
		numbers[i] = e.Number
		b = binary.AppendUvarint(b, e.Number)
	}
	if err := a.log.Append(segment.Record{ID: a.log.Newest() + 1, Flags: asideGone, Data: b}); err != nil {
		return fmt.Errorf("forget what was put aside: %w", err)
	}
	a.mu.Lock()
	a.list = without(a.list, numbers)
	a.mu.Unlock()
	a.makeRoom(0)
	return nil
}

func (a *aside) close() error {
	a.acting.Lock()
	defer a.acting.Unlock()
	if a.log == nil {
		return nil
	}
	return a.log.Close()
}

// Asides lists what was put aside, in that order.
func (b *Outbox) Asides() []Aside {
	list, _ := b.aside.chosen(nil) // without numbers none is missing
	return list
}

// ReadAside is the body of one of them. Errors: ErrNoAside,
// segment.ErrDamaged, others of the disk.
func (b *Outbox) ReadAside(number uint64) ([]byte, error) {
	if _, err := b.aside.chosen([]uint64{number}); err != nil {
		return nil, err
	}
	return b.aside.read(number)
}

// Retry takes records back that were put aside, those of these numbers or with
// nil all: each is appended anew, for all sinks. It says how many it took; what
// cannot be read any more goes too, and is counted as lost. Errors: ErrNoAside
// for a number that is not there, and nothing is done; those of Append.
func (b *Outbox) Retry(numbers []uint64) (int, error) {
	a := b.aside
	a.acting.Lock()
	defer a.acting.Unlock()
	list, err := a.chosen(numbers)
	if err != nil {
		return 0, err
	}
	taken := 0
	for len(list) > 0 {
		var bodies [][]byte
		n, size := 0, int64(0)
		for n < len(list) && n < MaxGroup && (n == 0 || size+list[n].Bytes <= retryGroup) {
			body, err := a.read(list[n].Number)
			switch {
			case errors.Is(err, segment.ErrDamaged):
				a.mu.Lock()
				a.lost++
				a.mu.Unlock()
			case err != nil:
				return taken, err
			default:
				bodies = append(bodies, body)
			}
			size += list[n].Bytes
			n++
		}
		if _, _, err := b.Append(bodies); err != nil {
			return taken, fmt.Errorf("take records back: %w", err)
		}
		if err := a.remove(list[:n]); err != nil {
			return taken, err
		}
		taken += len(bodies)
		list = list[n:]
	}
	return taken, nil
}

// Drop removes records for good that were put aside, those of these numbers or
// with nil all, and says how many. ErrNoAside for a number that is not there,
// and nothing is done.
func (b *Outbox) Drop(numbers []uint64) (int, error) {
	a := b.aside
	a.acting.Lock()
	defer a.acting.Unlock()
	list, err := a.chosen(numbers)
	if err != nil {
		return 0, err
	}
	return len(list), a.remove(list)
}
