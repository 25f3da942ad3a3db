package inventory

import "time"

// License is one activation or licence the system itself records. Of a
// product key only the last five characters are kept.
type License struct {
	Product   string    `inv:"product,key,dict" doc:"Product, such as Windows or Office 2021."`
	Channel   string    `inv:"channel" enum:"retail|oem|volume_kms|volume_mak|subscription|evaluation|digital|other" doc:"Channel it was bought through."`
	State     string    `inv:"state" enum:"licensed|unlicensed|grace|notification|expired|unknown" doc:"State of activation."`
	Genuine   *bool     `inv:"genuine" doc:"True when the system holds it for genuine."`
	KeyTail   string    `inv:"key_tail" doc:"Last five characters of the product key."`
	KMSServer string    `inv:"kms_server" doc:"Activation server of the office."`
	ExpiresAt time.Time `inv:"expires_at" doc:"When it ends."`
}

// Section says how the section is named, kept and read.
func (License) Section() Meta {
	return Meta{Name: "license", Doc: "Activation and licences the system records, with the last five characters of keys.", Cadence: 24 * time.Hour,
		Windows: `SLGetLicensingStatusInformation, SLGetPKeyInformation, SLIsGenuineLocal, HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\SoftwareProtectionPlatform`, SNMP: "vendor objects of the profile (support and licence dates)"}
}
