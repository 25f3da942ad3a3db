// Package startup reads section startup_item: what starts with the machine or
// with a person's session.
//
// It owns the places where such things are laid down. It must not tell
// arguments, nor look at more of a home than those places.
package startup

import (
	"context"
	"io"
	"strings"

	"muster/agent/gather"
	"muster/agent/gather/keyfile"
	"muster/agent/gather/unit"
	"muster/agent/host"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

// Limits: of one folder, and of all.
const (
	maxFolder = 500
	maxItems  = 10_000
)

// entry is what an autostart file says, Desktop Application Autostart
// Specification and Desktop Entry Specification.
type entry struct {
	Program string
	Enabled bool
	Valid   bool // it is an entry for a program
}

func parseEntry(r io.Reader) entry {
	e := entry{Enabled: true}
	kind, exec, try := "", "", ""
	_ = keyfile.Parse(r, func(section, key, value string) {
		if section != "Desktop Entry" {
			return
		}
		switch key {
		case "Type":
			kind = value
		case "Exec":
			exec = value
		case "TryExec":
			try = value
		case "Hidden":
			if yes, ok := keyfile.Bool(value); ok && yes {
				e.Enabled = false
			}
		case "X-GNOME-Autostart-enabled", "X-MATE-Autostart-enabled":
			if yes, ok := keyfile.Bool(value); ok && !yes {
				e.Enabled = false
			}
		}
	})
	e.Program = unit.Program(exec)
	if e.Program == "" && exec != "" {
		e.Program = unit.Program(try)
	}
	// A person switches one of the machine's off by a file that only says
	// Hidden.
	e.Valid = kind == "Application" || kind == "" && (exec != "" || !e.Enabled)
	return e
}

// startable says that a unit is told here: timers are scheduled tasks, and
// targets start nothing themselves.
func startable(name string) bool {
	for _, kind := range []string{".service", ".socket", ".path", ".mount", ".automount", ".swap"} {
		if strings.HasSuffix(name, kind) {
			return true
		}
	}
	return false
}
