package event

// program lists what goes wrong with programs, services, updates and data.
func program() []Kind {
	name := text("program", "Name of the program's file, without its path.")
	version := text("version", "Version of the program.")
	return []Kind{
		{
			Name: AppCrash, Group: Fault,
			Doc: "A program ended because of a fault in it.",
			Key: []string{"program", "version", "module"},
			Attributes: []Attribute{
				name, version,
				text("module", "Library the fault was in."),
				text("code", "Exception code or signal."),
			},
			Sources: []Source{
				win("Application", "Application Error", 1000),
				seen(Darwin, "a new *.ips of bug_type 309 or *.crash in DiagnosticReports of the machine or a user"),
				journal("fc2e22bc6ee647b6b90729ab34a250b1", "systemd-coredump: COREDUMP_COMM, COREDUMP_SIGNAL"),
				kmsg("segfault at", `\S+\[\d+\]: segfault at [0-9a-f]+ `).when("no coredump tells of the same process"),
				kmsg("traps:", `traps: \S+\[\d+\] (general protection|trap) `).when("no coredump tells of the same process"),
			},
		},
		{
			Name: AppHang, Group: Fault,
			Doc:        "A program stopped answering, or waited too long for the system.",
			Key:        []string{"program", "version"},
			Attributes: []Attribute{name, version},
			Sources: []Source{
				win("Application", "Application Hang", 1002),
				seen(Darwin, "a new *.hang or *.spin in DiagnosticReports"),
				kmsg("blocked for more than", `task \S+:\d+ blocked for more than \d+ seconds`),
			},
		},
		{
			Name: ServiceFailed, Group: Fault, Urgent: true,
			Doc: "A service ended by itself.",
			Key: []string{"service"},
			Attributes: []Attribute{
				text("service", "Name by its manager (service.name)."),
				number("exit_code", "code", "Exit code."),
				text("result", "How it ended, in the manager's words, such as exit-code, signal or timeout."),
				number("restarts", "count", "Times it was started again of late."),
			},
			Sources: []Source{
				win("System", "Service Control Manager", 7031, 7034),
				unified("launchd", "Service only ran for", `Service only ran for \d+ seconds\. Pushing respawn out`),
				journal("d9b373ed55a64feb8242e02dbe79a49c", "systemd: UNIT, UNIT_RESULT"),
			},
		},
		{
			Name: OOMKill, Group: Fault, Urgent: true,
			Doc: "Memory ran out: the system ended a program, or warned that it had none left to give.",
			Key: []string{"program"},
			Attributes: []Attribute{
				text("program", "Program ended, or the one that held most."),
				number("memory_bytes", "byte", "What it held."),
				text("scope", "What had run out.", "system", "group"),
			},
			Sources: []Source{
				win("System", "Microsoft-Windows-Resource-Exhaustion-Detector", 2004),
				seen(Darwin, "a new JetsamEvent-*.ips in /Library/Logs/DiagnosticReports"),
				kmsg("Killed process", `Killed process \d+ \(`),
				journal("d989611b15e44c9dbf31e3c81256e4ed", "systemd-oomd: UNIT"),
			},
		},
		{
			Name: UpdateFailed, Group: Fault,
			Doc: "An update could not be installed.",
			Key: []string{"update", "code"},
			Attributes: []Attribute{
				text("update", "Name of the update or package, with its KB number on Windows."),
				text("code", "Error code."),
				text("manager", "What tried.", "windows_update", "apt", "dnf", "zypper", "apk", "pacman", "softwareupdate"),
			},
			Sources: []Source{
				win("System", "Microsoft-Windows-WindowsUpdateClient", 20),
				seen(Darwin, "/var/log/install.log: softwareupdated, PackageKit install failed"),
				seen(Linux, "/var/log/apt/history.log Error:, unattended-upgrades.log ERROR, dnf.rpm.log, pacman.log"),
			},
		},
		{
			Name: DBDamaged, Group: Fault, Urgent: true,
			Doc: "A database of Windows' storage engine (search, update, mail, directory) found damaged pages.",
			Key: []string{"program", "database"},
			Attributes: []Attribute{
				name,
				text("database", "File of the database; its path can hold a person's name.").personal(),
				number("code", "code", "Number of the record: 474 is a wrong checksum."),
			},
			Sources: []Source{win("Application", "ESENT", 454, 467, 474, 481)},
		},
		{
			Name: ProfileDamaged, Group: Fault, Urgent: true,
			Doc: "A person was signed in with a temporary or back-up profile because the own one could not be loaded.",
			Key: []string{"user"},
			Attributes: []Attribute{
				text("user", "Account.").personal(),
				number("code", "code", "Number of the record."),
			},
			Sources: []Source{win("Application", "Microsoft-Windows-User Profiles Service", 1511, 1515)},
		},
	}
}
