package web

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/api"
	"muster/collector/web/texts"
	"muster/internal/settings"
)

func groupForm(name string) *form {
	f := &form{ID: "group", Title: "New group", Action: "/admin/groups", Do: "set", Button: "Make the group", Fields: []*field{
		{Name: "name", Label: "Name", Must: true, Max: 63, Example: "kiosks"},
		{Name: "filter", Label: "Which devices", Hint: "In the words of the search on the devices page; a device joins and leaves by itself.", Must: true, Mono: true, Example: "label:kiosk"},
		{Name: "sample_seconds", Label: "Numbers are read every", Kind: "select", Choices: []choice{{"", "As usual"}, {"10", "10 seconds"}, {"30", "30 seconds"}, {"60", "1 minute"}, {"300", "5 minutes"}, {"900", "15 minutes"}, {"3600", "1 hour"}}},
		{Name: "priority", Label: "Priority", Kind: "number", Hint: "Where two groups set the same, the higher number wins.", Max: 8},
		{Name: "off", Label: "Sections that are not gathered", Hint: "One a line, such as software_usage. Their data is not read on these devices at all.", Kind: "area", Mono: true},
		{Name: "cadence", Label: "Sections read at other times", Hint: "One a line: section=time, from 1m to 7d.", Kind: "area", Mono: true, Example: "software=6h"},
		{Name: "per_core", Label: "Also numbers of each processor core", Kind: "check"},
		{Name: "per_process", Label: "Also numbers of the busiest processes", Kind: "check"},
	}}
	if name != "" {
		f.ID, f.Title, f.Action, f.Button = "change", "", groupAt(name), "Keep"
		f.Fields = f.Fields[1:]
	}
	return f
}

func groupAt(name string) string { return "/admin/groups/one?" + queryOf("name", name) }

// fill shows a group in its form.
func (f *form) fill(g *api.Group) *form {
	f.set("filter", g.Filter).set("priority", strconv.FormatInt(g.Priority, 10))
	x := g.Settings
	if x.SampleSeconds > 0 {
		s := strconv.FormatInt(x.SampleSeconds, 10)
		f.set("sample_seconds", s)
		if c := f.at("sample_seconds"); !slices.ContainsFunc(c.Choices, func(o choice) bool { return o.Value == s }) {
			c.Choices = append(c.Choices, choice{s, texts.F("{1} seconds", s)})
		}
	}
	f.set("off", strings.Join(x.Off, "\n"))
	var own []string
	for _, name := range slices.Sorted(maps.Keys(x.Cadence)) {
		own = append(own, name+"="+period(x.Cadence[name]))
	}
	f.set("cadence", strings.Join(own, "\n"))
	for name, on := range map[string]bool{"per_core": x.PerCore, "per_process": x.PerProcess} {
		if on {
			f.set(name, "1")
		}
	}
	return f
}

func period(seconds int64) string {
	return settings.Duration(time.Duration(seconds) * time.Second).String()
}

// group is what the form wants.
func (f *form) group() api.GroupPut {
	in := api.GroupPut{Filter: f.value("filter"), Priority: int64(f.number("priority"))}
	in.Settings = api.GroupSettings{SampleSeconds: int64(f.number("sample_seconds")), Off: lines(f.value("off")), PerCore: f.value("per_core") != "", PerProcess: f.value("per_process") != ""}
	for _, x := range lines(f.value("cadence")) {
		name, text, ok := strings.Cut(x, "=")
		d, err := settings.ParseDuration(strings.TrimSpace(text))
		if !ok || err != nil {
			f.fault("cadence", texts.F("{1}: write it as software=6h.", strconv.Quote(clip(x, 60))))
			continue
		}
		if in.Settings.Cadence == nil {
			in.Settings.Cadence = map[string]int64{}
		}
		in.Settings.Cadence[strings.TrimSpace(name)] = int64(d.D() / time.Second)
	}
	return in
}

// groupSays is what a group sets, in words.
func groupSays(x api.GroupSettings) texts.T {
	var out []texts.T
	if x.SampleSeconds > 0 {
		out = append(out, texts.F("numbers every {1}", period(x.SampleSeconds)))
	}
	if len(x.Off) > 0 {
		out = append(out, texts.F("without {1}", strings.Join(x.Off, ", ")))
	}
	for _, name := range slices.Sorted(maps.Keys(x.Cadence)) {
		out = append(out, texts.F("{1} every {2}", name, period(x.Cadence[name])))
	}
	if x.PerCore {
		out = append(out, "each processor core")
	}
	if x.PerProcess {
		out = append(out, "busiest processes")
	}
	if len(out) == 0 {
		return "Nothing"
	}
	return texts.F("{1}.", texts.Capital(texts.List("; ", out...)))
}

func (s *Site) adminGroups(v *visit) error { return s.groupsDesk(v, nil) }

func (s *Site) groupsDesk(v *visit, again *form) error {
	list, err := v.api.GroupList(v.ctx())
	if err != nil {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/groups"), Lede: "Agents gather by the same settings everywhere, unless a group says otherwise for its devices. A change reaches an agent with its next report."}
	p.Title = texts.F("{1} settings of its own", count(len(list.Groups), "group has", "groups have"))
	switch len(list.Groups) {
	case 0:
		p.Title = "All agents gather alike"
	case 1:
	default:
		p.Title = count(len(list.Groups), "", "groups have settings of their own")
	}
	g := &grid{Caption: "Groups", Heads: heads("Group", "Devices", "Sets", "-Priority")}
	for _, x := range list.Groups {
		g.add(nil, leads(groupAt(x.Name), texts.As(x.Name)), slot{Text: texts.As(x.Filter), To: "/devices?" + queryOf("q", x.Filter)}, say(groupSays(x.Settings)), tallied(int(x.Priority)))
	}
	p.Cards = []*sheet{{Table: g, Forms: []*form{groupForm("").or(again)},
		Empty: "That is right for most offices. A group helps where some devices should be read more seldom, such as kiosks on a slow line, or without what is nobody’s business there."}}
	return s.show(v, p, again)
}

func (s *Site) adminGroupsAct(v *visit) error {
	f := groupForm("").read(v)
	in := f.group()
	if !f.asked() {
		return s.groupsDesk(v, f)
	}
	name := f.value("name")
	if _, err := v.api.GroupShow(v.ctx(), api.GroupInput{Name: name}); err == nil {
		f.fault("name", "There is a group of this name: choose another, or change that one.")
		return s.groupsDesk(v, f)
	}
	g, err := v.api.GroupSet(v.ctx(), api.GroupPutInput{Name: name, Body: in})
	if err != nil {
		if f.blame(err) {
			return s.groupsDesk(v, f)
		}
		return err
	}
	return s.did(v, "/admin/groups", texts.F("The group {1} is there.", g.Name))
}

func (s *Site) adminGroup(v *visit) error { return s.groupDesk(v, nil) }

func (s *Site) groupDesk(v *visit, again *form) error {
	name := v.r.URL.Query().Get("name")
	if name == "" {
		return s.nowhere(v)
	}
	g, err := v.api.GroupShow(v.ctx(), api.GroupInput{Name: name})
	if err != nil {
		return err
	}
	members, err := v.api.GroupDevices(v.ctx(), api.GroupDevicesInput{Name: g.Name, Limit: 20})
	if err != nil {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/groups"), Crumb: []link{{"/admin/groups", "Agent settings"}}, Acts: []*form{button(groupAt(g.Name), "delete", "Delete", texts.As(g.Name))}}
	p.Title = texts.F("{1} has {2}", g.Name, count(members.Total, "device", "devices"))
	list := &grid{Caption: texts.F("Devices of {1}", g.Name), Heads: heads("Device", "Place", "Heard")}
	for _, d := range members.Devices {
		place := strings.Trim(d.Agency+", "+d.Site, ", ")
		list.add(nil, leads("/devices/"+string(d.ID), texts.As(d.Name)), txt(place), ago(d.LastSeen))
	}
	devices := &sheet{Title: "Devices", Table: list, Empty: "No device fits its filter now.", More: []link{{"/devices?" + queryOf("q", g.Filter), "All of them"}}}
	p.Cards = []*sheet{{Title: "Settings", Forms: []*form{groupForm(g.Name).fill(&g).or(again)}}, devices}
	return s.show(v, p, again)
}

func (s *Site) adminGroupAct(v *visit) error {
	name := v.r.URL.Query().Get("name")
	if name == "" {
		return s.nowhere(v)
	}
	if v.form("do") == "delete" {
		ok, err := s.sure(v, groupAt(name), texts.F("Delete the group {1}?", name), "Delete it", "Its devices stay; their agents gather by the usual settings again, or by those of other groups.")
		if !ok || err != nil {
			return err
		}
		if err := v.api.GroupDelete(v.ctx(), api.GroupInput{Name: name}); err != nil {
			return err
		}
		return s.did(v, "/admin/groups", texts.F("The group {1} is deleted.", name))
	}
	f := groupForm(name).read(v)
	in := f.group()
	if !f.asked() {
		return s.groupDesk(v, f)
	}
	if _, err := v.api.GroupSet(v.ctx(), api.GroupPutInput{Name: name, Body: in}); err != nil {
		if f.blame(err) {
			return s.groupDesk(v, f)
		}
		return err
	}
	return s.did(v, groupAt(name), texts.F("The settings of {1} are kept.", name))
}
