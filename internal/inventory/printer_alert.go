package inventory

import "time"

// PrinterAlert is one thing a printer complains of now.
type PrinterAlert struct {
	Index       int64     `inv:"alert_index,key" doc:"Number of the alert (prtAlertIndex)."`
	Severity    string    `inv:"severity" enum:"critical|warning|warning_binary_change|other" doc:"How bad it is."`
	Code        *int64    `inv:"alert_code" doc:"Code by the Printer MIB (prtAlertCode)."`
	Part        string    `inv:"printer_part,dict" doc:"Part of the printer it is about."`
	Training    string    `inv:"training_level" enum:"untrained|trained|field_service|management|none|other" doc:"Who can mend it."`
	Description string    `inv:"description,dict" doc:"What the printer says."`
	RaisedAt    time.Time `inv:"raised_at,latest" doc:"When it was raised (prtAlertTime)."`
}

// Section says how the section is named, kept and read.
func (PrinterAlert) Section() Meta {
	return Meta{Name: "printer_alert", Doc: "What printers complain of now.", Cadence: 5 * time.Minute,
		SNMP: "Printer-MIB prtAlertTable"}
}
