package inventory

import "time"

// USBDevice is one attached USB device, hubs and docks included; root hubs
// are left out. A device with a serial number keeps its row over all ports;
// one without is known by where it is plugged in.
type USBDevice struct {
	VendorID      string `inv:"vendor_id,key" doc:"USB vendor number, four hexadecimal digits."`
	ProductID     string `inv:"product_id,key" doc:"USB product number, four hexadecimal digits."`
	Instance      string `inv:"instance,key" doc:"Serial number of the device, or where it is plugged in when it has none of its own."`
	Vendor        string `inv:"vendor,dict" doc:"Maker of the device."`
	Model         string `inv:"model,dict" doc:"Product name."`
	Serial        string `inv:"serial" doc:"Serial number of the device; empty when the system made one up."`
	Location      string `inv:"location" doc:"Chain of ports it is plugged into, such as 1-4.2."`
	ParentID      string `inv:"parent_location" doc:"Location of the hub or dock it hangs on."`
	Class         string `inv:"device_class" enum:"audio|communication|hid|printer|storage|hub|imaging|video|smart_card|wireless|billboard|vendor|composite|other" doc:"Class of the device or of its first interface."`
	Driver        string `inv:"driver,dict" doc:"Driver in use."`
	DriverVersion string `inv:"driver_version,dict,version" doc:"Version of the driver."`
	Revision      string `inv:"revision,dict" doc:"Release number of the device (bcdDevice)."`
	SpeedBits     int64  `inv:"speed_bits_per_second" unit:"bit_per_second" doc:"Speed it is attached with."`
	PowerMA       *int64 `inv:"max_power_milliamperes" unit:"milliampere" doc:"Current it asks for."`
	Fault         string `inv:"fault" doc:"Fault code or text the system holds against it."`
}

// Section says how the section is named, kept and read.
func (USBDevice) Section() Meta {
	return Meta{Name: "usb_device", Doc: "Attached USB devices, hubs and docks.", Cadence: time.Hour,
		Windows: "SetupDiGetClassDevs USB, present", Darwin: "ioreg -a -l -p IOUSB", Linux: "/sys/bus/usb/devices, usb.ids"}
}
