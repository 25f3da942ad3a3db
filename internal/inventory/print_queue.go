package inventory

import "time"

// PrintQueue is one printer as a PC knows it; the printing device itself is
// section printer.
type PrintQueue struct {
	Name          string   `inv:"name,key" doc:"Name of the queue."`
	UserName      string   `inv:"user_name,key,personal" doc:"Person it is set up for; empty text when for the machine."`
	Driver        string   `inv:"driver,dict" doc:"Driver of the queue."`
	DriverVersion string   `inv:"driver_version,dict,version" doc:"Version of the driver."`
	Model         string   `inv:"model,dict" doc:"Maker and model, where the queue knows them."`
	Serial        string   `inv:"serial" doc:"Serial number of a printer on USB."`
	Uri           string   `inv:"uri" doc:"Port or address it prints to, without user and password."`
	Address       string   `inv:"address" doc:"IP address or name of a network printer; joins it to its device."`
	Kind          string   `inv:"kind" enum:"usb|network|shared|virtual|fax|other" doc:"How the printer is reached."`
	Server        string   `inv:"print_server" doc:"Print server it comes from."`
	Shared        *bool    `inv:"shared" doc:"True when others may print to it."`
	Default       *bool    `inv:"default_printer" doc:"True when it is the one used unless another is chosen."`
	Location      string   `inv:"location" doc:"Where it stands, by its own words."`
	Comment       string   `inv:"comment" doc:"Comment on the queue."`
	Status        string   `inv:"status,latest" enum:"idle|printing|stopped|offline|error|unknown" doc:"State of the queue."`
	Reasons       []string `inv:"status_reasons,latest" doc:"Why it does not print."`
	Jobs          *int64   `inv:"job_count,latest" unit:"count" doc:"Jobs that wait."`
}

// Section says how the section is named, kept and read.
func (PrintQueue) Section() Meta {
	return Meta{Name: "print_queue", Doc: "Printers set up on a PC.", Cadence: 6 * time.Hour,
		Windows: `EnumPrinters, HKU\..\Printers\Connections, Enum\USBPRINT`, Darwin: "/etc/cups/printers.conf, heads of PPD files", Linux: "/etc/cups/printers.conf, heads of PPD files"}
}
