package home

import (
	"fmt"
	"strings"

	"muster/agent/host"
)

// Mac lists people's homes on macOS, which lie in /Users, by the names of
// their folders. The error may be ErrMany beside a list.
func Mac(h *host.Host) ([]Home, error) {
	entries, err := h.ReadDir("/Users")
	if err != nil {
		return nil, fmt.Errorf("homes: %w", err)
	}
	var list []Home
	for _, e := range entries {
		if !e.IsDir() || e.Name()[0] == '.' || e.Name() == "Shared" || e.Name() == "Guest" {
			continue
		}
		if len(list) == Most {
			return list, ErrMany
		}
		list = append(list, Home{User: e.Name(), UID: -1, Dir: "/Users/" + e.Name()})
	}
	return list, nil
}

// HideMac writes any path below /Users as below ~, so that it names no person.
func HideMac(p string) string {
	rest, ok := strings.CutPrefix(p, "/Users/")
	if !ok {
		return p
	}
	if _, below, ok := strings.Cut(rest, "/"); ok {
		return "~/" + below
	}
	return "~"
}
