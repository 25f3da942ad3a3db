package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
)

// page collects tables as Markdown.
type page struct{ b bytes.Buffer }

func (p *page) section(title string)        { fmt.Fprintf(&p.b, "## %s\n\n", title) }
func (p *page) say(format string, a ...any) { fmt.Fprintf(&p.b, format+"\n\n", a...) }

func (p *page) table(head []string, rows [][]string) {
	fmt.Fprintf(&p.b, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, r := range rows {
		fmt.Fprintf(&p.b, "| %s |\n", strings.Join(r, " | "))
	}
	p.b.WriteByte('\n')
}

func (p *page) bytes() []byte { return p.b.Bytes() }

// document is the page with its head, as it stands in docs/.
func (p *page) document() []byte {
	head := `# How well the health engine does on recorded data

Written by ` + "`make health-eval DATA=DIR`" + `, which lets the same engine that a collector runs judge recorded drives, tickets
and series in their own time. What it judges with (rules, thresholds, models, constants) was chosen by cross-validation
inside the dev half of the data alone; see [health-drive-model.md](health-drive-model.md) and
[health-anomaly.md](health-anomaly.md). Intervals are Wilson's at 95 %.

Data: Backblaze Drive Stats (source: Backblaze), linux-hardware.org (CC BY 4.0, credit linux-hardware.org), Alibaba SSD
failure tickets (Han et al., FAST'21; Apache-2.0), Numenta Anomaly Benchmark (MIT).

`
	return append([]byte(head), p.b.Bytes()...)
}

// figure is one number of a run.
type figure struct {
	Figure string  `json:"figure"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Goal   float64 `json:"goal,omitempty"`
	Low    float64 `json:"low,omitempty"` // of a share: Wilson's interval
	High   float64 `json:"high,omitempty"`
}

// book collects figures.
type book struct{ list []figure }

func (b *book) put(f figure) {
	round := func(x float64) float64 {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return 0
		}
		return math.Round(x*1e5) / 1e5
	}
	f.Value, f.Low, f.High = round(f.Value), round(f.Low), round(f.High)
	b.list = append(b.list, f)
}

// share puts k of n.
func (b *book) share(name string, k, n int, goal float64) {
	low, high := wilson(k, n)
	v := 0.0
	if n > 0 {
		v = float64(k) / float64(n)
	}
	b.put(figure{Figure: name, Value: v, Unit: "1", Goal: goal, Low: low, High: high})
}

func (b *book) write(w io.Writer) error {
	for _, f := range b.list {
		line, err := json.Marshal(f)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w, string(line)); err != nil {
			return err
		}
	}
	return nil
}

// wilson is the 95 % interval of a share (Wilson 1927).
func wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959964
	p, m := float64(k)/float64(n), float64(n)
	mid := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(mid-half, 0), min(mid+half, 1)
}

// ofAll is k of n with its interval, in words.
func ofAll(k, n int) string {
	if n == 0 {
		return "none"
	}
	low, high := wilson(k, n)
	return fmt.Sprintf("%.3f (%d of %d; %.2f–%.2f)", float64(k)/float64(n), k, n, low, high)
}
