package inventory

import "time"

// MemoryPool is one pool of memory of a polled device.
type MemoryPool struct {
	Name        string   `inv:"name,key" doc:"Name, such as Processor, I/O or Physical memory; its index in brackets where two are named alike."`
	EntityIndex *int64   `inv:"entity_index" doc:"Entity it belongs to (entity.entity_index)."`
	Source      string   `inv:"source,dict" doc:"Object the figures are read from."`
	SizeBytes   *int64   `inv:"size_bytes,latest" unit:"byte" doc:"Size; moves on devices that give out memory as needed."`
	UsedBytes   *int64   `inv:"used_bytes,latest" unit:"byte" doc:"Memory in use, buffers and cache apart."`
	FreeBytes   *int64   `inv:"free_bytes,latest" unit:"byte" doc:"Memory free."`
	CachedBytes *int64   `inv:"cached_bytes,latest" unit:"byte" doc:"Memory in buffers and cache, where told apart."`
	UsedPercent *float64 `inv:"used_percent,latest" unit:"percent" doc:"Share in use; some devices tell nothing else."`
}

// Section says how the section is named, kept and read.
func (MemoryPool) Section() Meta {
	return Meta{Name: "memory_pool", Doc: "Memory pools of polled devices and their use.", Cadence: time.Minute,
		SNMP: "HOST-RESOURCES-MIB hrStorage, UCD-SNMP-MIB, CISCO-MEMORY-POOL-MIB, CISCO-ENHANCED-MEMPOOL-MIB and vendor objects of the profile"}
}
