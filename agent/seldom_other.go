//go:build !windows

package agent

import (
	"muster/agent/gather"
	"muster/internal/inventory"
)

// seldom lists the numbers that are read in a process of their own.
func seldom() []gather.Seldom { return nil }

// offered is the section that tells which updates are offered, where that takes
// a search; elsewhere section patch has them.
func offered() []gather.Section { return nil }

// sectionsWith are the sections, with what was last offered among updates.
func sectionsWith(func() ([]inventory.Patch, bool)) []gather.Section { return sections() }
