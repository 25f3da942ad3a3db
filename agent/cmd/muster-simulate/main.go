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
	var file, scenario string
	c := &cobra.Command{
		Use:   "muster-simulate",
		Short: "Play many agents against a collector",
		Long: `Play many agents against a collector, each a made-up machine with inventory,
numbers and a daily rhythm, through the agents' own way of sending.

Give an enrolment string with enough uses: muster enroll new --uses 2000.`,
		Example: `  muster enroll new --uses 500 --file invitation.txt
  muster-simulate --agents 500 --interval 60s --duration 30m --enroll-file invitation.txt`,
		SilenceUsage: true, SilenceErrors: true, Args: cobra.NoArgs,
		Version: buildinfo.Read().String(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := invitation(file)
			if err != nil {
				return err
			}
			o.Invitation = v
			if o.Scenario, err = simulate.LoadScenario(scenario); err != nil {
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
	fl.IntVar(&o.Agents, "agents", 100, "how many agents")
	fl.DurationVar(&o.Interval, "interval", time.Minute, "time between two reports of one agent")
	fl.DurationVar(&o.Duration, "duration", 0, "end after this time; without it, when interrupted")
	fl.IntVar(&o.Programs, "programs", 120, "programs on each machine, about")
	fl.StringVar(&scenario, "scenario", "", "what happens to the machines (YAML; docs/simulate.md)")
	fl.StringVar(&file, "enroll-file", "", "file with the enrolment string; or set MUSTER_ENROLL")
	fl.StringVar(&o.Dir, "data", "", "keep the agents' identities here, so that the next run is the same fleet")
	return c
}

func invitation(file string) (enroll.Invitation, error) {
	text := os.Getenv("MUSTER_ENROLL")
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return enroll.Invitation{}, fmt.Errorf("read enrolment string: %w", err)
		}
		text = string(b)
	}
	if strings.TrimSpace(text) == "" {
		return enroll.Invitation{}, errors.New("give an enrolment string by --enroll-file or MUSTER_ENROLL; muster enroll new --uses N makes one")
	}
	return enroll.Parse(text)
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
