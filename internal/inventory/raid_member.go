package inventory

import "time"

// RaidMember is one drive in an array.
type RaidMember struct {
	Array  string `inv:"array_name,key" doc:"Array (raid_array.name)."`
	Member string `inv:"member,key" doc:"Drive or partition, such as sda1, or its bay."`
	Slot   *int64 `inv:"slot_number" doc:"Place in the array."`
	State  string `inv:"state" enum:"ok|spare|rebuilding|failed|missing|removed|unknown" doc:"State of the drive in the array."`
	Serial string `inv:"serial" doc:"Serial number of the drive."`
	Errors *int64 `inv:"error_count,latest" unit:"count" doc:"Errors counted against it."`
}

// Section says how the section is named, kept and read.
func (RaidMember) Section() Meta {
	return Meta{Name: "raid_member", Doc: "Drives of arrays and their state in them.", Cadence: time.Hour,
		Windows: "MSFT_StoragePoolToPhysicalDisk, MSFT_PhysicalDisk (child)", Darwin: "diskutil appleRAID list -plist", Linux: "/sys/block/md*/md/dev-*, /sys/fs/btrfs", SNMP: "CPQIDA-MIB, SYNOLOGY-DISK-MIB"}
}
