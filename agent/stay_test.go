package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"muster/internal/segment"
)

// A disk that takes nothing is waited for, longer each time; what it says is a
// line a try. Anything else ends the agent.
func TestStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said strings.Builder
		log := slog.New(slog.NewTextHandler(&said, nil))
		other := errors.New("settings are wrong")
		answers := []error{fmt.Errorf("spool: %w", segment.ErrBroken), &fs.PathError{Op: "open", Path: "x", Err: syscall.EROFS}, segment.ErrBroken, other}
		begin := time.Now()
		n := 0
		if err := stay(t.Context(), log, func() error { n++; return answers[n-1] }); !errors.Is(err, other) || n != 4 {
			t.Errorf("ended with %v after %d tries", err, n)
		}
		if d := time.Since(begin); d != 7*time.Minute {
			t.Errorf("it waited for %s, want 1, 2 and 4 minutes", d)
		}
		if c := strings.Count(said.String(), "\n"); c != 3 {
			t.Errorf("%d lines:\n%s", c, said.String())
		}

		// A day without end: never more than four tries an hour once it is known.
		n = 0
		ctx, stop := context.WithTimeout(t.Context(), 24*time.Hour)
		defer stop()
		if err := stay(ctx, log, func() error { n++; return segment.ErrBroken }); err != nil || n > 100 {
			t.Errorf("ended with %v after %d tries in a day", err, n)
		}

		// After it went well for long the first pause is short again.
		n, begin = 0, time.Now()
		if err := stay(t.Context(), log, func() error {
			if n++; n == 6 {
				return nil
			}
			if n == 5 {
				time.Sleep(time.Hour)
			}
			return segment.ErrBroken
		}); err != nil {
			t.Error(err)
		}
		if d := time.Since(begin); d != time.Hour+(1+2+4+8+1)*time.Minute {
			t.Errorf("it took %s", d)
		}
	})
}
