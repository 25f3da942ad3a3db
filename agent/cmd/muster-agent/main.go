// Command muster-agent reports this machine's inventory and health to a
// Muster collector. It reads flags and prints; the work is in package agent.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"muster/agent"
	"muster/agent/config"
	"muster/internal/buildinfo"
	"muster/internal/enroll"
	"muster/internal/private"
	"muster/internal/service"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(os.Stdin, os.Stdout, os.Stderr, os.Getenv).ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "muster-agent:", err)
		os.Exit(exitCode(err))
	}
}

// usage marks wrong usage: exit code 2.
type usage struct{ error }

func exitCode(err error) int {
	var u usage
	if errors.As(err, &u) {
		return 2
	}
	return 1
}

type settings struct {
	file, data, level string
	env               func(string) string
}

// load reads the file and lays the flags over it.
func (s settings) load() (config.Config, error) {
	c, err := config.Load(s.file)
	if err != nil {
		return c, err
	}
	if s.data != "" {
		c.Data = s.data
	}
	if s.level != "" {
		c.Log.Level = s.level
	}
	if err := c.Validate(); err != nil {
		return c, usage{err}
	}
	return c, nil
}

func command(in io.Reader, out, errs io.Writer, env func(string) string) *cobra.Command {
	s := settings{env: env}
	root := &cobra.Command{
		Use:   "muster-agent",
		Short: "Report this machine's inventory and health to a Muster collector",
		Long: `Report this machine's inventory and health to a Muster collector.

The agent only reads. It runs no commands of others, opens no port, and tells
what it reads: muster-agent report shows every fact it would send.`,
		SilenceUsage: true, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage{err} })
	f := root.PersistentFlags()
	f.StringVar(&s.file, "config", "", "settings file (YAML); without it the defaults hold")
	f.StringVar(&s.data, "data", "", "data folder: identity and spool")
	f.StringVar(&s.level, "log-level", "", "debug, info, warn or error")
	root.AddCommand(runCommand(&s), reportCommand(&s), statusCommand(&s), enrollCommand(&s), serviceCommand(), prepareImageCommand(&s), collectCommand(), configCommand(), versionCommand())
	return root
}

func runCommand(s *settings) *cobra.Command {
	var file string
	var once, managed bool
	c := &cobra.Command{
		Use:   "run",
		Short: "Gather, keep and send until stopped",
		Example: `  muster-agent run --data /var/lib/muster-agent --enroll-file invitation.txt
  MUSTER_ENROLL=muster1:… muster-agent run --data ./agent --once`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			// A small heap that is collected often: the agent's promise is to
			// take little memory of a PC, and it has a minute for each cycle.
			debug.SetGCPercent(40)
			// One thread at work: a cycle hands over from sampler to sampler, and
			// waking another processor each time costs more than the sampling.
			runtime.GOMAXPROCS(1)
			work := func(ctx context.Context, m service.Manager) error {
				if m.Log != nil {
					// Whoever could lay down settings could choose the data folder.
					if err := private.Folder(filepath.Dir(s.file), service.Agent().Name); err != nil {
						return err
					}
				}
				c, err := s.load()
				if err != nil {
					return err
				}
				log := logger(c, cmd.ErrOrStderr())
				if m.Log != nil {
					log = slog.New(m.Log(log.Handler()))
				}
				begin := agent.Stay
				if once {
					begin = agent.Run
				}
				return begin(ctx, agent.Options{Config: c, Once: once, Log: log, Program: itself(), Bind: true, Woke: m.Woke,
					Invitation: invitation(file, s.env, cmd.InOrStdin())})
			}
			if managed {
				return service.Agent().Run(cmd.Context(), work)
			}
			return work(cmd.Context(), service.Manager{})
		},
	}
	c.Flags().StringVar(&file, "enroll-file", "", "file with the enrolment string (- for standard input); or set MUSTER_ENROLL")
	c.Flags().BoolVar(&managed, "service", false, "run as the system's service manager started it")
	c.Flags().MarkHidden("service") // the installed command line says it
	c.Flags().BoolVar(&once, "once", false, "make one report, deliver it, and end")
	return c
}

// invitation reads the enrolment string from the file, from standard input,
// or from the environment; never from the command line, which every user of
// the machine can read.
func invitation(file string, env func(string) string, in io.Reader) func() (enroll.Invitation, error) {
	var kept string // standard input can be read once
	return func() (enroll.Invitation, error) {
		text := env("MUSTER_ENROLL")
		switch {
		case file == "-":
			if kept == "" {
				b, err := io.ReadAll(io.LimitReader(in, 64<<10))
				if err != nil {
					return enroll.Invitation{}, fmt.Errorf("read enrolment string from standard input: %w", err)
				}
				kept = string(b)
			}
			text = kept
		case file != "":
			b, err := os.ReadFile(file)
			if errors.Is(err, fs.ErrNotExist) {
				return enroll.Invitation{}, fmt.Errorf("this machine has not enrolled, and there is no file %s with an enrolment string: make one on the collector with muster enroll new --file", file)
			}
			if err != nil {
				return enroll.Invitation{}, fmt.Errorf("read enrolment string: %w", err)
			}
			text = string(b)
		}
		if strings.TrimSpace(text) == "" {
			return enroll.Invitation{}, errors.New("this machine has not enrolled: give an enrolment string by --enroll-file or MUSTER_ENROLL; muster enroll new on the collector makes one")
		}
		return enroll.Parse(text)
	}
}

func logger(c config.Config, to io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Log.Level)); err != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(to, o))
	}
	return slog.New(slog.NewTextHandler(to, o))
}

func reportCommand(s *settings) *cobra.Command {
	var form string
	c := &cobra.Command{
		Use:   "report [SECTION…]",
		Short: "Show every fact that would be sent, without sending it",
		Example: `  muster-agent report
  muster-agent report disk volume -o json`,
		RunE: func(cmd *cobra.Command, names []string) error {
			if form != "table" && form != "json" {
				return usage{fmt.Errorf("-o %s: use table or json", form)}
			}
			return agent.Show(cmd.Context(), cmd.OutOrStdout(), names, form == "json")
		},
	}
	c.Flags().StringVarP(&form, "output", "o", "table", "table or json")
	return c
}

func statusCommand(s *settings) *cobra.Command {
	var form string
	c := &cobra.Command{
		Use:     "status",
		Short:   "Tell whether the agent runs and delivers",
		Example: "  muster-agent status --data /var/lib/muster-agent",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.load()
			if err != nil {
				return err
			}
			st, err := agent.ReadStatus(c.Data)
			if err != nil {
				return err
			}
			return agent.PrintStatus(cmd.OutOrStdout(), st, time.Now(), form == "json")
		},
	}
	c.Flags().StringVarP(&form, "output", "o", "table", "table or json")
	return c
}

// itself is the file of this program. On Linux that is the running image, even
// after an upgrade has put another in its place, so that parent and child are
// of one version.
func itself() string {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe"
	}
	path, err := os.Executable()
	if err != nil {
		return "" // then all is read in one process
	}
	return path
}

// collect is how the agent reads what may hang or crash: in a process of its
// own, one section, one object.
func collectCommand() *cobra.Command {
	var section, numbers string
	var forParent, offered bool
	var b agent.Bounds
	c := &cobra.Command{
		Use:     "collect --section NAME",
		Short:   "Read one section and print it as one JSON object",
		Example: "  muster-agent collect --section disk",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if numbers != "" {
				return agent.Numbers(cmd.Context(), cmd.OutOrStdout(), numbers, forParent, b)
			}
			if section == "" {
				return usage{fmt.Errorf("--section is missing; there are: %s", strings.Join(agent.Sections(), ", "))}
			}
			if forParent && offered {
				return agent.AnswerOffered(cmd.Context(), cmd.OutOrStdout(), b)
			}
			if forParent {
				return agent.Answer(cmd.Context(), cmd.OutOrStdout(), section, b)
			}
			return agent.Collect(cmd.Context(), cmd.OutOrStdout(), section)
		},
	}
	f := c.Flags()
	f.StringVar(&section, "section", "", "name of the section")
	f.StringVar(&numbers, "numbers", "", "instead of a section, numbers that are read in a process of their own: reliability (Windows)")
	f.BoolVar(&forParent, "answer", false, "answer the agent, in its own form and within bounds")
	f.BoolVar(&offered, "offered", false, "of section patch, what is offered")
	f.Int64Var(&b.Memory, "memory", 0, "bytes it may take")
	f.DurationVar(&b.Within, "within", 0, "time it may take")
	for _, name := range []string{"answer", "memory", "within", "offered"} {
		f.MarkHidden(name) // the agent's own business
	}
	return c
}

func configCommand() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Settings"}
	c.AddCommand(&cobra.Command{
		Use:     "check FILE",
		Short:   "Tell what is wrong in a settings file, by line",
		Example: "  muster-agent config check /etc/muster/agent.yaml",
		Args:    exactly(1, "name the file to check"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := config.Check(args[0]); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), args[0]+" is right")
			return nil
		},
	})
	return c
}

func versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print which build this is", Args: noArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			fmt.Fprintln(cmd.OutOrStdout(), "muster-agent", buildinfo.Read())
		}}
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage{fmt.Errorf("%s takes no arguments, but got %q", cmd.CommandPath(), args[0])}
	}
	return nil
}

func exactly(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return usage{errors.New(what)}
		}
		return nil
	}
}
