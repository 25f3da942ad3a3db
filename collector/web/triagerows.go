package web

import (
	"html/template"
	"slices"
	"strings"
	"sync"
	"time"

	"muster/collector/api"
	"muster/collector/store"
	"muster/collector/web/texts"
	"muster/internal/inventory"
)

// row is one incident in a list.
type row struct {
	Blind bool // its numbers could not be had
	store.Incident
	Line    texts.T // of evidence
	Tag     texts.T // New, Worse
	Picture template.HTML
	Value   string
	Caption texts.T
	Port    string
	PortRef string // device of the port
	Me      bool   // its owner is who looks
	ToMe    bool   // it was escalated to who looks
}

// rows fills in what is shown beside each incident: evidence, picture, port.
func (s *Site) rows(v *visit, list []store.Incident) ([]row, error) {
	found, err := v.api.FindingList(v.ctx(), api.FindingListInput{Limit: 5000, Backlog: "both"})
	if err != nil {
		return nil, err
	}
	by := map[int64][]store.Finding{}
	for _, f := range found.Findings {
		if f.Incident != 0 {
			by[f.Incident] = append(by[f.Incident], f)
		}
	}
	var alone []string
	for i, x := range list {
		if len(x.Devices) == 1 && x.Severity != "info" && i < 60 {
			alone = append(alone, string(x.Devices[0].ID))
		}
	}
	ports := s.plugged(v, alone)
	out := make([]row, len(list))
	gate := make(chan struct{}, 8)
	var wg sync.WaitGroup
	for i, x := range list {
		r := &out[i]
		*r = v.row(x)
		// What gave it its title comes first.
		fs := by[x.Number]
		slices.SortStableFunc(fs, func(a, b store.Finding) int { return boolOrder(a.Rule == x.Rule, b.Rule == x.Rule) })
		r.Line = evidenceLine(fs, x)
		r.Tag = tag(x, v.now)
		if x.Severity == "info" || i >= 60 {
			continue
		}
		if len(x.Devices) == 1 {
			p := ports[x.Devices[0].ID]
			r.Port, r.PortRef = p.Word, p.Ref
		}
		wg.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			s.picture(v, r, fs)
		})
	}
	wg.Wait()
	return out, nil
}

// deviceNames names the devices of an incident: both of two, else the first one
// and how many more there are.
func deviceNames(list []store.IncidentDevice, all int) texts.T {
	all = max(all, len(list))
	var names []string
	for _, d := range list {
		if d.Name != "" {
			names = append(names, d.Name)
		}
	}
	switch {
	case len(names) == 0:
		return count(all, "device", "devices")
	case all == 1:
		return texts.As(names[0])
	case all == 2 && len(names) == 2:
		return texts.F("{1}, {2}", names[0], names[1])
	}
	return texts.F("{1} and {2}", names[0], count(all-1, "more", "more"))
}

// row is an incident as who looks at it has to do with it.
func (v *visit) row(i store.Incident) row {
	return row{Incident: i, Me: i.Assignee != "" && i.Assignee == v.actor.Name, ToMe: i.Escalated != "" && strings.EqualFold(i.Escalated, v.actor.Name)}
}

// tag says what is new about an incident.
func tag(i store.Incident, now time.Time) texts.T {
	switch {
	case now.Sub(i.OpenedAt) < time.Hour:
		return "New"
	case len(i.Devices) > 0 && i.UpdatedAt.After(i.OpenedAt) && now.Sub(i.UpdatedAt) < time.Hour && i.Told != "" && i.Told != i.Severity:
		return "Worse"
	}
	return ""
}

// evidenceLine is the numbers behind an incident in one line: of its first
// finding, and how many more there are.
func evidenceLine(fs []store.Finding, i store.Incident) texts.T {
	if len(fs) == 0 {
		return ""
	}
	f := fs[0]
	var parts []string
	for _, e := range f.Evidence {
		if e.Value != "" && e.Measurement == "" {
			parts = append(parts, e.Label+": "+apart(e.Value))
		}
		if len(parts) == 3 {
			break
		}
	}
	line := strings.Join(parts, " · ")
	same := !slices.ContainsFunc(fs, func(x store.Finding) bool { return x.Rule == f.Rule && x.Label != f.Label })
	if f.Label != "" && (len(i.Devices) == 1 || same) {
		if line != "" {
			line = f.Label + " · " + line
		} else {
			line = f.Label
		}
	}
	return texts.As(line)
}

// picture draws the first chart among the evidence. Numbers that cannot be had
// leave the picture out: the line of words stays.
func (s *Site) picture(v *visit, r *row, fs []store.Finding) {
	for _, f := range fs {
		for _, e := range f.Evidence {
			if e.Measurement == "" || e.Field == "" {
				continue
			}
			l, unit, err := s.line(v, f, e, 40)
			r.Blind = away(err)
			if err != nil || len(l.At) < 2 {
				return
			}
			name, over := chartName(e), spanWord(e.Hours)
			if young(&l) {
				over = texts.F("since {1}", s.clock(v).At(l.From))
			}
			r.Value = amount(last(l.Value), unit)
			r.Caption = texts.F("{1}, {2}", texts.Lower(name), over)
			r.Picture = spark(l, urgencyClass(r.Severity), v.lang.Say(texts.F("{1}: from {2} to {3}, {4}", name, amount(firstOf(l.Value), unit), r.Value, over)))
			return
		}
	}
}

// portWord is a port in a line of a list, and the device that it is of.
type portWord struct{ Word, Ref string }

// plugged is the ports that devices hang on, of those whose port is known.
func (s *Site) plugged(v *visit, devices []string) map[inventory.DeviceID]portWord {
	out := map[inventory.DeviceID]portWord{}
	if len(devices) == 0 {
		return out
	}
	list, err := v.api.PortPlaces(v.ctx(), api.PortPlacesInput{Devices: devices})
	if err != nil {
		return out // the list is worth showing without them
	}
	for _, p := range list.Places {
		out[p.Device.ID] = portWord{p.Switch.Name + " · " + p.Port, string(p.Switch.ID)}
	}
	return out
}
