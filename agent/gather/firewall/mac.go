package firewall

import (
	"context"
	"errors"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
)

// readMac reads the section on macOS: the application firewall, by
// socketfilterfw.
func readMac(ctx context.Context, h *host.Host) ([]inventory.Firewall, []string, []string, error) {
	b, err := h.Run(ctx, "socketfilterfw")
	if err != nil {
		return nil, nil, nil, err
	}
	state, blocks := stateMac(string(b))
	if state == nil {
		return nil, nil, nil, errors.New("socketfilterfw does not say whether the firewall is on")
	}
	row := inventory.Firewall{Product: "alf", Profile: "all", Enabled: state, Active: state, Inbound: "allow", Outbound: "allow", PolicyFrom: "unknown"}
	if *state {
		// It asks people, or goes by signatures, for each program that listens.
		row.Inbound = "unknown"
		if blocks {
			row.Inbound = "block"
		}
	}
	var faults []string
	if b, err := h.Run(ctx, "socketfilterfw-stealth"); err != nil {
		faults = append(faults, err.Error())
	} else {
		text := strings.ToLower(string(b))
		switch {
		case strings.Contains(text, "enabled"), strings.Contains(text, "is on"):
			row.Stealth = new(true)
		case strings.Contains(text, "disabled"), strings.Contains(text, "is off"):
			row.Stealth = new(false)
		}
	}
	return []inventory.Firewall{row}, []string{"socketfilterfw"}, faults, nil
}

// stateMac reads "Firewall is enabled. (State = 1)": 0 off, 1 on, 2 everything
// that is not needed is blocked.
func stateMac(text string) (on *bool, blocks bool) {
	switch {
	case strings.Contains(text, "State = 0"):
		return new(false), false
	case strings.Contains(text, "State = 1"):
		return new(true), false
	case strings.Contains(text, "State = 2"):
		return new(true), true
	}
	return nil, false
}
