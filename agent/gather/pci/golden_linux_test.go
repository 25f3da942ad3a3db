package pci

import (
	"context"
	"testing"

	"muster/agent/gather/recorded"
)

// laptop has graphics in the processor and a card; dock one outside.
const laptop = `
-- links /sys/bus/pci/devices --
0000:00:02.0 ../../../devices/pci0000:00/0000:00:02.0
0000:01:00.0 ../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0
0000:3a:00.0 ../../../devices/pci0000:00/0000:00:1d.0/0000:3a:00.0
-- values /sys/devices/pci0000:00/0000:00:02.0 --
vendor 0x8086
device 0x46a6
subsystem_vendor 0x17aa
subsystem_device 0x22e7
class 0x030000
revision 0x0c
boot_vga 1
-- /sys/devices/pci0000:00/0000:00:02.0/driver -> ../../../bus/pci/drivers/i915 --
-- values /sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0 --
vendor 0x10de
device 0x1f99
class 0x030200
revision 0xa1
boot_vga 0
current_link_width 8
max_link_width 16
broken_parity_status 1
-- /sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/driver -> ../../../../bus/pci/drivers/nvidia --
-- /sys/bus/pci/drivers/nvidia/module -> ../../../../module/nvidia --
-- /sys/module/nvidia/version --
550.78
-- /proc/driver/nvidia/gpus/0000:01:00.0/information --
Model: 		 Test Card
Video BIOS: 	 90.17.42.00.01
-- /sys/devices/pci0000:00/0000:00:1d.0/removable --
removable
-- values /sys/devices/pci0000:00/0000:00:1d.0/0000:3a:00.0 --
vendor 0x1002
device 0x73ff
class 0x030000
current_link_width 255
max_link_width 4
mem_info_vram_total 8573157376
mem_info_vram_used 12345344
vbios_version 113-TEST-01
hwmon/hwmon3/temp1_input 47650
-- /sys/bus/pci/slots/SLOT3/address --
0000:01:00
-- /run/udev/data/+pci:0000:3a:00.0 --
E:ID_VENDOR_FROM_DATABASE=Name by udev
-- /usr/share/hwdata/pci.ids --
10de  Maker of Cards
	1f99  TU117M [Test 1650]
8086  Maker of Processors
	46a6  Alder Test GT2
C 03  Display controller
	00  VGA compatible controller
	02  3D controller
`

const board = `
-- /sys/class/drm/card0/device -> ../../../devices/platform/gpu --
-- /sys/class/drm/card0-HDMI-A-1/status --
connected
-- /sys/devices/platform/gpu/driver -> ../../../bus/platform/drivers/vc4-drm --
-- /sys/devices/platform/gpu/of_node/compatible --
brcm,bcm2711-vc5
`

func TestGolden(t *testing.T) {
	for name, text := range map[string]string{"laptop": laptop, "board": board, "nothing": "-- /etc/hostname --\nx\n"} {
		t.Run(name, func(t *testing.T) {
			h := recorded.Unpack(t, []byte(text))
			r, err := Read(context.Background(), h)
			recorded.Golden(t, h, "pci_device", "pci_device."+name, r, err)
			r, err = ReadGPUs(context.Background(), h)
			recorded.Golden(t, h, "gpu", "gpu."+name, r, err)
		})
	}
}
