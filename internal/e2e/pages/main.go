//go:build linux

// Command pages shows a large office on the pages of a real collector: some
// thousand simulated PCs with a week of troubles behind them, and 40 devices
// that answer to SNMP. It draws every page in a real Chromium for somebody to
// look at, lets somebody look for themselves, or measures what pages cost. It
// owns what the office is like.
//
// It must not know how pages are made: it sees addresses and what comes from
// them.
//
//	make screenshots [OUT=DIR] [DOCS=DIR]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"muster/collector/config"
	"muster/collector/query"
	"muster/internal/settings"
)

// wish is what to do.
type wish struct {
	office
	out, docs, only string
	from            string // a folder that an earlier run left
	keep            string // a folder to leave
	live            bool
	figures         bool
	blind           bool // the series store is one that nobody answers for
}

func main() {
	// The collector has people's SQL answered by a child of its own program.
	if len(os.Args) == 2 && os.Args[1] == "sql-worker" {
		os.Exit(query.Worker(os.Stdin, os.Stdout))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var w wish
	flag.StringVar(&w.out, "out", "", "draw every page into this `folder`")
	flag.StringVar(&w.docs, "docs", "", "draw the best for the docs into this `folder`")
	flag.StringVar(&w.only, "only", "", "only pictures whose names hold this `text`")
	flag.IntVar(&w.PCs, "pcs", 2000, "how many PCs")
	flag.IntVar(&w.Programs, "programs", 60, "programs on each, about")
	flag.IntVar(&w.Days, "days", 5, "how many days were lived through before")
	flag.DurationVar(&w.Interval, "interval", 30*time.Minute, "between two reports of one device")
	flag.StringVar(&w.keep, "keep", "", "keep the office in this `folder`, for -from of the next run")
	flag.StringVar(&w.from, "from", "", "take the office that an earlier run kept in this `folder`; it stays as it is")
	flag.BoolVar(&w.live, "live", false, "say where the pages are, and stay until interrupted")
	flag.BoolVar(&w.figures, "figures", false, "measure what pages cost")
	flag.BoolVar(&w.blind, "blind", false, "let the numbers over time lie where nobody answers, to see what pages say then")
	flag.Parse()
	if err := w.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "pages:", err)
		os.Exit(1)
	}
}

func (w *wish) run(ctx context.Context) (err error) {
	if w.out == "" && w.docs == "" && !w.live && !w.figures && w.keep == "" {
		return errors.New("say what to do: -out DIR, -docs DIR, -live, -figures or -keep DIR")
	}
	for _, dir := range []string{w.out, w.docs} {
		if dir != "" {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
		}
	}
	dir, err := os.MkdirTemp("", "muster-pages-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	now, err := w.furnish(ctx, dir)
	if err != nil || w.out == "" && w.docs == "" && !w.live && !w.figures {
		return err
	}
	h, err := open(ctx, dir, now, func(c *config.Config) {
		c.Agents.Interval, c.Agents.LargeInterval = settings.Duration(w.Interval), settings.Duration(w.Interval)
		if w.blind {
			c.Stores.Series, c.Influx.URL, c.Influx.Database = "influx", "http://127.0.0.1:1", "nobody"
		}
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.stop()) }()
	if err := h.wire(ctx, 2*time.Minute); err != nil {
		return err
	}
	if w.live {
		return h.stay(ctx)
	}
	t, done, err := h.chromium(ctx)
	if err != nil {
		return err
	}
	defer done()
	if w.figures {
		if err := h.measure(ctx, t); err != nil {
			return err
		}
	}
	if w.out == "" && w.docs == "" {
		return nil
	}
	list, err := h.views(ctx)
	if err != nil {
		return err
	}
	begun := time.Now()
	faults, err := draw(ctx, t, list, w.only, w.out, w.docs)
	if err != nil {
		return err
	}
	fmt.Printf("%d pages drawn in %s\n", len(list), time.Since(begun).Round(time.Second))
	return tell(faults)
}

// furnish fills a folder with an office, and answers at which time to look.
func (w *wish) furnish(ctx context.Context, dir string) (time.Time, error) {
	if w.from != "" {
		text, err := os.ReadFile(filepath.Join(w.from, "now"))
		if err != nil {
			return time.Time{}, fmt.Errorf("-from: %w", err)
		}
		now, err := time.Parse(time.RFC3339, string(text))
		if err != nil {
			return now, fmt.Errorf("-from: %w", err)
		}
		return now, os.CopyFS(dir, os.DirFS(w.from))
	}
	begun, now := time.Now(), morning(time.Now())
	stats, err := w.play(ctx, dir, now)
	if err != nil {
		return now, fmt.Errorf("play an office: %w", err)
	}
	fmt.Printf("%d PCs lived %d days in %s: %d reports\n", w.PCs, w.Days, time.Since(begun).Round(time.Second), stats.Reports)
	if w.keep == "" {
		return now, nil
	}
	if err := os.CopyFS(w.keep, os.DirFS(dir)); err != nil {
		return now, fmt.Errorf("-keep: %w", err)
	}
	return now, os.WriteFile(filepath.Join(w.keep, "now"), []byte(now.Format(time.RFC3339)), 0o644)
}

// stay says where the pages are, and whom to sign in as.
func (h *house) stay(ctx context.Context) error {
	link, err := h.api.SetupLink(ctx)
	if err != nil {
		return err
	}
	fmt.Println("pages", h.base)
	if link.Link != "" {
		fmt.Println("      makes the first account:", link.Link)
	}
	<-ctx.Done()
	return nil
}
