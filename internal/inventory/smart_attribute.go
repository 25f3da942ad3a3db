package inventory

import "time"

// SmartAttribute is one ATA attribute of a drive. Raw values are the maker's
// own and only compare within a model.
type SmartAttribute struct {
	Disk       string `inv:"disk,key" doc:"Drive (disk.name)."`
	Attribute  int64  `inv:"attribute,key" doc:"Number of the attribute, 1 to 254."`
	Name       string `inv:"name,dict" doc:"Name as commonly used for the model."`
	Threshold  *int64 `inv:"threshold" doc:"Normalised value at or below which the attribute counts as failed."`
	Prefailure *bool  `inv:"prefailure" doc:"True when failing it predicts failure, false when it tells of age."`
	Failed     string `inv:"failed" enum:"never|past|now" doc:"Whether the threshold was reached."`
	Normalized *int64 `inv:"normalized,latest" doc:"Normalised value; lower is worse."`
	Worst      *int64 `inv:"worst,latest" doc:"Worst normalised value so far."`
	Raw        *int64 `inv:"raw,latest" doc:"Raw value, 48 bits."`
	RawText    string `inv:"raw_text,latest" doc:"Raw value decoded as the model packs it."`
}

// Section says how the section is named, kept and read.
func (SmartAttribute) Section() Meta {
	return Meta{Name: "smart_attribute", Doc: "ATA attributes of drives with thresholds and last values.", Cadence: 6 * time.Hour,
		Windows: "IOCTL_ATA_PASS_THROUGH SMART READ DATA and READ THRESHOLDS", Linux: "SG_IO SMART READ DATA and READ THRESHOLDS", SNMP: "SYNOLOGY-SMART-MIB"}
}
