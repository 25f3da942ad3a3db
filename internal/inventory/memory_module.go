package inventory

import "time"

// MemoryModule is one slot for memory and what is in it. The number is the
// key because boards name several slots alike.
type MemoryModule struct {
	SlotNumber           int64  `inv:"slot_number,key" doc:"Number of the slot in the firmware's order, from 0."`
	Slot                 string `inv:"slot,dict" doc:"Name of the slot on the board, such as DIMM_A1."`
	Bank                 string `inv:"bank,dict" doc:"Bank or channel the slot belongs to."`
	Populated            *bool  `inv:"populated" doc:"True when the slot holds a module."`
	SizeBytes            int64  `inv:"size_bytes" unit:"byte" doc:"Size of the module."`
	Technology           string `inv:"technology,dict" doc:"Kind of memory, such as DDR4, DDR5 or LPDDR5."`
	FormFactor           string `inv:"form_factor,dict" doc:"Form, such as DIMM, SODIMM or soldered."`
	RatedTransfers       int64  `inv:"rated_transfers_per_second" unit:"transfer_per_second" doc:"Transfers per second the module is made for."`
	ActualTransfers      int64  `inv:"configured_transfers_per_second" unit:"transfer_per_second" doc:"Transfers per second it runs at."`
	Rank                 *int64 `inv:"rank_count" unit:"count" doc:"Ranks of the module."`
	DataBits             *int64 `inv:"data_width_bits" unit:"bit" doc:"Width of the data path."`
	TotalBits            *int64 `inv:"total_width_bits" unit:"bit" doc:"Width with error correction; more than the data width says ECC."`
	Vendor               string `inv:"vendor,dict" doc:"Maker of the module."`
	Model                string `inv:"model,dict" doc:"Part number."`
	Serial               string `inv:"serial" doc:"Serial number of the module."`
	AssetTag             string `inv:"asset_tag" doc:"Asset tag of the module."`
	ConfiguredMillivolts *int64 `inv:"configured_millivolts" unit:"millivolt" doc:"Voltage it runs at."`
	CorrectedSum         *int64 `inv:"corrected_error_count,latest" unit:"count" doc:"Corrected errors the system counted for it since it started (EDAC)."`
	UncorrectedSum       *int64 `inv:"uncorrected_error_count,latest" unit:"count" doc:"Uncorrected errors the system counted for it since it started (EDAC)."`
}

// Section says how the section is named, kept and read.
func (MemoryModule) Section() Meta {
	return Meta{Name: "memory_module", Doc: "Memory slots and the modules in them.", Cadence: 24 * time.Hour,
		Windows: "SMBIOS types 16 and 17", Darwin: "system_profiler SPMemoryDataType -json", Linux: "SMBIOS types 16 and 17; /sys/devices/system/edac/mc"}
}
