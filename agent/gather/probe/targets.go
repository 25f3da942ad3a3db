package probe

import (
	"cmp"
	"encoding/hex"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"muster/agent/host"
)

func sortedTargets(m map[target]*state) []target {
	return slices.SortedFunc(maps.Keys(m), func(a, b target) int {
		return cmp.Or(-cmp.Compare(a.kind, b.kind), cmp.Compare(a.address, b.address))
	})
}

// gateway is where the default route with the least metric leads.
func gateway(h *host.Host) (netip.Addr, bool) {
	b, err := h.ReadFile("/proc/net/route")
	if err != nil {
		return netip.Addr{}, false
	}
	return parseRoutes(string(b))
}

// parseRoutes reads /proc/net/route: addresses are 32-bit words in the
// machine's own order, which is little-endian wherever this agent runs.
func parseRoutes(text string) (gw netip.Addr, ok bool) {
	best := int64(-1)
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 8 || f[1] != "00000000" || f[7] != "00000000" {
			continue
		}
		raw, err := hex.DecodeString(f[2])
		flags, err2 := strconv.ParseUint(f[3], 16, 32)
		metric, err3 := strconv.ParseInt(f[6], 10, 64)
		if err != nil || err2 != nil || err3 != nil || len(raw) != 4 || flags&2 == 0 { // RTF_GATEWAY
			continue
		}
		if best < 0 || metric < best {
			best = metric
			gw, ok = netip.AddrFrom4([4]byte{raw[3], raw[2], raw[1], raw[0]}), true
		}
	}
	return gw, ok
}

// nameservers are those that the machine asks: where a stub of its own stands
// before them, the ones behind it.
func nameservers(h *host.Host) []netip.Addr {
	for _, name := range []string{"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf", "/run/NetworkManager/no-stub-resolv.conf"} {
		b, err := h.ReadFile(name)
		if err != nil {
			continue
		}
		if list := parseResolv(string(b)); len(list) > 0 {
			return list
		}
	}
	return nil
}

func parseResolv(text string) []netip.Addr {
	var list []netip.Addr
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		if len(w) < 2 || w[0] != "nameserver" || len(list) == servers {
			continue
		}
		if a, err := netip.ParseAddr(w[1]); err == nil && !a.IsLoopback() && !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return list
}
