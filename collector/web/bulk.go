package web

import (
	"fmt"
	"net/http"
	"slices"

	"muster/collector/api"
	"muster/collector/web/texts"
)

// bulk is one change of many devices: shown first, then done, and undone if
// that was wrong.
type bulk struct {
	Act, Value string
	Says       texts.T // what will be done, or was
	IDs        []string
	Names      []string
	Done       int
	Failed     []texts.T
	Undo       *bulk
	Back       string
	Finished   bool
}

func (b *bulk) Head() (texts.T, string) {
	if b.Finished {
		return texts.F("Done: {1}", b.Says), "devices"
	}
	return texts.F("{1}?", b.Says), "devices"
}

// mostAtOnce is how many devices one act changes.
const mostAtOnce = 2000

// acts are what can be done to many, and what takes it back.
func acts() map[string]string {
	return map[string]string{"label": "unlabel", "unlabel": "label", "site": "", "retire": "unretire", "unretire": "retire"}
}

func (s *Site) deviceBulk(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return &api.Problem{Type: "muster:malformed", Status: http.StatusBadRequest, Detail: "the form cannot be read"}
	}
	b := &bulk{Act: v.form("act"), Value: v.form("value"), IDs: v.r.PostForm["device"], Back: back(v.form("back"))}
	undo, known := acts()[b.Act]
	if !known {
		return &api.Problem{Type: "muster:invalid", Status: http.StatusUnprocessableEntity, Detail: "choose what to do with the devices"}
	}
	if q := v.form("q"); v.form("all") != "" {
		list, err := v.api.DeviceList(v.ctx(), api.DeviceListInput{Filter: q, Limit: mostAtOnce + 1, Columns: []string{"id", "name"}})
		if err != nil {
			return err
		}
		b.IDs = nil
		for _, d := range list.Devices {
			b.IDs, b.Names = append(b.IDs, string(d.ID)), append(b.Names, d.Name)
		}
	}
	switch n := len(b.IDs); {
	case n == 0:
		return &api.Problem{Type: "muster:invalid", Status: http.StatusUnprocessableEntity, Detail: "choose one device at least: tick the boxes before their names"}
	case n > mostAtOnce:
		return &api.Problem{Type: "muster:invalid", Status: http.StatusUnprocessableEntity, Detail: fmt.Sprintf("%d devices are more than can be changed at once: narrow the search to %d", n, mostAtOnce)}
	}
	if (b.Act == "label" || b.Act == "unlabel") && b.Value == "" {
		return &api.Problem{Type: "muster:invalid", Status: http.StatusUnprocessableEntity, Detail: "write which label"}
	}
	many := count(len(b.IDs), "device", "devices")
	switch b.Act {
	case "label":
		b.Says = texts.F("put the label {1} on {2}", b.Value, many)
	case "unlabel":
		b.Says = texts.F("take the label {1} off {2}", b.Value, many)
	case "site":
		b.Says = texts.F("move {1} to {2}", many, b.Value)
		if b.Value == "" {
			b.Says = texts.F("take {1} out of their sites", many)
		}
	case "retire":
		b.Says = texts.F("retire {1}", many)
	case "unretire":
		b.Says = texts.F("take {1} back into use", many)
	}
	b.Says = texts.Capital(b.Says)
	if v.form("sure") == "" {
		if len(b.Names) == 0 {
			for _, id := range b.IDs[:min(len(b.IDs), 20)] {
				d, err := v.api.DeviceShow(v.ctx(), api.DeviceShowInput{Ref: id, Sections: []string{"system"}})
				if err != nil {
					return err
				}
				b.Names = append(b.Names, d.Device.Name)
			}
		}
		b.Names = b.Names[:min(len(b.Names), 20)]
		return s.render(v, http.StatusOK, "bulk", "", b)
	}
	if err := s.doBulk(v, b); err != nil {
		return err
	}
	b.Finished = true
	if undo != "" && b.Done > 0 {
		b.Undo = &bulk{Act: undo, Value: b.Value, IDs: b.IDs, Back: b.Back}
	}
	return s.render(v, http.StatusOK, "bulk", "", b)
}

// doBulk does it, device by device where the API has it so; what fails is told
// by name, and the rest is done.
func (s *Site) doBulk(v *visit, b *bulk) error {
	switch b.Act {
	case "label", "unlabel":
		in := api.LabelInput{Label: b.Value, Body: api.LabelTargets{Devices: b.IDs}}
		call := v.api.LabelAdd
		if b.Act == "unlabel" {
			call = v.api.LabelRemove
		}
		n, err := call(v.ctx(), in)
		b.Done = n.Devices
		return err
	}
	for _, id := range slices.Compact(b.IDs) {
		var err error
		switch b.Act {
		case "site":
			_, err = v.api.DeviceSet(v.ctx(), api.DeviceSetInput{Ref: id, Body: api.DeviceChange{Site: &b.Value}})
		case "retire":
			_, err = v.api.DeviceRetire(v.ctx(), api.RefInput{Ref: id})
		case "unretire":
			_, err = v.api.DeviceUnretire(v.ctx(), api.RefInput{Ref: id})
		}
		if err == nil {
			b.Done++
			continue
		}
		if b.Done == 0 && len(b.Failed) == 0 && b.Act == "site" {
			return err // the site is not there: nothing was done
		}
		b.Failed = append(b.Failed, texts.As(id+": "+err.Error()))
		if len(b.Failed) == 10 {
			return nil
		}
	}
	return nil
}
