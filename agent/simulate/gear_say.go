package simulate

import (
	"fmt"
	"math"
	"time"

	"muster/internal/inventory"
)

// What gear says: its numbers and its sections.

// reading is one poll of a piece of gear.
type reading struct {
	*gear
	now    time.Time
	jitter float64
}

func gearNumbers(g *gear) []number[*reading] {
	var l list[*reading]
	l.add("ping", "percent_packet_loss", func(*reading) float64 { return 0 }, "url", g.address())
	l.add("ping", "average_response_ms", func(x *reading) float64 { return round(1 + x.jitter) }, "url", g.address())
	l.add("snmp", "uptime", func(x *reading) float64 { return math.Floor(x.now.Sub(x.started).Seconds() * 100) }, "agent_host", g.address())
	switch g.what {
	case "switch":
		switchNumbers(&l, g)
	case "ups":
		pairs := []string{"ups_name", g.host, "model", "Rack 3000", "serial", g.serial()}
		l.add("upsd", "battery_charge_percent", func(x *reading) float64 { return math.Floor(x.charge) }, pairs...)
		l.add("upsd", "load_percent", func(x *reading) float64 { return math.Floor(32 + 6*x.jitter) }, pairs...)
		l.add("upsd", "time_left_ns", func(x *reading) float64 { return math.Floor(x.charge*51) * 1e9 }, pairs...)
		l.add("upsd", "time_on_battery_ns", func(x *reading) float64 { return float64(x.onBattery()) }, pairs...)
		l.add("upsd", "input_voltage", func(x *reading) float64 {
			if x.source == "battery" {
				return 0
			}
			return round(229 + 3*x.jitter)
		}, pairs...)
		l.add("upsd", "output_voltage", func(*reading) float64 { return 230 }, pairs...)
		l.add("upsd", "internal_temp", func(x *reading) float64 { return round(24 + 2*x.jitter) }, pairs...)
		l.add("upsd", "status_flags", func(x *reading) float64 {
			flags := 8.0 // on line
			if x.source == "battery" {
				flags = 16
				if x.charge < 20 {
					flags += 64
				}
			}
			return flags
		}, pairs...)
	case "printer":
		l.add("printer", "pages", func(x *reading) float64 { return math.Floor(x.pages) }, "marker", "1")
		l.add("printer_supply", "level_percent", func(x *reading) float64 { return x.toner(x.now) }, "supply", "Black Toner", "color", "black")
		l.add("printer_supply", "level_percent", func(x *reading) float64 { return 71 }, "supply", "Drum")
	}
	return ordered(l)
}

// onBattery is for how long, by now.
func (g *gear) onBattery() time.Duration {
	if f, _ := g.fates.of(doUPS, g.now); f != nil {
		return g.now.Sub(f.from)
	}
	return 0
}

func switchNumbers(l *list[*reading], g *gear) {
	for i := range ports {
		name := g.portName(i)
		l.add("interface", "ifHCInOctets", func(x *reading) float64 { return 600 * x.ports[i].in }, "ifName", name)
		l.add("interface", "ifHCOutOctets", func(x *reading) float64 { return 700 * x.ports[i].out }, "ifName", name)
		l.add("interface", "ifHCInUcastPkts", func(x *reading) float64 { return x.ports[i].in }, "ifName", name)
		l.add("interface", "ifHCOutUcastPkts", func(x *reading) float64 { return x.ports[i].out }, "ifName", name)
		l.add("interface", "ifInErrors", func(x *reading) float64 { return x.ports[i].errors }, "ifName", name)
		l.add("interface", "dot3StatsFCSErrors", func(x *reading) float64 { return x.ports[i].errors }, "ifName", name)
		l.add("interface", "ifOutErrors", func(*reading) float64 { return 0 }, "ifName", name)
		l.add("interface", "ifInDiscards", func(*reading) float64 { return 0 }, "ifName", name)
		l.add("interface", "ifAdminStatus", func(*reading) float64 { return 1 }, "ifName", name)
		l.add("interface", "ifOperStatus", func(x *reading) float64 {
			if x.linked(i) {
				return 1
			}
			return 2
		}, "ifName", name)
		l.add("interface", "ifHighSpeed", func(x *reading) float64 { return float64(x.speed(i, x.now) / 1_000_000) }, "ifName", name)
	}
	total := func(of func(p port) float64) func(x *reading) float64 {
		return func(x *reading) float64 {
			sum := 0.0
			for _, p := range x.ports {
				sum += of(p)
			}
			return sum
		}
	}
	up := uplink()
	l.add("interface", "ifHCInOctets", total(func(p port) float64 { return 700 * p.out }), "ifName", up)
	l.add("interface", "ifHCOutOctets", total(func(p port) float64 { return 600 * p.in }), "ifName", up)
	l.add("interface", "ifHCInUcastPkts", total(func(p port) float64 { return p.out }), "ifName", up)
	l.add("interface", "ifHCOutUcastPkts", total(func(p port) float64 { return p.in }), "ifName", up)
	l.add("interface", "ifInErrors", func(*reading) float64 { return 3 }, "ifName", up) // of long ago
	l.add("interface", "ifAdminStatus", func(*reading) float64 { return 1 }, "ifName", up)
	l.add("interface", "ifOperStatus", func(*reading) float64 { return 1 }, "ifName", up)
	l.add("interface", "ifHighSpeed", func(*reading) float64 { return 10_000 }, "ifName", up)
	l.add("processor", "usage_percent", func(x *reading) float64 { return math.Floor(8 + 10*x.jitter) }, "processor", "CPU 1")
	l.add("memory_pool", "used_percent", func(x *reading) float64 { return round(47 + x.jitter) }, "pool", "Processor")
	l.add("temp", "temp", func(x *reading) float64 { return round(41 + 3*x.jitter) }, "sensor", "Inlet")
	l.add("sensor", "fan_rpm", func(x *reading) float64 { return math.Floor(4200 + 100*x.jitter) }, "sensor", "Fan 1")
	l.add("sensor", "state", func(*reading) float64 { return 1 }, "sensor", "Power Supply 1")
	l.add("bridge", "fdb_entries", func(x *reading) float64 { return float64(len(x.seen)) })
}

func uplink() string { return "Te1/1/1" }

// linked says whether the i-th port has a link.
func (g *gear) linked(i int) bool {
	return i < len(g.desks) && g.desks[i].up && !g.desks[i].spell.home && !g.desks[i].wireless
}

// speed is that of the i-th port, in bits a second.
func (g *gear) speed(i int, now time.Time) int64 {
	if i < len(g.desks) {
		if f, _ := g.desks[i].fates.of(doLinkSlow, now); f != nil {
			return 100_000_000
		}
	}
	return 1_000_000_000
}

func gearChapters(what string) []chapter[*gear] {
	list := []chapter[*gear]{
		{"system", (*gear).readSystem},
		{"os", (*gear).readOS},
		{"snmp_agent", (*gear).readAgent},
		{"address", (*gear).readAddresses},
	}
	switch what {
	case "switch":
		return append(list, chapter[*gear]{"port", (*gear).readPorts}, chapter[*gear]{"fdb", (*gear).readFdb}, chapter[*gear]{"bridge", (*gear).readBridge},
			chapter[*gear]{"sensor", (*gear).readSensors}, chapter[*gear]{"processor", (*gear).readProcessors}, chapter[*gear]{"memory_pool", (*gear).readPools})
	case "ups":
		return append(list, chapter[*gear]{"ups", (*gear).readUPS})
	}
	return append(list, chapter[*gear]{"printer", (*gear).readPrinter}, chapter[*gear]{"printer_supply", (*gear).readSupplies})
}

func (g *gear) readSystem(time.Time) (inventory.Table, error) {
	vendor, name, version := g.model()
	return encode(inventory.System{Vendor: vendor, Model: name, Serial: g.serial(), ChassisType: g.what, FirmwareVersion: version})
}

func (g *gear) readOS(time.Time) (inventory.Table, error) {
	_, _, version := g.model()
	return encode(inventory.OS{Family: map[string]string{"switch": "network", "ups": "power", "printer": "printer"}[g.what], Name: "Simulated firmware", Version: version, HostName: g.host})
}

func (g *gear) readAgent(now time.Time) (inventory.Table, error) {
	vendor, name, version := g.model()
	return encode(inventory.SNMPAgent{Description: vendor + " " + name + " " + version, SysName: g.host, Location: g.at.name, Version: "3", Security: "auth_priv", Address: g.address(),
		UptimeSecs: new(int64(now.Sub(g.started).Seconds())), AnsweredAt: now.Truncate(time.Hour)})
}

func (g *gear) readAddresses(time.Time) (inventory.Table, error) {
	return encode(inventory.Address{Interface: "mgmt", Address: g.address(), PrefixLength: new(int64(16)), Family: "ipv4", Scope: "private", Origin: "static"})
}

func (g *gear) readPorts(now time.Time) (inventory.Table, error) {
	rows := []inventory.Port{{Name: uplink(), Description: "TenGigabitEthernet1/1/1", Alias: "core", Kind: "ethernet", MaxSpeedBits: 10_000_000_000, Admin: "up", Oper: "up", SpeedBits: 10_000_000_000,
		Duplex: "full", Mode: "trunk", Uplink: new(true), UplinkReason: "lldp"}}
	for i := range ports {
		p := inventory.Port{Name: g.portName(i), Index: int64(i + 1), Description: fmt.Sprintf("GigabitEthernet1/0/%d", i+1), Alias: fmt.Sprintf("room %d", 100+i), Kind: "ethernet", MaxSpeedBits: 1_000_000_000,
			Admin: "up", Oper: "down", Mode: "access", UntaggedVlan: new(int64(10))}
		if g.linked(i) {
			p.Oper, p.Duplex, p.SpeedBits, p.MacCount = "up", "full", g.speed(i, now), new(int64(1))
			if p.SpeedBits < p.MaxSpeedBits {
				p.Duplex = "half"
			}
		}
		rows = append(rows, p)
	}
	return inventory.Encode(rows)
}

func (g *gear) readFdb(now time.Time) (inventory.Table, error) {
	rows := []inventory.Fdb{{VlanID: 10, Mac: g.mac(), Port: uplink(), Status: "self"}}
	for i, m := range g.desks {
		if at, ok := g.seen[m.mac()]; ok && now.Sub(at) < 24*time.Hour {
			rows = append(rows, inventory.Fdb{VlanID: 10, Mac: m.mac(), Port: g.portName(i), Status: "learned"})
		}
	}
	// Everybody else is behind the uplink.
	for _, other := range g.at.gear {
		if other == g {
			continue
		}
		rows = append(rows, inventory.Fdb{VlanID: 10, Mac: other.mac(), Port: uplink(), Status: "learned"})
		for mac, at := range other.seen {
			if now.Sub(at) < 24*time.Hour {
				rows = append(rows, inventory.Fdb{VlanID: 10, Mac: mac, Port: uplink(), Status: "learned"})
			}
		}
	}
	return inventory.Encode(rows)
}

func (g *gear) readBridge(time.Time) (inventory.Table, error) {
	return encode(inventory.Bridge{Mac: g.mac(), PortCount: new(int64(ports + 1)), StpProtocol: "rstp", Priority: new(int64(32768)), RootPort: uplink(), FdbCount: new(int64(len(g.seen)))})
}

func (g *gear) readSensors(time.Time) (inventory.Table, error) {
	return encode(inventory.Sensor{Kind: "temperature", Name: "Inlet", Component: "chassis", Unit: "celsius", HighWarning: new(60.0), HighCritical: new(70.0), Status: "ok", Value: new(42.0)},
		inventory.Sensor{Kind: "fan_speed", Name: "Fan 1", Component: "fan", Unit: "rpm", LowCritical: new(1000.0), Status: "ok", Value: new(4250.0)},
		inventory.Sensor{Kind: "state", Name: "Power Supply 1", Component: "power_supply", Unit: "code", Status: "ok", Value: new(1.0), ValueText: "ok"})
}

func (g *gear) readProcessors(time.Time) (inventory.Table, error) {
	return encode(inventory.Processor{Name: "CPU 1", Window: new(int64(300)), Load: new(12.0)})
}

func (g *gear) readPools(time.Time) (inventory.Table, error) {
	return encode(inventory.MemoryPool{Name: "Processor", SizeBytes: new(int64(512 << 20)), UsedBytes: new(int64(240 << 20)), UsedPercent: new(47.0)})
}

func (g *gear) readUPS(time.Time) (inventory.Table, error) {
	status, alarms := "normal", []string(nil)
	if g.source == "battery" {
		alarms = []string{"on_battery"}
		if g.charge < 20 {
			status = "low"
		}
	}
	return encode(inventory.Ups{Name: g.host, Vendor: "Voltara", Model: "Rack 3000", Serial: g.serial(), RatedVA: new(3000.0), RatedWatts: new(2700.0), BatteryAt: g.started.AddDate(-1, 0, 0),
		BatteryDueAt: g.started.AddDate(3, 0, 0), ReplaceBattery: new(false), BatteryStatus: status, OutputSource: g.source, TestResult: "passed", Alarms: alarms,
		OnBatterySecs: new(int64(g.onBattery().Seconds())), LeftSeconds: new(int64(g.charge * 51)), Charge: new(math.Floor(g.charge)), Load: new(35.0)})
}

func (g *gear) readPrinter(now time.Time) (inventory.Table, error) {
	p := inventory.Printer{Name: g.host, Technology: "laser", Color: new(false), Duplex: new(true), Functions: []string{"print", "copy", "scan"}, State: "idle", Health: "running", Pages: new(int64(g.pages))}
	if left := g.toner(now); left < 10 {
		p.Health, p.Errors = "warning", []string{"low_toner"}
	}
	return encode(p)
}

func (g *gear) readSupplies(now time.Time) (inventory.Table, error) {
	left := g.toner(now)
	return encode(inventory.PrinterSupply{Index: 1, Description: "Black Toner", Kind: "toner", Class: "consumed", Color: "black", CapacityUnit: "percent", Capacity: new(int64(100)),
		Level: new(int64(left)), LevelPercent: &left, LevelText: "known", PartNumber: "PT-4100K"},
		inventory.PrinterSupply{Index: 2, Description: "Drum", Kind: "opc", Class: "consumed", CapacityUnit: "percent", Capacity: new(int64(100)), Level: new(int64(71)), LevelPercent: new(71.0), LevelText: "known"})
}
