package collector

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/collector/store"
)

// trust ends the collector when a database failed so that nothing more may be
// written to it. Intake ends by itself when its own writing fails; but a first
// use of a key, an enrolment or a setting may meet the failed fsync before, and
// then each request would be put off for ever.
func (c *collector) trust(ctx context.Context) error {
	t := time.NewTicker(500 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		for name, alive := range map[string]func(context.Context) error{"inventory": c.inventory.Alive, "control": c.control.Alive} {
			if err := alive(ctx); errors.Is(err, store.ErrFatal) {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
}
