package event

// gear lists what only network gear, printers and UPSs tell, over SNMP.
func gear() []Kind {
	address := text("address", "Address of the target.")
	return []Kind{
		{
			Name: TargetLost, Group: Fault, Urgent: true,
			Doc: "A target that answered does so no longer.",
			Attributes: []Attribute{
				address,
				text("reason", "How it fails.", "silent", "unreachable", "credentials", "lying", "too_slow"),
			},
			Sources: []Source{seen(SNMP, "lanes of the poller: live, suspect, dead; ICMP beside SNMP")},
		},
		{
			Name: TargetFound, Group: Presence,
			Doc:        "A target answers, for the first time or again.",
			Attributes: []Attribute{address, number("silent_seconds", "second", "How long it was silent.")},
			Sources:    []Source{seen(SNMP, "lanes of the poller; discovery")},
		},
		{
			Name: AuthenticationFailed, Group: Fault,
			Doc:        "Somebody asked the device with a wrong community or key.",
			Key:        []string{"address"},
			Attributes: []Attribute{text("address", "Who asked, where the trap tells.")},
			Sources:    []Source{seen(SNMP, "trap authenticationFailure (1.3.6.1.6.3.1.1.5.5)")},
		},
		{
			Name: SensorAlarm, Group: Fault, Urgent: true,
			Doc: "The device itself judges one of its sensors, fans or supplies to be bad.",
			Key: []string{"sensor"},
			Attributes: []Attribute{
				text("sensor", "Sensor, fan or power supply."),
				text("kind", "What it is.", "temperature", "fan", "power_supply", "voltage", "humidity", "other"),
				text("state", "What it is judged.", "ok", "warning", "critical", "absent"),
			},
			Sources: []Source{seen(SNMP, "state of the section sensor between two polls; traps entSensorThresholdNotification, ciscoEnvMon* as hints")},
		},
		{
			Name: UPSAlarm, Group: Fault, Urgent: true,
			Doc: "A UPS raised or cleared an alarm.",
			Key: []string{"alarm"},
			Attributes: []Attribute{
				text("alarm", "What.", "battery_bad", "battery_low", "battery_depleted", "overload", "temperature", "input_bad", "output_bad", "bypass", "charger_failed", "communication_lost", "test_failed", "other"),
				flag("active", "Raised, or cleared."),
			},
			Sources: []Source{seen(SNMP, "UPS-MIB::upsAlarmTable between two polls; traps upsTrapAlarmEntryAdded, upsTrapAlarmEntryRemoved as hints")},
		},
		{
			Name: PrinterAlert, Group: Fault,
			Doc: "A printer says that it needs somebody.",
			Key: []string{"code", "supply"},
			Attributes: []Attribute{
				number("code", "code", "prtAlertCode (RFC 3805)."),
				text("severity", "As the printer puts it.", "critical", "warning", "other"),
				text("supply", "Supply or tray it is about."),
			},
			Sources: []Source{seen(SNMP, "Printer-MIB::prtAlertTable between two polls; trap printerV2Alert as a hint")},
		},
		{
			Name: TopologyChanged, Group: Change,
			Doc:        "The spanning tree found another way.",
			Attributes: []Attribute{number("changes", "count", "How many changes since the last poll.")},
			Sources:    []Source{seen(SNMP, "BRIDGE-MIB::dot1dStpTopChanges between two polls; traps newRoot, topologyChange (1.3.6.1.2.1.17.0.1, .2) as hints")},
		},
		{
			Name: Trap, Group: Operation,
			Doc: "A trap came that is no hint at any other kind. It is never believed: a poll follows.",
			Key: []string{"oid"},
			Attributes: []Attribute{
				text("oid", "snmpTrapOID."),
				address,
				flag("authentic", "It came as SNMPv3 with a right key."),
			},
			Sources: []Source{seen(SNMP, "trap listener")},
		},
	}
}
