package service

import (
	_ "embed"
	"path"
	"runtime"
	"strings"
	"time"
)

//go:embed units/muster-agent.service
var agentUnit string

//go:embed units/muster.service
var collectorUnit string

//go:embed units/muster-agent.plist
var agentPlist string

//go:embed units/muster.plist
var collectorPlist string

// Agent is the agent as a service.
func Agent() Program {
	return Program{Name: "muster-agent", Title: "Muster agent", About: "Reports this machine's inventory and health to the office's Muster collector.",
		Folder:   folder(runtime.GOOS, "/etc/muster-agent", "/Library/Application Support/Muster Agent", `C:\ProgramData\Muster\Agent`),
		Settings: "agent.yaml", Unit: agentUnit, Plist: agentPlist, Patience: 25 * time.Second,
		// To read what others may not, to see whose a process is, to ask firmware
		// and the logs, and what COM asks for. It gives up to load drivers, to take
		// or to restore what is others', and to make or change tokens.
		Privileges: []string{"SeChangeNotifyPrivilege", "SeBackupPrivilege", "SeDebugPrivilege", "SeSystemEnvironmentPrivilege",
			"SeSystemProfilePrivilege", "SeSecurityPrivilege", "SeImpersonatePrivilege"},
		Arguments: func(at func(string) string) []string {
			return []string{"run", "--service", "--config", at("agent.yaml"), "--enroll-file", at("invitation")}
		}}
}

// Collector is the collector as a service.
func Collector() Program {
	return Program{Name: "muster", Title: "Muster collector", About: "Receives reports of agents, polls network gear and judges health.",
		Folder:   folder(runtime.GOOS, "/etc/muster", "/Library/Application Support/Muster", `C:\ProgramData\Muster\Collector`),
		Settings: "muster.yaml", Unit: collectorUnit, Plist: collectorPlist, Patience: time.Minute,
		Privileges: []string{"SeChangeNotifyPrivilege", "SeCreateGlobalPrivilege"},
		Arguments: func(at func(string) string) []string {
			return []string{"serve", "--service", "--config", at("muster.yaml")}
		}}
}

func folder(goos, linux, mac, windows string) string {
	switch goos {
	case "windows":
		return windows
	case "darwin":
		return mac
	}
	return linux
}

// File is a file of the program's folder of settings.
func (p Program) File(name string) string {
	if strings.Contains(p.Folder, `\`) {
		return p.Folder + `\` + name
	}
	return path.Join(p.Folder, name)
}
