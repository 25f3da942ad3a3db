package inventory

import "time"

// System is the machine as its maker describes it. Serial numbers and UUIDs
// stand as the firmware says them, placeholders included: what counts as
// evidence of identity is judged by the collector, never by the agent.
type System struct {
	Vendor                    string    `inv:"vendor,dict" doc:"Maker of the machine (SMBIOS type 1 manufacturer)."`
	Model                     string    `inv:"model,dict" doc:"Product name of the machine."`
	ModelVersion              string    `inv:"model_version,dict" doc:"Version the maker gives the product; Lenovo puts the marketing name here."`
	Family                    string    `inv:"family,dict" doc:"Product family."`
	SKU                       string    `inv:"sku,dict" doc:"Stock keeping unit, by which makers look up parts and drivers."`
	Serial                    string    `inv:"serial" doc:"Serial number of the machine."`
	UUID                      string    `inv:"uuid" doc:"SMBIOS system UUID in lower case with hyphens."`
	AssetTag                  string    `inv:"asset_tag" doc:"Asset tag stored in the chassis record of the firmware."`
	ChassisType               string    `inv:"chassis_type" enum:"desktop|low_profile_desktop|mini_tower|tower|all_in_one|mini_pc|stick_pc|laptop|notebook|portable|handheld|tablet|convertible|detachable|docking_station|rack_mount|blade|blade_enclosure|main_server|embedded|iot_gateway|switch|router|firewall|access_point|wireless_controller|printer|ups|pdu|nas|camera|phone|other" doc:"Kind of enclosure (SMBIOS type 3) or, for network gear, kind of device."`
	ChassisVendor             string    `inv:"chassis_vendor,dict" doc:"Maker of the enclosure."`
	ChassisVersion            string    `inv:"chassis_version,dict" doc:"Version of the enclosure."`
	ChassisSerial             string    `inv:"chassis_serial" doc:"Serial number of the enclosure."`
	BoardVendor               string    `inv:"board_vendor,dict" doc:"Maker of the main board (SMBIOS type 2)."`
	BoardModel                string    `inv:"board_model,dict" doc:"Product name of the main board."`
	BoardVersion              string    `inv:"board_version,dict" doc:"Version of the main board."`
	BoardSerial               string    `inv:"board_serial" doc:"Serial number of the main board."`
	FirmwareVendor            string    `inv:"firmware_vendor,dict" doc:"Maker of the BIOS or UEFI firmware (SMBIOS type 0)."`
	FirmwareVersion           string    `inv:"firmware_version,dict,version" doc:"Version of the BIOS, UEFI or boot firmware."`
	FirmwareAt                time.Time `inv:"firmware_at" doc:"Release date of the firmware."`
	FirmwareRelease           string    `inv:"firmware_release,dict" doc:"Major and minor release numbers of the firmware, such as 1.27."`
	ControllerFirmwareVersion string    `inv:"controller_firmware_version,dict,version" doc:"Version of the embedded controller's or management controller's firmware."`
	SMBIOSVersion             string    `inv:"smbios_version,dict" doc:"Version of the SMBIOS tables the facts come from."`
	Virtual                   *bool     `inv:"virtual_machine" doc:"True when the machine is a virtual one."`
	Hypervisor                string    `inv:"hypervisor,dict" enum:"kvm|qemu|vmware|hyperv|virtualbox|xen|parallels|bhyve|apple|wsl|container|cloud|other" doc:"What a virtual machine or container runs on, as far as it can be told from inside."`
	WakeReason                string    `inv:"wake_reason,latest" doc:"What started the machine last (SMBIOS type 1 wake-up type), such as power_switch or lan."`
}

// Section says how the section is named, kept and read.
func (System) Section() Meta {
	return Meta{Name: "system", Doc: "Maker, model, serial numbers, enclosure, main board and firmware of the machine.", Single: true, Cadence: 24 * time.Hour,
		Windows: "GetSystemFirmwareTable('RSMB') types 0-3", Darwin: "ioreg -arc IOPlatformExpertDevice, system_profiler SPHardwareDataType, sysctl kern.hv_vmm_present", Linux: "/sys/firmware/dmi/tables/DMI types 0-3; /sys/class/dmi/id; /proc/device-tree",
		SNMP: "ENTITY-MIB chassis, vendor objects of the profile, sysDescr"}
}
