package agent

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Bounds of a process that reads one section for its parent.
type Bounds struct {
	Memory int64         // bytes beyond what the program has when it starts; 0 is no bound
	Within time.Duration // it ends itself after that, should its parent be gone
}

// Answer reads one section and writes the outcome as one CBOR object, a
// report.Section: what the agent starts a process of its own for. It puts
// itself behind all others in the use of processor and disk.
func Answer(ctx context.Context, w io.Writer, name string, b Bounds) error {
	return answer(ctx, w, sections(), name, b)
}

// AnswerOffered writes, in the same form, the rows of section patch that the
// system offers and has not installed.
func AnswerOffered(ctx context.Context, w io.Writer, b Bounds) error {
	return answer(ctx, w, offered(), "patch", b)
}

func answer(ctx context.Context, w io.Writer, list []gather.Section, name string, b Bounds) error {
	i := slices.IndexFunc(list, func(s gather.Section) bool { return s.Name == name })
	schema, ok := inventory.Lookup(name)
	if i < 0 || !ok {
		return fmt.Errorf("section %q is not read on this system", name)
	}
	ctx, over, err := bounded(ctx, b)
	if err != nil {
		return err
	}
	defer over()
	r, err := list[i].Read(ctx, host.Local())
	s := report.Section{Name: name, Sources: r.Sources}
	var reason string
	s.Status, reason = gather.StatusOf(r, err)
	t, faults, cerr := schema.Conform(r.Table)
	switch {
	case cerr != nil:
		s.Status, reason = report.Failed, cerr.Error()
		t = inventory.Table{}
	case len(faults) > 0 && s.Status == report.OK:
		s.Status, reason = report.Partial, faults.String()
	}
	s.Reason = cut(reason, maxReason)
	s.Columns, s.Rows = slim(t)
	out, err := report.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	_, err = w.Write(out)
	return err
}

// bounded holds this process to bounds until over is called.
func bounded(ctx context.Context, b Bounds) (within context.Context, over func(), err error) {
	if err := confine(b); err != nil {
		return nil, nil, err
	}
	if b.Within == 0 {
		return ctx, func() {}, nil
	}
	// The parent ends this process before that; but it may be gone itself.
	end := time.AfterFunc(b.Within+2*time.Second, func() { os.Exit(3) })
	within, cancel := context.WithTimeout(ctx, b.Within)
	return within, func() { cancel(); end.Stop() }, nil
}
