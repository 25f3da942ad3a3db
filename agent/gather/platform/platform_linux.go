package platform

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
)

// global is the vendor of UEFI's own variables, EFI_GLOBAL_VARIABLE.
const global = "8be4df61-93ca-11d2-aa0d-00e098032b8c"

func read(ctx context.Context, h *host.Host) (inventory.PlatformSecurity, []string, error) {
	var r inventory.PlatformSecurity
	if !h.Exists("/sys/kernel") && !h.Exists("/proc/sys/kernel") {
		return r, nil, fmt.Errorf("neither sysfs nor procfs is mounted here, so the platform is not known: %w", errors.ErrUnsupported)
	}
	firmware(h, &r)
	chip(h, &r)
	kernel(h, &r)
	r.DMAProtection = guarded(h)
	r.FirmwareLocked = password(h)
	r.RemoteLogin = remote(h)
	r.AutoLogin = automatic(h)
	return r, []string{"sysfs"}, ctx.Err()
}

// firmware reads Secure Boot. A machine that was not started by UEFI has none.
func firmware(h *host.Host, r *inventory.PlatformSecurity) {
	if !h.Exists("/sys/firmware/efi") {
		// Boards without either kind of firmware, as most with ARM, say nothing.
		if h.Exists("/sys/firmware/dmi") || h.Exists("/sys/class/dmi/id") || h.Exists("/sys/firmware/acpi") {
			r.SecureBoot = new(false)
		}
		return
	}
	r.SecureBoot = flag(few(h, "/sys/firmware/efi/efivars/SecureBoot-"+global))
	r.SecureBootSetup = flag(few(h, "/sys/firmware/efi/efivars/SetupMode-"+global))
}

// few reads a file that is at most a few bytes long, as they are.
func few(h *host.Host, name string) []byte {
	f, err := h.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 64))
	if err != nil {
		return nil
	}
	return b
}

// chip reads the security chip as its driver shows it. Without a driver the
// firmware's tables still tell that there is one; whether it is usable then is
// not known.
func chip(h *host.Host, r *inventory.PlatformSecurity) {
	list := h.Glob("/sys/class/tpm/tpm[0-9]*")
	if len(list) == 0 {
		tables := h.Exists("/sys/firmware/acpi/tables")
		table := h.Exists("/sys/firmware/acpi/tables/TPM2") || h.Exists("/sys/firmware/acpi/tables/TCPA")
		if tables && !table {
			r.TPM = new(false)
		}
		return
	}
	at := list[0]
	r.TPM = new(true)
	switch h.Line(at + "/tpm_version_major") {
	case "1":
		r.TPMVersion = "1.2"
	case "2":
		r.TPMVersion = "2.0"
	}
	for _, p := range []string{at + "/caps", at + "/device/caps"} {
		if b, err := h.ReadFile(p); err == nil && len(b) < 4096 {
			r.TPMVendor, r.TPMFirmware = caps(string(b))
			if r.TPMVersion == "" {
				r.TPMVersion = "1.2" // only their drivers have it
			}
			break
		}
	}
	if on, owned := h.Line(at+"/device/enabled"), h.Line(at+"/device/owned"); on != "" {
		r.TPM = new(on == "1")
		r.TPMReady = new(on == "1" && owned == "1")
	}
}

// kernel reads what the kernel says of itself.
func kernel(h *host.Host, r *inventory.PlatformSecurity) {
	switch c := choice(h.Line("/sys/kernel/security/lockdown")); c {
	case "none", "integrity", "confidentiality":
		r.Lockdown = c
	}
	r.KernelTainted, r.TaintReasons = tainted(h.Line("/proc/sys/kernel/tainted"))
	modules := "," + h.Line("/sys/kernel/security/lsm") + ","
	switch {
	case h.Exists("/sys/fs/selinux/enforce"):
		r.AccessControl, r.AccessControlMode = "selinux", "permissive"
		if h.Line("/sys/fs/selinux/enforce") == "1" {
			r.AccessControlMode = "enforcing"
		}
	case h.Line("/sys/module/apparmor/parameters/enabled") == "Y":
		r.AccessControl, r.AccessControlMode = "apparmor", "enforcing"
	case strings.Contains(modules, ",smack,"):
		r.AccessControl, r.AccessControlMode = "smack", "enforcing"
	case strings.Contains(modules, ",tomoyo,"):
		r.AccessControl = "tomoyo" // whether it forbids is a matter of its profiles
	case h.Exists("/etc/selinux/config"):
		r.AccessControl, r.AccessControlMode = "selinux", "disabled"
	case h.Line("/sys/module/apparmor/parameters/enabled") == "N":
		r.AccessControl, r.AccessControlMode = "apparmor", "disabled"
	case modules != ",,":
		r.AccessControl = "none"
	}
}

// guarded says whether an IOMMU keeps devices to the memory that is meant for
// them: some group of devices is translated. One that lets all through
// (identity) guards nothing.
func guarded(h *host.Host) *bool {
	if !h.Exists("/sys/class/iommu") {
		return nil
	}
	if list, err := h.ReadDir("/sys/class/iommu"); err != nil || len(list) == 0 {
		return new(false)
	}
	groups := h.Glob("/sys/kernel/iommu_groups/*")
	told := false
	for i, g := range groups {
		if i == 512 {
			break
		}
		switch kind := h.Line(g + "/type"); {
		case strings.HasPrefix(kind, "DMA"):
			return new(true)
		case kind != "":
			told = true
		}
	}
	// Kernels before 5.11 do not tell the kind.
	return new(len(groups) > 0 && !told)
}

// password says whether the firmware's settings ask for the administrator's
// password (Documentation/ABI/testing/sysfs-class-firmware-attributes).
func password(h *host.Host) *bool {
	list := h.Glob("/sys/class/firmware-attributes/*/authentication/*/is_enabled")
	if len(list) == 0 {
		return nil
	}
	for _, p := range list {
		role := h.Line(path.Dir(p) + "/role")
		if (role == "bios-admin" || role == "") && h.Line(p) == "1" {
			return new(true)
		}
	}
	return new(false)
}

// remote says whether a service to sign in over the network starts with the
// machine; nil when it is not known how services start here.
func remote(h *host.Host) *bool {
	known := false
	for _, place := range []string{"/etc/systemd/system", "/etc/runlevels", "/etc/rc2.d"} {
		known = known || h.Exists(place)
	}
	if !known {
		return nil
	}
	for _, name := range []string{"ssh", "sshd", "xrdp", "gnome-remote-desktop", "dropbear"} {
		for _, pattern := range []string{
			"/etc/systemd/system/*.target.wants/" + name + ".service",
			"/etc/systemd/system/*.target.wants/" + name + ".socket",
			"/etc/runlevels/*/" + name,
			"/etc/rc2.d/S[0-9][0-9]" + name,
		} {
			if len(h.Glob(pattern)) > 0 {
				return new(true)
			}
		}
	}
	return new(false)
}

// automatic says whether the machine signs somebody in by itself; nil when
// there is no place to look.
func automatic(h *host.Host) *bool {
	known := h.Exists("/etc/systemd/system") || h.Exists("/etc/inittab")
	for _, pattern := range []string{
		"/etc/gdm*/custom.conf", "/etc/gdm*/daemon.conf", "/etc/lightdm/lightdm.conf", "/etc/lightdm/lightdm.conf.d/*.conf",
		"/etc/sddm.conf", "/etc/sddm.conf.d/*.conf", "/etc/systemd/system/getty@*.service.d/*.conf", "/etc/systemd/system/serial-getty@*.service.d/*.conf",
	} {
		for i, p := range h.Glob(pattern) {
			b, err := h.ReadFile(p)
			if err != nil || i == 32 {
				break
			}
			known = true
			if len(b) < 64<<10 && signsIn(string(b)) {
				return new(true)
			}
		}
	}
	if !known {
		return nil
	}
	return new(false)
}
