package inventory

import "time"

// PrinterTray is one place paper comes from.
type PrinterTray struct {
	Index        int64    `inv:"tray_index,key" doc:"Number of the tray (prtInputIndex)."`
	Name         string   `inv:"name,dict" doc:"Name or description."`
	Kind         string   `inv:"kind" enum:"automatic|automatic_fixed|manual|continuous|not_removable|other" doc:"Kind of tray."`
	Media        string   `inv:"media,dict" doc:"Paper it holds."`
	CapacityUnit string   `inv:"capacity_unit" enum:"sheets|percent|feet|meters|items|other" doc:"Unit of capacity and level."`
	Capacity     *int64   `inv:"capacity" unit:"capacity_unit" doc:"What it holds when full."`
	Level        *int64   `inv:"level,latest" unit:"capacity_unit" doc:"What it holds, absent when the printer does not know."`
	LevelPercent *float64 `inv:"level_percent,latest" unit:"percent" doc:"Level as share of the capacity."`
	LevelText    string   `inv:"level_state,latest" enum:"known|unlimited|unknown|some_left" doc:"What the printer knows of the level (-1, -2, -3 in Printer-MIB)."`
	Status       string   `inv:"status,latest" enum:"ok|empty|open|missing|unavailable|unknown" doc:"State of the tray."`
}

// Section says how the section is named, kept and read.
func (PrinterTray) Section() Meta {
	return Meta{Name: "printer_tray", Doc: "Paper trays of printers.", Cadence: 15 * time.Minute,
		SNMP: "Printer-MIB prtInputTable"}
}
