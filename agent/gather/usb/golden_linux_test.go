package usb

import (
	"context"
	"testing"

	"muster/agent/gather/recorded"
)

// desk is a dock with a keyboard, two tokens of one serial number, a headset
// of several functions and a phone that only charges.
const desk = `
-- links /sys/bus/usb/devices --
usb1 ../../../devices/pci0000:00/0000:00:14.0/usb1
1-4 ../../../devices/pci0000:00/0000:00:14.0/usb1/1-4
1-4.1 ../../../devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4.1
1-4.2 ../../../devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4.2
1-4.3 ../../../devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4.3
1-5 ../../../devices/pci0000:00/0000:00:14.0/usb1/1-5
1-6 ../../../devices/pci0000:00/0000:00:14.0/usb1/1-6
1-4:1.0 ../../../devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.0
-- values /sys/devices/pci0000:00/0000:00:14.0/usb1/1-4 --
idVendor aa10
idProduct 0001
bDeviceClass 09
bcdDevice 0515
speed 480
bMaxPower 0mA
manufacturer Dock   Works
product USB 2.0 Hub
serial 000000000001
1-4.1/idVendor aa20
1-4.1/idProduct 0102
1-4.1/bDeviceClass 00
1-4.1/speed 1.5
1-4.1/bMaxPower 100mA
1-4.1/1-4.1:1.0/bInterfaceClass 03
1-4.1/1-4.1:1.1/bInterfaceClass 03
1-4.2/idVendor aa30
1-4.2/idProduct 0407
1-4.2/serial K-1
1-4.2/bDeviceClass 0b
1-4.3/idVendor aa30
1-4.3/idProduct 0407
1-4.3/serial K-1
1-4.3/authorized 0
-- /sys/devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4.1/1-4.1:1.0/driver -> ../../../../../../../bus/usb/drivers/usbhid --
-- /sys/module/usbhid/version --
1.2
-- values /sys/devices/pci0000:00/0000:00:14.0/usb1/1-5 --
idVendor aa40
idProduct 9999
serial HS-77
bDeviceClass ef
1-5:1.0/bInterfaceClass 01
1-5:1.3/bInterfaceClass 03
-- values /sys/devices/pci0000:00/0000:00:14.0/usb1/1-6 --
product pulled out
-- /usr/share/misc/usb.ids --
aa20  Keys Ltd.
	0102  Keyboard 102
`

func TestGolden(t *testing.T) {
	h := recorded.Unpack(t, []byte(desk))
	r, err := Read(context.Background(), h)
	recorded.Golden(t, h, "usb_device", "usb_device", r, err)
	r, err = Read(context.Background(), recorded.Unpack(t))
	recorded.Golden(t, h, "usb_device", "usb_device.none", r, err)
}
