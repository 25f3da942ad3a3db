// Package platform reads section platform_security: what protects the machine
// below its programs.
//
// It owns what the firmware's variables, the security chip's attributes and
// the kernel's own words mean. It must not send a command to the chip, nor
// read what a file holds beyond the setting that it is asked for.
package platform

import (
	"context"
	"strconv"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	row, asked, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	return gather.Rows([]inventory.PlatformSecurity{row}, asked...)
}

// flag reads a variable of UEFI as Linux shows it: four bytes of attributes,
// then the value, here one byte (UEFI 2.10, section 3.3, SecureBoot and
// SetupMode). nil when it is not one.
func flag(b []byte) *bool {
	if len(b) != 5 || b[4] > 1 {
		return nil
	}
	return new(b[4] == 1)
}

// choice reads what is chosen of a list such as "none [integrity]
// confidentiality".
func choice(s string) string {
	_, rest, ok := strings.Cut(s, "[")
	chosen, _, ok2 := strings.Cut(rest, "]")
	if !ok || !ok2 {
		return ""
	}
	return chosen
}

// caps reads what the driver of a TPM 1.2 tells: "Manufacturer: 0x49465800",
// four letters, and "Firmware version: 6.40".
func caps(text string) (vendor, firmware string) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		switch name {
		case "Manufacturer":
			n, err := strconv.ParseUint(strings.TrimPrefix(value, "0x"), 16, 32)
			if err == nil {
				vendor = maker([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
			}
		case "Firmware version":
			if len(value) < 32 {
				firmware = value
			}
		}
	}
	return vendor, firmware
}

// maker is the name behind the four letters of the TCG's vendor ID registry.
func maker(id []byte) string {
	letters := strings.TrimRight(string(id), " \x00")
	switch letters {
	case "AMD":
		return "AMD"
	case "ATML":
		return "Atmel"
	case "BRCM":
		return "Broadcom"
	case "IBM":
		return "IBM"
	case "IFX":
		return "Infineon"
	case "INTC":
		return "Intel"
	case "MSFT":
		return "Microsoft"
	case "NTC":
		return "Nuvoton"
	case "NTZ":
		return "Nationz"
	case "STM":
		return "STMicroelectronics"
	}
	for _, c := range letters {
		if c < ' ' || c > '~' {
			return ""
		}
	}
	return letters
}

// taints names the bits of /proc/sys/kernel/tainted, lowest first
// (Documentation/admin-guide/tainted-kernels.rst).
func taints() []string {
	return []string{
		"proprietary module was loaded",
		"module was force loaded",
		"kernel running on an out of specification system",
		"module was force unloaded",
		"processor reported a machine check exception",
		"bad page referenced",
		"taint requested by userspace application",
		"kernel died recently",
		"ACPI table overridden by user",
		"kernel issued warning",
		"staging driver was loaded",
		"workaround for bug in platform firmware applied",
		"externally-built module was loaded",
		"unsigned module was loaded",
		"soft lockup occurred",
		"kernel has been live patched",
		"auxiliary taint, defined by the distribution",
		"kernel was built with the struct randomization plugin",
		"an in-kernel test has been run",
		"userspace used a mutating debug operation in fwctl",
	}
}

// tainted reads the number of taints.
func tainted(s string) (is *bool, reasons []string) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return nil, nil
	}
	for i, name := range taints() {
		if n&(1<<i) != 0 {
			reasons = append(reasons, name)
		}
	}
	return new(n != 0), reasons
}

// signsIn says whether a display manager's settings let somebody in without a
// password: GDM's AutomaticLoginEnable, LightDM's autologin-user, SDDM's User
// in [Autologin], and agetty's --autologin.
func signsIn(text string) bool {
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' {
			section = strings.ToLower(strings.Trim(line, "[]"))
			continue
		}
		key, value, _ := strings.Cut(line, "=")
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
		switch {
		case key == "automaticloginenable" && strings.EqualFold(value, "true"),
			key == "autologin-user" && value != "",
			key == "user" && section == "autologin" && value != "",
			key == "execstart" && strings.Contains(value, "--autologin"):
			return true
		}
	}
	return false
}
