//go:build linux

// Command measure produces the figures of docs/performance: the real programs
// on this machine, the peer beside them in the same run. It prints a table and
// ends with one JSON line for each figure.
//
// It must not hold figures of its own, nor tune what it measures: the
// collector runs with its defaults, apart from limits on enrolment.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// figure is one JSON line.
type figure struct {
	Figure string  `json:"figure"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Goal   float64 `json:"goal,omitempty"`
}

type run struct {
	bin     string // folder of the programs
	influxd string
	dir     string
	seconds time.Duration
	figures []figure
}

func (r *run) add(name string, value float64, unit string, goal float64) {
	r.figures = append(r.figures, figure{name, value, unit, goal})
}

func main() {
	r := &run{}
	var what string
	var seconds int
	flag.StringVar(&r.bin, "bin", "bin", "folder with muster, muster-agent and muster-simulate")
	flag.StringVar(&r.influxd, "influxd", ".tools/influxd", "InfluxDB 1.8.10, the peer; empty leaves it out")
	flag.StringVar(&what, "only", "ingest,influx,budget,agent", "which to measure")
	flag.IntVar(&seconds, "seconds", 10, "length of each ingest round")
	flag.Parse()
	r.seconds = time.Duration(seconds) * time.Second
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := r.all(ctx, strings.Split(what, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func (r *run) all(ctx context.Context, what []string) error {
	var err error
	if r.dir, err = os.MkdirTemp("", "muster-measure-"); err != nil {
		return err
	}
	defer os.RemoveAll(r.dir)
	if r.bin, err = filepath.Abs(r.bin); err != nil {
		return err
	}
	fmt.Printf("%s, %s/%s, %d processors, load average %s\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), load())
	for _, w := range what {
		var f func(context.Context) error
		switch w {
		case "ingest":
			f = r.ingest
		case "influx":
			f = r.overInflux
		case "budget":
			f = r.budget
		case "agent":
			f = r.agent
		default:
			return fmt.Errorf("-only %q: there are ingest, influx, budget, agent", w)
		}
		if err := f(ctx); err != nil {
			return fmt.Errorf("%s: %w", w, err)
		}
		fmt.Println()
	}
	for _, f := range r.figures {
		b, err := json.Marshal(f)
		if err != nil {
			return err
		}
		fmt.Println(string(b))
	}
	return nil
}

func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	f := strings.Fields(string(b))
	return strings.Join(f[:3], " ")
}
