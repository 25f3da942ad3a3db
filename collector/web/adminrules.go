package web

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/web/texts"
	"muster/internal/settings"
)

// ruleState is whether a rule judges, in words.
func ruleState(r *api.RuleSummary) slot {
	var x slot
	switch r.State {
	case "on":
		x = state("fine", "On")
	case "disabled":
		x = state("unknown", "Off")
		if x.Sub = "switched off by a file of the office"; r.Changed != nil {
			x.Sub = "switched off"
		}
	default:
		x = state("today", "Off, by a fault")
		x.Sub = sentence(r.Why)
	}
	if r.Lowered {
		x.Sub = texts.List(" ", x.Sub, "Told one step milder: it was seldom useful.")
	}
	return x
}

// outcomesSay is what became of a rule's incidents, in words.
func outcomesSay(o api.RuleOutcomes) slot {
	all := o.Useful + o.Useless + o.Wrong
	if all == 0 {
		return slot{Text: "nobody has said yet"}
	}
	return slot{Text: texts.F("{1} % of {2} useful", 100*o.Useful/all, whole(int64(all))), Sub: texts.F("{1} not worth the time, {2} false", o.Useless, o.Wrong)}
}

func (s *Site) adminRules(v *visit) error {
	list, err := v.api.RuleList(v.ctx())
	if err != nil {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/rules"), Lede: "Each rule looks for one kind of trouble. When people resolve what it found they say whether it was useful; a rule that is seldom useful is told one step milder by itself."}
	families := map[string]*grid{}
	on := 0
	for i := range list.Rules {
		r := &list.Rules[i]
		if r.State == "on" {
			on++
		}
		g := families[r.Family]
		if g == nil {
			g = &grid{Caption: texts.F("Rules about {1}", words(r.Family)), Heads: heads("Rule", "State", "-Findings now", "Its incidents were")}
			families[r.Family] = g
		}
		name := slot{Text: texts.As(r.Title), To: "/admin/rules/" + r.ID, Sub: texts.As(r.ID)}
		if r.Office != "" {
			name.Sub = texts.List(" · ", name.Sub, "changed by a file of the office")
		}
		if r.Changed != nil {
			name.Sub = texts.List(" · ", name.Sub, "set otherwise")
		}
		g.add(nil, name, ruleState(r), tallied(r.Open), outcomesSay(r.Outcomes))
	}
	p.Title = texts.F("{1} on", count(on, "rule is", "rules are"))
	if off := len(list.Rules) - on; off > 0 {
		p.Title = texts.F("{1} of {2} are on", on, count(len(list.Rules), "rule", "rules"))
	}
	if len(list.Problems) > 0 {
		p.Cards = append(p.Cards, &sheet{Title: "Files of the office with faults", Bad: "These rules stay as they were before. Mend the files and they are used within a minute.", Lists: []listing{{Items: asThey(list.Problems)}}})
	}
	for _, f := range slices.Sorted(maps.Keys(families)) {
		title := words(f)
		p.Cards = append(p.Cards, &sheet{ID: f, Title: texts.As(strings.ToUpper(title[:min(1, len(title))]) + title[min(1, len(title)):]), Note: count(len(families[f].Rows), "rule", "rules"), Table: families[f]})
	}
	return s.show(v, p, nil)
}

func replayForm(id string) *form {
	return &form{ID: "replay", Action: "/admin/rules/" + id, Do: "replay", Button: "Try it on the past", Busy: "Reading the past…",
		Text: "What would it have found on your devices? Nothing is changed, and nobody is told.", Fields: []*field{
			{Name: "since", Label: "Of the last", Kind: "select", Value: "7d", Choices: []choice{{"1d", "day"}, {"7d", "7 days"}, {"30d", "30 days"}, {"90d", "90 days"}}},
			{Name: "filter", Label: "Devices", Hint: "In the words of the search; empty is all. The first 50 are looked at.", Mono: true, Example: "site:hartford"},
		}}
}

func (s *Site) adminRule(v *visit) error { return s.ruleDesk(v, nil, nil) }

func (s *Site) ruleDesk(v *visit, again *form, past *api.Replay) error {
	x, err := v.api.RuleShow(v.ctx(), api.RuleInput{ID: v.r.PathValue("id")})
	if err != nil {
		return err
	}
	r, here := &x.Rule, "/admin/rules/"+x.Rule.ID
	p := &desk{adminFrame: s.adminFrame(v, "/admin/rules"), Crumb: []link{{"/admin/rules", "Rules"}, {here, texts.As(r.ID)}}, Lede: texts.As(x.Texts.Meaning)}
	p.Title = texts.F("{1}: {2} now", r.Title, count(r.Open, "finding", "findings"))
	if past != nil {
		p.Cards = append(p.Cards, s.replaySheet(v, past))
	}
	if r.Changed != nil {
		p.Cards = append(p.Cards, s.ruleChanged(r))
		if v.can(account.Administer) {
			p.Cards[len(p.Cards)-1].Forms = []*form{{Action: here + "/set", Do: "restore", Button: "Take it back", Word: texts.F("what was set of {1}", r.Title), Quiet: true}}
		}
	}
	c := &sheet{Title: "How it is", Pairs: []named{{"State", ruleState(r)}, {"Findings now", txt(whole(int64(r.Open)))}, {"Its incidents were", outcomesSay(r.Outcomes)}}}
	if !r.Outcomes.Since.IsZero() {
		c.Pairs = append(c.Pairs, named{"Counted since", at(r.Outcomes.Since)})
	}
	c.Pairs = append(c.Pairs, named{"Judges", txt("each " + lower(words(r.Subject)) + " of: " + strings.Join(x.Kinds, ", "))}, named{"Where its limits come from", slot{Text: sentence(x.Texts.Source), Sub: texts.As(words(x.Texts.Basis))}}, named{"What would prove it wrong", say(sentence(x.Texts.Disproof))})
	if x.Texts.Likelihood != "" {
		c.Pairs = append(c.Pairs, named{"How often it is true", say(sentence(x.Texts.Likelihood))})
	}
	c.Forms = []*form{{Action: here, Do: "reset", Button: "Forget what people said", Word: texts.F("of {1}", r.Title), Quiet: true}}
	if r.State == "off" {
		c.Forms[0].Button = "Switch it on again"
	}
	p.Cards = append(p.Cards, c)
	levels := &grid{Caption: "When it fires", Heads: heads("Urgency", "When", "For at least", "Ends")}
	for _, l := range x.Levels {
		hold := "at once"
		if l.HoldSeconds > 0 {
			hold = span(time.Duration(l.HoldSeconds) * time.Second)
		}
		holds := txt(hold)
		if l.PlainHold != nil {
			holds.Sub = texts.F("before it was set: {1}", settings.Duration(time.Duration(*l.PlainHold)*time.Second).String())
		}
		end := say("when that is no longer so")
		if l.Clear != "" {
			end = slot{Text: texts.As(l.Clear), Mono: true}
		}
		levels.add(nil, state(urgencyClass(l.Severity), urgencyWord(l.Severity)), slot{Text: texts.As(l.When), Mono: true}, holds, end)
	}
	p.Cards = append(p.Cards, &sheet{Title: "When it fires", Table: levels})
	if len(x.Limits) > 0 {
		g := &grid{Caption: "Limits", Heads: heads("Limit", "-Now", "Of some models")}
		for _, name := range slices.Sorted(maps.Keys(x.Limits)) {
			l := x.Limits[name]
			var own []string
			for _, m := range slices.Sorted(maps.Keys(l.Models)) {
				own = append(own, m+": "+trim(l.Models[m]))
			}
			now := slot{Text: texts.As(plainNumber(l.Default)), Num: true}
			if l.Plain != nil {
				now.Sub = texts.F("before it was set: {1}", plainNumber(l.Plain.Default))
			}
			g.add(nil, say(limitLabel(name, l)), now, txt(strings.Join(own, ", ")))
		}
		p.Cards = append(p.Cards, &sheet{Title: "Limits", Table: g})
	}
	if v.can(account.Administer) {
		p.Cards = append(p.Cards, &sheet{ID: "set-it", Title: "Set it for your office", Forms: []*form{ruleSetForm(&x).or(again)}})
	}
	if v.can(account.Query) {
		p.Cards = append(p.Cards, &sheet{Title: "Try it on the past", Forms: []*form{replayForm(r.ID).or(again)}})
	}
	return s.show(v, p, again)
}

// replaySheet is what a rule would have found.
func (s *Site) replaySheet(v *visit, x *api.Replay) *sheet {
	g := &grid{Caption: "What it would have found", Heads: heads("Device", "Urgency", "From", "To", "Evidence")}
	for _, f := range x.Findings {
		dev := leads("/devices/"+string(f.Device), texts.As(f.Name))
		dev.Sub = texts.As(f.Label)
		to := at(f.To)
		if f.To.IsZero() {
			to = say("still now")
		}
		var said []string
		for _, e := range f.Evidence {
			if e.Value != "" {
				said = append(said, e.Label+" "+e.Value)
			}
		}
		g.add(nil, dev, state(urgencyClass(f.Severity), urgencyWord(f.Severity)), at(f.From), to, txt(strings.Join(said, "; ")))
	}
	c := &sheet{ID: "past", Title: texts.F("It would have fired {1}", count(len(x.Findings), "time", "times")), Note: texts.F("on {1} of {2}, since {3}", whole(int64(x.Looked)), count(x.Matched, "device", "devices"), s.clock(v).At(x.Since)), Table: g,
		Empty: "It would have found nothing in that time."}
	if x.Stopped {
		c.After = "Time was up before all devices were looked at. Ask for fewer, or less far back."
	}
	return c
}

func (s *Site) adminRuleAct(v *visit) error {
	id := v.r.PathValue("id")
	switch v.form("do") {
	case "reset":
		ok, err := s.sure(v, "/admin/rules/"+id, texts.F("Forget what people said of rule {1}?", id), "Forget it", "What was counted as useful, not worth the time and false begins at zero. A rule that a fault switched off is on again.")
		if !ok || err != nil {
			return err
		}
		if _, err := v.api.RuleReset(v.ctx(), api.RuleInput{ID: id}); err != nil {
			return err
		}
		return s.did(v, "/admin/rules/"+id, "The rule counts from zero, and is on.")
	case "replay":
		f := replayForm(id).read(v)
		x, err := v.api.RuleReplay(v.ctx(), api.RuleReplayInput{ID: id, Body: api.ReplayOrder{Since: f.value("since"), Filter: f.value("filter")}})
		if err != nil {
			if f.blame(err) {
				return s.ruleDesk(v, f, nil)
			}
			return err
		}
		return s.ruleDesk(v, f, &x)
	}
	return unknownAct()
}

// weekdays are the days of a week, to choose some.
func weekdays() []choice {
	return []choice{{"mon", "Mon"}, {"tue", "Tue"}, {"wed", "Wed"}, {"thu", "Thu"}, {"fri", "Fri"}, {"sat", "Sat"}, {"sun", "Sun"}}
}

func maintenanceForm() *form {
	return &form{ID: "maintenance", Title: "New time of maintenance", Action: "/admin/maintenance", Do: "new", Button: "Make it", Fields: []*field{
		{Name: "name", Label: "Name", Must: true, Max: 100, Example: "Core switch is replaced"},
		{Name: "filter", Label: "Devices", Hint: "In the words of the search; empty is all.", Mono: true, Example: "site:hartford"},
		{Name: "to", Label: "Once, from now for", Kind: "select", Value: "4h", Choices: []choice{{"1h", "1 hour"}, {"4h", "4 hours"}, {"12h", "12 hours"}, {"1d", "1 day"}, {"3d", "3 days"}, {"7d", "1 week"}, {"", "not once: each week, as below"}}},
		{Name: "all", Label: "Mute all rules, not only those that expect maintenance", Kind: "check"},
		{Name: "days", Label: "Each week on", Kind: "choices", Choices: weekdays()},
		{Name: "start", Label: "Begins at", Kind: "time"},
		{Name: "minutes", Label: "Minutes it takes", Kind: "number", Max: 4},
		{Name: "reason", Label: "Reason", Max: 500},
	}}
}

func (s *Site) adminMaintenance(v *visit) error { return s.maintenanceDesk(v, nil) }

func (s *Site) maintenanceDesk(v *visit, again *form) error {
	list, err := v.api.MaintenanceList(v.ctx())
	if err != nil {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/maintenance"), Lede: "While you work on machines, rules that would fire because of it are silent for them, and nobody is told."}
	g := &grid{Caption: "Times of maintenance", Heads: heads("Name", "Devices", "When", "Now", "By")}
	now := 0
	for _, m := range list.Maintenance {
		name := slot{Text: texts.As(m.Name), Sub: texts.As(m.Reason)}
		devices := say("all")
		if m.Filter != "" {
			devices = slot{Text: texts.As(m.Filter), To: "/devices?" + queryOf("q", m.Filter)}
		}
		if m.All {
			devices.Sub = "all rules are silent"
		}
		c := s.clock(v)
		when := txt(c.At(m.From) + " to " + c.At(m.To))
		if len(m.Days) > 0 {
			when = slot{Text: texts.F("{1} at {2}", strings.Join(m.Days, ", "), m.Start), Sub: texts.F("for {1}, {2}", span(time.Duration(m.Minutes)*time.Minute), m.Zone)}
		}
		st := state("unknown", "Not now")
		if m.Now {
			st = state("watch", "Now")
			now++
		}
		g.add([]*form{button("/admin/maintenance", "delete", "Delete", texts.As(m.Name), sent{"id", strconv.FormatInt(m.ID, 10)})}, name, devices, when, st, txt(m.By))
	}
	switch {
	case now > 0:
		p.Title = texts.F("{1} now", count(now, "time of maintenance holds", "times of maintenance hold"))
	case len(g.Rows) == 0:
		p.Title = "No maintenance is planned"
	default:
		p.Title = texts.F("No maintenance now, {1} planned", count(len(g.Rows), "is", "are"))
	}
	p.Cards = []*sheet{{Table: g, Forms: []*form{maintenanceForm().or(again)}, Empty: "Make one before you replace a switch or update a site, so that nobody is called for what you know of. A weekly one helps with machines that restart each Sunday."}}
	return s.show(v, p, again)
}

func (s *Site) adminMaintenanceAct(v *visit) error {
	if v.form("do") == "delete" {
		id, err := strconv.ParseInt(v.form("id"), 10, 64)
		if err != nil || id < 1 {
			return unknownAct()
		}
		ok, err := s.sure(v, "/admin/maintenance", "Delete this time of maintenance?", "Delete it", "From then on its devices are judged as always.")
		if !ok || err != nil {
			return err
		}
		if err := v.api.MaintenanceDelete(v.ctx(), api.NumberInput{ID: id}); err != nil {
			return err
		}
		return s.did(v, "/admin/maintenance", "It is deleted.")
	}
	f := maintenanceForm().read(v)
	in := api.MaintenanceNew{Name: f.value("name"), Filter: f.value("filter"), All: f.value("all") != "", To: f.value("to"), Reason: f.value("reason"), Days: f.at("days").Chosen, Start: f.value("start"), Minutes: f.number("minutes")}
	if len(in.Days) > 0 {
		in.To = ""
	} else {
		in.Start, in.Minutes = "", 0
	}
	if len(in.Days) == 0 && in.To == "" {
		f.fault("days", "Choose days, or how long it holds once.")
	}
	if !f.asked() {
		return s.maintenanceDesk(v, f)
	}
	m, err := v.api.MaintenanceNew(v.ctx(), api.MaintenanceNewInput{Body: in})
	if err != nil {
		if f.blame(err) {
			return s.maintenanceDesk(v, f)
		}
		return err
	}
	said := texts.F("{1} is there.", m.Name)
	if m.Devices != nil {
		said = texts.F("{1} is there, for {2}.", m.Name, count(*m.Devices, "device", "devices"))
	}
	return s.did(v, "/admin/maintenance", said)
}
