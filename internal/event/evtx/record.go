package evtx

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/internal/event/windows"
)

// record reads one record's binary XML.
func (d *decoder) record(at, end int) (windows.Record, error) {
	d.all += d.text
	d.depth, d.tokens, d.text = 0, 0, 0
	var r windows.Record
	root, err := d.fragment(at, end)
	if err != nil {
		return r, err
	}
	if root.name != "Event" {
		return r, fmt.Errorf("a record with %q in place of Event", root.name)
	}
	parts, err := d.children(root)
	if err != nil {
		return r, err
	}
	for _, n := range parts {
		switch n.name {
		case "System":
			err = d.system(&r, n)
		case "EventData":
			err = d.eventData(&r, n)
		case "UserData":
			err = d.userData(&r, n)
		}
		if err != nil {
			return r, err
		}
	}
	if r.Provider == "" || r.EventID == 0 && r.Channel == "" {
		return r, fmt.Errorf("a record without provider and channel")
	}
	return r, nil
}

// children are the elements right below, those that are values too.
func (d *decoder) children(n node) ([]node, error) {
	var list []node
	for _, p := range n.content {
		if p.child != nil {
			if err := d.spend(); err != nil {
				return nil, err
			}
			list = append(list, node{element: p.child, values: n.values})
			continue
		}
		if p.value < 0 || p.value >= len(n.values) || n.values[p.value].kind != kindBinXML {
			continue
		}
		v := n.values[p.value]
		if v.size == 0 {
			continue
		}
		inner, err := d.fragment(v.at, v.at+v.size)
		if err != nil {
			return nil, err
		}
		list = append(list, inner)
	}
	return list, nil
}

// join puts parts together as one text.
func (d *decoder) join(parts []part, values []value) (string, error) {
	var text strings.Builder
	for _, p := range parts {
		if p.value < 0 {
			if err := d.keep(p.text); err != nil {
				return "", err
			}
			text.WriteString(p.text)
			continue
		}
		if p.value >= len(values) {
			continue
		}
		list, err := d.texts(values[p.value])
		if err != nil {
			return "", err
		}
		text.WriteString(strings.Join(list, "\n"))
	}
	return text.String(), nil
}

func (d *decoder) attribute(n node, name string) (string, error) {
	for _, a := range n.attributes {
		if a.name == name {
			return d.join(a.value, n.values)
		}
	}
	return "", nil
}

func (d *decoder) system(r *windows.Record, n node) error {
	parts, err := d.children(n)
	if err != nil {
		return err
	}
	for _, p := range parts {
		var text string
		switch p.name {
		case "Provider":
			text, err = d.attribute(p, "Name")
			if err == nil && text == "" {
				text, err = d.attribute(p, "EventSourceName")
			}
		case "TimeCreated":
			text, err = d.attribute(p, "SystemTime")
		case "Security":
			text, err = d.attribute(p, "UserID")
		case "EventID", "Level", "Channel", "Computer":
			text, err = d.join(p.content, p.values)
		default:
			continue
		}
		if err != nil {
			return err
		}
		switch p.name {
		case "Provider":
			r.Provider = text
		case "TimeCreated":
			r.Time, _ = time.Parse(time.RFC3339Nano, text)
		case "Security":
			r.User = text
		case "EventID":
			r.EventID, _ = strconv.Atoi(text)
		case "Level":
			r.Level, _ = strconv.Atoi(text)
		case "Channel":
			r.Channel = text
		case "Computer":
			r.Computer = text
		}
	}
	return nil
}

// eventData takes Data in order; an array stands for one Data each.
func (d *decoder) eventData(r *windows.Record, n node) error {
	parts, err := d.children(n)
	if err != nil {
		return err
	}
	for _, p := range parts {
		switch p.name {
		case "Binary":
			if len(p.content) == 1 {
				if i := p.content[0].value; i >= 0 && i < len(p.values) && p.values[i].kind == kindBinary {
					v := p.values[i]
					r.Binary = append([]byte(nil), d.chunk[v.at:v.at+v.size]...)
				}
			}
		case "Data":
			name, err := d.attribute(p, "Name")
			if err != nil {
				return err
			}
			if len(p.content) == 1 {
				if i := p.content[0].value; i >= 0 && i < len(p.values) && p.values[i].kind&kindArray != 0 {
					list, err := d.texts(p.values[i])
					if err != nil {
						return err
					}
					for _, text := range list {
						r.Data = append(r.Data, windows.Value{Name: name, Text: text})
					}
					continue
				}
			}
			text, err := d.join(p.content, p.values)
			if err != nil {
				return err
			}
			r.Data = append(r.Data, windows.Value{Name: name, Text: text})
		}
	}
	return nil
}

// userData takes the leaves below the provider's own element.
func (d *decoder) userData(r *windows.Record, n node) error {
	tops, err := d.children(n)
	if err != nil {
		return err
	}
	for _, top := range tops {
		if err := d.leaves(r, top, ""); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) leaves(r *windows.Record, n node, above string) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer func() { d.depth-- }()
	below, err := d.children(n)
	if err != nil {
		return err
	}
	for _, c := range below {
		name := above + c.name
		if err := d.keep(name); err != nil {
			return err
		}
		inner, err := d.children(c)
		if err != nil {
			return err
		}
		if len(inner) > 0 {
			if err := d.leaves(r, c, name+"/"); err != nil {
				return err
			}
			continue
		}
		text, err := d.join(c.content, c.values)
		if err != nil {
			return err
		}
		r.Data = append(r.Data, windows.Value{Name: name, Text: text})
	}
	return nil
}
