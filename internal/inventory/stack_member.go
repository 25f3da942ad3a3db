package inventory

import "time"

// StackMember is one box of a stack, virtual chassis or pair that works as
// one device.
type StackMember struct {
	Number   int64  `inv:"member_number,key" doc:"Number of the member."`
	Kind     string `inv:"kind" enum:"stack|virtual_chassis|ha|other" doc:"How the boxes work together."`
	Role     string `inv:"role" enum:"active|standby|member|linecard|not_ready|unknown" doc:"Its part in it."`
	State    string `inv:"state" enum:"ready|waiting|progressing|added|mismatch|failed|removed|unknown" doc:"State of the box."`
	Name     string `inv:"name" doc:"Name of the box."`
	Model    string `inv:"model,dict" doc:"Model of the box."`
	Serial   string `inv:"serial" doc:"Serial number of the box."`
	Mac      string `inv:"mac" doc:"Hardware address of the box."`
	Version  string `inv:"software_version,dict,version" doc:"Software version; one unlike the others is a fault."`
	Priority *int64 `inv:"priority" doc:"Priority in the election."`
	Synced   *bool  `inv:"synchronized" doc:"True when its configuration agrees with the active one's."`
}

// Section says how the section is named, kept and read.
func (StackMember) Section() Meta {
	return Meta{Name: "stack_member", Doc: "Boxes of stacks, virtual chassis and redundant pairs.", Cadence: 15 * time.Minute,
		SNMP: "CISCO-STACKWISE-MIB, JUNIPER-VIRTUALCHASSIS-MIB, DELL-NETWORKING-CHASSIS-MIB, FORTINET-FORTIGATE-MIB fgHaStats, PAN-COMMON-MIB"}
}
