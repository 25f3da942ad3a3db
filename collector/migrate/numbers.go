package migrate

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"muster/collector/store"
	"muster/internal/backoff"
)

// Source is the past of a store of series. Times are Unix ms; to is not in.
type Source interface {
	// Span says where the numbers are.
	Span() store.Past
	// State stands for what is there: two readings with the same one have the
	// same numbers. Empty: that cannot be told; Nothing: nothing is there.
	State(from, to int64) string
	// Points hands on batches, which are the receiver's to keep.
	Points(ctx context.Context, from, to int64, f func(*store.Batch) error) error
	// Hours hands on hourly figures.
	Hours(ctx context.Context, from, to int64, f func(*store.HourBatch) error) error
}

// Nothing is the state of a time without numbers.
const Nothing = "-"

// Target takes numbers, and tells what it has. Writing a number twice is
// writing it once.
type Target interface {
	Append(ctx context.Context, batches []store.Batch) (store.Appended, error)
	// AppendHours answers how many hours it let go of, as older than it keeps.
	AppendHours(ctx context.Context, batches []store.HourBatch) (int, error)
	// Reckon says what a batch comes to in Tally once it is written.
	Reckon(into store.Tallies, b *store.Batch)
	ReckonHours(into store.Tallies, b *store.HourBatch)
	Tally(ctx context.Context, measurement string, from, to int64) (store.Tally, error)
	TallyHours(ctx context.Context, measurement string, from, to int64) (store.Tally, error)
}

// Step is how far a round is.
type Step struct {
	At       time.Time // what is being moved is of then
	Done, Of int       // pieces
	Numbers  int64     // gone through in this round
	Waits    string    // why the target is waited for; empty: it is not
}

// Result is what a round came to.
type Result struct {
	Pieces, Written int   // pieces there are, and those written in this round
	Numbers         int64 // of all pieces, as they arrived
	Gone            int64 // numbers left out, because the target does not keep what is so old
}

// Numbers moves series. All fields but Tell must be set.
type Numbers struct {
	Source  Source
	Target  Target
	Journal *Journal
	Tell    func(Step)
	Now     func() time.Time
}

const (
	hourMS = int64(time.Hour / time.Millisecond)
	dayMS  = 24 * hourMS
	// together is how many values are handed to the target at once.
	together = 200_000
	// readBack is how many numbers are read back by one question: some 100 MB
	// of an answer in JSON.
	readBack = 2_000_000
	// patience is how long a target that is away is waited for.
	patience = 5 * time.Minute
)

// Round moves the pieces that are not there yet, or were changed. It ends with
// an error when a piece did not arrive as it was, or the target is away for
// longer than five minutes: run again, it goes on from there.
func (n *Numbers) Round(ctx context.Context) (Result, error) {
	var out Result
	list := n.pieces()
	step := Step{Of: len(list)}
	for _, p := range list {
		step.At = time.UnixMilli(p.At).UTC()
		n.tell(step)
		e, written, err := n.piece(ctx, p, &step)
		if err != nil {
			return out, fmt.Errorf("numbers of %s: %w", step.At.Format("2006-01-02 15:04"), err)
		}
		out.Pieces++
		if written {
			out.Written++
		}
		out.Gone += e.Gone
		for _, t := range e.Sums {
			out.Numbers += t.Numbers
		}
		step.Done++
	}
	n.tell(step)
	return out, nil
}

// Check looks whether what was moved first and last is still there: a database
// that was dropped meanwhile would be taken for full.
func (n *Numbers) Check(ctx context.Context) error {
	var list []piece
	for p, e := range n.Journal.moved {
		if len(e.Sums) > 0 && e.Gone == 0 {
			list = append(list, p)
		}
	}
	if len(list) == 0 {
		return nil
	}
	slices.SortFunc(list, func(a, b piece) int { return cmp.Compare(a.At, b.At) })
	for _, p := range []piece{list[0], list[len(list)-1]} {
		if err := n.verify(ctx, p, n.Journal.moved[p], nil, &Step{At: time.UnixMilli(p.At).UTC()}); err != nil {
			return fmt.Errorf("what was moved before is not there any more (numbers of %s): give the move up and begin anew (muster migrate --back), with an empty database: %w", time.UnixMilli(p.At).UTC().Format("2006-01-02 15:04"), err)
		}
	}
	return nil
}

func (n *Numbers) tell(s Step) {
	if n.Tell != nil {
		n.Tell(s)
	}
}

// pieces lists what there is, the oldest first.
func (n *Numbers) pieces() []piece {
	s := n.Source.Span()
	var out []piece
	if s.To <= s.From {
		return nil
	}
	for at := floor(s.From, dayMS); at < min(s.Rolled, s.To); at += dayMS {
		if n.Source.State(at, at+dayMS) != Nothing {
			out = append(out, piece{true, at})
		}
	}
	for at := floor(max(s.From, s.Rolled), hourMS); at < s.To; at += hourMS {
		if n.Source.State(at, at+hourMS) != Nothing {
			out = append(out, piece{false, at})
		}
	}
	return out
}

func floor(t, step int64) int64 { return t - ((t%step)+step)%step }

func (p piece) span() (from, to int64) {
	if p.Hours {
		return p.At, p.At + dayMS
	}
	return p.At, p.At + hourMS
}

// piece sees to it that one piece is there.
func (n *Numbers) piece(ctx context.Context, p piece, step *Step) (e entry, written bool, err error) {
	from, to := p.span()
	state := n.Source.State(from, to)
	if state != "" {
		h := sha256.Sum256([]byte(state))
		state = hex.EncodeToString(h[:12])
	}
	old, known := n.Journal.moved[p]
	if known && state != "" && old.State == state {
		return old, false, nil
	}
	e = entry{piece: p, State: state, Sums: store.Tallies{}}
	if known {
		if err := n.read(ctx, p, e.Sums, nil, step); err != nil {
			return e, false, err
		}
		if same(e.Sums, old.Sums) {
			e.Gone = old.Gone
			return e, false, n.Journal.note(e)
		}
		e.Sums = store.Tallies{}
	}
	if err := n.read(ctx, p, e.Sums, &e.Gone, step); err != nil {
		return e, false, err
	}
	if err := n.verify(ctx, p, e, old.Sums, step); err != nil {
		return e, false, err
	}
	for m, t := range old.Sums {
		if x := e.Sums[m]; x == nil || x.Numbers < t.Numbers {
			e.Sums[m] = t
		}
	}
	return e, true, n.Journal.note(e)
}

func same(a, b store.Tallies) bool {
	return maps.EqualFunc(a, b, func(x, y *store.Tally) bool { return *x == *y })
}

// read goes through a piece and reckons; with gone it writes it, too.
func (n *Numbers) read(ctx context.Context, p piece, into store.Tallies, gone *int64, step *Step) error {
	from, to := p.span()
	before := step.Numbers
	count := func() {
		step.Numbers = before
		for _, t := range into {
			step.Numbers += t.Numbers
		}
		n.tell(*step)
	}
	if p.Hours {
		var batches []store.HourBatch
		values := 0
		flush := func() error {
			if gone == nil || len(batches) == 0 {
				batches, values = nil, 0
				return nil
			}
			return n.patiently(ctx, step, func() error {
				k, err := n.Target.AppendHours(ctx, batches)
				if err == nil {
					*gone += int64(k)
					batches, values = nil, 0
				}
				return err
			})
		}
		err := n.Source.Hours(ctx, from, to, func(b *store.HourBatch) error {
			n.Target.ReckonHours(into, b)
			batches = append(batches, *b)
			for _, x := range b.Series {
				values += 5 * len(x.Hours)
			}
			if values < together {
				return nil
			}
			count()
			return flush()
		})
		if err == nil {
			err = flush()
		}
		count()
		return err
	}
	var batches []store.Batch
	values := 0
	flush := func() error {
		if gone == nil || len(batches) == 0 {
			batches, values = nil, 0
			return nil
		}
		return n.patiently(ctx, step, func() error {
			a, err := n.Target.Append(ctx, batches)
			if err == nil {
				*gone += int64(a.TooOld)
				batches, values = nil, 0
			}
			return err
		})
	}
	err := n.Source.Points(ctx, from, to, func(b *store.Batch) error {
		n.Target.Reckon(into, b)
		batches = append(batches, *b)
		values += len(b.Points) * len(b.Layout)
		if values < together {
			return nil
		}
		count()
		return flush()
	})
	if err == nil {
		err = flush()
	}
	count()
	return err
}

// verify reads a piece back. Of what the target does not keep so long it has
// less, which is told and no error. More it may have of an earlier round, which
// saw more: beside a collector the newest of the source is not seen.
func (n *Numbers) verify(ctx context.Context, p piece, e entry, before store.Tallies, step *Step) error {
	from, to := p.span()
	ask := n.Target.Tally
	if p.Hours {
		ask = n.Target.TallyHours
	}
	for _, m := range slices.Sorted(maps.Keys(e.Sums)) {
		want := *e.Sums[m]
		var got store.Tally
		slices := min(max(int64(math.Ceil(float64(want.Numbers)/readBack)), 1), 60)
		for i := range slices {
			a, b := from+(to-from)*i/slices, from+(to-from)*(i+1)/slices
			if err := n.patiently(ctx, step, func() error {
				t, err := ask(ctx, m, a, b)
				if err == nil {
					got.Sum(t)
				}
				return err
			}); err != nil {
				return fmt.Errorf("read %s back: %w", m, err)
			}
		}
		switch {
		case got == want:
		case e.Gone > 0 && got.Numbers < want.Numbers:
		case before[m] != nil && got == *before[m] && got.Numbers > want.Numbers:
		case got.Numbers != want.Numbers:
			return fmt.Errorf("of %s %d numbers were read and %d are there now: see whether somebody else writes to the database, and whether it keeps them as long (retention), then run this again", m, want.Numbers, got.Numbers)
		default:
			return fmt.Errorf("of %s some numbers are others now than were read, though as many: see whether somebody else writes to the database, then run this again", m)
		}
	}
	return nil
}

// patiently waits for a target that is away.
func (n *Numbers) patiently(ctx context.Context, step *Step, f func() error) error {
	wait := backoff.Backoff{Min: time.Second, Max: 15 * time.Second}
	begin := n.Now()
	for {
		err := f()
		if err == nil || ctx.Err() != nil || !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrLoading) {
			return err
		}
		if n.Now().Sub(begin) > patience {
			return fmt.Errorf("it was waited for %s: %w", patience, err)
		}
		s := *step
		s.Waits = err.Error()
		n.tell(s)
		t := time.NewTimer(wait.Next())
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}
