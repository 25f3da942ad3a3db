package inventory

import "time"

// Printer is the printing device as it tells of itself; a queue on a PC is
// section print_queue.
type Printer struct {
	Name       string   `inv:"name" doc:"Name set on the device."`
	Technology string   `inv:"technology" enum:"laser|inkjet|dot_matrix|thermal|solid_ink|label|other" doc:"How it prints."`
	Color      *bool    `inv:"color" doc:"True when it prints in colour."`
	Duplex     *bool    `inv:"duplex" doc:"True when it prints on both sides."`
	Functions  []string `inv:"functions" doc:"What it can do: print, copy, scan, fax."`
	State      string   `inv:"state,latest" enum:"idle|printing|warmup|other|unknown" doc:"What it does (hrPrinterStatus)."`
	Health     string   `inv:"health" enum:"running|warning|testing|down|unknown" doc:"Whether it can work (hrDeviceStatus)."`
	Errors     []string `inv:"error_states" doc:"What it complains of, from hrPrinterDetectedErrorState: low_paper, no_paper, low_toner, no_toner, door_open, jammed, offline, service_requested, input_tray_missing, output_tray_missing, marker_supply_missing, output_near_full, output_full, input_tray_empty, overdue_maintenance."`
	Covers     []string `inv:"open_covers,latest" doc:"Covers that stand open."`
	Display    string   `inv:"display_text,latest" doc:"What its display shows."`
	Pages      *int64   `inv:"page_count,latest" unit:"count" doc:"Pages printed over its life."`
	ColorPages *int64   `inv:"color_page_count,latest" unit:"count" doc:"Colour pages among them."`
	MonoPages  *int64   `inv:"mono_page_count,latest" unit:"count" doc:"Black pages among them."`
	CopyPages  *int64   `inv:"copy_page_count,latest" unit:"count" doc:"Pages copied."`
	ScanPages  *int64   `inv:"scan_page_count,latest" unit:"count" doc:"Pages scanned."`
	IEEE1284   string   `inv:"ieee1284_id,dict" doc:"Identification by IEEE 1284."`
}

// Section says how the section is named, kept and read.
func (Printer) Section() Meta {
	return Meta{Name: "printer", Doc: "A printing device: state, complaints, page counts.", Single: true, Cadence: 5 * time.Minute,
		SNMP: "Printer-MIB prtGeneral, prtMarker, prtConsole, prtCover; HOST-RESOURCES-MIB hrPrinter, hrDevice; vendor counters of the profile"}
}
