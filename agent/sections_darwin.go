package agent

import (
	"muster/agent/gather"
	"muster/agent/gather/account"
	"muster/agent/gather/boot"
	"muster/agent/gather/cpu"
	"muster/agent/gather/disk"
	"muster/agent/gather/encryption"
	"muster/agent/gather/firewall"
	"muster/agent/gather/iface"
	"muster/agent/gather/join"
	"muster/agent/gather/memory"
	"muster/agent/gather/osrelease"
	"muster/agent/gather/patch"
	"muster/agent/gather/power"
	"muster/agent/gather/scheduled"
	"muster/agent/gather/service"
	"muster/agent/gather/software"
	"muster/agent/gather/startup"
	"muster/agent/gather/system"
	"muster/agent/gather/volume"
)

// Nearly all is asked of macOS' own programs, each of which takes its time:
// hence apart. docs/macos-verification.md says what is to be looked at on a Mac.
func sections() []gather.Section {
	updates := &patch.Reader{}
	return []gather.Section{
		apart("system", system.Read),
		apart("os", osrelease.Read),
		apart("boot", boot.Read),
		apart("cpu", cpu.Read),
		apart("memory", memory.Read),
		apart("memory_module", memory.ReadModules),
		apart("disk", disk.Read),
		apart("volume", volume.Read),
		apart("encryption", encryption.ReadMac),
		{Name: "battery", Read: power.ReadBatteries, Numbers: &power.Sampler{}},
		apart("power", power.Read),
		apart("interface", iface.Read),
		apart("address", iface.ReadAddresses),
		apart("route", iface.ReadRoutes),
		apart("network", iface.ReadNetwork),
		apart("software", software.Read),
		apart("patch", updates.Read),
		apart("patch_status", updates.ReadStatus),
		apart("service", service.Read),
		apart("user", account.Read),
		apart("user_group", account.ReadGroups),
		apart("group_member", account.ReadMembers),
		apart("startup_item", startup.Read),
		apart("scheduled_task", scheduled.Read),
		apart("firewall", firewall.Read),
		apart("domain_join", join.Read),
	}
}
