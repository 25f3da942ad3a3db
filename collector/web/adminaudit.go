package web

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"muster/collector/api"
	"muster/collector/web/texts"
)

// adminAudit lists who did what. Its form asks by the address, so that every
// view has one.
func (s *Site) adminAudit(v *visit) error {
	q := v.r.URL.Query()
	get := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	in := api.AuditInput{Limit: 100, Actor: get("actor"), Action: get("action"), Outcome: get("outcome"), From: get("from"), To: get("to")}
	in.Before, _ = strconv.ParseInt(get("before"), 10, 64)
	in.Before = max(in.Before, 0)
	people := []choice{{"", "Anybody"}}
	users, err := v.api.UserList(v.ctx())
	if err != nil {
		return err
	}
	for _, u := range users.Users {
		people = append(people, choice{u.Name, texts.As(u.Name)})
	}
	f := &form{ID: "ask", Action: "/admin/audit", Get: true, Button: "Show", Fields: []*field{
		{Name: "actor", Label: "Who", Kind: "select", Choices: people},
		{Name: "action", Label: "Act", Hint: "Such as user-new, or all that begin so: user-*.", Mono: true, Max: 100},
		{Name: "outcome", Label: "Ended", Kind: "select", Choices: []choice{{"", "In any way"}, {"done", "Done"}, {"refused", "Refused"}, {"failed", "Failed"}}},
		{Name: "from", Label: "Since", Hint: "A date, or an age such as 7d.", Max: 40, Example: "7d"},
		{Name: "to", Label: "Until", Max: 40},
	}}
	for _, x := range f.Fields {
		x.Value = get(x.Name)
	}
	if who := in.Actor; who != "" && !slices.ContainsFunc(people, func(c choice) bool { return c.Value == who }) {
		f.at("actor").Choices = append(people, choice{who, texts.As(who)})
	}
	list, err := v.api.AuditList(v.ctx(), in)
	if err != nil && !f.blame(err) {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/audit"), Lede: "Whatever anybody changed, and what was refused to them. Records are chained: one that is changed or taken out is noticed."}
	g := &grid{Caption: "Who did what", Heads: heads("When", "Who", "Act", "To what", "Outcome", "From")}
	for _, r := range list.Records {
		var detail []string
		for _, k := range slices.Sorted(maps.Keys(r.Detail)) {
			detail = append(detail, k+" "+clip(r.Detail[k], 120))
		}
		out := state("fine", "Done")
		switch r.Outcome {
		case "refused":
			out = state("week", "Refused")
		case "failed":
			out = state("today", "Failed")
		}
		g.add(nil, at(r.At), slot{Text: texts.As(r.Actor), Sub: texts.As(r.Via)}, slot{Text: texts.As(r.Action), Mono: true}, slot{Text: texts.As(r.Object), Sub: texts.As(strings.Join(detail, "; "))}, out, slot{Text: texts.As(r.Address), Mono: true})
	}
	view := []string{"actor", in.Actor, "action", in.Action, "outcome", in.Outcome, "from", in.From, "to", in.To}
	switch n := len(g.Rows); {
	case f.wrong():
		p.Title = "That cannot be asked"
	case n == 0:
		p.Title = "Nothing of that kind was done"
	case list.Next > 0:
		p.Title = texts.F("The last {1}", count(n, "act", "acts"))
		if in.Before > 0 {
			p.Title = count(n, "older act", "older acts")
		}
	default:
		p.Title = count(n, "act", "acts")
	}
	c := &sheet{Table: g, Empty: "Ask for more: another person, another act, or a longer time."}
	if list.Next > 0 {
		c.More = append(c.More, link{"/admin/audit?" + queryOf(append(slices.Clone(view), "before", strconv.FormatInt(list.Next, 10))...), "Older ones"})
	}
	c.More = append(c.More, link{"/api/v1/audit?" + queryOf(append(slices.Clone(view), "format", "csv", "limit", "10000")...), "CSV"})
	p.Acts = []*form{{Action: "/admin/audit", Do: "verify", Button: "Check the chain", Busy: "Checking…", Quiet: true, Icon: "check"}}
	p.Cards = []*sheet{{Title: "Which", Forms: []*form{f.named()}}, c}
	return s.show(v, p, f)
}

func (s *Site) adminAuditAct(v *visit) error {
	if v.form("do") != "verify" {
		return unknownAct()
	}
	x, err := v.api.AuditVerify(v.ctx())
	if err != nil {
		return err
	}
	if x.OK {
		return s.did(v, "/admin/audit", texts.F("The chain is whole: {1}.", count(int(x.Checked), "record fits", "records fit")))
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/audit"), Crumb: []link{{"/admin/audit", "Audit"}}}
	p.Title = "The audit was tampered with"
	p.Cards = []*sheet{{Bad: texts.F("Record {1} does not fit the one before it: one of both was changed or taken out. {2}.", whole(x.Broken), count(int(x.Checked), "record fits", "records fit")),
		After: "Keep a backup of the collector as it is now, find out who can write to its database, and compare with an older backup."}}
	return s.show(v, p, nil)
}
