package web

import (
	"fmt"
	"strings"

	"muster/collector/api"
	"muster/collector/web/texts"
)

// kindOfChannel is a kind as people know it.
func kindOfChannel(kind string) texts.T {
	switch kind {
	case "mail":
		return "Mail"
	case "webhook":
		return "Webhook (Slack, Teams or your own)"
	case "syslog":
		return "Syslog"
	}
	return texts.As(kind)
}

// channelForm asks for a channel of a kind. The names of its fields are those of
// the settings; what is secret has its own.
func channelForm(kind, name string) *form {
	f := &form{ID: kind, Title: texts.F("New channel: {1}", kindOfChannel(kind)), Action: "/admin/channels", Do: kind, Button: "Keep it", Text: "What is secret is encrypted before it is kept, and no page shows it again.",
		Fields: []*field{{Name: "name", Label: "Name", Must: true, Max: 100, Example: "help-desk"}}}
	if name != "" {
		f.ID, f.Title, f.Action, f.Fields, f.Button = "change", "", channelAt(name), nil, "Keep"
		f.Text = "A secret that you leave empty stays as it is. A new server asks for it anew."
	}
	switch kind {
	case "mail":
		f.Fields = append(f.Fields,
			&field{Name: "to", Label: "To", Hint: "One address a line.", Kind: "area", Must: true, Example: "helpdesk@example.gov"},
			&field{Name: "from", Label: "From", Must: true, Max: 250, Example: "muster@example.gov"},
			&field{Name: "host", Label: "Mail server", Must: true, Max: 250, Example: "mail.example.gov"},
			&field{Name: "port", Label: "Port", Kind: "number", Hint: "Empty: 587, or 465 with TLS from the start.", Max: 5},
			&field{Name: "tls", Label: "Encryption", Kind: "select", Choices: []choice{{"", "STARTTLS"}, {"tls", "TLS from the start"}, {"none", "None"}}},
			&field{Name: "user", Label: "User", Max: 250},
			&field{Name: "secret_password", Label: "Password", Kind: "secret", Max: 500})
	case "webhook":
		f.Fields = append(f.Fields,
			&field{Name: "form", Label: "For", Kind: "select", Value: "teams", Choices: []choice{{"teams", "Microsoft Teams"}, {"slack", "Slack"}, {"json", "A program of your own (JSON)"}}},
			&field{Name: "secret_url", Label: "Address", Kind: "secret", Hint: "From Teams, Slack or your program. It is as secret as a password.", Max: 2000},
			&field{Name: "secret_key", Label: "Key to sign with", Kind: "secret", Hint: "For JSON only.", Max: 500},
			&field{Name: "secret_authorization", Label: "Authorization header", Kind: "secret", Hint: "For JSON only.", Max: 2000})
	case "syslog":
		f.Fields = append(f.Fields,
			&field{Name: "host", Label: "Server", Must: true, Max: 250, Example: "syslog.example.gov"},
			&field{Name: "port", Label: "Port", Kind: "number", Hint: "Empty: 514, or 6514 with TLS.", Max: 5},
			&field{Name: "transport", Label: "Sent by", Kind: "select", Choices: []choice{{"", "TLS"}, {"tcp", "TCP, in the open"}, {"udp", "UDP, in the open"}}},
			&field{Name: "facility", Label: "Facility", Max: 10, Example: "local0"})
	}
	f.Fields = append(f.Fields, &field{Name: "off", Label: "Off for now: what is for it waits", Kind: "check"})
	return f
}

func channelAt(name string) string { return "/admin/channels/one?" + queryOf("name", name) }

// channel is what the form wants; settings that it does not show stay as they
// were.
func (f *form) channel(kind string, was map[string]any) api.ChannelPut {
	in := api.ChannelPut{Kind: kind, Settings: map[string]any{}, Secrets: map[string]api.Secret{}, Off: f.value("off") != ""}
	for k, x := range was {
		in.Settings[k] = x
	}
	for _, x := range f.Fields {
		secret, is := strings.CutPrefix(x.Name, "secret_")
		switch {
		case x.Name == "name" || x.Name == "off":
		case is:
			if x.Value != "" {
				in.Secrets[secret] = api.Secret(x.Value)
			}
		case x.Value == "":
			delete(in.Settings, x.Name)
		case x.Name == "to":
			in.Settings["to"] = lines(x.Value)
		case x.Name == "port":
			in.Settings["port"] = f.number("port")
		default:
			in.Settings[x.Name] = x.Value
		}
	}
	return in
}

// goes is where a channel leads, in words.
func goes(c *api.Channel) texts.T {
	text := func(name string) string {
		if list, ok := c.Settings[name].([]any); ok {
			var out []string
			for _, x := range list {
				out = append(out, fmt.Sprint(x))
			}
			return strings.Join(out, ", ")
		}
		if x, ok := c.Settings[name]; ok {
			return fmt.Sprint(x)
		}
		return ""
	}
	switch c.Kind {
	case "mail":
		return texts.F("to {1}", text("to"))
	case "webhook":
		return texts.F("for {1}", text("form"))
	}
	return texts.F("to {1}", text("host"))
}

func (s *Site) adminChannels(v *visit) error { return s.channelsDesk(v, nil) }

func (s *Site) channelsDesk(v *visit, again *form) error {
	list, err := v.api.ChannelList(v.ctx())
	if err != nil {
		return err
	}
	routes, err := v.api.RouteList(v.ctx())
	if err != nil {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/channels"), Lede: "A channel is a way to people: mail, a chat, or another system. A route says what goes there, and when. Without a route nobody is told anything."}
	g := &grid{Caption: "Channels", Heads: heads("Channel", "State", "Last sent", "-Waiting", "-Put aside")}
	for i := range list.Channels {
		c := &list.Channels[i]
		st := state("fine", "On")
		switch {
		case c.Off:
			st = state("unknown", "Off")
		case c.Failed > 0:
			st = state("today", "Messages failed")
		case c.Unsent > 0:
			st = state("week", "Tries again")
		}
		name := leads(channelAt(c.Name), texts.As(c.Name))
		name.Sub = texts.F("{1}, {2}", kindOfChannel(c.Kind), goes(c))
		g.add([]*form{{Action: channelAt(c.Name), Do: "test", Button: "Send a test", Busy: "Sending…", Word: texts.F("through {1}", c.Name), Quiet: true}}, name, st, at(c.SentAt), tallied(c.Waiting), tallied(c.Failed))
	}
	r := &grid{Caption: "Routes", Heads: heads("Route", "What goes there", "When")}
	for i := range routes.Routes {
		x := &routes.Routes[i]
		name := leads(routeAt(x.Name), texts.As(x.Name))
		name.Sub = texts.F("to {1}", x.Channel)
		if x.Off {
			name.Sub = texts.List(", ", name.Sub, "off")
		}
		r.add(nil, name, say(routeTakes(x)), say(routeWhen(x)))
	}
	switch n := len(g.Rows); {
	case n == 0:
		p.Title = "Nobody is told anything yet"
	case len(r.Rows) == 0:
		p.Title = texts.F("{1} there", count(n, "channel, and no route leads", "channels, and no route leads"))
	default:
		p.Title = texts.F("{1} and {2}", count(n, "channel", "channels"), count(len(r.Rows), "route", "routes"))
	}
	channels := &sheet{Title: "Channels", Table: g, Empty: "One is enough to begin with: the mail address of your help desk. Then send a test, and make a route to it."}
	for _, kind := range []string{"mail", "webhook", "syslog"} {
		f := channelForm(kind, "").or(again)
		f.Open = f.Open || kind == "mail" && len(g.Rows) == 0 && again == nil
		channels.Forms = append(channels.Forms, f)
	}
	way := &sheet{ID: "routes", Title: "Routes", Note: "asked from top to bottom; of one channel the first that takes something decides", Table: r, Empty: "No route yet. For most offices: what must be acted on today at once, and the rest as one mail each morning."}
	if len(g.Rows) > 0 {
		var choices []choice
		for _, c := range list.Channels {
			choices = append(choices, choice{c.Name, texts.As(c.Name)})
		}
		way.Forms = []*form{routeForm("", choices).or(again)}
	}
	p.Cards = []*sheet{channels, way, {Title: "Messages", More: []link{{"/admin/notices", "What waits, and what was put aside"}}}}
	return s.show(v, p, again)
}

func (s *Site) adminChannelsAct(v *visit) error {
	do := v.form("do")
	switch do {
	case "mail", "webhook", "syslog":
	case "route":
		return s.routeNew(v)
	default:
		return unknownAct()
	}
	f := channelForm(do, "").read(v)
	in := f.channel(do, nil)
	if !f.asked() {
		return s.channelsDesk(v, f)
	}
	list, err := v.api.ChannelList(v.ctx())
	if err != nil {
		return err
	}
	name := f.value("name")
	for _, c := range list.Channels {
		if strings.EqualFold(c.Name, name) {
			f.fault("name", "There is a channel of this name: choose another, or change that one.")
			return s.channelsDesk(v, f)
		}
	}
	if _, err := v.api.ChannelSet(v.ctx(), api.ChannelPutInput{Name: name, Body: in}); err != nil {
		if f.blame(err) {
			return s.channelsDesk(v, f)
		}
		return err
	}
	return s.did(v, "/admin/channels", texts.F("The channel {1} is kept. Send a test now, then make a route to it.", name))
}

func (s *Site) adminChannel(v *visit) error { return s.channelDesk(v, nil) }

// channelNamed finds a channel; nil if there is none.
func channelNamed(v *visit, name string) (*api.Channel, error) {
	list, err := v.api.ChannelList(v.ctx())
	if err != nil {
		return nil, err
	}
	for i := range list.Channels {
		if list.Channels[i].Name == name {
			return &list.Channels[i], nil
		}
	}
	return nil, nil
}

func (s *Site) channelDesk(v *visit, again *form) error {
	c, err := channelNamed(v, v.r.URL.Query().Get("name"))
	if err != nil {
		return err
	}
	if c == nil {
		return s.nowhere(v)
	}
	f := channelForm(c.Kind, c.Name)
	for _, x := range f.Fields {
		switch val := c.Settings[x.Name].(type) {
		case nil:
		case []any:
			var all []string
			for _, y := range val {
				all = append(all, fmt.Sprint(y))
			}
			x.Value = strings.Join(all, "\n")
		default:
			x.Value = fmt.Sprint(val)
		}
	}
	if c.Off {
		f.set("off", "1")
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/channels"), Crumb: []link{{"/admin/channels", "Channels and routes"}}}
	p.Title = texts.F("{1} goes {2}", c.Name, goes(c))
	p.Acts = []*form{{Action: channelAt(c.Name), Do: "test", Button: "Send a test", Busy: "Sending…", Word: texts.F("through {1}", c.Name), Quiet: true}, button(channelAt(c.Name), "delete", "Delete", texts.As(c.Name))}
	note := texts.T("no secret is set")
	if len(c.Secrets) > 0 {
		note = texts.F("set, and never shown: {1}", strings.Join(c.Secrets, ", "))
	}
	p.Cards = []*sheet{{Title: "Change", Note: note, Forms: []*form{f.or(again)}}, {Title: "Messages", After: texts.F("{1}, {2} being tried, {3} were put aside.", count(c.Waiting, "announcement waits", "announcements wait"), count(c.Unsent, "message is", "messages are"), whole(int64(c.Failed))), More: []link{{"/admin/notices?" + queryOf("channel", c.Name), "Its messages"}}}}
	return s.show(v, p, again)
}

func (s *Site) adminChannelAct(v *visit) error {
	c, err := channelNamed(v, v.r.URL.Query().Get("name"))
	if err != nil {
		return err
	}
	if c == nil {
		return s.nowhere(v)
	}
	here := channelAt(c.Name)
	switch v.form("do") {
	case "test":
		t, err := v.api.ChannelTest(v.ctx(), api.ChannelInput{Name: c.Name})
		if err != nil {
			return err
		}
		if !t.Sent {
			f := channelForm(c.Kind, c.Name)
			f.Problem = texts.F("The test was not sent. {1}", sentence(t.Said))
			for _, x := range f.Fields { // as it is kept, for nothing was typed
				if val, ok := c.Settings[x.Name]; ok {
					x.Value = strings.NewReplacer("[", "", "]", "").Replace(fmt.Sprint(val))
				}
			}
			return s.channelDesk(v, f)
		}
		return s.did(v, here, texts.F("A test was sent through {1}. Did it arrive?", c.Name))
	case "delete":
		ok, err := s.sure(v, here, texts.F("Delete the channel {1}?", c.Name), "Delete it", "Its secrets are gone for good. A channel that a route leads to cannot be deleted: delete the route first.")
		if !ok || err != nil {
			return err
		}
		if err := v.api.ChannelDelete(v.ctx(), api.ChannelInput{Name: c.Name}); err != nil {
			return err
		}
		return s.did(v, "/admin/channels", texts.F("The channel {1} is deleted.", c.Name))
	}
	f := channelForm(c.Kind, c.Name).read(v)
	in := f.channel(c.Kind, c.Settings)
	in.Brake = c.Brake
	if !f.asked() {
		return s.channelDesk(v, f)
	}
	if _, err := v.api.ChannelSet(v.ctx(), api.ChannelPutInput{Name: c.Name, Body: in}); err != nil {
		if f.blame(err) {
			return s.channelDesk(v, f)
		}
		return err
	}
	return s.did(v, here, texts.F("The channel {1} is kept. Send a test.", c.Name))
}
