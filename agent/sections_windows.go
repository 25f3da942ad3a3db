package agent

import (
	"muster/agent/gather"
	"muster/agent/gather/account"
	"muster/agent/gather/cpu"
	"muster/agent/gather/memory"
	"muster/agent/gather/osrelease"
	"muster/agent/gather/service"
	"muster/agent/gather/session"
	"muster/agent/gather/software"
	"muster/agent/gather/system"
)

func sections() []gather.Section {
	return []gather.Section{
		read("system", system.Read),
		read("os", osrelease.Read),
		read("cpu", cpu.Read),
		read("memory", memory.Read),
		read("memory_module", memory.ReadModules),
		apart("software", software.Read),
		apart("service", service.Read),
		apart("session", session.Read),
		apart("logon", session.ReadLogon),
		apart("user", account.Read),
		apart("user_group", account.ReadGroups),
		apart("group_member", account.ReadMembers),
	}
}
