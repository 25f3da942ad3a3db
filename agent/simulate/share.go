package simulate

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"muster/internal/settings"
)

// Span is a duration in YAML: 90s, 10m, 2h, 3d.
type Span time.Duration

// UnmarshalYAML reads a span.
func (s *Span) UnmarshalYAML(n ast.Node) error {
	d, err := settings.ParseDuration(textOf(n))
	if err != nil {
		return faulty(n, "a time such as 90s, 10m, 2h or 3d is expected")
	}
	*s = Span(d)
	return nil
}

// Share is a part of the fleet: 5% or a number of machines.
type Share struct {
	Percent float64
	Count   int
}

// UnmarshalYAML reads a share.
func (s *Share) UnmarshalYAML(n ast.Node) error {
	text := textOf(n)
	if p, ok := strings.CutSuffix(text, "%"); ok {
		x, err := strconv.ParseFloat(p, 64)
		if err != nil || !(x > 0 && x <= 100) {
			return faulty(n, "a share of more than 0%% and at most 100%% is expected")
		}
		s.Percent = x
		return nil
	}
	x, err := strconv.Atoi(text)
	if err != nil || x < 1 {
		return faulty(n, "a share such as 5%%, or a number of machines, is expected")
	}
	s.Count = x
	return nil
}

// of is how many of n machines the share is.
func (s Share) of(n int) int {
	want := s.Count
	if s.Percent > 0 {
		want = int(math.Ceil(s.Percent / 100 * float64(n)))
	}
	return min(want, n)
}

// holds says whether machine k of n is among the share. Machines are taken
// evenly, the same ones each time.
func (s Share) holds(k, n int) bool {
	want := s.of(n)
	return want > 0 && (k+1)*want/n > k*want/n
}

// fault is what cannot be read, and where.
type fault struct {
	line, column int
	text, want   string
}

func (f *fault) Error() string { return fmt.Sprintf("line %d: %q: %s", f.line, f.text, f.want) }

func faulty(n ast.Node, format string, a ...any) error {
	f := &fault{text: textOf(n), want: fmt.Sprintf(format, a...)}
	if t := n.GetToken(); t != nil && t.Position != nil {
		f.line, f.column = t.Position.Line, t.Position.Column
	}
	return f
}

func textOf(n ast.Node) string {
	if t := n.GetToken(); t != nil {
		return strings.TrimSpace(t.Value)
	}
	return ""
}
