package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"muster/collector/store"
	"muster/internal/buildinfo"
)

// statusShow tells what it can: one part that does not answer is told among
// the problems and keeps nothing else from being shown.
func (s *Server) statusShow(ctx context.Context, _ *NoInput) (Status, error) {
	now := s.d.Now()
	v := s.d.Vitals
	out := Status{Build: buildinfo.Read(), StartedAt: v.StartedAt, Now: now}
	if !v.StartedAt.IsZero() {
		out.UptimeSeconds = int64(now.Sub(v.StartedAt).Seconds())
	}
	var err error
	if out.Counts, err = s.d.Inventory.Counts(ctx); err != nil {
		s.trouble(ctx, &out, "the inventory store does not answer", err)
	}
	if out.Series, err = s.d.Series.Stats(ctx); err != nil && !errors.Is(err, store.ErrLoading) {
		s.trouble(ctx, &out, "the series store does not answer", err)
	}
	if v.Intake != nil {
		out.Intake = v.Intake()
	}
	if v.Outbox != nil {
		out.Outbox = v.Outbox()
		out.Problems = append(out.Problems, s.outboxProblems(&out.Outbox)...)
	}
	if v.Disk != nil {
		if out.Disk, err = v.Disk(); err != nil {
			s.trouble(ctx, &out, "the free space of the data folder cannot be read", err)
		}
	}
	if v.Certificates != nil {
		out.Certificates = v.Certificates()
	}
	s.judgingStatus(ctx, &out)
	s.noticesStatus(ctx, &out)
	if v.Problems != nil {
		out.Problems = append(out.Problems, v.Problems()...)
	}
	return out, nil
}

func (s *Server) trouble(ctx context.Context, out *Status, what string, err error) {
	s.d.Log.ErrorContext(ctx, "status", "problem", what, "error", err)
	out.Problems = append(out.Problems, what+": see the collector's log")
}

func (s *Server) judgingStatus(ctx context.Context, out *Status) {
	if s.d.Judge == nil {
		return
	}
	x := s.d.Judge.Stats()
	j := &JudgingStatus{Devices: x.Devices, Observations: x.Observations, Judgements: x.Judgements, Late: x.Late, Overflowed: x.Overflowed, Waiting: x.Waiting, Unknown: x.Unknown}
	out.Judging = j
	marks, err := s.marks(ctx)
	if err != nil {
		s.trouble(ctx, out, "what became of rules cannot be read", err)
	}
	set := s.d.Judge.Rules()
	for _, r := range set.Rules {
		switch {
		case marks[r.ID].Off != "":
			j.RulesOff++
			out.Problems = append(out.Problems, fmt.Sprintf("rule %s was switched off: %s (muster rule reset %s switches it on)", r.ID, marks[r.ID].Off, r.ID))
		case r.Disabled:
			j.RulesOff++
		default:
			j.RulesOn++
		}
	}
	if j.RulesBroken = len(set.Problems); j.RulesBroken > 0 {
		var stand []string
		for _, id := range slices.Sorted(maps.Keys(set.Broken)) {
			stand = append(stand, id+" "+string(set.Broken[id]))
		}
		out.Problems = append(out.Problems, fmt.Sprintf("%d faults in the office's rules, muster rule list tells which: %s", j.RulesBroken, strings.Join(stand, ", ")))
	}
}

func (s *Server) noticesStatus(ctx context.Context, out *Status) {
	if s.d.Notices.Letters == nil {
		return
	}
	counts, pending, err := s.d.Notices.Letters.Counts(ctx)
	if err != nil {
		s.trouble(ctx, out, "the messages to people cannot be read", err)
		return
	}
	n := &NoticesStatus{Waiting: pending}
	out.Notices = n
	for _, c := range counts {
		n.Waiting, n.Unsent, n.Failed = n.Waiting+c.Waiting, n.Unsent+c.Unsent, n.Failed+c.Failed
	}
	if n.Failed > 0 {
		out.Problems = append(out.Problems, fmt.Sprintf("%d messages to people could not be sent: muster notice list tells why", n.Failed))
	}
}
