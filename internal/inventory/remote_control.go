package inventory

import "time"

// RemoteControl is one program by which somebody can steer the machine from
// elsewhere; ones the office does not know are worth a look.
type RemoteControl struct {
	Product    string `inv:"product,key" enum:"teamviewer|anydesk|rustdesk|splashtop|logmein|connectwise|bomgar|dameware|vnc|rdp|ssh|screen_sharing|chrome_remote_desktop|meshcentral|ninja|atera|supremo|zoho|parsec|other" doc:"Program, or service of the system, that lets somebody in."`
	Instance   string `inv:"instance,key" doc:"Empty text as a rule; what tells two installations apart."`
	RemoteID   string `inv:"remote_id,personal" doc:"Number or name by which the machine is called up."`
	Version    string `inv:"version,dict,version" doc:"Version of the program."`
	Running    *bool  `inv:"running" doc:"True when it runs or is switched on."`
	Unattended *bool  `inv:"unattended" doc:"True when it lets somebody in while nobody sits there."`
	Account    string `inv:"account,personal" doc:"Account or company it is bound to."`
	Port       *int64 `inv:"port" doc:"TCP port it listens on."`
}

// Section says how the section is named, kept and read.
func (RemoteControl) Section() Meta {
	return Meta{Name: "remote_control", Doc: "Programs by which a machine can be steered from elsewhere.", Cadence: 6 * time.Hour,
		Windows: `HKLM\SYSTEM\CurrentControlSet\Services, vendors' keys and files, Terminal Server and its policy, processes`, Darwin: "vendors' preferences, launchd jobs", Linux: "vendors' files, units"}
}
