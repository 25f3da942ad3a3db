package inventory

import "time"

// Antivirus is one protection product: virus scanner, EDR or both.
type Antivirus struct {
	Name          string    `inv:"name,key,dict" doc:"Name of the product."`
	Vendor        string    `inv:"vendor,dict" doc:"Maker of the product."`
	Kind          string    `inv:"kind" enum:"antivirus|edr|antispyware|other" doc:"What it does."`
	Version       string    `inv:"version,dict,version" doc:"Version of the product."`
	EngineVersion string    `inv:"engine_version,dict,version,latest" doc:"Version of the engine."`
	Enabled       *bool     `inv:"enabled" doc:"True when it is switched on."`
	RealTime      *bool     `inv:"real_time" doc:"True when it watches files as they are used."`
	Running       *bool     `inv:"running" doc:"True when its service runs."`
	UpToDate      *bool     `inv:"up_to_date" doc:"True when product or system call its signatures current."`
	Tamper        *bool     `inv:"tamper_protection" doc:"True when it guards itself against being switched off."`
	Passive       *bool     `inv:"passive" doc:"True when it only watches beside another product."`
	Managed       *bool     `inv:"managed" doc:"True when a console steers it."`
	Signature     string    `inv:"signature_version,latest" doc:"Version of the signatures."`
	SignatureAt   time.Time `inv:"signature_at,latest" doc:"When the signatures were made or last updated."`
	ScannedAt     time.Time `inv:"scanned_at,latest" doc:"When a scan last ended."`
	ThreatCount   *int64    `inv:"active_threat_count,latest" unit:"count" doc:"Threats found and not dealt with."`
}

// Section says how the section is named, kept and read.
func (Antivirus) Section() Meta {
	return Meta{Name: "antivirus", Doc: "Virus protection and EDR: product, state, age of signatures.", Cadence: time.Hour,
		Windows: "SecurityCenter2 AntiVirusProduct (child), MSFT_MpComputerStatus (child), known EDR services", Darwin: "apps and folders of known products, launchctl list, XProtect.bundle", Linux: "places, programs and units of known products, ClamAV databases, files that tell versions"}
}
