package inventory

import "time"

// Processor is one processor of a polled device as a source of load; those of
// PCs are section cpu.
type Processor struct {
	Name        string   `inv:"name,key" doc:"Name, such as Slot 1, Routing Engine 0 or Processor 2; its index in brackets where two are named alike."`
	Description string   `inv:"description,dict" doc:"Description by the device."`
	EntityIndex *int64   `inv:"entity_index" doc:"Entity it belongs to (entity.entity_index)."`
	Source      string   `inv:"source,dict" doc:"Object the load is read from."`
	Window      *int64   `inv:"window_seconds" unit:"second" doc:"Time the device averages over."`
	Load        *float64 `inv:"load_percent,latest" unit:"percent" doc:"Load of the processor."`
}

// Section says how the section is named, kept and read.
func (Processor) Section() Meta {
	return Meta{Name: "processor", Doc: "Processors of polled devices and their load.", Cadence: time.Minute,
		SNMP: "HOST-RESOURCES-MIB hrProcessorLoad, UCD-SNMP-MIB, CISCO-PROCESS-MIB and vendor objects of the profile"}
}
