package service

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows/svc"
)

// managed plays the manager's part of one run of the service.
type managed struct {
	asked    chan svc.ChangeRequest
	told     chan svc.Status
	ended    chan struct{}
	specific bool
	code     uint32
	entries  []string
	h        *handler
}

func manage(t *testing.T, patience time.Duration, work func(context.Context, Manager) error) *managed {
	t.Helper()
	m := &managed{asked: make(chan svc.ChangeRequest), told: make(chan svc.Status, 8), ended: make(chan struct{})}
	p := Agent()
	p.Name, p.Patience = "muster-test", patience
	m.h = &handler{ctx: t.Context(), program: p, work: work, woke: make(chan struct{}, 1),
		put: func(l slog.Level, text string) { m.entries = append(m.entries, l.String()+" "+text) }}
	go func() {
		m.specific, m.code = m.h.Execute(nil, m.asked, m.told)
		close(m.ended)
	}()
	return m
}

func (m *managed) wait(t *testing.T) {
	t.Helper()
	select {
	case <-m.ended:
	case <-time.After(time.Minute):
		t.Fatal("the service does not end")
	}
}

// The manager hears that the service runs whatever its work takes to begin;
// settings that are wrong are a failure that the log of events tells.
func TestAFailureIsToldAfterTheStart(t *testing.T) {
	begin := make(chan struct{})
	m := manage(t, time.Minute, func(context.Context, Manager) error {
		<-begin
		return errors.New("agent.yaml:1: nonsense")
	})
	if s := <-m.told; s.State != svc.Running || s.Accepts&svc.AcceptPowerEvent == 0 {
		t.Errorf("%+v", s)
	}
	close(begin)
	m.wait(t)
	if !m.specific || m.code != failed || m.h.err == nil {
		t.Errorf("ended with %v %d %v", m.specific, m.code, m.h.err)
	}
	if last := m.entries[len(m.entries)-1]; !strings.HasPrefix(last, "ERROR") || !strings.Contains(last, "agent.yaml:1: nonsense") {
		t.Errorf("%q", m.entries)
	}
}

// A service that is told to end does so in order, and hears of waking before.
func TestTheManagerIsHeard(t *testing.T) {
	woken := make(chan struct{})
	m := manage(t, time.Minute, func(ctx context.Context, m Manager) error {
		<-m.Woke
		close(woken)
		<-ctx.Done()
		return ctx.Err()
	})
	<-m.told
	m.asked <- svc.ChangeRequest{Cmd: svc.Interrogate, CurrentStatus: svc.Status{State: svc.Running}}
	<-m.told
	m.asked <- svc.ChangeRequest{Cmd: svc.PowerEvent, EventType: 4} // PBT_APMSUSPEND
	m.asked <- svc.ChangeRequest{Cmd: svc.PowerEvent, EventType: resumedUnasked}
	<-woken
	m.asked <- svc.ChangeRequest{Cmd: svc.PowerEvent, EventType: resumed}
	m.asked <- svc.ChangeRequest{Cmd: svc.PowerEvent, EventType: resumed} // nobody listens: no harm
	m.asked <- svc.ChangeRequest{Cmd: svc.Stop}
	if s := <-m.told; s.State != svc.StopPending || s.WaitHint != 60_000 {
		t.Errorf("%+v", s)
	}
	m.wait(t)
	if m.specific || m.code != 0 || m.h.err != nil {
		t.Errorf("ended with %v %d %v", m.specific, m.code, m.h.err)
	}
	if last := m.entries[len(m.entries)-1]; !strings.HasPrefix(last, "INFO") {
		t.Errorf("%q", m.entries)
	}
}

// Work that does not end is left behind, and that is a failure.
func TestADeafServiceEnds(t *testing.T) {
	m := manage(t, time.Millisecond, func(context.Context, Manager) error { select {} })
	<-m.told
	m.asked <- svc.ChangeRequest{Cmd: svc.Shutdown}
	m.wait(t)
	if !m.specific || m.code != failed {
		t.Errorf("ended with %v %d", m.specific, m.code)
	}
}
