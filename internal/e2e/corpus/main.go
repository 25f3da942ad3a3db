// Command corpus polls recordings of real devices through a whole collector,
// over UDP on loopback addresses, and holds what its stores then say against
// what is expected of each recording. It owns how recordings are served, when
// a device was fully read, and how the shares are shown.
//
// It must not know how devices are read, nor compare by itself: that is
// collector/snmp/profile/score, which whoever writes profiles uses too.
//
//	make corpus DIR=… [OUT=DIR]
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

	"muster/collector/snmp/profile/score"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1)
	}
}

// wish is what to do.
type wish struct {
	dir, out, docs string
	only           string        // recordings whose names hold this
	rounds         int           // times that each device is read
	misses         int           // shown of each device
	patience       time.Duration // for all to be read
}

func run(ctx context.Context, args []string, w io.Writer) error {
	f := flag.NewFlagSet("corpus", flag.ContinueOnError)
	var x wish
	f.StringVar(&x.dir, "dir", "", "`folder` of recordings: NAME.snmprec and expected.json")
	f.StringVar(&x.out, "out", "", "write what muster device show -o json says of each into this `folder`")
	f.StringVar(&x.docs, "docs", "", "write the table of shares to this `file`, too")
	f.StringVar(&x.only, "only", "", "only recordings whose names hold this `text`")
	f.IntVar(&x.rounds, "rounds", 2, "read each device so many `times`: rates need two")
	f.IntVar(&x.misses, "misses", 6, "show at most so `many` misses of each device")
	f.DurationVar(&x.patience, "patience", 150*time.Second, "how long to wait for all to be read")
	if err := f.Parse(args); err != nil {
		return err
	}
	if x.dir == "" || f.NArg() > 0 {
		return errors.New("say where the recordings are: -dir DIR (make corpus DIR=…)")
	}
	if st, err := os.Stat(x.dir); err != nil || !st.IsDir() {
		return fmt.Errorf("-dir %s is no folder: name one that holds NAME.snmprec and expected.json", x.dir)
	}
	if x.out != "" {
		if err := os.MkdirAll(x.out, 0o755); err != nil {
			return fmt.Errorf("-out: %w", err)
		}
	}
	expected, err := chosen(x.dir, x.only)
	if err != nil {
		return err
	}
	boxes, err := boxesOf(x.dir, expected)
	if err != nil {
		return err
	}
	defer func() {
		for _, b := range boxes {
			b.close()
		}
	}()
	if err := serve(boxes); err != nil {
		return err
	}
	began := time.Now()
	stored, err := pollAll(ctx, boxes, x)
	if err != nil {
		return err
	}
	p := &page{misses: x.misses}
	for i, e := range expected {
		s := &stored[i]
		if x.out != "" && s.text != nil {
			if err := os.WriteFile(filepath.Join(x.out, e.ID+".json"), s.text, 0o644); err != nil {
				return fmt.Errorf("-out: %w", err)
			}
		}
		p.add(score.Compare(e, s.found()), s)
	}
	p.took = time.Since(began)
	if err := p.write(w); err != nil {
		return err
	}
	if x.docs != "" {
		if err := os.WriteFile(x.docs, p.document(), 0o644); err != nil {
			return err
		}
	}
	return p.figures(w)
}

// chosen is what is expected of the recordings whose names hold a text.
func chosen(dir, only string) ([]score.Expected, error) {
	all, err := score.Load(dir)
	if err != nil {
		return nil, fmt.Errorf("what is expected of the recordings: %w", err)
	}
	var out []score.Expected
	for _, e := range all {
		if strings.Contains(e.ID, only) {
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s names no recording%s", filepath.Join(dir, "expected.json"), map[bool]string{true: " that holds " + only}[only != ""])
	}
	return out, nil
}
