package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Route says what goes to a channel and how. Where several of one channel take
// an announcement, the first in order decides.
type Route struct {
	Name    string `json:"name"`
	Channel string `json:"channel"` // by name
	Off     bool   `json:"off,omitempty"`

	// What it takes: all that is set must hold, of a list any. Names compare
	// without case.
	Agencies []string `json:"agencies,omitempty"`
	Sites    []string `json:"sites,omitempty"`    // as agency/site
	Severity Severity `json:"severity,omitempty"` // at least; empty: all
	Families []string `json:"families,omitempty"`
	Rules    []string `json:"rules,omitempty"`
	Devices  []string `json:"devices,omitempty"` // kinds of device: pc, server, switch
	Kinds    []Kind   `json:"kinds,omitempty"`   // empty: opened, worse, escalated
	Backlog  bool     `json:"backlog,omitempty"` // what was there at enrolment, too

	Hours    Hours         `json:"hours,omitzero"`
	Urgent   bool          `json:"urgent,omitempty"`   // outside of Hours critical and escalated ones go at once; all else waits for them
	Personal bool          `json:"personal,omitempty"` // with the names of users
	Wait     time.Duration `json:"wait,omitempty"`     // how long others are waited for; 0: DefaultWait, below 0: not at all
	Rate     int           `json:"rate,omitempty"`     // letters an hour; 0: no bound but the channel's brake
	Digest   Digest        `json:"digest,omitzero"`
	Only     bool          `json:"only_digest,omitempty"` // nothing but the digest
	Created  time.Time     `json:"created,omitzero"`      // its first digest is the first after that
}

// DefaultWait is how long an announcement waits for others to go along with.
const DefaultWait = 30 * time.Second

const maxWait = time.Hour

// Check says what is wrong with a route, in words for who wrote it.
func (r Route) Check() error {
	switch {
	case r.Name == "" || len(r.Name) > maxName || Line(r.Name, maxName) != r.Name:
		return fmt.Errorf("a route needs a name of at most %d letters", maxName)
	case r.Channel == "":
		return fmt.Errorf("route %s names no channel", r.Name)
	case r.Severity != "" && r.Severity.rank() == 0:
		return fmt.Errorf("route %s: severity %q is none of info, warn, critical", r.Name, r.Severity)
	case r.Wait > maxWait:
		return fmt.Errorf("route %s waits %s for others: at most %s is expected", r.Name, r.Wait, maxWait)
	case r.Rate < 0:
		return fmt.Errorf("route %s: a rate below 0", r.Name)
	case r.Only && r.Digest.At == "":
		return fmt.Errorf("route %s sends nothing: it is for the digest only, and has none", r.Name)
	}
	for _, k := range r.Kinds {
		if !slices.Contains([]Kind{Opened, Worse, Escalated, Resolved}, k) {
			return fmt.Errorf("route %s: kind %q is none of opened, worse, escalated, resolved", r.Name, k)
		}
	}
	for _, s := range r.Sites {
		if agency, site, ok := strings.Cut(s, "/"); !ok || agency == "" || site == "" {
			return fmt.Errorf("route %s: a site as agency/site is expected, not %q", r.Name, s)
		}
	}
	if err := r.Hours.check(); err != nil {
		return fmt.Errorf("route %s: %w", r.Name, err)
	}
	if err := r.Digest.check(); err != nil {
		return fmt.Errorf("route %s: digest: %w", r.Name, err)
	}
	return nil
}

// takes says whether the route wants an incident, whatever happened to it.
func (r *Route) takes(i *Incident) bool {
	if r.Off || i.Severity.rank() < r.Severity.rank() || !in(r.Families, i.Family) || !in(r.Rules, i.Rule) {
		return false
	}
	if len(r.Devices) > 0 && !slices.ContainsFunc(i.Devices, func(d Device) bool { return in(r.Devices, d.Kind) }) {
		return false
	}
	if !r.placed() || r.at(i.Agency, i.Site) {
		return true
	}
	return slices.ContainsFunc(i.Places, func(p Place) bool { return r.at(p.Agency, p.Site) }) ||
		slices.ContainsFunc(i.Devices, func(d Device) bool { return r.at(d.Agency, d.Site) })
}

// placed says whether the route is for some places only.
func (r *Route) placed() bool { return len(r.Agencies)+len(r.Sites) > 0 }

func (r *Route) at(agency, site string) bool {
	return agency != "" && len(r.Agencies) > 0 && in(r.Agencies, agency) || site != "" && len(r.Sites) > 0 && in(r.Sites, agency+"/"+site)
}

func in(list []string, s string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(have string) bool { return strings.EqualFold(have, s) })
}

// wants says whether the route tells of this kind.
func (r *Route) wants(a *Announcement) bool {
	kinds := r.Kinds
	if len(kinds) == 0 {
		kinds = []Kind{Opened, Worse, Escalated}
	}
	if r.Only || !slices.Contains(kinds, a.Kind) {
		return false
	}
	// What was there at enrolment is looked at once, from a list; when it gets
	// worse, or a person escalates it, it is news.
	return !a.Incident.Backlog || r.Backlog || a.Kind != Opened
}

// item is what the route makes of an announcement that it takes.
func (r *Route) item(a Announcement, now time.Time) Item {
	a = a.clean()
	it := Item{Channel: r.Channel, Route: r.Name, Hold: now, Due: now}
	i := &a.Incident
	if r.placed() {
		// Whoever sees only these places is not told of machines elsewhere.
		kept := i.Devices[:0]
		for _, d := range i.Devices {
			if d.Agency == "" && d.Site == "" {
				d.Agency, d.Site = i.Agency, i.Site
			}
			if r.at(d.Agency, d.Site) {
				kept = append(kept, d)
			}
		}
		places := slices.DeleteFunc(slices.Clone(i.Places), func(p Place) bool { return !r.at(p.Agency, p.Site) })
		it.Elsewhere = len(kept) < len(i.Devices) || len(places) < len(i.Places)
		i.Devices, i.Places = kept, places
	}
	if !r.Personal {
		for n := range i.Devices {
			i.Devices[n].User = ""
		}
	}
	if urgent := a.Kind == Escalated || i.Severity == Critical; !r.Urgent || !urgent {
		it.Hold = r.Hours.next(now)
	}
	wait := r.Wait
	if wait == 0 {
		wait = DefaultWait
	}
	it.Due = it.Hold.Add(max(wait, 0))
	if it.Hold.After(now) {
		it.Due = it.Hold // all that came meanwhile goes when the hours begin
	}
	it.Announcement = a
	return it
}

// items are what an announcement becomes: at most one for each channel.
func items(routes []Route, a Announcement, now time.Time) []Item {
	var out []Item
	done := map[string]bool{}
	quiet := map[string]int{} // places in out
	for n := range routes {
		r := &routes[n]
		if done[r.Channel] || !r.takes(&a.Incident) {
			continue
		}
		it := r.item(a, now)
		if r.wants(&a) {
			if at, ok := quiet[r.Channel]; ok {
				out[at] = it
			} else {
				out = append(out, it)
			}
			done[r.Channel] = true
			continue
		}
		// Nobody is told of the end, but what still waits to be told of the
		// beginning has to know.
		if _, ok := quiet[r.Channel]; a.Kind == Resolved && !r.Only && !ok {
			it.Quiet, it.Hold, it.Due = true, now, never
			quiet[r.Channel] = len(out)
			out = append(out, it)
		}
	}
	return out
}
