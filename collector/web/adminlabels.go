package web

import (
	"net/http"

	"muster/collector/api"
	"muster/collector/web/texts"
)

func renameForm(label string) *form {
	return &form{ID: "rename", Action: "/admin/labels", Do: "rename", Button: "Rename", Hidden: []sent{{"label", label}},
		Text:   "If there is a label of the new name, both become one.",
		Fields: []*field{{Name: "name", Label: texts.F("New name of {1}", label), Value: label, Must: true, Max: 63}}}
}

func (s *Site) adminLabels(v *visit) error { return s.labelsDesk(v, nil) }

func (s *Site) labelsDesk(v *visit, again *form) error {
	list, err := v.api.LabelList(v.ctx())
	if err != nil {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/labels"), Lede: "A label is a word on devices: to search by, and to give a group its agent settings."}
	p.Title = texts.F("{1} in use", count(len(list.Labels), "label is", "labels are"))
	if len(list.Labels) == 0 {
		p.Title = "No device has a label"
	}
	g := &grid{Caption: "Labels", Heads: heads("Label", "-Devices")}
	chosen := v.r.URL.Query().Get("rename")
	for _, l := range list.Labels {
		g.add([]*form{
			{Action: "/admin/labels", Do: "ask", Button: "Rename…", Word: texts.As(l.Name), Quiet: true, Hidden: []sent{{"label", l.Name}}},
			button("/admin/labels", "delete", "Take off all", texts.As(l.Name), sent{"label", l.Name}),
		}, leads("/devices?"+queryOf("q", `label="`+l.Name+`"`), texts.As(l.Name)), tallied(l.Devices))
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
		ok, err := s.sure(v, "/admin/labels", texts.F("Take the label {1} off all devices?", label), "Take it off", "The label is gone then. Groups and saved searches that ask for it find nothing any more.")
		if !ok || err != nil {
			return err
		}
		n, err := v.api.LabelRemove(v.ctx(), api.LabelInput{Label: label, Body: api.LabelTargets{Filter: `label="` + label + `"`}})
		if err != nil {
			return err
		}
		return s.did(v, "/admin/labels", texts.F("The label {1} is off {2}.", label, count(n.Devices, "device", "devices")))
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
		return s.did(v, "/admin/labels", texts.F("The label is {1} now, on {2}.", f.value("name"), count(n.Devices, "device", "devices")))
	}
	return unknownAct()
}
