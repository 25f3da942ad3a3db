package service

import (
	"errors"
	"io/fs"

	"muster/agent/gather/commandline"
	"muster/agent/host"
	"muster/internal/inventory"
)

// status is what the service control manager says of one service
// (ENUM_SERVICE_STATUS_PROCESS, winsvc.h).
type status struct {
	Name, Display           string
	Type, State             uint32
	ExitCode, SpecificError uint32
	PID                     uint32
}

// Types of services (winnt.h).
const (
	ownProcess   = 0x10
	shareProcess = 0x20
	userTemplate = 0x40
	userInstance = 0x80
)

// Error codes that stand in place of an exit code (winerror.h).
const (
	errServiceSpecific = 1066
	errNeverStarted    = 1077
)

// fromManager joins what the manager says with the services' keys. Copies of
// a service that are made for each person who signs in carry a number that is
// new each time; they are left out, as is known of what they are copies.
func fromManager(h *host.Host, list []status) (rows []inventory.Service, asked, faults []string) {
	asked = []string{"scm"}
	const root = `HKLM\SYSTEM\CurrentControlSet\Services\`
	missing := 0
	for _, s := range list {
		if len(rows) == maxServices {
			faults = append(faults, "more services are registered than are read")
			break
		}
		if s.Type&userInstance != 0 || s.Name == "" {
			continue
		}
		k, err := h.Key(host.View64, root+s.Name, "Start", "DelayedAutostart", "ObjectName", "ImagePath")
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed just now
		}
		if err != nil {
			missing++
		}
		triggers, err := h.Key(host.View64, root+s.Name+`\TriggerInfo`, "no value")
		rows = append(rows, s.row(k, err == nil && len(triggers.Subkeys) > 0))
	}
	if missing > 0 {
		faults = append(faults, "the keys of some services cannot be read: run the agent as SYSTEM")
	} else {
		asked = append(asked, "registry")
	}
	return rows, asked, faults
}

func (s status) row(k host.Key, triggered bool) inventory.Service {
	r := inventory.Service{Name: s.Name, DisplayName: s.Display, Manager: "scm", Account: k.Text("ObjectName"),
		Executable: commandline.Program(k.Text("ImagePath"))}
	switch {
	case s.Type&userTemplate != 0:
		r.Kind = "user_process"
	case s.Type&shareProcess != 0:
		r.Kind = "shared_process"
	case s.Type&ownProcess != 0:
		r.Kind = "process"
	default:
		r.Kind = "other"
	}
	if n, ok := k.Number("Start"); ok {
		delayed, _ := k.Number("DelayedAutostart")
		r.StartMode = scmStart(n, delayed == 1, triggered)
	}
	switch s.State { // SERVICE_STATUS_PROCESS.dwCurrentState
	case 1:
		r.State = "stopped"
	case 2, 5:
		r.State = "starting"
	case 3:
		r.State = "stopping"
	case 4:
		r.State = "running"
	case 6, 7:
		r.State = "paused"
	}
	r.PID = new(int64(s.PID))
	code := int64(int32(s.ExitCode))
	if s.ExitCode == errServiceSpecific {
		code = int64(int32(s.SpecificError))
	}
	bad := s.ExitCode != 0 && s.ExitCode != errNeverStarted
	if s.State == 1 && s.ExitCode != errNeverStarted {
		r.ExitCode = &code
	}
	due := r.StartMode == "automatic" || r.StartMode == "delayed"
	r.Failed = new(due && s.State == 1 && bad)
	if *r.Failed {
		r.State = "failed"
	}
	if r.StartMode == "trigger" && (s.State == 1 || s.State == 4) {
		// It comes and goes by design.
		r.SubState, r.State = r.State, "on_demand"
	}
	return r
}

// scmStart is when a service is started, by its key.
func scmStart(n uint64, delayed, triggered bool) string {
	switch {
	case n <= 1:
		return "boot"
	case n == 4:
		return "disabled"
	case triggered:
		return "trigger"
	case n == 2 && delayed:
		return "delayed"
	case n == 2:
		return "automatic"
	case n == 3:
		return "manual"
	}
	return ""
}
