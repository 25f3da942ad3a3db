package health

import (
	"fmt"
	"time"

	"muster/collector/health/cause"
	"muster/collector/health/rule"
	"muster/collector/store"
	"muster/internal/event"
)

func siteKey(id int64) string { return fmt.Sprintf("site:%d", id) }

// outage is a site that fell silent or lost power: what its devices stopped of
// then was not their own fault.
type outage struct {
	site     int64
	from, to time.Time // to is zero while it lasts
}

const (
	// together is the time in which what happens at one site is one thing.
	together = 10 * time.Minute
	// leastThere is how long ago a device may have been heard, at least, to
	// count as one that was there.
	leastThere = 45 * time.Minute
	// aroundOutage is how far from an outage an unclean stop still belongs to
	// it: devices come back when people switch them on.
	aroundOutage = 30 * time.Minute
)

// siteRound is what is seen of one site at one time.
type siteRound struct {
	name, agency string
	there        []*device // expected, and heard of late
	silent       []*device // of them
	stops        []int64
}

// sites looks for sites whose devices fell silent together, or stopped
// uncleanly in the same minutes.
func (j *Judge) sites(now time.Time) {
	rules := j.fleetRules("site")
	if len(rules) == 0 {
		return
	}
	r, there := rules[0], j.there()
	for id, s := range j.siteRounds(now) {
		var last []int64
		for _, d := range s.silent {
			// Whoever began it did so of late, or nobody is left to compare with.
			if now.Sub(d.heard) <= there || j.inc.open[siteKey(id)] != nil {
				last = append(last, d.heard.Unix())
			}
		}
		n, first := cause.Cluster(last, int64((together+j.o.Interval())/time.Second))
		power, firstStop := cause.Cluster(s.stops, int64(together/time.Second))
		// Those who were there when it began: who left before then says nothing.
		active := 0
		for _, d := range s.there {
			if n == 0 || d.heard.Unix() >= first-int64(there/time.Second) {
				active++
			}
		}
		share := 0.0
		if active > 0 {
			share = float64(n) / float64(active)
		}
		level, err := j.fleetLevel(r, map[string]rule.Value{"site.active": known(float64(active)), "site.silent": known(float64(n)),
			"site.silent_share": known(share), "site.power_lost": known(float64(power))}, now)
		if err != nil {
			return
		}
		began := time.Unix(first, 0)
		if power > n {
			began = time.Unix(firstStop, 0)
		}
		j.siteIncident(r, level, id, s, n, power, began.UTC(), now)
	}
}

// siteRounds lists who is expected at each site, and who of them is silent.
func (j *Judge) siteRounds(now time.Time) map[int64]*siteRound {
	late := silence(j.o.Interval())
	out := map[int64]*siteRound{}
	for _, id := range j.order {
		d := j.devices[id]
		if d.info.SiteID == 0 || d.info.Retired || now.Sub(d.heard) > j.missedUntil(d.info.SiteID) {
			continue
		}
		s := out[d.info.SiteID]
		if s == nil {
			s = &siteRound{name: d.info.Site, agency: d.info.Agency}
			out[d.info.SiteID] = s
		}
		if at := d.stoppedUncleanly(now.Add(-j.there())); at > 0 && !j.pastOutage(d, time.Unix(at, 0)) {
			s.stops = append(s.stops, at)
		}
		silent := now.Sub(d.heard) >= late
		// It said that it was going to, or this is the hour when it usually does.
		if d.stopped || silent && j.inc.open[siteKey(d.info.SiteID)] == nil && !j.expected(d, now) {
			continue
		}
		s.there = append(s.there, d)
		if silent {
			s.silent = append(s.silent, d)
		}
	}
	return out
}

// expected says whether a device should be heard now.
func (j *Judge) expected(d *device, now time.Time) bool {
	return !peopleSwitchOff(d.info.Kind) || !d.week.learned(d.heard) || d.week.usual(now.In(j.o.Zone))
}

// there is how long ago a device may have been heard to count as one that was
// there: long enough that those who report seldom are found silent, and for a
// while.
func (j *Judge) there() time.Duration { return max(leastThere, silence(j.o.Interval())+leastThere/2) }

// missedUntil is longer while the site's outage lasts, so that its devices go
// on being missed.
func (j *Judge) missedUntil(site int64) time.Duration {
	if inc := j.inc.open[siteKey(site)]; inc != nil {
		return j.o.Now().Sub(inc.s.OpenedAt) + 2*j.there()
	}
	return 2 * j.there()
}

func (j *Judge) siteIncident(r *rule.Rule, level int, id int64, s *siteRound, silent, power int, began, now time.Time) {
	key := siteKey(id)
	inc := j.inc.open[key]
	switch {
	case inc == nil && level == 0:
		delete(j.siteSince, id)
		delete(j.closed, key) // it is over
		return
	case inc == nil && !j.closed[key].IsZero():
		return // a person closed it, and it goes on
	case inc == nil:
		since := j.siteSince[id]
		if since.IsZero() {
			j.siteSince[id] = now
		}
		if now.Sub(j.siteSince[id]) < r.Levels[level-1].Hold {
			return
		}
		inc = &incident{members: map[member]*state{}, s: store.Incident{Kind: store.SiteIncident, Key: key, Rule: r.ID, Family: r.Family, Title: fmt.Sprintf("%s: %s", r.Title, s.name),
			Status: store.New, OpenedAt: began, Agency: s.agency, Site: s.name, SiteID: id}}
		j.inc.put(inc)
		j.outages = append(j.outages, outage{site: id, from: began})
		j.step(key, store.Step{At: now, Do: "opened", Text: fmt.Sprintf("%d of %d devices fell silent together, %d stopped uncleanly", silent, len(s.there), power)})
		// What began on its devices in these minutes belongs to it.
		for _, d := range s.there {
			for k, st := range d.states {
				if fired, ok := j.plan.set.Find(k.rule); ok && fired.Outage && st.level > 0 && !st.quiet && !st.f.FiredAt.Before(began.Add(-together)) {
					j.adopt(inc, member{d.info.ID, k}, st, now)
				}
			}
		}
	case len(s.silent)*5 <= len(s.there): // four in five are back
		if power > 0 && now.Sub(inc.s.OpenedAt) < aroundOutage {
			return
		}
		delete(j.siteSince, id)
		for i := range j.outages {
			if j.outages[i].site == id && j.outages[i].to.IsZero() {
				j.outages[i].to = now
			}
		}
		j.passSite(inc, now)
		return
	}
	if level > 0 {
		inc.s.Severity = string(r.Levels[level-1].Severity)
	}
	j.inc.touch(inc)
	inc.s.UpdatedAt = now
	inc.s.Cause = &store.Cause{What: "site", Value: s.name, Members: max(len(s.silent), power), Size: max(len(s.there), power)}
	inc.s.Devices, inc.s.Count = nil, len(s.silent)
	for i, d := range s.silent {
		if i < mostShown {
			inc.s.Devices = append(inc.s.Devices, j.shown(d))
		}
	}
	j.rank(inc, now)
	if inc.s.Told == "" {
		j.announce(inc, now)
	}
}

// passSite ends an outage; what still fires of it is the devices' own again.
func (j *Judge) passSite(inc *incident, now time.Time) {
	j.orphan(inc, now)
	j.cleared(inc, now, "four in five devices are back")
}

// stoppedUncleanly is when the device last went down without shutting down,
// after a time; 0 when it did not.
func (d *device) stoppedUncleanly(after time.Time) int64 {
	last := int64(0)
	for _, h := range d.events[event.UncleanStop] {
		if h.last.After(after) {
			last = max(last, h.last.Unix())
		}
	}
	return last
}

// pastOutage says whether something at that time belongs to an outage that is
// over.
func (j *Judge) pastOutage(d *device, at time.Time) bool {
	for _, o := range j.outages {
		if o.site == d.info.SiteID && !o.to.IsZero() && !at.Before(o.from.Add(-aroundOutage)) && !at.After(o.to.Add(aroundOutage)) {
			return true
		}
	}
	return false
}

// excused says whether something at that time was the fault of an outage.
func (j *Judge) excused(d *device, at time.Time) bool {
	for _, o := range j.outages {
		if o.site == d.info.SiteID && !at.Before(o.from.Add(-aroundOutage)) && (o.to.IsZero() || !at.After(o.to.Add(aroundOutage))) {
			return true
		}
	}
	return false
}
