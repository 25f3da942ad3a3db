package api

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"muster/collector/search"
	"muster/collector/store"
	"muster/internal/inventory"
)

func (s *Server) softwareList(ctx context.Context, in *SoftwareListInput) (SoftwareList, error) {
	q := store.SoftwareQuery{Scope: scopeOf(ctx), Name: strings.TrimSpace(in.Name), Versions: in.Versions, Limit: orDefault(in.Limit)}
	if in.Most > 0 {
		q.Limit = mostTitles
	}
	list, err := s.d.Inventory.Software(ctx, q)
	if list == nil {
		list = []store.SoftwareTitle{}
	}
	out := SoftwareList{Software: list}
	if in.Most > 0 {
		out.rarest(in.Most, orDefault(in.Limit))
	}
	return out, err
}

// mostTitles is how many titles are looked through for the rare ones.
const mostTitles = 100_000

// rarest leaves what at most so many devices have, the rarest first.
func (l *SoftwareList) rarest(most, limit int) {
	l.Software = slices.DeleteFunc(l.Software, func(t store.SoftwareTitle) bool { return t.Devices > most })
	slices.SortStableFunc(l.Software, func(a, b store.SoftwareTitle) int {
		return cmp.Or(cmp.Compare(a.Devices, b.Devices), strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
	l.Total = len(l.Software)
	l.Software = l.Software[:min(limit, l.Total)]
}

// softwareDevices asks in the search language, so that who has a program is
// the same here and in every list.
func (s *Server) softwareDevices(ctx context.Context, in *SoftwareDevicesInput) (SoftwareDevices, error) {
	term, err := softwareTerm(in.Name, in.Version)
	if err != nil {
		return SoftwareDevices{}, err
	}
	text := term
	if in.Filter != "" {
		// Alone first: its own errors shall say its own positions.
		if _, err := filterOf(ctx, in.Filter); err != nil {
			return SoftwareDevices{}, err
		}
		text = term + " (" + in.Filter + ")"
	}
	e, err := filterOf(ctx, text)
	if err != nil {
		return SoftwareDevices{}, err
	}
	limit := in.Limit
	if limit == 0 {
		limit = 100
	}
	after, err := openCursor("software\x00"+text, in.After)
	if err != nil {
		return SoftwareDevices{}, err
	}
	page, err := s.d.Inventory.Devices(ctx, store.DeviceQuery{Scope: scopeOf(ctx), Filter: e, Limit: limit, After: after, Personal: personal(ctx), Now: s.d.Now()})
	if err != nil {
		return SoftwareDevices{}, err
	}
	out := SoftwareDevices{Devices: []SoftwareDevice{}, Total: page.Total, Next: sealCursor("software\x00"+text, page.Next)}
	if len(page.Devices) == 0 {
		return out, nil
	}
	ids := make([]inventory.DeviceID, len(page.Devices))
	for i, d := range page.Devices {
		ids[i] = d.ID
	}
	wanted := wantedSoftware(term)
	have := map[inventory.DeviceID][]store.Install{}
	err = s.d.Inventory.Rows(ctx, store.RowQuery{Scope: scopeOf(ctx), Section: "software", Columns: []string{"name", "version"}, Devices: ids}, func(r *store.Row) error {
		name, _ := r.Values[0].(string)
		version, _ := r.Values[1].(string)
		if wanted(name, version) {
			have[r.Device] = append(have[r.Device], store.Install{Name: name, Version: version, From: r.From})
		}
		return nil
	})
	for _, d := range page.Devices {
		out.Devices = append(out.Devices, installations(d, have[d.ID])...)
	}
	return out, err
}

// softwareTerm writes the question as a term of the search language.
func softwareTerm(name, version string) (string, error) {
	quoted := func(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }
	op := "="
	if strings.ContainsAny(name, "*?") {
		op = "~"
	}
	term := "software" + op + quoted(strings.TrimSpace(name))
	version = strings.TrimSpace(version)
	if version == "" {
		return term, nil
	}
	compare := "="
	for _, c := range []string{"<=", ">=", "!=", "<", ">", "="} {
		if rest, ok := strings.CutPrefix(version, c); ok {
			compare, version = c, strings.TrimSpace(rest)
			break
		}
	}
	if version == "" {
		return "", NewProblem(invalid, "version: write one version such as 23.1, or a comparison such as <23")
	}
	return term + compare + quoted(version), nil
}

// wantedSoftware says whether a row is what the term asks for.
func wantedSoftware(term string) func(name, version string) bool {
	e, err := search.Parse(term)
	t, ok := e.(search.Term)
	if err != nil || !ok {
		return func(string, string) bool { return true }
	}
	return func(name, version string) bool {
		if t.Op == search.Glob && !globbed(strings.ToLower(t.Value.Text), strings.ToLower(name)) {
			return false
		}
		if t.Op == search.Eq && !strings.EqualFold(t.Value.Text, name) {
			return false
		}
		if t.Sub == nil {
			return true
		}
		c := strings.Compare(inventory.VersionKey(version), inventory.VersionKey(t.Sub.Value.Text))
		switch t.Sub.Op {
		case search.Lt:
			return c < 0
		case search.Le:
			return c <= 0
		case search.Gt:
			return c > 0
		case search.Ge:
			return c >= 0
		case search.Ne:
			return c != 0
		}
		return c == 0
	}
}

// globbed matches * and ? over a whole text, in time bounded by the product of
// their lengths.
func globbed(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	i, j, star, from := 0, 0, -1, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, from = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i, j = i+1, j+1
		case star >= 0:
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// installations are the programs of a device, each name and version once, in
// the order of their names.
func installations(d store.Device, list []store.Install) []SoftwareDevice {
	site := d.Site
	if d.Agency != "" && d.Site != "" {
		site = d.Agency + "/" + d.Site
	}
	slices.SortFunc(list, func(a, b store.Install) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Version, b.Version), a.From.Compare(b.From))
	})
	var out []SoftwareDevice
	for i, x := range list {
		if i > 0 && x.Name == list[i-1].Name && x.Version == list[i-1].Version {
			continue
		}
		out = append(out, SoftwareDevice{Device: d.ID, Name: d.Name, Site: site, Software: x.Name, Version: x.Version, Since: x.From})
	}
	return out
}
