// Package profile knows what SNMP devices can be asked and what their answers
// mean: which profile fits a device, who made it and what it is, and which
// rows of the inventory and numbers of the catalogue follow from its objects.
// It owns the YAML form of a profile, the profiles that Muster brings, and the
// standard MIBs.
//
// It must not know how packets are made (session), when a device is asked
// (poll), or what becomes of what it read (report and beyond). It reads and
// never sets anything, and believes nothing that a device says.
//
// # How it works
//
//	files ──Load──► Set ──Identify──► Device ──Read(due)──► Reading
//	                     system group,        tasks whose pace is due:
//	                     match, metadata      tables of the YAML, builtins in Go
//
// A task fills rows of one or several sections. All tasks of a section make it
// together: rows of those not due are the ones they gave last. A number of the
// metric catalogue follows from the row that holds it (numbers.go).
package profile
