package osrelease

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/agent/host"
	"muster/internal/inventory"
)

// fromRegistry reads what Windows keeps about itself. kernel is the version
// that the kernel tells (RtlGetVersion), such as 10.0.22631.
func fromRegistry(h *host.Host, kernel string) (inventory.OS, []string, []string, error) {
	const control = `HKLM\SYSTEM\CurrentControlSet\Control`
	row := inventory.OS{Family: "windows", Distribution: "windows", Kernel: kernel, InitSystem: "scm"}
	v, err := h.Key(host.View64, `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`, "ProductName", "EditionID", "InstallationType",
		"DisplayVersion", "ReleaseId", "CurrentBuild", "UBR", "BuildLabEx", "InstallDate", "CurrentMajorVersionNumber", "CurrentMinorVersionNumber", "CurrentVersion")
	if err != nil {
		return row, nil, nil, err
	}
	asked := []string{"registry"}
	if kernel != "" {
		asked = append(asked, "kernel")
	}
	current{v}.fill(&row)
	var faults []string
	key := func(path string, values ...string) host.Key {
		k, err := h.Key(host.View64, path, values...)
		if err != nil && len(faults) < 4 {
			faults = append(faults, err.Error())
		}
		return k
	}
	environment := key(control+`\Session Manager\Environment`, "PROCESSOR_ARCHITECTURE")
	row.Arch = windowsArch(environment.Text("PROCESSOR_ARCHITECTURE"))
	firstInstall(h, v, &row)
	names := key(`HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters`, "Hostname", "Domain")
	if row.HostName = names.Text("Hostname"); row.HostName == "" {
		row.HostName = key(control+`\ComputerName\ActiveComputerName`, "ComputerName").Text("ComputerName")
	}
	if d := strings.Trim(names.Text("Domain"), "."); d != "" && row.HostName != "" {
		row.FQDN = row.HostName + "." + d
	}
	row.MachineID = strings.ToLower(key(`HKLM\SOFTWARE\Microsoft\Cryptography`, "MachineGuid").Text("MachineGuid"))
	zone := key(control+`\TimeZoneInformation`, "TimeZoneKeyName", "ActiveTimeBias")
	row.TimeZone = zone.Text("TimeZoneKeyName")
	if n, ok := zone.Number("ActiveTimeBias"); ok {
		// Minutes that are added to local time to get UTC, as signed 32 bits.
		if offset := -int64(int32(uint32(n))) * 60; offset >= -24*3600 && offset <= 24*3600 {
			row.UTCOffset = &offset
		}
	}
	// The language of the system itself, which people's own settings do not change.
	if k, err := h.Key(host.View64, `HKU\.DEFAULT\Control Panel\International`, "LocaleName"); err == nil {
		row.Locale = k.Text("LocaleName")
	}
	switch n, _ := key(control, "PEFirmwareType").Number("PEFirmwareType"); n {
	case 1:
		row.BootMode = "bios"
	case 2:
		row.BootMode = "uefi"
	}
	if k, err := h.Key(host.View64, control, "ContainerType"); err == nil && k.Has("ContainerType") {
		row.Container = "windows"
	}
	return row, asked, faults, nil
}

// current is the key CurrentVersion.
type current struct{ host.Key }

// fill writes name, version, build and edition. Windows 11 calls itself
// Windows 10 in the registry; what began with build 22000 is 11.
func (k current) fill(row *inventory.OS) {
	const eleven = 22000
	row.Name, row.Edition, row.KernelBuild = k.Text("ProductName"), k.Text("EditionID"), k.Text("BuildLabEx")
	server := strings.HasPrefix(k.Text("InstallationType"), "Server")
	if k.Has("InstallationType") {
		row.Server = &server
	}
	build := k.Text("CurrentBuild")
	number, _ := strconv.Atoi(build)
	if rest, ok := strings.CutPrefix(row.Name, "Windows 10"); ok && number >= eleven && !server {
		row.Name = "Windows 11" + rest
	}
	if k.Text("InstallationType") == "Server Core" {
		row.Name += " (Server Core)"
	}
	if row.Release = k.Text("DisplayVersion"); row.Release == "" {
		row.Release = k.Text("ReleaseId")
	}
	if build == "" {
		return
	}
	row.Build = build
	if ubr, ok := k.Number("UBR"); ok {
		row.Build = fmt.Sprintf("%s.%d", build, ubr)
	}
	major, ok := k.Number("CurrentMajorVersionNumber")
	minor, _ := k.Number("CurrentMinorVersionNumber")
	switch {
	case ok:
		row.Version = fmt.Sprintf("%d.%d.%s", major, minor, row.Build)
	case k.Text("CurrentVersion") != "": // before Windows 10
		row.Version = k.Text("CurrentVersion") + "." + row.Build
	}
}

// firstInstall sets when this release came, and when the first of this
// installation did: each feature update leaves the one before in a key of its
// own, "Source OS (Updated on …)".
func firstInstall(h *host.Host, v host.Key, row *inventory.OS) {
	date := func(k host.Key) time.Time {
		n, ok := k.Number("InstallDate")
		if !ok || n == 0 || n > 1<<32 {
			return time.Time{}
		}
		return time.Unix(int64(n), 0).UTC()
	}
	times := []time.Time{date(v)}
	row.InstalledAt = oldest(h.Now(), times...)
	setup, err := h.Key(host.View64, `HKLM\SYSTEM\Setup`, "CmdLine")
	if err != nil {
		return // before Windows 10
	}
	for _, name := range setup.Subkeys[:min(len(setup.Subkeys), 100)] {
		if !strings.HasPrefix(name, "Source OS") {
			continue
		}
		if k, err := h.Key(host.View64, `HKLM\SYSTEM\Setup\`+name, "InstallDate"); err == nil {
			times = append(times, date(k))
		}
	}
	row.FirstInstallAt = oldest(h.Now(), times...)
}

// windowsArch is the catalogue's word for an architecture of Windows.
func windowsArch(s string) string {
	switch strings.ToUpper(s) {
	case "AMD64", "ARM64":
		return strings.ToLower(s)
	case "X86":
		return "386"
	case "ARM":
		return "arm"
	case "":
		return ""
	}
	return "other"
}
