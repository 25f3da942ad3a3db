package service

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/windows/svc"
)

// Run does the program's work under the service control manager until that
// says stop. The installed command line says that this is the service: the
// usual guess by the session is wrong under Wine. The manager hears at once
// that the service runs, whatever the work takes to begin.
func (p Program) Run(ctx context.Context, work func(context.Context) error) error {
	h := &handler{ctx: ctx, work: work, patience: p.Patience}
	if err := svc.Run(p.Name, h); err != nil {
		return fmt.Errorf("run as a service of Windows (by hand leave --service out): %w", err)
	}
	return h.err
}

type handler struct {
	ctx      context.Context
	work     func(context.Context) error
	patience time.Duration
	err      error
}

// failed is the code by which the manager knows that the service did not end
// in order, so that it starts it again.
const failed = 1

// Execute is svc.Handler.
func (h *handler) Execute(_ []string, asked <-chan svc.ChangeRequest, tell chan<- svc.Status) (specific bool, code uint32) {
	const accepted = svc.AcceptStop | svc.AcceptShutdown | svc.AcceptPreShutdown
	ctx, stop := context.WithCancel(h.ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- h.work(ctx) }()
	tell <- svc.Status{State: svc.Running, Accepts: accepted}
	var late <-chan time.Time
	for {
		select {
		case err := <-done:
			h.err = ended(ctx, err)
			tell <- svc.Status{State: svc.StopPending}
			if h.err != nil {
				return true, failed
			}
			return false, 0
		case <-late:
			h.err = fmt.Errorf("the service did not end within %s", h.patience)
			return true, failed
		case r := <-asked:
			switch r.Cmd {
			case svc.Interrogate:
				tell <- r.CurrentStatus
			case svc.Stop, svc.Shutdown, svc.PreShutdown:
				stop()
				if late == nil {
					late = time.After(h.patience)
					tell <- svc.Status{State: svc.StopPending, WaitHint: uint32(h.patience.Milliseconds())}
				}
			}
		}
	}
}
