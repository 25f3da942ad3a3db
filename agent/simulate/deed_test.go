package simulate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/event"
	"muster/internal/inventory"
)

// cell is a column of the row of a section that has key in its first column.
func (l *ledger) cell(t *testing.T, name, section, key, column string) any {
	t.Helper()
	tab := l.sections[name][section]
	c := slices.Index(tab.Columns, column)
	for _, row := range tab.Rows {
		if key == "" || fmt.Sprint(row[0]) == key {
			if c < 0 {
				return nil
			}
			return row[c]
		}
	}
	t.Fatalf("%s has no row %s in %s", name, key, section)
	return nil
}

// Every deed shows in what is said, where rules look for it, and nothing of it
// shows on a machine to which it does not happen.
func TestDeedsShow(t *testing.T) {
	wired := func(m *machine) bool { return !m.laptop() && !m.habits.always }
	disk := func(m *machine) bool { return wired(m) && m.model.drives[0].kind == "hdd" }
	laptop := func(m *machine) bool { return m.laptop() && !m.habits.always }
	tower := func(m *machine) bool { return wired(m) && len(m.model.drives) == 2 }
	nvme := func(m *machine) bool { return wired(m) && m.model.drives[0].bus == "nvme" }
	list := []struct {
		do    string
		on    func(m *machine) bool
		more  string
		shows func(l *ledger, name string) bool
	}{
		{doInstall, wired, ", name: Northwind Notes", func(l *ledger, name string) bool {
			return strings.Contains(fmt.Sprint(l.sections[name]["software"].Rows), "Northwind Notes")
		}},
		{doReboot, wired, "", func(l *ledger, name string) bool { return stopped(l, name, "restart") }},
		{doRename, wired, "", func(l *ledger, name string) bool {
			return strings.HasSuffix(fmt.Sprint(l.cell(t, name, "os", "", "host_name")), "x")
		}},
		{doSilent, wired, "", func(l *ledger, name string) bool {
			return len(l.times[name]) > 0 && !l.times[name][len(l.times[name])-1].After(monday.Add(34*time.Hour))
		}},
		{doClockDrift, wired, ", for: 3d", func(l *ledger, name string) bool { return l.last(t, name, "clock.offset_seconds") > 120 }},
		{doWrongClock, wired, "", func(l *ledger, name string) bool { return l.last(t, name, "clock.offset_seconds") > 9e7 }},
		{doFillDisk, wired, ", for: 3d", func(l *ledger, name string) bool {
			return l.last(t, name, "disk.used_percent C:") > 90
		}},
		{doDyingDisk, disk, ", for: 3d", func(l *ledger, name string) bool {
			return l.last(t, name, "smart_device.pending_sector_count") > 20 && l.count(name, event.DiskError) > 3
		}},
		{doDyingDisk, nvme, ", for: 3d", func(l *ledger, name string) bool {
			return l.last(t, name, "smart_device.media_errors") > 10 && l.last(t, name, "smart_device.available_spare") < 80
		}},
		{doWearOut, nvme, ", for: 3d", func(l *ledger, name string) bool { return l.last(t, name, "smart_device.percentage_used") > 60 }},
		{doDiskGone, tower, "", func(l *ledger, name string) bool {
			return l.count(name, event.DiskRemoved) == 1 && len(l.sections[name]["disk"].Rows) == 1
		}},
		{doLeakMemory, laptop, ", for: 3d", func(l *ledger, name string) bool { return l.last(t, name, "mem.commit_percent") > 80 }},
		{doOOM, wired, ", for: 1d", func(l *ledger, name string) bool { return l.count(name, event.OOMKill) >= 3 }},
		{doModuleLost, tower, "", func(l *ledger, name string) bool {
			return fmt.Sprint(l.cell(t, name, "memory", "", "installed_bytes")) == fmt.Sprint(32*gib)
		}},
		{doThrottle, wired, "", func(l *ledger, name string) bool {
			return l.last(t, name, "throttle.active_seconds") > 7200 && l.count(name, event.Throttled) >= 2
		}},
		{doOverheat, wired, "", func(l *ledger, name string) bool {
			return l.count(name, event.Overheated) >= 2 && hottest(l, name) >= 98
		}},
		{doFailBattery, laptop, ", for: 3d", func(l *ledger, name string) bool {
			return l.last(t, name, "battery.full_watt_hours") < 25
		}},
		{doBlueScreens, wired, "", func(l *ledger, name string) bool {
			return l.count(name, event.Bugcheck) >= 2 && l.count(name, event.Bugcheck) == l.count(name, event.UncleanStop)
		}},
		{doBadDriver, wired, "", func(l *ledger, name string) bool {
			return l.count(name, event.DriverChanged) == 1 && l.count(name, event.Bugcheck) >= 2 && l.cell(t, name, "driver", "oem3.inf", "version") == "31.0.16"
		}},
		{doCrash, wired, ", name: Ledger Sync", func(l *ledger, name string) bool { return l.count(name, event.AppCrash) >= 10 }},
		{doServiceLoop, wired, "", func(l *ledger, name string) bool {
			return l.count(name, event.ServiceFailed) >= 50 && l.cell(t, name, "service", "svc07", "failed") == true
		}},
		{doUpdateFails, wired, "", func(l *ledger, name string) bool {
			return l.count(name, event.UpdateFailed) == 3 && strings.Contains(fmt.Sprint(l.sections[name]["patch"].Rows), "KB5099999")
		}},
		{doAntivirus, wired, "", func(l *ledger, name string) bool {
			return l.cell(t, name, "antivirus", "Umbra Shield", "enabled") == false
		}},
		{doFlapLink, wired, "", func(l *ledger, name string) bool { return l.count(name, event.LinkFlap) >= 100 }},
		{doLinkSlow, wired, "", func(l *ledger, name string) bool {
			return l.cell(t, name, "interface", "Ethernet", "duplex") == "half" && fmt.Sprint(l.cell(t, name, "interface", "Ethernet", "speed_bits_per_second")) == "100000000"
		}},
	}
	// Each happens to a machine of its own, all in one play.
	taken, script := map[int]bool{}, office+"steps:\n"
	names := make([]string, len(list))
	for i, c := range list {
		for n := 0; names[i] == ""; n++ {
			if n == fleet {
				t.Fatalf("no machine is left for %s", c.do)
			}
			if m := newMachine(n, 7, 12, "office", monday); !taken[n] && c.on(m) {
				taken[n], names[i] = true, m.host
				script += fmt.Sprintf("  - {at: 34h, do: %s, machine: %d%s}\n", c.do, n, c.more)
			}
		}
	}
	l, quiet := watch(t, script, fleet, monday, 4*day, 20*time.Minute), watch(t, office, fleet, monday, 4*day, 20*time.Minute)
	for i, c := range list {
		if !c.shows(l, names[i]) {
			t.Errorf("%s does not show on %s: events %v", c.do, names[i], kinds(l, names[i]))
		}
		if c.shows(quiet, names[i]) {
			t.Errorf("%s shows on %s, to which nothing happens", c.do, names[i])
		}
	}
}

const fleet = 90

const day = 24 * time.Hour

func stopped(l *ledger, name, action string) bool {
	for _, e := range l.events[name] {
		if e.Kind == event.CleanStop && e.Attributes["action"] == action {
			return true
		}
	}
	return false
}

func hottest(l *ledger, name string) float64 {
	h := 0.0
	for key, ps := range l.samples[name] {
		for _, p := range ps {
			if strings.HasPrefix(key, "temp.temp") {
				h = max(h, p.v)
			}
		}
	}
	return h
}

func kinds(l *ledger, name string) map[string]int {
	out := map[string]int{}
	for _, e := range l.events[name] {
		out[e.Kind]++
	}
	return out
}

// A site without power: desktops stop where they are and tell of it when they
// start again, laptops run on and deliver later, gear is gone.
func TestOutageOfPower(t *testing.T) {
	from, to := monday.Add(34*time.Hour), monday.Add(36*time.Hour)
	l := watch(t, office+"steps: [{at: 34h, do: outage, site: hartford, for: 2h}]", 40, monday, 2*day, 10*time.Minute)
	desks, laptops := 0, 0
	for n := range 20 {
		m := newMachine(n, 7, 12, "office", monday)
		name := m.host
		during := 0
		for _, at := range l.times[name] {
			if at.After(from) && at.Before(to) {
				during++
			}
		}
		power := 0
		for _, e := range l.events[name] {
			if e.Kind == event.UncleanStop && e.Attributes["cause"] == "power" {
				power++
			}
		}
		switch {
		case !m.laptop() && during > 0:
			t.Errorf("%s reports without power", name)
		case m.laptop() && power > 0:
			t.Errorf("%s is a laptop and lost power", name)
		}
		desks += power
		laptops += during
	}
	if desks < 5 || laptops < 20 {
		t.Errorf("%d desktops lost power, laptops made %d reports in the dark", desks, laptops)
	}
	for _, at := range l.times["sw-hartford-1"] {
		if at.After(from) && at.Before(to) {
			t.Error("the switch answers without power")
			break
		}
	}
	if l.count("sw-hartford-1", event.Boot) != 1 || l.count("sw-stamford-1", event.Boot) != 0 {
		t.Error("the switch of the site starts again once, the other does not")
	}
}

// A line that is down: everything runs on, and is delivered in the end.
func TestOutageOfALine(t *testing.T) {
	l := watch(t, office+"steps: [{at: 34h, do: outage, site: hartford, for: 2h, name: line}]", 40, monday, 2*day, 10*time.Minute)
	q := watch(t, office, 40, monday, 2*day, 10*time.Minute)
	for n := range 20 {
		if name := hostOf(n, 7); len(l.times[name]) != len(q.times[name]) || l.count(name, event.UncleanStop) != q.count(name, event.UncleanStop) {
			t.Errorf("%s: %d reports, %d without the outage", name, len(l.times[name]), len(q.times[name]))
		}
	}
	if l.late <= q.late {
		t.Error("nothing came late")
	}
}

// What a switch says and what the machines on it say agree.
func TestSwitchAndMachinesAgree(t *testing.T) {
	l := watch(t, office+"steps: [{at: 34h, do: switch_errors, switch: sw-hartford-2, agents: 50%, for: 20h}]", 40, monday, 2*day, 10*time.Minute)
	s, _ := ParseScenario("x", []byte(office), Scenario{Seed: 7, Speed: 1})
	c, err := newCast(&s, 40, 12, monday)
	if err != nil {
		t.Fatal(err)
	}
	hit, all := 0, 0
	for _, m := range c.pcs {
		if m.on == nil {
			continue
		}
		var inPort, inCard float64
		for key, ps := range l.samples[m.host] {
			if strings.HasPrefix(key, "net.err_in") {
				inCard = max(inCard, ps[len(ps)-1].v)
			}
		}
		if ps := l.samples[m.on.host]["interface.ifInErrors "+m.port]; len(ps) > 0 {
			inPort = ps[len(ps)-1].v
		}
		if (inPort > 0) != (inCard > 0) && !m.laptop() {
			t.Errorf("%s on %s/%s: %v errors at the card, %v at the port", m.host, m.on.host, m.port, inCard, inPort)
		}
		if m.on.host == "sw-hartford-2" {
			all++
			if inPort > 0 {
				hit++
			}
		} else if inPort > 0 {
			t.Errorf("errors on %s", m.on.host)
		}
	}
	if hit == 0 || hit > (all+1)/2 {
		t.Errorf("errors on %d of %d ports", hit, all)
	}
	// The forwarding table has the machines where they are, and more than a
	// handful behind the uplink.
	tab := l.sections["sw-hartford-1"]["fdb"]
	mac, port := slices.Index(tab.Columns, "mac"), slices.Index(tab.Columns, "port")
	at := map[string]string{}
	behind := map[string]int{}
	for _, row := range tab.Rows {
		at[row[mac].(string)] = row[port].(string)
		behind[row[port].(string)]++
	}
	for _, m := range c.places[0].gear[0].desks {
		if p, ok := at[m.mac()]; ok && p != m.port {
			t.Errorf("%s hangs on %s and is seen on %s", m.host, m.port, p)
		}
	}
	delete(behind, uplink())
	for p, n := range behind {
		if n != 1 {
			t.Errorf("%d addresses on %s", n, p)
		}
	}
	if len(behind) < 5 {
		t.Errorf("addresses on %d ports: %v", len(behind), slices.Collect(maps.Keys(behind)))
	}
}

func TestPowerAndToner(t *testing.T) {
	l := watch(t, office+"steps: [{at: 34h, do: ups_on_battery, for: 50m}, {at: 22h, do: toner_low, for: 1d}]", 40, monday, 2*day, 10*time.Minute)
	if l.count("ups-hartford-1", event.PowerSourceChanged) != 2 {
		t.Errorf("the UPS told %v", kinds(l, "ups-hartford-1"))
	}
	lowest := 100.0
	for key, ps := range l.samples["ups-hartford-1"] {
		for _, p := range ps {
			if strings.HasPrefix(key, "upsd.battery_charge_percent") {
				lowest = min(lowest, p.v)
			}
		}
	}
	if lowest > 60 || lowest < 20 || l.last(t, "ups-hartford-1", "upsd.battery_charge_percent") < 90 {
		t.Errorf("charge fell to %v", lowest)
	}
	level := 100.0
	for key, ps := range l.samples["prt-hartford-1"] {
		if strings.HasPrefix(key, "printer_supply.level_percent") {
			level = min(level, ps[len(ps)-1].v)
		}
	}
	if level > 3 {
		t.Errorf("%v %% of toner are left", level)
	}
	if tab := l.sections["ups-hartford-1"]["ups"]; len(tab.Rows) != 1 {
		t.Errorf("%+v", inventory.Table(tab))
	}
}
