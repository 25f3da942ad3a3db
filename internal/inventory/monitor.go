package inventory

import "time"

// Monitor is one attached display. The agent sends the raw EDID; the
// collector decodes it with its list of vendor quirks into the columns kept
// as latest, so that a mended quirk needs no new agent. Where the system
// hides the EDID, what it says instead stands in the os_ columns.
type Monitor struct {
	Connector    string    `inv:"connector,key" doc:"Where it is attached, such as card0-DP-1, or the system's instance id of the display."`
	EDID         []byte    `inv:"edid" doc:"EDID as read from the display, extension blocks included."`
	OSName       string    `inv:"os_name,dict" doc:"Name by the operating system."`
	OSVendor     string    `inv:"os_vendor,dict" doc:"Maker by the operating system."`
	OSSerial     string    `inv:"os_serial" doc:"Serial number by the operating system."`
	Builtin      *bool     `inv:"builtin" doc:"True for the panel of a laptop or all-in-one."`
	Link         string    `inv:"link" enum:"displayport|edp|hdmi|dvi|vga|usb_c|thunderbolt|lvds|wireless|virtual|other" doc:"Kind of connection."`
	Gpu          string    `inv:"gpu_address" doc:"Adapter that drives it (gpu.address)."`
	Vendor       string    `inv:"vendor,dict,latest" doc:"Maker, decoded from the EDID."`
	VendorCode   string    `inv:"vendor_code,dict,latest" doc:"Three-letter PNP id of the maker, decoded from the EDID."`
	Model        string    `inv:"model,dict,latest" doc:"Model, decoded from the EDID."`
	Serial       string    `inv:"serial,latest" doc:"Serial number as printed on the display, decoded from the EDID with the maker's quirks."`
	MadeAt       time.Time `inv:"manufactured_at,latest" doc:"First day of the week or year it was made in, decoded from the EDID."`
	WidthMM      int64     `inv:"width_millimeters,latest" unit:"millimeter" doc:"Width of the picture, decoded from the EDID."`
	HeightMM     int64     `inv:"height_millimeters,latest" unit:"millimeter" doc:"Height of the picture, decoded from the EDID."`
	WidthPixels  int64     `inv:"width_pixels,latest" unit:"pixel" doc:"Width of the preferred mode, decoded from the EDID."`
	HeightPixels int64     `inv:"height_pixels,latest" unit:"pixel" doc:"Height of the preferred mode, decoded from the EDID."`
}

// Section says how the section is named, kept and read.
func (Monitor) Section() Meta {
	return Meta{Name: "monitor", Doc: "Attached displays with their raw EDID and what it says.", Cadence: time.Hour,
		Windows: `SetupDi present monitors, Device Parameters\EDID, WmiMonitorConnectionParams (child)`, Darwin: "system_profiler SPDisplaysDataType -json", Linux: "/sys/class/drm/*/edid"}
}
