package event

// presence lists how devices and people come and go.
func presence() []Kind {
	const kernelPower = "Microsoft-Windows-Kernel-Power"
	user := text("user", "Account.").personal()
	session := text("session", "How the person came.", "console", "remote", "shell")
	return []Kind{
		{
			Name: Boot, Group: Presence,
			Doc: "The machine started.",
			Attributes: []Attribute{
				text("type", "What kind of start; with fast start Windows' uptime goes on.", "cold", "fast", "resume"),
				text("boot_id", "Identifier of this boot, where the system has one."),
			},
			Sources: []Source{
				win("System", "Microsoft-Windows-Kernel-General", 12),
				win("System", "Microsoft-Windows-Kernel-Boot", 27).when("BootType: 0 cold, 1 fast, 2 resume"),
				seen(Darwin, "sysctl kern.bootsessionuuid changed"),
				seen(Linux, "/proc/sys/kernel/random/boot_id changed"),
				seen(SNMP, "sysUpTime, hrSystemUptime or snmpEngineTime fell, or snmpEngineBoots rose; traps coldStart, warmStart (1.3.6.1.6.3.1.1.5.1, .2) as hints"),
			},
		},
		{
			Name: CleanStop, Group: Presence, Urgent: true,
			Doc: "The machine shuts down as it should.",
			Attributes: []Attribute{
				text("action", "What comes next.", "off", "restart"),
				text("program", "Program that asked for it."),
			},
			Sources: []Source{
				win("System", "Microsoft-Windows-Kernel-General", 13),
				win("System", "EventLog", 6006),
				win("System", "User32", 1074),
				seen(Windows, "service control SERVICE_CONTROL_PRESHUTDOWN"),
				seen(Darwin, "SIGTERM from launchd while the system goes down; utmpx SHUTDOWN_TIME"),
				journal("98268866d1d54a499c4e98921d93bc40", "systemd-logind"),
				seen(Linux, "PrepareForShutdown of systemd-logind; wtmp shutdown"),
			},
		},
		{
			Name: Sleep, Group: Presence, Urgent: true,
			Doc: "The machine goes to sleep or hibernates.",
			Sources: []Source{
				win("System", kernelPower, 42, 506),
				seen(Darwin, "IORegisterForSystemPower kIOMessageSystemWillSleep"),
				journal("6bbd95ee977941e497c48be27c254128", "systemd-sleep"),
			},
		},
		{
			Name: Resume, Group: Presence,
			Doc:        "The machine woke up.",
			Attributes: []Attribute{number("slept_seconds", "second", "How long it slept.")},
			Sources: []Source{
				win("System", "Microsoft-Windows-Power-Troubleshooter", 1),
				win("System", kernelPower, 107, 507),
				seen(Darwin, "IORegisterForSystemPower kIOMessageSystemHasPoweredOn"),
				journal("8811e6df2a8e40f58a94cea26f8ebf14", "systemd-sleep"),
			},
		},
		{
			Name: UserLogon, Group: Presence,
			Doc:        "A person signed in.",
			Key:        []string{"user", "session"},
			Attributes: []Attribute{user, session},
			Sources: []Source{
				win("System", "Microsoft-Windows-Winlogon", 7001),
				seen(Darwin, "utmpx USER_PROCESS"),
				journal("8d45620c1a4348dbb17410da57c60c66", "systemd-logind: USER_ID, SESSION_ID"),
				seen(Linux, "/var/log/wtmp, where no journal is kept"),
			},
		},
		{
			Name: UserLogoff, Group: Presence,
			Doc:        "A person signed out.",
			Key:        []string{"user", "session"},
			Attributes: []Attribute{user, session},
			Sources: []Source{
				win("System", "Microsoft-Windows-Winlogon", 7002),
				seen(Darwin, "utmpx DEAD_PROCESS"),
				journal("3354939424b4456d9802ca8333ed424a", "systemd-logind: USER_ID, SESSION_ID"),
				seen(Linux, "/var/log/wtmp, where no journal is kept"),
			},
		},
		{
			Name: LogonFailed, Group: Presence,
			Doc: "Somebody was refused at sign-in. The name that was typed is never taken: people type passwords there.",
			Key: []string{"program", "session"},
			Attributes: []Attribute{
				text("program", "Program that refused, such as sshd or sudo."),
				text("session", "How the person came.", "console", "remote", "shell"),
			},
			Sources: []Source{
				seen(Linux, "journal or auth.log: lines of sshd, login, su, sudo and display managers"),
			},
		},
		{
			Name: TimeChanged, Group: Presence,
			Doc: "The clock was set, or jumped against the clock that only runs forward.",
			Attributes: []Attribute{
				float("step_seconds", "second", "New time less old time."),
				text("program", "Program that did it, where told."),
			},
			Sources: []Source{
				win("System", "Microsoft-Windows-Kernel-General", 1).when("the step is 1 s or more"),
				seen(Darwin, "wall clock against mach_continuous_time, between two samples"),
				journal("c7a787079b354eaaa9e77b371893cd27", "systemd-timedated"),
				seen(Linux, "CLOCK_REALTIME against CLOCK_BOOTTIME, between two samples"),
			},
		},
		{
			Name: AgentStarted, Group: Presence,
			Doc: "The agent started.",
			Attributes: []Attribute{
				text("version", "Its version."),
				text("reason", "Why.", "boot", "service", "upgrade", "crash", "by_hand"),
			},
			Sources: []Source{
				seen(Windows, "the agent itself"),
				seen(Darwin, "the agent itself"),
				seen(Linux, "the agent itself"),
			},
		},
		{
			Name: AgentStopped, Group: Presence, Urgent: true,
			Doc:        "The agent was stopped while the machine goes on.",
			Attributes: []Attribute{text("reason", "Why.", "service", "upgrade", "by_hand")},
			Sources: []Source{
				seen(Windows, "the agent itself"),
				seen(Darwin, "the agent itself"),
				seen(Linux, "the agent itself"),
			},
		},
	}
}
