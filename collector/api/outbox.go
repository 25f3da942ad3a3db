package api

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/collector/store"
)

// Outbox is what people can do about numbers on their way to the stores.
type Outbox interface {
	// Aside lists records that stores refuse, newest first, at most so many,
	// and says how many there are.
	Aside(limit int) ([]AsideRecord, int, error)
	// Retry takes records back, or with nil all, and says how many. A number
	// that is not there is store.ErrNotFound, and nothing is done.
	Retry(numbers []uint64) (int, error)
	// Drop removes records for good, in the same way.
	Drop(numbers []uint64) (int, error)
	// Drain tries all stores at once. Closed, unless it is nil, says whether
	// reports are refused from now on.
	Drain(closed *bool)
}

// Behind is how many seconds the stores are behind, the slowest of them. 0: no
// more than always, see BehindAfter.
func (s OutboxStatus) Behind() float64 {
	most := 0.0
	for _, x := range s.Stores {
		most = max(most, x.BehindSeconds)
	}
	if most < BehindAfter {
		return 0
	}
	return most
}

// worthTelling is from which age on status calls it a problem, in seconds: the
// restart of a store is none.
const worthTelling = 60

func (s *Server) outboxProblems(o *OutboxStatus) (out []string) {
	for _, x := range o.Stores {
		behind := time.Duration(x.BehindSeconds * float64(time.Second)).Round(time.Second)
		if x.BehindSeconds < worthTelling {
			continue
		}
		text := fmt.Sprintf("numbers are %s behind: %d records wait for the store %s and are not lost", behind, x.Records, x.Name)
		switch x.State {
		case StoreUnavailable:
			text += ", which does not take them: " + x.Error
		case StoreRefuses:
			text += ", which will not take them until somebody changes something: " + x.Error
		}
		out = append(out, text+" (muster outbox list)")
	}
	if o.Kept > 0 {
		out = append(out, fmt.Sprintf("%d records were put aside because a store refuses them: muster outbox list --aside tells why, muster outbox retry or drop", o.Kept))
	}
	return out
}

func (s *Server) outboxOf() (OutboxStatus, error) {
	if s.d.Vitals.Outbox == nil || s.d.Outbox == nil {
		return OutboxStatus{}, NewProblem(notOffered, "this collector has no outbox")
	}
	out := s.d.Vitals.Outbox()
	if out.Stores == nil {
		out.Stores = []OutboxStore{}
	}
	return out, nil
}

func (s *Server) outboxList(context.Context, *NoInput) (OutboxStatus, error) { return s.outboxOf() }

func (s *Server) outboxAside(_ context.Context, in *OutboxAsideInput) (OutboxAside, error) {
	if _, err := s.outboxOf(); err != nil {
		return OutboxAside{}, err
	}
	list, total, err := s.d.Outbox.Aside(orDefault(in.Limit))
	if list == nil {
		list = []AsideRecord{}
	}
	return OutboxAside{Records: list, Total: total}, err
}

func (s *Server) outboxRetry(ctx context.Context, in *OutboxChoiceInput) (OutboxChanged, error) {
	return s.outboxDo(ctx, in, Outbox.Retry)
}

func (s *Server) outboxDrop(ctx context.Context, in *OutboxChoiceInput) (OutboxChanged, error) {
	return s.outboxDo(ctx, in, Outbox.Drop)
}

func (s *Server) outboxDo(ctx context.Context, in *OutboxChoiceInput, do func(Outbox, []uint64) (int, error)) (OutboxChanged, error) {
	if _, err := s.outboxOf(); err != nil {
		return OutboxChanged{}, err
	}
	numbers := in.Body.Numbers
	switch {
	case in.Body.All && len(numbers) > 0:
		return OutboxChanged{}, NewProblem(invalid, "name records by their numbers or take all, not both")
	case in.Body.All:
		numbers = nil
		onto(ctx, "all")
	case len(numbers) == 0:
		return OutboxChanged{}, NewProblem(invalid, "say which records: numbers as muster outbox list --aside shows them, or all")
	default:
		onto(ctx, clip(listed(numbers), 200))
	}
	n, err := do(s.d.Outbox, numbers)
	note(ctx, "records", strconv.Itoa(n))
	if errors.Is(err, store.ErrNotFound) {
		return OutboxChanged{}, NewProblem(notFound, "%s: muster outbox list --aside shows those that are; nothing was changed", strings.TrimSuffix(err.Error(), ": "+store.ErrNotFound.Error()))
	}
	return OutboxChanged{Records: n}, err
}

func listed(numbers []uint64) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ","), "[]")
}

func (s *Server) outboxDrain(ctx context.Context, in *OutboxDrainInput) (OutboxStatus, error) {
	if _, err := s.outboxOf(); err != nil {
		return OutboxStatus{}, err
	}
	if c := in.Body.Close; c != nil {
		note(ctx, "closed", strconv.FormatBool(*c))
	}
	s.d.Outbox.Drain(in.Body.Close)
	return s.outboxOf()
}
