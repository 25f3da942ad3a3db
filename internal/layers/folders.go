package layers

// Folder is one place of the house. Path may end in /* (each folder right
// below). A folder with Go code that no line names fails the test.
type Folder struct {
	Path  string
	Owns  string   // what belongs here, in a few words
	May   []Import // folders of this house it may import
	Tests []Import // further ones for its _test.go files

	// TestsOnly keeps it out of programs: only tests, and other such folders,
	// may import it.
	TestsOnly bool
}

// Import allows one folder, or with /* or /... several, for a reason.
type Import struct {
	Path string
	Why  string
}

// Folders is the import map. No stage imports its neighbour: stages meet in
// the roots (agent, collector), so that each can be read, tested and replaced
// alone. Interfaces stand where they are used.
func Folders() []Folder {
	return []Folder{
		// What both programs must agree on. Leaves: the fewer arrows, the better.
		{Path: "internal/order", Owns: "lists are sorted without code for each kind of them"},
		{Path: "internal/inventory", Owns: "sections as structs, and all that follows from them", May: []Import{
			{"internal/order", "rows are sorted by their keys"},
		}},
		{Path: "internal/metric", Owns: "catalogue of numbers"},
		{Path: "internal/event", Owns: "catalogue of events"},
		{Path: "internal/event/windows", Owns: "what records of Windows' event log mean", May: []Import{
			{"internal/order", "records are folded in their order"},
			{"internal/event", "its kinds are those of the catalogue"},
		}},
		{Path: "internal/event/linux", Owns: "what lines of Linux' logs mean", May: []Import{
			{"internal/event", "its kinds are those of the catalogue"},
		}},
		{Path: "internal/event/evtx", Owns: "saved logs of Windows, for tests and evaluations", TestsOnly: true, May: []Import{
			{"internal/event/windows", "what it reads are its records"},
		}},
		{Path: "internal/smart", Owns: "what drives' own logs mean", May: []Import{
			{"internal/inventory", "it fills sections of drives"},
		}},
		{Path: "internal/smart/smartctl", Owns: "documents of smartctl --json", May: []Import{
			{"internal/smart", "the meaning is the same however a log was read"},
			{"internal/inventory", "it fills sections of drives"},
		}},
		{Path: "internal/report", Owns: "the wire format of reports", May: []Import{
			{"internal/inventory", "a report carries sections"},
			{"internal/metric", "samples are named by the catalogue"},
			{"internal/event", "events are named by the catalogue"},
		}},
		{Path: "internal/enroll", Owns: "enrolment string, requests for certificates, their answers", May: []Import{
			{"internal/inventory", "an identity is a DeviceID"},
		}},
		{Path: "internal/segment", Owns: "segment files of spool and outbox"},
		{Path: "internal/segment/segmenttest", Owns: "a disk in memory that fails and loses power", TestsOnly: true, May: []Import{
			{"internal/segment", "the disk it stands in for"},
		}},
		{Path: "internal/backoff", Owns: "waits, phases, Retry-After"},
		{Path: "internal/buildinfo", Owns: "which build this is"},
		{Path: "internal/licenses", Owns: "under which license the modules stand that programs are made of"},
		{Path: "internal/settings", Owns: "how a settings file is read"},
		{Path: "internal/layers", Owns: "this plan"},
		{Path: "internal/private", Owns: "folders that only a program and the machine's administrators enter"},
		{Path: "internal/service", Owns: "a program under the system's service manager", May: []Import{
			{"internal/private", "the folder of settings is made with the service"},
			{"internal/buildinfo", "a service that begins says which build it is"},
		}},
		{Path: "internal/e2e", TestsOnly: true, Owns: "both programs as people run them, and the oracle over them", May: []Import{
			{"internal/...", "the oracle speaks the wire"},
			{"agent/...", "it drives the real agent"},
			{"collector/...", "it drives the real collector"},
		}},
		{Path: "internal/e2e/*", TestsOnly: true, Owns: "figures and fault campaigns", May: []Import{
			{"internal/...", "the oracle speaks the wire"},
			{"agent/...", "it drives the real agent"},
			{"collector/...", "it drives the real collector"},
		}},

		// The agent.
		{Path: "agent", Owns: "joins the agent", May: []Import{
			{"agent/...", "the root joins the stages"},
			{"internal/...", "it carries what they agree on from one to the next"},
		}},
		{Path: "agent/cmd/muster-agent", Owns: "main", May: []Import{
			{"agent", "it starts the joined agent"},
			{"agent/config", "flags win over the file"},
			{"internal/...", "it prints versions, sections and reports, and can run as a service"},
		}},
		{Path: "agent/cmd/muster-simulate", Owns: "main", May: []Import{
			{"agent/simulate", "it starts the simulation"},
			{"internal/buildinfo", "it prints its version"},
			{"internal/enroll", "it reads an enrolment string"},
		}},
		{Path: "agent/config", Owns: "settings of the agent", May: []Import{
			{"internal/settings", "how files are read"},
			{"internal/inventory", "sections are named in settings"},
			{"internal/report", "a policy of the collector bends settings"},
		}},
		{Path: "agent/host", Owns: "the machine as a section sees it"},
		{Path: "agent/gather", Owns: "what a gatherer is", May: []Import{
			{"agent/host", "a gatherer sees the machine through it"},
			{"internal/inventory", "it fills sections"},
			{"internal/metric", "it fills samples"},
			{"internal/event", "it fills events"},
			{"internal/report", "the status of a section, layouts and samples"},
		}},
		{Path: "agent/gather/*", Owns: "one question about the machine each; they do not know each other", May: []Import{
			{"agent/host", "a gatherer sees the machine through it"},
			{"agent/gather", "what a gatherer is"},
			{"agent/gather/smbios", "a source that several subjects read"},
			{"agent/gather/apple", "forms of macOS, which several subjects read"},
			{"agent/gather/block", "a source that several subjects read"},
			{"agent/gather/hwdata", "a source that several subjects read"},
			{"agent/gather/utmp", "a source that several subjects read"},
			{"agent/gather/home", "a source that several subjects read"},
			{"agent/gather/hive", "a source that several subjects read"},
			{"agent/gather/pnp", "a source that several subjects read"},
			{"agent/gather/pdh", "a source that several subjects read"},
			{"agent/gather/wmi", "a source that several subjects read"},
			{"agent/gather/wua", "a source with limits of its own"},
			{"agent/gather/commandline", "a form that several subjects read"},
			{"agent/gather/running", "a source that several subjects read"},
			{"agent/gather/packages", "a source that several subjects read"},
			{"agent/gather/keyfile", "a form that several subjects read"},
			{"agent/gather/unit", "a source that several subjects read"},
			{"internal/order", "rows are sorted"},
			{"internal/inventory", "it fills sections"},
			{"internal/metric", "it fills samples"},
			{"internal/event/windows", "what records mean"},
			{"internal/event", "it fills events"},
			{"internal/report", "layouts and samples"},
		}, Tests: recordings()},
		{Path: "agent/gather/drivehealth", Owns: "which commands drives are asked, and that none is woken", May: []Import{
			{"agent/host", "a gatherer sees the machine through it"},
			{"agent/gather", "what a gatherer is"},
			{"agent/gather/block", "which drives there are"},
			{"internal/smart", "what their answers mean"},
			{"internal/inventory", "it fills sections"},
		}, Tests: append(recordings(), Import{"internal/metric", "its numbers are those of the catalogue"})},
		{Path: "agent/gather/smbios", Owns: "firmware's tables, for several gatherers", May: []Import{
			{"agent/host", "where the tables are read"},
		}, Tests: recordings()},
		{Path: "agent/gather/block", Owns: "how block devices stack, for several gatherers", May: []Import{
			{"agent/host", "where sysfs is read"},
		}, Tests: recordings()},
		{Path: "agent/gather/apple", Owns: "forms of macOS' own programs, for several gatherers", May: []Import{
			{"agent/host", "it asks those programs"},
			{"agent/gather/home", "jobs of launchd lie in homes too"},
		}},
		{Path: "agent/gather/utmp", Owns: "records of sign-ins, for several gatherers"},
		{Path: "agent/gather/home", Owns: "whose homes there are, for several gatherers", May: []Import{
			{"agent/host", "where they are looked for"},
		}},
		{Path: "agent/gather/hive", Owns: "people's registries, loaded or in their files, for several gatherers", May: []Import{
			{"internal/order", "people are told in their order"},
			{"agent/host", "where they are read"},
		}, Tests: recordings()},
		{Path: "agent/gather/pnp", Owns: "devices of Windows and their drivers, for several gatherers", May: []Import{
			{"agent/host", "where they are read"},
		}, Tests: recordings()},
		{Path: "agent/gather/pdh", Owns: "performance counters of Windows, for several gatherers"},
		{Path: "agent/gather/com", Owns: "the beginning and end of a talk with objects of Windows, for several sources"},
		{Path: "agent/gather/wua", Owns: "how Windows is asked which updates it offers", May: []Import{
			{"agent/gather/com", "the updates are objects"},
		}},
		{Path: "agent/gather/wmi", Owns: "which classes of WMI are asked, for several gatherers", May: []Import{
			{"agent/gather/com", "WMI is asked by objects"},
		}},
		{Path: "agent/gather/commandline", Owns: "programs in command lines of Windows, for several gatherers"},
		{Path: "agent/gather/keyfile", Owns: "files of sections and keys, for several gatherers"},
		{Path: "agent/gather/unit", Owns: "units of systemd by their files, for several gatherers", May: []Import{
			{"agent/host", "where they are looked for"},
			{"agent/gather/keyfile", "their form"},
		}, Tests: recordings()},
		{Path: "agent/gather/running", Owns: "programs that run, for several gatherers", May: []Import{
			{"agent/host", "where they are looked for"},
		}, Tests: recordings()},
		{Path: "agent/gather/packages", Owns: "versions of installed packages, for several gatherers", May: []Import{
			{"agent/host", "where they are read"},
		}, Tests: recordings()},
		{Path: "agent/watch", Owns: "events: how far logs were read, and what changed between two looks", May: []Import{
			{"agent/host", "the machine is seen through it"},
			{"agent/watch/*", "the logs it reads"},
			{"agent/gather/utmp", "whether a shutdown stands before a start; who signed in where no journal says so"},
			{"agent/gather/changelog", "forms of the package managers' logs"},
			{"internal/order", "records and reports are told in their order"},
			{"internal/event", "its kinds are those of the catalogue"},
			{"internal/event/linux", "what lines mean"},
			{"internal/event/windows", "what records mean"},
			{"internal/segment", "the file of marks survives a power cut"},
		}, Tests: []Import{
			{"agent/watch/journal/journaltest", "journals with known entries"},
		}},
		{Path: "agent/watch/journal", Owns: "files of systemd's journal", May: []Import{
			{"internal/order", "files are read in their order"},
		}, Tests: []Import{
			{"agent/watch/journal/journaltest", "files with known entries"},
		}},
		{Path: "agent/watch/journal/journaltest", Owns: "files of systemd's journal written for tests", TestsOnly: true},
		{Path: "agent/watch/kmsg", Owns: "records of the kernel's log"},
		{Path: "agent/watch/syslog", Owns: "lines of text logs"},
		{Path: "agent/gather/hwdata", Owns: "names of hardware numbers, for several gatherers", May: []Import{
			{"agent/host", "where the lists are read"},
		}, Tests: recordings()},
		{Path: "agent/gather/recorded", Owns: "machines written down for tests", TestsOnly: true, May: []Import{
			{"agent/host", "a recording is a host"},
			{"agent/gather/smbios", "it writes firmware tables"},
			{"agent/gather", "it compares readings"},
			{"internal/inventory", "it compares sections"},
		}},
		{Path: "agent/spool", Owns: "bounded queue on disk", May: []Import{
			{"internal/segment", "its files"},
			{"internal/report", "what waits in it"},
			{"internal/inventory", "the newest inventory is kept"},
		}},
		{Path: "agent/send", Owns: "batches to the collector, answers sorted; identity and its renewal", May: []Import{
			{"internal/report", "what is sent"},
			{"internal/enroll", "how it becomes somebody"},
			{"internal/backoff", "when to try again"},
			{"internal/buildinfo", "user agent, and the lower bound of the clock"},
			{"internal/inventory", "DeviceID"},
		}},
		{Path: "agent/simulate", Owns: "many agents in one process", May: []Import{
			{"agent/send", "through the real send"},
			{"agent/spool", "with the real spool, where a scenario wants it"},
			{"internal/...", "made-up machines speak the catalogues"},
		}},

		// The collector.
		{Path: "collector", Owns: "joins the collector", May: []Import{
			{"collector/...", "the root joins the stages"},
			{"internal/...", "it carries what they agree on from one to the next"},
		}},
		{Path: "collector/cmd/muster", Owns: "main", May: []Import{
			{"collector", "muster serve"},
			{"collector/cli", "all other commands"},
			{"collector/config", "flags win over the file"},
			{"collector/migrate", "what muster migrate comes to"},
			{"collector/query", "muster sql-worker is the same binary"},
			{"internal/buildinfo", "it prints its version"},
		}},
		{Path: "collector/cli", Owns: "a file per noun, client of the API", May: []Import{
			{"collector", "muster serve starts the joined collector"},
			{"collector/config", "muster config check"},
			{"collector/query", "muster sql-worker"},
			{"collector/api", "types of its requests and answers"},
			{"collector/store", "types of what they hold"},
			{"collector/search", "what a filter that chose nothing may have meant"},
			{"collector/health", "muster rule test plays cases"},
			{"collector/health/rule", "muster rule check reads rules without a collector"},
			{"collector/health/rules", "an office's rules are checked over our own"},
			{"collector/summary", "which parts figures have"},
			{"collector/snmp/profile", "muster profile check reads profiles without a collector"},
			{"collector/doctor", "what muster doctor finds"},
			{"collector/backup", "muster backup verify and restore need no collector"},
			{"collector/migrate", "what muster migrate tells while it works, and what it comes to"},
			{"collector/authority/seal", "a backup's seal is opened with a copy of the key file"},
			{"internal/...", "it prints sections, versions and enrolment strings, and can run as a service"},
		}},
		{Path: "collector/config", Owns: "settings of the collector", May: []Import{
			{"internal/settings", "how files are read"},
		}},
		{Path: "collector/receive", Owns: "TLS, which device is this, limits, decoding; no SQL, no rules", May: []Import{
			{"internal/report", "what comes in"},
			{"internal/enroll", "who comes in"},
			{"internal/inventory", "DeviceID"},
			{"internal/buildinfo", "the server's name in answers"},
			{"internal/backoff", "how far to spread Retry-After"},
		}},
		{Path: "collector/authority", Owns: "CA, tokens, and the rules of identity", May: []Import{
			{"collector/authority/seal", "the CA's key is kept sealed"},
			{"internal/enroll", "what is asked and answered"},
			{"internal/inventory", "DeviceID and evidence"},
			{"internal/report", "codes of refusals"},
		}, Tests: []Import{
			{"collector/authority/authoritytest", "the suite its stores pass"},
		}},
		{Path: "collector/authority/seal", Owns: "secrets sealed under a key file"},
		{Path: "collector/authority/authoritytest", Owns: "a control store in memory for tests of identity", TestsOnly: true, May: []Import{
			{"collector/authority", "the contract it stands in for"},
			{"internal/...", "devices, evidence"},
		}},
		{Path: "collector/intake", Owns: "the one door: identity, sequence, section diff, commit, acknowledge", May: []Import{
			{"collector/store", "the contract it commits through"},
			{"collector/edid", "what a display says of itself is kept as people see it"},
			{"collector/lifecycle", "until when a release is mended is kept beside it"},
			{"internal/report", "what is taken in"},
			{"internal/inventory", "sections"},
			{"internal/metric", "the catalogue decides what is kept"},
			{"internal/event", "the catalogue decides what is kept"},
		}},
		{Path: "collector/edid", Owns: "what displays say of themselves, with makers' quirks", May: []Import{
			{"internal/inventory", "it completes rows of monitors"},
		}},
		{Path: "collector/lifecycle", Owns: "until when makers mend their operating systems", May: []Import{
			{"internal/settings", "products are read as strictly as settings, with line and reason"},
			{"internal/inventory", "it completes rows of systems"},
		}},
		{Path: "collector/outbox", Owns: "durable reports on their way to the series store", May: []Import{
			{"internal/segment", "its files"},
			{"internal/report", "what waits in it"},
			{"internal/inventory", "DeviceID"},
		}},
		{Path: "collector/drain", Owns: "moves samples from the outbox to the series store", May: []Import{
			{"collector/store", "the contract it writes through"},
			{"internal/report", "what a record of the outbox holds"},
			{"internal/inventory", "DeviceID"},
			{"internal/metric", "series are named by the catalogue"},
			{"internal/backoff", "when to try a slow store again"},
		}},
		{Path: "collector/store", Owns: "the two contracts and their types", May: []Import{
			{"collector/search", "a filter is part of the contract"},
			{"internal/inventory", "tables follow from sections"},
			{"internal/metric", "series are named by the catalogue"},
			{"internal/event", "events are named by the catalogue"},
			{"internal/report", "statuses of sections, layouts and samples"},
		}},
		{Path: "collector/store/storetest", Owns: "the suites every store passes", TestsOnly: true, May: []Import{
			{"collector/store", "the contracts"},
			{"collector/search", "filters are part of the contract"},
			{"internal/...", "it makes rows, samples and events"},
		}},
		{Path: "collector/store/sqlstore", Owns: "inventory and control in SQL", May: controlMay(), Tests: append(storeTests(),
			Import{"collector/authority/authoritytest", "the suite for stores of identities"},
			Import{"collector/notify/notifytest", "the suite for stores of notices"},
			Import{"collector/query", "what people may ask of the views"},
			Import{"collector/authority/seal", "secrets of channels come sealed"},
			Import{"collector/store/sqlstore/postgrestest", "a real server"},
		)},
		{Path: "collector/store/sqlstore/postgrestest", Owns: "a real PostgreSQL for tests, that can be killed", TestsOnly: true},
		{Path: "collector/store/tsdb", Owns: "series in the embedded Prometheus TSDB", May: storeMay(), Tests: storeTests()},
		{Path: "collector/store/influx", Owns: "series in InfluxDB", May: append(storeMay(),
			Import{"internal/backoff", "when to look again at a server that does not answer"},
		), Tests: append(storeTests(),
			Import{"collector/store/influx/influxtest", "a real server"},
		)},
		{Path: "collector/store/influx/influxtest", Owns: "a real InfluxDB for tests, that can be killed", TestsOnly: true},
		{Path: "collector/store/memory", Owns: "both stores in memory, for tests and measurements", May: storeMay(), Tests: storeTests()},
		{Path: "collector/search", Owns: "the filter grammar", May: []Import{
			{"internal/inventory", "its words are columns"},
			{"internal/metric", "its words are series"},
		}},
		{Path: "collector/query", Owns: "people's SQL, in a child process", May: []Import{
			{"internal/inventory", "which columns are personal"},
		}},
		{Path: "collector/health", Owns: "judges", May: []Import{
			{"collector/store", "the contracts it reads"},
			{"collector/search", "maintenance is for devices that a filter chooses"},
			{"collector/health/rule", "what it holds devices against"},
			{"collector/health/window", "numbers over a time"},
			{"collector/health/cause", "what devices in trouble share"},
			{"collector/health/forecast", "when a number reaches a limit"},
			{"collector/health/anomaly", "what is unusual of a number"},
			{"collector/health/drive", "the drive risk model"},
			{"internal/report", "a device's rhythm is judged by its reports"},
			{"internal/inventory", "rules speak sections"},
			{"internal/metric", "rules speak series"},
			{"internal/event", "rules speak events"},
		}, Tests: []Import{
			{"collector/health/rules", "our own rules must hold their cases"},
		}},
		{Path: "collector/health/rule", Owns: "rules as data: their files, their language, their cases", May: []Import{
			{"internal/settings", "how files are read"},
			{"internal/report", "a case is made of samples"},
			{"internal/inventory", "rules speak sections"},
			{"internal/metric", "rules speak series"},
			{"internal/event", "rules speak events"},
		}, Tests: []Import{
			{"collector/health/rules", "our own rules must load"},
		}},
		{Path: "collector/rulebook", Owns: "which rules are in use: our own, the office's files, what administrators set", May: []Import{
			{"collector/health/rule", "what it puts together"},
			{"collector/health/rules", "an office changes our own rules"},
			{"collector/store", "where changes are kept"},
			{"internal/settings", "what is wrong with a file or a change"},
		}, Tests: []Import{
			{"collector/store/sqlstore", "changes in a real store"},
		}},
		{Path: "collector/health/evaluate", Owns: "main: the engine on recorded data, scored", May: []Import{
			{"collector/health", "what it holds against the data"},
			{"collector/health/...", "rules, forecasts, models and detectors, as the engine has them"},
			{"collector/store", "the form of readings and of what is recorded"},
			{"internal/inventory", "rows of drives"},
			{"internal/report", "samples"},
		}},
		{Path: "collector/health/window", Owns: "the recent past of one number, in bounded memory"},
		{Path: "collector/health/cause", Owns: "what devices in trouble share"},
		{Path: "collector/health/forecast", Owns: "when a number reaches a limit, as a span or not at all"},
		{Path: "collector/health/anomaly", Owns: "what is unusual of one number: in its stream, against its past, against its peers"},
		{Path: "collector/health/anomaly/nab", Owns: "series and formula of the Numenta Anomaly Benchmark", Tests: []Import{
			{"collector/health/anomaly", "the detector that the page gives figures of"},
		}},
		{Path: "collector/health/anomaly/tune", Owns: "where the detector's constants come from, and what they are worth", May: []Import{
			{"collector/health/anomaly", "what it tries"},
			{"collector/health/anomaly/nab", "what it tries it on"},
		}},
		{Path: "collector/health/drive", Owns: "the drive risk model: readings to points, each with its terms"},
		{Path: "collector/health/drive/train", Owns: "where the model's coefficients come from, and what they are worth", May: []Import{
			{"collector/health/drive", "what it fits and tries"},
			{"collector/health/forecast", "wear is tried on the same drives"},
		}},
		{Path: "collector/health/rules", Owns: "our own rules, a YAML file each"},
		{Path: "collector/backup", Owns: "the archive of a collector's data: written while it runs, checked, unpacked"},
		{Path: "collector/migrate", Owns: "in which pieces numbers are moved from one store to another, and that they arrive", May: []Import{
			{"collector/store", "what is read and written"},
			{"internal/backoff", "when to try a store again that is away"},
		}},
		{Path: "collector/doctor", Owns: "what muster doctor finds, and the judgement of a running collector", May: []Import{
			{"collector/api", "what a collector tells of itself"},
		}, Tests: []Import{
			{"collector/store", "what it tells of its series"},
			{"internal/buildinfo", "versions"},
		}},
		{Path: "collector/exposition", Owns: "the text form in which scrapers read numbers"},
		{Path: "collector/outgoing", Owns: "the only way by which the collector calls somebody, and the rules about addresses"},
		{Path: "collector/notify", Owns: "routes, grouping, limits, digests, retries, and the words of a message", May: []Import{
			{"internal/backoff", "when to try a letter again"},
		}, Tests: []Import{
			{"collector/notify/notifytest", "a store in memory"},
		}},
		{Path: "collector/notify/*", Owns: "one channel each; they do not know each other", May: []Import{
			{"collector/notify", "the contract, and the message to send"},
			{"collector/outgoing", "every call follows the rules about addresses"},
			{"internal/backoff", "Retry-After"},
			{"internal/buildinfo", "which program sends"},
		}, Tests: []Import{
			{"collector/notify/channeltest", "the suite every channel passes"},
			{"collector/notify/mail/mailtest", "a real mail server"},
			{"collector/notify/notifytest", "plausible announcements"},
		}},
		{Path: "collector/notify/notifytest", TestsOnly: true, Owns: "the suite for stores of notices, and one in memory", May: []Import{
			{"collector/notify", "the contract"},
		}},
		{Path: "collector/notify/mail/mailtest", TestsOnly: true, Owns: "a real mail server"},
		{Path: "collector/notify/channeltest", TestsOnly: true, Owns: "the suite every channel passes, and networks that break", May: []Import{
			{"collector/notify", "the contract"},
			{"collector/notify/notifytest", "plausible announcements"},
		}},
		{Path: "collector/snmp/session", Owns: "SNMP messages, and one device: questions, answers, timeouts, what was learned of its manners", Tests: []Import{
			{"collector/snmp/snmptest", "an agent with the faults of real ones"},
			{"collector/snmp/snmptest/message", "a second opinion of every message"},
		}},
		{Path: "collector/snmp/snmptest", TestsOnly: true, Owns: "an SNMP agent in process that plays small walks, with faults", May: []Import{
			{"collector/snmp/snmptest/message", "it reads and writes messages"},
			{"collector/snmp/session", "the link it stands in for"},
		}},
		{Path: "collector/snmp/snmptest/message", TestsOnly: true, Owns: "a second opinion of SNMP on the wire, independent of the library that is used: the agents' side of tests"},
		{Path: "collector/snmp/ping", Owns: "ICMP echoes to all targets over one socket"},
		{Path: "collector/snmp/poll", Owns: "when each target is asked what, lanes, and the reports that become of it", May: []Import{
			{"collector/snmp/session", "it asks through sessions, and keeps what they learned"},
			{"internal/report", "it makes reports"},
			{"internal/inventory", "hashes of sections, DeviceID"},
			{"internal/metric", "which counters have 32 bits"},
			{"internal/event", "kinds of what it saw"},
			{"internal/backoff", "a target's place in the interval"},
		}, Tests: []Import{
			{"collector/snmp/snmptest", "an agent in virtual time"},
			{"collector/snmp/snmptest/message", "its users"},
		}},
		{Path: "collector/snmp/profile", Owns: "what devices can be asked, and which rows and numbers follow", May: []Import{
			{"collector/snmp/session", "it asks through sessions"},
			{"internal/settings", "profiles are read as strictly as settings, with line and reason"},
			{"internal/inventory", "rows are those of its sections"},
			{"internal/metric", "numbers are named by the catalogue"},
			{"internal/event", "kinds of what it saw"},
			{"internal/report", "it makes sections and layouts"},
		}},
		{Path: "collector/snmp/profile/score", Owns: "profiles held against recordings of real devices", TestsOnly: true, May: []Import{
			{"collector/snmp/profile", "it scores them"},
			{"collector/snmp/session", "recordings answer as sessions do"},
			{"internal/inventory", "rows are those of its sections"},
		}},
		{Path: "collector/snmp/discover", Owns: "which addresses answer, with which credential, and which are the same device", May: []Import{
			{"collector/snmp/session", "it asks through sessions"},
			{"internal/enroll", "which serial numbers and hardware addresses are placeholders"},
		}},
		{Path: "collector/snmp/trap", Owns: "traps and informs: who may send them, how often, and which are old", May: []Import{
			{"collector/snmp/session", "messages of versions 1 to 3, opened and answered"},
			{"internal/event", "kinds of what a trap hints at"},
		}, Tests: []Import{
			{"collector/snmp/snmptest/message", "what senders say, written by another codec"},
		}},
		{Path: "collector/topology", Owns: "which port a device hangs on, what hangs on a port, how gear is connected", May: []Import{
			{"internal/inventory", "DeviceID"},
		}},
		{Path: "collector/atlas", Owns: "the map of the network as the inventory has it now", May: []Import{
			{"collector/store", "rows that the map is made of"},
			{"collector/topology", "it joins them"},
			{"internal/inventory", "columns of sections"},
		}},
		{Path: "collector/account", Owns: "roles, tokens, sessions, audit", May: []Import{
			{"collector/store", "scopes are decided here and kept there"},
			{"internal/inventory", "DeviceID"},
		}, Tests: []Import{
			{"collector/store/sqlstore", "who comes from a provider, over the store that a collector has"},
			{"collector/account/providertest", "a real provider"},
		}},
		{Path: "collector/account/providertest", TestsOnly: true, Owns: "a provider of OpenID Connect for tests"},
		{Path: "collector/saved", Owns: "what people keep for themselves: searches, statements, when they last looked", May: []Import{
			{"collector/account", "whose it is"},
		}, Tests: []Import{
			{"collector/store", "scopes of those who ask"},
		}},
		{Path: "collector/summary", Owns: "the figures that a board asks for, and when they are mailed", May: []Import{
			{"collector/store", "what is counted"},
			{"collector/search", "questions to the fleet are searches"},
			{"collector/notify", "a summary is a letter among others"},
		}, Tests: []Import{
			{"collector/store/sqlstore", "figures of a real store, letters in a real line"},
			{"collector/notify/mail", "summaries are mailed"},
			{"collector/notify/mail/mailtest", "to a real server"},
			{"collector/outgoing", "which tests reach on this machine"},
		}},
		{Path: "collector/api", Owns: "one table of operations", May: []Import{
			{"collector/store", "what operations read and write"},
			{"collector/search", "filters in requests"},
			{"collector/account", "the policy of each operation"},
			{"collector/health", "explanations and replays are its answers"},
			{"collector/health/rule", "rules are shown, and say which evidence tells of persons"},
			{"collector/notify", "channels, routes and letters are its types"},
			{"collector/atlas", "where everything hangs"},
			{"collector/topology", "places, ports and links are its answers"},
			{"collector/saved", "what people keep is listed and changed"},
			{"collector/summary", "figures and schedules are its answers"},
			{"internal/...", "it shows sections, series, events and versions"},
		}, Tests: []Import{
			{"collector/store/sqlstore", "the operations over the stores that a collector has"},
			{"collector/notify/notifytest", "messages in memory"},
		}},
		{Path: "collector/web/texts", Owns: "words of the pages and their translations"},
		{Path: "collector/web", Owns: "pages", May: []Import{
			{"collector/web/texts", "what pages say, in the language of who reads"},
			{"collector/api", "pages show what operations answer"},
			{"collector/account", "somebody signs in before they ask"},
			{"collector/doctor", "how the collector is, judged as muster doctor does"},
			{"collector/store", "types of what is shown"},
			{"collector/summary", "which questions are asked of the fleet"},
			{"internal/...", "it shows sections, series, events and versions"},
		}, Tests: []Import{
			{"collector/store/sqlstore", "pages over the stores that a collector has"},
			{"collector/store/memory", "numbers"},
			{"collector/health", "what stands in for the judge"},
			{"collector/health/rule", "it has rules"},
			{"collector/rulebook", "rules that pages change"},
			{"collector/account/providertest", "people come from a real provider"},
			{"collector/search", "what its words are belongs into the list of texts"},
		}},
	}
}

// recordings is what gatherers are tested on.
func recordings() []Import {
	return []Import{
		{"agent/gather/recorded", "every gatherer is tested on the same machines"},
	}
}

// storeMay is the same for every store: none knows another.
func storeMay() []Import {
	return []Import{
		{"collector/store", "the contract it fulfils"},
		{"collector/search", "the filter it turns into its own condition"},
		{"internal/inventory", "tables follow from sections"},
		{"internal/metric", "series are named by the catalogue"},
		{"internal/event", "events are named by the catalogue"},
		{"internal/report", "statuses of sections"},
	}
}

// controlMay is what the SQL store may import beside what every store may: it
// keeps accounts and identities too.
func controlMay() []Import {
	return append(storeMay(),
		Import{"collector/account", "accounts and the audit are kept there"},
		Import{"collector/authority", "identities are kept there"},
		Import{"collector/notify", "announcements, letters, channels and routes are kept there"},
		Import{"collector/saved", "what people keep for themselves is kept there"},
		Import{"collector/summary", "schedules of summaries are kept there"},
		Import{"internal/enroll", "keys and evidence of identities"})
}

func storeTests() []Import {
	return []Import{
		{"collector/store/storetest", "one call joins the suite"},
	}
}

// TestsMay is what the tests of every folder may import beside what the folder
// itself may.
func TestsMay() []Import {
	return []Import{
		{"internal/...", "tests speak the wire and the catalogues"},
		{"collector/store/memory", "a real store without a disk"},
	}
}
