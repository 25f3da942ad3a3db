package web

import (
	"html/template"
	"net/url"
	"strings"

	"muster/collector/api"
	"muster/collector/web/texts"
)

// column is one of the table.
type column struct {
	Name       string
	Title      texts.T
	Num, Sorts bool
	On         bool
	Sorted     string // ascending, descending or nothing
	Link       string // sorts by it
}

type deviceRow struct {
	api.Device
	Port    string
	PortRef string
	Cells   []cell
}

// cell is one value of a table.
type cell struct {
	Text  template.HTML
	Num   bool
	Class string
}

// deviceColumns are all columns of the table, those shown at first on.
func deviceColumns() []column {
	return []column{
		{Name: "severity", Title: "Urgency", Sorts: true, On: true},
		{Name: "presence", Title: "Presence", Sorts: true, On: true},
		{Name: "model", Title: "Model", Sorts: true, On: true},
		{Name: "os", Title: "System", Sorts: true, On: true},
		{Name: "memory_bytes", Title: "Memory", Num: true, Sorts: true, On: true},
		{Name: "site", Title: "Site", Sorts: true, On: true},
		{Name: "port", Title: "Port", On: true},
		{Name: "last_seen", Title: "Last heard", Num: true, Sorts: true, On: true},
		{Name: "user", Title: "User", Sorts: true},
		{Name: "kind", Title: "Kind", Sorts: true},
		{Name: "serial", Title: "Serial", Sorts: true},
		{Name: "vendor", Title: "Maker", Sorts: true},
		{Name: "agency", Title: "Agency", Sorts: true},
		{Name: "address", Title: "Address", Sorts: true},
		{Name: "agent_version", Title: "Agent", Sorts: true},
		{Name: "labels", Title: "Labels"},
		{Name: "first_seen", Title: "First seen", Num: true, Sorts: true},
		{Name: "asset_tag", Title: "Asset tag", Sorts: true},
		{Name: "department", Title: "Department", Sorts: true},
		{Name: "purchased", Title: "Bought", Num: true, Sorts: true},
		{Name: "warranty", Title: "Warranty", Num: true, Sorts: true},
	}
}

// cell is what a column shows of a device.
func (r *deviceRow) cell(name string, c clock) (template.HTML, string) {
	esc := template.HTMLEscapeString
	text := func(s string) template.HTML {
		if s == "" {
			return "–"
		}
		return template.HTML(esc(s))
	}
	switch name {
	case "severity":
		class, word := urgency(r.Severity)
		i, _ := drawn(class)
		return template.HTML(`<span class="u u--`+class+`">`) + i + text(c.lang.Say(word)) + `</span>`, ""
	case "presence":
		i, err := drawn(presenceIcon(string(r.Presence)))
		if err != nil {
			i, _ = drawn("unknown")
		}
		return template.HTML(`<span class="pres pres--`+esc(string(r.Presence))+`">`) + i + text(c.lang.Say(presenceWord(string(r.Presence)))) + `</span>`, ""
	case "model":
		return text(r.Model), "nowrap"
	case "os":
		return text(r.OS), "nowrap"
	case "memory_bytes":
		return text(size(r.MemoryBytes)), ""
	case "site":
		return text(r.Site), ""
	case "port":
		if r.Port == "" {
			return "–", ""
		}
		return template.HTML(`<a class="mono" href="` + esc("/devices/"+url.PathEscape(r.PortRef)) + `">` + esc(strings.ReplaceAll(r.Port, " · ", "/")) + `</a>`), "nowrap"
	case "last_seen":
		return c.Ago(r.LastSeen), ""
	case "first_seen":
		return c.Time(r.FirstSeen), ""
	case "user":
		if r.User == nil {
			return text(""), ""
		}
		return text(*r.User), ""
	case "kind":
		return text(c.lang.Say(kindWord(r.Kind))), ""
	case "serial":
		return text(r.Serial), "mono"
	case "vendor":
		return text(r.Vendor), ""
	case "agency":
		return text(r.Agency), ""
	case "address":
		return text(r.Address), "mono"
	case "agent_version":
		return text(r.AgentVersion), ""
	case "labels":
		return text(strings.Join(r.Labels, ", ")), ""
	case "asset_tag":
		return text(r.People.AssetTag), ""
	case "department":
		return text(r.People.Department), ""
	case "purchased":
		return text(r.People.Purchased), ""
	case "warranty":
		return text(r.People.Warranty), ""
	}
	return "–", ""
}

// exportDevices gives exactly what the page shows, of all pages.
func (s *Site) exportDevices(v *visit, p *deviceList, format string) error {
	accept, ending := "text/csv", ".csv"
	in := api.DeviceListInput{Filter: p.Q, Sort: p.Sort}
	if format == "json" {
		accept, ending = "application/json", ".json"
		in.Limit = 10_000
	}
	p.columns(url.Values{})
	in.Columns = []string{"id", "name"}
	for _, c := range p.Columns {
		in.Columns = append(in.Columns, c.Name)
	}
	h := v.w.Header()
	h.Set("Content-Type", accept+"; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="devices`+ending+`"`)
	return v.api.Raw(v.ctx(), "device-list", in, accept, v.w)
}
