package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/collector/health/anomaly/nab"
)

// folder writes two categories of two files, each with a spike in a window.
func folder(t *testing.T) string {
	dir := t.TempDir()
	var windows []string
	for i, name := range []string{"x/a.csv", "x/b.csv", "y/c.csv", "y/d.csv"} {
		var b strings.Builder
		b.WriteString("timestamp,value\n")
		for k := range 2000 {
			v := float64(k % 7)
			if k == 1200+100*i {
				v = 50
			}
			at := time.Date(2014, 4, 1, 0, 5*k, 0, 0, time.UTC)
			fmt.Fprintf(&b, "%s,%v\n", at.Format(time.DateTime), v)
		}
		first := time.Date(2014, 4, 1, 0, 5*(1150+100*i), 0, 0, time.UTC)
		windows = append(windows, fmt.Sprintf("%q:[[%q,%q]]", name,
			first.Format(time.DateTime), first.Add(500*time.Minute).Format(time.DateTime)))
		write(t, filepath.Join(dir, name), b.String())
	}
	write(t, filepath.Join(dir, "windows.json"), "{"+strings.Join(windows, ",")+"}")
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestRun(t *testing.T) {
	dir := folder(t)
	var first, second strings.Builder
	for _, out := range []*strings.Builder{&first, &second} {
		if err := run([]string{"-data", dir, "-draws", "12"}, out); err != nil {
			t.Fatal(err)
		}
	}
	if first.String() != second.String() {
		t.Error("two runs do not say the same")
	}
	for _, want := range []string{"the constants as they stand", "each file by the others", "each category by the others", "each half by the other", "found 4 of 4", "threshold"} {
		if !strings.Contains(first.String(), want) {
			t.Errorf("%q is missing in\n%s", want, first.String())
		}
	}
	for _, bad := range [][]string{{}, {"-data", dir, "-draws", "3"}, {"-data", filepath.Join(dir, "x")}} {
		if err := run(bad, &first); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
}

// A set is never tried on a file that it was chosen by.
func TestSplitsAreFair(t *testing.T) {
	c, err := nab.Load(os.DirFS(folder(t)))
	if err != nil {
		t.Fatal(err)
	}
	tr := newTrial(c)
	for name, splits := range map[string][]split{"file": tr.byFile(), "category": tr.byCategory(), "half": tr.byHalf(3)} {
		tried := make([]int, len(c.Files))
		for _, s := range splits {
			n := 0
			for i := range c.Files {
				if s(i) {
					n++
					tried[i]++
				}
			}
			if n == 0 || n == len(c.Files) {
				t.Errorf("by %s: tried on %d of %d files", name, n, len(c.Files))
			}
		}
		for i, n := range tried {
			if n != tried[0] {
				t.Errorf("by %s: file %d is tried %d times, file 0 %d times", name, i, n, tried[0])
			}
		}
	}
	// Two sets: one good on the first file alone, one on the others alone.
	good, bad := nab.Tally{Windows: 1, Found: 1, Reward: 1}, nab.Tally{Windows: 1}
	one := &set{shaken: []nab.Tally{good, bad, bad, bad}, near: make([]int, neighbours)}
	two := &set{shaken: []nab.Tally{bad, good, good, good}, near: make([]int, neighbours)}
	tr.sets = []*set{one, two}
	if got := tr.choose(func(i int) bool { return i == 0 }); got != one {
		t.Error("chosen by the first file, it is not the one that is good there")
	}
	if got := tr.choose(func(i int) bool { return i != 0 }); got != two {
		t.Error("chosen by the others, it is not the one that is good there")
	}
}
