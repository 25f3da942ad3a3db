package collector

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"muster/collector/api"
	"muster/collector/config"
	"muster/collector/snmp/poll"
	"muster/collector/snmp/snmptest"
	"muster/collector/snmp/snmptest/message"
	"muster/collector/store"
	"muster/internal/event"
	"muster/internal/inventory"
)

// office is a collector that runs until the test ends.
func office(t testing.TB, change ...func(*config.Config)) *collector {
	t.Helper()
	// A socket's path is short, the test's own folder is not.
	dir, err := os.MkdirTemp("", "muster")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	cfg := config.Default()
	cfg.Data, cfg.Web.Address, cfg.Agents.Address = dir, "127.0.0.1:0", "127.0.0.1:0"
	cfg.Limits.FreeDisk = 1 << 20
	for _, f := range change {
		f(&cfg)
	}
	ready := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	c, err := open(ctx, Options{Config: cfg, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})), Now: time.Now, Ready: func(net.Addr, net.Addr) { close(ready) }})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- c.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
	select {
	case <-ready:
	case err := <-done:
		done <- err
		t.Fatal(err)
	}
	put := func(k store.Credential, secrets map[string]api.Secret) {
		k.ID = store.NewCredentialID()
		if err := (credentials{c}).PutCredential(t.Context(), k, secrets); err != nil {
			t.Fatal(err)
		}
	}
	put(store.Credential{Name: "public", Version: store.SNMPv2c}, map[string]api.Secret{store.SecretCommunity: "public"})
	put(store.Credential{Name: "core", Version: store.SNMPv3, User: "operator", Auth: "sha256", Priv: "aes"}, map[string]api.Secret{store.SecretAuth: "authpass1", store.SecretPriv: "privpass1"})
	return c
}

// box is an agent that plays a small switch.
func box(t *testing.T, name, serial, mac string, ports int) *snmptest.Agent {
	a := snmptest.New(t, boxWalk(name, serial, mac, ports))
	a.Users = []message.User{{Name: "operator", Auth: "SHA256", AuthPass: "authpass1", Priv: "AES", PrivPass: "privpass1"}}
	return a
}

// boxWalk is what it says.
func boxWalk(name, serial, mac string, ports int) string {
	var b strings.Builder
	add := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	add(`1.3.6.1.2.1.1.1.0 text "Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E3, RELEASE SOFTWARE (fc3)"`)
	add(`1.3.6.1.2.1.1.2.0 oid 1.3.6.1.4.1.9.1.1208`)
	add(`1.3.6.1.2.1.1.3.0 ticks 8640000`)
	add(`1.3.6.1.2.1.1.5.0 text %q`, name)
	add(`1.3.6.1.2.1.17.1.1.0 hex %s`, strings.ReplaceAll(mac, ":", ""))
	add(`1.3.6.1.2.1.17.1.2.0 int %d`, ports)
	add(`1.3.6.1.2.1.47.1.1.1.1.2.1001 text "chassis"`)
	add(`1.3.6.1.2.1.47.1.1.1.1.5.1001 int 3`)
	add(`1.3.6.1.2.1.47.1.1.1.1.7.1001 text "1"`)
	add(`1.3.6.1.2.1.47.1.1.1.1.11.1001 text %q`, serial)
	add(`1.3.6.1.2.1.47.1.1.1.1.13.1001 text "WS-C2960X-24TS-L"`)
	for i := 1; i <= ports; i++ {
		add(`1.3.6.1.2.1.2.2.1.1.%d int %d`, i, i)
		add(`1.3.6.1.2.1.2.2.1.2.%d text "GigabitEthernet1/0/%d"`, i, i)
		add(`1.3.6.1.2.1.2.2.1.3.%d int 6`, i)
		add(`1.3.6.1.2.1.2.2.1.7.%d int 1`, i)
		add(`1.3.6.1.2.1.2.2.1.8.%d int 1`, i)
		add(`1.3.6.1.2.1.31.1.1.1.1.%d text "Gi1/0/%d"`, i, i)
		add(`1.3.6.1.2.1.31.1.1.1.6.%d counter64 %d`, i, 1000*i)
		add(`1.3.6.1.2.1.31.1.1.1.10.%d counter64 %d`, i, 2000*i)
		add(`1.3.6.1.2.1.31.1.1.1.15.%d gauge 1000`, i)
	}
	return b.String()
}

// until waits for something that comes in its own time.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !f(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in vain waited for %s", what)
		}
	}
}

func devices(t *testing.T, c *collector) []store.Device {
	t.Helper()
	page, err := c.inventory.Devices(t.Context(), store.DeviceQuery{Scope: store.Scope{All: true}, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return page.Devices
}

func targets(t *testing.T, c *collector) []store.Target {
	t.Helper()
	list, err := c.control.Targets(t.Context(), store.TargetQuery{})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// find looks for gear at an agent's address.
func find(t *testing.T, c *collector, at netip.AddrPort, dry bool) []api.Found {
	t.Helper()
	var found []api.Found
	o := api.DiscoveryOrder{Network: netip.PrefixFrom(at.Addr(), 32), Port: at.Port(), Credentials: []string{"core", "public"}, Rate: 1000, Origin: "hand", DryRun: dry, By: "test"}
	if err := c.polling.discover(t.Context(), o, func(s api.DiscoveryStep) { found = append(found, s.Found...) }); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestWhatIsDiscoveredIsPolled(t *testing.T) {
	t.Parallel()
	c := office(t)
	at := box(t, "sw-hartford-1", "FOC1234X0AB", "a4:6c:2a:00:00:01", 24).Listen(t)
	if found := find(t, c, at, true); len(found) != 1 || found[0].State != "live" || found[0].Credential != "core" || found[0].Serial != "FOC1234X0AB" || found[0].New != true {
		t.Errorf("a rehearsal found %+v", found)
	}
	if n := len(targets(t, c)); n != 0 {
		t.Fatalf("a rehearsal made %d targets", n)
	}
	find(t, c, at, false)
	until(t, "a live target", func() bool { l := targets(t, c); return len(l) == 1 && l[0].State == store.Live && l[0].Device != "" })
	until(t, "a device with a serial number", func() bool { l := devices(t, c); return len(l) == 1 && l[0].Serial == "FOC1234X0AB" })
	d := devices(t, c)[0]
	if d.Kind != "switch" || d.Name != "sw-hartford-1" || d.Vendor != "Cisco" {
		t.Errorf("%+v", d)
	}
	views, err := c.inventory.Sections(t.Context(), d.ID, time.Time{}, []string{"port"})
	if err != nil || len(views) != 1 || len(views[0].Table.Rows) != 24 {
		t.Errorf("ports: %+v, %v", views, err)
	}
	events, err := c.inventory.Events(t.Context(), store.EventQuery{Scope: store.Scope{All: true}, Devices: []inventory.DeviceID{d.ID}})
	if err != nil || len(events) == 0 || events[len(events)-1].Kind != event.TargetFound {
		t.Errorf("events: %+v, %v", events, err)
	}
}

func TestATargetFindsItsCredential(t *testing.T) {
	t.Parallel()
	c := office(t)
	a := box(t, "sw-hartford-2", "FOC1234X0AC", "a4:6c:2a:00:00:02", 4)
	a.Users = nil // only version 2c fits
	at := a.Listen(t)
	if _, err := c.control.PutTarget(t.Context(), store.Target{Address: at.Addr(), Port: at.Port(), Origin: "hand"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	c.polling.Changed()
	until(t, "a live target", func() bool { l := targets(t, c); return l[0].State == store.Live && l[0].Credential == "public" })
	got, err := c.polling.test(t.Context(), api.TargetOrder{Address: at, Credentials: []string{"core", "public"}})
	if err != nil || got.State != "live" || got.Credential != "public" || len(got.Attempts) != 2 || got.Serial != "FOC1234X0AC" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestOneDeviceAtTwoAddressesIsOne(t *testing.T) {
	t.Parallel()
	c := office(t)
	first := box(t, "core", "FOC1234X0AD", "a4:6c:2a:00:00:03", 4).Listen(t)
	second := box(t, "core", "FOC1234X0AD", "a4:6c:2a:00:00:03", 4).Listen(t)
	find(t, c, first, false)
	until(t, "a live target", func() bool { l := targets(t, c); return len(l) == 1 && l[0].State == store.Live && l[0].Device != "" })
	find(t, c, second, false)
	until(t, "an alias", func() bool {
		for _, x := range targets(t, c) {
			if x.AddrPort() == second && x.State == store.Alias && strings.Contains(x.Reason, first.String()) {
				return true
			}
		}
		return false
	})
	if l := devices(t, c); len(l) != 1 {
		t.Errorf("%d devices", len(l))
	}
}

func TestAnotherBoxAtTheAddressIsAnotherDevice(t *testing.T) {
	t.Parallel()
	c := office(t)
	a := box(t, "sw", "FOC1234X0AE", "a4:6c:2a:00:00:04", 4)
	at := a.Listen(t)
	find(t, c, at, false)
	until(t, "a device", func() bool { l := devices(t, c); return len(l) == 1 && l[0].Serial != "" })
	old := devices(t, c)[0]
	until(t, "the target to know its device", func() bool { return targets(t, c)[0].Device == old.ID })
	x := poll.Target{ID: pollID(targets(t, c)[0]), Address: at, Device: old.ID}
	// The same box after a board was replaced, of which only the name is told:
	// nothing speaks against it.
	id, err := placing{c.polling}.Device(t.Context(), x, poll.Identity{Kind: "switch", Name: "sw"})
	if err != nil || id != old.ID {
		t.Errorf("the same box became %s, %v", id, err)
	}
	id, err = placing{c.polling}.Device(t.Context(), x, poll.Identity{Kind: "switch", Name: "sw", Vendor: "Cisco", Serial: "FOC9999X0ZZ", Chassis: "a4:6c:2a:00:00:99"})
	if err != nil || id == old.ID || id == "" {
		t.Fatalf("another box is %q, %v", id, err)
	}
	events, err := c.inventory.Events(t.Context(), store.EventQuery{Scope: store.Scope{All: true}, Devices: []inventory.DeviceID{old.ID}})
	if err != nil || events[0].Kind != event.Replaced || events[0].Attributes["other_device"] != string(id) {
		t.Errorf("events of the old one: %+v, %v", events, err)
	}
}

func TestASubnetBringsWhatIsInIt(t *testing.T) {
	t.Parallel()
	c := office(t)
	at := box(t, "sw-hartford-3", "FOC1234X0AF", "a4:6c:2a:00:00:05", 4).Listen(t)
	x := store.Subnet{Network: netip.PrefixFrom(at.Addr(), 32), Port: at.Port(), Every: time.Hour, Rate: 1000, V2c: false}
	if err := c.control.PutSubnet(t.Context(), x, time.Now()); err != nil {
		t.Fatal(err)
	}
	c.polling.Changed()
	until(t, "a live target", func() bool {
		l := targets(t, c)
		return len(l) == 1 && l[0].State == store.Live && l[0].Credential == "core"
	})
	until(t, "a scan that ended", func() bool {
		l, err := c.control.Subnets(t.Context())
		return err == nil && !l[0].Scan.EndedAt.IsZero() && l[0].Scan.Answered == 1 && l[0].Scan.Added == 1
	})
}

func TestATrapMakesItsSenderBePolledAtOnce(t *testing.T) {
	t.Parallel()
	free, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	traps := free.LocalAddr().String()
	free.Close()
	c := office(t, func(cfg *config.Config) { cfg.SNMP.Traps = traps })
	a := box(t, "sw-hartford-4", "FOC1234X0AG", "a4:6c:2a:00:00:06", 4)
	at := a.Listen(t)
	find(t, c, at, false)
	until(t, "a live target", func() bool { l := targets(t, c); return len(l) == 1 && l[0].State == store.Live && l[0].Device != "" })
	device := targets(t, c)[0].Device
	a.Forget()
	// authenticationFailure; a trap of version 2c is a hint and no more.
	oid, err := message.ParseOID("1.3.6.1.6.3.1.1.5.5")
	if err != nil {
		t.Fatal(err)
	}
	name, err := message.ParseOID("1.3.6.1.6.3.1.1.4.1.0")
	if err != nil {
		t.Fatal(err)
	}
	m := &message.Message{Version: message.V2c, Community: []byte("any"), PDU: message.PDU{Type: message.TrapV2, ID: 1,
		Variables: []message.Variable{{Name: name, Tag: message.ObjectIdentifier, Value: oid}}}}
	packet, err := m.Append(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	socket, err := net.Dial("udp", traps)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	until(t, "an event of the trap", func() bool {
		if _, err := socket.Write(packet); err != nil {
			t.Fatal(err)
		}
		l, err := c.inventory.Events(t.Context(), store.EventQuery{Scope: store.Scope{All: true}, Devices: []inventory.DeviceID{device}, Kinds: []string{event.AuthenticationFailed}})
		return err == nil && len(l) == 1
	})
	until(t, "a poll", func() bool { return len(a.Requests()) > 0 })
}

func TestStatesAreKeptAsPeopleReadThem(t *testing.T) {
	for want, s := range map[store.TargetState]poll.State{
		store.Live:            {Lane: poll.Live},
		store.Suspect:         {Lane: poll.Suspect, Reason: poll.Silent},
		store.Dead:            {Lane: poll.Dead, Reason: poll.Silent, Echo: "silent"},
		store.Silent:          {Lane: poll.Dead, Reason: poll.Unreachable, Echo: "answers"},
		store.WrongCredential: {Lane: poll.Dead, Reason: poll.Credentials, Echo: "answers"},
		store.Lying:           {Lane: poll.Live, Reason: poll.Lying},
		store.Untried:         {Lane: poll.Untried},
	} {
		if got := stateOf(s); got != want {
			t.Errorf("%+v is %s, want %s", s, got, want)
		}
	}
}
