package agent

import "muster/agent/config"

// caps is what holds the agent to its limits, as the section agent tells it.
type caps struct {
	memory int64  // bytes for agent and readers together; 0 when nothing binds
	cpu    int    // percent of one core; 0 when nothing binds
	by     string // "cgroup", "job", "self" or "" when nothing binds
}

// Of the memory limit the agent itself has one half, and the one reader that
// runs apart the other.
func half(l config.Limits) int64 { return int64(l.Memory) / 2 }
