package inventory

import "time"

// Disk is one physical drive as the operating system names it. Drives are
// followed over renaming by serial and wwn; rows stay keyed by name because
// many drives of virtual machines and USB bridges have neither. What wears or
// fails on a drive is disk_health.
type Disk struct {
	Name           string `inv:"name,key" doc:"Kernel or OS name of the drive, such as sda, nvme0n1, PhysicalDrive0 or disk0."`
	Vendor         string `inv:"vendor,dict" doc:"Maker, where the drive tells it apart from the model."`
	Model          string `inv:"model,dict" doc:"Model as the drive reports it, surplus spaces removed."`
	Serial         string `inv:"serial" doc:"Serial number as the drive reports it."`
	WWN            string `inv:"wwn" doc:"World wide name, EUI-64 or NGUID, in lower case hexadecimal."`
	Firmware       string `inv:"firmware_version,dict" doc:"Firmware revision of the drive."`
	SizeBytes      int64  `inv:"size_bytes" unit:"byte" doc:"Capacity the drive reports."`
	LogicalBytes   int64  `inv:"logical_sector_bytes" unit:"byte" doc:"Size of a logical sector."`
	PhysicalBytes  int64  `inv:"physical_sector_bytes" unit:"byte" doc:"Size of a physical sector."`
	Kind           string `inv:"kind" enum:"hdd|ssd|emmc|flash|virtual|optical|other" doc:"What stores the data."`
	Rotational     *bool  `inv:"rotational" doc:"True for a drive with spinning platters."`
	RPM            *int64 `inv:"rotation_rpm" unit:"rpm" doc:"Speed of the platters."`
	Bus            string `inv:"bus" enum:"sata|nvme|sas|usb|mmc|virtio|scsi|ide|raid|fc|iscsi|firewire|thunderbolt|xen|hyperv|vmware|spaces|other" doc:"How the drive is attached."`
	BusAddress     string `inv:"bus_address" doc:"Where it is attached, such as a PCI address or a SCSI host:channel:target:lun."`
	LinkBits       int64  `inv:"link_bits_per_second" unit:"bit_per_second" doc:"Speed the link to the drive runs at."`
	MaxLinkBits    int64  `inv:"max_link_bits_per_second" unit:"bit_per_second" doc:"Highest speed the drive offers on its link."`
	Slot           string `inv:"slot" doc:"Bay, slot or enclosure position."`
	Driver         string `inv:"driver,dict" doc:"Driver of the drive's controller."`
	Controller     string `inv:"controller,dict" doc:"Controller the drive hangs on."`
	Removable      *bool  `inv:"removable" doc:"True when the medium can be taken out."`
	Internal       *bool  `inv:"internal" doc:"True when the drive is built in; a built-in drive that vanishes is a fault."`
	Boot           *bool  `inv:"boot" doc:"True when the running system was started from the drive or lies on it."`
	ReadOnly       *bool  `inv:"read_only" doc:"True when the drive refuses writing."`
	PartitionTable string `inv:"partition_table" enum:"gpt|mbr|apm|none|other" doc:"Kind of partition table."`
	PartitionCount *int64 `inv:"partition_count" unit:"count" doc:"Number of partitions."`
	Discard        *bool  `inv:"discard" doc:"True when the drive takes discard commands."`
	SMART          *bool  `inv:"smart_capable" doc:"True when the drive's own health can be read; false says that it cannot be seen."`
	Status         string `inv:"status" enum:"ok|warning|failed|missing|rebuilding|unknown" doc:"State as operating system or storage unit sees it."`
}

// Section says how the section is named, kept and read.
func (Disk) Section() Meta {
	return Meta{Name: "disk", Doc: "Physical drives: model, serial number, size and how they are attached.", Cadence: 24 * time.Hour,
		Windows: `\\.\PhysicalDriveN IOCTL_STORAGE_QUERY_PROPERTY (device, seek penalty, trim)`, Darwin: "system_profiler SPNVMeDataType, SPSerialATADataType", Linux: "/sys/block/*/device, /sys/block/*/queue, /run/udev/data",
		SNMP: "SYNOLOGY-DISK-MIB, QNAP NAS-MIB, CPQIDA-MIB, HOST-RESOURCES-MIB hrDiskStorage"}
}
