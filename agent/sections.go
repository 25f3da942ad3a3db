package agent

import (
	"context"

	"muster/agent/gather"
	"muster/agent/host"
)

// What is gathered where: each system has its list in a file of its own
// (sections_linux.go, sections_darwin.go, sections_windows.go), one section a
// line, so that a new one is one line and work of several people merges. A
// list holds only what is really read there: a section that is not listed is
// not said to be absent, it is not said at all.

// read makes a line of such a list.
func read(name string, from func(context.Context, *host.Host) (gather.Reading, error)) gather.Section {
	return gather.Section{Name: name, Read: from}
}

// apart makes a section that is read in a process of its own; see
// gather.Section.
func apart(name string, from func(context.Context, *host.Host) (gather.Reading, error)) gather.Section {
	return gather.Section{Name: name, Read: from, Apart: true}
}
