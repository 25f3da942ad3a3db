// Package pressure samples how much time work was held up for want of
// processor, memory or disk (measurement pressure), as the kernel counts it
// (Documentation/accounting/psi.rst).
package pressure

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
)

// Sampler reads /proc/pressure. Kernels without it, or with it switched off,
// have no such numbers.
type Sampler struct {
	Wishes func() gather.Wishes // nothing is read unless it is wished for
}

// Name of the sampler in logs.
func (*Sampler) Name() string { return "pressure" }

// Sample puts what the kernel counts.
func (s *Sampler) Sample(_ context.Context, h *host.Host, to gather.Sink) error {
	if !s.Wishes().Pressure {
		return nil
	}
	for _, resource := range []string{"cpu", "memory", "io"} {
		b, err := h.ReadFile("/proc/pressure/" + resource)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, errors.ErrUnsupported):
			continue
		case err != nil:
			return nil // psi=0: the file is there and cannot be read
		}
		if err := parse(string(b), resource, to); err != nil {
			return err
		}
	}
	return nil
}

// parse reads "some avg10=0.00 avg60=0.00 avg300=0.00 total=0". That all tasks
// waited for the processor means nothing for the whole machine.
func parse(text, resource string, to gather.Sink) error {
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		if len(w) < 2 || w[0] != "some" && w[0] != "full" {
			return fmt.Errorf("pressure of %s: unexpected text %.40q", resource, line)
		}
		if resource == "cpu" && w[0] == "full" {
			continue
		}
		for _, pair := range w[1:] {
			name, value, _ := strings.Cut(pair, "=")
			v, err := strconv.ParseFloat(value, 64)
			if err != nil || v < 0 || v > 1<<60 {
				return fmt.Errorf("pressure of %s: unexpected text %.40q", resource, line)
			}
			switch name {
			case "avg10", "avg60", "avg300", "total":
				to.Put("pressure", name, v, "resource", resource, "type", w[0])
			}
		}
	}
	return nil
}
