package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/api"
	"muster/collector/web/texts"
)

// vlansPage is the VLANs of all switches, by number; with one chosen, where it is.
type vlansPage struct {
	Title  texts.T
	List   []*vlanLine
	Chosen *vlanLine
	Clash  int // numbers that have several names
	Now    time.Time
}

func (p *vlansPage) Head() (texts.T, string) { return p.Title, "network" }

// vlanLine is one VLAN.
type vlanLine struct {
	ID       int
	Names    []string
	Switches []*vlanSwitch
	Ports    int // that carry it untagged
	InUse    int // of these, with a link
	Voice    int
	Tagged   int
	Clash    bool // switches call it differently

	by map[string]*vlanSwitch
}

// Name is what most switches call it.
func (l *vlanLine) Name() string { return strings.Join(l.Names, " / ") }

type vlanSwitch struct {
	Device api.NamedDevice
	Name   string
	Ports  []string
	Tagged []string
	Voice  []string
}

func (s *Site) vlans(v *visit) error {
	p := &vlansPage{Now: v.now}
	named, err := v.api.SectionRows(v.ctx(), api.SectionRowsInput{Section: "vlan", Filter: gearFilter, Columns: []string{"vlan_id", "name"}, Limit: 100_000})
	if err != nil {
		return err
	}
	ports, err := v.api.SectionRows(v.ctx(), api.SectionRowsInput{Section: "port", Filter: gearFilter, Columns: []string{"name", "kind", "oper_status", "untagged_vlan", "voice_vlan", "tagged_vlans"}, Limit: 100_000})
	if err != nil {
		return err
	}
	p.collect(named, ports)
	chosen, _ := strconv.Atoi(v.r.URL.Query().Get("vlan"))
	for _, l := range p.List {
		if l.ID == chosen {
			p.Chosen = l
		}
		if l.Clash {
			p.Clash++
		}
	}
	switch {
	case len(p.List) == 0:
		p.Title = "No VLAN is known yet"
	case p.Chosen != nil:
		p.Title = texts.F("VLAN {1} is on {2}", p.Chosen.ID, count(len(p.Chosen.Switches), "device", "devices"))
	case p.Clash > 0:
		p.Title = texts.F("{1}, {2} with more than one name", count(len(p.List), "VLAN", "VLANs"), p.Clash)
	default:
		p.Title = texts.F("{1} on the switches", count(len(p.List), "VLAN", "VLANs"))
	}
	return s.render(v, http.StatusOK, "vlans", "", p)
}

// collect puts what switches call their VLANs and what ports carry together.
func (p *vlansPage) collect(named, ports api.SectionRows) {
	lines := map[int]*vlanLine{}
	at := func(id int, d api.NamedDevice) (*vlanLine, *vlanSwitch) {
		l := lines[id]
		if l == nil {
			l = &vlanLine{ID: id, by: map[string]*vlanSwitch{}}
			lines[id] = l
		}
		sw := l.by[string(d.ID)]
		if sw == nil {
			sw = &vlanSwitch{Device: d}
			l.by[string(d.ID)] = sw
			l.Switches = append(l.Switches, sw)
		}
		return l, sw
	}
	names := map[int]map[string]int{}
	for _, r := range named.Rows {
		id := int(number(r.Values["vlan_id"]))
		if id <= 0 {
			continue
		}
		_, sw := at(id, r.Device)
		if name, _ := r.Values["name"].(string); name != "" {
			sw.Name = name
			if names[id] == nil {
				names[id] = map[string]int{}
			}
			names[id][name]++
		}
	}
	for _, r := range ports.Rows {
		name, _ := r.Values["name"].(string)
		if kind, _ := r.Values["kind"].(string); kind == "vlan" || kind == "loopback" {
			continue
		}
		if id := int(number(r.Values["untagged_vlan"])); id > 0 {
			l, sw := at(id, r.Device)
			sw.Ports = append(sw.Ports, name)
			l.Ports++
			if r.Values["oper_status"] == "up" {
				l.InUse++
			}
		}
		if id := int(number(r.Values["voice_vlan"])); id > 0 {
			l, sw := at(id, r.Device)
			sw.Voice = append(sw.Voice, name)
			l.Voice++
		}
	}
	for _, r := range ports.Rows {
		name, _ := r.Values["name"].(string)
		text, _ := r.Values["tagged_vlans"].(string)
		for _, id := range numbersIn(text) {
			// A trunk that lets all 4,094 through does not make that many VLANs.
			if l := lines[id]; l != nil {
				_, sw := at(id, r.Device)
				sw.Tagged = append(sw.Tagged, name)
				l.Tagged++
			}
		}
	}
	for id, l := range lines {
		for name := range names[id] {
			l.Names = append(l.Names, name)
		}
		slices.SortFunc(l.Names, func(a, b string) int {
			return cmp.Or(cmp.Compare(names[id][b], names[id][a]), strings.Compare(a, b))
		})
		l.Clash = len(l.Names) > 1
		slices.SortFunc(l.Switches, func(a, b *vlanSwitch) int { return strings.Compare(a.Device.Name, b.Device.Name) })
		p.List = append(p.List, l)
	}
	slices.SortFunc(p.List, func(a, b *vlanLine) int { return cmp.Compare(a.ID, b.ID) })
}

// numbersIn reads ranges such as 10,20-29, of VLANs that there can be (IEEE
// 802.1Q: 1 to 4094).
func numbersIn(text string) []int {
	var out []int
	for part := range strings.SplitSeq(text, ",") {
		a, b, is := strings.Cut(strings.TrimSpace(part), "-")
		from, err := strconv.Atoi(a)
		if err != nil {
			continue
		}
		to := from
		if is {
			if to, err = strconv.Atoi(b); err != nil {
				continue
			}
		}
		for n := max(from, 1); n <= min(to, 4094) && len(out) < 4094; n++ {
			out = append(out, n)
		}
	}
	return out
}
