package nab

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Corpus is a set of labelled series.
type Corpus struct{ Files []*File }

// File is one series with its labels.
type File struct {
	Name      string // folder and file, as in windows.json
	Category  string // the folder
	At        []time.Time
	Values    []float64
	Windows   []Window // in order of time
	Probation int      // points at the start that a detector may learn from and that do not count
}

// Window is where an alert is right: indexes of its first and last point.
type Window struct{ First, Last int }

// What a folder may hold at most. The benchmark's largest file has 22,695
// points.
const (
	maxFiles   = 1000
	maxPoints  = 1 << 20
	maxLine    = 1 << 10
	maxLabels  = 8 << 20 // bytes of windows.json
	maxWindows = 1000    // of a file
)

const (
	probationShare = 0.15
	probationMost  = 750 // 15 % of 5000
)

const (
	pointTime  = "2006-01-02 15:04:05"
	windowTime = "2006-01-02 15:04:05.999999"
)

// Load reads windows.json and the files that it names.
func Load(dir fs.FS) (*Corpus, error) {
	f, err := dir.Open("windows.json")
	if err != nil {
		return nil, fmt.Errorf("open windows: %w", err)
	}
	windows, err := readWindows(f)
	f.Close()
	if err != nil {
		return nil, fmt.Errorf("read windows.json: %w", err)
	}
	names := make([]string, 0, len(windows))
	for name := range windows {
		names = append(names, name)
	}
	sort.Strings(names)
	c := &Corpus{}
	for _, name := range names {
		file, err := load(dir, name, windows[name])
		if err != nil {
			return nil, err
		}
		c.Files = append(c.Files, file)
	}
	return c, nil
}

func load(dir fs.FS, name string, windows [][2]time.Time) (*File, error) {
	in, err := dir.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open series: %w", err)
	}
	defer in.Close()
	f := &File{Name: name, Category: path.Dir(name)}
	if f.At, f.Values, err = readSeries(in); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	f.Probation = int(min(math.Floor(probationShare*float64(len(f.Values))), probationMost))
	for _, w := range windows {
		x := Window{f.index(w[0]), f.index(w[1])}
		if x.First < 0 || x.Last < x.First {
			return nil, fmt.Errorf("window %s to %s of %s does not begin and end at points of it",
				w[0].Format(pointTime), w[1].Format(pointTime), name)
		}
		f.Windows = append(f.Windows, x)
	}
	slices.SortFunc(f.Windows, func(a, b Window) int { return a.First - b.First })
	return f, nil
}

// index is the first point at a time, or -1.
func (f *File) index(t time.Time) int {
	return slices.IndexFunc(f.At, t.Equal)
}

// readSeries reads lines of timestamp,value below a heading. Times are taken
// as UTC.
func readSeries(r io.Reader) ([]time.Time, []float64, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, maxLine), maxLine)
	var at []time.Time
	var values []float64
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSuffix(lines.Text(), "\r")
		if n == 1 {
			if line != "timestamp,value" {
				return nil, nil, errors.New("line 1: want the heading timestamp,value")
			}
			continue
		}
		if line == "" {
			continue
		}
		when, what, ok := strings.Cut(line, ",")
		if !ok {
			return nil, nil, fmt.Errorf("line %d: want timestamp,value", n)
		}
		t, err := time.Parse(pointTime, when)
		if err != nil {
			return nil, nil, fmt.Errorf("line %d: want a time like %s", n, pointTime)
		}
		v, err := strconv.ParseFloat(what, 64)
		if err != nil {
			return nil, nil, fmt.Errorf("line %d: %q is no number", n, what)
		}
		if len(at) == maxPoints {
			return nil, nil, fmt.Errorf("more than %d points", maxPoints)
		}
		at, values = append(at, t), append(values, v)
	}
	if err := lines.Err(); err != nil {
		return nil, nil, err
	}
	if len(at) == 0 {
		return nil, nil, errors.New("no points")
	}
	return at, values, nil
}

// readWindows reads windows.json: for each file a list of first and last time.
func readWindows(r io.Reader) (map[string][][2]time.Time, error) {
	var raw map[string][][2]string
	in := &io.LimitedReader{R: r, N: maxLabels + 1}
	if err := json.NewDecoder(in).Decode(&raw); err != nil {
		if in.N <= 0 {
			return nil, fmt.Errorf("longer than %d bytes", maxLabels)
		}
		return nil, err
	}
	if len(raw) > maxFiles {
		return nil, fmt.Errorf("more than %d files", maxFiles)
	}
	out := make(map[string][][2]time.Time, len(raw))
	for name, list := range raw {
		if !fs.ValidPath(name) || path.Ext(name) != ".csv" {
			return nil, fmt.Errorf("%q is no file of a series: want folder/name.csv", name)
		}
		if len(list) > maxWindows {
			return nil, fmt.Errorf("%s has more than %d windows", name, maxWindows)
		}
		out[name] = nil
		for _, w := range list {
			first, err := time.Parse(windowTime, w[0])
			if err != nil {
				return nil, fmt.Errorf("window of %s: %w", name, err)
			}
			last, err := time.Parse(windowTime, w[1])
			if err != nil {
				return nil, fmt.Errorf("window of %s: %w", name, err)
			}
			out[name] = append(out[name], [2]time.Time{first, last})
		}
	}
	return out, nil
}
