package metric

import "time"

// gear lists what the poller reads from network gear, printers, UPSs and
// storage. How many series a device has follows from its ports.
func gear() []Measurement {
	return []Measurement{
		{
			Name:     "snmp",
			Doc:      "The target's age and how the poll itself went.",
			Telegraf: "snmp",
			Every:    time.Minute,
			SNMP:     "SNMPv2-MIB::sysUpTime; the rest measured by the poller",
			Labels: []Label{
				{Name: "agent_host", Doc: "Address polled.", Typical: 1, Max: 1},
			},
			Fields: []Field{
				gauge("uptime", Int, "centisecond", "Since the agent's start; passes zero after 497 days."),
				gauge("poll_seconds", Float, "second", "Length of the last round.").own(),
				counter("requests", Int, "count", "Packets sent to it.").own(),
				counter("timeouts", Int, "count", "Packets it did not answer.").own(),
				counter("errors", Int, "count", "Answers that were refused: wrong order, loops, garbage.").own(),
				gauge("up", Bool, "flag", "It answered this round.").own(),
			},
		},
		{
			Name: "interface",
			Doc: "Ports, with the MIBs' own names as Telegraf's documents use them. " +
				"Where a device has only 32-bit counters they are sent instead of the HC ones, not beside them.",
			Telegraf: "snmp",
			Every:    time.Minute,
			SNMP:     "IF-MIB::ifTable, ifXTable; EtherLike-MIB::dot3StatsTable",
			Labels: []Label{
				{Name: "ifName", Doc: "Short name of the port: what it is known by (ifDescr where there is none).", Typical: 52, Max: 4096},
				{Name: "ifDescr", Doc: "Long name of the port.", Typical: 1, Max: 1, Follows: "ifName"},
				{Name: "agent_host", Doc: "Address polled.", Typical: 1, Max: 1, Follows: "ifName"},
			},
			Fields: []Field{
				counter("ifHCInOctets", Int, "byte", "Received."),
				counter("ifHCOutOctets", Int, "byte", "Sent."),
				counter("ifHCInUcastPkts", Int, "packet", "Received, to one address."),
				counter("ifHCInMulticastPkts", Int, "packet", "Received, to a group."),
				counter("ifHCInBroadcastPkts", Int, "packet", "Received, to all."),
				counter("ifHCOutUcastPkts", Int, "packet", "Sent, to one address."),
				counter("ifHCOutMulticastPkts", Int, "packet", "Sent, to a group."),
				counter("ifHCOutBroadcastPkts", Int, "packet", "Sent, to all."),
				counter("ifInOctets", Int, "byte", "Received; 32 bits."),
				counter("ifOutOctets", Int, "byte", "Sent; 32 bits."),
				counter("ifInUcastPkts", Int, "packet", "Received, to one address; 32 bits."),
				counter("ifInNUcastPkts", Int, "packet", "Received, to groups and all; 32 bits."),
				counter("ifOutUcastPkts", Int, "packet", "Sent, to one address; 32 bits."),
				counter("ifOutNUcastPkts", Int, "packet", "Sent, to groups and all; 32 bits."),
				counter("ifInErrors", Int, "packet", "Received damaged."),
				counter("ifOutErrors", Int, "packet", "Could not be sent."),
				counter("ifInDiscards", Int, "packet", "Received whole, then thrown away."),
				counter("ifOutDiscards", Int, "packet", "Thrown away before sending."),
				counter("ifInUnknownProtos", Int, "packet", "Of a protocol it does not know."),
				gauge("ifAdminStatus", Int, "code", "What it should be: 1 up, 2 down, 3 testing (RFC 2863)."),
				gauge("ifOperStatus", Int, "code", "What it is: 1 up, 2 down, 3 testing, 4 unknown, 5 dormant, 6 not present, 7 lower layer down."),
				gauge("ifHighSpeed", Int, "megabit_per_second", "Speed; absent when the device says nonsense."),
				gauge("ifSpeed", Int, "bit_per_second", "Speed up to 4.29 Gbit/s."),
				gauge("ifLastChange", Int, "centisecond", "The agent's uptime when ifOperStatus changed last."),
				counter("dot3StatsFCSErrors", Int, "packet", "Frames with a wrong checksum."),
				counter("dot3StatsAlignmentErrors", Int, "packet", "Frames that were no whole number of bytes."),
				counter("dot3StatsSymbolErrors", Int, "packet", "Frames with an invalid symbol."),
				counter("dot3StatsLateCollisions", Int, "packet", "Collisions later than a slot: duplex mismatch or long cable."),
				counter("dot3StatsExcessiveCollisions", Int, "packet", "Frames given up after 16 collisions."),
				gauge("dot3StatsDuplexStatus", Int, "code", "1 unknown, 2 half, 3 full."),
			},
		},
		{
			Name:  "processor",
			Doc:   "Load of the processors of gear.",
			Every: time.Minute,
			SNMP:  "HOST-RESOURCES-MIB::hrProcessorLoad; vendor tables by profile",
			Labels: []Label{
				{Name: "processor", Doc: "Name (processor.name).", Typical: 1, Max: 128},
			},
			Fields: []Field{
				gauge("usage_percent", Float, "percent", "Busy, over the minute or 5 minutes the device takes."),
			},
		},
		{
			Name:  "memory_pool",
			Doc:   "Memory pools of gear.",
			Every: time.Minute,
			SNMP:  "vendor tables by profile; UCD-SNMP-MIB::memory",
			Labels: []Label{
				{Name: "pool", Doc: "Name (memory_pool.name).", Typical: 1, Max: 64},
			},
			Fields: []Field{
				gauge("used_percent", Float, "percent", "In use, of all."),
				gauge("used_bytes", Int, "byte", "In use."),
				gauge("free_bytes", Int, "byte", "Free."),
				gauge("total_bytes", Int, "byte", "All."),
			},
		},
		{
			Name:  "storage",
			Doc:   "Storage areas of gear, servers and NAS.",
			Every: 5 * time.Minute,
			SNMP:  "HOST-RESOURCES-MIB::hrStorageTable; vendor tables by profile",
			Labels: []Label{
				{Name: "storage", Doc: "Name (storage.name).", Typical: 2, Max: 128},
			},
			Fields: []Field{
				gauge("used_percent", Float, "percent", "In use, of all."),
				gauge("used_bytes", Int, "byte", "In use."),
				gauge("size_bytes", Int, "byte", "All."),
			},
		},
		{
			Name: "sensor",
			Doc: "Sensors other than thermometers, which are in temp. A sensor has the one field " +
				"of its unit, and its state where the device judges.",
			Every:  time.Minute,
			Darwin: "AppleSMC fans by purego",
			Linux:  "/sys/class/hwmon/hwmon*/{fan,in,curr,power}*_input",
			SNMP:   "ENTITY-SENSOR-MIB::entPhySensorTable; vendor tables by profile",
			Labels: []Label{
				{Name: "sensor", Doc: "Name (sensor.name); its kind follows in brackets where two kinds share one.", Typical: 4, Max: 1024},
			},
			Fields: []Field{
				gauge("fan_rpm", Float, "rpm", "Speed of a fan."),
				gauge("voltage_volts", Float, "volt", "Voltage."),
				gauge("current_amperes", Float, "ampere", "Current."),
				gauge("power_watts", Float, "watt", "Power."),
				gauge("frequency_hertz", Float, "hertz", "Frequency."),
				gauge("signal_dbm", Float, "dbm", "Light or radio power.").on("snmp"),
				gauge("humidity_percent", Float, "percent", "Relative humidity.").on("snmp"),
				gauge("load_percent", Float, "percent", "Anything else in percent, such as a fan's drive.").on("snmp"),
				counter("energy_watt_hours", Float, "watt_hour", "Energy counted so far.").on("snmp"),
				gauge("airflow_cubic_meters_per_second", Float, "cubic_meter_per_second", "Air moved.").on("snmp"),
				gauge("pressure_pascals", Float, "pascal", "Pressure.").on("snmp"),
				gauge("runtime_seconds", Float, "second", "Time left, of what runs out.").on("snmp"),
				gauge("items", Float, "count", "Anything that is counted.").on("snmp"),
				gauge("state", Int, "code", "1 ok, 2 warning, 3 critical, 4 not present, 0 unknown.").on("snmp"),
			},
		},
		{
			Name:  "poe",
			Doc:   "Power over Ethernet: a switch's budget.",
			Every: time.Minute,
			SNMP:  "POWER-ETHERNET-MIB::pethMainPseTable",
			Labels: []Label{
				{Name: "group", Doc: "Group of ports, mostly a member of the stack.", Typical: 1, Max: 16},
			},
			Fields: []Field{
				gauge("capacity_watts", Float, "watt", "What it can give."),
				gauge("used_watts", Float, "watt", "What it gives."),
				gauge("used_percent", Float, "percent", "Given, of what it can give."),
			},
		},
		{
			Name:  "poe_port",
			Doc:   "Power over Ethernet: a port.",
			Every: 5 * time.Minute,
			SNMP:  "vendor tables by profile (CISCO-POWER-ETHERNET-EXT-MIB, HP-ICF-POE-MIB, MIKROTIK-MIB)",
			Labels: []Label{
				{Name: "ifName", Doc: "The port.", Typical: 48, Max: 4096},
			},
			Fields: []Field{
				gauge("power_watts", Float, "watt", "Drawn by what is attached."),
				gauge("voltage_volts", Float, "volt", "Voltage."),
			},
		},
		{
			Name:  "power_line",
			Doc:   "Inputs, phases, banks and outlets of power distributors and UPSs.",
			Every: time.Minute,
			SNMP:  "PowerNet-MIB::rPDU2*, EATON-EPDU-MIB, UPS-MIB::upsInputTable and upsOutputTable by profile",
			Labels: []Label{
				{Name: "kind", Doc: "input, output, bypass, phase, bank or outlet (power_line.kind).", Typical: 2, Max: 6},
				{Name: "line", Doc: "Number, from 1 (power_line.line_number).", Typical: 8, Max: 128},
			},
			Fields: []Field{
				gauge("voltage_volts", Float, "volt", "Voltage."),
				gauge("current_amperes", Float, "ampere", "Current."),
				gauge("power_watts", Float, "watt", "Power."),
				gauge("load_percent", Float, "percent", "Load, of what it may carry."),
				counter("energy_watt_hours", Float, "watt_hour", "Energy counted so far."),
			},
		},
		{
			Name:     "upsd",
			Doc:      "Uninterruptible power supplies, over SNMP or attached to a server by USB.",
			Telegraf: "upsd",
			Every:    time.Minute,
			Windows:  "IOCTL_BATTERY_QUERY_STATUS of a UPS battery",
			Darwin:   "ioreg IOPSPowerSource of type UPS",
			Linux:    "upsd of Network UPS Tools on 127.0.0.1:3493, where it runs",
			SNMP:     "UPS-MIB (RFC 1628); PowerNet-MIB, XUPS-MIB, CPS-MIB by profile",
			Labels: []Label{
				{Name: "ups_name", Doc: "Name of the UPS.", Typical: 1, Max: 8},
				{Name: "model", Doc: "Model.", Typical: 1, Max: 1, Follows: "ups_name"},
				{Name: "serial", Doc: "Serial number.", Typical: 1, Max: 1, Follows: "ups_name"},
			},
			Fields: []Field{
				gauge("battery_charge_percent", Float, "percent", "Charge, of full."),
				gauge("load_percent", Float, "percent", "Load, of what it can carry.").on("linux snmp"),
				gauge("time_left_ns", Int, "nanosecond", "Time left on battery at this load."),
				gauge("time_on_battery_ns", Int, "nanosecond", "Time on battery so far; 0 on mains.").on("snmp"),
				gauge("input_voltage", Float, "volt", "From the mains.").on("linux snmp"),
				gauge("output_voltage", Float, "volt", "To the load.").on("linux snmp"),
				gauge("battery_voltage", Float, "volt", "Of the battery."),
				gauge("input_frequency", Float, "hertz", "Of the mains.").on("linux snmp"),
				gauge("internal_temp", Float, "celsius", "Of the battery or the case.").on("linux snmp"),
				gauge("nominal_power", Int, "watt", "What it is built for.").on("linux snmp"),
				gauge("status_flags", Int, "code", "Bits: 0 calibrating, 1 trim, 2 boost, 3 on line, 4 on battery, 5 overloaded, 6 battery low, 7 replace battery."),
			},
		},
		{
			Name:  "printer",
			Doc:   "What a printer has printed.",
			Every: 15 * time.Minute,
			SNMP:  "Printer-MIB::prtMarkerLifeCount (RFC 3805)",
			Labels: []Label{
				{Name: "marker", Doc: "Number of the print engine.", Typical: 1, Max: 8},
			},
			Fields: []Field{
				counter("pages", Int, "count", "Pages since it was made, in the unit the printer counts in."),
			},
		},
		{
			Name:  "printer_supply",
			Doc:   "Toner, ink, drums, waste boxes.",
			Every: 15 * time.Minute,
			SNMP:  "Printer-MIB::prtMarkerSuppliesTable (RFC 3805)",
			Labels: []Label{
				{Name: "supply", Doc: "Description of the supply.", Typical: 4, Max: 32},
				{Name: "color", Doc: "Colour, where it has one.", Typical: 1, Max: 1, Follows: "supply"},
			},
			Fields: []Field{
				gauge("level_percent", Float, "percent", "Left, or free in a waste box; absent when the printer only says 'some' or does not know."),
			},
		},
		{
			Name:  "radio",
			Doc:   "Radios of access points, as the controller or the access point sees them.",
			Every: time.Minute,
			SNMP:  "AIRESPACE-WIRELESS-MIB, WLSX-WLAN-MIB, UBNT-UniFi-MIB, RUCKUS and others by profile",
			Labels: []Label{
				{Name: "access_point", Doc: "Name of the access point.", Typical: 1, Max: 4096},
				{Name: "radio", Doc: "Radio or band, where they are told apart.", Typical: 2, Max: 4},
			},
			Fields: []Field{
				gauge("clients", Int, "count", "Clients."),
				gauge("channel_percent", Float, "percent", "Time the channel is busy."),
				gauge("noise_dbm", Float, "dbm", "Noise."),
			},
		},
		{
			Name:  "bridge",
			Doc:   "Size and unrest of a switch's tables.",
			Every: 5 * time.Minute,
			SNMP:  "counted by the poller; BRIDGE-MIB::dot1dStpTopChanges",
			Fields: []Field{
				gauge("fdb_entries", Int, "count", "Addresses learned."),
				gauge("arp_entries", Int, "count", "Neighbours by IP."),
				counter("topology_changes", Int, "count", "Changes of the spanning tree."),
			},
		},
		{
			Name:  "firewall",
			Doc:   "Load of firewalls.",
			Every: time.Minute,
			SNMP:  "FORTINET-FORTIGATE-MIB, PAN-COMMON-MIB, CISCO-FIREWALL-MIB and others by profile",
			Fields: []Field{
				gauge("sessions", Int, "count", "Sessions now."),
				gauge("session_percent", Float, "percent", "Sessions, of the most it can have."),
				gauge("vpn_tunnels", Int, "count", "VPN tunnels up."),
				gauge("vpn_users", Int, "count", "Users connected by VPN."),
			},
		},
	}
}
