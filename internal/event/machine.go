package event

// machine lists what goes wrong with memory, processor, power and heat.
func machine() []Kind {
	const whea = "Microsoft-Windows-WHEA-Logger"
	location := text("location", "Slot, bank or channel as firmware or kernel names it; it repeats at the same place when a module is bad.")
	part := text("component", "What the error was in, as far as the record tells.", "memory", "cache", "processor", "bus", "other")
	return []Kind{
		{
			Name: MemoryErrorCorrected, Group: Fault,
			Doc:        "Memory returned wrong bits that were repaired.",
			Key:        []string{"location"},
			Attributes: []Attribute{location, part},
			Sources: []Source{
				win("System", whea, 19, 47),
				kmsg("EDAC", `EDAC \S+: \d+ CE `),
				kmsg("[Hardware Error]", `\[Hardware Error\]: .*Corrected error`),
				seen(Linux, "/sys/devices/system/edac/mc/mc*/ce_count and dimm*/dimm_ce_count grew"),
			},
		},
		{
			Name: MemoryErrorUncorrected, Group: Fault, Urgent: true,
			Doc:        "Memory or a processor returned wrong data that could not be repaired.",
			Key:        []string{"location"},
			Attributes: []Attribute{location, part},
			Sources: []Source{
				win("System", whea, 18, 20, 46),
				kmsg("EDAC", `EDAC \S+: \d+ UE `),
				kmsg("Memory failure", `Memory failure: 0x[0-9a-f]+: `),
				seen(Linux, "/sys/devices/system/edac/mc/mc*/ue_count or HardwareCorrupted of /proc/meminfo grew"),
			},
		},
		{
			Name: PCIeErrorCorrected, Group: Fault,
			Doc:        "A bus to a card or drive had to repeat itself.",
			Key:        []string{"device"},
			Attributes: []Attribute{text("device", "PCI address, and vendor and device numbers where told.")},
			Sources: []Source{
				win("System", whea, 17),
				kmsg("PCIe Bus Error", `PCIe Bus Error: severity=Correct(ed|able)`),
				seen(Linux, "/sys/bus/pci/devices/*/aer_dev_correctable grew"),
			},
		},
		{
			Name: HardwareError, Group: Fault, Urgent: true,
			Doc: "Firmware reported an error of hardware that is none of the kinds above.",
			Key: []string{"component", "location"},
			Attributes: []Attribute{
				part, location,
				text("severity", "As firmware puts it.", "corrected", "recoverable", "fatal"),
			},
			Sources: []Source{
				kmsg("[Hardware Error]", `\[Hardware Error\]: event severity: (corrected|recoverable|fatal)`),
				kmsg("PCIe Bus Error", `PCIe Bus Error: severity=Uncorrect(ed|able)`),
			},
		},
		{
			Name: UncleanStop, Group: Fault, Urgent: true,
			Doc: "The machine went down without shutting down. Told once a boot, at the time of the last sign of life.",
			Attributes: []Attribute{
				text("cause", "Why, as far as it can be known.", "power", "bugcheck", "button", "heat", "disk", "hardware", "unknown"),
				text("stop_code", "Stop code in hexadecimal, when a stop error was the cause."),
				number("shutdown_code", "code", "Previous shutdown cause of macOS on Intel."),
				number("battery_percent", "percent", "Charge at the last sample before."),
				flag("on_battery", "The machine had no mains power at the last sample before."),
			},
			Sources: []Source{
				win("System", "Microsoft-Windows-Kernel-Power", 41).when("BugcheckCode is decimal; PowerButtonTimestamp other than 0 is the button"),
				win("System", "EventLog", 6008).when("no 41 tells of the same boot"),
				unified("kernel", "Previous shutdown cause", `Previous shutdown cause: (0|3|-\d+)$`).when("Intel only; 5 is normal, 3 the button, 0 power, -3 heat, -60 disk, other negatives hardware"),
				seen(Darwin, "Apple silicon: a new boot without a shutdown in the log of the one before"),
				seen(Linux, "a new boot id without a shutdown record (wtmp, journal) at the end of the boot before"),
			},
		},
		{
			Name: Bugcheck, Group: Fault, Urgent: true,
			Doc: "The operating system stopped itself: blue screen or kernel panic.",
			Key: []string{"stop_code", "module"},
			Attributes: []Attribute{
				text("stop_code", "Stop code in hexadecimal, or the panic's class."),
				text("module", "Driver or kernel extension named by the record."),
				flag("dumped", "A memory dump was written."),
			},
			Sources: []Source{
				win("System", "Microsoft-Windows-WER-SystemErrorReporting", 1001),
				win("System", "BugCheck", 1001),
				seen(Darwin, "a new /Library/Logs/DiagnosticReports/*.panic or panic-full-*.ips"),
				seen(Linux, "a new dmesg-* in /sys/fs/pstore or directory in /var/crash"),
				kmsg("Kernel panic", `Kernel panic - not syncing`).when("read from the end of the boot before"),
			},
		},
		{
			Name: KernelFault, Group: Fault, Urgent: true,
			Doc: "The kernel met a fault in itself, or a processor hung in it, and went on.",
			Key: []string{"fault", "module"},
			Attributes: []Attribute{
				text("fault", "What it was.", "oops", "lockup", "stall", "bug", "protection_fault"),
				text("module", "Driver that the record names."),
				text("program", "Program that ran at that moment."),
			},
			Sources: []Source{
				kmsg("BUG:", `BUG: (unable to handle|kernel NULL pointer dereference)`),
				kmsg("kernel BUG at", `kernel BUG at `),
				kmsg("Oops", `(^|: )Oops(: | - )`),
				kmsg("general protection fault", `^general protection fault`),
				kmsg("lockup", `BUG: soft lockup - CPU#\d+ stuck`),
				kmsg("LOCKUP", `Watchdog detected hard LOCKUP on cpu`),
				kmsg("detected stall", `rcu: INFO: rcu_\w+ (self-)?detected (expedited )?stall`),
			},
		},
		{
			Name: GPUHang, Group: Fault,
			Doc: "The graphics processor stopped and was started again.",
			Key: []string{"device"},
			Attributes: []Attribute{
				text("device", "PCI address, where told."),
				text("driver", "Its driver."),
				number("code", "code", "Number of the fault, as NVIDIA's Xid."),
			},
			Sources: []Source{
				kmsg("GPU HANG", `GPU HANG: ecode`),
				kmsg("amdgpu", `amdgpu.*(ring \S+ timeout|GPU reset begin)`),
				kmsg("Xid", `NVRM: Xid \(\S+: ?\d+`),
				kmsg("nouveau", `nouveau \S+: .*(fault|SCHED_ERROR|channel \d+.*killed)`),
			},
		},
		{
			Name: USBError, Group: Fault,
			Doc: "A USB device or port did not answer, was reset or drew too much current.",
			Key: []string{"port", "cause"},
			Attributes: []Attribute{
				text("port", "Bus and port, such as 1-4.2: the place, whatever hangs there."),
				text("cause", "What it was.", "no_answer", "over_current", "reset", "controller"),
			},
			Sources: []Source{
				kmsg("usb", `usb \d+-[\d.]+: device (descriptor read/\S+|not accepting address \d+), error -\d+`),
				kmsg("over-current", `over-current (condition|change)`),
				kmsg("disabled by hub", `port \d+ disabled by hub \(EMI\?\)`),
				kmsg("usb", `usb \d+-[\d.]+: reset \S+( \S+)? USB device`),
				kmsg("xhci_hcd", `xhci_hcd \S+: (xHCI host (controller )?not responding|HC died)`),
			},
		},
		{
			Name: DumpLost, Group: Fault,
			Doc:        "The machine crashed or would crash without saving a dump.",
			Attributes: []Attribute{number("code", "code", "Number of the record in Windows' log.")},
			Sources:    []Source{win("System", "volmgr", 45, 46, 161)},
		},
		{
			Name: Throttled, Group: Fault,
			Doc: "The processor was kept slow by heat or a weak power supply; one event a day with the time.",
			Attributes: []Attribute{
				number("seconds", "second", "Time held back that day."),
				text("reason", "Why, where told.", "heat", "power", "firmware"),
			},
			Sources: []Source{
				win("System", "Microsoft-Windows-Kernel-Processor-Power", 37),
				seen(Darwin, "pmset -g therm: CPU_Speed_Limit below 100"),
				kmsg("temperature above threshold", `(Core|Package) temperature above threshold, cpu clock throttled`),
				seen(Linux, "/sys/devices/system/cpu/cpu*/thermal_throttle grew"),
			},
		},
		{
			Name: Overheated, Group: Fault, Urgent: true,
			Doc: "A part reached the temperature at which the machine protects itself.",
			Key: []string{"sensor"},
			Attributes: []Attribute{
				text("sensor", "Sensor or zone."),
				float("temperature_celsius", "celsius", "Temperature, where told."),
				text("action", "What the machine did.", "alarm", "shut_down"),
			},
			Sources: []Source{
				win("System", "Microsoft-Windows-Kernel-Power", 86),
				unified("kernel", "Previous shutdown cause", `Previous shutdown cause: -3$`).when("Intel only"),
				kmsg("critical temperature reached", `critical temperature reached`),
				seen(Linux, "/sys/class/hwmon/hwmon*/temp*_crit_alarm is 1"),
				seen(SNMP, "state of a sensor of kind temperature turned critical"),
			},
		},
		{
			Name: PowerSourceChanged, Group: Fault,
			Doc: "Mains power was lost or came back: a PC on its adapter, or a UPS.",
			Attributes: []Attribute{
				text("source", "What it runs on now.", "mains", "battery", "bypass"),
				number("battery_percent", "percent", "Charge at that time."),
			},
			Sources: []Source{
				win("System", "Microsoft-Windows-Kernel-Power", 105),
				seen(Darwin, "IOPSNotificationCreateRunLoopSource, or pmset -g log Using AC or Batt"),
				seen(Linux, "/sys/class/power_supply/*/online of type Mains or USB"),
				seen(SNMP, "upsOutputSource between two polls; traps upsTrapOnBattery, upsOnBattery as hints"),
			},
		},
		{
			Name: LinkFlap, Group: Fault,
			Doc: "A network card or port lost its link, or got it, while the device ran.",
			Key: []string{"interface", "state"},
			Attributes: []Attribute{
				text("interface", "Card or port (interface.name, port.name)."),
				text("state", "State after it.", "up", "down"),
			},
			Sources: []Source{
				seen(Windows, "NotifyIpInterfaceChange; OperStatus of GetIfTable2"),
				seen(Darwin, "route socket RTM_IFINFO"),
				seen(Linux, "rtnetlink RTM_NEWLINK, IFF_LOWER_UP"),
				seen(SNMP, "ifOperStatus or ifLastChange between two polls; traps linkDown, linkUp (1.3.6.1.6.3.1.1.5.3, .4) as hints"),
			},
		},
	}
}
