package web

import (
	"net/http"
	"net/url"
	"strings"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/web/texts"
)

// setDevice is what a device's agent is set to.
type setDevice struct {
	Ref, Name string
	X         *api.DeviceSettings
	Groups    []slot
	Rhythm    *grid
	Sections  *grid
	Set       int // settings that are not as usual
}

func (p *setDevice) Head() (texts.T, string) { return p.Title(), "devices" }

// Title is the answer.
func (p *setDevice) Title() texts.T {
	switch {
	case !p.X.Agent:
		return texts.F("{1} has no agent", p.Name)
	case p.Set == 0:
		return texts.F("{1} gathers as usual", p.Name)
	}
	return texts.F("{1} of {2} {3} not as usual", count(p.Set, "setting", "settings"), p.Name, map[bool]string{true: "is", false: "are"}[p.Set == 1])
}

// settingName is a setting of the rhythm, in words.
func settingName(name string) texts.T {
	switch name {
	case "sample":
		return "Numbers are read"
	case "report":
		return "The agent reports"
	case "per_core":
		return "Numbers of each processor core"
	case "per_process":
		return "Numbers of the busiest processes"
	}
	return texts.As(words(name))
}

func settingValue(x api.DeviceSetting) slot {
	switch {
	case !x.On:
		return state("unknown", "Off")
	case x.Seconds > 0:
		return say(texts.F("every {1}", period(x.Seconds)))
	case x.Name == "sample" || x.Name == "report":
		return say("not told yet")
	}
	return state("fine", "On")
}

// settingFrom says who decides. Staff is led to the group.
func settingFrom(v *visit, x api.DeviceSetting) slot {
	var from slot
	switch x.From {
	case "group":
		if from = say(texts.F("Group {1}", x.Group)); v.can(account.Manage) {
			from.To = groupAt(x.Group)
		}
	case "machine":
		from = slot{Text: "The machine's own file", Sub: "as its agent tells"}
	case "collector":
		from = say("The collector, for all agents alike")
	default:
		from = say("As usual")
	}
	if len(x.Over) > 0 {
		instead := texts.F("Instead of what groups {1} say", strings.Join(x.Over, ", "))
		if len(x.Over) == 1 {
			instead = texts.F("Instead of what group {1} says", x.Over[0])
		}
		from.Sub = texts.List(" ", from.Sub, instead)
	}
	return from
}

func (p *setDevice) fill(v *visit, g *grid, list []api.DeviceSetting) {
	for _, x := range list {
		if x.From == "group" || x.From == "machine" {
			p.Set++
		}
		g.add(nil, say(settingName(x.Name)), settingValue(x), settingFrom(v, x))
	}
}

func (s *Site) deviceSettings(v *visit) error {
	x, err := v.api.DeviceSettings(v.ctx(), api.RefInput{Ref: v.r.PathValue("ref")})
	if err != nil {
		return err
	}
	p := &setDevice{Ref: url.PathEscape(string(x.Device.ID)), Name: x.Device.Name, X: &x}
	for _, g := range x.Groups {
		one := txt(g.Name)
		if v.can(account.Manage) {
			one.To = groupAt(g.Name)
		}
		p.Groups = append(p.Groups, one)
	}
	p.Rhythm = &grid{Caption: "Numbers and reports", Heads: heads("Setting", "Is", "Because of")}
	p.Sections = &grid{Caption: "Sections", Heads: heads("Section", "Is read", "Because of")}
	p.fill(v, p.Rhythm, x.Rhythm)
	p.fill(v, p.Sections, x.Sections)
	return s.render(v, http.StatusOK, "device-settings", "", p)
}
