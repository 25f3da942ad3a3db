package agent

import (
	"muster/agent/gather"
	"muster/agent/gather/account"
	"muster/agent/gather/antivirus"
	"muster/agent/gather/boot"
	"muster/agent/gather/browser"
	"muster/agent/gather/certificate"
	"muster/agent/gather/clock"
	"muster/agent/gather/cpu"
	"muster/agent/gather/disk"
	"muster/agent/gather/encryption"
	"muster/agent/gather/firewall"
	"muster/agent/gather/iface"
	"muster/agent/gather/join"
	"muster/agent/gather/listener"
	"muster/agent/gather/memory"
	"muster/agent/gather/monitor"
	"muster/agent/gather/osrelease"
	"muster/agent/gather/patch"
	"muster/agent/gather/pci"
	"muster/agent/gather/power"
	"muster/agent/gather/process"
	"muster/agent/gather/queue"
	"muster/agent/gather/scheduled"
	"muster/agent/gather/service"
	"muster/agent/gather/session"
	"muster/agent/gather/software"
	"muster/agent/gather/startup"
	"muster/agent/gather/system"
	"muster/agent/gather/usb"
	"muster/agent/gather/volume"
	"muster/agent/gather/wifi"
)

// Nearly all is asked of macOS' own programs, each of which takes its time:
// hence apart. docs/macos-verification.md says what is to be looked at on a Mac.
func sections() []gather.Section {
	updates, radios := &patch.Reader{}, wifi.New()
	return []gather.Section{
		apart("system", system.Read),
		apart("os", osrelease.Read),
		apart("boot", boot.Read),
		apart("clock", clock.ReadMac),
		apart("cpu", cpu.Read),
		apart("memory", memory.Read),
		apart("memory_module", memory.ReadModules),
		apart("disk", disk.Read),
		apart("volume", volume.Read),
		apart("encryption", encryption.ReadMac),
		apart("gpu", pci.ReadGPUs),
		apart("monitor", monitor.Read),
		apart("usb_device", usb.Read),
		{Name: "battery", Read: power.ReadBatteries, Numbers: &power.Sampler{}},
		apart("power", power.Read),
		{Name: "wifi", Read: radios.Read, Numbers: radios},
		apart("interface", iface.Read),
		apart("address", iface.ReadAddresses),
		apart("route", iface.ReadRoutes),
		apart("network", iface.ReadNetwork),
		apart("software", software.Read),
		apart("patch", updates.Read),
		apart("patch_status", updates.ReadStatus),
		apart("service", service.Read),
		apart("session", session.ReadMac),
		apart("logon", session.ReadLogonMac),
		// It compares each reading with the one before, so it stays in this process.
		read("process", (&process.Reader{}).ReadMac),
		apart("user", account.Read),
		apart("user_group", account.ReadGroups),
		apart("group_member", account.ReadMembers),
		apart("listening_port", listener.Read),
		apart("startup_item", startup.Read),
		apart("scheduled_task", scheduled.Read),
		apart("antivirus", antivirus.Read),
		apart("firewall", firewall.Read),
		apart("domain_join", join.Read),
		apart("certificate", certificate.Read),
		apart("browser_extension", browser.Read),
		apart("print_queue", queue.Read),
	}
}
