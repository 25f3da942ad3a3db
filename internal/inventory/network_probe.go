package inventory

import "time"

// NetworkProbe is one thing the agent measures the way to: its gateway, its
// name servers, its collector. Results over time are samples (metric ping,
// dns_query).
type NetworkProbe struct {
	Kind            string    `inv:"kind,key" enum:"gateway|dns|collector|other" doc:"What is probed."`
	Target          string    `inv:"target,key" doc:"Address or name probed."`
	Method          string    `inv:"method" enum:"icmp|tcp|dns|https" doc:"How it is probed."`
	IntervalSeconds int64     `inv:"interval_seconds" unit:"second" doc:"Time between two probes."`
	Reachable       *bool     `inv:"reachable,latest" doc:"True when the last probe was answered."`
	RTTSeconds      *float64  `inv:"rtt_seconds,latest" unit:"second" doc:"Round trip of the last answer."`
	AnsweredAt      time.Time `inv:"answered_at,latest" doc:"When it answered last."`
}

// Section says how the section is named, kept and read.
func (NetworkProbe) Section() Meta {
	return Meta{Name: "network_probe", Doc: "What the agent measures the way to, and whether it answers.", Cadence: time.Hour,
		Windows: "the agent's probes", Darwin: "the agent's probes", Linux: "the agent's probes"}
}
