package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/web/texts"
)

const summariesPath = "/admin/summaries"

// summaryForm makes a summary, or with a name changes that one.
func summaryForm(name string, channels []choice) *form {
	var hours []choice
	for h := range 24 {
		hours = append(hours, choice{strconv.Itoa(h), texts.As(fmt.Sprintf("%02d:00", h))})
	}
	f := &form{ID: "summary", Title: "New summary", Action: summariesPath, Do: "set", Button: "Mail it from now on", Fields: []*field{
		{Name: "name", Label: "Name", Must: true, Max: 80, Example: "Board"},
		{Name: "channel", Label: "Through the channel", Kind: "select", Choices: channels, Must: true},
		{Name: "to", Label: "To", Hint: "Addresses, one a line. Empty: those of the channel.", Kind: "area", Example: "board@example.org"},
		{Name: "every", Label: "How often", Kind: "select", Value: "week", Choices: []choice{{"week", "Each week, about the seven days before"}, {"month", "Each month, about the month before"}}},
		{Name: "weekday", Label: "Weekly: on", Kind: "select", Value: "mon", Choices: weekdays()},
		{Name: "day", Label: "Monthly: on day", Kind: "number", Value: "1", Hint: "1 to 28."},
		{Name: "hour", Label: "At", Kind: "select", Value: "7", Choices: hours},
		{Name: "agencies", Label: "Only of these agencies", Hint: "One a line. Empty, as the sites: all.", Kind: "area", Example: "Parks"},
		{Name: "sites", Label: "Only of these sites", Hint: "As agency/site, one a line.", Kind: "area", Example: "Parks/City Hall"},
		{Name: "off", Label: "Off for now", Kind: "check"},
	}}
	if name != "" {
		f.ID, f.Title, f.Button, f.Fields = "change", "", "Keep", f.Fields[1:]
		f.Hidden = []sent{{"name", name}}
	}
	return f
}

func (f *form) schedule() api.SchedulePut {
	in := api.SchedulePut{Every: f.value("every"), Hour: f.number("hour"), Channel: f.value("channel"), To: lines(f.value("to")),
		Agencies: lines(f.value("agencies")), Sites: lines(f.value("sites")), Off: f.value("off") != ""}
	if in.Every == "week" {
		in.Weekday = f.value("weekday")
	} else {
		in.Day = f.number("day")
	}
	return in
}

// scheduled is when a summary goes, in words.
func scheduled(x *api.Schedule) texts.T {
	if x.Off {
		return "off"
	}
	at := fmt.Sprintf("%02d:00", x.Hour)
	if x.Zone != "" {
		at += " " + x.Zone
	}
	if x.Every == "month" {
		return texts.F("each month on day {1}, {2}", strconv.Itoa(x.Day), at)
	}
	for _, d := range weekdays() {
		if d.Value == x.Weekday {
			return texts.F("each {1}, {2}", d.Text, at)
		}
	}
	return texts.F("each week, {1}", at)
}

func (s *Site) adminSummaries(v *visit) error { return s.summariesDesk(v, nil) }

func (s *Site) summariesDesk(v *visit, again *form) error {
	list, err := v.api.SummaryList(v.ctx())
	if err != nil {
		return err
	}
	kinds, err := v.api.ChannelList(v.ctx())
	if err != nil {
		return err
	}
	var channels []choice
	for _, c := range kinds.Channels {
		if c.Kind == "mail" {
			channels = append(channels, choice{c.Name, texts.As(c.Name)})
		}
	}
	p := &desk{adminFrame: s.adminFrame(v, summariesPath), Lede: "A summary tells a board in one mail, with a table to calculate on: what was found before a call, how fast people were, which rules were worth it, and what has to be bought."}
	p.Title = "No summary is mailed yet"
	if n := len(list.Summaries); n > 0 {
		p.Title = texts.F("{1} mailed", count(n, "summary is", "summaries are"))
	}
	g := &grid{Caption: "Summaries", Heads: heads("Summary", "When", "About", "To", "Next")}
	chosen := v.r.URL.Query().Get("change")
	for i := range list.Summaries {
		x := &list.Summaries[i]
		to := strings.Join(x.To, ", ")
		if to == "" {
			to = "all of channel " + x.Channel
		}
		next := txt("–")
		if !x.Next.IsZero() {
			next = at(x.Next)
		}
		g.add([]*form{
			button(summariesPath, "send", "Send one now", texts.As(x.Name), sent{"name", x.Name}),
			button(summariesPath, "ask", "Change…", texts.As(x.Name), sent{"name", x.Name}),
			button(summariesPath, "delete", "Delete", texts.As(x.Name), sent{"name", x.Name}),
		}, txt(x.Name), say(scheduled(x)), txt(x.Place), txt(to), next)
		if x.Name != chosen {
			continue
		}
		f := summaryForm(x.Name, channels).set("channel", x.Channel).set("to", strings.Join(x.To, "\n")).set("every", x.Every).set("hour", strconv.Itoa(x.Hour)).
			set("agencies", strings.Join(x.Agencies, "\n")).set("sites", strings.Join(x.Sites, "\n"))
		if x.Every == "month" {
			f.set("day", strconv.Itoa(x.Day))
		} else {
			f.set("weekday", x.Weekday)
		}
		if x.Off {
			f.set("off", "1")
		}
		p.Cards = append(p.Cards, &sheet{Title: texts.F("Change {1}", x.Name), Forms: []*form{f.or(again)}})
	}
	if chosen == "" && again != nil && again.ID == "change" {
		p.Cards = append(p.Cards, &sheet{Title: texts.F("Change {1}", v.form("name")), Forms: []*form{again.named()}})
	}
	card := &sheet{Table: g, Empty: "None is mailed yet. Someone on the board who never signs in still sees each week, or each month, what Muster is good for."}
	if len(channels) > 0 {
		f := summaryForm("", channels)
		f.Open = len(list.Summaries) == 0
		card.Forms = []*form{f.or(again)}
	} else {
		card.After = "A summary goes by mail, and there is no channel of kind mail yet."
		card.More = []link{{"/admin/channels", "Make one first"}}
	}
	card.More = append(card.More, link{"/fleet/reports", "The figures of today"})
	p.Cards = append(p.Cards, card)
	return s.show(v, p, again)
}

func (s *Site) adminSummariesAct(v *visit) error {
	name := v.form("name")
	switch v.form("do") {
	case "ask":
		return v.send(summariesPath + "?" + queryOf("change", name))
	case "delete":
		ok, err := s.sure(v, summariesPath, texts.F("Mail the summary {1} no more?", name), "Delete it", "Its figures stay where they are; only the mails end.")
		if !ok || err != nil {
			return err
		}
		if err := v.api.SummaryDelete(v.ctx(), api.ChannelInput{Name: name}); err != nil {
			return err
		}
		return s.did(v, summariesPath, texts.F("The summary {1} is mailed no more.", name))
	case "send":
		if _, err := v.api.SummarySend(v.ctx(), api.SummarySendInput{Name: name}); err != nil {
			return err
		}
		return s.did(v, summariesPath, texts.F("The summary {1} is on its way. What becomes of it is told under Messages.", name))
	case "set":
		f := s.summaryFormOf(v)
		if !f.asked() {
			return s.summariesDesk(v, f)
		}
		if f.value("every") == "month" && (f.number("day") < 1 || f.number("day") > 28) {
			f.fault("day", "1 to 28 is expected, which every month has.")
			return s.summariesDesk(v, f)
		}
		x, err := v.api.SummarySet(v.ctx(), api.SchedulePutInput{Name: name, Body: f.schedule()})
		if err != nil {
			if f.blame(err) {
				return s.summariesDesk(v, f)
			}
			return err
		}
		return s.did(v, summariesPath, texts.F("The summary {1} goes {2}.", x.Name, scheduled(&x)))
	}
	return unknownAct()
}

// summaryFormOf is the form that was sent: that of a new one asks for a name.
func (s *Site) summaryFormOf(v *visit) *form {
	var channels []choice
	if list, err := v.api.ChannelList(v.ctx()); err == nil {
		for _, c := range list.Channels {
			if c.Kind == "mail" {
				channels = append(channels, choice{c.Name, texts.As(c.Name)})
			}
		}
	}
	list, err := v.api.SummaryList(v.ctx())
	name := v.form("name")
	if err == nil && slices.ContainsFunc(list.Summaries, func(x api.Schedule) bool { return x.Name == name }) {
		return summaryForm(name, channels).read(v)
	}
	return summaryForm("", channels).read(v)
}

// mayMail says whether somebody may set up what is mailed.
func mayMail(v *visit) bool { return v.can(account.Administer) }
