// Command evaluate holds the engine that judges health against recorded data
// of real drives, incidents and series, and says how well it does: the same
// rules, forecasts and models that a collector runs, in the data's own time.
// It owns how the data are read and scored.
//
// It must not tune anything: what it judges with is fixed before it looks.
//
//	go run ./collector/health/evaluate -data DIR [-out DIR] [-docs FILE]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"muster/collector/health/rule"
	"muster/collector/health/rules"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "evaluate:", err)
		os.Exit(1)
	}
}

// part is one evaluation. It writes its tables to the page, its figures to the
// book and, where asked, raw answers into out.
type part struct {
	name  string
	needs []string // files below the data folder
	do    func(*evaluation, context.Context) error
}

func parts() []part {
	return []part{
		{"hard disks, day by day", []string{dailyFile}, (*evaluation).daily},
		{"hard disks, the months before they failed", []string{historyFile}, (*evaluation).history},
		{"drives that get worse", []string{longFile}, (*evaluation).worsening},
		{"wear of NVMe drives", []string{longFile}, (*evaluation).wear},
		{"tickets and their causes", []string{ticketFile}, (*evaluation).tickets},
		{"unusual series", []string{nabFolder}, (*evaluation).series},
	}
}

// evaluation is one run.
type evaluation struct {
	data, out string
	set       *rule.Set
	page      *page
	book      *book
}

func run(ctx context.Context, args []string, w io.Writer) error {
	f := flag.NewFlagSet("evaluate", flag.ContinueOnError)
	data := f.String("data", "", "`folder` of recorded data, laid out as healthdata/dev")
	out := f.String("out", "", "write raw answers into this `folder`, for anyone to score")
	docs := f.String("docs", "", "write the tables to this `file`, too")
	only := f.String("only", "", "only the part whose name begins so")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *data == "" || f.NArg() > 0 {
		return errors.New("say which data to judge: -data DIR (make health-eval DATA=DIR)")
	}
	if st, err := os.Stat(*data); err != nil || !st.IsDir() {
		return fmt.Errorf("-data %s is no folder: name one that is laid out as healthdata/dev", *data)
	}
	if *out != "" {
		if err := os.MkdirAll(*out, 0o755); err != nil {
			return fmt.Errorf("-out: %w", err)
		}
	}
	set, err := rule.Load(rules.Files(), nil, "")
	if err != nil {
		return err
	}
	e := &evaluation{data: *data, out: *out, set: set, page: &page{}, book: &book{}}
	done := 0
	for _, p := range parts() {
		if !strings.HasPrefix(p.name, *only) {
			continue
		}
		if missing := e.missing(p.needs); missing != "" {
			fmt.Fprintf(w, "%s: %s is not there, left out\n", p.name, missing)
			continue
		}
		begin := time.Now()
		if err := p.do(e, ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		fmt.Fprintf(w, "%s: done in %s\n", p.name, time.Since(begin).Round(100*time.Millisecond))
		done++
	}
	if done == 0 {
		return fmt.Errorf("there is nothing in %s that can be judged: it is laid out as healthdata/dev", *data)
	}
	fmt.Fprintln(w)
	if _, err := w.Write(e.page.bytes()); err != nil {
		return err
	}
	if *docs != "" {
		if err := os.WriteFile(*docs, e.page.document(), 0o644); err != nil {
			return err
		}
	}
	return e.book.write(w)
}

func (e *evaluation) missing(names []string) string {
	for _, n := range names {
		if _, err := os.Stat(filepath.Join(e.data, n)); err != nil {
			return n
		}
	}
	return ""
}
