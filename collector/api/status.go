package api

import (
	"context"
	"errors"

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
	}
	if v.Disk != nil {
		if out.Disk, err = v.Disk(); err != nil {
			s.trouble(ctx, &out, "the free space of the data folder cannot be read", err)
		}
	}
	if v.Problems != nil {
		out.Problems = append(out.Problems, v.Problems()...)
	}
	return out, nil
}

func (s *Server) trouble(ctx context.Context, out *Status, what string, err error) {
	s.d.Log.ErrorContext(ctx, "status", "problem", what, "error", err)
	out.Problems = append(out.Problems, what+": see the collector's log")
}
