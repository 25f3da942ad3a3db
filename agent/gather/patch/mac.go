package patch

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"muster/agent/gather/apple"
	"muster/agent/host"
	"muster/internal/inventory"
)

const (
	macHistory  = "/Library/Receipts/InstallHistory.plist"
	macSettings = "/Library/Preferences/com.apple.SoftwareUpdate.plist"
	// maxHistory bounds how much of the past is told, newest first.
	maxHistory = 300
)

// mac is macOS as one way of packages.
func mac() manager { return manager{"softwareupdate", macHere, macFiles, macManager} }

func macHere(h *host.Host) bool { return h.Exists(macHistory) || h.Exists(macSettings) }

func macFiles(*host.Host) []string { return []string{macHistory, macSettings} }

// installed is an entry of the installer's history.
type installed struct {
	At       time.Time `plist:"date"`
	Name     string    `plist:"displayName"`
	Version  string    `plist:"displayVersion"`
	By       string    `plist:"processName"`
	Packages []string  `plist:"packageIdentifiers"`
}

// macUpdates is what softwareupdated keeps of its last look.
type macUpdates struct {
	Full        time.Time `plist:"LastFullSuccessfulDate"`
	Checked     time.Time `plist:"LastSuccessfulDate"`
	Recommended []struct {
		ID      string `plist:"Identifier"`
		Name    string `plist:"Display Name"`
		Version string `plist:"Display Version"`
		Key     string `plist:"Product Key"`
	} `plist:"RecommendedUpdates"`
	Check    *bool `plist:"AutomaticCheckEnabled"`
	Download *bool `plist:"AutomaticDownload"`
	Install  *bool `plist:"AutomaticallyInstallMacOSUpdates"`
}

// macManager reads what macOS offers and has installed. It asks nobody: what
// the system found at its last look lies in its settings.
func macManager(_ context.Context, h *host.Host) (found, error) {
	var f found
	var u macUpdates
	settings := apple.File(h, macSettings, &u)
	if settings != nil && !errors.Is(settings, fs.ErrNotExist) {
		f.faults = append(f.faults, settings.Error())
	}
	if f.checked = u.Checked; u.Full.After(f.checked) {
		f.checked = u.Full
	}
	for _, x := range u.Recommended {
		name := x.ID
		if name == "" {
			name = x.Key
		}
		if name == "" || len(f.patches) == maxPatches {
			continue
		}
		f.patches = append(f.patches, inventory.Patch{Source: "softwareupdate", Name: name, Title: x.Name, NewVersion: x.Version, State: "missing", Class: classOf(x.Name)})
	}
	// A setting that nobody touched is not written: then the system's own holds,
	// which is to look, and to fetch.
	off := func(b *bool) bool { return b != nil && !*b }
	switch {
	case off(u.Check):
		f.automatic = "off"
	case u.Install != nil && *u.Install:
		f.automatic = "install"
	case off(u.Download):
		f.automatic = "notify"
	case settings == nil:
		f.automatic = "download"
	}
	var history []installed
	if err := apple.File(h, macHistory, &history); err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.faults = append(f.faults, err.Error())
	}
	seen := map[string]bool{}
	for i := len(history) - 1; i >= 0 && len(seen) < maxHistory; i-- {
		x := history[i]
		// What Apple brings by itself; programs people install are section software.
		if x.By != "softwareupdated" && !strings.HasPrefix(x.By, "macOS") && x.By != "OS X Installer" && x.By != "SoftwareUpdate" {
			continue
		}
		name := strings.TrimSpace(x.Name)
		if name == "" || seen[name+" "+x.Version] {
			continue
		}
		seen[name+" "+x.Version] = true
		at := x.At.UTC().Truncate(time.Second)
		if f.updated.IsZero() || at.After(f.updated) {
			f.updated = at
		}
		label := name
		if !strings.Contains(name, x.Version) {
			label += " " + x.Version
		}
		p := inventory.Patch{Source: "softwareupdate", Name: label, Title: name, NewVersion: x.Version, State: "installed", Class: classOf(name), InstalledAt: at}
		f.patches = append(f.patches, p)
	}
	return f, nil
}

// classOf is the kind of an update by its name.
func classOf(name string) string {
	switch {
	case strings.Contains(name, "XProtect"), strings.Contains(name, "MRTConfigData"), strings.Contains(name, "Gatekeeper"):
		return "definition"
	case strings.Contains(name, "Security"), strings.Contains(name, "Rapid Security Response"), strings.Contains(name, "Safari"):
		return "security"
	case strings.HasPrefix(name, "macOS"):
		return "quality"
	case strings.Contains(name, "Firmware"):
		return "firmware"
	}
	return "other"
}
