package service

import (
	"context"

	"muster/agent/gather/apple"
	"muster/agent/gather/home"
	"muster/agent/host"
	"muster/internal/inventory"
)

// readMac reads the section on macOS: jobs of launchd for the machine that did
// not come with macOS.
func readMac(ctx context.Context, h *host.Host) ([]inventory.Service, []string, []string, error) {
	jobs, faults, err := apple.Jobs(h)
	if err != nil {
		return nil, nil, nil, err
	}
	asked := []string{"launchd"}
	var loaded map[string]apple.Loaded
	if b, err := h.Run(ctx, "launchctl"); err != nil {
		faults = append(faults, err.Error())
	} else {
		asked = append(asked, "launchctl")
		loaded = apple.ParseLoaded(b)
	}
	rows := []inventory.Service{}
	seen := map[string]bool{}
	for _, j := range jobs {
		if j.Agent || seen[j.Label] || len(rows) == maxServices {
			continue
		}
		seen[j.Label] = true
		r := inventory.Service{Name: j.Label, Manager: "launchd", Kind: "process", StartMode: "trigger", Executable: home.HideMac(j.Program), Account: j.User}
		if r.Account == "" {
			r.Account = "root"
		}
		switch {
		case j.Disabled:
			r.StartMode = "disabled"
		case j.AtLoad:
			r.StartMode = "automatic"
		}
		if loaded != nil {
			x, known := loaded[j.Label]
			launched(&r, x, known, j.AtLoad)
		}
		rows = append(rows, r)
	}
	return rows, asked, faults, nil
}

// launched says how a job is. One that starts when something asks for it rests in
// between; one that ended with an error is a failure only if it should run.
func launched(r *inventory.Service, x apple.Loaded, known, always bool) {
	r.State = "stopped"
	if !known {
		if r.StartMode == "automatic" {
			r.Failed = new(true) // laid down, and not loaded
		}
		return
	}
	r.PID = new(x.PID)
	switch {
	case x.PID > 0:
		r.State = "running"
	case !always:
		r.State = "on_demand"
		r.ExitCode = new(x.Status)
	case x.Status == 0:
		r.State = "exited"
		r.ExitCode = new(x.Status)
	default:
		r.State, r.ExitCode, r.Failed = "failed", new(x.Status), new(true)
		return
	}
	r.Failed = new(false)
}
