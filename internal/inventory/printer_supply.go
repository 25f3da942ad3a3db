package inventory

import "time"

// PrinterSupply is one thing a printer uses up or fills.
type PrinterSupply struct {
	Index        int64    `inv:"supply_index,key" doc:"Number of the supply (prtMarkerSuppliesIndex)."`
	Description  string   `inv:"description,dict" doc:"Description by the printer."`
	Kind         string   `inv:"kind" enum:"toner|ink|ink_cartridge|ink_ribbon|waste_toner|waste_ink|opc|developer|fuser|fuser_oil|cleaner|transfer_unit|staples|wax|water|paper_roll|maintenance_kit|other" doc:"Kind of supply."`
	Class        string   `inv:"supply_class" enum:"consumed|filled|other" doc:"Whether it is used up or fills."`
	Color        string   `inv:"color,dict" doc:"Colour, such as black, cyan, magenta or yellow."`
	CapacityUnit string   `inv:"capacity_unit" enum:"percent|impressions|sheets|tenths_of_milliliters|grams|hours|feet|meters|items|other" doc:"Unit of capacity and level."`
	Capacity     *int64   `inv:"capacity" unit:"capacity_unit" doc:"Level when full (when new for consumed ones)."`
	PartNumber   string   `inv:"part_number,dict" doc:"Part number to order, where told."`
	Serial       string   `inv:"serial" doc:"Serial number; another one says that it was replaced."`
	Level        *int64   `inv:"level,latest" unit:"capacity_unit" doc:"Level, absent when the printer does not know it."`
	LevelPercent *float64 `inv:"level_percent,latest" unit:"percent" doc:"Level as share of the capacity; for filled ones the share still free."`
	LevelText    string   `inv:"level_state,latest" enum:"known|unlimited|unknown|some_left" doc:"What the printer knows of the level (-1, -2, -3 in Printer-MIB)."`
}

// Section says how the section is named, kept and read.
func (PrinterSupply) Section() Meta {
	return Meta{Name: "printer_supply", Doc: "Toner, drums and other supplies of printers.", Cadence: 15 * time.Minute,
		SNMP: "Printer-MIB prtMarkerSuppliesTable, prtMarkerColorantTable, vendor objects of the profile"}
}
