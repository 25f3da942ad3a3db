package platform

import (
	"context"
	"testing"

	"muster/agent/gather/recorded"
)

// laptop is well kept, kiosk is not.
const laptop = `
-- hex /sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c --
06 00 00 00 01
-- hex /sys/firmware/efi/efivars/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c --
06 00 00 00 00
-- /sys/class/tpm/tpm0/tpm_version_major --
2
-- values /sys/kernel/security --
lockdown none [integrity] confidentiality
lsm lockdown,capability,yama,selinux,bpf
-- /sys/fs/selinux/enforce --
1
-- /proc/sys/kernel/tainted --
0
-- values /sys/class/iommu/dmar0 --
name x
-- values /sys/kernel/iommu_groups --
0/type identity
1/type DMA-FQ
-- values /sys/class/firmware-attributes/thinklmi/authentication --
Admin/is_enabled 1
Admin/role bios-admin
System/is_enabled 0
System/role power-on
-- /etc/systemd/system/multi-user.target.wants/cron.service --
-- /etc/gdm/custom.conf --
[daemon]
WaylandEnable=true
`

const kiosk = `
-- /sys/class/dmi/id/sys_vendor --
Test
-- /sys/firmware/acpi/tables/APIC --
-- /sys/kernel/security/lsm --
capability,apparmor
-- /sys/module/apparmor/parameters/enabled --
Y
-- /proc/sys/kernel/tainted --
12289
-- /sys/class/iommu/ --
-- /etc/systemd/system/multi-user.target.wants/sshd.service --
-- /etc/systemd/system/getty@tty1.service.d/override.conf --
[Service]
ExecStart=-/sbin/agetty --autologin kiosk %I
`

const old = `
-- /sys/kernel/ --
-- /sys/class/tpm/tpm0/device/caps --
Manufacturer: 0x53544d20
TCG version: 1.2
Firmware version: 13.12
-- values /sys/class/tpm/tpm0/device --
enabled 1
owned 0
-- /etc/selinux/config --
SELINUX=disabled
`

func TestGolden(t *testing.T) {
	for name, text := range map[string]string{"laptop": laptop, "kiosk": kiosk, "old": old, "nothing": ""} {
		t.Run(name, func(t *testing.T) {
			h := recorded.Unpack(t, []byte(text))
			r, err := Read(context.Background(), h)
			recorded.Golden(t, h, "platform_security", "platform_security."+name, r, err)
		})
	}
}

// TestMachines reads the recorded machines.
func TestMachines(t *testing.T) {
	for _, name := range recorded.Names() {
		t.Run(name, func(t *testing.T) {
			h := recorded.Machine(t, name)
			r, err := Read(context.Background(), h)
			recorded.Golden(t, h, "platform_security", "platform_security."+name, r, err)
		})
	}
}
