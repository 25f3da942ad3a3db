package health

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/report"
)

const causeRule = `id: F01
title: One cause behind many
family: fleet
subject: cause
levels: [{severity: warn, when: cause.members >= 5 && cause.share >= 0.05 && cause.lift >= 3 && cause.p_value < 0.0001}]
` + text

const changeRule = `id: F02
title: Worse after a change
family: fleet
subject: change
levels: [{severity: warn, when: change.devices >= 10 && change.ratio >= 2 && change.p_value < 0.001}]
` + text

const siteRule = `id: F03
title: A site is silent
family: fleet
subject: site
levels: [{severity: critical, when: 'site.active >= 5 && site.silent_share >= 0.6 || site.power_lost >= 5 && site.power_lost >= 0.6 * site.active'}]
` + text

const goneQuiet = `id: O10
title: Stopped reporting
family: system
subject: device
joins_outage: true
levels:
  - {severity: info, when: presence.silent_usual_days >= 2}
  - {severity: warn, when: presence.silent_usual_days >= 6 && presence.site_reporting_percent >= 50, clear: presence.silent_minutes == 0}
` + text

const stops = `id: C01
title: Switches off
family: crash
subject: device
joins_outage: true
levels: [{severity: warn, when: 'unclean_stop.count("14d") >= 2'}]
` + text

// fleet makes n PCs over models and sites.
func (w *world) fleet(n int, of func(i int) Info) []inventory.DeviceID {
	var ids []inventory.DeviceID
	for i := range n {
		x := of(i)
		x.ID = inventory.DeviceID(fmt.Sprintf("pc-%03d", i))
		ids = append(ids, w.meet(x))
	}
	return ids
}

func model(i int) string { return []string{"Desk 1", "Desk 2", "Book 14", "Book 13"}[i%4] }

func TestOneModelOneIncident(t *testing.T) {
	w := newWorld(t, full, killed, causeRule)
	pcs := w.fleet(80, func(i int) Info {
		return Info{Model: model(i), Site: []string{"Hartford", "Salem"}[i/40], Agency: "Tax", SiteID: int64(1 + i/40)}
	})
	say := func(bad func(int) bool) func() {
		return func() {
			for i, id := range pcs {
				x := 40.0
				if bad(i) {
					x = 95
				}
				w.say(id, used(x))
			}
		}
	}
	w.pass(5*time.Minute, say(func(int) bool { return false }))
	w.say(pcs[1], nil, store.EventReading{Kind: event.OOMKill, Count: 1}) // something of its own
	bad := func(i int) bool { return i%4 == 2 && i < 60 || i == 7 }
	w.pass(40*time.Minute, say(bad))
	var one, own []store.Incident
	for _, i := range w.open() {
		if i.Kind == store.CauseIncident {
			one = append(one, i)
		} else {
			own = append(own, i)
		}
	}
	if len(one) != 1 || one[0].Cause.What != "model" || one[0].Cause.Value != "Book 14" || one[0].Count != 15 || one[0].Cause.Size != 20 {
		t.Fatalf("%+v", one)
	}
	if one[0].Severity != "critical" {
		t.Errorf("it is %s; one more than its worst member", one[0].Severity)
	}
	if len(own) != 2 {
		t.Errorf("%d incidents of single devices, want that of pc-007 and that of pc-001: %+v", len(own), own)
	}
	for _, n := range w.told() {
		if strings.HasPrefix(n, "opened warn Full") && strings.Count(strings.Join(w.told(), "|"), "opened warn Full") > 1 {
			t.Errorf("members were told one by one: %v", w.told())
			break
		}
	}
	// Later ones join without a word.
	before := len(w.l.news)
	w.pass(40*time.Minute, say(func(i int) bool { return bad(i) || i == 62 }))
	if i := w.open()[0]; len(w.l.news) != before {
		t.Errorf("told of one more: %v, %+v", w.told(), i.Count)
	}
	w.pass(40*time.Minute, say(func(i int) bool { return i == 7 }))
	for _, i := range w.open() {
		if i.Kind == store.CauseIncident {
			t.Errorf("still open though all are over it: %+v", i)
		}
	}
}

func TestTroubleEverywhereHasNoCause(t *testing.T) {
	w := newWorld(t, full, causeRule)
	pcs := w.fleet(40, func(i int) Info { return Info{Model: model(i)} })
	w.pass(40*time.Minute, func() {
		for i, id := range pcs {
			w.say(id, used(map[bool]float64{true: 95, false: 40}[i%2 == 0 && i%3 == 0]))
		}
	})
	for _, i := range w.open() {
		if i.Kind == store.CauseIncident {
			t.Errorf("a cause was made up: %+v", i.Cause)
		}
	}
}

func TestOneSwitch(t *testing.T) {
	flaps := strings.NewReplacer("id: X2", "id: N03", "oom_kill", "link_flap", "title: Killed", "title: Flaps", "family: memory", "family: network").Replace(killed)
	w := newWorld(t, flaps, causeRule)
	pcs := w.fleet(60, func(i int) Info { return Info{Model: model(i)} })
	sw := w.meet(Info{ID: "sw-3", Kind: "switch", Name: "sw-3", OS: "-"})
	iface, _ := inventory.Lookup("interface")
	fdb, _ := inventory.Lookup("fdb")
	mac := func(i int) string { return fmt.Sprintf("02:00:00:00:00:%02x", i) }
	row := func(sec *inventory.Section, values map[string]any) []any {
		out := make([]any, len(sec.Columns))
		for k, v := range values {
			out[sec.Index(k)] = v
		}
		return out
	}
	send := func(id inventory.DeviceID, sec *inventory.Section, rows ...[]any) {
		var cols []string
		for _, c := range sec.Columns {
			cols = append(cols, c.Name)
		}
		err := w.j.Observe(t.Context(), Observation{Device: id, At: w.now, ReceivedAt: w.now, Sections: []store.SectionReading{
			{Section: sec, Status: report.OK, At: w.now, Table: inventory.Table{Columns: cols, Rows: rows}}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	var table [][]any
	for i, id := range pcs {
		send(id, iface, row(iface, map[string]any{"name": "Ethernet", "mac": mac(i), "physical": true}))
		if i < 12 {
			table = append(table, row(fdb, map[string]any{"vlan_id": int64(1), "mac": mac(i), "port": fmt.Sprintf("Gi1/0/%d", i), "status": "learned"}))
		}
	}
	send(sw, fdb, table...)
	for i := range 8 {
		w.say(pcs[i], nil, store.EventReading{Kind: event.LinkFlap, Count: 5, Attributes: map[string]string{"interface": "Ethernet"}})
	}
	w.pass(20*time.Minute, nil)
	open := w.open()
	if len(open) != 1 || open[0].Cause == nil || open[0].Cause.What != "switch" || open[0].Cause.Value != "sw-3" || open[0].Count != 8 {
		t.Fatalf("%+v", open)
	}
	for _, d := range w.l.news[len(w.l.news)-1].Incident.Devices {
		if !strings.HasPrefix(d.Port, "sw-3 Gi1/0/") {
			t.Errorf("%s is told to hang at %q", d.Name, d.Port)
		}
	}
}

func TestWorseAfterAChange(t *testing.T) {
	crash := strings.NewReplacer("id: X2", "id: C02", "oom_kill", "bugcheck", "title: Killed", "title: Blue screens", "family: memory", "family: crash").Replace(killed)
	crash = strings.Replace(crash, `"24h") >= 1`, `"30d") >= 2`, 1)
	crash = strings.Replace(crash, `"24h") >= 3`, `"30d") >= 9`, 1)
	w := newWorld(t, crash, changeRule, causeRule)
	pcs := w.fleet(60, func(i int) Info { return Info{Model: model(i)} })
	at := w.now
	for day := range 8 {
		for i, id := range pcs {
			w.now = at.Add(time.Duration(day)*24*time.Hour + time.Duration(i)*time.Second)
			var events []store.EventReading
			switch {
			case day == 2 && i < 20:
				events = append(events, store.EventReading{Kind: event.DriverChanged, Count: 1, Attributes: map[string]string{"driver": "display", "after": "31.0"}})
			case day > 2 && i < 20 && (i+day)%2 == 0, (i+day)%20 == 19:
				events = append(events, store.EventReading{Kind: event.Bugcheck, Count: 1, Attributes: map[string]string{"stop_code": "0x116"}})
			}
			w.say(id, nil, events...)
		}
		w.tick()
	}
	var found *store.Incident
	for _, i := range w.open() {
		if i.Kind == store.ChangeIncident {
			found = &i
		}
	}
	if found == nil || found.Cause.Value != "display 31.0" || found.Cause.Ratio < 3 || found.Count != 20 {
		t.Fatalf("%+v of %+v", found, w.open())
	}
	// It stays one incident, told once, until the change is long ago.
	ofChange := func() (n int) {
		for _, i := range w.l.incidents {
			if i.Kind == store.ChangeIncident {
				n++
			}
		}
		return n
	}
	for day := range 10 {
		w.now = at.Add(time.Duration(8+day) * 24 * time.Hour)
		for _, id := range pcs {
			w.say(id, nil)
		}
		w.pass(3*time.Hour, nil)
	}
	told := 0
	for _, s := range w.told() {
		if strings.Contains(s, "display 31.0") {
			told++
		}
	}
	if n := ofChange(); n != 1 || told != 1 {
		t.Errorf("%d incidents, told %d times: %v", n, told, w.told())
	}
	w.now = at.AddDate(0, 0, 40)
	for _, id := range pcs {
		w.say(id, nil, store.EventReading{Kind: event.DriverChanged, Count: 1, Attributes: map[string]string{"driver": "sound", "after": "1"}})
	}
	w.pass(2*time.Hour, nil)
	for _, i := range w.open() {
		if i.Kind == store.ChangeIncident {
			t.Errorf("still open after forty days: %+v", i)
		}
	}
}

// An office works on weekdays: what comes on Monday after a Sunday's update is
// the week's own rhythm, and one device's trouble is its own.
func TestTheRhythmOfTheWeekIsNoChangeToTheWorse(t *testing.T) {
	crash := strings.NewReplacer("id: X2", "id: C02", "oom_kill", "bugcheck").Replace(killed)
	w := newWorld(t, crash, changeRule)
	pcs := w.fleet(40, func(i int) Info { return Info{Model: model(i)} })
	begin := w.now.AddDate(0, 0, -14) // a Wednesday
	for hour := range 24 * 21 {
		w.now = begin.Add(time.Duration(hour) * time.Hour)
		for i, id := range pcs {
			var events []store.EventReading
			at, weekday := w.now.Add(time.Duration(i)*time.Second), w.now.Weekday() != time.Sunday && w.now.Weekday() != time.Saturday
			if hour == 24*11+2 { // Sunday night
				events = append(events, store.EventReading{Kind: event.UpdateInstalled, Count: 1, At: at, Attributes: map[string]string{"update": "KB5"}})
			}
			if weekday && (hour+i*7)%60 == 9 || i == 3 && hour > 24*11+2 && hour%2 == 0 {
				events = append(events, store.EventReading{Kind: event.Bugcheck, Count: 1, At: at, Attributes: map[string]string{"stop_code": "0x116"}})
			}
			w.sayAt(id, at, nil, events...)
		}
		w.tick()
	}
	for _, i := range w.l.incidents {
		if i.Kind == store.ChangeIncident {
			t.Errorf("%s: %+v", i.Title, i.Cause)
		}
	}
}

func TestASiteFallsSilent(t *testing.T) {
	w := newWorld(t, siteRule, goneQuiet, stops)
	pcs := w.fleet(30, func(i int) Info {
		return Info{Model: model(i), Agency: "Tax", Site: []string{"Hartford", "Salem"}[i%2], SiteID: int64(1 + i%2)}
	})
	say := func(but int) func() {
		return func() {
			for i, id := range pcs {
				if i%2 != but {
					w.say(id, used(50))
				}
			}
		}
	}
	w.pass(30*time.Minute, say(-1))
	w.pass(20*time.Minute, say(0))
	open := w.open()
	if len(open) != 1 || open[0].Kind != store.SiteIncident || open[0].Site != "Hartford" || open[0].Count != 15 || open[0].Severity != "critical" {
		t.Fatalf("%+v", open)
	}
	w.wantTold("opened critical A site is silent: Hartford")
	// Power comes back: all of them stopped uncleanly, for the second time in
	// two weeks for one of them. That is not the PCs' fault.
	for i, id := range pcs {
		if i%2 == 0 {
			w.say(id, used(50), store.EventReading{Kind: event.UncleanStop, Count: 1, At: w.now.Add(-19 * time.Minute), Attributes: map[string]string{"cause": "power"}})
		}
	}
	w.say(pcs[0], nil, store.EventReading{Kind: event.UncleanStop, Count: 1, At: w.now.AddDate(0, 0, -3)})
	w.pass(45*time.Minute, say(-1))
	if open := w.open(); len(open) != 0 {
		t.Errorf("%+v", open)
	}
	w.wantTold("opened critical A site is silent: Hartford", "cleared critical A site is silent: Hartford")
}

func TestPeopleGoHomeOneByOne(t *testing.T) {
	w := newWorld(t, siteRule, goneQuiet)
	pcs := w.fleet(30, func(i int) Info { return Info{Agency: "Tax", Site: "Hartford", SiteID: 1, Chassis: "laptop"} })
	// Between four and six, as people leave.
	for m := range 120 {
		w.now = w.now.Add(time.Minute)
		for i, id := range pcs {
			if i*4 > m {
				w.say(id, used(50))
			}
		}
		w.tick()
	}
	w.pass(3*time.Hour, nil)
	if open := w.open(); len(open) != 0 {
		t.Errorf("an evening is no outage: %+v", open)
	}
}

func TestPeopleSayGoodNightTogether(t *testing.T) {
	w := newWorld(t, siteRule)
	pcs := w.fleet(30, func(i int) Info { return Info{Agency: "Tax", Site: "Hartford", SiteID: 1} })
	w.pass(10*time.Minute, func() {
		for _, id := range pcs {
			w.say(id, used(50))
		}
	})
	for _, id := range pcs {
		w.say(id, nil, store.EventReading{Kind: event.CleanStop, Count: 1, Attributes: map[string]string{"action": "off"}})
	}
	w.pass(time.Hour, nil)
	if open := w.open(); len(open) != 0 {
		t.Errorf("all went home at five: %+v", open)
	}
}

func TestSilentInItsUsualHours(t *testing.T) {
	w := newWorld(t, goneQuiet)
	pcs := w.fleet(4, func(i int) Info { return Info{Agency: "Tax", Site: "Hartford", SiteID: 1, Chassis: "laptop"} })
	monday := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	working := func(at time.Time) bool {
		return at.Weekday() != time.Saturday && at.Weekday() != time.Sunday && at.Hour() >= 8 && at.Hour() < 17
	}
	state := func(id inventory.DeviceID) string {
		f, ok := w.finding(id, "O10")
		if !ok {
			return "none"
		}
		return f.Severity
	}
	last := monday.AddDate(0, 0, 21)
	for w.now = monday; w.now.Before(last.AddDate(0, 0, 14)); w.now = w.now.Add(10 * time.Minute) {
		for i, id := range pcs {
			if working(w.now) && (i > 0 || w.now.Before(last)) {
				w.say(id, used(50))
			}
		}
		w.tick()
		switch w.now {
		case last.AddDate(0, 0, -1): // a Sunday
			if s := state(pcs[1]); s != "none" || w.j.devices[pcs[1]].presence != store.Asleep {
				t.Errorf("asleep at the weekend: %s, %s", s, w.j.devices[pcs[1]].presence)
			}
		case last.Add(34 * time.Hour): // the second day's morning
			if s := state(pcs[0]); s != "info" {
				t.Errorf("silent for two working days: %s", s)
			}
		}
	}
	if s := state(pcs[0]); s != "warn" {
		t.Errorf("silent for two weeks, while others report: %s", s)
	}
	if s := state(pcs[1]); s != "none" {
		t.Errorf("a laptop that goes home: %s", s)
	}
}

// A switch that does not come back with its site is its own trouble then; a
// laptop that went home before the cause was over is not.
func TestWhatIsLeftOfACause(t *testing.T) {
	dead := strings.NewReplacer("id: O10", "id: G01", "title: Stopped reporting", "title: Silent", "subject: device", "subject: device\nkinds: [switch]").Replace(goneQuiet)
	dead = dead[:strings.Index(dead, "levels:")] + "levels: [{severity: warn, when: presence.silent_minutes >= 15}]\n" + text
	w := newWorld(t, siteRule, dead)
	pcs := w.fleet(12, func(i int) Info { return Info{Agency: "Tax", Site: "Hartford", SiteID: 1} })
	sw := w.meet(Info{ID: "sw", Kind: "switch", Agency: "Tax", Site: "Hartford", SiteID: 1})
	all := func(also bool) func() {
		return func() {
			for _, id := range pcs {
				w.say(id, used(50))
			}
			if also {
				w.say(sw, nil)
			}
		}
	}
	w.pass(30*time.Minute, all(true))
	w.pass(40*time.Minute, nil)
	w.pass(30*time.Minute, all(false))
	if open := w.open(); len(open) != 0 {
		t.Errorf("right after the outage: %+v", open)
	}
	w.pass(90*time.Minute, all(false))
	open := w.open()
	if len(open) != 1 || open[0].Rule != "G01" || open[0].Devices[0].ID != sw {
		t.Fatalf("an hour later: %+v", open)
	}
	w.pass(30*time.Minute, all(true))
	w.wantTold("opened critical A site is silent: Hartford", "cleared critical A site is silent: Hartford", "opened warn Silent", "cleared warn Silent")
}

// That a switch is gone is an incident of its own, whatever else is wrong with
// it since long ago.
func TestAnAloneRuleJoinsNothing(t *testing.T) {
	full := `id: G07
title: Full
family: gear
kinds: [switch]
subject: device
backlog: true
levels: [{severity: critical, when: swap.used_percent > 50.0, clear: swap.used_percent < 20.0}]
` + text
	gone := `id: G01
title: Silent
family: gear
kinds: [switch]
subject: device
alone: true
levels: [{severity: warn, when: presence.silent_minutes >= 15}]
` + text
	w := newWorld(t, full, gone)
	sw := w.meet(Info{ID: "sw", Kind: "switch"})
	pc := w.meet(Info{ID: "pc"}) // where everybody is silent it is the collector
	swap := map[string]float64{"swap.used_percent": 80}
	w.pass(30*time.Minute, func() { w.say(sw, swap); w.say(pc, nil) })
	w.pass(40*time.Minute, func() { w.say(pc, nil) })
	open := w.open()
	if len(open) != 2 || open[0].Rule == open[1].Rule {
		t.Fatalf("%d incidents: %+v", len(open), open)
	}
}

func TestALaptopThatSleptThroughTheEndOfACause(t *testing.T) {
	lossy := `id: N01
title: Damaged packets
family: network
subject: device
levels: [{severity: warn, when: swap.used_percent > 50.0, clear: swap.used_percent < 20.0}]
` + text
	w := newWorld(t, lossy, causeRule)
	pcs := w.fleet(60, func(i int) Info {
		return Info{Model: model(i), Agency: "Tax", Site: []string{"A", "B", "C", "D", "E", "F"}[i%6], SiteID: int64(1 + i%6)}
	})
	n := func(bad bool, asleep inventory.DeviceID) func() {
		return func() {
			for i, id := range pcs {
				x := 0.0
				if bad && i%6 == 2 {
					x = 90
				}
				if id != asleep {
					w.say(id, map[string]float64{"swap.used_percent": x})
				}
			}
		}
	}
	w.pass(10*time.Minute, n(false, ""))
	w.pass(40*time.Minute, n(true, ""))
	if open := w.open(); len(open) != 1 || open[0].Kind != store.CauseIncident || open[0].Count != 10 {
		t.Fatalf("%+v", open)
	}
	w.pass(2*time.Hour, n(false, pcs[2])) // it sleeps, and the cause is mended
	w.pass(2*time.Hour, n(false, ""))
	if open := w.open(); len(open) != 0 {
		t.Errorf("%+v", open)
	}
	if told := w.told(); len(told) != 2 {
		t.Errorf("told %q: the cause, and its end", told)
	}
}
