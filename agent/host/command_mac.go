package host

import "time"

// macCommands are the programs of macOS that are asked. All come with the
// system, below /usr and /System, which no installed program may write
// (System Integrity Protection).
func macCommands() []Command {
	profiler := func(name string, limit time.Duration, why string, types ...string) Command {
		return Command{Name: name, Paths: []string{"/usr/sbin/system_profiler"}, Args: append([]string{"-json", "-detailLevel", "full"}, types...),
			Limit: limit, Most: 8 << 20, Why: why}
	}
	return []Command{
		{
			Name: "sysctl", Paths: []string{"/usr/sbin/sysctl"},
			// Names that a Mac lacks are complained of and passed over, hence groups.
			Args:  []string{"hw", "machdep.cpu", "kern", "vm.swapusage"},
			Limit: 5 * time.Second, Most: 1 << 20,
			Why: "what the kernel says of processor, memory, start and itself",
		},
		{
			Name: "ioreg-platform", Paths: []string{"/usr/sbin/ioreg"},
			Args:  []string{"-a", "-r", "-d", "1", "-c", "IOPlatformExpertDevice"},
			Limit: 10 * time.Second, Most: 1 << 20,
			Why: "maker, model, serial number and UUID of a Mac",
		},
		{
			Name: "ioreg-battery", Paths: []string{"/usr/sbin/ioreg"},
			Args:  []string{"-a", "-r", "-d", "1", "-c", "AppleSmartBattery"},
			Limit: 10 * time.Second, Most: 1 << 20,
			Why: "what the battery's own electronics count",
		},
		profiler("profiler-hardware", 30*time.Second, "model, cores and firmware as Apple names them", "SPHardwareDataType"),
		profiler("profiler-memory", 30*time.Second, "modules in slots, of Macs that have some", "SPMemoryDataType"),
		profiler("profiler-drives", 60*time.Second, "drives with model, serial number and what they say of their health", "SPNVMeDataType", "SPSerialATADataType"),
		profiler("profiler-storage", 60*time.Second, "mounted volumes and what lies below them", "SPStorageDataType"),
		profiler("profiler-displays", 60*time.Second, "graphics and displays", "SPDisplaysDataType"),
		{
			Name: "diskutil-apfs", Paths: []string{"/usr/sbin/diskutil"},
			Args:  []string{"apfs", "list", "-plist"},
			Limit: 30 * time.Second, Most: 4 << 20,
			Why: "which volumes of APFS are encrypted and locked",
		},
		{
			Name: "fdesetup", Paths: []string{"/usr/bin/fdesetup"},
			Args:  []string{"status"},
			Limit: 10 * time.Second, Most: 16 << 10,
			Why: "whether FileVault is on, and how far",
		},
		{
			Name: "profiles", Paths: []string{"/usr/bin/profiles"},
			Args:  []string{"status", "-type", "enrollment"},
			Limit: 10 * time.Second, Most: 16 << 10,
			Why: "whether a device management steers the Mac",
		},
		{
			Name: "dsconfigad", Paths: []string{"/usr/sbin/dsconfigad"},
			Args:  []string{"-show", "-xml"},
			Limit: 10 * time.Second, Most: 64 << 10,
			Why: "whether the Mac is bound to Active Directory",
		},
		{
			Name: "socketfilterfw", Paths: []string{"/usr/libexec/ApplicationFirewall/socketfilterfw"},
			Args:  []string{"--getglobalstate"},
			Limit: 10 * time.Second, Most: 16 << 10,
			Why: "whether the firewall is on; its settings file is gone since macOS 15",
		},
		{
			Name: "socketfilterfw-stealth", Paths: []string{"/usr/libexec/ApplicationFirewall/socketfilterfw"},
			Args:  []string{"--getstealthmode"},
			Limit: 10 * time.Second, Most: 16 << 10,
			Why: "whether it answers probes",
		},
		{
			Name: "dscl-users", Paths: []string{"/usr/bin/dscl"},
			Args:  []string{"-plist", ".", "-readall", "/Users", "RecordName", "UniqueID", "PrimaryGroupID", "NFSHomeDirectory", "UserShell", "RealName", "IsHidden"},
			Limit: 20 * time.Second, Most: 4 << 20,
			Why: "accounts; their passwords' hashes are not asked for",
		},
		{
			Name: "dscl-groups", Paths: []string{"/usr/bin/dscl"},
			Args:  []string{"-plist", ".", "-readall", "/Groups", "RecordName", "PrimaryGroupID", "RealName", "GroupMembership"},
			Limit: 20 * time.Second, Most: 4 << 20,
			Why: "groups and who is in them",
		},
		{
			Name: "launchctl", Paths: []string{"/bin/launchctl"},
			Args:  []string{"list"},
			Limit: 10 * time.Second, Most: 2 << 20,
			Why: "which services of launchd run, and how the others ended",
		},
		{
			Name: "pmset", Paths: []string{"/usr/bin/pmset"},
			Args:  []string{"-g", "custom"},
			Limit: 10 * time.Second, Most: 64 << 10,
			Why: "when a Mac sleeps, on mains and on battery",
		},
		{
			Name: "ifconfig", Paths: []string{"/sbin/ifconfig"},
			Args:  []string{"-a", "-v"},
			Limit: 10 * time.Second, Most: 1 << 20,
			Why: "interfaces with state, addresses and what they are",
		},
		{
			Name: "netstat-routes", Paths: []string{"/usr/sbin/netstat"},
			Args:  []string{"-rn"},
			Limit: 10 * time.Second, Most: 2 << 20,
			Why: "routes, of which the default one names the gateway",
		},
		{
			Name: "networksetup", Paths: []string{"/usr/sbin/networksetup"},
			Args:  []string{"-listallhardwareports"},
			Limit: 10 * time.Second, Most: 64 << 10,
			Why: "which interface is which port, by its name for people",
		},
		{
			Name: "scutil-dns", Paths: []string{"/usr/sbin/scutil"},
			Args:  []string{"--dns"},
			Limit: 10 * time.Second, Most: 256 << 10,
			Why: "name servers in use; resolv.conf does not have them all",
		},
		{
			Name: "netstat-counters", Paths: []string{"/usr/sbin/netstat"},
			Args:  []string{"-i", "-b", "-d", "-n"},
			Limit: 10 * time.Second, Most: 1 << 20,
			Why: "traffic and faults of network cards, each minute",
		},
		{
			Name: "vm_stat", Paths: []string{"/usr/bin/vm_stat"},
			Limit: 5 * time.Second, Most: 64 << 10,
			Why: "what memory is used for, each minute",
		},
		{
			Name: "sysctl-load", Paths: []string{"/usr/sbin/sysctl"},
			Args:  []string{"vm.loadavg", "vm.swapusage", "hw.memsize"},
			Limit: 5 * time.Second, Most: 16 << 10,
			Why: "load, swap and the size of memory, each minute",
		},
		{
			Name: "who", Paths: []string{"/usr/bin/who"},
			Args:  []string{"-u"},
			Limit: 10 * time.Second, Most: 256 << 10,
			Why: "who is signed in, and since when nobody typed; Apple does not tell the form of the file behind it",
		},
		{
			Name: "ioreg-idle", Paths: []string{"/usr/sbin/ioreg"},
			Args:  []string{"-a", "-r", "-d", "1", "-c", "IOHIDSystem"},
			Limit: 10 * time.Second, Most: 1 << 20,
			Why: "since when nobody touched keyboard and mouse",
		},
		{
			Name: "last", Paths: []string{"/usr/bin/last"},
			Args:  []string{"-n", "2000"},
			Limit: 20 * time.Second, Most: 1 << 20,
			Why: "who was signed in, for the person whose machine it is",
		},
		{
			Name: "ps", Paths: []string{"/bin/ps"},
			// A header that is empty must be the last of its argument (ps(1), POSIX).
			// With -c the program's name comes without path and arguments.
			Args:  []string{"-a", "-x", "-c", "-o", "pid=", "-o", "user=", "-o", "rss=", "-o", "time=", "-o", "lstart=", "-o", "comm="},
			Limit: 10 * time.Second, Most: 4 << 20,
			Why: "what uses most of processor and memory",
		},
		{
			Name: "lsof", Paths: []string{"/usr/sbin/lsof"},
			// No names of hosts and ports looked up, no warnings; fields a line.
			Args:  []string{"-n", "-P", "-w", "-iTCP", "-sTCP:LISTEN", "-iUDP", "-FpcLPtn"},
			Limit: 20 * time.Second, Most: 4 << 20,
			Why: "which programs wait for connections",
		},
		{
			Name: "security-certificates", Paths: []string{"/usr/bin/security"},
			Args:  []string{"find-certificate", "-a", "-p", "/Library/Keychains/System.keychain"},
			Limit: 15 * time.Second, Most: 4 << 20,
			Why: "certificates of the machine; private keys are not asked for",
		},
		{
			Name: "security-identities", Paths: []string{"/usr/bin/security"},
			Args:  []string{"find-identity", "/Library/Keychains/System.keychain"},
			Limit: 15 * time.Second, Most: 256 << 10,
			Why: "which of them have a private key, by their fingerprint",
		},
		{
			Name: "ioreg-usb", Paths: []string{"/usr/sbin/ioreg"},
			Args:  []string{"-a", "-l", "-p", "IOUSB"},
			Limit: 20 * time.Second, Most: 16 << 20,
			Why: "what is plugged into USB, and where",
		},
		{
			Name: "wdutil", Paths: []string{"/usr/bin/wdutil"},
			Args:  []string{"info"},
			Limit: 20 * time.Second, Most: 256 << 10,
			Why: "signal and speed of Wi-Fi without a search for networks, which system_profiler begins",
		},
		{
			Name: "systemsetup-time", Paths: []string{"/usr/sbin/systemsetup"},
			Args:  []string{"-getusingnetworktime"},
			Limit: 10 * time.Second, Most: 16 << 10,
			Why: "whether the clock is set from the network",
		},
		{
			Name: "systemsetup-timeserver", Paths: []string{"/usr/sbin/systemsetup"},
			Args:  []string{"-getnetworktimeserver"},
			Limit: 10 * time.Second, Most: 16 << 10,
			Why: "from which server",
		},
	}
}
