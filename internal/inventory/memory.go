package inventory

import "time"

// Memory is the main memory as a whole; single modules are memory_module. A
// module that is gone shows here first.
type Memory struct {
	TotalBytes      int64    `inv:"total_bytes" unit:"byte" doc:"Memory the operating system has to use."`
	InstalledBytes  int64    `inv:"installed_bytes" unit:"byte" doc:"Sum of the modules that the firmware reports."`
	MaxBytes        int64    `inv:"max_bytes" unit:"byte" doc:"Most the board takes, as the firmware says."`
	SlotCount       *int64   `inv:"slot_count" unit:"count" doc:"Slots for modules."`
	UsedSlotCount   *int64   `inv:"used_slot_count" unit:"count" doc:"Slots that hold a module."`
	Soldered        *bool    `inv:"soldered" doc:"True when all memory is fixed to the board."`
	ErrorCorrection string   `inv:"error_correction" enum:"none|parity|single_bit_ecc|multi_bit_ecc|crc|other" doc:"Error correction of the memory array."`
	SwapBytes       *int64   `inv:"swap_bytes" unit:"byte" doc:"Size of swap space or page files; 0 when there is none."`
	SwapOn          []string `inv:"swap_on" doc:"Devices or files that hold swap space or page files."`
	CorruptedBytes  *int64   `inv:"corrupted_bytes,latest" unit:"byte" doc:"Memory taken out of use because of hardware errors (HardwareCorrupted)."`
}

// Section says how the section is named, kept and read.
func (Memory) Section() Meta {
	return Meta{Name: "memory", Doc: "Main memory as a whole: usable, installed, slots, error correction and swap space.", Single: true, Cadence: time.Hour,
		Windows: "GlobalMemoryStatusEx, SMBIOS types 16 and 17, ExistingPageFiles", Darwin: "sysctl hw.memsize, vm.swapusage", Linux: "/proc/meminfo, /proc/swaps, SMBIOS type 16",
		SNMP: "HOST-RESOURCES-MIB hrMemorySize, UCD-SNMP-MIB memTotalReal"}
}
