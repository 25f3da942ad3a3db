package inventory

import "time"

// Entity is one physical part of a network device: chassis, module, supply,
// fan, transceiver.
type Entity struct {
	Index       int64     `inv:"entity_index,key" doc:"Number of the part (entPhysicalIndex)."`
	Parent      *int64    `inv:"parent_index" doc:"Part it sits in; 0 for the outermost."`
	Position    *int64    `inv:"parent_position" doc:"Place in that part."`
	Class       string    `inv:"entity_class" enum:"chassis|backplane|container|power_supply|fan|sensor|module|port|stack|cpu|energy|battery|storage|other" doc:"Kind of part."`
	Name        string    `inv:"name" doc:"Name of the part."`
	Description string    `inv:"description,dict" doc:"Description of the part."`
	Vendor      string    `inv:"vendor,dict" doc:"Maker of the part."`
	Model       string    `inv:"model,dict" doc:"Model or part number."`
	Serial      string    `inv:"serial" doc:"Serial number of the part."`
	Hardware    string    `inv:"hardware_version,dict,version" doc:"Revision of the hardware."`
	Firmware    string    `inv:"firmware_version,dict,version" doc:"Version of the firmware."`
	Software    string    `inv:"software_version,dict,version" doc:"Version of the software."`
	Alias       string    `inv:"alias" doc:"Name by people."`
	AssetTag    string    `inv:"asset_tag" doc:"Asset tag stored in the device."`
	FRU         *bool     `inv:"replaceable" doc:"True when it can be replaced on site."`
	Port        string    `inv:"port" doc:"Port it is (port.name)."`
	MadeAt      time.Time `inv:"manufactured_at" doc:"Date of manufacture."`
	State       string    `inv:"state,latest" enum:"enabled|disabled|testing|failed|unknown" doc:"Whether it works."`
}

// Section says how the section is named, kept and read.
func (Entity) Section() Meta {
	return Meta{Name: "entity", Doc: "Physical parts of network devices with serial numbers.", Cadence: 6 * time.Hour,
		SNMP: "ENTITY-MIB entPhysicalTable, entAliasMappingTable, ENTITY-STATE-MIB"}
}
