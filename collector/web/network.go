package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/web/texts"
)

// gearFilter is all that is not a computer, in the search language.
const gearFilter = "kind!=pc kind!=server"

// networkPage is the network: what stands where, and what of it needs somebody.
type networkPage struct {
	Title  texts.T
	Site   string
	Sites  []string
	Groups []gearGroup
	Inks   []inkLine // that want somebody soon
	Full   []inkLine // the others, folded
	Power  []powerLine
	Silent []api.Target
	States []fact // targets by state
	Empty  bool
	Manage bool
	Total  int
	Bad    int // of those that no group lists
	Now    time.Time
}

func (p *networkPage) Head() (texts.T, string) { return p.Title, "network" }

type gearGroup struct {
	Kind  string
	Title texts.T
	Rows  []*gearLine
	Ports bool // some have ports
	Feeds bool // some give power
}

// gearLine is one device of the network in a list.
type gearLine struct {
	api.Device
	Used, Ports int
	Share       string
	Watts, Can  float64
	Fed         string
}

// inkLine is a supply of a printer.
type inkLine struct {
	Device  api.NamedDevice
	What    string
	Part    string
	Percent float64 // negative: not known
	Share   string
	Word    texts.T
	Low     bool
}

// powerLine is a UPS.
type powerLine struct {
	Device  api.NamedDevice
	Line    *gearLine // what is known of it as of any device
	Model   string
	Source  string
	Battery string
	Charge  string
	Load    string
	Left    string
	Due     time.Time
	Alarms  string
	Bad     bool
	Warn    bool
}

func (s *Site) network(v *visit) error {
	p := &networkPage{Site: v.r.URL.Query().Get("site"), Manage: v.can(account.Manage), Now: v.now}
	filter := gearFilter
	if agency, name, ok := strings.Cut(p.Site, "/"); ok {
		filter += fmt.Sprintf(" agency=%q site=%q", agency, name)
	}
	ctx := v.ctx()
	var list, all api.DeviceList
	var ports, poe, inks, ups api.SectionRows
	errs := make([]error, 8)
	var wg sync.WaitGroup
	rows := func(i int, into *api.SectionRows, section string, columns ...string) {
		wg.Go(func() {
			*into, errs[i] = v.api.SectionRows(ctx, api.SectionRowsInput{Section: section, Filter: filter, Columns: columns, Limit: 100_000})
		})
	}
	wg.Go(func() {
		list, errs[0] = v.api.DeviceList(ctx, api.DeviceListInput{Filter: filter, Sort: "name", Limit: 1000})
	})
	rows(2, &ports, "port", "kind", "connector_present", "oper_status", "admin_status")
	rows(3, &poe, "poe_supply", "capacity_watts", "used_watts")
	rows(4, &inks, "printer_supply", "description", "kind", "color", "supply_class", "level_percent", "level_state", "part_number")
	rows(5, &ups, "ups", "model", "output_source", "battery_status", "charge_percent", "load_percent", "remaining_seconds", "battery_due_at", "replace_battery", "alarms")
	wg.Go(func() {
		all, errs[6] = v.api.DeviceList(ctx, api.DeviceListInput{Filter: gearFilter, Limit: 1000, Columns: []string{"agency", "site"}})
	})
	if p.Manage {
		wg.Go(func() { errs[7] = s.silent(v, p) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	for _, d := range all.Devices {
		if site := siteOf(d); site != "" && !slices.Contains(p.Sites, site) {
			p.Sites = append(p.Sites, site)
		}
	}
	slices.Sort(p.Sites)
	p.Total, p.Empty = list.Total, all.Total == 0
	p.gear(list.Devices, ports, poe)
	p.supplies(inks)
	p.ups(ups)
	p.fold()
	p.title(list.Total)
	return s.render(v, http.StatusOK, "network", "", p)
}

func siteOf(d api.Device) string {
	if d.Site == "" {
		return ""
	}
	return d.Agency + "/" + d.Site
}

func (p *networkPage) title(total int) {
	bad := p.Bad
	for _, g := range p.Groups {
		bad += troubled(g.Rows)
	}
	where := ""
	if p.Site != "" {
		where = " at " + p.Site[strings.LastIndex(p.Site, "/")+1:]
	}
	switch {
	case p.Empty:
		p.Title = "No network device yet"
	case total == 0:
		p.Title = texts.F("No network device{1}", where)
	case bad > 0:
		p.Title = texts.F("{1} of {2}{3} {4} somebody", bad, count(total, "network device", "network devices"), where, map[bool]string{true: "needs", false: "need"}[bad == 1])
	case total == 1:
		p.Title = texts.F("The network device{1} looks fine", where)
	default:
		p.Title = texts.F("All {1} network devices{2} look fine", whole(int64(total)), where)
	}
}

// gearKinds are the kinds in the order in which the page has them.
func gearKinds() []string {
	return []string{
		"router",
		"firewall",
		"switch",
		"wireless_controller",
		"access_point",
		"hypervisor",
		"nas",
		"ups",
		"pdu",
		"printer",
		"phone",
		"camera",
	}
}

func kindTitle(kind string) texts.T {
	switch kind {
	case "switch":
		return "Switches"
	case "ups":
		return "UPSes"
	case "nas":
		return "NAS"
	case "pdu":
		return "PDUs"
	}
	return texts.Known(words(kind) + "s")
}

// gear puts the devices into groups by kind, the troubled first.
func (p *networkPage) gear(list []api.Device, ports, poe api.SectionRows) {
	by := map[string]*gearLine{}
	for _, d := range list {
		by[string(d.ID)] = &gearLine{Device: d}
	}
	for _, r := range ports.Rows {
		x := by[string(r.Device.ID)]
		kind, _ := r.Values["kind"].(string)
		connector, told := r.Values["connector_present"].(bool)
		if x == nil || kind != "" && kind != "ethernet" && kind != "fibre_channel" || told && !connector {
			continue
		}
		x.Ports++
		if r.Values["oper_status"] == "up" && r.Values["admin_status"] != "down" {
			x.Used++
		}
	}
	for _, r := range poe.Rows {
		if x := by[string(r.Device.ID)]; x != nil {
			x.Can += decimal(r.Values["capacity_watts"])
			x.Watts += decimal(r.Values["used_watts"])
		}
	}
	groups := map[string]*gearGroup{}
	kinds := gearKinds()
	for _, d := range list {
		x := by[string(d.ID)]
		if x.Ports > 0 {
			x.Share = trim(100 * float64(x.Used) / float64(x.Ports))
		}
		if x.Can > 0 {
			x.Fed = trim(min(100, 100*x.Watts/x.Can))
		}
		g := groups[d.Kind]
		if g == nil {
			g = &gearGroup{Kind: d.Kind, Title: kindTitle(d.Kind)}
			groups[d.Kind] = g
			if !slices.Contains(kinds, d.Kind) {
				kinds = append(kinds, d.Kind)
			}
		}
		g.Rows = append(g.Rows, x)
		g.Ports, g.Feeds = g.Ports || x.Ports > 1, g.Feeds || x.Can > 0
	}
	rank := map[string]int{"critical": 0, "warn": 1, "info": 2, "": 3}
	for _, kind := range kinds {
		if g := groups[kind]; g != nil {
			slices.SortStableFunc(g.Rows, func(a, b *gearLine) int { return cmp.Compare(rank[a.Severity], rank[b.Severity]) })
			p.Groups = append(p.Groups, *g)
		}
	}
}

// decimal is a number of an answer; 0 for none.
func decimal(x any) float64 {
	switch x := x.(type) {
	case json.Number:
		f, _ := x.Float64()
		return f
	case float64:
		return x
	}
	return 0
}

// lowInk is the share from which a supply is worth an order.
const lowInk = 15

// supplies lists what printers use up, the emptiest first.
func (p *networkPage) supplies(rows api.SectionRows) {
	for _, r := range rows.Rows {
		text := func(name string) string { x, _ := r.Values[name].(string); return x }
		x := inkLine{Device: r.Device, What: cmp.Or(text("description"), strings.TrimSpace(text("color")+" "+words(text("kind")+" "))), Part: text("part_number"), Percent: -1}
		switch {
		case r.Values["level_percent"] != nil:
			x.Percent = decimal(r.Values["level_percent"])
			x.Share = trim(max(0, min(100, x.Percent)))
			x.Word, x.Low = texts.As(trim(x.Percent)+" %"), x.Percent <= lowInk
			if text("supply_class") == "filled" {
				x.Word = texts.F("{1} still free", x.Word)
			}
		case text("level_state") == "some_left":
			x.Word = "Some left"
		case text("level_state") == "unlimited":
			x.Word = "No limit"
		default:
			x.Word = "Can’t tell"
		}
		p.Inks = append(p.Inks, x)
	}
	slices.SortStableFunc(p.Inks, func(a, b inkLine) int {
		of := func(x inkLine) float64 {
			if x.Percent < 0 {
				return 1000
			}
			return x.Percent
		}
		return cmp.Or(cmp.Compare(of(a), of(b)), strings.Compare(a.Device.Name, b.Device.Name))
	})
	low := 0
	for low < len(p.Inks) && p.Inks[low].Low {
		low++
	}
	n := min(max(low, inksShown), len(p.Inks))
	p.Inks, p.Full = p.Inks[:n], p.Inks[n:]
}

// inksShown is how many supplies are listed even when none is low.
const inksShown = 8

// ups lists uninterruptible supplies, those in trouble first.
func (p *networkPage) ups(rows api.SectionRows) {
	for _, r := range rows.Rows {
		text := func(name string) string { x, _ := r.Values[name].(string); return x }
		part := func(name, unit string) string {
			if r.Values[name] == nil {
				return "–"
			}
			return amount(decimal(r.Values[name]), unit)
		}
		x := powerLine{Device: r.Device, Model: text("model"), Source: text("output_source"), Battery: text("battery_status"), Charge: part("charge_percent", "percent"), Load: part("load_percent", "percent"), Left: part("remaining_seconds", "second")}
		if at := text("battery_due_at"); at != "" {
			x.Due, _ = time.Parse(time.RFC3339, at)
		}
		var alarms []string
		if list, ok := r.Values["alarms"].([]any); ok {
			for _, a := range list {
				if a == "on_battery" {
					continue // said already
				}
				alarms = append(alarms, strings.ReplaceAll(fmt.Sprint(a), "_", " "))
			}
		}
		x.Alarms = strings.Join(alarms, ", ")
		replace, _ := r.Values["replace_battery"].(bool)
		x.Bad = x.Source == "battery" || x.Battery == "low" || x.Battery == "depleted"
		x.Warn = !x.Bad && (replace || x.Battery == "fault" || x.Battery == "missing" || x.Source == "bypass" || !x.Due.IsZero() && x.Due.Before(p.Now))
		switch {
		case x.Source == "battery":
			x.Source = "On battery"
		case x.Source != "":
			x.Source = words(x.Source)
		default:
			x.Source = "Can’t tell"
		}
		if replace {
			x.Battery = "replace"
		}
		p.Power = append(p.Power, x)
	}
	slices.SortStableFunc(p.Power, func(a, b powerLine) int {
		return cmp.Or(boolOrder(a.Bad, b.Bad), boolOrder(a.Warn, b.Warn), strings.Compare(a.Device.Name, b.Device.Name))
	})
}

// fold leaves out the list of UPSes where the table of batteries has them all.
func (p *networkPage) fold() {
	i := slices.IndexFunc(p.Groups, func(g gearGroup) bool { return g.Kind == "ups" })
	if i < 0 {
		return
	}
	by := map[string]*gearLine{}
	for _, x := range p.Groups[i].Rows {
		by[string(x.ID)] = x
	}
	told := map[string]bool{}
	for k := range p.Power {
		id := string(p.Power[k].Device.ID)
		p.Power[k].Line, told[id] = by[id], true
	}
	for id := range by {
		if !told[id] {
			return
		}
	}
	p.Bad += troubled(p.Groups[i].Rows)
	p.Groups = slices.Delete(p.Groups, i, i+1)
}

// troubled counts those that need somebody.
func troubled(list []*gearLine) int {
	n := 0
	for _, x := range list {
		if x.Severity == "critical" || x.Severity == "warn" {
			n++
		}
	}
	return n
}

// silent lists targets that do not answer as they should.
func (s *Site) silent(v *visit, p *networkPage) error {
	list, err := v.api.TargetList(v.ctx(), api.TargetListInput{States: []string{"dead", "wrong_credential", "silent", "lying", "suspect"}, Site: p.Site, Limit: 50})
	if err != nil {
		return err
	}
	p.Silent = list.Targets
	for _, st := range []string{"live", "suspect", "dead", "wrong_credential", "silent", "lying", "untried"} {
		if n := list.Counts[st]; n > 0 {
			p.States = append(p.States, fact{targetWord(st), texts.As(whole(int64(n)))})
		}
	}
	return nil
}

func targetWord(state string) texts.T {
	switch state {
	case "live":
		return "Answers"
	case "suspect":
		return "Answers no more"
	case "dead":
		return "Silent"
	case "wrong_credential":
		return "Refuses the credential"
	case "silent":
		return "Answers pings only"
	case "lying":
		return "Answers what cannot be"
	case "untried":
		return "Not tried yet"
	}
	return texts.As(words(state))
}
