//go:build linux

package e2e

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"muster/collector"
	"muster/collector/config"
	"muster/collector/migrate"
	"muster/collector/store/sqlstore"
)

// roles are what this test program can be instead: children that stop at
// points no signal from outside could hit.
func roles() map[string]func(args []string) error {
	return map[string]func([]string) error{
		"collector": roleCollector,
		"spooler":   roleSpooler,
		"committer": roleCommitter,
		"perisher":  rolePerisher,
		"furnisher": roleFurnisher,
		"mover":     roleMover,
	}
}

// stopVar says at which step of intake the collector ends: STEP:COUNT.
const stopVar = "MUSTER_E2E_STOP"

// roleCollector is a collector that dies, as by kill -9, the n-th time it has
// done a step.
func roleCollector(args []string) error {
	c, err := config.Load(args[0])
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	o := collector.Options{Config: c, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	if where, n, ok := strings.Cut(os.Getenv(stopVar), ":"); ok {
		count, err := strconv.ParseInt(n, 10, 64)
		if err != nil {
			return fmt.Errorf("%s: %w", stopVar, err)
		}
		var seen atomic.Int64
		o.Step = func(step string) {
			if step == where && seen.Add(1) == count {
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {} // until the signal arrives
			}
		}
	}
	return collector.Serve(ctx, o)
}

// roleMover is a move that dies, as by kill -9, at a step named by stopVar, or
// when it has told of its progress so often: tell:COUNT.
func roleMover(args []string) error {
	c, err := config.Load(args[0])
	if err != nil {
		return err
	}
	where, n, _ := strings.Cut(os.Getenv(stopVar), ":")
	count, err := strconv.Atoi(n)
	if err != nil {
		return fmt.Errorf("%s: %w", stopVar, err)
	}
	at := func(step string) {
		if step != where {
			return
		}
		if count--; count == 0 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until the signal arrives
		}
	}
	_, err = collector.Migrate(context.Background(), collector.MigrateOrder{Config: c, Step: at, Tell: func(migrate.Progress) { at("tell") }})
	return err
}

// roleFurnisher makes an inventory database with nothing in it.
func roleFurnisher(args []string) error {
	inv, err := sqlstore.Open(context.Background(), args[0], sqlstore.Options{Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		return err
	}
	return inv.Close()
}
