package inventory

import "time"

// OS is the operating system and the names the machine goes by. The device's
// name for people is kept on the device record; here is what the host says.
type OS struct {
	Family         string    `inv:"family" enum:"windows|darwin|linux|freebsd|network|printer|power|other" doc:"Family of the operating system."`
	Name           string    `inv:"name,dict" doc:"Product name with trademarks left out, such as Windows 11 Pro, Debian GNU/Linux, macOS or IOS XE."`
	Distribution   string    `inv:"distribution,dict" doc:"Short name of the distribution or platform (os-release ID), such as debian, rhel, windows or macos."`
	Version        string    `inv:"version,dict,version" doc:"Version, such as 12.5, 10.0.22631.3880, 14.5 or 17.9.4a."`
	Build          string    `inv:"build,dict,version" doc:"Build, such as 22631.3880 with the update revision, or 23F79."`
	Release        string    `inv:"release_name,dict" doc:"Marketing or code name of the release, such as 23H2, bookworm or Sonoma."`
	Edition        string    `inv:"edition,dict" doc:"Edition, such as Professional, Enterprise, ServerStandard or server core."`
	Kernel         string    `inv:"kernel_version,dict,version" doc:"Version of the running kernel."`
	KernelBuild    string    `inv:"kernel_build,dict" doc:"Build text of the kernel as the kernel itself gives it."`
	Arch           string    `inv:"arch,dict" enum:"amd64|arm64|386|arm|riscv64|ppc64le|s390x|mips|other" doc:"Architecture of the operating system."`
	MachineArch    string    `inv:"machine_arch,dict" doc:"Architecture of the processor where it differs from that of the system."`
	InstalledAt    time.Time `inv:"installed_at" doc:"When the operating system was installed, or last replaced by a feature update."`
	FirstInstallAt time.Time `inv:"first_install_at" doc:"When the first operating system of this installation was set up, feature updates apart."`
	HostName       string    `inv:"host_name" doc:"Name the host gives itself, without a domain."`
	FQDN           string    `inv:"fqdn" doc:"Host name with its domain."`
	MachineID      string    `inv:"machine_id" doc:"The system's own identifier (machine-id, MachineGuid, IOPlatformUUID); clones share it."`
	TimeZone       string    `inv:"time_zone,dict" doc:"Time zone by IANA name where known, else as the system writes it."`
	UTCOffset      *int64    `inv:"utc_offset_seconds,latest" unit:"second" doc:"Present distance of local time from UTC, east positive."`
	Locale         string    `inv:"locale,dict" doc:"System locale, such as en_US.UTF-8 or en-US."`
	BootMode       string    `inv:"boot_mode" enum:"uefi|bios|apple|device_tree|other" doc:"How the firmware started the system."`
	InitSystem     string    `inv:"init_system,dict" enum:"systemd|openrc|sysvinit|runit|s6|launchd|scm|other" doc:"What starts services."`
	Server         *bool     `inv:"server" doc:"True for a server edition."`
	Container      string    `inv:"container,dict" doc:"Kind of container the agent runs in, such as docker or lxc; empty on a host."`
	Desktop        string    `inv:"desktop,dict" doc:"Desktop environment installed for sessions, such as gnome or kde."`
	SupportEndsAt  time.Time `inv:"support_ends_at,latest" doc:"End of the maker's security support for this release; filled in by the collector from its end-of-life table."`
}

// Section says how the section is named, kept and read.
func (OS) Section() Meta {
	return Meta{Name: "os", Doc: "Operating system, release, kernel, architecture and the names the host gives itself.", Single: true, Cadence: 24 * time.Hour,
		Windows: `RtlGetVersion, UBR, DisplayVersion, EditionID under HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`, Darwin: "SystemVersion.plist, sysctl kern, ioreg IOPlatformExpertDevice", Linux: "/etc/os-release, uname, /etc/machine-id",
		SNMP: "sysDescr, sysName, entPhysicalSoftwareRev, vendor objects of the profile"}
}
