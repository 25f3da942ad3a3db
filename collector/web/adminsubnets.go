package web

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"muster/collector/api"
	"muster/collector/web/texts"
)

func subnetForm(network string, credentials, sites []choice) *form {
	f := &form{ID: "subnet", Title: "New subnet", Action: "/admin/subnets", Do: "set", Button: "Add the subnet", Fields: []*field{
		{Name: "network", Label: "Network", Must: true, Mono: true, Max: 64, Example: "10.20.0.0/22"},
		{Name: "site", Label: "Site of what is found", Kind: "select", Choices: sites},
		{Name: "credentials", Label: "Credentials to try, in this order", Hint: "None: all of version 3, then where it is allowed the others.", Kind: "choices", Choices: credentials},
		{Name: "v2c", Label: "Allow versions 1 and 2c, which travel in the open", Kind: "check"},
		{Name: "every_seconds", Label: "Looked through", Kind: "select", Value: "86400", Choices: []choice{{"3600", "each hour"}, {"21600", "every 6 hours"}, {"86400", "each day"}, {"604800", "each week"}, {"0", "never by itself"}}},
		{Name: "rate", Label: "Packets a second, at most", Kind: "number", Value: "100", Max: 5},
		{Name: "port", Label: "Port", Kind: "number", Value: "161", Max: 5},
		{Name: "exclude", Label: "Never asked", Hint: "One a line: addresses, networks, or ranges such as 10.20.0.10-10.20.0.99.", Kind: "area", Mono: true},
	}}
	if network != "" {
		f.ID, f.Title, f.Action, f.Button = "change", "", subnetAt(network), "Keep"
		f.Fields = f.Fields[1:]
	}
	return f
}

func subnetAt(network string) string { return "/admin/subnets/one?" + queryOf("network", network) }

func subnetForms(v *visit, network string) (*form, error) {
	credentials, err := credentialChoices(v, "")
	if err != nil {
		return nil, err
	}
	sites, err := siteChoices(v, "None")
	if err != nil {
		return nil, err
	}
	f := subnetForm(network, credentials, sites)
	if len(credentials) == 0 || credentials[0].Value == "" {
		at := f.at("credentials")
		at.Choices, at.Hint = nil, "There is none that you may choose; an administrator makes them."
	}
	return f, nil
}

// subnet is what the form wants.
func (f *form) subnet() api.SubnetPut {
	site, v2c, every, rate, port := f.value("site"), f.value("v2c") != "", int64(f.number("every_seconds")), f.number("rate"), f.number("port")
	exclude := lines(f.value("exclude"))
	in := api.SubnetPut{Site: &site, V2c: &v2c, EverySeconds: &every, Exclude: &exclude}
	if rate != 0 {
		in.Rate = &rate
	}
	if port != 0 {
		in.Port = &port
	}
	if c := f.at("credentials"); len(c.Choices) > 0 {
		chosen := append([]string{}, c.Chosen...)
		in.Credentials = &chosen
	}
	return in
}

// split is a network as its address and its length.
func split(text string) (string, int, bool) {
	n, err := netip.ParsePrefix(strings.TrimSpace(text))
	return n.Addr().String(), n.Bits(), err == nil
}

func (s *Site) adminSubnets(v *visit) error { return s.subnetsDesk(v, nil) }

func (s *Site) subnetsDesk(v *visit, again *form) error {
	list, err := v.api.SubnetList(v.ctx())
	if err != nil {
		return err
	}
	f, err := subnetForms(v, "")
	if err != nil {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/subnets"), Lede: "In a subnet Muster asks each address once in a while, gently, whether it is a switch, printer, UPS or the like. What answers becomes a target by itself."}
	p.Title = texts.F("{1} looked through", count(len(list.Subnets), "subnet is", "subnets are"))
	if len(list.Subnets) == 0 {
		p.Title = "No subnet is looked through yet"
	}
	g := &grid{Caption: "Subnets", Heads: heads("Network", "Site", "Looked through", "Last time", "-Asked", "-Answered", "-New")}
	for _, x := range list.Subnets {
		every := say(texts.F("every {1}", period(x.EverySeconds)))
		if x.EverySeconds == 0 {
			every = say("never by itself")
		}
		if x.V2c {
			every.Sub = "also with what travels in the open"
		}
		last := at(x.Scan.EndedAt)
		switch {
		case x.Scan.Fault != "":
			last = state("week", "Broke off")
			last.Sub = sentence(x.Scan.Fault)
		case x.Scan.StartedAt.IsZero():
			last = say("not yet")
		case x.Scan.EndedAt.IsZero():
			last = say("going on now")
		}
		g.add([]*form{button("/admin/discoveries", "start", "Look now", texts.As(x.Network), sent{"network", x.Network})},
			slot{Text: texts.As(x.Network), To: subnetAt(x.Network)}, txt(x.Site), every, last, tallied(x.Scan.Asked), tallied(x.Scan.Answered), tallied(x.Scan.Added))
	}
	f = f.or(again)
	f.Open = f.Open || len(g.Rows) == 0
	p.Cards = []*sheet{{Table: g, Forms: []*form{f}, Empty: "Give the range in which your switches and printers are. Those who look after the network know it; /24 has 256 addresses, /22 has 1,024.", More: []link{{"/admin/discoveries", "Past looks"}, {"/admin/credentials", "Credentials"}}}}
	return s.show(v, p, again)
}

func (s *Site) adminSubnetsAct(v *visit) error {
	f, err := subnetForms(v, "")
	if err != nil {
		return err
	}
	f.read(v)
	in := f.subnet()
	address, bits, ok := split(f.value("network"))
	if f.value("network") != "" && !ok {
		f.fault("network", "Write it as 10.20.0.0/22.")
	}
	if !f.asked() {
		return s.subnetsDesk(v, f)
	}
	x, err := v.api.SubnetSet(v.ctx(), api.SubnetPutInput{Address: address, Bits: bits, Body: in})
	if err != nil {
		if f.blame(err) {
			return s.subnetsDesk(v, f)
		}
		return err
	}
	return s.did(v, "/admin/subnets", texts.F("{1} is added. The first look begins by itself; “Look now” shows how it goes.", x.Network))
}

func (s *Site) adminSubnet(v *visit) error { return s.subnetDesk(v, nil) }

func (s *Site) subnetDesk(v *visit, again *form) error {
	network := v.r.URL.Query().Get("network")
	list, err := v.api.SubnetList(v.ctx())
	if err != nil {
		return err
	}
	f, err := subnetForms(v, network)
	if err != nil {
		return err
	}
	for _, x := range list.Subnets {
		if x.Network != network {
			continue
		}
		every := strconv.FormatInt(x.EverySeconds, 10)
		f.set("site", x.Site).set("every_seconds", every).set("rate", strconv.Itoa(x.Rate)).set("port", strconv.Itoa(x.Port)).set("exclude", strings.Join(x.Exclude, "\n"))
		f.at("credentials").Chosen = x.Credentials
		if c := f.at("every_seconds"); !strings.Contains(" 0 3600 21600 86400 604800 ", " "+every+" ") {
			c.Choices = append(c.Choices, choice{every, texts.F("every {1}", period(x.EverySeconds))})
		}
		if x.V2c {
			f.set("v2c", "1")
		}
		p := &desk{adminFrame: s.adminFrame(v, "/admin/subnets"), Crumb: []link{{"/admin/subnets", "Subnets"}}}
		p.Title = texts.F("{1} in {2}", count(x.Scan.Answered, "address answers", "addresses answer"), network)
		p.Acts = []*form{button("/admin/discoveries", "start", "Look now", texts.As(network), sent{"network", network}), button(subnetAt(network), "delete", "Remove", texts.As(network))}
		p.Cards = []*sheet{{Title: "Change", Forms: []*form{f.or(again)}}}
		return s.show(v, p, again)
	}
	return s.nowhere(v)
}

func (s *Site) adminSubnetAct(v *visit) error {
	network := v.r.URL.Query().Get("network")
	address, bits, ok := split(network)
	if !ok {
		return s.nowhere(v)
	}
	if v.form("do") == "delete" {
		ok, err := s.sure(v, subnetAt(network), texts.F("Remove the subnet {1}?", network), "Remove it", "It is looked through no more. Targets that were found in it stay, and are asked on.")
		if !ok || err != nil {
			return err
		}
		if err := v.api.SubnetDelete(v.ctx(), api.SubnetInput{Address: address, Bits: bits}); err != nil {
			return err
		}
		return s.did(v, "/admin/subnets", texts.F("{1} is looked through no more.", network))
	}
	f, err := subnetForms(v, network)
	if err != nil {
		return err
	}
	in := f.read(v).subnet()
	if f.wrong() {
		return s.subnetDesk(v, f)
	}
	if _, err := v.api.SubnetSet(v.ctx(), api.SubnetPutInput{Address: address, Bits: bits, Body: in}); err != nil {
		if f.blame(err) {
			return s.subnetDesk(v, f)
		}
		return err
	}
	return s.did(v, "/admin/subnets", texts.F("{1} is kept.", network))
}

// lookState is how a look goes, in words.
func lookState(d *api.Discovery) slot {
	switch d.State {
	case "running":
		return state("watch", "Looking")
	case "done":
		return state("fine", "Done")
	case "stopped":
		return state("unknown", "Stopped")
	}
	x := state("week", "Failed")
	x.Sub = sentence(d.Fault)
	return x
}

func lookForm() *form {
	return &form{ID: "look", Title: "Look through a network", Icon: "find", Action: "/admin/discoveries", Do: "start", Button: "Look", Fields: []*field{
		{Name: "network", Label: "Network", Must: true, Mono: true, Max: 64, Example: "10.20.0.0/24"},
		{Name: "dry_run", Label: "Only show what is there; I choose what is kept", Kind: "check", Value: "1"},
	}}
}

func (s *Site) adminDiscoveries(v *visit) error { return s.discoveriesDesk(v, nil) }

func (s *Site) discoveriesDesk(v *visit, again *form) error {
	list, err := v.api.DiscoveryList(v.ctx())
	if err != nil {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/discoveries"), Lede: "A look asks every address of a network once. It goes as the subnet says that holds it, and what that excludes is never asked."}
	going := 0
	g := &grid{Caption: "Looks", Heads: heads("Network", "State", "-Asked", "-Answered", "-New", "Begun", "By")}
	for i := range list.Discoveries {
		d := &list.Discoveries[i]
		if d.State == "running" {
			going++
		}
		name := slot{Text: texts.As(d.Network), To: "/admin/discoveries/" + strconv.FormatInt(d.ID, 10)}
		if d.DryRun {
			name.Sub = "only to show"
		}
		g.add(nil, name, lookState(d), slot{Text: texts.F("{1} of {2}", whole(int64(d.Done)), whole(int64(d.Total))), Num: true}, tallied(d.Answered), tallied(d.Added), at(d.StartedAt), txt(d.By))
	}
	switch {
	case going > 0:
		p.Title = texts.F("{1} now", count(going, "look goes on", "looks go on"))
	case len(g.Rows) == 0:
		p.Title = "Nothing was looked for since the collector started"
	default:
		p.Title = texts.F("{1} since the collector started", count(len(g.Rows), "look", "looks"))
	}
	f := lookForm().or(again)
	f.Open = f.Open || len(g.Rows) == 0
	p.Cards = []*sheet{{Table: g, Forms: []*form{f}, Empty: "Name a network to see which of its addresses are switches, printers or UPSes. Nothing is kept until you say so."}}
	return s.show(v, p, again)
}

func (s *Site) adminDiscoveriesAct(v *visit) error {
	f := lookForm().read(v)
	if !f.asked() {
		return s.discoveriesDesk(v, f)
	}
	d, err := v.api.DiscoveryStart(v.ctx(), api.DiscoveryInput{Body: api.DiscoveryWish{Network: f.value("network"), DryRun: f.value("dry_run") != ""}})
	if err != nil {
		if f.blame(err) {
			return s.discoveriesDesk(v, f)
		}
		return err
	}
	return v.send("/admin/discoveries/" + strconv.FormatInt(d.ID, 10))
}

// look finds a look by the address of its page.
func (v *visit) look() (int64, bool) {
	id, err := strconv.ParseInt(v.r.PathValue("id"), 10, 64)
	return id, err == nil && id > 0
}

func (s *Site) adminDiscovery(v *visit) error {
	id, ok := v.look()
	if !ok {
		return s.nowhere(v)
	}
	x, err := v.api.DiscoveryShow(v.ctx(), api.DiscoveryShowInput{ID: id})
	if err != nil {
		return err
	}
	d, here := &x.Discovery, "/admin/discoveries/"+strconv.FormatInt(id, 10)
	p := &desk{adminFrame: s.adminFrame(v, "/admin/discoveries"), Crumb: []link{{"/admin/discoveries", "Discovery"}}}
	bar := &progress{Done: d.Done, Total: d.Total, Says: texts.F("{1} of {2} through", whole(int64(d.Done)), count(d.Total, "address is", "addresses are"))}
	if d.Total > 0 {
		bar.Percent = 100 * d.Done / d.Total
	}
	p.Title = texts.F("{1} in {2}", count(d.Answered, "address answers", "addresses answer"), d.Network)
	if d.State == "running" {
		p.Title = texts.F("{1} so far", p.Title)
		p.Again = 2
		p.Acts = []*form{button(here, "stop", "Stop", texts.As(d.Network))}
		if rest := v.now.Sub(d.StartedAt); d.Done > 20 && rest > 2*time.Second {
			left := time.Duration(float64(rest) / float64(d.Done) * float64(d.Total-d.Done))
			bar.Says = texts.F("{1}, about {2} to go", bar.Says, span(max(left, time.Minute)))
		}
	}
	st := lookState(d)
	first := &sheet{Title: st.Text, Progress: bar, Bad: st.Sub, After: texts.F("Tried with {1}. {2} pings only, or refuse every credential.", strings.Join(d.Credentials, ", "), count(d.Silent, "address answers", "addresses answer"))}
	if len(d.Credentials) == 0 {
		first.After = "No credential was there to try."
	}
	g := &grid{Caption: "What answered", Heads: heads("Address", "What it is", "Name", "State", "Credential")}
	fresh := 0
	for i := range x.Found {
		f := &x.Found[i]
		address := addressOf(&api.Target{Address: f.Address, Port: f.Port})
		a := slot{Text: texts.As(address)}
		var acts []*form
		switch {
		case d.DryRun && f.New && (f.State == "live" || f.State == "wrong_credential"):
			if fresh++; f.State == "live" {
				acts = []*form{button(here, "add", "Add", texts.As(address), sent{"address", address}, sent{"site", d.Site})}
			}
		case f.New:
			a.Sub = "new"
		default:
			a.To = targetAt(address)
		}
		what := txt(strings.TrimSpace(strings.Join([]string{f.Vendor, f.Model}, " ")))
		if f.Kind != "" {
			what.Sub = kindWord(f.Kind)
		}
		st := targetState(f.State)
		if f.State != "live" {
			st.Sub = sentence(f.Reason)
		}
		name := txt(f.Name)
		if f.Device != "" {
			name.To = "/devices/" + string(f.Device)
		}
		g.add(acts, a, what, name, st, txt(f.Credential))
	}
	list := &sheet{Title: "What answered", Table: g, Empty: "Nothing yet."}
	if d.State != "running" {
		list.Empty = "Nothing answered. Is the network right, does a firewall stand between, and are the credentials those of the gear?"
	}
	if fresh > 0 {
		list.Forms = append(list.Forms, &form{Action: here, Do: "add-all", Button: "Add all that are new and answer", Quiet: true})
	}
	p.Cards = []*sheet{first, list}
	return s.show(v, p, nil)
}

func (s *Site) adminDiscoveryAct(v *visit) error {
	id, ok := v.look()
	if !ok {
		return s.nowhere(v)
	}
	here := "/admin/discoveries/" + strconv.FormatInt(id, 10)
	add := func(address, site string) error {
		in := api.TargetPutInput{Address: address}
		if site != "" {
			in.Body.Site = &site
		}
		_, err := v.api.TargetSet(v.ctx(), in)
		return err
	}
	switch v.form("do") {
	case "stop":
		if _, err := v.api.DiscoveryStop(v.ctx(), api.NumberInput{ID: id}); err != nil {
			return err
		}
		return s.did(v, here, "The look is stopped. What it found stays below.")
	case "add":
		address := v.form("address")
		if address == "" {
			return unknownAct()
		}
		if err := add(address, v.form("site")); err != nil {
			return err
		}
		return s.did(v, here, texts.F("{1} is a target now.", address))
	case "add-all":
		x, err := v.api.DiscoveryShow(v.ctx(), api.DiscoveryShowInput{ID: id})
		if err != nil {
			return err
		}
		n := 0
		for _, f := range x.Found {
			if !f.New || f.State != "live" {
				continue
			}
			if err := add(addressOf(&api.Target{Address: f.Address, Port: f.Port}), x.Discovery.Site); err != nil {
				return err
			}
			n++
		}
		return s.did(v, "/admin/targets", texts.F("{1} now.", count(n, "address is a target", "addresses are targets")))
	}
	return unknownAct()
}
