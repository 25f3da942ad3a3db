package service

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"

	"muster/internal/buildinfo"
)

// Run does the program's work under the service control manager until that
// says stop. The installed command line says that this is the service: the
// usual guess by the session is wrong under Wine. The manager hears at once
// that the service runs, so work must begin with what may be slow or may fail,
// such as reading settings. Begin, end and failure stand in the log of events.
func (p Program) Run(ctx context.Context, work func(context.Context, Manager) error) error {
	h := &handler{ctx: ctx, program: p, work: work, woke: make(chan struct{}, 1), put: func(slog.Level, string) {}}
	// Whoever made the service may not have known of the log: without its source
	// there, texts are shown with an excuse.
	_ = eventlog.InstallAsEventCreate(p.Name, eventlog.Error|eventlog.Warning|eventlog.Info)
	if log, err := eventlog.Open(p.Name); err == nil {
		defer log.Close()
		h.put = func(level slog.Level, text string) { entry(log, level, text) }
	}
	if err := svc.Run(p.Name, h); err != nil {
		return fmt.Errorf("run as a service of Windows (by hand leave --service out): %w", err)
	}
	return h.err
}

// The numbers of events, by which people filter.
const (
	eventInfo    = 1
	eventWarning = 2
	eventError   = 3
)

func entry(log *eventlog.Log, level slog.Level, text string) {
	text = strings.ReplaceAll(text, "\x00", "") // ends texts of Windows
	switch {
	case level >= slog.LevelError:
		_ = log.Error(eventError, text)
	case level >= slog.LevelWarn:
		_ = log.Warning(eventWarning, text)
	default:
		_ = log.Info(eventInfo, text)
	}
}

type handler struct {
	ctx     context.Context
	program Program
	work    func(context.Context, Manager) error
	woke    chan struct{}
	put     func(slog.Level, string)
	err     error
}

// failed is the code by which the manager knows that the service did not end
// in order, so that it starts it again.
const failed = 1

// Kinds of SERVICE_CONTROL_POWEREVENT (WM_POWERBROADCAST, winuser.h).
const (
	resumed          = 0x07 // PBT_APMRESUMESUSPEND: somebody is there
	resumedUnasked   = 0x12 // PBT_APMRESUMEAUTOMATIC: always, and first
	acceptedWork     = svc.AcceptStop | svc.AcceptShutdown | svc.AcceptPreShutdown | svc.AcceptPowerEvent
	mostEventsAnHour = 60
)

// Execute is svc.Handler.
func (h *handler) Execute(_ []string, asked <-chan svc.ChangeRequest, tell chan<- svc.Status) (specific bool, code uint32) {
	ctx, stop := context.WithCancel(h.ctx)
	defer stop()
	done := make(chan error, 1)
	tell <- svc.Status{State: svc.Running, Accepts: acceptedWork}
	go func() { done <- h.begin(ctx) }()
	var late <-chan time.Time
	for {
		select {
		case err := <-done:
			h.end(ended(ctx, err))
			tell <- svc.Status{State: svc.StopPending}
			if h.err != nil {
				return true, failed
			}
			return false, 0
		case <-late:
			h.end(fmt.Errorf("the service did not end within %s", h.program.Patience))
			return true, failed
		case r := <-asked:
			switch r.Cmd {
			case svc.Interrogate:
				tell <- r.CurrentStatus
			case svc.PowerEvent:
				if r.EventType == resumed || r.EventType == resumedUnasked {
					select {
					case h.woke <- struct{}{}:
					default: // it is about to be heard
					}
				}
			case svc.Stop, svc.Shutdown, svc.PreShutdown:
				stop()
				if late == nil {
					late = time.After(h.program.Patience)
					tell <- svc.Status{State: svc.StopPending, WaitHint: uint32(h.program.Patience.Milliseconds())}
				}
			}
		}
	}
}

// begin does the work. Before it, the manager hears what an installer may have
// left out; that is nothing to fail for.
func (h *handler) begin(ctx context.Context) error {
	h.put(slog.LevelInfo, fmt.Sprintf("The %s begins: version %s.", h.program.Title, buildinfo.Read()))
	if _, err := h.program.complete(); err != nil {
		h.put(slog.LevelWarn, fmt.Sprintf("The service runs, but not with all that %s service install sets: %v.", h.program.Name, err))
	}
	return h.work(ctx, Manager{Woke: h.woke, Log: func(slog.Handler) slog.Handler { return newEvents(h.put, mostEventsAnHour, time.Now) }})
}

func (h *handler) end(err error) {
	if h.err = err; err != nil {
		h.put(slog.LevelError, fmt.Sprintf("The %s ends by a failure: %v", h.program.Title, err))
		return
	}
	h.put(slog.LevelInfo, "The "+h.program.Title+" ends, as it was told to.")
}
