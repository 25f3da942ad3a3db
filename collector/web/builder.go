package web

import (
	"net/http"
	"slices"
	"strings"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/web/texts"
)

// builder puts a search together for those who do not write it: the conditions
// that it has, each to take out, and a form for one more.
type builder struct {
	Parts   []builtPart
	Groups  []fieldGroup
	Field   *api.SearchField // the one that is chosen
	How     string
	Value   string
	Second  texts.T // what a second value is; empty: the field has none
	More    string  // the second value
	Problem texts.T
	Open    bool
	Q       string
	Cols    string
	Sort    string
}

type builtPart struct {
	api.SearchPart
	Without string // address of the search without it
}

// fieldGroup is fields that belong together in the list to choose from.
type fieldGroup struct {
	Title  texts.T
	Fields []fieldChoice
}

type fieldChoice struct {
	Name  string
	Title texts.T
	On    bool
}

// fieldGroups are the fields that people ask for most, sorted as they think of
// them. Columns of sections are asked for in the box.
func fieldGroups() []fieldGroup {
	return []fieldGroup{
		{"What it is", []fieldChoice{{Name: "kind", Title: "Kind"}, {Name: "name", Title: "Name"}, {Name: "model", Title: "Model"}, {Name: "vendor", Title: "Maker"}, {Name: "serial", Title: "Serial number"}, {Name: "asset", Title: "Asset tag"}}},
		{"System", []fieldChoice{{Name: "os", Title: "System"}, {Name: "version", Title: "Version of the system"}, {Name: "build", Title: "Build of the system"}, {Name: "eol", Title: "End of the system’s updates"}, {Name: "software", Title: "Program"}, {Name: "service", Title: "Service"}, {Name: "agent", Title: "Version of the agent"}}},
		{"Parts", []fieldChoice{{Name: "ram", Title: "Memory"}, {Name: "cpu", Title: "Processor"}, {Name: "cores", Title: "Processor cores"}, {Name: "disk", Title: "Drive"}, {Name: "free", Title: "Free space"}}},
		{"Where", []fieldChoice{{Name: "site", Title: "Site"}, {Name: "agency", Title: "Agency"}, {Name: "port", Title: "Network port"}, {Name: "ip", Title: "IP address"}, {Name: "mac", Title: "MAC address"}}},
		{"Whose", []fieldChoice{{Name: "user", Title: "User"}, {Name: "owner", Title: "Owner"}, {Name: "department", Title: "Department"}, {Name: "label", Title: "Label"}, {Name: "group", Title: "Group"}, {Name: "note", Title: "Note"}}},
		{"How it is", []fieldChoice{{Name: "severity", Title: "Urgency"}, {Name: "state", Title: "Presence"}}},
		{"When", []fieldChoice{{Name: "seen", Title: "Last heard of"}, {Name: "first", Title: "First seen"}, {Name: "purchased", Title: "Bought"}, {Name: "warranty", Title: "Warranty until"}}},
	}
}

// build fills the builder in, and adds a condition where one was sent: then it
// answers the address of the new search.
func (s *Site) build(v *visit, p *deviceList, read api.SearchRead) (b builder, to string, err error) {
	q := v.r.URL.Query()
	b = builder{Q: p.Q, Cols: p.Cols, Sort: p.Sort, How: q.Get("how"), Value: strings.TrimSpace(q.Get("value")), More: strings.TrimSpace(q.Get("second")), Groups: fieldGroups()}
	for _, x := range read.Parts {
		b.Parts = append(b.Parts, builtPart{x, "/devices?" + queryOf("q", x.Rest, "cols", p.Cols, "sort", p.Sort)})
	}
	name := q.Get("field")
	personal := v.can(account.ReadPersonal)
	for i := range b.Groups {
		g := &b.Groups[i]
		if !personal {
			g.Fields = slices.DeleteFunc(g.Fields, func(f fieldChoice) bool { return f.Name == "user" || f.Name == "owner" })
		}
		for k := range g.Fields {
			g.Fields[k].On = g.Fields[k].Name == name
		}
	}
	b.Open = q.Has("field")
	if name == "" {
		return b, "", nil
	}
	f, err := v.api.SearchField(v.ctx(), api.SearchFieldInput{Field: name})
	if problem, told := asProblem(err); told && problem.Status < 500 {
		b.Problem = sentence(problem.Detail)
		return b, "", nil
	}
	if err != nil {
		return b, "", err
	}
	b.Field = &f
	for _, c := range f.Choices {
		if c.Second != "" {
			b.Second = texts.As(c.Second)
		}
	}
	if q.Get("add") == "" {
		return b, "", nil
	}
	if !slices.ContainsFunc(f.Choices, func(c api.SearchChoice) bool { return c.How == b.How }) {
		return b, "", nil // the field is another than before: choose again
	}
	x, err := v.api.SearchAdd(v.ctx(), api.SearchAddInput{Filter: p.Q, Field: name, How: b.How, Value: b.Value, Second: b.More})
	if problem, told := asProblem(err); told && problem.Status < 500 {
		b.Problem = sentence(problem.Detail)
		return b, "", nil
	}
	return b, "/devices?" + queryOf("q", x.Filter, "cols", p.Cols, "sort", p.Sort), err
}

// condition is the part of the builder that a chosen field decides, for a
// script to put in place.
func (s *Site) condition(v *visit) error {
	b, _, err := s.build(v, &deviceList{}, api.SearchRead{})
	if err != nil {
		return err
	}
	if !v.partial() {
		return v.send("/devices?" + queryOf("field", v.r.URL.Query().Get("field")))
	}
	return s.render(v, http.StatusOK, "devices", "condition", b)
}
