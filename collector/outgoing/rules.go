package outgoing

import (
	"fmt"
	"net/netip"
)

// Setting is where an admin lists networks; refusals name it.
const Setting = "outgoing.allow"

// Rules decide about addresses. The zero value allows public ones only.
type Rules struct {
	// Allow are private networks that may be called. What is never called
	// stays so, whatever stands here.
	Allow []netip.Prefix
}

// Refused is a call that was not made. No byte left the machine.
type Refused struct {
	Address netip.Addr // where the socket would have gone
	Why     string     // what kind of address this is
	Never   bool       // no setting allows it
}

// Error says which address and what to do about it.
func (r *Refused) Error() string {
	if r.Never {
		return fmt.Sprintf("a call to %s was refused: %s is never called", r.Address, r.Why)
	}
	return fmt.Sprintf("a call to %s was refused: %s is called only inside a network that an admin listed in %s (such as %s)",
		r.Address, r.Why, Setting, example(r.Address))
}

// example is the smallest network that would allow the address.
func example(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	return netip.PrefixFrom(a, a.BitLen()).String()
}

// kind is what a network is for.
type kind struct {
	prefix netip.Prefix
	what   string
}

// never lists what is refused whatever the settings say. Sources: the IANA
// registries of special-purpose addresses (RFC 6890) and the documentation of
// the clouds named.
func never() []kind {
	return []kind{
		{netip.MustParsePrefix("0.0.0.0/8"), "an unspecified address"},                                    // RFC 791 §3.2; Linux takes it as this machine
		{netip.MustParsePrefix("169.254.0.0/16"), "a link-local address, where clouds keep credentials,"}, // RFC 3927
		{netip.MustParsePrefix("192.0.0.0/24"), "an address of protocols and metadata services"},          // RFC 6890; Oracle's 192.0.0.192
		{netip.MustParsePrefix("100.100.100.200/32"), "a cloud's metadata service"},                       // Alibaba
		{netip.MustParsePrefix("168.63.129.16/32"), "a cloud's metadata service"},                         // Azure's wire server
		{netip.MustParsePrefix("224.0.0.0/4"), "a multicast address"},                                     // RFC 5771
		{netip.MustParsePrefix("240.0.0.0/4"), "a reserved or broadcast address"},                         // RFC 1112 §4
		{netip.MustParsePrefix("::/128"), "an unspecified address"},                                       // RFC 4291 §2.5.2
		{netip.MustParsePrefix("fe80::/10"), "a link-local address, where clouds keep credentials,"},      // RFC 4291 §2.5.6
		{netip.MustParsePrefix("fec0::/10"), "a site-local address of old"},                               // RFC 3879
		{netip.MustParsePrefix("ff00::/8"), "a multicast address"},                                        // RFC 4291 §2.7
		{netip.MustParsePrefix("100::/64"), "an address that discards"},                                   // RFC 6666
		{netip.MustParsePrefix("fd00:ec2::/32"), "a cloud's metadata service"},                            // Amazon
		{netip.MustParsePrefix("fd20:ce::/32"), "a cloud's metadata service"},                             // Google
		{netip.MustParsePrefix("fd00:c1::a9fe:a9fe/128"), "a cloud's metadata service"},                   // Oracle
	}
}

// private lists what is called only inside Rules.Allow.
func private() []kind {
	return []kind{
		{netip.MustParsePrefix("127.0.0.0/8"), "this machine itself"},               // RFC 1122 §3.2.1.3
		{netip.MustParsePrefix("::1/128"), "this machine itself"},                   // RFC 4291 §2.5.3
		{netip.MustParsePrefix("10.0.0.0/8"), "a private network"},                  // RFC 1918
		{netip.MustParsePrefix("172.16.0.0/12"), "a private network"},               // RFC 1918
		{netip.MustParsePrefix("192.168.0.0/16"), "a private network"},              // RFC 1918
		{netip.MustParsePrefix("100.64.0.0/10"), "a provider's shared network"},     // RFC 6598
		{netip.MustParsePrefix("198.18.0.0/15"), "a network for measurements"},      // RFC 2544
		{netip.MustParsePrefix("fc00::/7"), "a private network"},                    // RFC 4193
		{netip.MustParsePrefix("64:ff9b:1::/48"), "a network's own translation"},    // RFC 8215
		{netip.MustParsePrefix("5f00::/16"), "a network's own segment routing"},     // RFC 9602
		{netip.MustParsePrefix("2001:db8::/32"), "an address for documentation"},    // RFC 3849
		{netip.MustParsePrefix("3fff::/20"), "an address for documentation"},        // RFC 9637
		{netip.MustParsePrefix("192.0.2.0/24"), "an address for documentation"},     // RFC 5737
		{netip.MustParsePrefix("198.51.100.0/24"), "an address for documentation"},  // RFC 5737
		{netip.MustParsePrefix("203.0.113.0/24"), "an address for documentation"},   // RFC 5737
		{netip.MustParsePrefix("2001:2::/48"), "a network for measurements"},        // RFC 5180
		{netip.MustParsePrefix("2001:10::/28"), "an identifier that is no address"}, // RFC 4843
	}
}

// Check says whether a may be called: nil, or a *Refused.
func (r Rules) Check(a netip.Addr) error {
	if !a.IsValid() {
		return &Refused{Address: a, Why: "something that is no address", Never: true}
	}
	shown := a
	a = a.WithZone("").Unmap()
	for _, one := range append(carried(a), a) {
		if bad := r.judge(one); bad != nil {
			bad.Address = shown
			if one != a {
				bad.Why = fmt.Sprintf("%s, which it carries inside, is %s and", one, bad.Why)
			}
			return bad
		}
	}
	return nil
}

func (r Rules) judge(a netip.Addr) *Refused {
	for _, k := range never() {
		if k.prefix.Contains(a) {
			return &Refused{Why: k.what, Never: true}
		}
	}
	for _, k := range private() {
		if k.prefix.Contains(a) && !r.allows(a) {
			return &Refused{Why: k.what}
		}
	}
	return nil
}

func (r Rules) allows(a netip.Addr) bool {
	for _, p := range r.Allow {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// carried lists the IPv4 addresses that a packet to a may end at, because a
// translator or tunnel on the way reads them out of it.
func carried(a netip.Addr) []netip.Addr {
	if !a.Is6() {
		return nil
	}
	b := a.As16()
	v4 := func(at int) netip.Addr { return netip.AddrFrom4([4]byte(b[at : at+4])) }
	in := func(p string) bool { return netip.MustParsePrefix(p).Contains(a) }
	var out []netip.Addr
	switch {
	case a.IsLoopback() || a.IsUnspecified():
		return nil
	case in("::/96"), // RFC 4291 §2.5.5.1, of old
		in("::ffff:0:0:0/96"), // RFC 2765 §2.1
		in("64:ff9b::/96"):    // RFC 6052 §2.1
		out = append(out, v4(12))
	case in("64:ff9b:1::/48"):
		// The network chose where the address stands (RFC 6052 §2.2): only the
		// form with the whole address at the end can be read, others would
		// hide one.
		if b[8]|b[9]|b[10]|b[11] != 0 {
			return []netip.Addr{netip.IPv4Unspecified()}
		}
		out = append(out, v4(12))
	case in("2002::/16"): // RFC 3056
		out = append(out, v4(2))
	case in("2001::/32"): // RFC 4380 §4: the server, and the client with all bits turned
		client := v4(12).As4()
		for i := range client {
			client[i] ^= 0xff
		}
		out = append(out, v4(4), netip.AddrFrom4(client))
	}
	// RFC 5214 §6.1: ISATAP, under any prefix.
	if b[8]&^3 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe {
		out = append(out, v4(12))
	}
	return out
}

// ParseAllow reads the setting outgoing.allow: networks such as 10.20.0.0/16,
// or single addresses. What lies wholly inside a network that is never called
// is an error, because it would do nothing.
func ParseAllow(networks []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range networks {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, aerr := netip.ParseAddr(text)
			if aerr != nil || a.Zone() != "" {
				return nil, fmt.Errorf("%s: %q is no network: one such as 10.20.0.0/16 or 192.168.7.5/32 is expected", Setting, text)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		if a := p.Addr(); a.Is4In6() {
			if p.Bits() < 96 {
				return nil, fmt.Errorf("%s: %q mixes IPv4 and IPv6: write two networks", Setting, text)
			}
			p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
		}
		p = p.Masked()
		for _, k := range never() {
			if k.prefix.Bits() <= p.Bits() && k.prefix.Contains(p.Addr()) {
				return nil, fmt.Errorf("%s: %q cannot be allowed: %s is never called", Setting, text, k.what)
			}
		}
		out = append(out, p)
	}
	return out, nil
}
