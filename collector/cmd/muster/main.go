// Command muster is the collector and the staff's command line. It joins the
// two and owns nothing but signals, the log's form and what the process ends
// with.
package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // routes, hours and maintenance name zones, which Windows does not have

	"muster/collector"
	"muster/collector/cli"
	"muster/collector/config"
	"muster/collector/query"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	root := cli.New(cli.Streams{}, cli.Serve(serve), cli.SQLWorker(query.Worker))
	os.Exit(cli.Main(ctx, root, os.Args[1:]))
}

func serve(ctx context.Context, c config.Config) error {
	return collector.Serve(ctx, collector.Options{Config: c, Log: logger(c.Log, os.Stderr)})
}

// logger writes the log where service managers look for it. The settings have
// been checked, so that a level that cannot be read is info.
func logger(c config.Log, w io.Writer) *slog.Logger {
	level := slog.LevelInfo
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
