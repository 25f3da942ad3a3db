package iface

import (
	"bufio"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"net/url"

	"muster/internal/order"
)

// maxTable bounds what is read of one text table. A router that carries the
// Internet's routes would have 100 MB; its default route stands at the top.
const maxTable = 1 << 20

// gateway is a default route.
type gateway struct {
	Interface string
	Address   netip.Addr // invalid for a point-to-point link
	Metric    int64
}

// parseRoutes4 reads /proc/net/route and keeps the default routes that are up:
// addresses are hexadecimal numbers in the machine's byte order, flags
// RTF_UP 1, RTF_GATEWAY 2, RTF_REJECT 0x200.
func parseRoutes4(r io.Reader) []gateway {
	var list []gateway
	eachLine(r, func(w []string) {
		if len(w) < 8 || w[1] != "00000000" || w[7] != "00000000" {
			return
		}
		flags, err := strconv.ParseUint(w[3], 16, 32)
		if err != nil || flags&1 == 0 || flags&0x200 != 0 {
			return
		}
		g := gateway{Interface: w[0]}
		if n, err := strconv.ParseUint(w[2], 16, 32); err == nil && flags&2 != 0 {
			var b [4]byte
			putNative(b[:], uint32(n))
			g.Address = netip.AddrFrom4(b)
		}
		g.Metric, _ = strconv.ParseInt(w[6], 10, 64)
		list = append(list, g)
	})
	sortGateways(list)
	return list
}

// parseRoutes6 reads /proc/net/ipv6_route: destination and length, source and
// length, next hop, metric, references, use, flags, interface.
func parseRoutes6(r io.Reader) []gateway {
	var list []gateway
	none := strings.Repeat("0", 32)
	eachLine(r, func(w []string) {
		if len(w) < 10 || w[0] != none || w[1] != "00" || w[9] == "lo" {
			return
		}
		flags, err := strconv.ParseUint(w[8], 16, 32)
		if err != nil || flags&1 == 0 || flags&0x200 != 0 {
			return
		}
		g := gateway{Interface: w[9]}
		if a, ok := hex6(w[4]); ok && !a.IsUnspecified() {
			g.Address = a
		}
		g.Metric, _ = strconv.ParseInt(w[5], 16, 64)
		list = append(list, g)
	})
	sortGateways(list)
	return list
}

func sortGateways(list []gateway) {
	order.Stable(list, func(a, b gateway) int { return int(min(max(a.Metric-b.Metric, -1), 1)) })
}

func hex6(s string) (netip.Addr, bool) {
	if len(s) != 32 {
		return netip.Addr{}, false
	}
	var b [16]byte
	for i := range b {
		n, err := strconv.ParseUint(s[2*i:2*i+2], 16, 8)
		if err != nil {
			return netip.Addr{}, false
		}
		b[i] = byte(n)
	}
	return netip.AddrFrom16(b), true
}

func eachLine(r io.Reader, f func(words []string)) {
	s := bufio.NewScanner(io.LimitReader(r, maxTable))
	s.Buffer(make([]byte, 0, 1024), 16<<10)
	for s.Scan() {
		f(strings.Fields(s.Text()))
	}
}

// parseARP finds the hardware address of an IPv4 neighbour in /proc/net/arp;
// flag 2 says that the entry is complete.
func parseARP(r io.Reader, ip netip.Addr) string {
	mac := ""
	eachLine(r, func(w []string) {
		if len(w) < 6 || mac != "" {
			return
		}
		flags, err := strconv.ParseUint(strings.TrimPrefix(w[2], "0x"), 16, 32)
		if a, bad := netip.ParseAddr(w[0]); bad == nil && a == ip && err == nil && flags&2 != 0 && w[3] != "00:00:00:00:00:00" {
			mac = strings.ToLower(w[3])
		}
	})
	return mac
}

// resolver is what a resolv.conf(5) says.
type resolver struct {
	Servers, Search []string
	Domain          string
}

func parseResolver(r io.Reader) resolver {
	var x resolver
	eachLine(r, func(w []string) {
		if len(w) < 2 {
			return
		}
		switch w[0] {
		case "nameserver":
			if len(x.Servers) < 16 {
				x.Servers = append(x.Servers, w[1])
			}
		case "search", "domain": // the last of the two wins
			x.Search = nil
			for _, d := range w[1:] {
				if d = strings.Trim(d, "."); d != "" && len(x.Search) < 16 {
					x.Search = append(x.Search, d)
				}
			}
			if w[0] == "domain" && len(x.Search) > 0 {
				x.Domain = x.Search[0]
			}
		}
	})
	return x
}

// stub says whether the only name server is systemd-resolved's own, behind
// which the real ones stand in another file.
func (x resolver) stub() bool {
	return len(x.Servers) == 1 && (x.Servers[0] == "127.0.0.53" || x.Servers[0] == "127.0.0.54")
}

// parsePairs reads the files that systemd keeps about links and leases: lines
// of KEY=VALUE.
func parsePairs(r io.Reader, f func(key, value string)) {
	s := bufio.NewScanner(io.LimitReader(r, 64<<10))
	for s.Scan() {
		if key, value, ok := strings.Cut(s.Text(), "="); ok && !strings.HasPrefix(key, "#") {
			f(key, strings.Trim(value, `"`))
		}
	}
}

// lease is what is known of a DHCP lease.
type lease struct {
	Server   string
	Lifetime time.Duration
	Ends     time.Time
}

// parseDhclient reads the leases of ISC dhclient and keeps the last one of an
// interface:
//
//	lease {
//	  interface "eth0";
//	  option dhcp-server-identifier 192.168.1.1;
//	  expire 2 2024/06/04 09:12:33;
//	}
func parseDhclient(r io.Reader, name string) (lease, bool) {
	var last, now lease
	var mine, found bool
	eachLine(r, func(w []string) {
		switch {
		case len(w) >= 2 && w[0] == "lease" && w[1] == "{":
			now, mine = lease{}, false
		case len(w) == 1 && w[0] == "}":
			if mine {
				last, found = now, true
			}
		case len(w) == 2 && w[0] == "interface":
			mine = strings.Trim(w[1], `";`) == name
		case len(w) == 3 && w[0] == "option" && w[1] == "dhcp-server-identifier":
			now.Server = strings.TrimSuffix(w[2], ";")
		case len(w) == 3 && w[0] == "option" && w[1] == "dhcp-lease-time":
			if n, err := strconv.ParseUint(strings.TrimSuffix(w[2], ";"), 10, 32); err == nil {
				now.Lifetime = time.Duration(n) * time.Second
			}
		case len(w) == 4 && w[0] == "expire":
			now.Ends, _ = time.Parse("2006/01/02 15:04:05;", w[2]+" "+w[3])
		}
	})
	return last, found
}

// proxyOf is host and port of a proxy's address; user and password, which
// often stand in it, never get further than here.
func proxyOf(s string) string {
	s = strings.Trim(strings.TrimSpace(s), `"'`)
	if s == "" {
		return ""
	}
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	return u.Host
}

// parseEnvironment finds the proxy in /etc/environment.
func parseEnvironment(r io.Reader) string {
	var proxy, secure string
	parsePairs(r, func(key, value string) {
		switch strings.ToLower(strings.TrimPrefix(strings.TrimSpace(key), "export ")) {
		case "https_proxy":
			secure = proxyOf(value)
		case "http_proxy", "all_proxy":
			proxy = proxyOf(value)
		}
	})
	if secure != "" {
		return secure
	}
	return proxy
}
