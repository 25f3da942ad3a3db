// Command tune shows how the constants of the detector of unusual values do
// over the labelled half of the Numenta Anomaly Benchmark, and what a choice
// made on a part of the files is worth on the others (nested
// cross-validation). It chooses for all files at once, never by file.
//
// It must not change the detector: what it finds is written into package
// anomaly by hand, with docs/health-anomaly.md.
//
//	go run ./collector/health/anomaly/tune -data DIR [-draws N]
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"

	"muster/collector/health/anomaly"
	"muster/collector/health/anomaly/nab"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "tune:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("tune", flag.ContinueOnError)
	data := flags.String("data", "", "folder with windows.json and the series it names")
	draws := flags.Int("draws", 400, "how many sets of constants to try")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *data == "" {
		return errors.New("say where the series are: -data DIR")
	}
	if *draws < neighbours {
		return fmt.Errorf("-draws %d: try at least %d", *draws, neighbours)
	}
	corpus, err := nab.Load(os.DirFS(*data))
	if err != nil {
		return err
	}
	t := newTrial(corpus)
	random := rand.New(rand.NewPCG(1, 1))
	for range *draws {
		t.try(draw(random))
	}
	t.near()
	t.report(out)
	return nil
}

// axis is how far a constant may reasonably go.
type axis struct {
	name     string
	from, to float64
	even     bool // draw evenly, not by ratio
	set      func(*anomaly.Tuning, float64)
}

func axes() []axis {
	return []axis{
		{"block", 12, 30, false, func(t *anomaly.Tuning, v float64) { t.Block = int(v) }},
		{"share above bar", 0.05, 0.12, false, func(t *anomaly.Tuning, v float64) { t.Bar = 1 - v }},
		{"low", 0, 0.3, true, func(t *anomaly.Tuning, v float64) { t.Low = v }},
		{"recent", 0.35, 0.7, true, func(t *anomaly.Tuning, v float64) { t.Recent = v }},
		{"threshold", 0.25, 0.8, false, func(t *anomaly.Tuning, v float64) { t.Threshold = v }},
		{"mute", 0.04, 0.12, false, func(t *anomaly.Tuning, v float64) { t.Mute = v }},
	}
}

// set is one set of constants and how it did.
type set struct {
	tuning anomaly.Tuning
	where  []float64   // on each axis, 0 to 1
	plain  []nab.Tally // of each file, as the constants stand
	shaken []nab.Tally // summed over shakes
	near   []int       // sets close to it
}

func draw(random *rand.Rand) *set {
	s := &set{}
	for _, a := range axes() {
		u := random.Float64()
		v := a.from * math.Pow(a.to/a.from, u)
		if a.even {
			v = a.from + u*(a.to-a.from)
		}
		s.where = append(s.where, u)
		a.set(&s.tuning, v)
	}
	return s
}

// shake moves a set of constants a little and leaves out some first points, so
// that a lucky hit does not count for much.
type shake struct {
	skip            int
	threshold, mute float64
}

func shakes() []shake {
	var out []shake
	for _, skip := range []int{0, 17, 41} {
		for _, threshold := range []float64{0.85, 1.18} {
			for _, mute := range []float64{0.8, 1.25} {
				out = append(out, shake{skip, threshold, mute})
			}
		}
	}
	return out
}

// trial is all sets tried on a corpus.
type trial struct {
	corpus *nab.Corpus
	sets   []*set
}

func newTrial(c *nab.Corpus) *trial { return &trial{corpus: c} }

func (t *trial) try(s *set) {
	s.plain = t.tally(s.tuning, 0)
	s.shaken = make([]nab.Tally, len(t.corpus.Files))
	for _, k := range shakes() {
		x := s.tuning
		x.Threshold *= k.threshold
		x.Mute *= k.mute
		for i, f := range t.tally(x, k.skip) {
			s.shaken[i] = s.shaken[i].Add(f)
		}
	}
	t.sets = append(t.sets, s)
}

// tally runs the detector over all files, without their first points.
func (t *trial) tally(x anomaly.Tuning, skip int) []nab.Tally {
	out := make([]nab.Tally, len(t.corpus.Files))
	for i, f := range t.corpus.Files {
		d := anomaly.New(anomaly.Config{Warmup: f.Probation - skip, Tuning: x})
		alerts := make([]bool, len(f.Values))
		for j := skip; j < len(f.Values); j++ {
			_, alerts[j] = d.Add(f.At[j], f.Values[j])
		}
		out[i] = f.Score(alerts)
	}
	return out
}

// neighbours smooth the choice: a set is as good as those around it.
const neighbours = 12

func (t *trial) near() {
	for _, s := range t.sets {
		order := make([]int, len(t.sets))
		far := make([]float64, len(t.sets))
		for i, o := range t.sets {
			order[i] = i
			for k := range s.where {
				far[i] += (s.where[k] - o.where[k]) * (s.where[k] - o.where[k])
			}
		}
		slices.SortStableFunc(order, func(a, b int) int {
			switch {
			case far[a] < far[b]:
				return -1
			case far[a] > far[b]:
				return 1
			}
			return 0
		})
		s.near = order[:neighbours]
	}
}

// goal is what is chosen by: the mean of the standard and the low-FP score.
func goal(t nab.Tally) float64 {
	p := nab.Profiles()
	return (t.Score(p[0]) + t.Score(p[1])) / 2
}

// sum adds the tallies of the files that are in.
func sum(tallies []nab.Tally, in func(int) bool) nab.Tally {
	var t nab.Tally
	for i, x := range tallies {
		if in(i) {
			t = t.Add(x)
		}
	}
	return t
}

// choose takes the set that does best on the files that are in: half by
// itself, half by its neighbours.
func (t *trial) choose(in func(int) bool) *set {
	goals := make([]float64, len(t.sets))
	for i, s := range t.sets {
		goals[i] = goal(sum(s.shaken, in))
	}
	best, at := math.Inf(-1), 0
	for i, s := range t.sets {
		var around float64
		for _, n := range s.near {
			around += goals[n] / neighbours
		}
		if g := (goals[i] + around) / 2; g > best {
			best, at = g, i
		}
	}
	return t.sets[at]
}
