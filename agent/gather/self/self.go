// Package self samples what the agent costs and whether it keeps up
// (measurement agent).
package self

import (
	"context"
	"runtime"

	"muster/agent/gather"
	"muster/agent/host"
)

// State is what the agent knows of its own work.
type State struct {
	GatherSeconds  float64
	GatherErrors   int64
	SendErrors     int64
	SentBytes      int64
	SentReports    int64
	SpoolBytes     int64
	SpoolReports   int64
	DroppedReports int64
}

// Cost is what the system says the process takes.
type Cost struct {
	CPUSeconds      float64 // of the process itself
	ChildrenSeconds float64 // of children that ended, and of theirs
	RSS             int64   // bytes
	ChildrenRSS     int64   // bytes of the greatest child that ended; 0 where that is not told
}

// Sampler puts the agent's own numbers.
type Sampler struct {
	State func() State
}

// Name of the sampler in logs.
func (*Sampler) Name() string { return "agent" }

// Sample puts cost and state.
func (s *Sampler) Sample(_ context.Context, _ *host.Host, to gather.Sink) error {
	c, err := Measure()
	if err == nil {
		to.Put("agent", "cpu_seconds", c.CPUSeconds+c.ChildrenSeconds)
		to.Put("agent", "rss_bytes", float64(c.RSS))
		to.Put("agent", "children_cpu_seconds", c.ChildrenSeconds)
		if c.ChildrenRSS > 0 {
			to.Put("agent", "children_rss_bytes", float64(c.ChildrenRSS))
		}
	}
	st := s.State()
	to.Put("agent", "gather_seconds", st.GatherSeconds)
	to.Put("agent", "gather_errors", float64(st.GatherErrors))
	to.Put("agent", "send_errors", float64(st.SendErrors))
	to.Put("agent", "sent_bytes", float64(st.SentBytes))
	to.Put("agent", "sent_reports", float64(st.SentReports))
	to.Put("agent", "spool_bytes", float64(st.SpoolBytes))
	to.Put("agent", "spool_reports", float64(st.SpoolReports))
	to.Put("agent", "dropped_reports", float64(st.DroppedReports))
	to.Put("agent", "goroutines", float64(runtime.NumGoroutine()))
	return err
}
