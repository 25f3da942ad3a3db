package simulate

import (
	"slices"
	"time"
)

// deed is one thing that a step can let happen.
type deed struct {
	name  string
	doc   string // what happens
	to    string // pc, site, switch, ups, printer
	needs []string
	may   []string // that it takes beside
	named string   // what name says, and what it is without: "program (Ledger Sync)"
	trips string   // the rules it is meant for
	after string   // how long that takes, in the time of the machines
	// grows says that for is how long it takes to come about: it stays then.
	grows bool
	// fits says why it cannot happen to a machine; empty: it can.
	fits func(m *machine) string
}

// Names of deeds.
const (
	doInstall     = "install"
	doRemove      = "remove"
	doUpgrade     = "upgrade"
	doReboot      = "reboot"
	doRename      = "rename"
	doOffline     = "offline"
	doSilent      = "silent"
	doWrongClock  = "wrong_clock"
	doClockDrift  = "clock_drift"
	doFillDisk    = "fill_disk"
	doDyingDisk   = "dying_disk"
	doWearOut     = "wear_out"
	doDiskGone    = "disk_gone"
	doLeakMemory  = "leak_memory"
	doOOM         = "oom"
	doModuleLost  = "memory_module_lost"
	doThrottle    = "throttle"
	doOverheat    = "overheat"
	doFailBattery = "fail_battery"
	doBlueScreens = "blue_screens"
	doBadDriver   = "bad_driver"
	doCrash       = "crash_program"
	doServiceLoop = "service_crash_loop"
	doUpdateFails = "update_fails"
	doAntivirus   = "antivirus_off"
	doFlapLink    = "flap_link"
	doLinkSlow    = "link_slow"
	doSwitch      = "switch_errors"
	doOutage      = "outage"
	doUPS         = "ups_on_battery"
	doToner       = "toner_low"
)

// deeds lists them, in the order of docs/simulate.md.
func deeds() []deed {
	chosen := []string{"agents", "machine", "model", "site", "switch"}
	pc := func(d deed) deed {
		d.to, d.may = "pc", append(chosen, d.may...)
		return d
	}
	return []deed{
		pc(deed{name: doInstall, doc: "a program more", needs: []string{"name"}, named: "program"}),
		pc(deed{name: doRemove, doc: "a program less"}),
		pc(deed{name: doUpgrade, doc: "a program's version rises"}),
		pc(deed{name: doReboot, doc: "a restart"}),
		pc(deed{name: doRename, doc: "a new host name"}),
		pc(deed{name: doOffline, doc: "no reports for a time; nothing is kept", needs: []string{"for"}, trips: "O10", after: "after days"}),
		pc(deed{name: doSilent, doc: "the agent is dead", may: []string{"for"}, trips: "O10", after: "2 working days, 7 to be a warning"}),
		pc(deed{name: doWrongClock, doc: "the clock is three years ahead", trips: "O07", after: "10 m"}),
		pc(deed{name: doClockDrift, doc: "the clock runs away, to 6 minutes ahead", needs: []string{"for"}, grows: true, trips: "O07", after: "a twelfth of for, two thirds to be critical"}),
		pc(deed{name: doFillDisk, doc: "the disk fills", needs: []string{"for"}, grows: true, trips: "S02, S01, S03", after: "a week of growth for a forecast; when it is full"}),
		pc(deed{name: doDyingDisk, doc: "a drive dies: bad sectors (an NVMe drive: media errors), from half of for on errors in the system's log", needs: []string{"for"}, grows: true,
			trips: "D02, D03, D04, D10 (D07, D08), D01", after: "a day; the log from half of for on; D01 at its end"}),
		pc(deed{name: doWearOut, doc: "an SSD reaches its rated life", needs: []string{"for"}, grows: true, trips: "D09", after: "when 90 % are used, or 30 days of running", fits: hasSSD}),
		pc(deed{name: doDiskGone, doc: "the second drive vanishes", trips: "D13", after: "2 inventories", fits: hasSecondDrive}),
		pc(deed{name: doLeakMemory, doc: "a driver takes memory and never gives it back, until the next restart", needs: []string{"for"}, grows: true, named: "program (Ledger Sync)",
			may: []string{"name"}, trips: "M03, M04", after: "48 h without a restart"}),
		pc(deed{name: doOOM, doc: "memory runs out each hour", may: []string{"for", "name"}, named: "program (Ledger Sync)", trips: "M05", after: "at once, 3 h to be critical"}),
		pc(deed{name: doModuleLost, doc: "half of the memory is gone after a restart", trips: "M06", after: "2 inventories", fits: hasTwoModules}),
		pc(deed{name: doThrottle, doc: "the processor is held back for a third of the time", may: []string{"for"}, trips: "C04", after: "3 days"}),
		pc(deed{name: doOverheat, doc: "99 °C", may: []string{"for"}, trips: "C05", after: "10 m"}),
		pc(deed{name: doFailBattery, doc: "the battery holds less and less, at last a fifth", needs: []string{"for"}, grows: true, trips: "B01, B02", after: "when it holds less than 60 %", fits: hasBattery}),
		pc(deed{name: doBlueScreens, doc: "a stop error every 8 hours that it runs", may: []string{"for", "name"}, named: "stop code (0xd1)", trips: "C02, C01", after: "a day or two"}),
		pc(deed{name: doBadDriver, doc: "a new version of a driver, and stop errors from then on every 8 hours that it runs", may: []string{"for", "name"}, named: "driver (dispnw.inf)",
			trips: "C02, C01; on many of a model F01, F02", after: "a day or two"}),
		pc(deed{name: doCrash, doc: "a program crashes every 50 minutes", may: []string{"for", "name"}, named: "program (Ledger Sync)", trips: "C07", after: "a working day"}),
		pc(deed{name: doServiceLoop, doc: "a service ends every 10 minutes", may: []string{"for", "name"}, named: "service (svc07)", trips: "C08", after: "an hour"}),
		pc(deed{name: doUpdateFails, doc: "an update fails each day", may: []string{"for", "name"}, named: "update (KB5099999)", trips: "O02", after: "3 days"}),
		pc(deed{name: doAntivirus, doc: "virus protection is switched off", may: []string{"for"}, trips: "O05", after: "1 h"}),
		pc(deed{name: doFlapLink, doc: "the network link goes down and up, 8 times an hour", may: []string{"for"}, trips: "N03, and G04 at the switch", after: "40 m", fits: isWired}),
		pc(deed{name: doLinkSlow, doc: "the network link runs at 100 Mbit/s, half duplex", may: []string{"for"}, trips: "N02, and G03 at the switch", after: "1 h", fits: isWired}),
		{name: doSwitch, doc: "two frames in a hundred are damaged on the ports of a switch, as far as agents says, and at the PCs behind", to: "switch", needs: []string{"switch"},
			may: []string{"for", "agents"}, trips: "N07 at the switch, N01 at the PCs, F01 over them", after: "30 m"},
		{name: doOutage, doc: "a site falls silent: without power PCs stop where they are, and start again one after the other; with name: line they run on and deliver later", to: "site",
			needs: []string{"site", "for"}, may: []string{"name"}, named: "power (without a name) or line", trips: "F03; G17 after it", after: "20 m"},
		{name: doUPS, doc: "mains power is lost: the UPS runs on its battery", to: "ups", needs: []string{"for"}, may: []string{"site"}, trips: "G11", after: "at once; below 30 % of charge to be critical"},
		{name: doToner, doc: "toner runs out", to: "printer", needs: []string{"for"}, may: []string{"site"}, grows: true, trips: "G13, G14", after: "towards the end of for"},
	}
}

func deedOf(name string) (deed, bool) {
	l := deeds()
	i := slices.IndexFunc(l, func(d deed) bool { return d.name == name })
	if i < 0 {
		return deed{}, false
	}
	return l[i], true
}

func deedNames() []string {
	var out []string
	for _, d := range deeds() {
		out = append(out, d.name)
	}
	return out
}

func (d deed) takes(field string) bool {
	return slices.Contains(d.needs, field) || slices.Contains(d.may, field)
}

// fate is a step that is a device's.
type fate struct {
	*Step
	d    deed
	from time.Time
	to   time.Time // zero: for ever
	done bool      // what happens once has happened
	acc  float64   // of what happens so often an hour
	told time.Time // when it was last told, of what is told once a day
}

// share is how far it has come, 0 to 1; false before and after.
func (f *fate) share(now time.Time) (float64, bool) {
	switch {
	case now.Before(f.from):
		return 0, false
	case f.to.IsZero():
		return 1, true
	case now.Before(f.to):
		return now.Sub(f.from).Seconds() / f.to.Sub(f.from).Seconds(), true
	}
	return 1, f.d.grows
}

// often counts what happens so many times an hour, in hours that passed.
func (f *fate) often(perHour, hours float64) int {
	f.acc += perHour * hours
	n := int(f.acc)
	f.acc -= float64(n)
	return n
}

// fates are those of one device.
type fates []*fate

// of finds the fate of a kind that is at work.
func (l fates) of(name string, now time.Time) (*fate, float64) {
	for _, f := range l {
		if f.Do == name {
			if s, ok := f.share(now); ok {
				return f, s
			}
		}
	}
	return nil, 0
}

func hasSSD(m *machine) string {
	if !slices.ContainsFunc(m.model.drives, func(d driveModel) bool { return d.kind != "hdd" }) {
		return "it has no SSD"
	}
	return ""
}

func hasSecondDrive(m *machine) string {
	if len(m.model.drives) < 2 {
		return "it has one drive only"
	}
	return ""
}

func hasTwoModules(m *machine) string {
	if m.model.modules < 2 {
		return "its memory is one module"
	}
	return ""
}

func hasBattery(m *machine) string {
	if m.model.battery == 0 {
		return "it has no battery"
	}
	return ""
}

func isWired(m *machine) string {
	if m.wireless {
		return "it has no cable"
	}
	return ""
}
