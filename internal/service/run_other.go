//go:build !windows

package service

import (
	"context"
	"log/slog"
	"runtime"
)

// Run does the program's work under its manager until the manager ends ctx.
// systemd and launchd run it as any other program, stop it by a signal and keep
// what it prints; launchd without end, so the program bounds that itself.
func (p Program) Run(ctx context.Context, work func(context.Context, Manager) error) error {
	if runtime.GOOS == "darwin" {
		begun, stop := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() { defer close(done); keepShort(begun, "/Library/Logs/"+p.Name+".log") }()
		defer func() { stop(); <-done }()
	}
	return ended(ctx, work(ctx, Manager{Log: func(h slog.Handler) slog.Handler { return h }}))
}
