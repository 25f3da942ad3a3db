package collector

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"muster/collector/snmp/snmptest"
	"muster/collector/store"
	"muster/internal/event"
	"muster/internal/inventory"
)

// What happens to gear while it is polled: it is replaced, started anew, and
// names others.

func TestABoxThatWasReplacedIsAnotherDevice(t *testing.T) {
	t.Parallel()
	c := office(t)
	a := box(t, "sw-hartford-5", "FOC1234X0AH", "a4:6c:2a:00:00:07", 4)
	find(t, c, a.Listen(t), false)
	until(t, "a device", func() bool {
		l := devices(t, c)
		return len(l) == 1 && l[0].Serial == "FOC1234X0AH" && targets(t, c)[0].Device == l[0].ID
	})
	old := devices(t, c)[0]
	w, err := snmptest.ParseWalk(strings.Replace(boxWalk("sw-hartford-5", "FOC9999X0ZZ", "a4:6c:2a:00:00:99", 4), "ticks 8640000", "ticks 3000", 1))
	if err != nil {
		t.Fatal(err)
	}
	a.Play(w)
	a.Replace([]byte{0x80, 0, 0, 0, 5, 'o', 't', 'h', 'e', 'r'})
	// Nobody waits a minute in a test.
	until(t, "another device", func() bool {
		x := targets(t, c)[0]
		c.polling.poller.Again(pollID(x))
		return x.Device != old.ID && x.State == store.Live && len(devices(t, c)) == 2
	})
	until(t, "events that tell of it", func() bool {
		return saw(t, c, old, event.Replaced) && !saw(t, c, old, event.TargetLost)
	})
	for _, d := range devices(t, c) {
		want := map[bool]string{true: "FOC1234X0AH", false: "FOC9999X0ZZ"}[d.ID == old.ID]
		until(t, "the serial number "+want, func() bool {
			for _, x := range devices(t, c) {
				if x.ID == d.ID {
					return x.Serial == want
				}
			}
			return false
		})
	}
}

func TestAStartOfGearIsAnEventOfIt(t *testing.T) {
	t.Parallel()
	c := office(t)
	a := box(t, "sw-hartford-6", "FOC1234X0AI", "a4:6c:2a:00:00:08", 4)
	find(t, c, a.Listen(t), false)
	until(t, "a device", func() bool { l := targets(t, c); return len(l) == 1 && l[0].State == store.Live && l[0].Device != "" })
	d := devices(t, c)[0]
	until(t, "a whole reading", func() bool { return devices(t, c)[0].Serial != "" })
	w, err := snmptest.ParseWalk(strings.Replace(boxWalk("sw-hartford-6", "FOC1234X0AI", "a4:6c:2a:00:00:08", 4), "ticks 8640000", "ticks 3000", 1))
	if err != nil {
		t.Fatal(err)
	}
	a.Play(w)
	a.Reboot()
	c.polling.poller.Again(pollID(targets(t, c)[0]))
	until(t, "an event of the start", func() bool { return saw(t, c, d, event.Boot) })
	if l := devices(t, c); len(l) != 1 {
		t.Errorf("%d devices after a start", len(l))
	}
}

func TestNeighboursOfGearAreFollowed(t *testing.T) {
	t.Parallel()
	c := office(t)
	second := box(t, "sw-hartford-8", "FOC1234X0AK", "a4:6c:2a:00:00:0a", 4)
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 23, 0, 2)})
	if err != nil {
		t.Fatal(err)
	}
	port := uint16(socket.LocalAddr().(*net.UDPAddr).Port)
	first, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 23, 0, 1), Port: int(port)})
	if err != nil {
		t.Fatal(err)
	}
	// Whom it spoke with of late (IP-MIB): the other switch, and one outside of
	// the subnet, who is not asked. Loopback addresses that LLDP names are no
	// addresses of neighbours, hence not by LLDP here.
	neighbour := boxWalk("sw-hartford-7", "FOC1234X0AJ", "a4:6c:2a:00:00:09", 4)
	for n, address := range []string{"127.23.0.2", "127.99.0.2"} {
		neighbour += fmt.Sprintf("1.3.6.1.2.1.4.22.1.2.3.%s hex a46c2a0000a%d\n", address, n)
	}
	w, err := snmptest.ParseWalk(neighbour)
	if err != nil {
		t.Fatal(err)
	}
	a := box(t, "", "", "", 0)
	a.Play(w)
	for agent, s := range map[*snmptest.Agent]*net.UDPConn{a: first, second: socket} {
		done := make(chan struct{})
		go func() { defer close(done); agent.Serve(s) }()
		t.Cleanup(func() { s.Close(); <-done })
	}
	at := netip.AddrPortFrom(netip.MustParseAddr("127.23.0.1"), port)
	find(t, c, at, false)
	until(t, "a neighbour's address", func() bool {
		l, err := c.polling.heard(t.Context())
		return err == nil && len(l) >= 2
	})
	sub := store.Subnet{Network: netip.MustParsePrefix("127.23.0.0/29"), Port: port, Rate: 1000, Site: 0} // Every 0: it is never scanned
	if err := c.control.PutSubnet(t.Context(), sub, time.Now()); err != nil {
		t.Fatal(err)
	}
	c.polling.Changed()
	if err := c.polling.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	subnets, err := c.control.Subnets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.polling.crawl(t.Context(), subnets, map[netip.Addr]time.Time{}); err != nil {
		t.Fatal(err)
	}
	until(t, "both switches", func() bool {
		names := ""
		for _, d := range devices(t, c) {
			names += d.Name + " "
		}
		return len(targets(t, c)) == 2 && strings.Contains(names, "sw-hartford-8")
	})
	for _, x := range targets(t, c) {
		if x.Address == netip.MustParseAddr("127.23.0.2") && x.Origin != "crawl" {
			t.Errorf("%+v", x)
		}
	}
}

// saw says whether a device has an event of a kind.
func saw(t *testing.T, c *collector, d store.Device, kind string) bool {
	t.Helper()
	l, err := c.inventory.Events(t.Context(), store.EventQuery{Scope: store.Scope{All: true}, Devices: []inventory.DeviceID{d.ID}, Kinds: []string{kind}})
	if err != nil {
		t.Fatal(err)
	}
	return len(l) > 0
}
