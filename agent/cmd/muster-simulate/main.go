// Command muster-simulate plays many agents against a collector: for
// benchmarks, for planning its size, and for trying out rules.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"muster/agent/simulate"
	"muster/internal/buildinfo"
	"muster/internal/enroll"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "muster-simulate:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	o := simulate.Options{Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	var files []string
	var scenario string
	c := &cobra.Command{
		Use:   "muster-simulate",
		Short: "Play many agents against a collector",
		Long: `Play many agents against a collector, each a made-up machine with inventory,
numbers and a daily rhythm, through the agents' own way of sending.

A scenario says what happens to them, and at which sites they stand with which
switches, UPSs and printers: docs/simulate.md. Devices get to a site of the
collector by an invitation for that site: give SITE=FILE for each.

Give an enrolment string with enough uses: muster enroll new --uses 2000.`,
		Example: `  muster enroll new --uses 500 --file invitation.txt
  muster-simulate --agents 500 --interval 60s --duration 30m --enroll-file invitation.txt
  muster-simulate --agents 60 --scenario office.yaml --enroll-file hartford=h.txt --enroll-file stamford=s.txt`,
		SilenceUsage: true, SilenceErrors: true, Args: cobra.NoArgs,
		Version: buildinfo.Read().String(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if o.Scenario, err = simulate.LoadScenario(scenario); err != nil {
				return err
			}
			if err := invitations(&o, files); err != nil {
				return err
			}
			if o.Dir == "" {
				if o.Dir, err = os.MkdirTemp("", "muster-simulate-"); err != nil {
					return err
				}
				defer os.RemoveAll(o.Dir)
			}
			f, err := simulate.New(o)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithCancel(cmd.Context())
			defer cancel()
			go tell(ctx, f, cmd.ErrOrStderr())
			err = f.Run(ctx)
			print(cmd.OutOrStdout(), f.Stats())
			return err
		},
	}
	fl := c.Flags()
	fl.IntVar(&o.Agents, "agents", 100, "how many PCs; the gear of the scenario's sites comes on top")
	fl.DurationVar(&o.Interval, "interval", time.Minute, "time between two reports of one agent")
	fl.DurationVar(&o.Sample, "sample", 0, "time between two readings of numbers; without it, one a report")
	fl.DurationVar(&o.Duration, "duration", 0, "end after this time; without it, when interrupted")
	fl.IntVar(&o.Programs, "programs", 120, "programs on each machine, about")
	fl.StringVar(&scenario, "scenario", "", "what happens to the machines (YAML; docs/simulate.md)")
	fl.StringArrayVar(&files, "enroll-file", nil, "file with the enrolment string, or SITE=FILE for the devices of a site; or set MUSTER_ENROLL")
	fl.StringVar(&o.Dir, "data", "", "keep the agents' identities here, so that the next run is the same fleet")
	return c
}

// invitations reads the one of each site, and the one for all others.
func invitations(o *simulate.Options, files []string) error {
	text := os.Getenv("MUSTER_ENROLL")
	for _, f := range files {
		site, file, ok := strings.Cut(f, "=")
		if !ok {
			file = f
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read enrolment string: %w", err)
		}
		if !ok {
			text = string(b)
			continue
		}
		v, err := enroll.Parse(string(b))
		if err != nil {
			return fmt.Errorf("enrolment string of %s: %w", site, err)
		}
		if o.Invitations == nil {
			o.Invitations = map[string]enroll.Invitation{}
		}
		o.Invitations[site] = v
	}
	if strings.TrimSpace(text) == "" {
		for _, x := range o.Scenario.Sites {
			if _, ok := o.Invitations[x.Name]; !ok {
				return fmt.Errorf("the devices of %s have no enrolment string: give --enroll-file %s=FILE, or --enroll-file FILE for all", x.Name, x.Name)
			}
		}
		if len(o.Scenario.Sites) > 0 {
			return nil
		}
		return errors.New("give an enrolment string by --enroll-file or MUSTER_ENROLL; muster enroll new --uses N makes one")
	}
	var err error
	o.Invitation, err = enroll.Parse(text)
	return err
}

// tell says each ten seconds how it goes.
func tell(ctx context.Context, f *simulate.Fleet, w io.Writer) {
	t := time.NewTicker(10 * time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			print(w, f.Stats())
		}
	}
}

func print(w io.Writer, s simulate.Stats) {
	fmt.Fprintf(w, "enrolled %d, reports sent %d, accepted %d, failed tries %d, dropped %d, %.1f MB, slowest answer %s\n",
		s.Enrolled, s.Sent, s.Accepted, s.Failed, s.Dropped, float64(s.Bytes)/1e6, s.Slowest.Round(time.Millisecond))
}
