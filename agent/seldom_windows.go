package agent

import (
	"time"

	"muster/agent/gather"
	"muster/agent/gather/reliability"
)

// seldom lists the numbers that are read in a process of their own.
func seldom() []gather.Seldom {
	return []gather.Seldom{{Name: reliability.Name, Every: 24 * time.Hour, Read: reliability.Read}}
}
