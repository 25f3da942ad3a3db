package health

import (
	"fmt"
	"math"
	"time"

	"muster/collector/health/rule"
	"muster/collector/store"
)

// An incident's rank is how likely something breaks, by how much it costs the
// people who work there. Risk is the sum over its devices' families of the
// worst finding's weight; it halves in two weeks without anything new.

// weight is about the log-odds that a finding of that severity is true and
// needs hands, by how good the source of the rule's limits is.
func weight(severity, basis string) float64 {
	w := map[string]float64{"info": 0.5, "warn": 2, "critical": 4}[severity]
	switch basis {
	case "measured", "vendor":
		return w
	case "published", "policy":
		return 0.9 * w
	}
	return 0.75 * w
}

const (
	halfLife   = 14 * 24 * time.Hour
	secondSign = 1.5 // a second family of trouble on the same device
	mostImpact = 4.0
)

// rank works out the rank and its terms.
func (j *Judge) rank(inc *incident, now time.Time) {
	type best struct {
		points float64
		why    string
	}
	worst := map[member]best{}
	blocked := 0.0
	for _, m := range inc.sorted() {
		st := inc.members[m]
		r, ok := j.plan.set.Find(st.f.Rule)
		if !ok || st.level == 0 {
			continue
		}
		age := max(now.Sub(newest(st.f.FiredAt, st.f.WorseAt)), 0)
		p := weight(st.f.Severity, r.Basis) * math.Pow(0.5, age.Hours()/halfLife.Hours())
		key := member{m.device, stateKey{rule: st.f.Family}}
		if p > worst[key].points {
			worst[key] = best{p, r.ID + " " + st.f.Severity}
		}
		blocked = max(blocked, r.Blocked)
	}
	risk, terms, families := 0.0, []store.Term(nil), map[string]int{}
	for _, m := range inc.sorted() { // in an order that repeats
		key := member{m.device, stateKey{rule: inc.members[m].f.Family}}
		b, ok := worst[key]
		if !ok {
			continue
		}
		delete(worst, key)
		families[string(m.device)]++
		risk += b.points
		if len(terms) < 10 {
			terms = append(terms, store.Term{Name: "risk", Points: round(b.points), Why: j.deviceName(m) + ": " + b.why})
		}
	}
	if inc.s.Kind == store.SiteIncident {
		risk = weight(inc.s.Severity, "vendor") * math.Sqrt(float64(max(inc.s.Count, 1)))
		terms = append(terms, store.Term{Name: "risk", Points: round(risk), Why: fmt.Sprintf("%d devices at once", inc.s.Count)})
	} else if len(families) > 1 {
		// Many devices matter more than one, but ten times as many not ten
		// times as much: it is still one cause.
		n := float64(len(families))
		f := 1 / math.Sqrt(n)
		terms = append(terms, store.Term{Name: "shared", Points: round(risk * (f - 1)), Why: fmt.Sprintf("one cause of %d devices", len(families))})
		risk *= f
	}
	if extra := j.otherFamilies(inc); extra > 0 {
		terms = append(terms, store.Term{Name: "also", Points: round(risk * (secondSign - 1)), Why: fmt.Sprintf("%d other %s of trouble on the same device", extra, plural(float64(extra), "kind"))})
		risk *= secondSign
	}
	impact := min(1+blocked/30, mostImpact)
	if blocked > 0 {
		terms = append(terms, store.Term{Name: "impact", Points: round(risk * (impact - 1)), Why: fmt.Sprintf("about %g minutes of work a day", blocked)})
	}
	if j.serves(inc) {
		terms = append(terms, store.Term{Name: "impact", Points: round(risk * impact), Why: "others depend on it"})
		impact *= 2
	}
	inc.s.Rank, inc.s.Terms = round(risk*impact), terms
}

func round(x float64) float64 { return math.Round(x*100) / 100 }

func newest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (j *Judge) deviceName(m member) string {
	if d := j.devices[m.device]; d != nil && d.info.Name != "" {
		return d.info.Name
	}
	return string(m.device)
}

// otherFamilies counts kinds of trouble on the device of an incident that are
// not in it.
func (j *Judge) otherFamilies(inc *incident) int {
	if inc.s.Kind != store.DeviceIncident {
		return 0
	}
	seen := map[string]bool{}
	for m := range inc.members {
		d := j.devices[m.device]
		if d == nil {
			continue
		}
		for _, st := range d.states {
			if st.level > 0 && st.key != inc.s.Key && !st.f.Hygiene && st.f.Severity != string(rule.Info) {
				seen[st.f.Family] = true
			}
		}
	}
	return len(seen)
}

// serves says whether others depend on one of the devices.
func (j *Judge) serves(inc *incident) bool {
	for m := range inc.members {
		if d := j.devices[m.device]; d != nil && !peopleSwitchOff(d.info.Kind) && d.info.Kind != "printer" {
			return true
		}
	}
	return false
}
