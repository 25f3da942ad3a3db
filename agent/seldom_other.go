//go:build !windows

package agent

import "muster/agent/gather"

// seldom lists the numbers that are read in a process of their own.
func seldom() []gather.Seldom { return nil }
