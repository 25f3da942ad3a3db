package listener

import (
	"context"
	"net/netip"
	"strconv"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
)

// macDynamic is where macOS begins to give ports to those who ask for any
// (net.inet.ip.portrange.first).
const macDynamic = 49_152

// fromLsof reads the section on macOS.
func fromLsof(ctx context.Context, h *host.Host) (rows []inventory.ListeningPort, asked, faults []string, err error) {
	out, err := h.Run(ctx, "lsof")
	if err != nil {
		return nil, nil, nil, err
	}
	if !h.Privileged {
		faults = append(faults, "ports of other accounts' programs can be seen by root only")
	}
	rows, err = parseLsof(string(out))
	if err != nil {
		faults = append(faults, err.Error())
	}
	return rows, []string{"lsof"}, faults, nil
}

// parseLsof reads lsof -F (lsof(8), "output for other programs"): a letter and
// a value a line. p begins a process, with c its name and L its account; f
// begins a file of it, with t IPv4 or IPv6, P the protocol, n the address.
func parseLsof(text string) ([]inventory.ListeningPort, error) {
	rows := []inventory.ListeningPort{}
	type key struct {
		protocol string
		addr     netip.AddrPort
	}
	seen := map[key]bool{}
	var pid int64
	var name, account, family, protocol string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		value := line[1:]
		switch line[0] {
		case 'p':
			pid, _ = strconv.ParseInt(value, 10, 32)
			name, account = "", ""
		case 'c':
			name = value[:min(len(value), 64)]
		case 'L':
			account = value
		case 'f':
			family, protocol = "", ""
		case 't':
			family = value
		case 'P':
			protocol = strings.ToLower(value)
		case 'n':
			addr, ok := lsofAddress(value, family == "IPv6")
			k := key{protocol, addr}
			if !ok || seen[k] || protocol != "tcp" && protocol != "udp" || protocol == "udp" && addr.Port() >= macDynamic {
				continue
			}
			if len(rows) == maxSockets {
				return rows, errTooMany
			}
			seen[k] = true
			r := socket{Addr: addr}.row(protocol)
			r.Process, r.Account = name, account
			if pid > 0 {
				r.PID = new(pid)
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// lsofAddress reads *:22, 127.0.0.1:631 and [::1]:631. A socket with a far side
// (a->b) or without a port (*:*) is none that waits.
func lsofAddress(s string, six bool) (netip.AddrPort, bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.Contains(s, "->") {
		return netip.AddrPort{}, false
	}
	port, err := strconv.ParseUint(s[i+1:], 10, 16)
	if err != nil || port == 0 {
		return netip.AddrPort{}, false
	}
	host := strings.Trim(s[:i], "[]")
	if host == "*" {
		a := netip.IPv4Unspecified()
		if six {
			a = netip.IPv6Unspecified()
		}
		return netip.AddrPortFrom(a, uint16(port)), true
	}
	a, err := netip.ParseAddr(host)
	return netip.AddrPortFrom(a.WithZone(""), uint16(port)), err == nil
}
