package agent

import (
	"context"
	"errors"
	"log/slog"
	"syscall"
	"time"

	"muster/internal/segment"
)

const (
	// leastStay and mostStay are the waits between two tries when nothing can be
	// kept: a restart of the machine mends most of it, and until then the log of
	// a machine that is in trouble anyway is not to be filled.
	leastStay = time.Minute
	mostStay  = 16 * time.Minute
)

// Stay is Run for a service. When the disk takes nothing any more (it was turned
// read-only after an error, or a write got lost), it begins anew in the same
// process, with growing pauses: an agent that ends would be started again at
// once and for ever. Other errors end it, as those of Run.
func Stay(ctx context.Context, o Options) error {
	log := o.Log
	if log == nil {
		log = slog.Default()
	}
	return stay(ctx, log, func() error { return Run(ctx, o) })
}

func stay(ctx context.Context, log *slog.Logger, run func() error) error {
	wait := leastStay
	for {
		begin := time.Now()
		err := run()
		if !errors.Is(err, segment.ErrBroken) && !errors.Is(err, syscall.EROFS) || ctx.Err() != nil {
			return err
		}
		if time.Since(begin) > mostStay {
			wait = leastStay
		}
		log.Error("nothing can be kept on the disk: trying again", "in", wait, "error", err)
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C:
		}
		wait = min(2*wait, mostStay)
	}
}
