package api

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"muster/collector/store"
)

// targetRef reads ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT; without a port it is
// 0.
func targetRef(text string) (netip.Addr, uint16, error) {
	text = strings.TrimSpace(text)
	bad := NewProblem(invalid, "%q is no address: write 10.20.0.1, 10.20.0.1:1161, fd00::1 or [fd00::1]:1161", clip(printable(text), 64))
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err == nil && strings.HasPrefix(text, "[") == strings.HasSuffix(text, "]") {
		if a.Zone() != "" {
			return a, 0, NewProblem(invalid, "%q: an address with a zone means something on one machine only", clip(printable(text), 64))
		}
		return a.Unmap(), 0, nil
	}
	// netip would take a port as +161 or 0161 for another.
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return netip.Addr{}, 0, bad
	}
	port, err := strconv.ParseUint(text[i+1:], 10, 16)
	if err != nil || port == 0 || strconv.FormatUint(port, 10) != text[i+1:] {
		return netip.Addr{}, 0, bad
	}
	ap, err := netip.ParseAddrPort(text)
	if err != nil || ap.Addr().Zone() != "" {
		return netip.Addr{}, 0, bad
	}
	return ap.Addr().Unmap(), ap.Port(), nil
}

// subnetRef puts a network together that came in two parts.
func subnetRef(address string, bits int) (netip.Prefix, error) {
	a, err := netip.ParseAddr(strings.TrimSpace(address))
	if err != nil || a.Zone() != "" || a.Is4In6() || bits < 0 || bits > a.BitLen() {
		return netip.Prefix{}, NewProblem(invalid, "%q is no network: write it as 10.20.0.0/16", clip(printable(fmt.Sprintf("%s/%d", address, bits)), 64))
	}
	n := netip.PrefixFrom(a, bits)
	if n != n.Masked() {
		return n, NewProblem(invalid, "%s is an address within a network: the network is %s", n, n.Masked())
	}
	return n, nil
}

// mostSpans is how many networks a list may come to.
const mostSpans = 1000

// spans reads networks, addresses and ranges of addresses (A-B) as networks,
// once each.
func spans(what string, list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	add := func(p netip.Prefix) {
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	for _, text := range list {
		first, last, ranged := strings.Cut(text, "-")
		if !ranged {
			one, err := networks(what, []string{text})
			if err != nil {
				return nil, err
			}
			add(one[0])
			continue
		}
		a, aerr := netip.ParseAddr(strings.TrimSpace(first))
		b, berr := netip.ParseAddr(strings.TrimSpace(last))
		a, b = a.Unmap(), b.Unmap()
		if aerr != nil || berr != nil || a.BitLen() != b.BitLen() || b.Less(a) || a.Zone() != "" || b.Zone() != "" {
			return nil, NewProblem(invalid, "%s: %q is no range of addresses: write it as 10.20.0.10-10.20.0.99", what, clip(printable(text), 90))
		}
		for a.IsValid() && !b.Less(a) {
			bits := 0 // the widest network that begins at a and ends before b does
			for p := netip.PrefixFrom(a, bits); p.Masked().Addr() != a || b.Less(lastOf(p)); p = netip.PrefixFrom(a, bits) {
				bits++
			}
			p := netip.PrefixFrom(a, bits)
			add(p)
			a = lastOf(p).Next()
		}
		if len(out) > mostSpans {
			return nil, NewProblem(invalid, "%s: the list comes to more than %d networks: give wider ones", what, mostSpans)
		}
	}
	return out, nil
}

// lastOf is the last address of a network.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// notFoundAs rewords what a store does not find.
func notFoundAs(err error, format string, args ...any) error {
	if errors.Is(err, store.ErrNotFound) {
		return NewProblem(notFound, format, args...)
	}
	return err
}
