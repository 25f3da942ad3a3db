package osrelease

import (
	"context"
	"strings"
	"time"

	"muster/agent/gather/apple"
	"muster/agent/host"
	"muster/internal/inventory"
)

const versionFile = "/System/Library/CoreServices/SystemVersion.plist"

// readMac reads the section on macOS.
func readMac(ctx context.Context, h *host.Host) (inventory.OS, []string, []string, error) {
	var v struct {
		Name    string `plist:"ProductName"`
		Version string `plist:"ProductUserVisibleVersion"`
		Product string `plist:"ProductVersion"`
		Build   string `plist:"ProductBuildVersion"`
	}
	if err := apple.File(h, versionFile, &v); err != nil {
		return inventory.OS{}, nil, nil, err
	}
	asked := []string{"files"}
	var faults []string
	row := inventory.OS{Family: "darwin", Name: v.Name, Distribution: "macos", Version: v.Version, Build: v.Build, Release: nameOf(v.Product),
		BootMode: "apple", InitSystem: "launchd", Server: new(false)}
	if row.Version == "" {
		row.Version = v.Product
	}
	if values, err := apple.Kernel(ctx, h); err != nil {
		faults = append(faults, err.Error())
	} else {
		asked = append(asked, "sysctl")
		row.Kernel, row.KernelBuild = values["kern.osrelease"], values["kern.version"]
		row.HostName, _, _ = strings.Cut(values["kern.hostname"], ".")
		if strings.Contains(values["kern.hostname"], ".") && !strings.HasSuffix(values["kern.hostname"], ".local") {
			row.FQDN = values["kern.hostname"]
		}
		// An Apple processor says so even to programs that it runs in translation.
		row.Arch = "amd64"
		if values["hw.optional.arm64"] == "1" {
			row.Arch = "arm64"
		}
	}
	var list []struct {
		UUID string `plist:"IOPlatformUUID"`
	}
	if err := apple.Ask(ctx, h, "ioreg-platform", &list); err != nil {
		faults = append(faults, err.Error())
	} else if len(list) > 0 {
		asked = append(asked, "ioreg")
		row.MachineID = list[0].UUID
	}
	if zone, err := h.Readlink("/etc/localtime"); err == nil {
		if _, name, ok := strings.Cut(zone, "/zoneinfo/"); ok {
			row.TimeZone = name
			if loc, err := time.LoadLocation(name); err == nil && h.Now != nil {
				_, offset := h.Now().In(loc).Zone()
				row.UTCOffset = new(int64(offset))
			}
		}
	}
	var prefs struct {
		Locale string `plist:"AppleLocale"`
	}
	if err := apple.File(h, "/Library/Preferences/.GlobalPreferences.plist", &prefs); err == nil {
		row.Locale = prefs.Locale
	}
	// Made once, when the first account of the installation was set up.
	if fi, err := h.Stat("/private/var/db/.AppleSetupDone"); err == nil {
		row.FirstInstallAt = fi.ModTime().UTC().Truncate(time.Second)
	}
	return row, asked, faults, nil
}

// nameOf is the marketing name of a release, by Apple's support page "Find out
// which macOS your Mac is using".
func nameOf(version string) string {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	switch major {
	case "26":
		return "Tahoe"
	case "15":
		return "Sequoia"
	case "14":
		return "Sonoma"
	case "13":
		return "Ventura"
	case "12":
		return "Monterey"
	case "11":
		return "Big Sur"
	case "10":
		return map[string]string{"15": "Catalina", "14": "Mojave", "13": "High Sierra", "12": "Sierra"}[minor]
	}
	return ""
}
