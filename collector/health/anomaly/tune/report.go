package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"muster/collector/health/anomaly"
	"muster/collector/health/anomaly/nab"
)

func (t *trial) report(out io.Writer) {
	all := func(int) bool { return true }
	fixed := &set{tuning: anomaly.Tuned()}
	(&trial{corpus: t.corpus}).try(fixed)
	line(out, "the constants as they stand", sum(fixed.plain, all), sum(fixed.shaken, all))
	best := t.choose(all)
	line(out, "chosen on all files", sum(best.plain, all), sum(best.shaken, all))
	fmt.Fprintf(out, "  %+v\n", best.tuning)
	t.nested(out, "each file by the others", t.byFile())
	t.nested(out, "each category by the others", t.byCategory())
	t.nested(out, "each half by the other, 40 ways", t.byHalf(40))

	goals := make([]float64, len(t.sets))
	for i, s := range t.sets {
		goals[i] = goal(sum(s.shaken, all))
	}
	slices.Sort(goals)
	n := len(goals) - 1
	fmt.Fprintf(out, "mean of standard and low-FP over all %d draws: least %.1f, tenth %.1f, median %.1f, nine tenths %.1f, most %.1f\n",
		len(goals), goals[0], goals[n/10], goals[n/2], goals[n*9/10], goals[n])
	for i, a := range axes() {
		fmt.Fprintf(out, "  %-16s %s\n", a.name, t.thirds(i))
	}
}

// thirds is the mean goal in the lower, middle and upper third of an axis.
func (t *trial) thirds(axis int) string {
	var mean [3]float64
	var n [3]float64
	for _, s := range t.sets {
		k := min(2, int(s.where[axis]*3))
		mean[k] += goal(sum(s.shaken, func(int) bool { return true }))
		n[k]++
	}
	return fmt.Sprintf("%.1f %.1f %.1f", mean[0]/n[0], mean[1]/n[1], mean[2]/n[2])
}

func line(out io.Writer, name string, plain, shaken nab.Tally) {
	fmt.Fprintf(out, "%-32s", name)
	for _, p := range nab.Profiles() {
		fmt.Fprintf(out, "  %s %.1f (shaken %.1f)", p.Name, plain.Score(p), shaken.Score(p))
	}
	fmt.Fprintf(out, "  found %d of %d, false %d\n", plain.Found, plain.Windows, plain.False)
}

// split tells the files that a set is tried on from those it is chosen by.
type split func(file int) (tried bool)

// nested chooses on a part of the files and tallies the others.
func (t *trial) nested(out io.Writer, name string, splits []split) {
	var plain, shaken nab.Tally
	for _, tried := range splits {
		s := t.choose(func(i int) bool { return !tried(i) })
		plain = plain.Add(sum(s.plain, tried))
		shaken = shaken.Add(sum(s.shaken, tried))
	}
	line(out, name, plain, shaken)
}

func (t *trial) byFile() []split {
	var out []split
	for k := range t.corpus.Files {
		out = append(out, func(i int) bool { return i == k })
	}
	return out
}

func (t *trial) byCategory() []split {
	var out []split
	for _, c := range t.corpus.Categories() {
		out = append(out, func(i int) bool { return t.corpus.Files[i].Category == c })
	}
	return out
}

// byHalf splits each category at random, both ways.
func (t *trial) byHalf(ways int) []split {
	random := rand.New(rand.NewPCG(7, 7))
	var out []split
	for range ways {
		first := make([]bool, len(t.corpus.Files))
		for _, c := range t.corpus.Categories() {
			var in []int
			for i, f := range t.corpus.Files {
				if f.Category == c {
					in = append(in, i)
				}
			}
			random.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
			for k, i := range in {
				first[i] = k%2 == 0
			}
		}
		out = append(out, func(i int) bool { return first[i] }, func(i int) bool { return !first[i] })
	}
	return out
}
