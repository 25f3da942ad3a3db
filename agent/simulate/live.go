package simulate

import (
	"fmt"
	"time"

	"muster/internal/event"
)

// happening is an event that waits to be told.
type happening struct {
	at         time.Time
	kind       string
	attributes map[string]string
}

// voice is whether a device says something now, and whether it is heard.
type voice struct {
	speaks  bool
	reaches bool
	dead    bool // it is not there, and what it had to say is lost
}

func (m *machine) tell(at time.Time, kind string, pairs ...string) {
	h := happening{at: at, kind: kind}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			if h.attributes == nil {
				h.attributes = map[string]string{}
			}
			h.attributes[pairs[i]] = pairs[i+1]
		}
	}
	m.events = append(m.events, h)
}

// live lets time pass until now.
func (m *machine) live(now time.Time) voice {
	m.now = now
	out, _ := m.fates.of(doOutage, now)
	s, on := m.spellAt(now)
	line := out != nil && !s.home
	if line && out.Name != "line" && !m.laptop() {
		on = false
	}
	farewell := false
	switch {
	case on && !m.up:
		m.comeUp(s, now)
	case !on && m.up:
		how := m.spell.end
		if line && out.Name != "line" && !m.laptop() {
			how = drops
		}
		farewell = m.goDown(how, now)
	case on && m.spell.to.Before(s.from): // it was off for a moment between two looks
		m.goDown(m.spell.end, now)
		m.comeUp(s, now)
	}
	if on {
		m.spell = s
		m.seen = now
		m.once(now)
		m.everyday(now)
		m.suffer(now)
	}
	v := voice{speaks: on || farewell, reaches: !m.spell.away && !line}
	if f, _ := m.fates.of(doOffline, now); f != nil {
		v.dead = true
	}
	if f, _ := m.fates.of(doSilent, now); f != nil {
		v.dead = true
	}
	return v
}

func (m *machine) comeUp(s spell, now time.Time) {
	at := now
	if s.from.After(m.seen) && s.from.Before(now) {
		at = s.from
	}
	before := m.card()
	was := m.spell
	m.up, m.spell = true, s
	if before != m.card() || was.home != s.home {
		m.touch("interface", "address", "wifi")
	}
	switch {
	case m.dark:
		m.dark = false
		m.tell(m.seen, event.UncleanStop, "cause", "power")
		m.restart(at, "cold")
	case !m.pending.IsZero() && was.end == stops, m.seen.IsZero():
		m.restart(at, "cold") // shutting down for an update is a real one
	case was.end == stops && !m.habits.always:
		m.woke, m.begun = at, at
		m.core = m.starting(0.6)
		m.tell(at, event.Boot, "type", "fast")
		m.touch("boot")
	case !m.habits.always:
		m.woke = at
		m.tell(at, event.Resume, "slept_seconds", fmt.Sprint(int64(at.Sub(m.seen).Seconds())))
	default:
		m.woke = at
	}
	if !m.habits.always {
		m.tell(at.Add(time.Minute), event.UserLogon, "user", m.user(), "session", "console")
	}
	m.charge = max(m.charge, 60)
	m.last = at
}

// starting is how long this start takes, of a full one.
func (m *machine) starting(share float64) float64 {
	base := 14.0
	if m.model.drives[0].kind == "hdd" {
		base = 42
	}
	return share * base * (0.9 + 0.2*m.rng.Float64())
}

// goDown says whether there is a last word.
func (m *machine) goDown(how leaving, now time.Time) bool {
	m.up = false
	switch how {
	case drops:
		m.dark = true
		for i := range m.drives {
			m.drives[i].unsafe++
		}
		return false
	case closed:
		return false
	case sleeps:
		m.tell(now, event.Sleep)
	case stops:
		m.tell(now, event.CleanStop, "action", "off")
	}
	return true
}

// restart begins a new kernel: counters since the start begin at nothing.
func (m *machine) restart(at time.Time, kind string) {
	m.started, m.woke, m.begun, m.pending = at, at, at, time.Time{}
	m.boots++
	growth := m.sums[sumGrowth]
	m.sums = [sums]float64{}
	m.sums[sumGrowth] = growth
	m.core = m.starting(1)
	m.tell(at, event.Boot, "type", kind)
	for _, name := range chapterNames() {
		m.touched[name] = true
	}
}

// cleanRestart is one that somebody asked for.
func (m *machine) cleanRestart(now time.Time) {
	m.tell(now, event.CleanStop, "action", "restart")
	m.restart(now, "cold")
}

// bluescreen stops the machine, and starts it again.
func (m *machine) bluescreen(at time.Time, code, module string) {
	m.tell(at, event.UncleanStop, "cause", "bugcheck", "stop_code", code)
	m.tell(at, event.Bugcheck, "stop_code", code, "module", module, "dumped", "true")
	m.restart(at, "cold")
}

func (m *machine) user() string { return "user" + fmt.Sprint(m.n) }

// once lets happen what happens once.
func (m *machine) once(now time.Time) {
	for _, f := range m.fates {
		if f.done || now.Before(f.from) {
			continue
		}
		f.done = true
		switch f.Do {
		case doInstall:
			m.extra = append(m.extra, program{f.Name, "1.0.0", "Scenario"})
			m.touch("software")
		case doRemove:
			m.gone = set(m.gone, m.n%20, true)
			m.touch("software")
		case doUpgrade:
			m.upgraded = set(m.upgraded, m.n%20, m.upgraded[m.n%20]+1)
			m.touch("software")
		case doReboot:
			m.cleanRestart(now)
		case doRename:
			m.host += "x"
			m.touch("os")
		case doWrongClock:
			m.offset = 3 * 365 * 24 * time.Hour
		case doModuleLost:
			m.halved = true
			m.cleanRestart(now)
		case doDiskGone:
			last := len(m.drives) - 1
			m.drives[last].lost = true
			m.tell(now, event.DiskRemoved, "disk", diskName(last), "serial", m.drives[last].serial, "removable", "false")
			m.touch("disk", "disk_health", "volume")
		case doBadDriver:
			before := m.driver
			m.driver = "31.0.16"
			m.tell(now, event.DriverChanged, "driver", f.named("dispnw.inf"), "device", "Display", "before", before, "after", m.driver)
			m.touch("driver")
		case doAntivirus, doServiceLoop, doUpdateFails, doLinkSlow:
			m.touch("antivirus", "service", "patch", "interface")
		}
	}
}

// named is the name of a step, or what it is without one.
func (f *fate) named(other string) string {
	if f.Name != "" {
		return f.Name
	}
	return other
}

func set[K comparable, V any](m map[K]V, k K, v V) map[K]V {
	if m == nil {
		m = map[K]V{}
	}
	m[k] = v
	return m
}

// suffer lets happen what happens again and again.
func (m *machine) suffer(now time.Time) {
	if len(m.fates) == 0 {
		return
	}
	hours := max(now.Sub(m.last).Hours(), 0)
	for _, f := range m.fates {
		share, ok := f.share(now)
		if !ok {
			continue
		}
		switch f.Do {
		case doDyingDisk:
			m.dying(f, share, hours, now)
		case doOOM:
			for range f.often(1, hours) {
				m.tell(now, event.OOMKill, "program", f.named("Ledger Sync"), "memory_bytes", fmt.Sprint(m.memory()/2), "scope", "system")
			}
		case doBlueScreens:
			for range f.often(1.0/8, hours) {
				m.bluescreen(now, f.named("0xd1"), "")
			}
		case doBadDriver:
			for range f.often(1.0/8, hours) {
				m.bluescreen(now, "0x116", "dispnw.sys")
			}
		case doCrash:
			for range f.often(1.2, hours) {
				m.tell(now, event.AppCrash, "program", f.named("Ledger Sync"), "version", "4.2.0", "module", "ledger.dll", "code", "0xc0000005")
			}
		case doServiceLoop:
			for range f.often(6, hours) {
				m.tell(now, event.ServiceFailed, "service", f.named("svc07"), "exit_code", "1067", "restarts", "3")
			}
		case doFlapLink:
			if m.spell.home {
				continue
			}
			for range f.often(8, hours) {
				m.tell(now.Add(-20*time.Second), event.LinkFlap, "interface", m.card(), "state", "down")
				m.tell(now.Add(-15*time.Second), event.LinkFlap, "interface", m.card(), "state", "up")
				if m.on != nil {
					m.on.flapped(m.port, now)
				}
			}
		case doThrottle:
			m.daily(f, now, 14, event.Throttled, "seconds", fmt.Sprint(int64(m.sums[sumThrottled])), "reason", "heat")
		case doOverheat:
			m.daily(f, now, 0, event.Overheated, "sensor", "zone_tz00", "temperature_celsius", "99", "action", "alarm")
		case doUpdateFails:
			m.daily(f, now, 10, event.UpdateFailed, "update", f.named("KB5099999"), "code", "0x800f0922", "manager", "windows_update")
			m.touch("patch")
		}
	}
}

// daily tells of something once a day, from an hour on.
func (m *machine) daily(f *fate, now time.Time, hour int, kind string, pairs ...string) {
	if now.Hour() >= hour && dayOf(f.told) != dayOf(now) {
		f.told = now
		m.tell(now, kind, pairs...)
	}
}

// dying lets the system's log speak of a drive, and in the end the drive
// itself.
func (m *machine) dying(f *fate, share, hours float64, now time.Time) {
	i := m.victim()
	d := m.drives[i]
	cause := "retried"
	if share > 0.75 {
		cause = "bad_block"
	}
	if share > 0.5 {
		for range f.often(0.5, hours) {
			m.tell(now, event.DiskError, "disk", diskName(i), "serial", d.serial, "removable", "false", "cause", cause, "operation", "read")
		}
	}
	if share >= 1 && f.told.IsZero() {
		f.told = now
		m.tell(now, event.DiskFailurePredicted, "disk", diskName(i), "serial", d.serial, "reason", "5")
		m.touch("disk_health")
	}
}

// victim is the drive that dies: a hard disk where there is one.
func (m *machine) victim() int {
	for i, d := range m.drives {
		if d.kind == "hdd" && !d.lost {
			return i
		}
	}
	return 0
}
