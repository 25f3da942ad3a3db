package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/report"
)

// figure is a number as a process of its own tells it.
type figure struct {
	Measurement string   `cbor:"1,keyasint" json:"measurement"`
	Field       string   `cbor:"2,keyasint" json:"field"`
	Value       float64  `cbor:"3,keyasint" json:"value"`
	Labels      []string `cbor:"4,keyasint,omitempty" json:"labels,omitempty"` // pairs of key and value
}

// mostFigures bounds what one such process tells.
const mostFigures = 200

// figures takes numbers as they are read.
type figures []figure

// Put keeps a number.
func (f *figures) Put(measurement, field string, value float64, labels ...string) {
	if len(*f) < mostFigures && !math.IsNaN(value) && !math.IsInf(value, 0) {
		*f = append(*f, figure{measurement, field, value, slices.Clone(labels)})
	}
}

// Numbers reads numbers of the list of those that are read in a process of
// their own, and writes them: for people a JSON object a line, for the agent
// that started this process one CBOR list.
func Numbers(ctx context.Context, w io.Writer, name string, forParent bool, b Bounds) error {
	return numbers(ctx, w, seldom(), name, forParent, b)
}

func numbers(ctx context.Context, w io.Writer, list []gather.Seldom, name string, forParent bool, b Bounds) error {
	i := slices.IndexFunc(list, func(s gather.Seldom) bool { return s.Name == name })
	if i < 0 {
		return fmt.Errorf("numbers of %q are not read in a process of their own on this system", name)
	}
	if forParent {
		within, over, err := bounded(ctx, b)
		if err != nil {
			return err
		}
		defer over()
		ctx = within
	}
	var got figures
	err := list[i].Read(ctx, host.Local(), &got)
	if err != nil && !(forParent && errors.Is(err, errors.ErrUnsupported)) {
		return err
	}
	if forParent {
		out, err := report.Marshal(got)
		if err != nil {
			return fmt.Errorf("encode answer: %w", err)
		}
		_, err = w.Write(out)
		return err
	}
	e := json.NewEncoder(w)
	for _, f := range got {
		if err := e.Encode(f); err != nil {
			return err
		}
	}
	return nil
}

// numbers has a process read numbers.
func (c *child) numbers(ctx context.Context, name string) (figures, error) {
	b, err := c.ask(ctx, "--numbers", name)
	if err != nil {
		return nil, err
	}
	return openedNumbers(name, b)
}

// openedNumbers reads the answer of a child: numbers of one measurement.
func openedNumbers(name string, b []byte) (figures, error) {
	var got figures
	if err := report.Unmarshal(b, &got); err != nil {
		return nil, fmt.Errorf("answer of its process: %w", err)
	}
	if len(got) > mostFigures {
		return nil, fmt.Errorf("its process answered %d numbers", len(got))
	}
	for _, f := range got {
		if f.Measurement != name || len(f.Labels)%2 != 0 {
			return nil, fmt.Errorf("its process answered for %.40q", f.Measurement)
		}
	}
	return got, nil
}

// rare is the sampler of numbers that are read in a process of their own. The
// sampling never waits for it: what was read goes along with a later one.
type rare struct {
	gather.Seldom
	ask  func(ctx context.Context, name string) (figures, error)
	now  func() time.Time
	due  time.Time
	done chan rarely // of a process under way
}

type rarely struct {
	got figures
	err error
}

// settled is how long after its start an agent waits with them: first comes
// what people wait for.
const settled = 5 * time.Minute

func newRare(s gather.Seldom, c *child, now func() time.Time) *rare {
	return &rare{Seldom: s, ask: c.numbers, now: now, due: now().Add(settled + spread(s.Name, settled))}
}

// Name of the sampler in logs.
func (r *rare) Name() string { return r.Seldom.Name }

// Sample puts what has been read since the last one, and begins to read when
// it is time.
func (r *rare) Sample(ctx context.Context, _ *host.Host, to gather.Sink) error {
	if r.done != nil {
		select {
		case d := <-r.done:
			r.done = nil
			r.due = r.now().Add(r.Every)
			if d.err != nil {
				r.due = r.now().Add(min(r.Every, longest))
				return d.err
			}
			for _, f := range d.got {
				to.Put(f.Measurement, f.Field, f.Value, f.Labels...)
			}
		default:
		}
		return nil
	}
	if r.now().Before(r.due) {
		return nil
	}
	done := make(chan rarely, 1)
	r.done = done
	// It ends by its own limit, not with this sampling.
	ctx = context.WithoutCancel(ctx)
	go func() {
		got, err := r.ask(ctx, r.Seldom.Name)
		done <- rarely{got, err}
	}()
	return nil
}
