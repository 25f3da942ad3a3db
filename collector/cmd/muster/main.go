// Command muster is the collector and the staff's command line. It joins the
// two and owns nothing but signals, the log's form and what the process ends
// with.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // routes, hours and maintenance name zones, which Windows does not have

	"muster/collector"
	"muster/collector/cli"
	"muster/collector/config"
	"muster/collector/migrate"
	"muster/collector/query"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	root := cli.New(cli.Streams{}, cli.Serve(serve), cli.SQLWorker(query.Worker), cli.Restore(cli.Streams{}, restore), cli.Doctor(cli.Streams{}, collector.Examine), cli.Migrate(cli.Streams{}, move))
	os.Exit(cli.Main(ctx, root, os.Args[1:]))
}

func serve(ctx context.Context, s cli.Start) error {
	form := newLogForm(s.Config.Log, os.Stderr)
	log := slog.New(form)
	if s.Log != nil {
		log = slog.New(s.Log(form))
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP) // Windows never sends it
	defer signal.Stop(again)
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case <-done:
				return
			case <-again:
				reload(s, form, log)
			}
		}
	}()
	return collector.Serve(ctx, collector.Options{Config: s.Config, File: s.File, Log: log})
}

func restore(o cli.RestoreOrder) (cli.Restored, error) {
	r, err := collector.Restore(o.Order, o.Now)
	return cli.Restored(r), err
}

func move(ctx context.Context, o cli.MigrateOrder) (migrate.Outcome, error) {
	log := slog.New(newLogForm(config.Log{Level: "warn", Format: "text"}, os.Stderr)) // progress is told otherwise
	return collector.Migrate(ctx, collector.MigrateOrder{Config: o.Config, Wait: o.Wait, Back: o.Back, Force: o.Force, Log: log, Now: o.Now, Tell: o.Tell})
}

// reload takes the log's settings from the file as it is now.
func reload(s cli.Start, form *logForm, log *slog.Logger) {
	c, err := s.Again()
	if err != nil {
		log.Error("the settings cannot be read again; the log stays as it is", "error", err)
		return
	}
	form.set(c.Log)
	log.Info("the log's settings were read again; all others need a restart", "level", c.Log.Level, "format", c.Log.Format)
}
