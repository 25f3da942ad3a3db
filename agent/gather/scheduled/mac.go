package scheduled

import (
	"context"
	"fmt"
	"strings"

	"muster/agent/gather/apple"
	"muster/agent/gather/home"
	"muster/agent/host"
	"muster/internal/inventory"
)

// readMac reads the section on macOS: jobs of launchd that run by the clock.
func readMac(_ context.Context, h *host.Host) ([]inventory.ScheduledTask, []string, []string, error) {
	jobs, faults, err := apple.Jobs(h)
	if err != nil {
		return nil, nil, nil, err
	}
	rows := []inventory.ScheduledTask{}
	seen := map[[2]string]bool{}
	for _, j := range jobs {
		if j.Every == 0 && len(j.Calendar) == 0 || len(rows) == maxTasks {
			continue
		}
		r := inventory.ScheduledTask{Source: "launchd", Name: j.Label, UserName: j.User, Triggers: []string{"time"}, Executable: home.HideMac(j.Program), Enabled: new(!j.Disabled),
			Elevated: new(!j.Agent && (j.User == "" || j.User == "root"))}
		switch {
		case j.Owner != "":
			r.UserName = j.Owner
		case j.User == "" && !j.Agent:
			r.UserName = "root"
		}
		var when []string
		if j.Every > 0 {
			when = append(when, fmt.Sprintf("StartInterval=%d", j.Every))
		}
		r.Schedule = strings.Join(append(when, j.Calendar...), "; ")
		if j.AtLoad {
			r.Triggers = append(r.Triggers, map[bool]string{true: "logon", false: "boot"}[j.Agent])
		}
		if key := [2]string{r.Name, r.UserName}; !seen[key] {
			seen[key] = true
			rows = append(rows, r)
		}
	}
	return rows, []string{"launchd"}, faults, nil
}
