package event

// change lists the change log: what became different, so that trouble can be
// laid beside it. Most are read off the journal of the inventory; those that a
// system logs carry the exact time.
func change() []Kind {
	before := text("before", "Version before; empty when it is new.")
	after := text("after", "Version after; empty when it is gone.")
	diff := func(section string) Source {
		return seen(Collector, "journal of the section "+section)
	}
	return []Kind{
		{
			Name: OSChanged, Group: Change,
			Doc:        "The operating system has another version, build or kernel.",
			Attributes: []Attribute{text("part", "What changed.", "version", "build", "kernel", "edition"), before, after},
			Sources:    []Source{diff("os")},
		},
		{
			Name: UpdateInstalled, Group: Change,
			Doc: "An update was installed.",
			Key: []string{"update"},
			Attributes: []Attribute{
				text("update", "Name of the update or package, with its KB number on Windows."),
				text("manager", "What installed it.", "windows_update", "apt", "dnf", "zypper", "apk", "pacman", "softwareupdate"),
			},
			Sources: []Source{
				win("System", "Microsoft-Windows-WindowsUpdateClient", 19),
				seen(Darwin, "/Library/Receipts/InstallHistory.plist"),
				seen(Linux, "/var/log/apt/history.log, dnf history, pacman.log, /var/log/zypp/history"),
			},
		},
		{
			Name: SoftwareChanged, Group: Change,
			Doc: "A program came, went, or has another version.",
			Key: []string{"program"},
			Attributes: []Attribute{
				text("program", "Name as registered (software.name)."),
				text("source", "Where it is registered (software.source)."),
				before, after,
			},
			Sources: []Source{diff("software")},
		},
		{
			Name: DriverChanged, Group: Change,
			Doc: "A driver came, went, or has another version.",
			Key: []string{"driver"},
			Attributes: []Attribute{
				text("driver", "Name of the driver."),
				text("device", "What it drives."),
				before, after,
			},
			Sources: []Source{
				win("System", "Microsoft-Windows-UserPnp", 20001),
				diff("driver"),
			},
		},
		{
			Name: FirmwareChanged, Group: Change,
			Doc: "Firmware of the machine or a part has another version.",
			Key: []string{"component"},
			Attributes: []Attribute{
				text("component", "Machine or part, such as a drive by its serial number."),
				before, after,
			},
			Sources: []Source{
				diff("system"),
				diff("disk"),
				diff("interface"),
				diff("entity"),
			},
		},
		{
			Name: HardwareChanged, Group: Change,
			Doc: "A part came or went.",
			Key: []string{"component", "serial"},
			Attributes: []Attribute{
				text("component", "Section the part is in, such as disk or memory_module."),
				text("serial", "Serial number or place."),
				text("action", "What happened.", "added", "removed"),
			},
			Sources: []Source{
				diff("disk"),
				diff("memory_module"),
				diff("gpu"),
				diff("entity"),
			},
		},
		{
			Name: PolicyChanged, Group: Change,
			Doc:        "Settings from outside changed: group policy, configuration profiles.",
			Attributes: []Attribute{text("scope", "For whom.", "machine", "user")},
			Sources: []Source{
				win("System", "Microsoft-Windows-GroupPolicy", 1502, 1503),
				seen(Darwin, "profiles show: set of configuration profiles changed"),
			},
		},
		{
			Name: ConfigChanged, Group: Change,
			Doc: "Somebody changed the configuration of network gear.",
			Sources: []Source{
				seen(SNMP, "ccmHistoryRunningLastChanged, entLastChangeTime and the like between two polls; traps ciscoConfigManEvent, entConfigChange as hints"),
			},
		},
	}
}
