package patch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"time"

	"muster/agent/host"
	"muster/internal/inventory"
)

const (
	servicing  = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages`
	policies   = `HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate`
	updateKey  = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update`
	updateUX   = `HKLM\SOFTWARE\Microsoft\WindowsUpdate\UX\Settings`
	rollup     = "RollupFix"
	cbsPending = "pending_restart"
)

// servicingStatus is how far the machine is, by what its servicing and the
// registry have.
func servicingStatus(h *host.Host, list []inventory.Patch) inventory.PatchStatus {
	s := inventory.PatchStatus{Manager: "windows_update"}
	for _, p := range list {
		if p.InstalledAt.After(s.LastUpdateAt) {
			s.LastUpdateAt = p.InstalledAt
		}
		if p.Class == "quality" && p.InstalledAt.After(s.LastQualityAt) {
			s.LastQualityAt = p.InstalledAt
		}
	}
	if k, err := h.Key(host.View64, `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`, "InstallDate"); err == nil {
		// Windows is installed anew by each feature update.
		if n, ok := k.Number("InstallDate"); ok && n > 0 && n < 1<<32 {
			s.LastFeatureAt = time.Unix(int64(n), 0).UTC()
		}
	}
	steered(h, &s)
	return s
}

// packages lists the updates among the packages of servicing; the system's own
// parts are thousands, and left out by their names.
func packages(ctx context.Context, h *host.Host) (list []inventory.Patch, faults []string, err error) {
	k, err := h.Key(host.View64, servicing, "no value")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("this Windows has no list of updates: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return nil, nil, err
	}
	list = []inventory.Patch{}
	at := map[string]int{}
	for _, name := range k.Subkeys {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if !strings.HasPrefix(name, "Package_for_") {
			continue
		}
		one, err := h.Key(host.View64, servicing+`\`+name, "CurrentState", "InstallTimeHigh", "InstallTimeLow", "InstallName", "InstallLocation")
		if err != nil {
			faults = append(faults, err.Error())
			continue
		}
		p, ok := packageOf(name, one)
		if !ok {
			continue
		}
		// Several languages or parts are one update; the last state of it counts.
		if i, had := at[p.Name]; had {
			if p.InstalledAt.After(list[i].InstalledAt) {
				list[i] = p
			}
			continue
		}
		if len(list) >= maxPatches {
			faults = append(faults, fmt.Sprintf("only the first %d updates are read", maxPatches))
			break
		}
		at[p.Name] = len(list)
		list = append(list, p)
	}
	return list, faults, nil
}

// packageOf reads a package named
// Package_for_KB5034467~31bf3856ad364e35~amd64~~10.0.9206.2 or
// Package_for_RollupFix~31bf3856ad364e35~amd64~~22621.3447.1.8.
func packageOf(name string, k host.Key) (inventory.Patch, bool) {
	rest := strings.TrimPrefix(name, "Package_for_")
	what, _, ok := strings.Cut(rest, "~")
	if !ok {
		return inventory.Patch{}, false
	}
	version := rest[strings.LastIndexByte(rest, '~')+1:]
	p := inventory.Patch{Source: "cbs", Name: what, NewVersion: version, Class: "other"}
	number := kb(what)
	switch {
	case strings.HasPrefix(what, rollup):
		p.Class, p.Title = "quality", "Cumulative update "+version
		// The number stands only where it was unpacked from.
		if number = kb(k.Text("InstallLocation")); number == "" {
			p.Name = rollup + " " + version
		}
	case strings.Contains(what, "ServicingStack"):
		p.Class, p.Title, p.Name = "quality", "Servicing stack "+version, "ServicingStack "+version
	case strings.Contains(what, "DotNetRollup"):
		p.Class, p.Title, p.Name = "quality", ".NET cumulative update "+version, what+" "+version
	case number == "":
		return inventory.Patch{}, false
	}
	if number != "" {
		p.Name = number
	}
	state, ok := k.Number("CurrentState")
	if !ok {
		return inventory.Patch{}, false
	}
	// CbsState of servicing, as its own log names them.
	switch state {
	case 0, 16, 32, 48:
		return inventory.Patch{}, false // not there, or only looked at
	case 5:
		p.State = cbsPending // to be removed
	case 64:
		p.State = "downloaded" // staged
	case 80:
		p.State = "superseded"
	case 96, 101:
		p.State = cbsPending
	case 112, 128:
		p.State = "installed"
	default:
		return inventory.Patch{}, false
	}
	if p.State == cbsPending {
		p.NeedsRestart = new(true)
	}
	high, ok1 := k.Number("InstallTimeHigh")
	low, ok2 := k.Number("InstallTimeLow")
	if ok1 && ok2 {
		p.InstalledAt = host.FileTime(high<<32 | low)
	}
	return p, true
}

// kb finds the number of an article in a text: KB5034765.
func kb(s string) string {
	upper := strings.ToUpper(s)
	for i := strings.Index(upper, "KB"); i >= 0; {
		n := i + 2
		for n < len(upper) && upper[n] >= '0' && upper[n] <= '9' {
			n++
		}
		if n-i-2 >= 6 && n-i-2 <= 8 {
			return upper[i:n]
		}
		next := strings.Index(upper[i+2:], "KB")
		if next < 0 {
			break
		}
		i += 2 + next
	}
	return ""
}

// steered fills in who brings updates, and what happens without anybody.
func steered(h *host.Host, s *inventory.PatchStatus) {
	au, _ := h.Key(host.View64, policies+`\AU`, "UseWUServer", "AUOptions", "NoAutoUpdate")
	wu, _ := h.Key(host.View64, policies, "WUServer", "DeferQualityUpdatesPeriodInDays")
	if on := au.Flag("UseWUServer"); on != nil && *on {
		s.Manager, s.Server = "wsus", bare(wu.Text("WUServer"))
	}
	if there, err := h.HasKey(host.View64, `HKLM\SOFTWARE\Microsoft\PolicyManager\current\device\Update`); err == nil && there && s.Manager == "windows_update" {
		s.Manager = "intune"
	}
	if there, err := h.HasKey(host.View64, `HKLM\SYSTEM\CurrentControlSet\Services\CcmExec`); err == nil && there {
		s.Manager = "configmgr"
	}
	s.Automatic = "install" // as Windows comes
	if n, ok := au.Number("AUOptions"); ok {
		switch n {
		case 2:
			s.Automatic = "notify"
		case 3:
			s.Automatic = "download"
		case 4:
			s.Automatic = "install"
		case 5, 7:
			s.Automatic = "managed"
		}
	}
	if off := au.Flag("NoAutoUpdate"); off != nil && *off {
		s.Automatic = "off"
	}
	if n, ok := wu.Number("DeferQualityUpdatesPeriodInDays"); ok && n < 366 {
		s.DeferDays = new(int64(n))
	}
	if k, err := h.Key(host.View64, updateUX, "PauseUpdatesExpiryTime"); err == nil {
		until, err := time.Parse(time.RFC3339, k.Text("PauseUpdatesExpiryTime"))
		s.Paused = new(err == nil && until.After(h.Now()))
	}
	// Newer Windows does not write it down.
	if k, err := h.Key(host.View64, updateKey+`\Results\Detect`, "LastSuccessTime", "LastError"); err == nil {
		if at, err := time.Parse(time.DateTime, k.Text("LastSuccessTime")); err == nil {
			s.CheckedAt = at.UTC()
		}
		if n, ok := k.Number("LastError"); ok && n != 0 {
			s.LastError = fmt.Sprintf("0x%08x", n)
		}
	}
}

// bare is an address without user, password and query.
func bare(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return ""
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
