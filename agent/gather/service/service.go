// Package service reads section service: what the system's service manager
// keeps running, when it starts it, and what has failed.
//
// It owns what systemctl prints, unit files, and the folders of OpenRC and
// System V init. It must not show arguments: they may hold secrets, so of a
// command line only the program's path gets past the parser.
package service

import (
	"context"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/order"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	order.By(rows, func(a, b inventory.Service) int { return strings.Compare(a.Name, b.Name) })
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

// maxServices bounds what one manager may list.
const maxServices = 10_000

// passing says that a unit is left out: those that come and go with sessions,
// those somebody made for one run, and templates, which are no service until
// somebody names an instance.
func passing(name, startMode string) bool {
	if strings.HasSuffix(name, "@.service") || startMode == "transient" {
		return true
	}
	for _, p := range []string{"user@", "user-runtime-dir@", "run-", "session-", "systemd-fsck@", "modprobe@", "systemd-coredump@", "drkonqi-coredump-processor@"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// startMode is when a unit is started, in words of the catalogue, by systemd's
// word for its file. What a socket or timer starts is started by a trigger.
func startMode(word string, triggered bool) string {
	switch word {
	case "enabled", "enabled-runtime", "alias", "generated":
		return "automatic"
	case "masked", "masked-runtime":
		return "masked"
	}
	if triggered {
		return "trigger"
	}
	switch word {
	case "disabled", "linked", "linked-runtime":
		return "disabled"
	case "static", "indirect":
		return "static"
	}
	return ""
}
