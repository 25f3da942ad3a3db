package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"

	"github.com/spf13/cobra"

	"muster/collector/config"
	"muster/internal/buildinfo"
	"muster/internal/private"
	"muster/internal/service"
)

// Start is how a collector is started.
type Start struct {
	Config config.Config
	File   string // of settings; empty: there is none
	// Again reads the file anew, flags over it.
	Again func() (config.Config, error)
	// Log is where the log is to go instead; nil: nowhere else.
	Log func(slog.Handler) slog.Handler
}

// Serve makes the command that runs a collector. run blocks until ctx ends.
func Serve(run func(ctx context.Context, s Start) error) *cobra.Command {
	var file string
	var managed bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a collector until it is stopped",
		Long: `Run a collector until it is stopped (Ctrl-C, or SIGTERM from a service manager).
Without a file it runs with defaults; flags win over the file. Pages and API are
served over plain HTTP on loopback only: any other address needs web.certificate
and web.key in the file. docs/configuration.md tells all settings. SIGHUP makes a
running collector read log.level and log.format anew; all else needs a restart.`,
		Example: "  muster serve --data /srv/muster\n  muster serve --config /etc/muster/muster.yaml",
		Args:    func(c *cobra.Command, args []string) error { return countArgs(c, "serve", args) },
		RunE: func(c *cobra.Command, _ []string) error {
			ctx := c.Context()
			work := func(ctx context.Context, m service.Manager) error {
				if m.Log != nil && file != "" {
					// Whoever could lay down settings could choose the data folder.
					if err := private.Folder(filepath.Dir(file), service.Collector().Name); err != nil {
						return err
					}
				}
				conf, err := serveConfig(file, c)
				if err != nil {
					return err
				}
				return run(ctx, Start{Config: conf, File: file, Log: m.Log, Again: func() (config.Config, error) { return serveConfig(file, c) }})
			}
			var err error
			if managed {
				err = service.Collector().Run(ctx, work)
			} else {
				err = work(ctx, service.Manager{})
			}
			if err != nil && (err == ctx.Err() || err == context.Cause(ctx)) {
				return nil // asked to stop, and did
			}
			return err
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "read settings from this `file`")
	cmd.Flags().BoolVar(&managed, "service", false, "run as the system's service manager started it")
	_ = cmd.Flags().MarkHidden("service") // the installed command line says it
	cmd.Flags().String("web", "", "`address` of pages and API, such as 127.0.0.1:8420")
	cmd.Flags().String("agents", "", "`address` for agents, such as :8421")
	return cmd
}

// serveConfig reads the file and lets flags win over it. The global --data
// names the folder here too.
func serveConfig(file string, c *cobra.Command) (config.Config, error) {
	conf, err := config.Load(file)
	if err != nil {
		return config.Config{}, err
	}
	changed := false
	set := func(name string, into *string) error {
		if !c.Flags().Changed(name) {
			return nil
		}
		changed = true
		text, err := c.Flags().GetString(name)
		*into = text
		return err
	}
	if err := errors.Join(
		set("data", &conf.Data),
		set("web", &conf.Web.Address),
		set("agents", &conf.Agents.Address),
	); err != nil {
		return config.Config{}, err
	}
	if !changed {
		return conf, nil
	}
	return conf, conf.Validate()
}

// SQLWorker makes the hidden command that answers one statement of people's
// SQL, apart from the collector that starts it. What run returns is what the
// process ends with; why is in its output.
func SQLWorker(run func(in io.Reader, out io.Writer) int) *cobra.Command {
	return &cobra.Command{
		Use:    "sql-worker",
		Short:  "Answer one SQL statement from the input (started by the collector)",
		Hidden: true,
		Args:   func(c *cobra.Command, args []string) error { return countArgs(c, "sql-worker", args) },
		RunE: func(c *cobra.Command, _ []string) error {
			if code := run(c.InOrStdin(), c.OutOrStdout()); code != ExitOK {
				return ended(code)
			}
			return nil
		},
	}
}

func (s *session) configCommand() *cobra.Command {
	return nounCommand("config", "The collector's settings file", `
		muster config check /etc/muster/muster.yaml`,
		s.command(verb{
			use:     "check FILE",
			short:   "Tell all that is wrong with a settings file: line, column, what was expected",
			example: `muster config check /etc/muster/muster.yaml`,
			run: func(_ context.Context, args []string) error {
				if err := config.Check(args[0]); err != nil {
					return err
				}
				s.say("%s is good", args[0])
				return nil
			},
		}),
	)
}

func (s *session) versionCommand() *cobra.Command {
	return s.command(verb{
		use:     "version",
		short:   "Show which build this is",
		example: `muster version`,
		run: func(context.Context, []string) error {
			info := buildinfo.Read()
			if s.output == "json" {
				return s.json(info)
			}
			s.say("muster %s", info)
			return nil
		},
	})
}
