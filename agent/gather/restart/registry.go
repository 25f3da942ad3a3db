package restart

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// fromRegistry reads the signs that Windows leaves.
func fromRegistry(h *host.Host) (gather.Reading, error) {
	const current = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion`
	const system = `HKLM\SYSTEM\CurrentControlSet`
	var r inventory.PendingRestart
	var faults []string
	var since time.Time
	v, err := h.Key(host.View64, `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`, "CurrentBuild")
	if err != nil {
		return gather.Reading{}, err
	}
	r.RunningKernel = v.Text("CurrentBuild")
	read := func(path string, values ...string) (host.Key, bool) {
		k, err := h.Key(host.View64, path, values...)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			faults = append(faults, err.Error())
		}
		return k, err == nil
	}
	reason := func(why string, at time.Time) {
		if !slices.Contains(r.Reasons, why) {
			r.Reasons = append(r.Reasons, why)
		}
		if !at.IsZero() && (since.IsZero() || at.Before(since)) {
			since = at
		}
	}
	for _, sign := range []struct{ path, why string }{
		{current + `\Component Based Servicing\RebootPending`, "component_servicing"},
		{current + `\Component Based Servicing\PackagesPending`, "component_servicing"},
		{current + `\WindowsUpdate\Auto Update\RebootRequired`, "windows_update"},
	} {
		if k, there := read(sign.path, "no value"); there {
			reason(sign.why, k.WrittenAt)
		}
	}
	if k, there := read(system+`\Control\Session Manager`, "PendingFileRenameOperations"); there && renames(k.Texts("PendingFileRenameOperations")) {
		reason("file_rename", time.Time{})
	}
	active, there := read(system+`\Control\ComputerName\ActiveComputerName`, "ComputerName")
	next, both := read(system+`\Control\ComputerName\ComputerName`, "ComputerName")
	if a, b := active.Text("ComputerName"), next.Text("ComputerName"); there && both && a != "" && b != "" && !strings.EqualFold(a, b) {
		reason("computer_rename", next.WrittenAt)
	}
	if k, there := read(system+`\Services\Netlogon`, "JoinDomain", "AvoidSpnSet"); there && (k.Has("JoinDomain") || k.Has("AvoidSpnSet")) {
		reason("computer_rename", time.Time{}) // a domain was joined or left
	}
	slices.Sort(r.Reasons)
	if len(r.Reasons) > 0 || len(faults) == 0 {
		r.Pending = new(len(r.Reasons) > 0)
	}
	r.SinceAt = since.UTC().Truncate(time.Second)
	if since.IsZero() {
		r.SinceAt = time.Time{}
	}
	reading, err := gather.Rows([]inventory.PendingRestart{r}, "registry")
	reading.Faults = faults
	return reading, err
}

// renames says whether files in use wait to be replaced. The list is of pairs,
// what and where to; those without a place are deletions, which programs that
// update themselves leave all the time and which nobody misses.
func renames(list []string) bool {
	for i := 1; i < len(list); i += 2 {
		if list[i] != "" {
			return true
		}
	}
	return false
}
