//go:build !windows

package session

import "muster/agent/host"

// windowsSessions is asked on Windows only.
func windowsSessions(*host.Host) ([]seated, bool, error) { return nil, false, nil }
