package inventory

import "time"

// RaidArray is one array, pool or storage space built from several drives.
type RaidArray struct {
	Name        string    `inv:"name,key" doc:"Name, such as md0, tank or Storage Pool 1."`
	Kind        string    `inv:"kind" enum:"md|zfs|btrfs|lvm|dm|storage_spaces|apple|hardware|nas|other" doc:"What builds it."`
	Level       string    `inv:"raid_level,dict" doc:"Level, such as raid1, raid6, raidz2 or mirror."`
	State       string    `inv:"state" enum:"ok|degraded|rebuilding|checking|failed|inactive|unknown" doc:"State of the array."`
	StateText   string    `inv:"state_text" doc:"State in the source's own words."`
	Members     *int64    `inv:"member_count" unit:"count" doc:"Drives it is made for."`
	Active      *int64    `inv:"active_member_count" unit:"count" doc:"Drives that work in it."`
	Failed      *int64    `inv:"failed_member_count" unit:"count" doc:"Drives that failed in it."`
	Spares      *int64    `inv:"spare_count" unit:"count" doc:"Drives that wait as spares."`
	SizeBytes   int64     `inv:"size_bytes" unit:"byte" doc:"Usable size."`
	Controller  string    `inv:"controller,dict" doc:"Controller that builds it."`
	UUID        string    `inv:"uuid" doc:"UUID of the array."`
	FreeBytes   *int64    `inv:"free_bytes,latest" unit:"byte" doc:"Space not given to volumes, or free in the pool."`
	SyncPercent *float64  `inv:"sync_percent,latest" unit:"percent" doc:"Progress of rebuild or check."`
	Mismatches  *int64    `inv:"mismatch_count,latest" unit:"count" doc:"Blocks found unequal by the last check, or checksum errors."`
	CheckedAt   time.Time `inv:"checked_at,latest" doc:"When the last check or scrub ended."`
}

// Section says how the section is named, kept and read.
func (RaidArray) Section() Meta {
	return Meta{Name: "raid_array", Doc: "Arrays, pools and storage spaces with their state.", Cadence: time.Hour,
		Windows: "MSFT_StoragePool, MSFT_VirtualDisk (child)", Darwin: "diskutil appleRAID list -plist", Linux: "/sys/block/md*/md, /sys/fs/btrfs, /proc/spl/kstat/zfs, /sys/class/raid_devices",
		SNMP: "SYNOLOGY-RAID-MIB, QNAP NAS-MIB, CPQIDA-MIB"}
}
