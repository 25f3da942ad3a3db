// Package neighbor reads section neighbor: switches, phones and others that
// announced themselves on the PC's own sockets, as a program has heard that
// listens for them (lldpd, systemd-networkd).
//
// It owns the forms in which those programs keep what they heard. It must not
// listen itself: that takes a right that the agent does not want.
package neighbor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// maxNeighbors bounds the rows; a PC has one or two.
const maxNeighbors = 256

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	var rows []inventory.Neighbor
	var asked, faults []string
	take := func(list []inventory.Neighbor) {
		for _, n := range list {
			// Two listeners hear the same announcement.
			same := func(o inventory.Neighbor) bool {
				return o.Protocol == n.Protocol && o.LocalPort == n.LocalPort && o.Chassis == n.Chassis && o.RemotePort == n.RemotePort
			}
			if len(rows) < maxNeighbors && !slices.ContainsFunc(rows, same) {
				rows = append(rows, n)
			}
		}
	}
	// Where lldpd is installed and does not run, nobody listens.
	if b, err := ask(ctx, h); !errors.Is(err, errors.ErrUnsupported) {
		var list []inventory.Neighbor
		if err == nil {
			list, err = parseCli(b)
		}
		if err != nil {
			faults = append(faults, err.Error())
		}
		asked = append(asked, "lldpd")
		take(list)
	}
	list, err := heard(h)
	if !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			faults = append(faults, err.Error())
		}
		asked = append(asked, "networkd")
		take(list)
	}
	if len(asked) == 0 {
		return gather.Reading{}, fmt.Errorf("nothing here listens for neighbours (lldpd, or systemd-networkd with LLDP=yes): %w", errors.ErrUnsupported)
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

func ask(ctx context.Context, h *host.Host) ([]byte, error) {
	if !h.Exists("/run/lldpd.socket") {
		return nil, errors.ErrUnsupported
	}
	return h.Run(ctx, "lldpcli")
}

// heard reads what systemd-networkd has heard: a file for each interface, of
// whole Ethernet frames, each after its length.
func heard(h *host.Host) ([]inventory.Neighbor, error) {
	const at = "/run/systemd/netif/lldp"
	files, err := h.ReadDir(at)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, f := range h.Glob("/sys/class/net/*/ifindex") {
		names[h.Line(f)] = path.Base(path.Dir(f))
	}
	var rows []inventory.Neighbor
	for _, f := range files[:min(len(files), maxNeighbors)] {
		name := names[f.Name()]
		if name == "" || strings.HasPrefix(f.Name(), ".") {
			continue // being written, or of an interface that is gone
		}
		b, err := h.ReadFile(at + "/" + f.Name())
		if err != nil {
			return rows, err
		}
		for _, frame := range parseFrames(b) {
			if n, ok := parseFrame(frame); ok {
				n.LocalPort = name
				rows = append(rows, n)
			}
		}
	}
	return rows, nil
}
