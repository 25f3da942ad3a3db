package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"muster/collector/api"
)

// netfind is where something is plugged in: the page behind the box that takes
// an address, a host, or what is written on a wall port.
type netfind struct {
	Q       string
	Title   string
	Problem *api.Problem
	Where   *api.PortWhere
	Walls   []wallPort
	More    bool // there are more ports of that name
	Now     time.Time
}

func (p *netfind) Head() (string, string) { return p.Title, "network" }

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
		p.Problem = problem
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
			p.Title = clip(p.Q, 60) + " is " + p.Walls[0].Device.Name + ", port " + p.Walls[0].Port
		case len(p.Walls) > 1:
			p.Title = count(len(p.Walls), "port is", "ports are") + " called like " + clip(p.Q, 60)
		default:
			p.Title, status = "Nobody has seen "+clip(p.Q, 60), http.StatusNotFound
			if len(problem.Candidates) > 0 {
				p.Title = "Several devices answer to " + clip(p.Q, 60)
			}
		}
	}
	return s.render(v, status, "netfind", "", p)
}

// whereTitle is the answer.
func whereTitle(q string, w api.PortWhere) string {
	name := clip(q, 60)
	if w.Device != nil && w.Device.Name != "" {
		name = w.Device.Name
	}
	if len(w.Places) == 0 {
		return name + " is on no port that Muster sees"
	}
	p := w.Places[0]
	if p.Switch == nil {
		return name + " is on the Wi-Fi"
	}
	is := " is on "
	if !p.Present {
		is = " was last on "
	}
	return name + is + p.Switch.Name + ", port " + p.Port
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
