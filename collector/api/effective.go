package api

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"muster/collector/search"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// DeviceSettings is what an agent is set to, and by whom.
type DeviceSettings struct {
	Device   Device          `json:"device"`
	Agent    bool            `json:"agent" doc:"False: no agent has reported from it, as of gear that is polled; there is nothing to set."`
	Groups   []SettingsGroup `json:"groups" nullable:"false" doc:"Groups that it is in, the one that wins first."`
	Arrived  string          `json:"arrived" doc:"Whether what groups say is in force: yes; no: the agent has not said so yet; unknown."`
	ToldAt   time.Time       `json:"told_at,omitzero" doc:"When the agent last told of itself."`
	Rhythm   []DeviceSetting `json:"rhythm" nullable:"false" doc:"sample, report, per_core, per_process."`
	Sections []DeviceSetting `json:"sections" nullable:"false" doc:"Sections that were read from it, or that somebody has set, by name."`
}

// SettingsGroup is a group that a device is in.
type SettingsGroup struct {
	Name     string `json:"name"`
	Priority int64  `json:"priority"`
}

// DeviceSetting is one setting, and where it comes from.
type DeviceSetting struct {
	Name    string   `json:"name"`
	Seconds int64    `json:"seconds,omitempty" doc:"How often. Absent: it is on or off."`
	On      bool     `json:"on" doc:"Whether it is read, or sent."`
	From    string   `json:"from" doc:"default: built in, unless the machine's own file says otherwise, which is not told; group; machine: its own file, as the agent tells; collector: for all agents alike."`
	Group   string   `json:"group,omitempty" doc:"The group that decides."`
	Over    []string `json:"over,omitempty" doc:"Groups that say otherwise, and do not decide."`
}

// Places where a setting comes from.
const (
	fromDefault   = "default"
	fromGroup     = "group"
	fromMachine   = "machine"
	fromCollector = "collector"
)

// member says whether a device is in a group, by its filter alone.
func (s *Server) member(ctx context.Context, id inventory.DeviceID, g store.Group) (bool, error) {
	self, err := search.Parse("id:" + string(id))
	if err != nil {
		return false, err
	}
	e, err := search.Parse(g.Filter)
	if err != nil {
		return false, nil // as the collector has it: it has no members
	}
	switch x := e.(type) {
	case nil:
		e = self
	case search.And:
		e = append(search.And{self}, x...)
	default:
		e = search.And{self, x}
	}
	page, err := s.d.Inventory.Devices(ctx, store.DeviceQuery{Scope: scopeOf(ctx), Filter: e, Limit: 1, Personal: true, Now: s.d.Now()})
	if err != nil {
		return false, fmt.Errorf("look who is in group %s: %w", g.Name, err)
	}
	return page.Total > 0, nil
}

// deviceSettings tells what an agent is set to. Membership is worked out now;
// the collector does so every two minutes, so a group that was just changed may
// not be on its way yet.
func (s *Server) deviceSettings(ctx context.Context, in *RefInput) (DeviceSettings, error) {
	d, err := s.find(ctx, in.Ref)
	if err != nil {
		return DeviceSettings{}, err
	}
	out := DeviceSettings{Device: shownDevice(d, personal(ctx)), Groups: []SettingsGroup{}, Rhythm: []DeviceSetting{}, Sections: []DeviceSetting{}, Arrived: "unknown"}
	all, err := s.d.Inventory.Groups(ctx)
	if err != nil {
		return out, err
	}
	// Of the same priority the later one wins; see the collector's policy.
	slices.SortStableFunc(all, func(a, b store.Group) int { return cmp.Compare(a.Priority, b.Priority) })
	slices.Reverse(all)
	var members []store.Group
	for _, g := range all {
		is, err := s.member(ctx, d.ID, g)
		if err != nil {
			return out, err
		}
		if is {
			members = append(members, g)
			out.Groups = append(out.Groups, SettingsGroup{g.Name, g.Priority})
		}
	}
	views, err := s.d.Inventory.Sections(ctx, d.ID, time.Time{}, nil)
	if err != nil {
		return out, err
	}
	read := []string{}
	var told agentSays
	for _, v := range views {
		read = append(read, v.Name)
		if v.Name == "agent" {
			told = agentOf(v)
			out.Agent, out.ToldAt = told.there, v.GoodAt
		}
	}
	if !out.Agent {
		return out, nil
	}
	w := wishes(members)
	if digest, err := w.policy.Digest(); err == nil && told.hash != "" {
		if out.Arrived = "no"; told.hash == hex.EncodeToString(digest[:]) {
			out.Arrived = "yes"
		}
	}
	out.Rhythm, out.Sections = w.rhythm(told), w.sections(told, read)
	return out, nil
}

// agentSays is what an agent tells of its settings.
type agentSays struct {
	there          bool
	sample, report int64
	off            []string
	hash           string
}

func agentOf(v store.SectionView) agentSays {
	var x agentSays
	if len(v.Table.Rows) == 0 {
		return x
	}
	x.there = true
	for i, name := range v.Table.Columns {
		if i >= len(v.Table.Rows[0]) {
			break
		}
		switch value := v.Table.Rows[0][i].(type) {
		case int64:
			switch name {
			case "sample_seconds":
				x.sample = value
			case "report_seconds":
				x.report = value
			}
		case string:
			switch name {
			case "settings_hash":
				x.hash = value
			case "sections_off": // as a database keeps lists
				if json.Unmarshal([]byte(value), &x.off) != nil {
					x.off = nil
				}
			}
		case []string:
			if name == "sections_off" {
				x.off = value
			}
		}
	}
	return x
}

// wish is what groups say together: the first that speaks of a thing decides;
// sections off, and what is sent beside, add up.
type wish struct {
	policy report.Policy
	by     map[string]string // which group decides, by setting
	over   map[string][]string
}

// wishes takes groups with the one that wins first.
func wishes(groups []store.Group) wish {
	w := wish{by: map[string]string{}, over: map[string][]string{}}
	say := func(name, group string) bool {
		if w.by[name] != "" {
			w.over[name] = append(w.over[name], group)
			return false
		}
		w.by[name] = group
		return true
	}
	for _, g := range groups {
		x := g.Settings
		if x.SampleSeconds > 0 && say("sample", g.Name) {
			w.policy.SampleSeconds = x.SampleSeconds
		}
		if x.PerCore && w.by["per_core"] == "" {
			w.by["per_core"], w.policy.PerCore = g.Name, true
		}
		if x.PerProcess && w.by["per_process"] == "" {
			w.by["per_process"], w.policy.PerProcess = g.Name, true
		}
		for _, name := range x.Off {
			if w.by["off "+name] == "" {
				w.by["off "+name] = g.Name
				w.policy.Off = append(w.policy.Off, name)
			}
		}
		for name, seconds := range x.Cadence {
			if say("every "+name, g.Name) {
				if w.policy.Cadence == nil {
					w.policy.Cadence = map[string]int64{}
				}
				w.policy.Cadence[name] = seconds
			}
		}
	}
	slices.Sort(w.policy.Off)
	return w
}

func (w *wish) rhythm(told agentSays) []DeviceSetting {
	sample := DeviceSetting{Name: "sample", Seconds: told.sample, On: true, From: fromDefault}
	switch {
	case w.by["sample"] != "":
		sample.Seconds, sample.From, sample.Group, sample.Over = w.policy.SampleSeconds, fromGroup, w.by["sample"], w.over["sample"]
	case told.sample != usualSample:
		sample.From = fromMachine
	}
	out := []DeviceSetting{sample, {Name: "report", Seconds: told.report, On: true, From: fromCollector}}
	for _, name := range []string{"per_core", "per_process"} {
		x := DeviceSetting{Name: name, From: fromDefault}
		if w.by[name] != "" {
			x.On, x.From, x.Group = true, fromGroup, w.by[name]
		}
		out = append(out, x)
	}
	return out
}

// usualSample is how often an agent takes numbers unless somebody says
// otherwise, in seconds; see agent/config.
const usualSample = 60

func (w *wish) sections(told agentSays, read []string) []DeviceSetting {
	names := slices.Concat(read, told.off, w.policy.Off)
	for name := range w.policy.Cadence {
		names = append(names, name)
	}
	slices.Sort(names)
	out := []DeviceSetting{}
	for _, name := range slices.Compact(names) {
		section, ok := inventory.Lookup(name)
		if !ok || section.Cadence == 0 {
			continue
		}
		x := DeviceSetting{Name: name, Seconds: int64(section.Cadence / time.Second), On: true, From: fromDefault}
		switch {
		case w.by["off "+name] != "":
			x = DeviceSetting{Name: name, From: fromGroup, Group: w.by["off "+name]}
			if by := w.by["every "+name]; by != "" {
				x.Over = append([]string{by}, w.over["every "+name]...)
			}
		case slices.Contains(told.off, name):
			x = DeviceSetting{Name: name, From: fromMachine}
		case w.by["every "+name] != "":
			x.Seconds, x.From, x.Group, x.Over = w.policy.Cadence[name], fromGroup, w.by["every "+name], w.over["every "+name]
		}
		out = append(out, x)
	}
	return out
}
