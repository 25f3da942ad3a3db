package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"muster/collector/api"
	"muster/collector/web/texts"
)

// netfind is where something is plugged in: the page behind the box that takes
// an address, a host, or what is written on a wall port.
type netfind struct {
	Q       string
	Title   texts.T
	Problem *api.Problem
	Said    texts.T // of it
	Where   *api.PortWhere
	Walls   []wallPort
	More    bool // there are more ports of that name
	Now     time.Time
}

func (p *netfind) Head() (texts.T, string) { return p.Title, "network" }

// wallPort is a port whose name, or what people call it, is what somebody
// looked for.
type wallPort struct {
	Device api.NamedDevice
	Port   string
	Alias  string
	State  string
	Link   string
}

// wallsShown bounds how many ports of one name are listed.
const wallsShown = 50

func (s *Site) netFind(v *visit) error {
	p := &netfind{Q: strings.TrimSpace(v.r.URL.Query().Get("q")), Title: "Find what hangs where", Now: v.now}
	if p.Q == "" {
		return s.render(v, http.StatusOK, "netfind", "", p)
	}
	status := http.StatusOK
	w, err := v.api.PortWhere(v.ctx(), api.PortWhereInput{What: p.Q, History: true})
	problem, told := asProblem(err)
	switch {
	case err == nil:
		p.Where = &w
		p.Title = whereTitle(p.Q, w)
	case told && problem.Status < 500:
		p.Problem, p.Said = problem, spoken(problem.Detail)
	default:
		return err
	}
	if p.Where == nil || p.Where.Understood == "device" {
		if err := s.walls(v, p); err != nil {
			return err
		}
	}
	if p.Where == nil {
		switch {
		case len(p.Walls) == 1:
			p.Title = texts.F("{1} is {2}, port {3}", clip(p.Q, 60), p.Walls[0].Device.Name, p.Walls[0].Port)
		case len(p.Walls) > 1:
			p.Title = texts.F("{1} called like {2}", count(len(p.Walls), "port is", "ports are"), clip(p.Q, 60))
		default:
			p.Title, status = texts.F("Nobody has seen {1}", clip(p.Q, 60)), http.StatusNotFound
			if len(problem.Candidates) > 0 {
				p.Title = texts.F("Several devices answer to {1}", clip(p.Q, 60))
			}
		}
	}
	return s.render(v, status, "netfind", "", p)
}

// whereTitle is the answer.
func whereTitle(q string, w api.PortWhere) texts.T {
	name := clip(q, 60)
	if w.Device != nil && w.Device.Name != "" {
		name = w.Device.Name
	}
	if len(w.Places) == 0 {
		return texts.F("{1} is on no port that Muster sees", name)
	}
	p := w.Places[0]
	if p.Switch == nil {
		return texts.F("{1} is on the Wi-Fi", name)
	}
	is := " is on "
	if !p.Present {
		is = " was last on "
	}
	return texts.F("{1}{2}{3}, port {4}", name, is, p.Switch.Name, p.Port)
}

// walls looks for the text among names of ports and what people call them.
func (s *Site) walls(v *visit, p *netfind) error {
	rows, err := v.api.SectionRows(v.ctx(), api.SectionRowsInput{Section: "port", Filter: gearFilter, Columns: []string{"name", "alias", "oper_status"}, Limit: 100_000})
	if err != nil {
		return err
	}
	want := strings.ToLower(p.Q)
	exact := func(x wallPort) bool { return strings.EqualFold(x.Alias, p.Q) }
	for _, r := range rows.Rows {
		text := func(name string) string { x, _ := r.Values[name].(string); return x }
		x := wallPort{Device: r.Device, Port: text("name"), Alias: text("alias"), State: text("oper_status")}
		if x.Alias == "" || !strings.Contains(strings.ToLower(x.Alias), want) {
			continue
		}
		x.Link = portLink(r.Device.ID, x.Port)
		p.Walls = append(p.Walls, x)
	}
	slices.SortStableFunc(p.Walls, func(a, b wallPort) int {
		return cmp.Or(boolOrder(exact(a), exact(b)), strings.Compare(a.Alias, b.Alias), strings.Compare(a.Device.Name, b.Device.Name))
	})
	if p.More = len(p.Walls) > wallsShown; p.More {
		p.Walls = p.Walls[:wallsShown]
	}
	return nil
}
