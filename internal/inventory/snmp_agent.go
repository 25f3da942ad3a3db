package inventory

import "time"

// SNMPAgent is what a polled device says of itself and how it was identified.
// Maker, model and version, once understood, stand in system and os. Texts
// are the device's own and are hostile until escaped.
type SNMPAgent struct {
	Description string    `inv:"sys_descr,dict" doc:"sysDescr of the device."`
	ObjectID    string    `inv:"sys_object_id,dict" doc:"sysObjectID, dotted, without a leading dot."`
	SysName     string    `inv:"sys_name" doc:"sysName of the device."`
	Contact     string    `inv:"sys_contact,personal" doc:"sysContact, usually a person."`
	Location    string    `inv:"sys_location" doc:"sysLocation of the device."`
	Services    *int64    `inv:"sys_services" doc:"Sum of the layers it serves (sysServices)."`
	EngineID    string    `inv:"engine_id" doc:"snmpEngineID in hexadecimal; evidence of identity, but not unique."`
	Profile     string    `inv:"profile,dict" doc:"Profile that matched."`
	Version     string    `inv:"snmp_version" enum:"1|2c|3" doc:"Version of SNMP it is polled with."`
	Security    string    `inv:"security_level" enum:"no_auth_no_priv|auth_no_priv|auth_priv|community" doc:"How the polling is secured."`
	Address     string    `inv:"polled_address" doc:"Address it is polled at."`
	Contexts    []string  `inv:"contexts" doc:"Contexts walked besides the empty one, such as vlan-10."`
	EngineBoots *int64    `inv:"engine_boot_count,latest" unit:"count" doc:"Restarts of the SNMP engine (snmpEngineBoots)."`
	UptimeSecs  *int64    `inv:"uptime_seconds,latest" unit:"second" doc:"Time since the device started: the greatest of sysUpTime, hrSystemUptime and snmpEngineTime."`
	RTTSeconds  *float64  `inv:"rtt_seconds,latest" unit:"second" doc:"Round trip of the last answer."`
	Repetitions *int64    `inv:"max_repetitions,latest" doc:"Rows asked for at once, as learned."`
	AnsweredAt  time.Time `inv:"answered_at,latest" doc:"When it answered last."`
}

// Section says how the section is named, kept and read.
func (SNMPAgent) Section() Meta {
	return Meta{Name: "snmp_agent", Doc: "What a polled device says of itself, and how it is polled.", Single: true, Cadence: time.Minute,
		SNMP: "SNMPv2-MIB system group, SNMP-FRAMEWORK-MIB snmpEngine, HOST-RESOURCES-MIB hrSystemUptime"}
}
