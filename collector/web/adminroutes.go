package web

import (
	"strings"

	"muster/collector/api"
	"muster/collector/web/texts"
)

func routeAt(name string) string { return "/admin/routes/one?" + queryOf("name", name) }

func routeForm(name string, channels []choice) *form {
	f := &form{ID: "route", Title: "New route", Action: "/admin/channels", Do: "route", Button: "Make the route", Fields: []*field{
		{Name: "name", Label: "Name", Must: true, Max: 100, Example: "desk"},
		{Name: "channel", Label: "To the channel", Kind: "select", Choices: channels, Must: true},
		{Name: "severity", Label: "What is at least", Kind: "select", Value: "critical", Choices: []choice{{"critical", "Act today"}, {"warn", "This week"}, {"info", "Watch"}}},
		{Name: "sites", Label: "Only of these sites", Hint: "As agency/site, one a line. Empty: all.", Kind: "area", Example: "Parks/City Hall"},
		{Name: "kinds", Label: "Told when an incident", Hint: "None of them: all but resolved.", Kind: "choices", Choices: []choice{{"opened", "begins"}, {"worse", "gets worse"}, {"escalated", "is escalated"}, {"resolved", "is over"}}},
		{Name: "from", Label: "From", Kind: "time", Hint: "Outside these hours it waits. Empty: at any time."},
		{Name: "to", Label: "Until", Kind: "time"},
		{Name: "days", Label: "On", Hint: "None: all days.", Kind: "choices", Choices: weekdays()},
		{Name: "urgent", Label: "Act today and what is escalated go at once, outside the hours too", Kind: "check", Value: "1"},
		{Name: "digest", Label: "A summary each day at", Kind: "time"},
		{Name: "only_digest", Label: "Only the summary, nothing at once", Kind: "check"},
		{Name: "personal", Label: "With the names of devices’ users", Kind: "check"},
		{Name: "off", Label: "Off for now", Kind: "check"},
	}}
	if name != "" {
		f.ID, f.Title, f.Action, f.Do, f.Button, f.Fields = "change", "", routeAt(name), "set", "Keep", f.Fields[1:]
		f.at("urgent").Value = ""
	}
	return f
}

// route is what the form wants, laid over what it does not show.
func (f *form) route(was api.RoutePut) api.RoutePut {
	in := was
	in.Channel, in.Severity, in.Sites, in.Kinds = f.value("channel"), f.value("severity"), lines(f.value("sites")), f.at("kinds").Chosen
	in.Urgent, in.OnlyDigest, in.Personal, in.Off = f.value("urgent") != "", f.value("only_digest") != "", f.value("personal") != "", f.value("off") != ""
	zone := ""
	if was.Hours != nil {
		zone = was.Hours.Zone
	}
	in.Hours = nil
	if from, to, days := f.value("from"), f.value("to"), f.at("days").Chosen; from != "" || to != "" || len(days) > 0 {
		in.Hours = &api.RouteHours{From: from, To: to, Days: days, Zone: zone}
	}
	digest := f.value("digest")
	switch {
	case digest == "":
		in.Digest = nil
	case was.Digest != nil:
		d := *was.Digest
		d.At, in.Digest = digest, &d
	default:
		in.Digest = &api.RouteDigest{At: digest}
	}
	return in
}

// routeTakes is what goes by a route, in words.
func routeTakes(r *api.Route) texts.T {
	say := []texts.T{"All"}
	if r.Severity != "" {
		say[0] = urgencyWord(r.Severity)
		if r.Severity != "critical" {
			say[0] = texts.F("{1} and worse", say[0])
		}
	}
	all := func(list []string) string { return strings.Join(list, ", ") }
	for _, x := range [][]string{r.Agencies, r.Sites} {
		if len(x) > 0 {
			say = append(say, texts.F("of {1}", all(x)))
		}
	}
	if len(r.Families) > 0 {
		say = append(say, texts.F("about {1}", all(r.Families)))
	}
	if len(r.Rules) > 0 {
		say = append(say, texts.F("by rule {1}", all(r.Rules)))
	}
	if len(r.Devices) > 0 {
		say = append(say, texts.F("on {1}", all(r.Devices)))
	}
	what := texts.List(", ", say...)
	if len(r.Kinds) > 0 {
		return texts.F("{1}; when {2}", what, all(r.Kinds))
	}
	return what
}

// routeWhen is when people are told by a route, in words.
func routeWhen(r *api.Route) texts.T {
	say := texts.T("At any time")
	if h := r.Hours; h != nil {
		say = ""
		if h.From != "" || h.To != "" {
			say = texts.F("{1} to {2}", h.From, h.To)
		}
		if len(h.Days) > 0 {
			say = texts.List(" ", say, texts.F("on {1}", strings.Join(h.Days, ", ")))
		}
		if r.Urgent {
			say = texts.F("{1}; what is urgent at once", say)
		}
	}
	if d := r.Digest; d != nil {
		if r.OnlyDigest {
			return texts.F("Only a summary at {1}", d.At)
		}
		say = texts.F("{1}; a summary at {2}", say, d.At)
	}
	return say
}

func (s *Site) routeNew(v *visit) error {
	list, err := v.api.ChannelList(v.ctx())
	if err != nil {
		return err
	}
	var choices []choice
	for _, c := range list.Channels {
		choices = append(choices, choice{c.Name, texts.As(c.Name)})
	}
	f := routeForm("", choices).read(v)
	if !f.asked() {
		return s.channelsDesk(v, f)
	}
	routes, err := v.api.RouteList(v.ctx())
	if err != nil {
		return err
	}
	name := f.value("name")
	for _, x := range routes.Routes {
		if strings.EqualFold(x.Name, name) {
			f.fault("name", "There is a route of this name: choose another, or change that one.")
			return s.channelsDesk(v, f)
		}
	}
	if _, err := v.api.RouteSet(v.ctx(), api.RoutePutInput{Name: name, Body: f.route(api.RoutePut{})}); err != nil {
		if f.blame(err) {
			return s.channelsDesk(v, f)
		}
		return err
	}
	return s.did(v, "/admin/channels", texts.F("The route {1} is there.", name))
}

// routeNamed finds a route, and a form for it.
func routeNamed(v *visit, name string) (*api.Route, *form, error) {
	list, err := v.api.RouteList(v.ctx())
	if err != nil {
		return nil, nil, err
	}
	channels, err := v.api.ChannelList(v.ctx())
	if err != nil {
		return nil, nil, err
	}
	var choices []choice
	for _, c := range channels.Channels {
		choices = append(choices, choice{c.Name, texts.As(c.Name)})
	}
	for i := range list.Routes {
		if list.Routes[i].Name == name {
			return &list.Routes[i], routeForm(name, choices), nil
		}
	}
	return nil, nil, nil
}

func (s *Site) adminRoute(v *visit) error { return s.routeDesk(v, nil) }

func (s *Site) routeDesk(v *visit, again *form) error {
	r, f, err := routeNamed(v, v.r.URL.Query().Get("name"))
	if err != nil {
		return err
	}
	if r == nil {
		return s.nowhere(v)
	}
	f.set("channel", r.Channel).set("severity", r.Severity).set("sites", strings.Join(r.Sites, "\n"))
	if r.Severity == "" {
		f.set("severity", "info")
	}
	f.at("kinds").Chosen = r.Kinds
	if h := r.Hours; h != nil {
		f.set("from", h.From).set("to", h.To).at("days").Chosen = h.Days
	}
	if r.Digest != nil {
		f.set("digest", r.Digest.At)
	}
	for name, on := range map[string]bool{"urgent": r.Urgent, "only_digest": r.OnlyDigest, "personal": r.Personal, "off": r.Off} {
		if on {
			f.set(name, "1")
		}
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/channels"), Crumb: []link{{"/admin/channels", "Channels and routes"}}, Acts: []*form{button(routeAt(r.Name), "delete", "Delete", texts.As(r.Name))}}
	p.Title = texts.F("{1} leads to {2}", r.Name, r.Channel)
	p.Lede = texts.F("{1}. {2}.", routeTakes(r), routeWhen(r))
	p.Cards = []*sheet{{Title: "Change", Forms: []*form{f.or(again)}}}
	return s.show(v, p, again)
}

func (s *Site) adminRouteAct(v *visit) error {
	r, f, err := routeNamed(v, v.r.URL.Query().Get("name"))
	if err != nil {
		return err
	}
	if r == nil {
		return s.nowhere(v)
	}
	if v.form("do") == "delete" {
		ok, err := s.sure(v, routeAt(r.Name), texts.F("Delete the route {1}?", r.Name), "Delete it", texts.F("What went by it to {1} is told no more, unless another route takes it.", r.Channel))
		if !ok || err != nil {
			return err
		}
		if err := v.api.RouteDelete(v.ctx(), api.ChannelInput{Name: r.Name}); err != nil {
			return err
		}
		return s.did(v, "/admin/channels", texts.F("The route {1} is deleted.", r.Name))
	}
	f.read(v)
	if !f.asked() {
		return s.routeDesk(v, f)
	}
	if _, err := v.api.RouteSet(v.ctx(), api.RoutePutInput{Name: r.Name, Body: f.route(r.RoutePut)}); err != nil {
		if f.blame(err) {
			return s.routeDesk(v, f)
		}
		return err
	}
	return s.did(v, routeAt(r.Name), texts.F("The route {1} is kept.", r.Name))
}

func (s *Site) adminNotices(v *visit) error {
	channel := v.r.URL.Query().Get("channel")
	list, err := v.api.NoticeList(v.ctx(), api.NoticeListInput{Channel: channel, Limit: 300})
	if err != nil {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/notices"), Lede: "A message is tried for a day, then it is put aside. Mend the cause, send a test through its channel, then try it again."}
	g := &grid{Caption: "Messages", Heads: heads("Message", "State", "Channel", "Made", "-Tries")}
	failed := 0
	for _, n := range list.Notices {
		st := state("week", "Is being tried")
		act := button("/admin/notices", "drop", "Stop trying", texts.As(n.Subject), sent{"id", n.ID})
		if n.State == "failed" {
			failed++
			st = state("today", "Put aside")
			act = button("/admin/notices", "retry", "Try again", texts.As(n.Subject), sent{"id", n.ID})
		}
		st.Sub = sentence(n.Said)
		g.add([]*form{act}, txt(n.Subject), st, leads(channelAt(n.Channel), texts.As(n.Channel)), at(n.FormedAt), tallied(n.Attempts))
	}
	switch {
	case failed > 0:
		p.Title = texts.F("{1} put aside", count(failed, "message was", "messages were"))
	case len(g.Rows) > 0:
		p.Title = texts.F("{1} being tried", count(len(g.Rows), "message is", "messages are"))
	default:
		p.Title = "All messages are sent"
	}
	rest := &grid{Caption: "By channel", Heads: heads("Channel", "-Waiting", "-Being tried", "-Put aside", "-Sent in 90 days", "Last sent")}
	for _, c := range list.Channels {
		rest.add(nil, leads(channelAt(c.Channel), texts.As(c.Channel)), tallied(c.Waiting), tallied(c.Unsent), tallied(c.Failed), tallied(c.Sent), at(c.SentAt))
	}
	p.Cards = []*sheet{{Title: "Not sent", Table: g, Empty: "Nothing waits to be sent, and nothing was given up."}, {Title: "By channel", Table: rest, Empty: "There is no channel yet.", More: []link{{"/admin/channels", "Channels and routes"}}}}
	return s.show(v, p, nil)
}

func (s *Site) adminNoticesAct(v *visit) error {
	in := api.IDInput{ID: v.form("id")}
	switch v.form("do") {
	case "retry":
		if err := v.api.NoticeRetry(v.ctx(), in); err != nil {
			return err
		}
		return s.did(v, "/admin/notices", "It is tried again now.")
	case "drop":
		ok, err := s.sure(v, "/admin/notices", "Stop trying this message?", "Stop trying", "It is put aside, and nobody gets it unless somebody tries it again.")
		if !ok || err != nil {
			return err
		}
		if err := v.api.NoticeDrop(v.ctx(), in); err != nil {
			return err
		}
		return s.did(v, "/admin/notices", "It is put aside.")
	}
	return unknownAct()
}
