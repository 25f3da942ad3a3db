package web

import (
	"net/http"

	"muster/collector/api"
)

func renameForm(label string) *form {
	return &form{ID: "rename", Action: "/admin/labels", Do: "rename", Button: "Rename", Hidden: []link{{"label", label}},
		Text:   "If there is a label of the new name, both become one.",
		Fields: []*field{{Name: "name", Label: "New name of " + label, Value: label, Must: true, Max: 63}}}
}

func (s *Site) adminLabels(v *visit) error { return s.labelsDesk(v, nil) }

func (s *Site) labelsDesk(v *visit, again *form) error {
	list, err := v.api.LabelList(v.ctx())
	if err != nil {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/labels"), Lede: "A label is a word on devices: to search by, and to give a group its agent settings."}
	p.Title = count(len(list.Labels), "label is", "labels are") + " in use"
	if len(list.Labels) == 0 {
		p.Title = "No device has a label"
	}
	g := &grid{Caption: "Labels", Heads: heads("Label", "-Devices")}
	chosen := v.r.URL.Query().Get("rename")
	for _, l := range list.Labels {
		g.add([]*form{
			{Action: "/admin/labels", Do: "ask", Button: "Rename…", Word: l.Name, Quiet: true, Hidden: []link{{"label", l.Name}}},
			button("/admin/labels", "delete", "Take off all", l.Name, link{"label", l.Name}),
		}, leads("/devices?"+queryOf("q", `label="`+l.Name+`"`), l.Name), tallied(l.Devices))
	}
	if chosen != "" || again != nil {
		p.Cards = append(p.Cards, &sheet{Title: "Rename a label", Forms: []*form{renameForm(chosen).or(again)}})
	}
	p.Cards = append(p.Cards, &sheet{Table: g, Empty: "Choose devices on the devices page, then “Add label” in the bar below them. Labels can also be given by an invitation.", More: []link{{"/devices", "To the devices"}}})
	return s.show(v, p, again)
}

func (s *Site) adminLabelsAct(v *visit) error {
	label := v.form("label")
	if label == "" {
		return unknownAct()
	}
	switch v.form("do") {
	case "ask":
		return v.send("/admin/labels?" + queryOf("rename", label))
	case "delete":
		ok, err := s.sure(v, "/admin/labels", "Take the label "+label+" off all devices?", "Take it off", "The label is gone then. Groups and saved searches that ask for it find nothing any more.")
		if !ok || err != nil {
			return err
		}
		n, err := v.api.LabelRemove(v.ctx(), api.LabelInput{Label: label, Body: api.LabelTargets{Filter: `label="` + label + `"`}})
		if err != nil {
			return err
		}
		return s.did(v, "/admin/labels", "The label "+label+" is off "+count(n.Devices, "device", "devices")+".")
	case "rename":
		f := renameForm(label).read(v)
		if !f.asked() {
			return s.labelsDesk(v, f)
		}
		n, err := v.api.LabelRename(v.ctx(), api.LabelRenameInput{Label: label, Body: api.Naming{Name: f.value("name")}})
		if err != nil {
			if p, ok := asProblem(err); ok && p.Status != http.StatusNotFound && f.blame(err) {
				return s.labelsDesk(v, f)
			}
			return err
		}
		return s.did(v, "/admin/labels", "The label is "+f.value("name")+" now, on "+count(n.Devices, "device", "devices")+".")
	}
	return unknownAct()
}
