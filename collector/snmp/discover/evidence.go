package discover

import (
	"context"
	"net"
	"net/netip"

	"muster/collector/snmp/session"
)

// Objects that tell which addresses a device has (RFC 2863, RFC 4293).
const (
	ifPhysAddress  = "1.3.6.1.2.1.2.2.1.6"
	ipAdEntIfIndex = "1.3.6.1.2.1.4.20.1.2" // its index is the address
)

// mostPorts bounds what evidence is taken from.
const mostPorts = 2000

// Ports reads which hardware and IP addresses a device has. It is asked only of
// one that tells neither serial number nor chassis; what it does not tell is no
// evidence.
func Ports(ctx context.Context, a session.Asker) (macs []string, own []netip.Addr) {
	limits := session.Limits{Rows: mostPorts}
	// Half a table is evidence too.
	t, _ := a.Table(ctx, []string{ifPhysAddress}, limits)
	for _, r := range t.Rows {
		if b := r.Cells[0].B; len(b) == 6 {
			macs = append(macs, net.HardwareAddr(b).String())
		}
	}
	t, _ = a.Table(ctx, []string{ipAdEntIfIndex}, limits)
	for _, r := range t.Rows {
		if x, err := netip.ParseAddr(r.Index); err == nil && !x.IsLoopback() && !x.IsUnspecified() {
			own = append(own, x)
		}
	}
	return macs, own
}
