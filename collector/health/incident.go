package health

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"muster/collector/health/rule"
	"muster/collector/store"
	"muster/internal/inventory"
)

// incidents are those that are open, with the findings that belong to each.
// One device's findings of a family are one incident; findings that share a
// cause beyond the device belong to the cause's.
type incidents struct {
	open  map[string]*incident // by key
	wide  map[string]*incident // of those, what is about more than one device: few
	dirty map[string]*incident // of those, what is to be recorded
}

type incident struct {
	s       store.Incident
	members map[member]*state
	due     time.Time                   // when somebody is told that it opened or got worse; zero: nothing to tell
	stale   bool                        // of wide ones: to be worked out anew with the next round
	why     string                      // a rule was switched off
	touched map[inventory.DeviceID]bool // by a change
}

type member struct {
	device inventory.DeviceID
	key    stateKey
}

func newIncidents() incidents {
	return incidents{open: map[string]*incident{}, wide: map[string]*incident{}, dirty: map[string]*incident{}}
}

func (x *incidents) put(inc *incident) {
	x.open[inc.s.Key] = inc
	if inc.s.Kind != store.DeviceIncident {
		x.wide[inc.s.Key] = inc
	}
}

func (x *incidents) drop(key string) {
	delete(x.open, key)
	delete(x.wide, key)
	delete(x.dirty, key)
}

// How long news waits, so that what turns out to have one cause is told once,
// and what passes by itself not at all.
const (
	settleCritical = time.Minute
	settleWarn     = 5 * time.Minute
	settleBurst    = 15 * time.Minute // while many begin together
	burst          = 10               // findings of a site, or of a rule, in ten minutes
)

// familyKey names the incident of a device's findings of one family. A rule may
// want one of its own: that a switch is gone must not be a line in the incident
// of its memory.
func (j *Judge) familyKey(id inventory.DeviceID, f *store.Finding) string {
	list := f.Family
	if r, ok := j.plan.set.Find(f.Rule); ok && r.Alone {
		list = f.Rule
	} else if f.Hygiene {
		list = "hygiene"
	}
	return fmt.Sprintf("device:%s:%s", id, list)
}

// moved lets an incident follow what a judgement changed.
func (j *Judge) moved(d *device, key stateKey, did moved, now time.Time) {
	if did == stays || did == waits {
		return
	}
	st := d.states[key]
	if st == nil {
		st = d.ended[key]
	}
	m := member{d.info.ID, key}
	switch did {
	case fired, worse:
		j.began(d, m, st, now)
	case better:
		if inc := j.inc.open[st.key]; inc != nil {
			j.refresh(inc, now)
		}
	case ended:
		st.quiet = false
		if inc := j.inc.open[st.key]; inc != nil {
			delete(inc.members, m)
			j.refresh(inc, now)
		}
	}
}

// began puts a finding that fires, or got worse, where it belongs.
func (j *Judge) began(d *device, m member, st *state, now time.Time) {
	st.quiet = false // it got worse, so it is news again
	if inc := j.inc.open[st.key]; inc != nil {
		j.refresh(inc, now)
		return
	}
	if key := j.causeOf(d, st); key != "" {
		j.belong(j.inc.open[key], m, st, now)
		return
	}
	key := j.familyKey(d.info.ID, &st.f)
	if j.inc.open[key] == nil && st.f.Severity != string(rule.Info) {
		if other := j.otherEnd(d, st); other != "" {
			key = other
		}
	}
	inc := j.inc.open[key]
	if inc == nil && st.f.Severity == string(rule.Info) {
		return // worth knowing, and nothing to work on
	}
	if inc == nil {
		inc = &incident{members: map[member]*state{}, s: store.Incident{Kind: store.DeviceIncident, Key: key, Family: st.f.Family,
			Hygiene: st.f.Hygiene, Status: store.New, OpenedAt: now, Backlog: true}}
		j.inc.put(inc)
		j.step(key, store.Step{At: now, Do: "opened", Text: titleOf(st)})
	} else {
		j.step(key, store.Step{At: now, Do: "joined", Text: titleOf(st)})
	}
	j.belong(inc, m, st, now)
}

// titleOf is what was found, and on which part.
func titleOf(st *state) string {
	if part := cmp.Or(st.f.Label, st.f.Component); part != "" {
		return st.f.Title + ": " + part
	}
	return st.f.Title
}

func (j *Judge) belong(inc *incident, m member, st *state, now time.Time) {
	inc.members[m] = st
	st.key = inc.s.Key
	j.unsaved(st)
	j.refresh(inc, now)
}

// refresh works an incident out anew from its findings: one that many share
// once a round, however many of them came and went.
func (j *Judge) refresh(inc *incident, now time.Time) {
	if inc.s.Kind != store.DeviceIncident {
		inc.stale = true
		return
	}
	j.workOut(inc, now)
}

// refreshWide works out what many share.
func (j *Judge) refreshWide(now time.Time) {
	for _, key := range sortedKeys(j.inc.wide) {
		if inc := j.inc.wide[key]; inc.stale {
			inc.stale = false
			j.workOut(inc, now)
		}
	}
}

func (j *Judge) workOut(inc *incident, now time.Time) {
	j.inc.touch(inc)
	inc.s.UpdatedAt = now
	before := inc.s.Severity
	lead, severity, backlog, flapping := j.lead(inc)
	if lead == nil {
		if inc.s.Kind == store.DeviceIncident {
			j.cleared(inc, now, "cleared")
		}
		return
	}
	if inc.s.Kind == store.DeviceIncident {
		inc.s.Rule, inc.s.Title = lead.f.Rule, lead.f.Title+j.onHowMany(inc, lead)
		inc.s.Family = lead.f.Family
		inc.s.Severity = severity
	}
	news := inc.s.Backlog && !backlog && inc.s.Number != 0
	inc.s.Backlog, inc.s.Flapping = backlog, flapping
	j.who(inc)
	j.rank(inc, now)
	switch a, b := rule.Severity(before).Rank(), rule.Severity(inc.s.Severity).Rank(); {
	case before != "" && b > a:
		j.step(inc.s.Key, store.Step{At: now, Do: "worse", Text: fmt.Sprintf("%s, was %s: %s", inc.s.Severity, before, lead.f.Title)})
		j.wake(inc, now, "it got worse")
		j.announce(inc, now)
	case before != "" && b < a:
		j.step(inc.s.Key, store.Step{At: now, Do: "better", Text: fmt.Sprintf("%s, was %s", inc.s.Severity, before)})
	case before == "" || news:
		j.announce(inc, now)
	}
}

// lead is the finding whose texts speak for a device's incident: the worst,
// then one on a machine that somebody sits at before one on a switch, then the
// one that fired first.
func (j *Judge) lead(inc *incident) (lead *state, severity string, backlog, flapping bool) {
	backlog = true
	for _, m := range inc.sorted() {
		st := inc.members[m]
		if st.level == 0 {
			continue
		}
		backlog = backlog && st.f.Backlog
		flapping = flapping || st.f.Flapping
		if lead == nil || cmp.Or(
			cmp.Compare(rule.Severity(lead.f.Severity).Rank(), rule.Severity(st.f.Severity).Rank()),
			cmp.Compare(j.seat(st), j.seat(lead)),
			st.f.FiredAt.Compare(lead.f.FiredAt)) < 0 {
			lead = st
		}
	}
	if lead != nil {
		severity = lead.f.Severity
	}
	return lead, severity, backlog, flapping
}

// onHowMany says, when there are several, on how many drives, ports or the like
// of a device the leading rule fires.
func (j *Judge) onHowMany(inc *incident, lead *state) string {
	n := 0
	for m, st := range inc.members {
		if m.key.rule == lead.f.Rule && m.device == lead.f.Device && st.level > 0 {
			n++
		}
	}
	r, ok := j.plan.set.Find(lead.f.Rule)
	if n < 2 || !ok {
		return ""
	}
	return fmt.Sprintf(" (%d %s)", n, r.On.Plural())
}

// seat is 0 for a finding on a machine that somebody sits at.
func (j *Judge) seat(st *state) int {
	if d := j.devices[st.f.Device]; d != nil && !peopleSwitchOff(d.info.Kind) {
		return 1
	}
	return 0
}

// sorted lists the members in an order that repeats.
func (inc *incident) sorted() []member {
	out := make([]member, 0, len(inc.members))
	for m := range inc.members {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b member) int {
		if c := compareText(string(a.device), string(b.device)); c != 0 {
			return c
		}
		if c := compareText(a.key.rule, b.key.rule); c != 0 {
			return c
		}
		return compareText(a.key.part, b.key.part)
	})
	return out
}

// mostShown is how many devices an incident lists; Count counts all.
const mostShown = 200

// who lists the devices of an incident, and the place that all share.
func (j *Judge) who(inc *incident) {
	if inc.s.Kind == store.SiteIncident {
		return // the site's own round knows
	}
	inc.s.Devices, inc.s.Count = nil, 0
	lead, _, _, _ := j.lead(inc)
	var last inventory.DeviceID
	first := true
	for _, m := range inc.sorted() {
		if m.device == last {
			continue
		}
		last = m.device
		d := j.devices[m.device]
		if d == nil {
			continue
		}
		inc.s.Count++
		switch {
		case first:
			inc.s.Agency, inc.s.Site, inc.s.SiteID = d.info.Agency, d.info.Site, d.info.SiteID
			first = false
		default:
			if inc.s.Agency != d.info.Agency {
				inc.s.Agency, inc.s.Site, inc.s.SiteID = "", "", 0
			}
			if inc.s.Site != d.info.Site {
				inc.s.Site, inc.s.SiteID = "", 0
			}
		}
		if lead != nil && lead.f.Device == m.device {
			inc.s.Devices = slices.Insert(inc.s.Devices, 0, j.shown(d))
		} else if len(inc.s.Devices) < mostShown {
			inc.s.Devices = append(inc.s.Devices, j.shown(d))
		}
	}
	inc.s.Devices = inc.s.Devices[:min(len(inc.s.Devices), mostShown)]
}

// shown is a device as an incident shows it.
func (j *Judge) shown(d *device) store.IncidentDevice {
	out := store.IncidentDevice{ID: d.info.ID, Name: d.info.Name, Kind: d.info.Kind, Model: d.info.Model, User: d.info.User, Agency: d.info.Agency, Site: d.info.Site}
	if id, port := j.join.of(d); j.devices[id] != nil {
		out.Port = j.devices[id].info.Name + " " + port
	}
	return out
}

// cleared ends an incident whose findings have all ended.
func (j *Judge) cleared(inc *incident, now time.Time, why string) {
	j.inc.drop(inc.s.Key)
	inc.s.Status, inc.s.ClearedAt, inc.s.ResolvedAt = store.Closed, now, now
	j.step(inc.s.Key, store.Step{At: now, Do: "cleared", Text: why})
	if !inc.s.ToldAt.IsZero() {
		j.news(inc, "cleared", now)
	}
	inc.due = time.Time{}
	j.draft.Incidents = append(j.draft.Incidents, inc.s)
}

// touch marks an open incident for recording.
func (x *incidents) touch(inc *incident) {
	if x.open[inc.s.Key] == inc {
		x.dirty[inc.s.Key] = inc
	}
}

// announce lets somebody be told, once it has settled.
func (j *Judge) announce(inc *incident, now time.Time) {
	if inc.s.Backlog || inc.s.Hygiene {
		return
	}
	wait := settleWarn
	if inc.s.Severity == string(rule.Critical) {
		wait = settleCritical
	}
	if inc.s.Kind != store.DeviceIncident {
		wait = 0
	}
	// By the collector's clock: it is about when people hear of it.
	due := j.o.Now().Add(wait)
	if inc.due.IsZero() || due.Before(inc.due) {
		inc.due = due
	}
}

// tellDue writes the news of incidents that have settled.
func (j *Judge) tellDue(now time.Time) {
	b := j.bursts(now)
	for _, key := range j.inc.keys() {
		inc := j.inc.open[key]
		if inc.due.IsZero() || now.Before(inc.due) {
			continue
		}
		switch {
		case inc.s.Severity == string(rule.Info), rule.Severity(inc.s.Severity).Rank() <= rule.Severity(inc.s.Told).Rank():
			inc.due = time.Time{} // got better before anybody was told that it got worse
			continue
		case inc.s.Status == store.Claimed && inc.s.Told == "":
			inc.s.Told, inc.due = inc.s.Severity, time.Time{} // somebody was there first
			j.inc.touch(inc)
			continue
		case inc.s.Status == store.Snoozed:
			inc.due = now.Add(time.Minute) // told when it wakes, if it still is
			continue
		case inc.s.Kind == store.DeviceIncident && b.bursting(inc, now):
			inc.due = now.Add(time.Minute) // its cause may show
			continue
		case !j.present(inc, now) || j.inMaintenance(inc, now):
			inc.due = now.Add(time.Minute) // of the past, or nobody's surprise: it is listed, and told once it is neither
			continue
		}
		kind := "opened"
		if inc.s.Told != "" {
			kind = "worse"
		}
		if inc.s.ToldAt.IsZero() {
			inc.s.ToldAt = now
		}
		inc.s.Told, inc.due = inc.s.Severity, time.Time{}
		j.inc.touch(inc)
		j.news(inc, kind, now)
	}
}

// wakeDue brings incidents back whose time of rest is over.
func (j *Judge) wakeDue(now time.Time) {
	for _, key := range j.inc.keys() {
		if inc := j.inc.open[key]; !inc.s.SnoozedTo.IsZero() && !now.Before(inc.s.SnoozedTo) {
			j.wake(inc, now, "its time has come")
		}
	}
}

// wake puts an incident that rests back on the list.
func (j *Judge) wake(inc *incident, now time.Time, why string) {
	if inc.s.Status != store.Snoozed {
		return
	}
	inc.s.Status, inc.s.SnoozedTo = store.New, time.Time{}
	if inc.s.Assignee != "" {
		inc.s.Status = store.Claimed
	}
	j.step(inc.s.Key, store.Step{At: now, Do: store.DoWake, Text: why})
}

func (x *incidents) keys() []string {
	out := make([]string, 0, len(x.open))
	for k := range x.open {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// oldNews is how far behind its device's clock a judgement may be and still
// be news.
const oldNews = time.Hour

// present says whether an incident is about now: a laptop that comes back with
// the reports of three days tells nobody about what was, only about what still
// is once it has caught up.
func (j *Judge) present(inc *incident, now time.Time) bool {
	if inc.s.Kind == store.SiteIncident || inc.s.Kind == store.RuleIncident {
		return true
	}
	for m := range inc.members {
		d := j.devices[m.device]
		if d != nil && (now.Sub(d.at) <= oldNews || d.heard.Sub(d.at) <= oldNews) {
			return true
		}
	}
	return false
}

// bursts counts what began in these minutes, by site and by rule.
type bursts struct {
	site map[int64]int
	rule map[string]int
}

func (j *Judge) bursts(now time.Time) bursts {
	b := bursts{map[int64]int{}, map[string]int{}}
	for _, inc := range j.inc.open {
		if inc.s.Kind == store.DeviceIncident && now.Sub(inc.s.OpenedAt) <= settleBurst && !inc.s.Backlog && !inc.s.Hygiene {
			b.site[inc.s.SiteID]++
			b.rule[inc.s.Rule]++
		}
	}
	return b
}

// bursting says whether many findings of its site, or of its rule, began in
// these minutes: then a cause is waited for, for a quarter of an hour at most.
func (b bursts) bursting(inc *incident, now time.Time) bool {
	return now.Sub(inc.s.OpenedAt) <= settleBurst && (inc.s.SiteID != 0 && b.site[inc.s.SiteID] >= burst || b.rule[inc.s.Rule] >= leastMembers)
}

// news writes down what people are told. Messages go where nobody can tell who
// reads them, so they leave out evidence that tells of a person.
func (j *Judge) news(inc *incident, kind string, now time.Time) {
	n := store.News{Key: inc.s.Key, Kind: kind, At: now, Incident: inc.s}
	if r, ok := j.plan.set.Find(inc.s.Rule); ok {
		n.Meaning, n.Checks, n.Escalate = r.Meaning, r.Checks, r.Escalate
	}
	if inc.s.Kind == store.RuleIncident {
		n.Meaning, n.Checks, n.Escalate = AboutSwitchedOff(RuleSwitchedOff(inc.s.Key))
	}
	if inc.why != "" {
		n.Evidence = append(n.Evidence, "Why: "+inc.why)
	}
	if lead, _, _, _ := j.lead(inc); lead != nil {
		if name := cmp.Or(lead.f.Label, lead.f.Component); name != "" && len(inc.s.Devices) < 2 {
			n.Evidence = append(n.Evidence, "Part: "+name)
		}
		for _, e := range lead.f.Evidence {
			if e.Value != "" && !e.Personal {
				n.Evidence = append(n.Evidence, e.Label+": "+e.Value)
			}
		}
	}
	if c := inc.s.Cause; c != nil {
		n.Evidence = append([]string{causeWords(c)}, n.Evidence...)
	}
	j.draft.News = append(j.draft.News, n)
}

func (j *Judge) step(key string, s store.Step) {
	j.draft.Steps = append(j.draft.Steps, store.KeyedStep{Key: key, Step: s})
}
