package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/web/texts"
)

// deviceList is the page of devices: one search, and what it finds.
type deviceList struct {
	Heading texts.T
	Q       string
	Problem *api.Problem // the search cannot be read
	Total   int
	All     int
	Facets  []facet
	Columns []column
	Choice  []column // all there are
	Rows    []deviceRow
	Sort    string
	Next    string // address of the next page
	First   string // address of the first page; empty on it
	CSV     string
	JSON    string
	Cols    string
	Fields  []api.SchemaField
	Read    api.SearchRead // the search in words
	Edit    bool
	Here    string // the address of this page
	Places  []string
	Saved   keptMenu
	Build   builder
}

func (d *deviceList) Head() (texts.T, string) { return d.Heading, "devices" }

type facet struct {
	Name   string
	Title  texts.T
	Values []facetValue
	Open   bool
}

type facetValue struct {
	Share string
	Word  texts.T
	Count int
	On    bool
	Link  string
}

// pageSize is how many devices a page shows.
const pageSize = 50

func (s *Site) devices(v *visit) error {
	q := v.r.URL.Query()
	p := &deviceList{Q: strings.TrimSpace(q.Get("q")), Sort: q.Get("sort"), Cols: q.Get("cols"), Edit: v.can(account.Edit)}
	switch q.Get("format") {
	case "csv", "json":
		return s.exportDevices(v, p, q.Get("format"))
	}
	base := url.Values{}
	for _, k := range []string{"q", "sort", "cols"} {
		if x := q.Get(k); x != "" {
			base.Set(k, x)
		}
	}
	p.CSV, p.JSON = with(base, "format", "csv"), with(base, "format", "json")
	if q.Get("after") != "" {
		p.First = "/devices?" + base.Encode()
	}
	p.columns(base)
	p.Here = v.r.URL.RequestURI()
	p.Saved = s.searchesKept(v, p.Q, p.Cols, p.Sort)
	if p.Q != "" {
		if read, err := v.api.SearchRead(v.ctx(), api.SearchReadInput{Filter: p.Q, Cursor: -1}); err == nil {
			p.Read = read
		}
	}
	var added string
	var err error
	if p.Build, added, err = s.build(v, p, p.Read); err != nil || added != "" {
		if err == nil {
			err = v.send(added)
		}
		return err
	}
	list, err := v.api.DeviceList(v.ctx(), api.DeviceListInput{Filter: p.Q, Sort: p.Sort, Limit: pageSize, After: q.Get("after")})
	if problem, ok := asProblem(err); ok && problem.Status < 500 {
		p.Problem, p.Heading = problem, "The search cannot be read yet"
		return s.render(v, http.StatusUnprocessableEntity, "devices", "", p)
	}
	if err != nil {
		return err
	}
	p.Total = list.Total
	if list.Next != "" {
		p.Next = with(base, "after", list.Next)
	}
	facets, err := v.api.DeviceFacets(v.ctx(), api.DeviceFacetsInput{Filter: p.Q})
	if err != nil {
		return err
	}
	p.facets(facets)
	p.All = p.Total
	if p.Q != "" {
		all, err := v.api.DeviceList(v.ctx(), api.DeviceListInput{Limit: 1})
		if err != nil {
			return err
		}
		p.All = all.Total
	}
	p.Heading = p.heading(facets)
	c := s.clock(v)
	var shown []string
	for _, d := range list.Devices {
		if p.shows("port") {
			shown = append(shown, string(d.ID))
		}
	}
	ports := s.plugged(v, shown)
	for _, d := range list.Devices {
		r := deviceRow{Device: d, Port: ports[d.ID].Word, PortRef: ports[d.ID].Ref}
		for _, col := range p.Columns {
			text, class := r.cell(col.Name, c)
			r.Cells = append(r.Cells, cell{text, col.Num, class})
		}
		p.Rows = append(p.Rows, r)
	}
	return s.render(v, http.StatusOK, "devices", "", p)
}

func (p *deviceList) shows(name string) bool {
	return slices.ContainsFunc(p.Columns, func(c column) bool { return c.Name == name })
}

// columns reads which columns are wanted, and makes the addresses that sort.
func (p *deviceList) columns(base url.Values) {
	p.Choice = deviceColumns()
	if p.Cols != "" {
		want := strings.Split(p.Cols, ",")
		for i := range p.Choice {
			p.Choice[i].On = slices.Contains(want, p.Choice[i].Name)
		}
	}
	for _, c := range p.Choice {
		if !c.On {
			continue
		}
		if c.Sorts {
			to := c.Name
			if c.Name == "severity" {
				to = "-severity" // the worst first
			}
			switch p.Sort {
			case c.Name:
				c.Sorted, to = "ascending", "-"+c.Name
			case "-" + c.Name:
				c.Sorted, to = "descending", c.Name
			}
			c.Link = with(base, "sort", to)
		}
		p.Columns = append(p.Columns, c)
	}
}

// facets are the ways to narrow the search down.
func (p *deviceList) facets(f api.DeviceFacets) {
	titles := map[string]texts.T{"severity": "Urgency", "state": "Presence", "kind": "Kind", "site": "Site", "os": "System", "model": "Model", "ram": "Memory"}
	for _, x := range f.Facets {
		if x.Name == "site" && p.Edit {
			for _, val := range x.Values {
				if val.Value != "" {
					p.Places = append(p.Places, val.Value)
				}
			}
		}
		out := facet{Name: x.Name, Title: titles[x.Name], Open: x.Name != "os" && x.Name != "kind"}
		near := placeWord(valuesOf(x))
		if x.Name == "severity" { // the worst first, however few
			slices.SortStableFunc(x.Values, func(a, b api.FacetValue) int { return cmp.Compare(urgencyOrder(a.Value), urgencyOrder(b.Value)) })
		}
		for i, val := range x.Values {
			if i == 8 {
				break
			}
			word := texts.As(val.Value)
			switch x.Name {
			case "severity":
				word = urgencyWord(val.Value)
			case "state":
				word = presenceWord(val.Value)
			case "kind":
				word = kindWord(val.Value)
			case "site":
				word = texts.As(near(val.Value))
			}
			if word == "" {
				word = "Not known"
			}
			fv := facetValue{Word: word, Count: val.Count, Share: trim(100 * float64(val.Count) / float64(max(f.Total, 1)))}
			if val.Filter != "" {
				fv.On = strings.Contains(" "+p.Q+" ", " "+val.Filter+" ")
				q := strings.TrimSpace(p.Q + " " + val.Filter)
				if fv.On {
					q = strings.Join(strings.Fields(strings.Replace(" "+p.Q+" ", " "+val.Filter+" ", " ", 1)), " ")
				}
				fv.Link = "/devices?" + queryOf("q", q, "cols", p.Cols, "sort", p.Sort)
			}
			out.Values = append(out.Values, fv)
		}
		if len(out.Values) > 1 || len(out.Values) == 1 && out.Values[0].On {
			p.Facets = append(p.Facets, out)
		}
	}
}

// heading is how many devices there are, and of how many something has to be
// done; of a search how many match.
func (p *deviceList) heading(f api.DeviceFacets) texts.T {
	if p.Q != "" {
		return texts.F("{1} of {2}", whole(int64(p.Total)), count(p.All, "device matches", "devices match"))
	}
	troubled := 0
	for _, x := range f.Facets {
		for _, val := range x.Values {
			if x.Name == "severity" && (val.Value == "critical" || val.Value == "warn") {
				troubled += val.Count
			}
		}
	}
	if p.Total == 0 {
		return "No devices yet"
	}
	return texts.F("{1}, {2} somebody this week", count(p.Total, "device", "devices"), count(troubled, "needs", "need"))
}

// valuesOf are the values of a facet that are one.
func valuesOf(x api.Facet) []string {
	var out []string
	for _, v := range x.Values {
		if v.Value != "" {
			out = append(out, v.Value)
		}
	}
	return out
}

// with is the address of this page with one thing changed.
func with(base url.Values, name, value string) string {
	q := url.Values{}
	for k, x := range base {
		q[k] = x
	}
	q.Set(name, value)
	return "/devices?" + q.Encode()
}

// queryOf writes the query of an address; what is empty is left out.
func queryOf(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q.Encode()
}

// find sends somebody where what they wrote in the box of the top bar leads:
// one device, or the list.
func (s *Site) find(v *visit) error {
	text := strings.TrimSpace(v.r.URL.Query().Get("q"))
	if text == "" {
		return v.send("/devices")
	}
	if n, err := strconv.ParseInt(strings.TrimPrefix(text, "#"), 10, 64); err == nil && strings.HasPrefix(text, "#") {
		return v.send("/incidents/" + strconv.FormatInt(n, 10))
	}
	d, err := v.api.DeviceShow(v.ctx(), api.DeviceShowInput{Ref: text, Sections: []string{"system"}})
	if err == nil {
		return v.send("/devices/" + url.PathEscape(string(d.Device.ID)))
	}
	if w, err := v.api.PortWhere(v.ctx(), api.PortWhereInput{What: text}); err == nil && w.Device != nil {
		return v.send("/devices/" + url.PathEscape(string(w.Device.ID)))
	}
	// Nothing that has a port is called so: perhaps a program is.
	if list, err := v.api.DeviceList(v.ctx(), api.DeviceListInput{Filter: text, Limit: 1}); err == nil && list.Total == 0 {
		programs, err := v.api.SoftwareList(v.ctx(), api.SoftwareListInput{Name: text, Limit: 2})
		switch {
		case err != nil || len(programs.Software) == 0:
		case len(programs.Software) == 1 || strings.EqualFold(programs.Software[0].Name, text):
			return v.send(titleLink(programs.Software[0].Name))
		default:
			return v.send("/software?" + queryOf("q", text))
		}
	}
	return v.send("/devices?" + queryOf("q", text))
}

// searchRead answers the box while somebody writes.
func (s *Site) searchRead(v *visit) error {
	cursor, err := strconv.Atoi(v.r.URL.Query().Get("cursor"))
	if err != nil {
		cursor = -1
	}
	v.w.Header().Set("Content-Type", "application/json")
	return v.api.Raw(v.ctx(), "search-read", api.SearchReadInput{Filter: v.r.URL.Query().Get("filter"), Cursor: cursor}, "application/json", v.w)
}

// wordsPage is the words of the search language, from the catalogue.
type wordsPage struct{ Fields []api.SchemaField }

func (*wordsPage) Head() (texts.T, string) { return "All search words", "devices" }

func (s *Site) searchWords(v *visit) error {
	schema, err := v.api.SchemaShow(v.ctx(), api.SchemaInput{})
	if err != nil {
		return err
	}
	return s.render(v, http.StatusOK, "words", "", &wordsPage{schema.Fields})
}
