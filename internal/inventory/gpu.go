package inventory

import "time"

// GPU is one graphics adapter.
type GPU struct {
	Address       string    `inv:"address,key" doc:"PCI address, or the system's number of the adapter where it has none."`
	VendorID      string    `inv:"vendor_id" doc:"PCI vendor number, four hexadecimal digits."`
	ProductID     string    `inv:"product_id" doc:"PCI device number, four hexadecimal digits."`
	Vendor        string    `inv:"vendor,dict" doc:"Maker of the chip."`
	Model         string    `inv:"model,dict" doc:"Name of the adapter."`
	Kind          string    `inv:"kind" enum:"integrated|discrete|external|virtual|other" doc:"How the adapter is built in."`
	MemoryBytes   int64     `inv:"memory_bytes" unit:"byte" doc:"Memory of its own."`
	CoreCount     *int64    `inv:"core_count" unit:"count" doc:"Shader cores, where the system tells."`
	Driver        string    `inv:"driver,dict" doc:"Driver in use."`
	DriverVersion string    `inv:"driver_version,dict,version" doc:"Version of the driver."`
	DriverAt      time.Time `inv:"driver_at" doc:"Date of the driver."`
	Firmware      string    `inv:"firmware_version,dict" doc:"Video BIOS version."`
	Boot          *bool     `inv:"boot" doc:"True for the adapter the firmware showed its picture on."`
	Fault         string    `inv:"fault" doc:"Fault code or text the system holds against the adapter."`
	Celsius       *float64  `inv:"temperature_celsius,latest" unit:"celsius" doc:"Temperature of the chip."`
	UsedBytes     *int64    `inv:"memory_used_bytes,latest" unit:"byte" doc:"Own memory in use."`
}

// Section says how the section is named, kept and read.
func (GPU) Section() Meta {
	return Meta{Name: "gpu", Doc: "Graphics adapters with memory and driver.", Cadence: 24 * time.Hour,
		Windows: `HKLM\SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}`, Darwin: "system_profiler SPDisplaysDataType -json", Linux: "/sys/bus/pci/devices, /sys/class/drm, pci.ids, /proc/driver/nvidia"}
}
