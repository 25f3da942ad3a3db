//go:build !windows

package service

import (
	"context"
	"log/slog"
)

// Run does the program's work under its manager until the manager ends ctx.
// systemd and launchd run it as any other program, stop it by a signal and keep
// what it prints.
func (p Program) Run(ctx context.Context, work func(context.Context, Manager) error) error {
	return ended(ctx, work(ctx, Manager{Log: func(h slog.Handler) slog.Handler { return h }}))
}
