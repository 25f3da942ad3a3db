// Package monitor reads section monitor: which displays are attached, with
// their own description as it is (EDID).
//
// It owns which connectors there are and of what kind. It must not know what
// an EDID says: the collector reads it, with what it knows of makers.
package monitor

import (
	"context"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows(rows, source)
	r.Faults = faults
	return r, err
}

const (
	// maxConnectors bounds how many connectors are looked at.
	maxConnectors = 128
	// maxEDID is a base block and 31 extensions; displays have up to four.
	maxEDID = 32 * 128
)

// kind is how a connector is built, in the catalogue's words, and whether it
// leads to a panel inside of the machine, by its name: card0-eDP-1
// (drivers/gpu/drm/drm_connector.c).
func kind(connector string) (link string, builtin bool) {
	_, name, _ := strings.Cut(connector, "-")
	switch {
	case strings.HasPrefix(name, "eDP-"):
		return "edp", true
	case strings.HasPrefix(name, "LVDS-"):
		return "lvds", true
	case strings.HasPrefix(name, "DSI-"), strings.HasPrefix(name, "DPI-"), strings.HasPrefix(name, "SPI-"):
		return "other", true
	case strings.HasPrefix(name, "DP-"):
		return "displayport", false
	case strings.HasPrefix(name, "HDMI-"):
		return "hdmi", false
	case strings.HasPrefix(name, "DVI-"):
		return "dvi", false
	case strings.HasPrefix(name, "VGA-"):
		return "vga", false
	case strings.HasPrefix(name, "USB-"):
		return "usb_c", false
	case strings.HasPrefix(name, "Virtual-"):
		return "virtual", false
	}
	return "other", false
}

// isConnector says whether a name below /sys/class/drm is one: card0-DP-1, not
// card0 or renderD128, and not what writes pictures back to memory.
func isConnector(name string) bool {
	card, rest, ok := strings.Cut(name, "-")
	return ok && rest != "" && strings.HasPrefix(card, "card") && len(card) > 4 && strings.Trim(card[4:], "0123456789") == "" &&
		!strings.HasPrefix(rest, "Writeback")
}

// whole keeps whole blocks of an EDID; less than one is none.
func whole(b []byte) []byte {
	if b = b[:len(b)/128*128]; len(b) == 0 {
		return nil
	}
	return b
}
