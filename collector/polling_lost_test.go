package collector

import (
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/api"
	"muster/collector/snmp/poll"
	"muster/collector/snmp/snmptest"
	"muster/collector/store"
	"muster/internal/inventory"
)

// community makes a credential of version 2c.
func community(t *testing.T, c *collector, name, secret string) {
	t.Helper()
	k := store.Credential{ID: store.NewCredentialID(), Name: name, Version: store.SNMPv2c}
	if err := (credentials{c}).PutCredential(t.Context(), k, map[string]api.Secret{store.SecretCommunity: api.Secret(secret)}); err != nil {
		t.Fatal(err)
	}
	c.polling.Changed()
}

// target is the one at an address as it is kept.
func target(t *testing.T, c *collector, at netip.AddrPort) store.Target {
	t.Helper()
	for _, x := range targets(t, c) {
		if x.AddrPort() == at {
			return x
		}
	}
	return store.Target{}
}

// play has an agent listen at an address until it is stopped, or the test ends.
func play(t *testing.T, a *snmptest.Agent, at netip.AddrPort) (netip.AddrPort, func()) {
	t.Helper()
	s, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); a.Serve(s) }()
	stop := sync.OnceFunc(func() { s.Close(); <-done })
	t.Cleanup(stop)
	return s.LocalAddr().(*net.UDPAddr).AddrPort(), stop
}

// lose has a target polled until it is lost.
func lose(t *testing.T, c *collector, at netip.AddrPort) {
	t.Helper()
	id := pollID(target(t, c, at))
	until(t, "the target to be lost", func() bool {
		s, ok := c.polling.poller.State(id)
		if ok && s.Lane == poll.Dead {
			return true
		}
		c.polling.poller.Again(id)
		return false
	})
}

// People change a community on gear, then tell us, or had told us before.
func TestAChangedCommunityIsFoundAgain(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"scan", "test", "trial"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			c := office(t)
			a := box(t, "sw-r", "FOC1234X0BA", "a4:6c:2a:00:00:77", 4)
			a.Users = nil
			at, stop := play(t, a, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), 0))
			// Only this subnet's credentials come to it by themselves.
			x := store.Subnet{Network: netip.PrefixFrom(at.Addr(), 32), Port: at.Port(), Credentials: []string{"public"}, V2c: true, Rate: 1000}
			if err := c.control.PutSubnet(t.Context(), x, time.Now()); err != nil {
				t.Fatal(err)
			}
			find(t, c, at, false)
			until(t, "a live target", func() bool { return target(t, c, at).State == store.Live })
			device := target(t, c, at).Device
			stop()
			a.Community = "new2026"
			play(t, a, at)
			community(t, c, "new", "new2026")
			lose(t, c, at)
			switch how {
			case "scan":
				o := api.DiscoveryOrder{Network: x.Network, Port: at.Port(), Credentials: []string{"public", "new"}, Rate: 1000, Origin: "hand", By: "test"}
				if err := c.polling.discover(t.Context(), o, func(api.DiscoveryStep) {}); err != nil {
					t.Fatal(err)
				}
			case "test":
				if got, err := c.polling.test(t.Context(), api.TargetOrder{Address: at, Credentials: []string{"public", "new"}}); err != nil || got.State != "live" {
					t.Fatalf("%+v, %v", got, err)
				}
			case "trial":
				x.Credentials = []string{"public", "new"}
				if err := c.control.PutSubnet(t.Context(), x, time.Now()); err != nil {
					t.Fatal(err)
				}
				c.polling.Changed()
			}
			until(t, "the new community to be used", func() bool {
				x := target(t, c, at)
				return x.State == store.Live && x.Credential == "new" && x.Device == device
			})
		})
	}
}

func TestATargetKeepsTheCredentialThatAPersonGaveIt(t *testing.T) {
	t.Parallel()
	c := office(t)
	a := box(t, "sw-p", "FOC1234X0BB", "a4:6c:2a:00:00:78", 4)
	a.Users = nil
	at := a.Listen(t)
	community(t, c, "other", "other")
	if _, err := c.control.PutTarget(t.Context(), store.Target{Address: at.Addr(), Port: at.Port(), Origin: "hand", Credential: "other", Pinned: true}, time.Now()); err != nil {
		t.Fatal(err)
	}
	c.polling.Changed()
	until(t, "the target to be lost", func() bool { return lost(target(t, c, at).State) })
	if found := find(t, c, at, false); len(found) != 1 || found[0].Credential != "public" {
		t.Fatalf("found %+v", found)
	}
	c.polling.try(t.Context())
	c.polling.flush(t.Context())
	if x := target(t, c, at); x.Credential != "other" || !x.Pinned {
		t.Errorf("%+v", x)
	}
}

// Gear notes each wrong community: what refuses is left alone for longer and
// longer, until people change what it may be asked with.
func TestGearThatRefusesIsTriedLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &polling{c: &collector{now: time.Now, log: slog.New(slog.DiscardHandler)}, poller: poll.New(poll.Options{Now: time.Now}), changed: make(chan struct{}, 1),
			marks: map[int64]store.TargetMark{}, trials: map[int64]trial{}, again: map[string]bool{}}
		p.registry = newRegistry(p.c)
		p.credentials = []credential{{Credential: store.Credential{ID: "a", Name: "core", Version: store.SNMPv3}}, {Credential: store.Credential{ID: "b", Name: "public", Version: store.SNMPv2c}}}
		for i := range p.credentials {
			p.credentials[i].open.Name = p.credentials[i].Name
		}
		hand := store.Target{ID: 1, Address: netip.MustParseAddr("192.0.2.1"), Port: 161, Origin: "hand", State: store.WrongCredential}
		left := store.Target{ID: 2, Address: netip.MustParseAddr("192.0.2.2"), Port: 161, Origin: "subnet 192.0.2.0/24", State: store.WrongCredential}
		p.targets = map[string]store.Target{pollID(hand): hand, pollID(left): left}
		var at []time.Duration
		start := time.Now()
		for time.Since(start) < 7*24*time.Hour {
			for _, a := range p.attempts(t.Context(), nil) {
				if a.ID == left.ID {
					if len(a.with) != 1 || a.with[0].Name != "core" {
						t.Fatalf("no subnet allows it, and it is asked with %v", a.with)
					}
					continue
				}
				if len(a.with) != 2 {
					t.Fatalf("asked with %v", a.with)
				}
				at = append(at, time.Since(start))
			}
			time.Sleep(tryEvery)
		}
		if len(at) < 10 || len(at) > 16 || at[1] != testAgain || at[len(at)-1]-at[len(at)-2] != testRarely {
			t.Errorf("tried after %v", at)
		}
		p.forgive([]store.Subnet{{Network: netip.MustParsePrefix("192.0.2.0/24"), V2c: true}})
		if l := p.attempts(t.Context(), nil); len(l) != 2 {
			t.Errorf("after a subnet was changed %d are tried", len(l))
		}
	})
}

func TestAnAliasTakesOverAndTheLostAddressStepsBack(t *testing.T) {
	t.Parallel()
	c := office(t)
	one := box(t, "core", "FOC1234X0BC", "a4:6c:2a:00:00:79", 4)
	first := one.Listen(t)
	second := box(t, "core", "FOC1234X0BC", "a4:6c:2a:00:00:79", 4).Listen(t)
	find(t, c, first, false)
	until(t, "a live target", func() bool { x := target(t, c, first); return x.State == store.Live && x.Device != "" })
	device := target(t, c, first).Device
	find(t, c, second, false)
	until(t, "an alias", func() bool { return target(t, c, second).State == store.Alias })
	c.polling.try(t.Context()) // while the first one answers nothing happens
	if s := c.polling.targets[pollID(target(t, c, second))].State; s != store.Alias {
		t.Fatalf("an alias became %s", s)
	}
	one.Set(snmptest.Faults{Dead: true})
	lose(t, c, first)
	signal(c.polling.wanted)
	until(t, "the alias to be polled", func() bool { x := target(t, c, second); return x.State == store.Live && x.Device == device })
	if x := target(t, c, first); !lost(x.State) {
		t.Errorf("the lost address is %s", x.State)
	}
	one.Set(snmptest.Faults{})
	until(t, "the first address to step back", func() bool {
		c.polling.poller.Again(pollID(target(t, c, first)))
		x := target(t, c, first)
		return x.State == store.Alias && strings.Contains(x.Reason, second.String())
	})
	if x := target(t, c, second); x.State != store.Live {
		t.Errorf("the second address is %s", x.State)
	}
	if l := devices(t, c); len(l) != 1 {
		t.Errorf("%d devices", len(l))
	}
}

// Another box at an alias's address is not the device.
func TestAnAliasAtWhichAnotherAnswersStaysOut(t *testing.T) {
	t.Parallel()
	c := office(t)
	one := box(t, "core", "FOC1234X0BD", "a4:6c:2a:00:00:7a", 4)
	first := one.Listen(t)
	other := box(t, "edge", "FOC1234X0BE", "a4:6c:2a:00:00:7b", 4).Listen(t)
	find(t, c, first, false)
	until(t, "a live target", func() bool { x := target(t, c, first); return x.State == store.Live && x.Device != "" })
	x := store.Target{Address: other.Addr(), Port: other.Port(), Credential: "core", Origin: "crawl", State: store.Alias, Device: target(t, c, first).Device}
	if _, err := c.control.AddTargets(t.Context(), []store.Target{x}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := c.polling.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	one.Set(snmptest.Faults{Dead: true})
	lose(t, c, first)
	c.polling.try(t.Context())
	c.polling.flush(t.Context())
	if s := target(t, c, other).State; s != store.Alias {
		t.Errorf("it became %s", s)
	}
}

// Gear sends traps from whichever of its addresses is nearest.
func TestTrapsComeFromEachAddressOfADevice(t *testing.T) {
	t.Parallel()
	c := office(t)
	a := box(t, "core", "FOC1234X0BF", "a4:6c:2a:00:00:7c", 4)
	at := a.Listen(t)
	find(t, c, at, false)
	until(t, "a live target", func() bool { x := target(t, c, at); return x.State == store.Live && x.Device != "" })
	device := target(t, c, at).Device
	p := c.polling
	own, shared, alias, nobody := netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("192.0.2.8"), netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("192.0.2.10")
	if _, err := c.control.AddTargets(t.Context(), []store.Target{
		{Address: alias, Port: 161, Credential: "core", Origin: "crawl", State: store.Alias, Device: device},
		{Address: nobody.Next(), Port: 161, Credential: "core", Origin: "crawl", State: store.Dead, Device: "other"},
	}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := p.registry.find(t.Context(), p.registry.known[device].who, at.Addr()); err != nil {
		t.Fatal(err)
	}
	p.registry.mu.Lock()
	p.registry.known[device].who.Addresses = []netip.Addr{own, shared, netip.MustParseAddr("127.9.9.9"), netip.MustParseAddr("fe80::1"), nobody.Next()}
	p.registry.known["other"] = &resident{}
	p.registry.known["other"].who.Addresses = []netip.Addr{shared}
	p.registry.mu.Unlock()
	if err := p.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.learnSenders(t.Context())
	for from, want := range map[netip.Addr]inventory.DeviceID{at.Addr(): device, own: device, alias: device, nobody.Next(): "other"} {
		if id, ok := p.senderOf(from); !ok || id != want {
			t.Errorf("%s is %q's, %t; want %q", from, id, ok, want)
		}
	}
	for _, from := range []netip.Addr{shared, nobody, netip.MustParseAddr("127.9.9.9"), netip.MustParseAddr("fe80::1")} {
		if p.maySend(from) {
			t.Errorf("%s may send", from)
		}
	}
	for _, from := range []netip.Addr{alias, own} {
		a.Forget()
		p.poller.Set(nil) // forgets when it was hinted last
		if err := p.refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		until(t, "the device to be read", func() bool { s, _ := p.poller.State(pollID(target(t, c, at))); return s.Lane == poll.Live })
		a.Forget()
		p.hint(from)
		until(t, "a poll for a trap of "+from.String(), func() bool { return len(a.Requests()) > 0 })
	}
}

// A slow subnet keeps neither another one waiting nor what people do meanwhile.
func TestASlowSubnetKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	c := office(t)
	at, _ := play(t, box(t, "sw-s", "FOC1234X0BG", "a4:6c:2a:00:00:7d", 4), netip.MustParseAddrPort("127.90.0.1:0"))
	for _, x := range []store.Subnet{
		{Network: netip.MustParsePrefix("127.77.0.0/24"), Port: at.Port(), Every: time.Hour, Rate: 1}, // minutes
		{Network: netip.PrefixFrom(at.Addr(), 32), Port: at.Port(), Every: time.Hour, Rate: 1000},
	} {
		if err := c.control.PutSubnet(t.Context(), x, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	c.polling.Changed()
	until(t, "the second subnet to be scanned", func() bool { return target(t, c, at).State == store.Live })
	l, err := c.control.Subnets(t.Context())
	if err != nil || !l[0].Scan.EndedAt.IsZero() || l[0].Scan.StartedAt.IsZero() {
		t.Errorf("the slow one: %+v, %v", l[0].Scan, err)
	}
}

// Hundreds of silent targets are tried beside everything else.
func TestTrialsKeepNobodyWaiting(t *testing.T) {
	t.Parallel()
	c := office(t)
	mute, err := net.ListenPacket("udp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	port := uint16(mute.LocalAddr().(*net.UDPAddr).Port)
	var list []store.Target
	for i := range 600 {
		list = append(list, store.Target{Address: netip.AddrFrom4([4]byte{127, 91, byte(i >> 8), byte(i)}), Port: port, Origin: "hand"})
	}
	if _, err := c.control.AddTargets(t.Context(), list, time.Now()); err != nil {
		t.Fatal(err)
	}
	c.polling.Changed()
	until(t, "trials to go on", func() bool {
		c.polling.mu.Lock()
		defer c.polling.mu.Unlock()
		return len(c.polling.trials) == len(list)
	})
	at := box(t, "sw-t", "FOC1234X0BH", "a4:6c:2a:00:00:7e", 4).Listen(t)
	find(t, c, at, false)
	until(t, "a live target", func() bool { return target(t, c, at).State == store.Live })
}
