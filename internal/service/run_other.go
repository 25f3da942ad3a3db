//go:build !windows

package service

import "context"

// Run does the program's work under its manager until the manager ends ctx.
// systemd and launchd run it as any other program and stop it by a signal.
func (p Program) Run(ctx context.Context, work func(context.Context) error) error {
	return ended(ctx, work(ctx))
}
