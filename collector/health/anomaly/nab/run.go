package nab

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"time"
)

// Step takes one point and answers at once: a score, 0 to 1, and whether an
// alert is raised.
type Step func(at time.Time, v float64) (score float64, alert bool)

// Start begins a detector for one series. It is told, as every detector of the
// benchmark is, how many points at the start do not count.
type Start func(probation int) Step

// Answer is what a detector said of a file, point by point.
type Answer struct {
	Score []float64
	Alert []bool
}

// Run gives a file to a detector, one point after the other.
func (f *File) Run(start Start) Answer {
	step := start(f.Probation)
	a := Answer{make([]float64, len(f.Values)), make([]bool, len(f.Values))}
	for i, v := range f.Values {
		a.Score[i], a.Alert[i] = step(f.At[i], v)
	}
	return a
}

// Above are the alerts of a detector that has only a score.
func (a Answer) Above(threshold float64) []bool {
	out := make([]bool, len(a.Score))
	for i, s := range a.Score {
		out[i] = s >= threshold
	}
	return out
}

// Result is how a detector did: Files in the order of the corpus.
type Result struct {
	Files []FileResult
	Total Tally
}

// FileResult is how it did on one file.
type FileResult struct {
	File   *File
	Answer Answer
	Tally  Tally
}

// Run gives every file to a fresh detector and scores its own alerts.
func (c *Corpus) Run(start Start) Result {
	var r Result
	for _, f := range c.Files {
		a := f.Run(start)
		t := f.Score(a.Alert)
		r.Files = append(r.Files, FileResult{f, a, t})
		r.Total = r.Total.Add(t)
	}
	return r
}

// Category sums the tallies of the files of one folder.
func (r Result) Category(name string) Tally {
	var t Tally
	for _, f := range r.Files {
		if f.File.Category == name {
			t = t.Add(f.Tally)
		}
	}
	return t
}

// Categories lists the folders in order.
func (c *Corpus) Categories() []string {
	var out []string
	for _, f := range c.Files {
		if len(out) == 0 || out[len(out)-1] != f.Category {
			out = append(out, f.Category)
		}
	}
	return out
}

// WriteCSV writes the answer as lines of timestamp,score,alert (0 or 1).
func (r FileResult) WriteCSV(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, "timestamp,score,alert")
	for i, at := range r.File.At {
		alert := "0"
		if r.Answer.Alert[i] {
			alert = "1"
		}
		fmt.Fprintf(b, "%s,%s,%s\n", at.Format(pointTime), strconv.FormatFloat(r.Answer.Score[i], 'g', 6, 64), alert)
	}
	return b.Flush()
}
