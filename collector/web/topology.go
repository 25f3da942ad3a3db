package web

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"muster/collector/api"
	"muster/collector/web/texts"
)

// topologyPage is how the network's gear hangs together: trees from the core,
// and the cables as a list.
type topologyPage struct {
	Title  texts.T
	Site   string
	Trees  []*treeNode
	Links  []cableLine
	Loose  []*treeNode // gear that no cable is known of
	Faulty int
	Nodes  int
	Counts bool
	ReadAt time.Time
	Sites  []string
	Now    time.Time
}

func (p *topologyPage) Head() (texts.T, string) { return p.Title, "network" }

// treeNode is a device in a tree, with the cable that leads up from it.
type treeNode struct {
	Key, Name, Kind, Site string
	Link                  string // of its page; empty when it is not of the inventory
	Severity              string
	Far, Near             string // ports of the cable up: at the device above, at its own end
	Speed                 string
	Faults                []string
	Unsure                bool
	Also                  []string // other cables than that of the tree
	Below                 int      // devices below it
	Children              []*treeNode
	Folds                 []treeFold // children by site, where there are many
	Open                  bool
}

// treeFold is children of one site.
type treeFold struct {
	Site     string
	Children []*treeNode
	Count    int
	Worst    string
	Open     bool
}

// cableLine is a link in the list.
type cableLine struct {
	api.Link
	AName, BName, ALink, BLink string
	Damaged                    int64
	Fault                      bool
}

// manyChildren is from how many children on they are folded by site, and
// openNodes how many devices a tree may have to be opened as a whole.
const (
	manyChildren = 8
	openNodes    = 40
)

func (s *Site) topology(v *visit) error {
	q := v.r.URL.Query()
	p := &topologyPage{Site: q.Get("site"), Now: v.now}
	filter := ""
	if agency, name, ok := strings.Cut(p.Site, "/"); ok {
		filter = fmt.Sprintf("agency=%q site=%q", agency, name)
	}
	in := api.TopologyInput{Filter: filter}
	h := v.w.Header()
	switch format := q.Get("format"); format {
	case "csv", "json":
		accept := map[string]string{"csv": "text/csv", "json": "application/json"}[format]
		h.Set("Content-Type", accept+"; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="topology.`+format+`"`)
		return v.api.Raw(v.ctx(), "topology-show", in, accept, v.w)
	}
	t, err := v.api.TopologyShow(v.ctx(), in)
	if err != nil {
		return err
	}
	if q.Get("format") == "dot" {
		h.Set("Content-Type", "text/vnd.graphviz; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="topology.dot"`)
		return writeDot(v.w, t)
	}
	list, err := v.api.DeviceList(v.ctx(), api.DeviceListInput{Filter: gearFilter, Sort: "name", Limit: 10_000})
	if err != nil {
		return err
	}
	worst, err := s.marks(v, t, list.Devices)
	if err != nil {
		return err
	}
	p.ReadAt, p.Counts = t.ReadAt, t.Counted
	p.cables(t)
	p.grow(t, list.Devices, worst)
	for _, d := range list.Devices {
		if site := siteOf(d); site != "" && !slices.Contains(p.Sites, site) {
			p.Sites = append(p.Sites, site)
		}
	}
	slices.Sort(p.Sites)
	switch {
	case p.Nodes == 0:
		p.Title = "No cable between network devices is known yet"
	case p.Faulty > 0:
		p.Title = texts.F("{1} between {2}, {3} with trouble", count(len(p.Links), "cable", "cables"), count(p.Nodes, "network device", "network devices"), p.Faulty)
	default:
		p.Title = texts.F("{1} between {2}, none with trouble", count(len(p.Links), "cable", "cables"), count(p.Nodes, "network device", "network devices"))
	}
	return s.render(v, http.StatusOK, "topology", "", p)
}

// cables is the list, those that do not fit first.
func (p *topologyPage) cables(t api.Topology) {
	for _, l := range t.Links {
		c := cableLine{Link: l}
		c.AName, c.ALink = endName(l.A)
		c.BName, c.BLink = endName(l.B)
		for _, n := range []*int64{l.A.In, l.A.Out, l.B.In, l.B.Out} {
			if n != nil {
				c.Damaged += *n
			}
		}
		c.Fault = len(l.Faults) > 0 || c.Damaged >= muchDamage
		if c.Fault {
			p.Faulty++
		}
		p.Links = append(p.Links, c)
	}
	slices.SortStableFunc(p.Links, func(a, b cableLine) int {
		return cmp.Or(boolOrder(a.Fault, b.Fault), strings.Compare(a.AName, b.AName), strings.Compare(a.A.Port, b.A.Port), strings.Compare(a.BName, b.BName))
	})
}

func endName(e api.LinkEnd) (name, link string) {
	switch {
	case e.Concealed:
		return "Gear of another office", ""
	case e.Device != nil:
		return cmp.Or(e.Device.Name, e.Name), portLink(e.Device.ID, e.Port)
	}
	return cmp.Or(e.Name, "Gear without a name"), ""
}

// heardWord is what a cable is known by.
func heardWord(how string) texts.T {
	switch how {
	case "own_mac":
		return "addresses seen"
	case "stp":
		return "spanning tree"
	case "lldp", "cdp", "fdp", "edp", "mndp":
		return texts.As(strings.ToUpper(how))
	}
	return texts.As(strings.ReplaceAll(how, "_", " "))
}

// edge is a cable from one device's view.
type edge struct {
	to        string
	near, far api.LinkEnd
	link      *api.Link
}

// grow makes a tree of each part of the network that hangs together. Its root
// is the core: what routes before what switches, then what has most cables.
// Cables that close a ring are told at the device below.
func (p *topologyPage) grow(t api.Topology, list []api.Device, worst map[string]string) {
	nodes, edges := map[string]*treeNode{}, map[string][]edge{}
	order := []string{}
	add := func(e api.LinkEnd, i int) string {
		key := fmt.Sprintf("announced %d %s", i, e.Name)
		n := &treeNode{Name: cmp.Or(e.Name, "Gear without a name"), Unsure: true}
		switch {
		case e.Concealed:
			n.Name = "Gear of another office"
		case e.Device != nil:
			key = string(e.Device.ID)
			n = &treeNode{Name: e.Device.Name, Kind: e.Device.Kind, Site: e.Device.Site, Link: refOf(e.Device.ID), Severity: worst[key]}
		}
		if nodes[key] == nil {
			n.Key = key
			nodes[key] = n
			order = append(order, key)
		}
		return key
	}
	for i := range t.Links {
		l := &t.Links[i]
		a, b := add(l.A, i), add(l.B, i)
		edges[a] = append(edges[a], edge{b, l.A, l.B, l})
		edges[b] = append(edges[b], edge{a, l.B, l.A, l})
	}
	p.Nodes = len(nodes)
	level := map[string]int{"router": 0, "firewall": 1, "switch": 2, "wireless_controller": 3, "access_point": 5}
	rank := func(key string) int {
		n := nodes[key]
		if n.Link == "" {
			return 9
		}
		if r, ok := level[n.Kind]; ok {
			return r
		}
		return 4
	}
	slices.SortStableFunc(order, func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(len(edges[b]), len(edges[a])), strings.Compare(nodes[a].Name, nodes[b].Name))
	})
	seen, used := map[string]bool{}, map[*api.Link]bool{}
	for _, root := range order {
		if seen[root] {
			continue
		}
		seen[root] = true
		p.Trees = append(p.Trees, nodes[root])
		queue := []string{root}
		for len(queue) > 0 {
			key := queue[0]
			queue = queue[1:]
			for _, e := range edges[key] {
				if used[e.link] {
					continue
				}
				used[e.link] = true
				child := nodes[e.to]
				if seen[e.to] {
					child.Also = append(child.Also, strings.TrimSpace(nodes[key].Name+" "+e.near.Port))
					continue
				}
				seen[e.to] = true
				child.Far, child.Near = e.near.Port, e.far.Port
				if speed := cmp.Or(e.far.SpeedBits, e.near.SpeedBits); speed > 0 {
					child.Speed = amount(float64(speed), "bit_per_second")
				}
				child.Faults, child.Unsure = e.link.Faults, child.Unsure || e.link.Confidence != "high"
				nodes[key].Children = append(nodes[key].Children, child)
				queue = append(queue, e.to)
			}
		}
		nodes[root].settle(0, len(nodes) <= openNodes)
	}
	for _, d := range list {
		if nodes[string(d.ID)] == nil && (p.Site == "" || siteOf(d) == p.Site) && d.Kind != "printer" && d.Kind != "ups" && d.Kind != "phone" && d.Kind != "camera" && d.Kind != "pdu" {
			p.Loose = append(p.Loose, &treeNode{Name: d.Name, Kind: d.Kind, Site: siteOf(d), Link: refOf(d.ID), Severity: worst[string(d.ID)]})
		}
	}
}

// marks is how bad it is with whatever stands on the map: gear, and what else a
// cable leads to.
func (s *Site) marks(v *visit, t api.Topology, gear []api.Device) (map[string]string, error) {
	out := make(map[string]string, len(gear))
	for _, d := range gear {
		out[string(d.ID)] = d.Severity
	}
	var others []string
	for _, l := range t.Links {
		for _, e := range []api.LinkEnd{l.A, l.B} {
			if e.Device == nil {
				continue
			}
			if _, known := out[string(e.Device.ID)]; !known {
				out[string(e.Device.ID)] = ""
				others = append(others, "id="+string(e.Device.ID))
			}
		}
	}
	const atOnce = 80 // what a filter has room for
	for part := range slices.Chunk(others, atOnce) {
		list, err := v.api.DeviceList(v.ctx(), api.DeviceListInput{Filter: strings.Join(part, " or "), Limit: atOnce, Columns: []string{"id", "severity"}})
		if err != nil {
			return nil, err
		}
		for _, d := range list.Devices {
			out[string(d.ID)] = d.Severity
		}
	}
	return out, nil
}

// settle counts what is below, orders and folds the children, and opens what
// can be seen at once.
func (n *treeNode) settle(depth int, all bool) (worst string) {
	rank := map[string]int{"critical": 3, "warn": 2, "info": 1}
	worst = n.Severity
	slices.SortStableFunc(n.Children, func(a, b *treeNode) int { return strings.Compare(a.Name, b.Name) })
	bySite := map[string]*treeFold{}
	var sites []string
	for _, c := range n.Children {
		w := c.settle(depth+1, all)
		n.Below += 1 + c.Below
		f := bySite[c.Site]
		if f == nil {
			f = &treeFold{Site: c.Site}
			bySite[c.Site] = f
			sites = append(sites, c.Site)
		}
		f.Children = append(f.Children, c)
		f.Count += 1 + c.Below
		if rank[w] > rank[f.Worst] {
			f.Worst = w
		}
		if rank[w] > rank[worst] {
			worst = w
		}
	}
	n.Open = all || depth == 0 || rank[worst] >= 2 && rank[worst] > rank[n.Severity]
	if len(n.Children) > manyChildren && len(sites) > 1 {
		slices.Sort(sites)
		for _, site := range sites {
			f := bySite[site]
			f.Open = all || rank[f.Worst] >= 2
			n.Folds = append(n.Folds, *f)
		}
		n.Children = nil
	}
	return worst
}

// writeDot writes the cables in the language of Graphviz.
func writeDot(w io.Writer, t api.Topology) error {
	b := bufio.NewWriter(w)
	b.WriteString("graph network {\n\tnode [shape=box];\n")
	told := map[string]bool{}
	node := func(e api.LinkEnd, i int) string {
		name, _ := endName(e)
		id, style := fmt.Sprintf("announced %d %s", i, name), ", style=dashed"
		if e.Device != nil {
			id, style = string(e.Device.ID), ""
			if e.Device.Site != "" {
				name += "\n" + e.Device.Site
			}
		}
		if !told[id] {
			told[id] = true
			fmt.Fprintf(b, "\t%s [label=%s%s];\n", dotQuoted(id), dotQuoted(name), style)
		}
		return dotQuoted(id)
	}
	for i, l := range t.Links {
		x, y := node(l.A, i), node(l.B, i)
		style := ""
		if len(l.Faults) > 0 {
			style += ", color=red"
		}
		if l.Confidence != "high" {
			style += ", style=dashed"
		}
		fmt.Fprintf(b, "\t%s -- %s [taillabel=%s, headlabel=%s, label=%s%s];\n", x, y, dotQuoted(l.A.Port), dotQuoted(l.B.Port), dotQuoted(strings.Join(l.Faults, "\n")), style)
	}
	b.WriteString("}\n")
	return b.Flush()
}

// dotQuoted makes a text one string of that language, whatever a device put
// into it.
func dotQuoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
