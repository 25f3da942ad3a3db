package web

import (
	"net/url"
	"strconv"
	"strings"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/web/texts"
)

func agencyForm() *form {
	return &form{ID: "agency", Title: "New agency", Action: "/admin/places", Do: "agency-new", Button: "Make the agency",
		Fields: []*field{{Name: "name", Label: "Name", Must: true, Max: 100, Example: "Parks and Recreation"}}}
}

func siteForm(agencies []choice) *form {
	return &form{ID: "site", Title: "New site", Action: "/admin/places", Do: "site-new", Button: "Make the site",
		Fields: []*field{
			{Name: "agency", Label: "Agency", Kind: "select", Choices: agencies, Must: true},
			{Name: "name", Label: "Name", Must: true, Max: 100, Example: "City Hall"},
			{Name: "subnets", Label: "Networks", Hint: "One a line. Devices that report from them belong to the site, unless somebody placed them by hand.", Kind: "area", Mono: true, Example: "10.20.0.0/16"},
		}}
}

func (s *Site) adminPlaces(v *visit) error { return s.placesDesk(v, nil) }

func (s *Site) placesDesk(v *visit, again *form) error {
	agencies, err := v.api.AgencyList(v.ctx())
	if err != nil {
		return err
	}
	sites, err := v.api.SiteList(v.ctx(), api.SiteListInput{})
	if err != nil {
		return err
	}
	people := s.peopleOf(v)
	p := &desk{adminFrame: s.adminFrame(v, "/admin/places"), Lede: "An agency has sites. What somebody may see can be bound to agencies or sites, and so can who is told."}
	p.Title = texts.F("{1} of {2}", count(len(sites.Sites), "site", "sites"), count(len(agencies.Agencies), "agency", "agencies"))
	if len(agencies.Agencies) == 0 {
		p.Title = "No agency is set up yet"
	}
	var choices []choice
	for _, a := range agencies.Agencies {
		choices = append(choices, choice{a.Name, texts.As(a.Name)})
		g := &grid{Caption: texts.F("Sites of {1}", a.Name), Heads: heads("Site", "Networks", "Bound to it")}
		for _, x := range sites.Sites {
			if x.Agency != a.Name {
				continue
			}
			nets := slot{Text: texts.As(strings.Join(x.Subnets, ", ")), Mono: true}
			if len(x.Subnets) == 0 {
				nets = say("none: devices are placed by hand")
			}
			g.add(nil, slot{Text: texts.As(x.Name), To: placeAt(x.Agency, x.Name)}, nets, txt(strings.Join(people[x.Agency+"/"+x.Name], ", ")))
		}
		c := &sheet{Title: texts.As(a.Name), Note: count(len(g.Rows), "site", "sites"), Table: g, Empty: "It has no site yet. Add one below, with its networks, and devices place themselves.",
			More: []link{{"/devices?" + queryOf("q", "agency="+strconv.Quote(a.Name)), "Its devices"}, {placeAt(a.Name, ""), "Rename or delete"}}}
		if list := people[a.Name]; len(list) > 0 {
			c.After = texts.F("Bound to all of {1}: {2}.", a.Name, strings.Join(list, ", "))
		}
		p.Cards = append(p.Cards, c)
	}
	add := &sheet{}
	if len(choices) > 0 {
		add.Forms = append(add.Forms, siteForm(choices).or(again))
	}
	f := agencyForm().or(again)
	f.Open = f.Open || len(choices) == 0
	add.Forms = append(add.Forms, f)
	if len(choices) == 0 {
		add.After = "Begin with the agency or department whose computers you look after. Its sites are the buildings or offices."
	}
	p.Cards = append(p.Cards, add)
	return s.show(v, p, again)
}

// peopleOf are the accounts that are bound to an agency or AGENCY/SITE, for who
// may know.
func (s *Site) peopleOf(v *visit) map[string][]string {
	out := map[string][]string{}
	if !v.can(account.Administer) {
		return out
	}
	list, err := v.api.UserList(v.ctx())
	if err != nil {
		s.o.Log.WarnContext(v.ctx(), "people bound to places", "error", err)
		return out
	}
	for _, u := range list.Users {
		for _, place := range append(append([]string{}, u.Agencies...), u.Sites...) {
			out[place] = append(out[place], u.Name)
		}
	}
	return out
}

// placeAt is the page of an agency, or of a site in it.
func placeAt(agency, site string) string {
	q := url.Values{"agency": {agency}}
	if site != "" {
		q.Set("site", site)
	}
	return "/admin/places/one?" + q.Encode()
}

func (s *Site) adminPlacesAct(v *visit) error {
	agencies, err := v.api.AgencyList(v.ctx())
	if err != nil {
		return err
	}
	var choices []choice
	for _, a := range agencies.Agencies {
		choices = append(choices, choice{a.Name, texts.As(a.Name)})
	}
	f, said := agencyForm(), texts.T("")
	if v.form("do") == "site-new" {
		f = siteForm(choices)
	}
	if f.read(v); !f.asked() {
		return s.placesDesk(v, f)
	}
	name := f.value("name")
	if f.Do == "site-new" {
		_, err = v.api.SiteNew(v.ctx(), api.SiteNewInput{Body: api.SiteNew{Agency: f.value("agency"), Name: name, Subnets: lines(f.value("subnets"))}})
		said = texts.F("The site {1} is there.", name)
	} else {
		_, err = v.api.AgencyNew(v.ctx(), api.AgencyNewInput{Body: api.Naming{Name: name}})
		said = texts.F("The agency {1} is there. Add its sites.", name)
	}
	if err != nil {
		if f.blame(err) {
			return s.placesDesk(v, f)
		}
		return err
	}
	return s.did(v, "/admin/places", said)
}

// placeForm changes an agency, or a site.
func placeForm(agency, site string) *form {
	f := &form{ID: "place", Action: placeAt(agency, site), Do: "set", Button: "Keep", Fields: []*field{{Name: "name", Label: "Name", Value: agency, Must: true, Max: 100}}}
	if site != "" {
		f.at("name").Value = site
		f.Fields = append(f.Fields, &field{Name: "subnets", Label: "Networks", Hint: "One a line. Devices that report from them belong to the site, unless somebody placed them by hand.", Kind: "area", Mono: true, Example: "10.20.0.0/16"})
	}
	return f
}

func (s *Site) adminPlace(v *visit) error { return s.placeDesk(v, nil) }

func (s *Site) placeDesk(v *visit, again *form) error {
	q := v.r.URL.Query()
	agency, name := q.Get("agency"), q.Get("site")
	if agency == "" {
		return s.nowhere(v)
	}
	sites, err := v.api.SiteList(v.ctx(), api.SiteListInput{Agency: agency})
	if err != nil {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/places"), Crumb: []link{{"/admin/places", "Agencies and sites"}}}
	f, filter := placeForm(agency, name), "agency="+strconv.Quote(agency)
	p.Title = texts.F("{1} has {2}", agency, count(len(sites.Sites), "site", "sites"))
	if name != "" {
		p.Crumb = append(p.Crumb, link{placeAt(agency, ""), texts.As(agency)})
		var found *api.Site
		for i, x := range sites.Sites {
			if strings.EqualFold(x.Name, name) {
				found = &sites.Sites[i]
			}
		}
		if found == nil {
			return s.nowhere(v)
		}
		f.set("subnets", strings.Join(found.Subnets, "\n"))
		filter += " site=" + strconv.Quote(name)
	}
	devices, err := v.api.DeviceList(v.ctx(), api.DeviceListInput{Filter: filter, Limit: 1})
	if err != nil {
		return err
	}
	if name != "" {
		p.Title = texts.F("{1} has {2}", name, count(devices.Total, "device", "devices"))
	}
	gone := button(placeAt(agency, name), "delete", "Delete", p.Title)
	p.Acts = []*form{gone}
	p.Cards = []*sheet{{Title: "Change", Forms: []*form{f.or(again)}, More: []link{{"/devices?" + queryOf("q", filter), count(devices.Total, "device", "devices")}}}}
	return s.show(v, p, again)
}

func (s *Site) adminPlaceAct(v *visit) error {
	q := v.r.URL.Query()
	agency, site := q.Get("agency"), q.Get("site")
	if agency == "" {
		return s.nowhere(v)
	}
	ctx := v.ctx()
	if v.form("do") == "delete" {
		what := site
		if what == "" {
			what = agency
		}
		ok, err := s.sure(v, placeAt(agency, site), texts.F("Delete {1}?", what), "Delete it", "Only an agency without sites, or a site without devices, can be deleted. Accounts that are bound to it lose it from what they may see.")
		if !ok || err != nil {
			return err
		}
		if site == "" {
			err = v.api.AgencyDelete(ctx, api.AgencyInput{Name: agency})
		} else {
			err = v.api.SiteDelete(ctx, api.SiteInput{Agency: agency, Name: site})
		}
		if err != nil {
			return err
		}
		return s.did(v, "/admin/places", texts.F("{1} is deleted.", what))
	}
	f := placeForm(agency, site).read(v)
	if !f.asked() {
		return s.placeDesk(v, f)
	}
	name := f.value("name")
	var err error
	if site == "" {
		_, err = v.api.AgencyRename(ctx, api.AgencyRenameInput{Name: agency, Body: api.Naming{Name: name}})
	} else {
		subnets := lines(f.value("subnets"))
		_, err = v.api.SiteSet(ctx, api.SiteSetInput{Agency: agency, Name: site, Body: api.SiteChange{Name: &name, Subnets: &subnets}})
	}
	if err != nil {
		if f.blame(err) {
			return s.placeDesk(v, f)
		}
		return err
	}
	return s.did(v, "/admin/places", texts.F("{1} is kept.", name))
}
