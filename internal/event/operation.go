package event

// operation lists what the collector notes in its dealings with a device.
func operation() []Kind {
	other := text("other_device", "Id of the other device.")
	address := text("address", "Address it came from.")
	serial := text("certificate", "Serial number of the certificate.")
	first := number("first", "", "First sequence number.")
	last := number("last", "", "Last sequence number.")
	here := func(where string) []Source { return []Source{seen(Collector, where)} }
	return []Kind{
		{
			Name: Enrolled, Group: Operation,
			Doc:        "The device was taken in.",
			Attributes: []Attribute{address, serial, text("token", "Name of the token it brought.")},
			Sources:    here("receive: /v1/enroll"),
		},
		{
			Name: Renewed, Group: Operation,
			Doc:        "The device got a new certificate.",
			Attributes: []Attribute{serial, number("late_days", "", "Days after the old one had ended; 0 when in time.")},
			Sources:    here("receive: /v1/renew"),
		},
		{
			Name: Revoked, Group: Operation, Urgent: true,
			Doc:        "The device's certificate was taken away.",
			Attributes: []Attribute{serial, text("by", "Who did it.").personal()},
			Sources:    here("account: a person, or the finding of a clone"),
		},
		{
			Name: IdentityRefused, Group: Operation, Urgent: true,
			Doc:        "Somebody came with the device's identity in a way that was refused.",
			Key:        []string{"reason"},
			Attributes: []Attribute{address, text("reason", "Why.", "revoked", "expired", "not_yet_valid", "unknown_key", "forked", "wrong_ca")},
			Sources:    here("receive: TLS and /v1/renew"),
		},
		{
			Name: CloneDetected, Group: Operation, Urgent: true,
			Doc:        "Two machines report with one key: a cloned image. The newer one was told to make its own.",
			Attributes: []Attribute{other, address, text("evidence", "What differs, such as machine or boot_disk.")},
			Sources:    here("intake: same key, other fingerprint or sequence"),
		},
		{
			Name: Merged, Group: Operation,
			Doc:        "Two records were joined into this one.",
			Attributes: []Attribute{other, number("score", "count", "Score of the evidence."), text("by", "Who decided; empty when evidence did.").personal()},
			Sources:    here("intake and account"),
		},
		{
			Name: Unmerged, Group: Operation,
			Doc:        "A join was undone.",
			Attributes: []Attribute{other, text("by", "Who decided.").personal()},
			Sources:    here("account"),
		},
		{
			Name: Replaced, Group: Operation,
			Doc:        "Another machine answers under the target's address: the old record ends, a new one begins.",
			Attributes: []Attribute{other, address, text("evidence", "What differs, such as serial or chassis.")},
			Sources:    here("snmp: identity of the target"),
		},
		{
			Name: SequenceConflict, Group: Operation, Urgent: true,
			Doc:        "A report came twice with different contents under one number.",
			Attributes: []Attribute{number("sequence", "", "The number."), address},
			Sources:    here("intake: hash of the last body"),
		},
		{
			Name: Gap, Group: Operation,
			Doc:        "Reports are missing that nobody has any more.",
			Attributes: []Attribute{first, last},
			Sources:    here("intake: Report.Gaps and numbers left out"),
		},
		{
			Name: ClockWrong, Group: Operation,
			Doc: "The device's clock was so wrong that times of samples were moved.",
			Attributes: []Attribute{
				float("offset_seconds", "second", "Its clock less the collector's."),
				number("clamped", "count", "Samples moved."),
			},
			Sources: here("intake: report time outside now − 8 d … now + 10 min"),
		},
		{
			Name: ReportRefused, Group: Operation,
			Doc:        "A report could not be taken.",
			Key:        []string{"reason"},
			Attributes: []Attribute{address, text("reason", "Why: the code of the refusal, such as malformed, too_large or unknown_version.")},
			Sources:    here("receive and intake"),
		},
		{
			Name: Limited, Group: Operation,
			Doc: "The device sent more than it may, and the rest was left out.",
			Key: []string{"what"},
			Attributes: []Attribute{
				text("what", "What there was too much of.", "series", "rows", "events", "bytes"),
				text("section", "Section or measurement."),
				number("limit", "count", "How much is allowed."),
			},
			Sources: here("intake: quotas"),
		},
		{
			Name: SectionFailed, Group: Operation,
			Doc: "A section that could be read before cannot be read now.",
			Key: []string{"section"},
			Attributes: []Attribute{
				text("section", "Name of the section."),
				text("status", "How it went.", "partial", "unsupported", "denied", "failed"),
				text("reason", "Why, as the gatherer says."),
			},
			Sources: here("intake: status of a section"),
		},
		{
			Name: SectionRecovered, Group: Operation,
			Doc:        "A section can be read again.",
			Key:        []string{"section"},
			Attributes: []Attribute{text("section", "Name of the section.")},
			Sources:    here("intake: status of a section"),
		},
		{
			Name: LogGap, Group: Operation,
			Doc: "A log of the machine was not read, or not all of it: what it told in that time is not known.",
			Key: []string{"log", "reason"},
			Attributes: []Attribute{
				text("log", "Which log.", "kernel", "journal", "syslog", "logins", "event_log"),
				text("reason", "Why.", "denied", "overwritten", "damaged", "too_many", "too_old", "compressed"),
				number("lines", "count", "Lines passed over, where that is known."),
			},
			Sources: []Source{
				seen(Linux, "the agent itself, from numbers that are missing in a log and bounds of its own"),
				seen(Windows, "the agent itself, when the event log cannot be read or was made anew"),
			},
		},
		{
			Name: PresenceChanged, Group: Operation,
			Doc: "What is thought of the device's presence changed.",
			Attributes: []Attribute{
				text("before", "State before.", "online", "asleep", "away", "missing", "retired"),
				text("after", "State after.", "online", "asleep", "away", "missing", "retired"),
			},
			Sources: here("health: learned hours, clean_stop, sleep, silence"),
		},
		{
			Name: Moved, Group: Operation,
			Doc: "The device is on another switch port or access point.",
			Attributes: []Attribute{
				text("before", "Switch and port, or access point, before."),
				text("after", "Switch and port, or access point, after."),
			},
			Sources: here("join of fdb, wireless_client and interface"),
		},
		{
			Name: Purged, Group: Operation,
			Doc:        "A person's data was removed from this device's history.",
			Attributes: []Attribute{text("by", "Who did it.").personal()},
			Sources:    here("account"),
		},
	}
}
