package web

import (
	"strconv"
	"strings"
	"time"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/doctor"
	"muster/collector/web/texts"
	"muster/internal/buildinfo"
	"muster/internal/licenses"
)

// stageWord is the state of an authority, as people read it.
func stageWord(st string) slot {
	switch st {
	case "current":
		return state("fine", "Signs")
	case "next":
		return state("watch", "Trusted already, signs next")
	}
	return state("unknown", "Still trusted, signs no more")
}

func (s *Site) adminCA(v *visit) error {
	ca, err := v.api.CAShow(v.ctx())
	if err != nil {
		return err
	}
	p := &desk{adminFrame: s.adminFrame(v, "/admin/ca"), Lede: "The collector signs the identity of each agent itself. Agents check it by the fingerprint that came with their enrollment."}
	g := &grid{Caption: "Authorities", Heads: heads("Fingerprint of the key", "State", "Since", "Until")}
	for _, a := range ca.Authorities {
		if a.State == "current" {
			p.Title = texts.F("Agents’ identities are signed until {1}", s.clock(v).At(a.NotAfter))
		}
		end := at(a.NotAfter)
		if doctor.Expiry(a.NotAfter, v.now, doctor.CASoon) != doctor.OK {
			end.Class, end.Icon = "u u--week", "week"
		}
		g.add(nil, slot{Text: texts.As(a.Fingerprint), Mono: true}, stageWord(a.State), at(a.NotBefore), end)
	}
	if p.Title == "" {
		p.Title = "There is no authority yet"
	}
	turn := &sheet{Title: "Replace it", Pairs: []named{{"Devices with an identity", txt(whole(int64(ca.Devices)))}, {"Identities that were revoked", txt(whole(int64(ca.RevokedCount)))}},
		After: "It is replaced in three steps over months: a new one is made and agents learn it with their reports; then it signs; then the old one is forgotten. The collector does that by itself before one ends; do it by hand when a key may have leaked."}
	if ca.Stage != "" {
		turn.Pairs = append(turn.Pairs, named{"Under way", say(sentence(ca.Stage))}, named{"Know the newest", say(texts.F("{1} of {2}", whole(int64(ca.Holding)), count(ca.Devices, "device", "devices")))})
	}
	if ca.Next != "" {
		turn.Pairs = append(turn.Pairs, named{"Next", say(sentence(ca.Next))})
	}
	turn.Forms = []*form{{Action: "/admin/ca", Do: "rotate", Button: "Take the next step", Quiet: true}}
	p.Cards = []*sheet{{Title: "Authorities", Table: g}, turn}
	return s.show(v, p, nil)
}

func (s *Site) adminCAAct(v *visit) error {
	if v.form("do") != "rotate" {
		return unknownAct()
	}
	ca, err := v.api.CAShow(v.ctx())
	if err != nil {
		return err
	}
	says := []texts.T{"A step cannot be taken back. Agents that do not know the newest authority when the old one is forgotten have to enroll anew."}
	if ca.Next != "" {
		says = append([]texts.T{sentence(ca.Next)}, says...)
	}
	ok, err := s.sure(v, "/admin/ca", "Take the next step of replacing the authority?", "Take the step", says...)
	if !ok || err != nil {
		return err
	}
	if _, err := v.api.CARotate(v.ctx(), api.CARotateInput{}); err != nil {
		return err
	}
	return s.did(v, "/admin/ca", "The step is taken.")
}

// storeWord is a store of numbers as people know it.
func storeWord(name string) texts.T {
	switch name {
	case "series":
		return "The collector’s own store"
	case "influx":
		return "InfluxDB"
	}
	return texts.As(name)
}

// adminHealth is how the collector itself is.
func (s *Site) adminHealth(v *visit) error {
	ctx := v.ctx()
	live := &doctor.Live{Program: buildinfo.Read().Version, Untold: map[string]error{}}
	var err error
	if live.Status, err = v.api.StatusShow(ctx); err != nil {
		return err
	}
	ask := func(what string, err error) {
		if p, ok := asProblem(err); ok && p.Kind() == "not_offered" {
			live.Untold[what] = nil
		} else if err != nil {
			live.Untold[what] = err
		}
	}
	live.Notices, err = v.api.NoticeList(ctx, api.NoticeListInput{})
	ask("notices", err)
	live.Targets, err = v.api.TargetList(ctx, api.TargetListInput{})
	ask("targets", err)
	live.CA, err = v.api.CAShow(ctx)
	ask("CA", err)
	p := &desk{adminFrame: s.adminFrame(v, "/admin/health")}
	st := &live.Status
	checks := &grid{Caption: "What was looked at", Heads: heads("What", "How it is", "What to do")}
	bad := 0
	for _, c := range doctor.Judge(live, v.now) {
		how := state("fine", "Fine")
		switch c.State {
		case doctor.Warn:
			how, bad = state("week", "Look at it"), bad+1
		case doctor.Bad:
			how, bad = state("today", "Broken"), bad+1
		}
		how.Sub = sentence(c.Found)
		checks.add(nil, txt(strings.ToUpper(c.Subject[:1])+c.Subject[1:]), how, say(sentence(c.Do)))
	}
	p.Title = "The collector is well"
	if bad > 0 {
		p.Title = texts.F("{1} somebody", count(bad, "thing needs", "things need"))
	}
	p.Lede = texts.F("Up since {1}. {2} came since then.", s.clock(v).At(st.StartedAt), count(int(st.Intake.Reports), "report", "reports"))
	room := &sheet{Title: "Disk and queue"}
	if st.Disk.TotalBytes > 0 {
		room.Progress = &progress{Percent: int(100 - 100*st.Disk.FreeBytes/st.Disk.TotalBytes), Says: texts.F("{1} of {2} are free. Below {3} reports are put off.", size(st.Disk.FreeBytes), size(st.Disk.TotalBytes), size(st.Disk.StopBytes))}
	}
	room.Pairs = []named{{"Waiting in the outbox", slot{Text: texts.F("{1} records, {2}", whole(st.Outbox.Records), size(st.Outbox.Bytes)), Sub: texts.F("{1} % of its room", int(100*st.Outbox.Fill))}}}
	if j := st.Judging; j != nil {
		room.Pairs = append(room.Pairs, named{"Waiting to be judged", txt(whole(int64(j.Waiting)))})
	}
	stores := &grid{Caption: "Stores of numbers", Heads: heads("Store", "State", "-Records behind", "Behind by", "Records a second")}
	for i := range st.Outbox.Stores {
		x := &st.Outbox.Stores[i]
		how := state("fine", "Takes all")
		switch x.State {
		case api.StoreBehind:
			how = state("week", "Is behind")
		case api.StoreUnavailable:
			how = state("today", "Cannot be reached")
		case api.StoreRefuses:
			how = state("today", "Refuses")
		}
		how.Sub = sentence(x.Error)
		behind := txt("–")
		if x.BehindSeconds >= 1 {
			behind = txt(span(time.Duration(x.BehindSeconds * float64(time.Second))))
		}
		stores.add(nil, say(storeWord(x.Name)), how, tallied(int(x.Records)), behind, txt(whole(int64(x.Rate))))
	}
	p.Cards = []*sheet{{Title: "What was looked at", Note: "as muster doctor does", Table: checks}, room, {Title: "Stores of numbers", Table: stores, Empty: "No store of numbers is open."}}
	aside, err := v.api.OutboxAside(ctx, api.OutboxAsideInput{Limit: 50})
	if err == nil && aside.Total > 0 {
		g := &grid{Caption: "Records put aside", Heads: heads("From", "Store", "Came", "Why", "-Readings")}
		for _, r := range aside.Records {
			n := sent{"number", strconv.FormatUint(r.Number, 10)}
			host := texts.As(r.Host)
			if host == "" {
				host = texts.F("record {1}", n.Value)
			}
			g.add([]*form{button("/admin/health", "retry", "Try again", host, n), button("/admin/health", "drop", "Drop", host, n)}, say(host), say(storeWord(r.Store)), at(r.CameAt), say(sentence(r.Reason)), tallied(r.Readings))
		}
		p.Cards = append(p.Cards, &sheet{Title: texts.F("{1} put aside", count(aside.Total, "record was", "records were")), Note: "a store refuses them", Table: g, Forms: []*form{button("/admin/health", "retry", "Try all again", "")}})
	}
	last, err := v.api.AuditList(ctx, api.AuditInput{Action: "backup-make", Outcome: "done", Limit: 1})
	backup := &sheet{Title: "Backup", Bad: "No backup was made as far back as the audit goes.", After: "Make one each night, on another machine: muster backup FILE. docs/operations.md tells how it is restored; try that once."}
	if err == nil && len(last.Records) > 0 {
		r := last.Records[0]
		backup.Bad = ""
		if v.now.Sub(r.At) > 8*24*time.Hour {
			backup.Bad = "The last backup is older than a week."
		}
		backup.Pairs = []named{{"Last one", at(r.At)}, {"By", txt(r.Actor)}}
	}
	if backup.Bad != "" && bad == 0 {
		p.Title = "The collector is well, but has no recent backup"
	}
	p.Cards = append(p.Cards, backup)
	return s.show(v, p, nil)
}

func (s *Site) adminHealthAct(v *visit) error {
	in := api.OutboxChoice{All: v.form("number") == ""}
	if !in.All {
		n, err := strconv.ParseUint(v.form("number"), 10, 64)
		if err != nil {
			return unknownAct()
		}
		in.Numbers = []uint64{n}
	}
	switch v.form("do") {
	case "retry":
		x, err := v.api.OutboxRetry(v.ctx(), api.OutboxChoiceInput{Body: in})
		if err != nil {
			return err
		}
		return s.did(v, "/admin/health", texts.F("{1} given to its store again.", count(x.Records, "record is", "records are")))
	case "drop":
		ok, err := s.sure(v, "/admin/health", "Drop this record?", "Drop it", "Its numbers are gone for good, and are a gap in charts.")
		if !ok || err != nil {
			return err
		}
		x, err := v.api.OutboxDrop(v.ctx(), api.OutboxChoiceInput{Body: in})
		if err != nil {
			return err
		}
		return s.did(v, "/admin/health", texts.F("{1} dropped.", count(x.Records, "record is", "records are")))
	}
	return unknownAct()
}

// adminAbout is which program this is, and what it is made of.
func (s *Site) adminAbout(v *visit) error {
	b := buildinfo.Read()
	p := &desk{adminFrame: s.adminFrame(v, "/admin/about"), Lede: "Network and endpoint inventory that spots failing machines before users call."}
	p.Title = texts.F("Muster {1}", b.Version)
	facts := &sheet{Title: "This build", Pairs: []named{{"Version", txt(b.Version)}, {"Commit", slot{Text: texts.As(b.Commit), Mono: true}}, {"Built", at(b.Built)}, {"Go", txt(b.Go)}, {"System", txt(b.OS + ", " + b.Arch)}}}
	if v.can(account.Administer) {
		facts.More = []link{{"/admin/health", "How the collector is"}}
	}
	g := &grid{Caption: "What Muster is made of", Heads: heads("Module", "Version", "License")}
	list := append(licenses.Linked(), licenses.Shown()...)
	for _, m := range list {
		g.add(nil, txt(m.Path), slot{Text: texts.As(m.Version), Mono: true}, txt(m.License))
	}
	p.Cards = []*sheet{facts, {Title: "What it is made of", Note: texts.F("{1}, by the list in this program", count(len(list), "module", "modules")), Table: g}}
	return s.show(v, p, nil)
}
