package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"muster/collector/api"
	"muster/collector/store"
	"muster/collector/web/texts"
)

// softwarePage is the programs of the fleet: all by their spread, what is new,
// what is rare, and systems whose support ends.
type softwarePage struct {
	Title    texts.T
	View     string // spread, new, rare, ending
	Q        string
	Rows     []titleLine
	News     []api.SoftwareNew
	Partial  bool
	Ends     []endGroup
	Machines int
	Page     int
	Before   string
	Next     string
	CSV      string
	Total    int
	Now      time.Time
}

func (p *softwarePage) Head() (texts.T, string) { return p.Title, "software" }

// titleLine is one program of the list.
type titleLine struct {
	store.SoftwareTitle
	Link  string
	Share string
}

// endGroup is systems whose support ends in one span of time.
type endGroup struct {
	Title   texts.T
	Note    texts.T
	Class   string
	Count   int
	Filter  string
	Systems []api.FacetValue
}

const (
	titlesShown = 100
	newDays     = 7
	// rareMost is on how many devices something is still rare.
	rareMost = 2
)

// titleLink is the page of a program. What a path would be cut at, or cleaned
// of, goes into the query.
func titleLink(name string) string {
	if name == "." || name == ".." || name == "title" || strings.Contains(name, "/") {
		return "/software/title?" + queryOf("name", name)
	}
	return "/software/" + url.PathEscape(name)
}

// titleWith is the same with something of its own in the query.
func titleWith(name string, pairs ...string) string {
	link, more := titleLink(name), queryOf(pairs...)
	switch {
	case more == "":
		return link
	case strings.Contains(link, "?"):
		return link + "&" + more
	}
	return link + "?" + more
}

func (s *Site) software(v *visit) error {
	q := v.r.URL.Query()
	p := &softwarePage{View: q.Get("view"), Q: strings.TrimSpace(q.Get("q")), Now: v.now}
	var err error
	switch p.View {
	case "new":
		err = s.newSoftware(v, p)
	case "rare":
		err = s.rareSoftware(v, p)
	case "ending":
		err = s.endingSystems(v, p)
	default:
		p.View = "spread"
		err = s.spreadSoftware(v, p)
	}
	if err != nil {
		return err
	}
	return s.render(v, http.StatusOK, "software", "", p)
}

// machines counts the computers, for shares.
func (s *Site) machines(v *visit) (int, error) {
	f, err := v.api.DeviceFacets(v.ctx(), api.DeviceFacetsInput{})
	if err != nil {
		return 0, err
	}
	n := 0
	for _, x := range f.Facets {
		for _, val := range x.Values {
			if x.Name == "kind" && !isGear(val.Value) {
				n += val.Count
			}
		}
	}
	return n, nil
}

func (s *Site) spreadSoftware(v *visit, p *softwarePage) error {
	p.Page, _ = strconv.Atoi(v.r.URL.Query().Get("page"))
	p.Page = min(max(p.Page, 1), 1000)
	from := (p.Page - 1) * titlesShown
	list, err := v.api.SoftwareList(v.ctx(), api.SoftwareListInput{Name: p.Q, Limit: from + titlesShown + 1})
	if err != nil {
		return err
	}
	if p.Machines, err = s.machines(v); err != nil {
		return err
	}
	more := len(list.Software) > from+titlesShown
	shown := list.Software[min(from, len(list.Software)):min(from+titlesShown, len(list.Software))]
	p.lines(shown)
	at := func(page int) string {
		if page == 1 {
			return "/software?" + queryOf("q", p.Q)
		}
		return "/software?" + queryOf("q", p.Q, "page", strconv.Itoa(page))
	}
	if more {
		p.Next = at(p.Page + 1)
	}
	if p.Page > 1 {
		p.Before = at(p.Page - 1)
	}
	p.CSV = "/api/v1/software?" + queryOf("name", p.Q, "format", "csv", "limit", "100000")
	switch {
	case len(shown) == 0 && p.Q == "":
		p.Title = "No program is known yet"
	case len(shown) == 0:
		p.Title = texts.F("No program is called like {1}", clip(p.Q, 60))
	case p.Q != "" && !more && p.Page == 1:
		p.Title = texts.F("{1} called like {2}", count(len(shown), "program is", "programs are"), clip(p.Q, 60))
	default:
		p.Title = "Programs by how many devices have them"
		if p.Page == 1 && p.Q == "" && (len(shown) == 1 || shown[0].Devices > shown[1].Devices) {
			p.Title = texts.F("{1} is on most: {2}", shown[0].Name, share(shown[0].Devices, p.Machines))
		}
	}
	return nil
}

func share(n, of int) texts.T {
	if of == 0 {
		return count(n, "device", "devices")
	}
	return texts.F("{1} of {2}", whole(int64(n)), count(of, "computer", "computers"))
}

func (p *softwarePage) lines(list []store.SoftwareTitle) {
	for _, t := range list {
		p.Rows = append(p.Rows, titleLine{t, titleLink(t.Name), trim(min(100, 100*float64(t.Devices)/float64(max(p.Machines, t.Devices, 1))))})
	}
}

func (s *Site) newSoftware(v *visit, p *softwarePage) error {
	news, err := v.api.SoftwareNews(v.ctx(), api.SoftwareNewsInput{Days: newDays})
	if err != nil {
		return err
	}
	p.News, p.Partial = news.Software, news.Partial
	p.CSV = "/api/v1/software/news?format=csv"
	switch len(p.News) {
	case 0:
		p.Title = texts.F("Nothing new in {1}", count(newDays, "day", "days"))
	case 1:
		p.Title = "1 program came in the last 7 days that nobody had before"
	default:
		p.Title = count(len(p.News), "", "programs came in the last 7 days that nobody had before")
	}
	return nil
}

func (s *Site) rareSoftware(v *visit, p *softwarePage) error {
	list, err := v.api.SoftwareList(v.ctx(), api.SoftwareListInput{Name: p.Q, Most: rareMost, Limit: 300})
	if err != nil {
		return err
	}
	if p.Machines, err = s.machines(v); err != nil {
		return err
	}
	p.lines(list.Software)
	p.Total = list.Total
	p.CSV = "/api/v1/software?" + queryOf("name", p.Q, "most", strconv.Itoa(rareMost), "format", "csv", "limit", "100000")
	p.Title = texts.F("{1} on 1 or 2 devices only", count(list.Total, "program is", "programs are"))
	if list.Total == 0 {
		p.Title = "No program is on 1 or 2 devices only"
	}
	return nil
}

// endingSystems counts systems by when their maker's support ends.
func (s *Site) endingSystems(v *visit, p *softwarePage) error {
	day := func(months int) string { return v.now.In(s.o.Zone).AddDate(0, months, 0).Format(time.DateOnly) }
	gone := 0
	for _, g := range []endGroup{
		{Title: "Ended", Note: "The maker mends no flaws any more.", Class: "today", Filter: "eol:past"},
		{Title: "Ends within 6 months", Note: "Plan the upgrade now.", Class: "week", Filter: "eol>=" + day(0) + " eol<" + day(6)},
		{Title: "Ends in 6 to 18 months", Note: "For the next budget.", Class: "watch", Filter: "eol>=" + day(6) + " eol<" + day(18)},
	} {
		f, err := v.api.DeviceFacets(v.ctx(), api.DeviceFacetsInput{Filter: g.Filter})
		if err != nil {
			return err
		}
		g.Count = f.Total
		if g.Filter == "eol:past" {
			gone = f.Total
		}
		for _, x := range f.Facets {
			if x.Name == "os" {
				g.Systems = x.Values
			}
		}
		p.Total += g.Count
		p.Ends = append(p.Ends, g)
	}
	switch {
	case gone > 0:
		p.Title = texts.F("{1} a system that is mended no more", count(gone, "device runs", "devices run"))
	case p.Total > 0:
		p.Title = texts.F("No system has lost its support; {1} within 18 months", count(p.Total, "device will", "devices will"))
	default:
		p.Title = "No system loses its support within 18 months"
	}
	return nil
}
