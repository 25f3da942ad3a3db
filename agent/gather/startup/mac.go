package startup

import (
	"context"

	"muster/agent/gather/apple"
	"muster/agent/gather/home"
	"muster/agent/host"
	"muster/internal/inventory"
)

// readMac reads the section on macOS: jobs of launchd that start with the
// system or a session. Login items that people set in the settings lie in a
// file whose form Apple does not tell, and are not read.
func readMac(_ context.Context, h *host.Host) ([]inventory.StartupItem, []string, []string, error) {
	jobs, faults, err := apple.Jobs(h)
	if err != nil {
		return nil, nil, nil, err
	}
	rows := []inventory.StartupItem{}
	seen := map[[3]string]bool{}
	for _, j := range jobs {
		if !j.AtLoad || len(rows) == maxItems {
			continue
		}
		r := inventory.StartupItem{Source: "launch_daemon", Scope: "machine", Name: j.Label, Executable: home.HideMac(j.Program), Enabled: new(!j.Disabled)}
		if j.Agent {
			r.Source = "launch_agent"
		}
		if j.Owner != "" {
			r.Scope, r.UserName = "user", j.Owner
		}
		if key := [3]string{r.Source, r.UserName, r.Name}; !seen[key] {
			seen[key] = true
			rows = append(rows, r)
		}
	}
	return rows, []string{"launchd"}, faults, nil
}
