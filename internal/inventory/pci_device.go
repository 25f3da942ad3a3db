package inventory

import "time"

// PCIDevice is one function on a PCI bus, bridges included.
type PCIDevice struct {
	Address       string `inv:"address,key" doc:"Address as domain:bus:device.function, such as 0000:00:1f.6."`
	VendorID      string `inv:"vendor_id" doc:"PCI vendor number, four hexadecimal digits."`
	ProductID     string `inv:"product_id" doc:"PCI device number, four hexadecimal digits."`
	SubVendorID   string `inv:"subsystem_vendor_id" doc:"Vendor number of the card."`
	SubProductID  string `inv:"subsystem_product_id" doc:"Device number of the card."`
	ClassID       string `inv:"class_id" doc:"Class, subclass and interface, six hexadecimal digits."`
	Class         string `inv:"device_class,dict" doc:"Name of the class."`
	Vendor        string `inv:"vendor,dict" doc:"Maker of the device."`
	Model         string `inv:"model,dict" doc:"Name of the device."`
	Revision      string `inv:"revision" doc:"Revision, two hexadecimal digits."`
	Slot          string `inv:"slot" doc:"Slot on the board, where the firmware names it."`
	Driver        string `inv:"driver,dict" doc:"Driver in use; empty when none is."`
	DriverVersion string `inv:"driver_version,dict,version" doc:"Version of the driver."`
	LinkWidth     *int64 `inv:"link_lane_count" unit:"count" doc:"Lanes in use."`
	MaxLinkWidth  *int64 `inv:"max_link_lane_count" unit:"count" doc:"Lanes it could use; fewer in use may be a bad contact."`
	Fault         string `inv:"fault" doc:"Fault code or text the system holds against it."`
}

// Section says how the section is named, kept and read.
func (PCIDevice) Section() Meta {
	return Meta{Name: "pci_device", Doc: "Devices on PCI buses with their drivers.", Cadence: 24 * time.Hour,
		Windows: "SetupDiGetClassDevs PCI, present", Darwin: "ioreg -arc IOPCIDevice", Linux: "/sys/bus/pci/devices, pci.ids"}
}
