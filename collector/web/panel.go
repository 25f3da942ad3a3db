package web

import (
	"cmp"
	"html/template"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"muster/collector/api"
	"muster/collector/store"
	"muster/collector/web/texts"
	"muster/internal/inventory"
)

// panelView is the front of a device as it is in metal: its sockets in their
// order, one of them chosen, and all of them as a table.
type panelView struct {
	ID, Name string
	By       string // what colors them: state, traffic, power, vlan, used
	Views    []panelBy
	Units    []panelUnit
	Legend   []legendLine
	Rows     []*socket // all ports, those with trouble first
	Text     string    // what the table is narrowed to
	Cut      int       // ports that the text leaves out
	Chosen   *portView
	InUse    int
	Total    int
	ReadAt   time.Time
}

type panelBy struct {
	Name string
	Word texts.T
	Link string
}

// panelUnit is a member of a stack, or a module: blocks of sockets.
type panelUnit struct {
	Word   texts.T // empty when there is one alone
	Blocks []panelBlock
}

// panelBlock is up to twelve sockets, the odd above the even.
type panelBlock struct {
	Uplinks bool
	Sockets []*socket
}

type legendLine struct {
	Class string
	Word  texts.T
	Count int
	Shape template.HTML
}

// panel makes the front of a device.
func (s *Site) panel(v *visit, shown api.DeviceShow, ports api.PortShow) *panelView {
	q := v.r.URL.Query()
	id := string(shown.Device.ID)
	p := &panelView{ID: id, Name: shown.Device.Name, By: q.Get("by"), Text: strings.TrimSpace(q.Get("ports")), ReadAt: ports.ReadAt}
	for _, x := range []panelBy{{Name: "state", Word: "State"}, {Name: "traffic", Word: "Traffic"}, {Name: "power", Word: "Power"}, {Name: "vlan", Word: "VLAN"}, {Name: "used", Word: "Last used"}} {
		x.Link = "/devices/" + id + "?" + queryOf("port", q.Get("port"), "by", x.Name) + "#ports"
		p.Views = append(p.Views, x)
	}
	if !slices.ContainsFunc(p.Views, func(x panelBy) bool { return x.Name == p.By }) {
		p.By = "state"
	}
	var found map[string]*store.Finding
	var flow map[string]float64
	var wg sync.WaitGroup
	wg.Go(func() { found = s.portFindings(v, id) })
	if p.By == "traffic" {
		wg.Go(func() { flow = s.portFlow(v, id) })
	}
	wg.Wait()
	all := sockets(ports.Ports, shown.Sections)
	for _, x := range all {
		x.Finding, x.flowBps = found[x.Name], flow[x.Name]
		x.judge()
		x.color(p.By, v.now)
		x.Chosen = x.Name == q.Get("port")
		x.Link = "/devices/" + id + "?" + queryOf("port", x.Name, "by", q.Get("by")) + "#port-sel"
		if x.metal {
			p.Total++
			if x.End.State == "up" {
				p.InUse++
			}
		}
	}
	p.lay(all)
	p.legend(all)
	p.list(all)
	chosen := slices.IndexFunc(all, func(x *socket) bool { return x.Chosen })
	if chosen < 0 && len(p.Rows) > 0 && p.Rows[0].Severity() != "" { // what one came for
		chosen = slices.Index(all, p.Rows[0])
	}
	if chosen >= 0 {
		all[chosen].Chosen = true
		p.Chosen = s.portView(v, p, all, all[chosen])
	}
	return p
}

// portFindings is the worst finding of each port that has one.
func (s *Site) portFindings(v *visit, id string) map[string]*store.Finding {
	out := map[string]*store.Finding{}
	list, err := v.api.FindingList(v.ctx(), api.FindingListInput{Filter: "id:" + id, Backlog: "both", Limit: 1000})
	if err != nil {
		return out
	}
	rank := map[string]int{"critical": 3, "warn": 2, "info": 1}
	for i := range list.Findings {
		f := &list.Findings[i]
		if old := out[f.Label]; f.Label != "" && (old == nil || rank[f.Severity] > rank[old.Severity]) {
			out[f.Label] = f
		}
	}
	return out
}

// portFlow is the traffic of each port over the last quarter of an hour, both
// ways, in bits per second.
func (s *Site) portFlow(v *visit, id string) map[string]float64 {
	out := map[string]float64{}
	for _, field := range []string{"ifHCInOctets", "ifHCOutOctets"} {
		a, err := s.series(v, api.SeriesQueryInput{Measurement: "interface", Field: field, Device: id, From: "15m", Step: "15m", Limit: 5000})
		if err != nil {
			return out
		}
		for _, x := range a.Series {
			if n := len(x.Points); n > 0 {
				out[x.Labels["ifName"]] += 8 * x.Points[n-1].Value
			}
		}
	}
	return out
}

// color works out how strong a socket is drawn, and what is written below it.
func (x *socket) color(by string, now time.Time) {
	switch by {
	case "traffic":
		if x.flowBps <= 0 {
			return
		}
		x.Value = strings.ReplaceAll(strings.TrimSuffix(amount(x.flowBps, "bit_per_second"), "b/s"), " ", "")
		share := x.flowBps / float64(max(x.End.SpeedBits, 1e6))
		x.Level = 1 + steps(share, 0.01, 0.1, 0.5)
	case "power":
		if x.Gives {
			x.Value, x.Level = trim(x.Watts), 1+steps(x.Watts, 4, 13, 26)
			if x.Watts == 0 {
				x.Value = "on"
			}
		}
	case "vlan":
		if x.UntaggedVlan > 0 {
			x.Value, x.Level = strconv.Itoa(int(x.UntaggedVlan)), 2
		}
		if x.Tagged != "" {
			x.Value, x.Level = "trunk", 4
		}
	case "used":
		switch {
		case x.End.State == "up":
			x.Value, x.Level = "now", 4
		case !x.Changed.IsZero():
			ago := now.Sub(x.Changed)
			x.Value, x.Level = strings.ReplaceAll(strings.TrimSuffix(span(ago), "onths"), " ", ""), 3-steps(ago.Hours()/24, 7, 90, 365)
		}
	default:
		return
	}
	if x.Value != "" {
		x.Words = texts.F("{1}, {2}", x.Words, x.Value)
	}
}

// steps counts the bounds that a number reaches.
func steps(v float64, bounds ...float64) int {
	n := 0
	for _, b := range bounds {
		if v >= b {
			n++
		}
	}
	return n
}

// lay puts the sockets into blocks of twelve, in units.
func (p *panelView) lay(all []*socket) {
	by := map[string][]*socket{}
	for _, x := range all {
		if x.metal {
			by[x.group] = append(by[x.group], x)
		}
	}
	groups := slices.SortedFunc(maps.Keys(by), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	})
	for _, g := range groups {
		u := panelUnit{}
		if len(groups) > 1 && g != "" && g != "~" {
			u.Word = texts.F("Unit {1}", g)
		}
		var plain, optical []*socket
		for _, x := range by[g] {
			if x.Optical {
				optical = append(optical, x)
			} else {
				plain = append(plain, x)
			}
		}
		for chunk := range slices.Chunk(plain, 12) {
			u.Blocks = append(u.Blocks, panelBlock{Sockets: chunk})
		}
		for chunk := range slices.Chunk(optical, 12) {
			u.Blocks = append(u.Blocks, panelBlock{Uplinks: len(plain) > 0, Sockets: chunk})
		}
		p.Units = append(p.Units, u)
	}
}

// legend counts what the panel shows.
func (p *panelView) legend(all []*socket) {
	n, gives := map[string]int{}, 0
	for _, x := range all {
		if x.metal {
			n[x.State]++
			if x.Gives {
				gives++
			}
		}
	}
	if p.By == "state" {
		for _, st := range []string{"up", "slow", "err", "down", "off"} {
			if n[st] > 0 || st == "up" || st == "down" {
				p.Legend = append(p.Legend, legendLine{Class: st, Word: stateWord(st), Count: n[st], Shape: jack(&socket{State: st})})
			}
		}
		if gives > 0 {
			p.Legend = append(p.Legend, legendLine{Class: "power", Word: "Gives power", Count: gives})
		}
		return
	}
	words := map[string][]texts.T{
		"traffic": {"None in 15 minutes", "Below 1 % of its speed", "1 to 10 %", "10 to 50 %", "More than half"},
		"power":   {"Gives none", "Below 4 W", "4 to 13 W", "13 to 26 W", "26 W and more"},
		"vlan":    {"None told", "", "One VLAN, its number below", "", "Several VLANs, tagged"},
		"used":    {"More than a year ago, or not known", "Within a year", "Within 90 days", "Within 7 days", "In use now"},
	}[p.By]
	for level, word := range words {
		count := 0
		for _, x := range all {
			if x.metal && x.Level == level {
				count++
			}
		}
		if word != "" {
			p.Legend = append(p.Legend, legendLine{Class: "l" + strconv.Itoa(level), Word: word, Count: count, Shape: jack(&socket{})})
		}
	}
}

// list is the table: what has trouble first, then by the metal; narrowed to a
// text if somebody looks for one.
func (p *panelView) list(all []*socket) {
	rank := map[string]int{"err": 0, "slow": 1}
	of := func(x *socket) int {
		if r, ok := rank[x.State]; ok {
			return r
		}
		return 2
	}
	rows := slices.Clone(all)
	slices.SortStableFunc(rows, func(a, b *socket) int { return cmp.Compare(of(a), of(b)) })
	want := strings.ToLower(p.Text)
	for _, x := range rows {
		if want != "" && !strings.Contains(strings.ToLower(strings.Join([]string{x.Name, x.Alias, x.Description, x.Who, x.Mac}, "\n")), want) {
			p.Cut++
			continue
		}
		p.Rows = append(p.Rows, x)
	}
}

// jack draws a socket.
func jack(x *socket) template.HTML {
	outline := "M2 2h24v18h-5v-3.500h-3V20h-8v-3.500H7V20H2z"
	if x.Optical {
		outline = "M2 5h24v12H2z"
	}
	in := `<path class="jack" d="` + outline + `"/>`
	switch x.State {
	case "up", "err":
		in += `<path class="full" d="M6 11h16"/>`
	case "slow":
		in += `<path class="half" d="M6 12h8"/>`
	case "off":
		in += `<path class="cross" d="M7 5l14 11M21 5L7 16"/>`
	}
	return template.HTML(`<svg class="p__s" viewBox="0 0 28 22" aria-hidden="true">` + in + `</svg>`)
}

// Shape is the socket's picture.
func (x *socket) Shape() template.HTML { return jack(x) }

// portLink is the page of a device with one of its ports chosen.
func portLink(id inventory.DeviceID, port string) string {
	return refOf(id) + "?" + url.Values{"port": {port}}.Encode() + "#port-sel"
}
