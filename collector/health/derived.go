package health

import (
	"time"

	"muster/collector/health/rule"
	"muster/collector/store"
)

// derived works out what no report says; see rule.DerivedInputs.
func (v *view) derived(in *rule.Input) rule.Value {
	if x, ok := v.with[in.Source+"."+in.Field]; ok {
		return x
	}
	d := v.d
	switch in.Source + "." + in.Field {
	case "component.observed_days":
		return v.daysSince(v.part.first)
	case "device.observed_days":
		return v.daysSince(d.info.FirstSeen)
	case "device.kind":
		return rule.Value{Known: d.info.Kind != "", T: d.info.Kind}
	case "device.portable":
		return rule.Value{Known: d.info.Chassis != "", F: portable(d.info.Chassis)}
	case "presence.state":
		return rule.Value{Known: d.presence != "", T: string(d.presence)}
	case "presence.silent_minutes":
		return v.silence(func(t time.Duration) float64 { return t.Minutes() })
	case "presence.silent_usual_hours", "presence.silent_usual_days":
		return v.missed(in.Field)
	case "presence.site_reporting_percent":
		return v.j.reporting(d)
	case "drive_risk.points", "drive_risk.top_percent", "drive_risk.probability", "drive_risk.listed":
		return v.derivedNumber(in.Source, in.Field)
	case "weak_signs.families":
		return known(float64(d.weakSigns(v.j.plan, v.now)))
	case "known_flaws.overdue_days":
		return v.j.overdue(d, v.now)
	case "unusual.alert", "unusual.score", "unusual.words", "unusual.peers_z", "unusual.peers_words":
		return v.unusual(in.Field)
	}
	return rule.Value{}
}

func (v *view) daysSince(t time.Time) rule.Value {
	if t.IsZero() {
		return rule.Value{}
	}
	return known(v.now.Sub(t).Hours() / 24)
}

func (v *view) silence(unit func(time.Duration) float64) rule.Value {
	if v.d.heard.IsZero() {
		return rule.Value{}
	}
	silent := v.now.Sub(v.d.heard)
	if silent < silence(v.j.o.Interval()) {
		silent = 0
	}
	return known(unit(silent))
}

// missed is how much of the silence lies in the hours in which the device is
// usually heard. Before those are learned it is not known.
func (v *view) missed(field string) rule.Value {
	d := v.d
	if d.heard.IsZero() || !d.week.learned(d.heard) {
		return rule.Value{}
	}
	if v.now.Sub(d.heard) < silence(v.j.o.Interval()) {
		return known(0)
	}
	inHours, days := d.week.between(d.heard.In(v.j.o.Zone), v.now.In(v.j.o.Zone))
	if field == "silent_usual_days" {
		return known(float64(days))
	}
	return known(inHours)
}

// reporting is the share of the other devices of a site that report.
func (j *Judge) reporting(d *device) rule.Value {
	s := j.reports[d.info.SiteID]
	if d.info.SiteID == 0 || s.all < 2 {
		return rule.Value{}
	}
	online := s.online
	if d.presence == store.Online {
		online--
	}
	return known(100 * float64(online) / float64(s.all-1))
}

// siteReports counts who reports at a site.
type siteReports struct{ all, online int }

// weakSigns counts the families of rules that found something in the last
// week, however mild.
func (d *device) weakSigns(p *plan, now time.Time) int {
	seen := map[string]bool{}
	for _, m := range []map[stateKey]*state{d.states, d.ended} {
		for k, st := range m {
			r, ok := p.set.Find(k.rule)
			if !ok || st.f.Times == 0 || r.Family == "signs" && r.Subject != "series" || st.f.Hygiene || now.Sub(newest(st.f.FiredAt, st.f.WorseAt)) > 7*24*time.Hour {
				continue
			}
			// What a number measures is its family: two numbers of the disk are
			// one sign.
			family := r.Family
			if r.Subject == "series" {
				family = familyOfSeries(k.part)
			}
			seen[family] = true
		}
	}
	return len(seen)
}
