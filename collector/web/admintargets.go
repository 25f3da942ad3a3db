package web

import (
	"fmt"
	"net/http"
	"strings"

	"muster/collector/api"
	"muster/collector/web/texts"
)

// targetState is a target's state as people read it.
func targetState(st string) slot {
	class := "unknown"
	switch st {
	case "live":
		class = "fine"
	case "suspect", "dead":
		class = "today"
	case "wrong_credential", "lying", "silent":
		class = "week"
	case "alias":
		return state("fine", "Known by another address")
	}
	return state(class, targetWord(st))
}

// credentialChoices are the credentials there are.
func credentialChoices(v *visit, none texts.T) ([]choice, error) {
	list, err := v.api.CredentialList(v.ctx())
	if p, ok := asProblem(err); ok && p.Status == http.StatusForbidden {
		return []choice{{"", none}}, nil // whoever manages may not list them all; those of subnets are used
	}
	if err != nil {
		return nil, err
	}
	var out []choice
	if none != "" {
		out = append(out, choice{"", none})
	}
	for _, c := range list.Credentials {
		out = append(out, choice{c.Name, texts.F("{1} (SNMP {2})", c.Name, c.Version)})
	}
	return out, nil
}

const anyCredential = "Those of its subnet, one after the other"

func targetForm(address string, credentials, sites []choice) *form {
	f := &form{ID: "target", Title: "New target", Action: "/admin/targets", Do: "set", Button: "Add it", Fields: []*field{
		{Name: "address", Label: "Address", Hint: "With a port only if it is not 161.", Must: true, Mono: true, Max: 64, Example: "10.20.0.5"},
		{Name: "credential", Label: "Asked with", Kind: "select", Choices: credentials},
		{Name: "site", Label: "Site", Kind: "select", Choices: sites},
	}}
	if address != "" {
		f.ID, f.Title, f.Action, f.Button = "change", "", targetAt(address), "Keep"
		f.Fields = f.Fields[1:]
	}
	return f
}

func targetAt(address string) string { return "/admin/targets/one?" + queryOf("address", address) }

// targetForms are what a target's form chooses from.
func targetForms(v *visit, address string) (*form, error) {
	credentials, err := credentialChoices(v, anyCredential)
	if err != nil {
		return nil, err
	}
	sites, err := siteChoices(v, "That of its subnet, or none")
	if err != nil {
		return nil, err
	}
	return targetForm(address, credentials, sites), nil
}

func addressOf(t *api.Target) string {
	switch {
	case t.Port == 161 || t.Port == 0:
		return t.Address
	case strings.Contains(t.Address, ":"):
		return fmt.Sprintf("[%s]:%d", t.Address, t.Port)
	}
	return fmt.Sprintf("%s:%d", t.Address, t.Port)
}

func (s *Site) adminTargets(v *visit) error { return s.targetsDesk(v, nil, nil) }

func (s *Site) targetsDesk(v *visit, again *form, tested *api.TargetTest) error {
	q := v.r.URL.Query()
	in := api.TargetListInput{Limit: 500}
	if st := q.Get("state"); st != "" {
		in.States = []string{st}
	}
	list, err := v.api.TargetList(v.ctx(), in)
	if err != nil {
		return err
	}
	f, err := targetForms(v, "")
	if err != nil {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/targets"), Lede: "A target is an address that is asked over SNMP: a switch, printer, UPS and the like. Muster only reads."}
	all, good := 0, list.Counts["live"]+list.Counts["alias"]
	for _, n := range list.Counts {
		all += n
	}
	switch {
	case all == 0:
		p.Title = "No network gear is asked yet"
	case all == good:
		p.Title = texts.F("All {1}", count(all, "target answers", "targets answer"))
	default:
		p.Title = texts.F("{1} of {2} not answer as they should", whole(int64(all-good)), count(all, "target does", "targets do"))
	}
	if tested != nil {
		p.Cards = append(p.Cards, testSheet(tested))
	}
	g := &grid{Caption: "Targets", Heads: heads("Target", "State", "Last answer", "Asked with", "Site", "Came by")}
	bad, fine := g.Rows, g.Rows
	for i := range list.Targets {
		t := &list.Targets[i]
		name := slot{Text: texts.As(t.Name), To: targetAt(addressOf(t)), Sub: texts.As(addressOf(t))}
		if name.Text == "" {
			name.Text, name.Sub = texts.As(addressOf(t)), ""
		}
		st := targetState(t.State)
		if t.State != "live" {
			st.Sub = sentence(t.Reason)
		}
		with := txt(t.Credential)
		if t.Pinned {
			with.Sub = "fixed by hand"
		}
		answer := at(t.GoodAt)
		if t.GoodAt.IsZero() {
			answer = say("never")
		}
		row := gridRow{Cells: []slot{name, st, answer, with, txt(t.Site), txt(t.Origin)}}
		if t.State == "live" || t.State == "alias" {
			fine = append(fine, row)
		} else {
			bad = append(bad, row)
		}
	}
	g.Rows = append(bad, fine...)
	c := &sheet{Table: g, Empty: "Add a subnet and let Muster look through it, or name a single address here. First it needs a credential: the community or the user that your gear answers to.",
		Forms: []*form{f.or(again)}}
	if all > 0 {
		c.Title, c.Note = "Targets", "those that do not answer come first"
		c.More = append(c.More, link{"/api/v1/targets?format=csv&limit=10000", "CSV"})
		c.Empty = "None is in that state."
	} else {
		c.More = append(c.More, link{"/admin/credentials", "Credentials"}, link{"/admin/subnets", "Subnets"})
	}
	if list.More {
		c.After = "These are the first 500. The CSV has all of them."
	}
	p.Cards = append(p.Cards, c)
	return s.show(v, p, again)
}

// testSheet is what came of asking an address once.
func testSheet(t *api.TargetTest) *sheet {
	c := &sheet{ID: "tested", Title: texts.F("What {1} said", t.Address), Note: "asked a moment ago"}
	add := func(name string, x slot) {
		if x.Text != "" {
			c.Pairs = append(c.Pairs, named{texts.As(name), x})
		}
	}
	st := targetState(t.State)
	st.Sub = sentence(t.Reason)
	add("State", st)
	add("Name", txt(t.Name))
	add("What it is", txt(strings.TrimSpace(strings.Join([]string{t.Vendor, t.Model, t.Version}, " "))))
	add("Description", txt(clip(t.Description, 300)))
	add("Serial number", slot{Text: texts.As(t.Serial), Mono: true})
	add("Location", txt(t.Location))
	add("Read by the profile", txt(t.Profile))
	if t.PingMS != nil {
		add("Ping", txt(fmt.Sprintf("%.1f ms", *t.PingMS)))
	}
	if t.AnswerMS != nil {
		add("Answer over SNMP", txt(fmt.Sprintf("%.1f ms", *t.AnswerMS)))
	}
	for _, a := range t.Attempts {
		add("With "+a.Credential, say(sentence(a.Said)))
	}
	return c
}

func (s *Site) adminTargetsAct(v *visit) error {
	f, err := targetForms(v, "")
	if err != nil {
		return err
	}
	if f.read(v); !f.asked() {
		return s.targetsDesk(v, f, nil)
	}
	credential, site := f.value("credential"), f.value("site")
	in := api.TargetPutInput{Address: f.value("address")}
	if credential != "" {
		in.Body.Credential = &credential
	}
	if site != "" {
		in.Body.Site = &site
	}
	t, err := v.api.TargetSet(v.ctx(), in)
	if err != nil {
		if f.blame(err) {
			return s.targetsDesk(v, f, nil)
		}
		return err
	}
	return s.did(v, targetAt(addressOf(&t)), texts.F("{1} is a target. It is asked within a minute; “Ask it now” tells at once.", addressOf(&t)))
}

func (s *Site) adminTarget(v *visit) error { return s.targetDesk(v, nil, nil) }

func (s *Site) targetDesk(v *visit, again *form, tested *api.TargetTest) error {
	address := v.r.URL.Query().Get("address")
	if address == "" {
		return s.nowhere(v)
	}
	x, err := v.api.TargetShow(v.ctx(), api.TargetInput{Address: address})
	if err != nil {
		return err
	}
	t := &x.Target
	address = addressOf(t)
	f, err := targetForms(v, address)
	if err != nil {
		return err
	}
	if t.Pinned {
		f.set("credential", t.Credential)
	}
	f.set("site", t.Site)
	p := &desk{adminFrame: s.adminFrame(v, "/admin/targets"), Crumb: []link{{"/admin/targets", "Targets"}}}
	name := t.Name
	if name == "" {
		name = address
	}
	p.Title = texts.F("{1}: {2}", name, texts.Lower(targetWord(t.State)))
	test := button(targetAt(address), "test", "Ask it now", texts.As(name))
	test.Busy = "Asking…"
	p.Acts = []*form{test, button(targetAt(address), "delete", "Remove", texts.As(name))}
	if tested != nil {
		p.Cards = append(p.Cards, testSheet(tested))
	}
	st := targetState(t.State)
	st.Sub = sentence(t.Reason)
	c := &sheet{Title: "How it is", Pairs: []named{{"State", st}, {"Since", at(t.Since)}, {"Last tried", at(t.PolledAt)}, {"Last answer", at(t.GoodAt)}, {"Address", slot{Text: texts.As(address), Mono: true}}, {"Asked with", txt(t.Credential)}, {"Site", txt(t.Site)}, {"Came by", txt(t.Origin)}}}
	if t.Device != "" {
		c.More = []link{{"/devices/" + string(t.Device), "Its device page"}}
	}
	if h := x.Learned; h != nil {
		c.Pairs = append(c.Pairs, named{"Questions so far", txt(whole(h.Requests) + ", of these " + whole(h.Timeouts) + " without an answer")})
		if h.RoundTripSeconds > 0 {
			c.Pairs = append(c.Pairs, named{"Usual time of an answer", txt(fmt.Sprintf("%.0f ms", h.RoundTripSeconds*1000))})
		}
	}
	p.Cards = append(p.Cards, c, &sheet{Title: "Change", Forms: []*form{f.or(again)}})
	return s.show(v, p, again)
}

func (s *Site) adminTargetAct(v *visit) error {
	address := v.r.URL.Query().Get("address")
	if address == "" {
		return s.nowhere(v)
	}
	switch v.form("do") {
	case "test":
		t, err := v.api.TargetTest(v.ctx(), api.TargetTestInput{Address: address})
		if err != nil {
			return err
		}
		return s.targetDesk(v, nil, &t)
	case "delete":
		ok, err := s.sure(v, targetAt(address), texts.F("Remove the target {1}?", address), "Remove it", "It is asked no more. Its device and its past stay. If a subnet is looked through that holds it, it may come back: exclude it there.")
		if !ok || err != nil {
			return err
		}
		if err := v.api.TargetDelete(v.ctx(), api.TargetInput{Address: address}); err != nil {
			return err
		}
		return s.did(v, "/admin/targets", texts.F("{1} is asked no more.", address))
	}
	f, err := targetForms(v, address)
	if err != nil {
		return err
	}
	f.read(v)
	credential, site := f.value("credential"), f.value("site")
	if _, err := v.api.TargetSet(v.ctx(), api.TargetPutInput{Address: address, Body: api.TargetPut{Credential: &credential, Site: &site}}); err != nil {
		if f.blame(err) {
			return s.targetDesk(v, f, nil)
		}
		return err
	}
	return s.did(v, targetAt(address), texts.F("{1} is kept.", address))
}
