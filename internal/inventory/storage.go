package inventory

import "time"

// Storage is one store of a polled device: file system, flash, RAID volume.
// Volumes of PCs are section volume.
type Storage struct {
	Name        string   `inv:"name,key" doc:"Name, such as / or flash; its index in brackets where two are named alike."`
	Index       *int64   `inv:"storage_index,latest" doc:"Number of the store (hrStorageIndex)."`
	Kind        string   `inv:"kind" enum:"fixed_disk|removable|flash|network|ram_disk|optical|raid|virtual_memory|other" doc:"Kind of store."`
	SizeBytes   int64    `inv:"size_bytes" unit:"byte" doc:"Size of the store."`
	UnitBytes   int64    `inv:"allocation_unit_bytes" unit:"byte" doc:"Unit the device counts in."`
	State       string   `inv:"state" enum:"ok|degraded|failed|read_only|unknown" doc:"State, where told."`
	UsedBytes   *int64   `inv:"used_bytes,latest" unit:"byte" doc:"Space in use."`
	FreeBytes   *int64   `inv:"free_bytes,latest" unit:"byte" doc:"Space free."`
	UsedPercent *float64 `inv:"used_percent,latest" unit:"percent" doc:"Share in use."`
}

// Section says how the section is named, kept and read.
func (Storage) Section() Meta {
	return Meta{Name: "storage", Doc: "File systems and stores of polled devices.", Cadence: 5 * time.Minute,
		SNMP: "HOST-RESOURCES-MIB hrStorageTable, UCD-SNMP-MIB dskTable, CISCO-FLASH-MIB, SYNOLOGY-RAID-MIB, QNAP NAS-MIB"}
}
