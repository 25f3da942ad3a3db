// Package metered tells whether the network that the machine uses is paid by
// what goes over it, or is to be used sparingly for another reason.
//
// It owns what Windows and NetworkManager call so. It must not decide what
// follows from it.
package metered

import (
	"context"
	"encoding/binary"
	"strings"

	"muster/agent/host"
)

// Now says whether it is. What cannot be told, as on macOS and where no
// NetworkManager runs, is no.
func Now(ctx context.Context, h *host.Host) bool {
	if b, err := h.AskNative(host.NativeCost); err == nil {
		return hint(b)
	}
	if !h.Exists("/run/NetworkManager") {
		return false // it does not run, and nobody is to be waited for
	}
	b, err := h.Run(ctx, "busctl-metered")
	return err == nil && property(string(b))
}

// hint reads NL_NETWORK_CONNECTIVITY_HINT (Microsoft, nldef.h): level and cost,
// four bytes each, then a byte each whether the limit is near, whether it is
// passed, and whether the machine roams.
func hint(b []byte) bool {
	const fixed, variable = 2, 3 // NetworkConnectivityCostHint…
	if len(b) < 11 {
		return false
	}
	cost := binary.LittleEndian.Uint32(b[4:])
	return cost == fixed || cost == variable || b[9] != 0 || b[10] != 0
}

// property reads what busctl prints of NetworkManager's property Metered
// (NMMetered): "u 1" for yes, "u 3" for one that it takes for so.
func property(s string) bool {
	s = strings.TrimSpace(s)
	return s == "u 1" || s == "u 3"
}
