// Package gather says what a gatherer is: one that reads an inventory section
// (Section), or one that reads numbers each minute (Sampler). Each subject has
// a folder of its own below this one: a thin reader per operating system and
// a parser without build tags.
//
// It must not know when it is called, where results go, or the other
// gatherers.
package gather

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Reading is what was read of a section. Faults make it partial: what is
// absent may still be there.
type Reading struct {
	Table   inventory.Table
	Sources []string // what was asked, such as dpkg or rpm
	Faults  []string
}

// Rows makes a reading of rows of a catalogue struct.
func Rows[T inventory.Sectioner](rows []T, sources ...string) (Reading, error) {
	t, err := inventory.Encode(rows)
	return Reading{Table: t, Sources: sources}, err
}

// Section reads one section. The error says what the status is: wrapped
// errors.ErrUnsupported (this system cannot answer), fs.ErrPermission (a
// right is missing), any other (the reading failed).
type Section struct {
	Name string
	Read func(ctx context.Context, h *host.Host) (Reading, error)
	// Numbers samples what the same readings yield as numbers; nil when there
	// are none.
	Numbers Sampler
	// Apart has it read in a process of its own, so that a crash, a hang or a
	// hunger for memory ends there: for readers that ask other programs, open
	// what people may have made, or build up much. It costs some milliseconds,
	// and nothing is remembered from one reading to the next.
	Apart bool
}

// StatusOf turns the outcome of a reading into its status and reason.
func StatusOf(r Reading, err error) (report.Status, string) {
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return report.Unsupported, words(err.Error())
	case errors.Is(err, fs.ErrPermission):
		return report.Denied, err.Error()
	case err != nil:
		return report.Failed, err.Error()
	case len(r.Faults) > 0:
		return report.Partial, faults(r.Faults)
	}
	return report.OK, ""
}

func faults(l []string) string {
	s := words(l[0])
	if len(l) > 1 {
		s += fmt.Sprintf(" (and %d more)", len(l)-1)
	}
	return s
}

// words takes what marks an error as unsupported off its end: people read the
// reason, and it stands before.
func words(reason string) string {
	mark := errors.ErrUnsupported.Error()
	if reason == mark {
		return "this system cannot tell"
	}
	return strings.TrimSuffix(reason, ": "+mark)
}

// Sink takes numbers as they are read. Labels are pairs of key and value in
// the catalogue's order.
type Sink interface {
	Put(measurement, field string, value float64, labels ...string)
}

// Sampler reads numbers of one subject. Sample is called from one goroutine;
// what it needs of the time before, such as the last counters, it keeps.
type Sampler interface {
	Name() string
	Sample(ctx context.Context, h *host.Host, to Sink) error
}

// Seldom reads numbers that cost a process of their own and change slowly: for
// what asks other programs. Read is called there and nowhere else; the error is
// as with Section.
type Seldom struct {
	Name  string // of the measurement
	Every time.Duration
	Read  func(ctx context.Context, h *host.Host, to Sink) error
}

// Wishes are what a collector's policy may ask of samplers beyond the
// default set.
type Wishes struct {
	PerCore    bool
	PerProcess bool
	Pressure   bool
}
