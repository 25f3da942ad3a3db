package agent

import (
	"muster/agent/gather"
	"muster/agent/gather/account"
	"muster/agent/gather/antivirus"
	"muster/agent/gather/boot"
	"muster/agent/gather/browser"
	"muster/agent/gather/certificate"
	"muster/agent/gather/changelog"
	"muster/agent/gather/clock"
	"muster/agent/gather/container"
	"muster/agent/gather/cpu"
	"muster/agent/gather/database"
	"muster/agent/gather/disk"
	"muster/agent/gather/drivehealth"
	"muster/agent/gather/driver"
	"muster/agent/gather/encryption"
	"muster/agent/gather/firewall"
	"muster/agent/gather/guest"
	"muster/agent/gather/iface"
	"muster/agent/gather/join"
	"muster/agent/gather/license"
	"muster/agent/gather/listener"
	"muster/agent/gather/memory"
	"muster/agent/gather/monitor"
	"muster/agent/gather/osrelease"
	"muster/agent/gather/patch"
	"muster/agent/gather/pci"
	"muster/agent/gather/platform"
	"muster/agent/gather/power"
	"muster/agent/gather/process"
	"muster/agent/gather/queue"
	"muster/agent/gather/raid"
	"muster/agent/gather/remote"
	"muster/agent/gather/restart"
	"muster/agent/gather/scheduled"
	"muster/agent/gather/sensor"
	"muster/agent/gather/service"
	"muster/agent/gather/session"
	"muster/agent/gather/software"
	"muster/agent/gather/startup"
	"muster/agent/gather/system"
	"muster/agent/gather/usage"
	"muster/agent/gather/usb"
	"muster/agent/gather/volume"
	"muster/agent/gather/wifi"
)

func sections() []gather.Section {
	drives, radios := drivehealth.New(), wifi.New()
	return []gather.Section{
		read("system", system.Read),
		read("os", osrelease.Read),
		read("boot", boot.Read),
		read("clock", clock.Read),
		read("pending_restart", restart.Read),
		read("cpu", cpu.Read),
		read("memory", memory.Read),
		read("memory_module", memory.ReadModules),
		read("disk", disk.Read),
		{Name: "disk_health", Read: drives.Read, Numbers: drives},
		read("disk_selftest", drives.ReadSelfTests),
		read("smart_attribute", drives.ReadAttributes),
		apart("raid_array", raid.Read),
		apart("raid_member", raid.ReadMembers),
		read("volume", volume.Read),
		apart("encryption", encryption.New().Read),
		read("gpu", pci.ReadGPUs),
		apart("monitor", monitor.Read),
		read("pci_device", pci.Read),
		read("usb_device", usb.Read),
		read("driver", driver.Read),
		{Name: "battery", Read: power.ReadBatteries, Numbers: &power.Sampler{}},
		read("power", power.Read),
		read("sensor", (&sensor.Reader{}).Read),
		read("platform_security", platform.Read),
		{Name: "wifi", Read: radios.Read, Numbers: radios},
		read("interface", iface.Read),
		read("address", iface.ReadAddresses),
		read("route", iface.ReadRoutes),
		read("network", iface.ReadNetwork),
		apart("software", software.Read),
		apart("change_log", changelog.ReadEventLog),
		read("patch", patch.Offers{}.Read),
		read("patch_status", patch.Offers{}.ReadStatus),
		apart("service", service.Read),
		apart("session", session.Read),
		apart("logon", session.ReadLogon),
		read("process", (&process.Reader{}).Read),
		apart("listening_port", listener.Read),
		apart("user", account.Read),
		apart("user_group", account.ReadGroups),
		apart("group_member", account.ReadMembers),
		apart("startup_item", startup.Read),
		apart("scheduled_task", scheduled.Read),
		apart("antivirus", antivirus.Read),
		apart("firewall", firewall.Read),
		read("domain_join", join.Read),
		apart("certificate", certificate.Read),
		apart("browser_extension", browser.Read),
		apart("print_queue", queue.Read),
		apart("virtual_machine", guest.Read),
		apart("license", license.Read),
		apart("remote_control", remote.Read),
		apart("database_instance", database.Read),
		apart("container", container.Read),
		read("ups", power.ReadUPS),
		read("software_usage", usage.Read),
	}
}
